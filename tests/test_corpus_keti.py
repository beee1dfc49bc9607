"""KETI, built from a made copy, and its published list parsed whole."""

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from prompt2sign.annotations.published_tables import open_by_heading
from prompt2sign.annotations.table import Row
from prompt2sign.corpora.keti import FACTS, KetiCorpus
from prompt2sign.corpora.rows import read_text
from prompt2sign.errors import UsageError
from prompt2sign.languages import get_language
from prompt2sign.options import FetchOptions
from prompt2sign.records import Clip

from .corpora_made.keti import HEADER, make
from .corpora_made.material import written
from .corpora_made.signing import copy_film
from .corpus_checks import built, check_facts, source_of

CORPUS = KetiCorpus()
ALL = FetchOptions(variant="all")


def test_facts(tmp_path: Path) -> None:
    check_facts(FACTS)
    assert list(CORPUS.wanted(source_of("ksl", None, tmp_path))) == []
    assert "sangkiko@keti.re.kr" in CORPUS.plan(source_of("ksl", None, tmp_path)).missing[0]


def test_front_views_of_words_and_sentences(tmp_path: Path) -> None:
    made = make(tmp_path)
    clips, rejected = built(CORPUS, source_of("ksl", made.root, tmp_path), made)
    assert {name: (clip.text, clip.unit, clip.signer, clip.gloss) for name, clip in clips.items()} == {
        "KETI_SL_0000000419": ("화재", "sign", "1", "화재"),
        "KETI_SL_0000008614": ("화상을 입었어요", "sentence", "2", ""),
        "KETI_SL_0000010481": ("해(연)", "sign", "11", "해(연)"),
        "KETI_SL_RES_0000000386": ("조금만 기다리세요", "sentence", ".", ""),
    }
    assert [entry.reason for entry in rejected.values()] == [
        "text-missing", "unknown-unit", "unknown-view", "video-missing",
    ]  # fmt: skip
    assert "line 7" in rejected["KETI_SL_0000000900"].message


def test_all_views(tmp_path: Path) -> None:
    made = make(tmp_path)
    written(made.root / "extra.MOV", "named by no row")
    entries = list(CORPUS.clips(source_of("ksl", made.root, tmp_path, fetch=ALL)))
    assert sum(isinstance(entry, Clip) for entry in entries) == made.n_clips + 1
    assert entries[-1].clip_id == "extra"
    assert len(entries) == made.n_clips + 1 + made.n_rejected + 1


def test_names_in_decomposed_hangul_and_hostile_ones(tmp_path: Path) -> None:
    copy_film(5, tmp_path / unicodedata.normalize("NFD", "화재.mp4"))
    header = unicodedata.normalize("NFD", HEADER)
    rows = "1,1,2017,정면,단어,화재.MOV,화재,,\n2,1,2017,정면,단어,../../etc/passwd,불,,\n3,1,2017,정면,단어,,불,,\n"
    written(tmp_path / "signlanguage_total.csv", f"{header}\n{rows}")
    first, second, third = CORPUS.clips(source_of("ksl", tmp_path, tmp_path))
    assert isinstance(first, Clip)
    assert [second.reason, third.reason] == ["unsafe-path", "video-missing"]  # type: ignore[union-attr]


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no video"):
        list(CORPUS.clips(source_of("ksl", tmp_path, tmp_path)))
    copy_film(5, tmp_path / "a.MOV")
    with pytest.raises(UsageError, match=r"signlanguage_total\.csv"):
        list(CORPUS.clips(source_of("ksl", tmp_path, tmp_path)))
    written(tmp_path / "signlanguage_total.csv", "번호,파일명\n1,a.MOV\n")
    with pytest.raises(UsageError, match="'한국어'"):
        list(CORPUS.clips(source_of("ksl", tmp_path, tmp_path)))


@pytest.mark.shared
def test_the_whole_list(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "ksl" / "signlanguage_total.csv"
    lines = [line.split(",") for line in path.read_text("utf-8-sig").splitlines()[1:]]
    fronts = [line for line in lines if line[3] == "정면"]
    there = [*fronts[:500], *fronts[-500:]]
    for line in there:
        (tmp_path / f"{line[5].split('.')[0]}.mp4").touch()
    entries = list(CORPUS.clips(source_of("ksl", tmp_path, tmp_path, text=path)))
    assert len(entries) == len(fronts) == 16_373
    clips = [entry for entry in entries if isinstance(entry, Clip)]
    assert [clip.text for clip in clips] == [line[6].strip() for line in there]
    assert {entry.reason for entry in entries if not isinstance(entry, Clip)} == {"video-missing"}
    assert (clips[0].clip_id, clips[0].text, clips[0].signer) == ("KETI_SL_0000000419", "화재", "1")


@pytest.mark.shared
def test_every_row_of_the_list_reads(shared_data: Path) -> None:
    rows = list(open_by_heading(shared_data / "ksl" / "signlanguage_total.csv", ("타입(단어/문장)", "한국어")).rows())
    assert all(isinstance(row, Row) and read_text(row.get("한국어"), get_language("KSL"))["text"] for row in rows)
    assert Counter(row.get("타입(단어/문장)") for row in rows if isinstance(row, Row)) == {
        "단어": 34_777,
        "문장": 9_102,
    }
    assert rows[-1].get("한국어") == "조금만 기다리시면 당신을 도와줄 사람들이 도착할 겁니다"  # type: ignore[union-attr]
    assert not any(set(cell) & {"\ufeff", '"'} for row in rows if isinstance(row, Row) for cell in row.cells.values())
