"""YouTube-SL-25: one list for many sign languages, of which eight are built."""

from __future__ import annotations

import pytest

from prompt2sign.corpora.youtube_captions import caption_tags
from prompt2sign.corpora.youtube_sl25 import YouTubeSl25Corpus
from prompt2sign.languages import LANGUAGES, get_language
from prompt2sign.records import Clip

from .corpora_made.asking import check_wanted, counts, reasons, source_of, videos_of
from .corpora_made.youtube_sl25 import VIDEOS, make

YOUTUBE = YouTubeSl25Corpus()
LIST = "youtube-sl-25-metadata.csv"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make(tmp_path_factory.mktemp("made"))


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_every_language_has_its_own_videos(made, language):
    """Films of the other languages lie in the same folder, and are nothing that went wrong."""
    video_id, _, _, text = VIDEOS[language.sign_code]
    found = list(YOUTUBE.clips(source_of(made.root, language.code)))
    assert counts(found) == (made.n_clips, made.n_rejected)
    assert isinstance(found[0], Clip)
    assert (found[0].clip_id, found[0].language) == (f"{video_id}_200-1800", language.code)
    assert found[0].text == (text.replace("ß", "ss") if language.code == "DSGS" else text)
    assert found[0].text_raw == text
    assert reasons(found)[1:] == [
        (f"{language.sign_code.upper()}-G0ne-00", "video-missing"),
        (f"{LIST}, line 19", "bad-row"),
    ]


def test_what_to_fetch_is_of_the_language(made, tmp_path):
    assert videos_of(YOUTUBE.wanted(source_of(None, "LSA", fetched=tmp_path))) == []
    wanted = YOUTUBE.wanted(source_of(None, "LSA", fetched=made.root))
    check_wanted(wanted)
    assert sorted(videos_of(wanted)) == ["videos/AED-G0ne-00", "videos/sL25_aed-01"]
    assert wanted[1].subtitles == ("es-AR", "es", "es-419", "es-ES", "es-MX", "es-US")


@pytest.mark.parametrize(
    ("code", "tags"),
    [("KSL", ("ko-KR", "ko")), ("LIS-CH", ("it-CH", "it", "it-IT")), ("GSL", ("de-DE", "de", "de-AT", "de-CH"))],
)
def test_labels_of_captions(code, tags):
    assert caption_tags(get_language(code)) == tags


def test_a_language_without_videos_is_said(tmp_path):
    (tmp_path / LIST).write_text("sL25_ase-01,ASE\nsL25_xxx-01,???\n")
    (missing,) = YOUTUBE.plan(source_of(tmp_path, "TSL")).missing
    assert missing == f"{LIST} names no video in Turkish Sign Language: take another corpus."
    assert videos_of(YOUTUBE.wanted(source_of(None, "ASL", fetched=tmp_path))) == ["videos/sL25_ase-01"]


def test_lines_that_cannot_be_used(tmp_path):
    (tmp_path / LIST).write_bytes(b"\xef\xbb\xbfsL25_tsm-01,tsm\n\nsL25_tsm-01,tsm\n\xff\xfe,tsm\nshort,tsm\na,b,c\n")
    (tmp_path / "sL25_tsm-01.mp4").touch()
    (tmp_path / "sL25_tsm-01.tr.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nIşık.\n", encoding="utf-8")
    found = list(YOUTUBE.clips(source_of(tmp_path, "TSL")))
    assert [reason for _, reason in reasons(found)] == ["", "duplicate-id", "bad-video-id", "bad-video-id", "bad-row"]
    assert found[1].message.startswith(f"{LIST}, line 3")
