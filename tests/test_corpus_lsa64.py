"""LSA64, built from a made copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt2sign.corpora.lsa64 import FACTS, Lsa64Corpus
from prompt2sign.corpora.word_list import read_words
from prompt2sign.errors import MissingError, UsageError
from prompt2sign.options import FetchOptions
from prompt2sign.records import Clip

from .corpora_made.lsa64 import make
from .corpora_made.material import written
from .corpora_made.signing import copy_film
from .corpus_checks import built, check_facts, files_in, source_of
from .openhands import openhands_lists

CORPUS = Lsa64Corpus()
WORDS = Path(__file__).resolve().parents[1] / "prompt2sign" / "corpora" / "words" / "lsa64.tsv"


def test_facts_and_addresses(tmp_path: Path) -> None:
    check_facts(FACTS)
    for variant, identity in (("", "1C7k_m2m4n5VzI4lljMoezc-uowDEgIUh"), ("cut", "18VuWBAxHaSBbO7wx57kQVre78FN7GYzQ")):
        source = source_of("lsa", tmp_path, tmp_path, fetch=FetchOptions(variant=variant))
        assert [file.url for file in files_in(CORPUS.wanted(source))] == [f"https://drive.google.com/file/d/{identity}"]
    with pytest.raises(UsageError, match="raw, cut"):
        CORPUS.wanted(source_of("lsa", tmp_path, tmp_path, fetch=FetchOptions(variant="small")))


def test_names_say_sign_signer_and_word(tmp_path: Path) -> None:
    made = make(tmp_path)
    clips, rejected = built(CORPUS, source_of("lsa", made.root, tmp_path), made)
    assert {name: (clip.text, clip.gloss, clip.signer) for name, clip in clips.items()} == {
        "002_001_001": ("rojo", "Red", "1"),
        "023_010_001": ("comida", "Food", "10-1"),
        "024_010_005": ("Argentina", "Argentina", "10-2"),
    }
    assert all(clip.unit == "sign" and clip.corpus == "lsa64" for clip in clips.values())
    assert {name: entry.reason for name, entry in rejected.items()} == {
        "065_001_001": "unknown-sign",
        "samples": "bad-name",
    }


def test_the_users_words_become_text(tmp_path: Path) -> None:
    made = make(tmp_path)
    words = written(tmp_path / "words.csv", "sign,text\n2,colorado\n23,la comida\n024,Argentina\n")
    source = source_of("lsa", made.root, tmp_path, text=words, columns={"id": "sign"})
    clips = [entry for entry in CORPUS.clips(source) if isinstance(entry, Clip)]
    assert [(clip.text, clip.gloss) for clip in clips[:2]] == [("colorado", "Red"), ("la comida", "Food")]


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ("id,text\n1,a\n01,b\n", "twice"),
        ("id,text\n1,\n", "line 2"),
        ('id,text\n1,"a\n', "quotes"),
        ("a,b\n1,2\n", "id"),
    ],
)
def test_damaged_words_are_refused(tmp_path: Path, table: str, fault: str) -> None:
    made = make(tmp_path)
    source = source_of("lsa", made.root, tmp_path, text=written(tmp_path / "words.csv", table))
    with pytest.raises(UsageError, match=fault):
        list(CORPUS.clips(source))


def test_what_came_is_told_by_its_content(tmp_path: Path) -> None:
    fetched = tmp_path / "lsa64"
    source = source_of("lsa", fetched, tmp_path, fetched=fetched, fetch=FetchOptions(variant="cut"))
    copy_film(5, fetched / "cut" / "hands" / "right.mp4")
    with pytest.raises(UsageError, match="MEGA"):
        list(CORPUS.clips(source))
    copy_film(5, fetched / "raw" / "all_cut" / "001_001_001.mp4")
    plan = CORPUS.plan(source_of("lsa", fetched, tmp_path, fetched=fetched))
    assert plan.n_clips == 1
    assert any("all_cut" in note for note in plan.notes)


def test_nothing_there(tmp_path: Path) -> None:
    assert "Google Drive" in CORPUS.plan(source_of("lsa", None, tmp_path)).missing[0]
    with pytest.raises(MissingError):
        list(CORPUS.clips(source_of("lsa", None, tmp_path)))
    with pytest.raises(UsageError, match="holds no video"):
        list(CORPUS.clips(source_of("lsa", tmp_path, tmp_path)))
    with pytest.raises(UsageError, match="--keypoints"):
        list(CORPUS.clips(source_of("lsa", tmp_path, tmp_path, keypoints=tmp_path)))


def test_the_64_words_are_those_of_the_public_lists(tmp_path: Path) -> None:
    ours = read_words(WORDS).words
    lists = openhands_lists(tmp_path / "lists", "lsa64") / "LSA64_Cut"
    english = [line.split("|")[:3] for line in (lists / "lsa64_signs.md").read_text("utf-8").splitlines()]
    spanish = [line.split("|") for line in (lists / "lsa64_signs.es.md").read_text("utf-8").splitlines()]
    assert [ours[str(int(number))].gloss for number, name, _ in english] == [name for _, name, _ in english]
    assert len(ours) == len(english) == len(spanish) == 64
    plain = str.maketrans("íúó", "iuo")
    differ = {n for n, name, _ in spanish if ours[n].text.lower().translate(plain) != name.lower().translate(plain)}
    assert differ == {"27", "28"}
    assert (ours["27"].text, ours["28"].text) == ("apellido", "dónde")
