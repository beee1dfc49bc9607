"""YouTube-ASL: a list of ids, videos and captions that come one by one or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt2sign.corpora.base import Source
from prompt2sign.corpora.youtube_asl import YouTubeAslCorpus
from prompt2sign.corpora.youtube_list import Listed, read_list
from prompt2sign.corpora.youtube_videos import is_id, site_videos
from prompt2sign.errors import MissingError, UsageError
from prompt2sign.options import CueOptions, FetchOptions, SplitOptions
from prompt2sign.records import Clip, Rejection

from .corpora_made import Made, asking
from .corpora_made.asking import check_wanted, counts, reasons, videos_of
from .corpora_made.youtube_asl import make

YOUTUBE = YouTubeAslCorpus()
LIST = "youtube_asl_video_ids.txt"


def source_of(root: Path | None, **fields) -> Source:
    return asking.source_of(root, "ASL", **fields)


@pytest.fixture
def made(tmp_path) -> Made:
    return make(tmp_path)


def test_made_copy(made):
    source = source_of(made.root)
    found = list(YOUTUBE.clips(source))
    assert counts(found) == (made.n_clips, made.n_rejected)
    assert found[0] == Clip(
        clip_id="-yTaSl_0001_200-1500",
        language="ASL",
        corpus="youtube-asl",
        split=found[0].split,
        text="Good morning, everyone & welcome.",
        text_raw="Good morning,\neveryone &amp; welcome.",
        media=made.root / "videos/-yTaSl_0001.mp4",
        start_s=0.2,
        end_s=1.5,
        video="-yTaSl_0001",
    )
    assert reasons(found) == [
        ("-yTaSl_0001_200-1500", ""),
        ("-yTaSl_0001_1800-3000", ""),
        ("-yTaSl_0001, line 12", "cue-too-short"),
        ("yTaSl-0002__400-1900", ""),
        ("yTaSl-0002_, line 6", "no-speech"),
        ("yTaSl_SiLnt", "captions-missing"),
        (f"{LIST}, line 4", "duplicate-id"),
        ("yTaSl_G0ne0", "video-missing"),
        (f"{LIST}, line 6", "bad-video-id"),
    ]
    assert YOUTUBE.plan(source).n_clips == 3


def test_facts_promise_nothing():
    facts = YOUTUBE.facts
    assert not (facts.redistribute_motion or facts.redistribute_video)
    assert "11,093 videos" in facts.numbers and any("licence" in sentence for sentence in facts.unknown)


def test_what_to_fetch_grows_with_the_list(made, tmp_path):
    assert videos_of(YOUTUBE.wanted(source_of(None, fetched=tmp_path / "nothing"))) == []
    wanted = YOUTUBE.wanted(source_of(None, fetched=made.root))
    check_wanted(wanted)
    assert sorted(videos_of(wanted)) == sorted(
        f"videos/{name}" for name in ("-yTaSl_0001", "yTaSl-0002_", "yTaSl_SiLnt", "yTaSl_G0ne0")
    )
    assert wanted[1].subtitles[:2] == ("en-US", "en")


def test_whole_videos_are_parted(tmp_path):
    ids = [f"yTaSl_{number:05d}" for number in range(40)]
    (tmp_path / LIST).write_text("\n".join(ids))
    for name in ids:
        (tmp_path / f"{name}.mp4").touch()
        (tmp_path / f"{name}.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nA.\n\n00:03.000 --> 00:04.000\nB.\n")
    clips = list(YOUTUBE.clips(source_of(tmp_path, splits=SplitOptions(dev=0.2, test=0.2))))
    splits = {clip.video: clip.split for clip in clips}
    assert len(clips) == 80
    assert all(splits[clip.video] == clip.split for clip in clips)
    assert set(splits.values()) == {"train", "dev", "test"}


def test_captions_follow_the_options(made):
    found = list(YOUTUBE.clips(source_of(made.root, cues=CueOptions(clean=False, min_s=0.0, offset_s=0.25))))
    assert counts(found) == (5, 4)
    assert (found[0].start_s, found[0].end_s) == (0.45, 1.75)


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({"en": "general", "en-US": "american"}, "american"),
        ({"en-CA": "canadian", "de": "deutsch"}, "canadian"),
        ({"": "no label", "en": "general"}, "general"),
        ({"": "no label"}, "no label"),
        ({"EN": "shouted"}, "shouted"),
        ({"de": "deutsch", "live_chat": "hi"}, "captions-missing"),
        ({}, "captions-missing"),
    ],
)
def test_the_best_captions_are_taken(tmp_path, files, text):
    (tmp_path / LIST).write_text("yTaSl-0002_\n")
    (tmp_path / "yTaSl-0002_.mkv").touch()
    for tag, words in files.items():
        (tmp_path / f"yTaSl-0002_{'.' if tag else ''}{tag}.vtt").write_text(f"1\n00:00:01,0 --> 00:00:02,0\n{words}\n")
    (entry,) = YOUTUBE.clips(source_of(tmp_path))
    assert (entry.text if isinstance(entry, Clip) else entry.reason) == text


def test_damaged_captions(tmp_path):
    (tmp_path / LIST).write_text("yTaSl-0002_\nyTaSl-0003_\nyTaSl-0004_\n")
    for number, content in ((2, b""), (3, b"WEBVTT\n\n00:01.0 --> 00:02.0\n\xff\n"), (4, b"\0\1\2")):
        (tmp_path / f"yTaSl-000{number}_.mp4").touch()
        (tmp_path / f"yTaSl-000{number}_.en.vtt").write_bytes(content)
    assert [reason for _, reason in reasons(YOUTUBE.clips(source_of(tmp_path)))] == [
        "text-missing",
        "bad-subtitle",
        "bad-subtitle",
    ]


def test_ids_differ_in_case_alone(tmp_path):
    (tmp_path / LIST).write_text("YTASL-0002_\nyTaSl-0002_\n")
    (tmp_path / "yTaSl-0002_.mp4").touch()
    (tmp_path / "yTaSl-0002_.en.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nYes.\n")
    assert reasons(YOUTUBE.clips(source_of(tmp_path))) == [
        ("YTASL-0002_", "video-missing"),
        ("yTaSl-0002__1000-2000", ""),
    ]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.from_regex(r"[A-Za-z0-9_-]{11}", fullmatch=True), unique=True), st.integers(1, 5), st.integers(0, 5))
def test_asking_for_more_only_adds(ids, few, more):
    first = site_videos(ids, FetchOptions(max_videos=few))
    assert site_videos(reversed(ids), FetchOptions(max_videos=few + more))[: len(first)] == first
    assert len(first) == min(few, len(ids))


def test_few_videos_are_an_even_part_of_all():
    ids = [f"{letter}{number:010d}" for letter in "AB" for number in range(100)]
    half = videos_of(site_videos(ids, FetchOptions(max_videos=100)))
    assert 35 < sum(path.startswith("videos/A") for path in half) < 65


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=200), by_language=st.booleans())
def test_any_bytes_are_a_list_or_say_why_not(content, by_language, tmp_path_factory):
    path = tmp_path_factory.mktemp("list") / "list.csv"
    path.write_bytes(content)
    for entry in read_list(path, by_language=by_language):
        if isinstance(entry, Rejection):
            entry.message.encode()
        else:
            assert isinstance(entry, Listed) and is_id(entry.video_id)


def test_what_is_not_there_is_named(tmp_path):
    (missing,) = YOUTUBE.plan(source_of(None)).missing
    assert "--from" in missing and LIST in missing
    with pytest.raises(MissingError):
        list(YOUTUBE.clips(source_of(None)))
    with pytest.raises(UsageError, match=f"no {LIST} in it. Expected is"):
        list(YOUTUBE.clips(source_of(tmp_path)))
    with pytest.raises(UsageError, match="takes no --keypoints"):
        YOUTUBE.clips(source_of(tmp_path, keypoints=tmp_path))
    (tmp_path / LIST).write_text("\n")
    assert "names no video" in YOUTUBE.plan(source_of(tmp_path)).missing[0]
