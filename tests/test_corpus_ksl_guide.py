"""KSL-Guide, built from a made copy."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt2sign.corpora.ksl_guide import FACTS, KslGuideCorpus, read_morphemes
from prompt2sign.errors import ClipRejected, UsageError
from prompt2sign.estimators.importers import import_keypoints
from prompt2sign.options import FetchOptions
from prompt2sign.records import Clip

from .corpora_made.ksl_guide import make, morphemes
from .corpora_made.material import written
from .corpus_checks import built, check_facts, source_of

CORPUS = KslGuideCorpus()
_DAMAGED = (
    '{"data": 3}',
    '{"data": []}',
    '{"data": [{"start": 1}]}',
    '{"data": [{"start": "x", "attributes": []}]}',
    '{"data": [{"start": 1, "attributes": [{"name": 5}]}]}',
    '{"data": [{"start": 1, "attributes": {"a": 1}}]}',
    "[]",
    "null",
)


def test_facts(tmp_path: Path) -> None:
    check_facts(FACTS)
    assert list(CORPUS.wanted(source_of("ksl", None, tmp_path))) == []
    assert "AI-Hub" in CORPUS.plan(source_of("ksl", None, tmp_path)).missing[0]


def test_front_views_with_sentences_words_and_glosses(tmp_path: Path) -> None:
    made = make(tmp_path)
    clips, rejected = built(CORPUS, source_of("ksl", made.root, tmp_path), made)
    first = clips["NIA_SL_SEN0001_REAL01_F"]
    assert (first.text, first.gloss, first.unit) == ("여기 버스가 있어요.", "여기 버스", "sentence")
    assert (first.signer, first.split, first.video) == ("REAL01", "train", "NIA_SL_SEN0001_REAL01")
    assert clips["NIA_SL_SEN0002_REAL02_F"].split == "dev"
    word = clips["NIA_SL_WORD1501_REAL01_F"]
    assert (word.text, word.unit) == ("화장실", "sign")
    assert unicodedata.is_normalized("NFC", word.gloss)
    assert {name.rpartition("/")[2]: entry.reason for name, entry in rejected.items()} == {
        "NIA_SL_SEN0003_REAL01_F": "unknown-sign",
        "NIA_SL_WORD1502_REAL01_F": "bad-json",
        "NIA_SL_SEN0001_SYN01_F": "avatar",
        "NIA_SL_WORD1503_REAL01_F": "text-missing",
    }


def test_all_sides(tmp_path: Path) -> None:
    made = make(tmp_path)
    source = source_of("ksl", made.root, tmp_path, fetch=FetchOptions(variant="all"))
    clips = [entry.clip_id for entry in CORPUS.clips(source) if isinstance(entry, Clip)]
    assert len(clips) == made.n_clips + 1
    assert "NIA_SL_SEN0001_REAL01_L" in clips


def test_glosses_are_no_sentence(tmp_path: Path) -> None:
    made = make(tmp_path)
    (made.root / "sentences.csv").unlink()
    entries = {entry.clip_id: entry for entry in CORPUS.clips(source_of("ksl", made.root, tmp_path))}
    assert "--text" in entries["NIA_SL_SEN0001_REAL01_F"].message  # type: ignore[union-attr]
    assert isinstance(entries["NIA_SL_WORD1501_REAL01_F"], Clip)


def test_published_keypoints_with_people_as_a_dictionary(tmp_path: Path) -> None:
    made = make(tmp_path)
    sizes = {"pose": 75, "face": 210, "hand_left": 63, "hand_right": 63}
    person = {f"{part}_keypoints_2d": [500.5] * size for part, size in sizes.items()}
    name, folder = "NIA_SL_SEN0001_REAL01_F", tmp_path / "keypoint"
    for frame in range(2):
        document = f'{{"version": 1.3, "people": {person}, "camparam": {{}}}}'.replace("'", '"')
        written(folder / name / f"{name}_{frame:012d}_keypoints.json", document)
    clips = [e for e in CORPUS.clips(source_of("ksl", made.root, tmp_path, keypoints=folder)) if isinstance(e, Clip)]
    assert [clip.clip_id for clip in clips] == [name]
    clip = clips[0]
    assert (clip.fps, clip.width, clip.height) == (30.0, 1920, 1080)
    assert clip.keypoints is not None
    found, _ = import_keypoints(
        clip.keypoints, clip.keypoints_member, fps=clip.fps, width=clip.width, height=clip.height
    )
    assert found.xyc.shape == (2, 137, 3)


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.binary(max_size=80), st.sampled_from(_DAMAGED).map(str.encode)))
def test_damaged_morphemes_are_rejected(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("morphemes") / "a_morpheme.json"
    path.write_bytes(data)
    with pytest.raises(ClipRejected) as caught:
        read_morphemes(path)
    assert caught.value.reason == "bad-json"


def test_morphemes_come_in_the_order_of_their_times(tmp_path: Path) -> None:
    path = written(tmp_path / "a_morpheme.json", morphemes("a", "여기", "버스", "곳"))
    assert read_morphemes(path) == ["여기", "버스", "곳"]
    with pytest.raises(UsageError, match=r"_morpheme\.json"):
        list(CORPUS.clips(source_of("ksl", written(tmp_path / "b" / "x", "").parent, tmp_path)))
