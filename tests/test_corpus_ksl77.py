"""KSL-77, built from a made copy."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from prompt2sign.corpora.ksl77 import FACTS, Ksl77Corpus
from prompt2sign.errors import UsageError
from prompt2sign.records import Clip, Rejection

from .corpora_made.ksl77 import make
from .corpora_made.material import written
from .corpora_made.signing import copy_film
from .corpus_checks import built, check_facts, files_in, source_of

CORPUS = Ksl77Corpus()


def test_facts_and_addresses(tmp_path: Path) -> None:
    check_facts(FACTS)
    video, label = files_in(CORPUS.wanted(source_of("ksl", tmp_path, tmp_path)))
    assert video.url == "https://www.dropbox.com/s/8wse0lmxngysl2h/video.zip?dl=1"
    assert label.url.endswith("/1nFF_VsilnJv1jyshtdUKtoX_kNbwCk3w")
    assert label.optional


def test_folders_are_words(tmp_path: Path) -> None:
    made = make(tmp_path)
    clips, rejected = built(CORPUS, source_of("ksl", made.root, tmp_path), made)
    assert {name: clip.text for name, clip in clips.items()} == {
        "1/01_1": "안녕하세요",
        "1/02_1": "안녕하세요",
        "12/01_12": "고맙습니다",
    }
    assert clips["12/01_12"].media is not None
    assert clips["12/01_12"].media.suffix == ".MP4"
    assert {entry.reason for entry in rejected.values()} == {"unknown-sign"}
    assert any("75 of the 77" in note for note in CORPUS.plan(source_of("ksl", made.root, tmp_path)).notes)


def _root(folder: Path, label: bytes) -> Path:
    copy_film(5, folder / "video" / "7" / "a.mp4")
    (folder / "label").write_bytes(label)
    return folder


@pytest.mark.parametrize("label", ["7 감사\n8 집\n", "\ufeff7,감사\r\n", "7\t감사\n", "7: 감사\n\n", "07.감사\n"])
def test_a_label_file_of_numbers_and_words_is_taken(tmp_path: Path, label: str) -> None:
    (clip,) = CORPUS.clips(source_of("ksl", _root(tmp_path, label.encode()), tmp_path))
    assert isinstance(clip, Clip)
    assert clip.text == "감사"


class _Trap:
    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("owned-by-a-pickle"),)


@pytest.mark.parametrize(
    ("label", "said"),
    [
        (pickle.dumps({7: _Trap()}), "pickle"),
        (b"7 ok\n7 again\n", "no text with"),
        (b"78 beyond\n", "no text with"),
        (b"\xff\xfe7", "no text with"),
        ("어느 단어".encode(), "no text with"),
        (b"", "no text with"),
        (b"7 a\n" * 50_000, "too large"),
    ],
)
def test_other_label_files_are_refused_with_a_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, label: bytes, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    source = source_of("ksl", _root(tmp_path, label), tmp_path)
    (missing,) = CORPUS.plan(source).missing
    assert said in missing
    assert "--text" in missing
    (entry,) = CORPUS.clips(source)
    assert isinstance(entry, Rejection)
    assert entry.reason == "text-missing"
    assert not (tmp_path / "owned-by-a-pickle").exists()


def test_the_users_table_wins_over_the_label_file(tmp_path: Path) -> None:
    root = _root(tmp_path, b"7 english")
    table = written(tmp_path / "mine.tsv", "id\ttext\n7\t한국말\n")
    (clip,) = CORPUS.clips(source_of("ksl", root, tmp_path, text=table))
    assert isinstance(clip, Clip)
    assert clip.text == "한국말"


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    copy_film(5, tmp_path / "holiday" / "a.mp4")
    with pytest.raises(UsageError, match="numbered 1 to 77"):
        list(CORPUS.clips(source_of("ksl", tmp_path, tmp_path)))
