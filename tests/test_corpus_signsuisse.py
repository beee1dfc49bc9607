"""SignSuisse: two clips an entry, in three languages."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from prompt2sign.annotations.headings import with_headings
from prompt2sign.annotations.table import open_table
from prompt2sign.corpora.base import Source
from prompt2sign.corpora.signsuisse import SignSuisseCorpus
from prompt2sign.errors import MissingError, UsageError
from prompt2sign.languages import get_language
from prompt2sign.options import FetchOptions, SplitOptions
from prompt2sign.records import Clip, Rejection

from .corpora_made.signsuisse import HEADER, make, row

CORPUS = SignSuisseCorpus()
SWISS = ("DSGS", "LSF-CH", "LIS-CH")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make(tmp_path_factory.mktemp("signsuisse"))


def source_of(root: Path | None, language: str = "DSGS", **changes) -> Source:
    plain = Source(language=get_language(language), root=root, text=None, keypoints=None, scratch=Path("unused"))
    return replace(plain, **changes)


def entries_of(source: Source) -> tuple[list[Clip], list[Rejection]]:
    found = list(CORPUS.clips(source))
    return [e for e in found if isinstance(e, Clip)], [e for e in found if isinstance(e, Rejection)]


def corpus_of(folder: Path, rows: str, files: tuple[str, ...], header: str = HEADER) -> Path:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"video")
    (folder / "metadata_train.csv").write_text(header + rows, encoding="utf-8")
    return folder


def test_clips(made):
    clips, rejected = entries_of(source_of(made.root))
    assert [(c.clip_id, c.unit, c.split, c.video) for c in clips] == [
        ("900001", "sign", "train", "videos/900001.mp4"),
        ("900001_example", "example", "train", "videos/900001_example.mp4"),
        ("900002", "sign", "train", "videos/900002.mp4"),
        ("900002_example", "example", "train", "videos/900002_example.mp4"),
        ("900030", "sign", "train", "videos/900030.mp4"),
    ]
    assert (clips[2].text, clips[2].gloss) == ("GUTEN TAG", "GUTEN TAG")
    assert (clips[3].text, clips[3].gloss) == ('Er sagt "guten Tag", immer.', "")
    assert "&quot;" in clips[3].text_raw
    assert [(entry.clip_id, entry.reason) for entry in rejected] == [
        ("900030_example", "text-missing"),
        ("900040", "video-missing"),
        ("900040_example", "video-missing"),
    ]
    assert rejected[1].message.startswith("metadata_test.csv, line 2, sign: no video in ")


@pytest.mark.parametrize("language", SWISS)
def test_each_language(made, language):
    clips, rejected = entries_of(source_of(made.root, language))
    assert {clip.language for clip in clips} == {language}
    assert (len(clips), len(rejected)) == (made.n_clips, made.n_rejected)
    assert CORPUS.plan(source_of(made.root, language)).n_clips == made.n_clips


def test_a_headword_keeps_its_number(made):
    assert "FRANCE 2" in [clip.text for clip in entries_of(source_of(made.root, "LSF-CH"))[0]]


def test_nothing_is_fetched():
    assert CORPUS.wanted(source_of(None)) == ()
    (missing,) = CORPUS.plan(source_of(None)).missing
    assert "swissubase" in missing and "--from" in missing
    assert not CORPUS.facts.redistribute_motion and not CORPUS.facts.redistribute_video
    with pytest.raises(UsageError, match="not GSL"):
        entries_of(source_of(None, "GSL"))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (("7.mp4", "7_example.mp4"), ("7.mp4", "7_example.mp4")),
        (("a/7_isolated.mp4", "b/7_example.webm"), ("a/7_isolated.mp4", "b/7_example.webm")),
        (("video/7.mp4", "example/7.mp4"), ("video/7.mp4", "example/7.mp4")),
        (("videos/7.mp4", "examples/7.mp4"), ("videos/7.mp4", "examples/7.mp4")),
        (("examples/7.mp4",), ("video-missing", "examples/7.mp4")),
        (("x/7.mp4", "y/7.mp4"), ("ambiguous-name", "video-missing")),
    ],
)
def test_where_videos_may_lie(tmp_path, files, expected):
    corpus_of(tmp_path, row("7", "HAUS", "dsgs", "Das Haus ist rot."), files)
    found = [e.video if isinstance(e, Clip) else e.reason for e in CORPUS.clips(source_of(tmp_path))]
    assert tuple(found[:2]) == expected


def test_columns_that_name_the_videos(tmp_path):
    header = "id,name,signedLanguage,example,video,exampleVideo\n"
    rows = (
        "1,EINS,ch-de,Eins.,https://example.org/v/AB-12.mp4?x=1,media/AB-13.mp4\n"
        "2,ZWEI,sgg,Zwei.,../../etc/passwd,/etc/passwd\n"
        "3,DREI,dsgs,Drei.,http://[x,a?b#c\n"
    )
    corpus_of(tmp_path, rows, ("any/AB-12.mp4", "media/AB-13.mp4"), header)
    clips, rejected = entries_of(source_of(tmp_path))
    assert [clip.video for clip in clips] == ["any/AB-12.mp4", "media/AB-13.mp4"]
    assert [(entry.clip_id, entry.reason) for entry in rejected] == [
        ("2", "video-missing"),
        ("2_example", "video-missing"),
        ("3", "video-missing"),
        ("3_example", "video-missing"),
    ]


def test_rows_that_cannot_be_used(tmp_path):
    rows = (
        row("1", "EINS", "klingon", "Eins.")
        + row("", "NICHTS", "dsgs", "Nichts.")
        + row("../2", "ZWEI", "dsgs", "Zwei.")
        + row("3", "DREI", "dsgs", "Drei.")
        + row("3", "DREI", "dsgs", "Drei.")
        + "4,VIER,de,dsgs,,,,Vier, fünf,,,,,,,,\n"
    )
    corpus_of(tmp_path, rows, ("3.mp4", "3_example.mp4", "lonely.mp4"))
    clips, rejected = entries_of(source_of(tmp_path))
    assert [clip.clip_id for clip in clips] == ["3", "3_example"]
    assert [(entry.clip_id, entry.reason) for entry in rejected] == [
        ("1", "unknown-language"),
        ("metadata_train.csv, line 3", "id-missing"),
        ("metadata_train.csv, line 3", "id-missing"),
        ("../2", "video-missing"),
        ("../2_example", "video-missing"),
        ("3", "duplicate-id"),
        ("3_example", "duplicate-id"),
        ("metadata_train.csv, line 7", "bad-row"),
        ("lonely", "text-missing"),
    ]


def test_a_wrong_folder(tmp_path):
    with pytest.raises(UsageError, match=r"holds no video. Expected is"):
        entries_of(source_of(tmp_path))
    (tmp_path / "1.mp4").write_bytes(b"video")
    with pytest.raises(UsageError, match=r"no metadata_train.csv or metadata_test.csv"):
        entries_of(source_of(tmp_path))
    (tmp_path / "metadata_train.csv").write_text("id,name,example\n1,EINS,Eins.\n")
    with pytest.raises(UsageError, match=r"no column 'signedLanguage'.*names 'id', 'name', 'example'"):
        entries_of(source_of(tmp_path))


def test_ready_poses(tmp_path):
    hashed = hashlib.md5(b"signsuisse900001example").hexdigest()
    (tmp_path / "poses").mkdir()
    for name in ("900001", f"ss{hashed}"):
        (tmp_path / f"poses/{name}.pose").write_bytes(b"pose")
    corpus_of(tmp_path, row("900001", "ZEITUNG", "dsgs", "Ich lese die Zeitung."), ())
    clips, _ = entries_of(source_of(tmp_path, keypoints=tmp_path / "poses"))
    assert [clip.keypoints.name for clip in clips] == ["900001.pose", f"ss{hashed}.pose"]
    with pytest.raises(MissingError, match=r"metadata_train.csv with --text"):
        entries_of(source_of(None, keypoints=tmp_path / "poses"))


def test_splits_are_those_of_the_tables(tmp_path):
    corpus_of(tmp_path, row("1", "EINS", "dsgs", "Eins."), ("1.mp4", "1_example.mp4", "2.mp4", "2_example.mp4"))
    (tmp_path / "metadata_test.csv").write_text(HEADER + row("2", "ZWEI", "dsgs", "Zwei."))
    clips, _ = entries_of(source_of(tmp_path))
    assert [clip.split for clip in clips] == ["train", "train", "test", "test"]
    clips, _ = entries_of(source_of(tmp_path, splits=SplitOptions(rule="clip", dev=0, test=0)))
    assert {clip.split for clip in clips} == {"train"}
    clips, _ = entries_of(source_of(tmp_path, text=tmp_path / "metadata_test.csv", fetch=FetchOptions()))
    assert [clip.clip_id for clip in clips] == ["2", "2_example"]


def test_headings_without_case(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("ID,Name,SIGNEDLANGUAGE\n1,EINS,dsgs\n")
    table = with_headings(open_table(path), {"signed": "signedLanguage", "other": "Other"}, needs=("signed",))
    (found,) = table.rows()
    assert (found.get("signed"), found.get("other"), found.get("id")) == ("dsgs", "", "1")


@pytest.mark.shared
def test_the_published_test_table(shared_data, tmp_path):
    """All 1,000 rows: each has a sign and an example."""
    table = shared_data / "signsuisse" / "metadata_test.csv"
    ids = [line.split(",")[0] for line in table.read_text(encoding="utf-8").splitlines() if line[:6].isdigit()]
    for name in ids:
        (tmp_path / f"{name}.mp4").touch()
        (tmp_path / f"{name}_example.mp4").touch()
    found = {language: entries_of(source_of(tmp_path, language, text=table)) for language in SWISS}
    assert {language: len(clips) for language, (clips, _) in found.items()} == {
        "DSGS": 1000,
        "LSF-CH": 500,
        "LIS-CH": 500,
    }
    assert not any(rejected for _, rejected in found.values())
    by_id = {clip.clip_id: clip for clips, _ in found.values() for clip in clips}
    assert by_id["117615"].text == "SYNCHRONISIEREN" and by_id["117615"].unit == "sign"
    assert by_id["127570_example"].text == ('Dieser Mann begrüsst seine Mitarbeiter immer mit einem "guten Tag".')
    assert by_id["122749_example"].text == "Mio figlio è un appassionato della Juventus."
    assert by_id["120282_example"].text == 'Le film "Harry Potter" est célèbre!'
    assert {clip.split for clip in by_id.values()} == {"test"}
    texts = [clip.text for clip in by_id.values()]
    assert not any("&quot;" in text or "\ufeff" in text or "\n" in text or "  " in text for text in texts)
