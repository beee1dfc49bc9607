"""LSA-T, built from a made copy."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt2sign.corpora.lsa_t import FACTS, LsaTCorpus
from prompt2sign.errors import UsageError
from prompt2sign.options import FetchOptions
from prompt2sign.records import Clip, Rejection

from .corpora_made.lsa_t import HEADER, make
from .corpora_made.material import written
from .corpora_made.signing import copy_film
from .corpus_checks import built, check_facts, files_in, source_of

CORPUS = LsaTCorpus()
SUBTITLES = FetchOptions(variant="subtitles")


def test_facts_and_addresses(tmp_path: Path) -> None:
    check_facts(FACTS)
    assert not FACTS.redistribute_motion
    urls = [file.url for file in files_in(CORPUS.wanted(source_of("lsa", tmp_path, tmp_path)))]
    assert [url.rpartition("/")[2] for url in urls] == [
        "1Kgvv5AhJDuVNb8wUMXSUHrulBBcsymsg",
        "1Xa_Vu3NGJ0TvaIJ3XizLgx6KP2p1_L5x",
    ]


def test_sentences_are_whole_clips(tmp_path: Path) -> None:
    made = make(tmp_path)
    clips, rejected = built(CORPUS, source_of("lsa", made.root, tmp_path), made)
    first, second, third = clips.values()
    assert first.text == "hoy cocino sopa, mañana arroz. ¿qué tal?"
    assert third.text == 'ella dice "sí", él no'
    assert (first.start_s, first.end_s) == (None, None)  # the row's times are those of the film, not of the clip
    assert first.video == second.video == "resumen-semanal-01022020"
    assert first.split == second.split
    assert sorted(entry.reason for entry in rejected.values()) == [
        "text-missing", "text-missing", "unsafe-path", "video-missing",
    ]  # fmt: skip
    assert "meta.csv, line 5" in rejected["resumen-semanal-01022020_2"].message


def test_subtitles_are_cut_out_of_the_padded_clips(tmp_path: Path) -> None:
    made = make(tmp_path)
    entries = list(CORPUS.clips(source_of("lsa", made.root, tmp_path, fetch=SUBTITLES)))
    times = {entry.clip_id: (entry.text, entry.start_s, entry.end_s) for entry in entries if isinstance(entry, Clip)}
    # The first of a video has no pause before it and half a second of padding; 2.5 s are cut to that, 0.1 s is kept.
    assert times["resumen-semanal-01022020_0-0"] == ("hoy cocino sopa, mañana arroz.", 0.5, 1.0)
    assert times["resumen-semanal-01022020_0-1"] == ("¿qué tal?", 1.1, 1.9)
    assert times["resumen-semanal-01022020_1-0"] == ("los chicos juegan...", 0.5, 1.7)
    assert times["otro-video_0-0"][1:] == (0.1, 1.1)


def _with_splits(folder: Path, splits: str, start: str = "1.0") -> list[Clip | Rejection]:
    copy_film(5, folder / "a_0.mp4")
    quoted = '"' + splits.replace('"', '""') + '"'
    written(folder / "meta.csv", f"{HEADER}\na_0,hola,a,p,{start},2.0,1.0,{quoted},1.0,,1,0,1,[]\n")
    return list(CORPUS.clips(source_of("lsa", folder, folder, fetch=SUBTITLES)))


@pytest.mark.parametrize(
    "splits",
    [
        "__import__('os').getcwd()", "[('a', 1, 2), 3]", "[]", "", "[('a', 'b', 'c')]", "[(1, 1, 2)]",
        f"[('a', {'9' * 400}, 1)]", r"[('\ud800a', 1, 2)]", "[" * 3000, "(" * 90,
        "[('a', 1, 2)" + " " * 110_000 + "]", "{}", "None",
    ],
)  # fmt: skip
def test_splits_are_data_and_never_run(tmp_path: Path, splits: str) -> None:
    (entry,) = _with_splits(tmp_path, splits)
    assert isinstance(entry, Rejection)
    assert entry.reason == "bad-splits"


@pytest.mark.parametrize(
    ("splits", "start"),
    [
        ("[('a', 9, 3)]", "1"),
        ("[('a', -1e999, 2)]", "1"),
        ("[('a', -5, 2)]", "1"),
        ("[('a', 1, 1e300)]", "1"),
        ("[('a', 1, 1e999)]", "1"),
        ("[('a', 1, 2)]", "x"),
    ],
)
def test_times_that_cannot_be(tmp_path: Path, splits: str, start: str) -> None:
    (entry,) = _with_splits(tmp_path, splits, start)
    assert isinstance(entry, Rejection)
    assert entry.reason == "bad-times"


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60))
def test_no_literal_breaks_the_build(tmp_path_factory: pytest.TempPathFactory, splits: str) -> None:
    for entry in _with_splits(tmp_path_factory.mktemp("splits"), splits):
        assert isinstance(entry, Rejection | Clip)


def test_a_folder_without_the_table(tmp_path: Path) -> None:
    copy_film(5, tmp_path / "a_0.mp4")
    with pytest.raises(UsageError, match=r"meta\.csv"):
        list(CORPUS.clips(source_of("lsa", tmp_path, tmp_path)))
    written(tmp_path / "meta.csv", "id,label\na_0,hola\n")
    with pytest.raises(UsageError, match="'splits'"):
        list(CORPUS.clips(source_of("lsa", tmp_path, tmp_path)))
