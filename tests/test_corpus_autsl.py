"""AUTSL, built from a made copy, and its published lists parsed whole."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from prompt2sign.acquire.unpack import unpack
from prompt2sign.acquire.wanted import RemoteArchive
from prompt2sign.annotations.published_tables import rows_without_header
from prompt2sign.annotations.table import Row
from prompt2sign.corpora.autsl import FACTS, AutslCorpus
from prompt2sign.errors import UsageError
from prompt2sign.estimators.importers import import_keypoints
from prompt2sign.options import FetchOptions
from prompt2sign.records import Clip

from .corpora_made.autsl import make
from .corpora_made.material import written
from .corpus_checks import built, check_facts, files_in, source_of
from .openhands import openhands_lists

CORPUS = AutslCorpus()


def test_facts_say_that_the_server_stands_still(tmp_path: Path) -> None:
    check_facts(FACTS)
    (missing,) = CORPUS.plan(source_of("tsl", None, tmp_path)).missing
    assert "has not answered since 2023" in missing
    assert not FACTS.redistribute_motion


def test_archives_as_published(tmp_path: Path) -> None:
    wanted = CORPUS.wanted(source_of("tsl", None, tmp_path))
    archives = [one for one in wanted if isinstance(one, RemoteArchive)]
    assert [(one.into, len(one.parts), one.password) for one in archives] == [
        ("train", 18, "MdG3z6Eh1t"),
        ("val", 3, "bhRY5B9zS2"),
        ("test", 3, "ds6Kvdus3o"),
    ]
    files = files_in(wanted)
    assert len(files) == 28
    pieces = [file for file in files if file.url.startswith("http://")]
    assert len({file.sha256 for file in pieces}) == 24
    assert sum(file.sizes[0] for file in pieces) == FACTS.download_bytes == 17 * 1_048_576_000 + 688_988_403 + (
        4 * 1_048_576_000 + 1_028_644_777 + 596_691_542
    )  # fmt: skip
    poses = files_in(CORPUS.wanted(source_of("tsl", None, tmp_path, fetch=FetchOptions(variant="openpose"))))
    assert poses[-1].url == "https://datasets.sigma-sign-language.com/poses/openpose/autsl.tar.gz"


def test_three_splits_of_words(tmp_path: Path) -> None:
    made = make(tmp_path)
    clips, rejected = built(CORPUS, source_of("tsl", made.root, tmp_path), made)
    assert [(clip.clip_id, clip.split, clip.text, clip.gloss, clip.signer) for clip in clips.values()] == [
        ("signer0_sample1000", "train", "afiyet olsun", "afiyet_olsun", "0"),
        ("signer12_sample7", "train", "agac", "agac", "12"),
        ("signer1_sample2", "dev", "abla", "abla", "1"),
        ("signer34_sample1", "test", "agac", "agac", "34"),
    ]
    assert all(str(clip.media).endswith("_color.mp4") for clip in clips.values())
    assert sorted(entry.reason for entry in rejected.values()) == [
        "bad-name", "bad-row", "text-missing", "unknown-sign", "video-missing",
    ]  # fmt: skip


def test_the_served_pieces_unpack_to_the_same_clips(tmp_path: Path) -> None:
    made = make(tmp_path)
    fetched = tmp_path / "fetched"
    fetched.mkdir()
    for one in CORPUS.wanted(source_of("tsl", None, tmp_path)):
        if isinstance(one, RemoteArchive):
            unpack([made.served[part.url] for part in one.parts], fetched / one.into, password=one.password)
        else:
            shutil.copyfile(made.served[one.url], fetched / one.path)  # type: ignore[union-attr]
    clips, _ = built(CORPUS, source_of("tsl", fetched, tmp_path, fetched=fetched), made)
    assert list(clips) == [entry.clip_id for entry in CORPUS.clips(source_of("tsl", made.root, tmp_path))
                           if isinstance(entry, Clip)]  # fmt: skip


def test_well_spelt_words_by_the_user(tmp_path: Path) -> None:
    made = make(tmp_path)
    words = written(tmp_path / "words.csv", "id,text\n0,abla\n3,afiyet olsun\n5,ağaç\n")
    entries = CORPUS.clips(source_of("tsl", made.root, tmp_path, text=words))
    clips = {entry.clip_id: entry for entry in entries if isinstance(entry, Clip)}
    assert (clips["signer12_sample7"].text, clips["signer12_sample7"].gloss) == ("ağaç", "agac")


@pytest.mark.shared
def test_published_poses_instead_of_videos(shared_data: Path, tmp_path: Path) -> None:
    made = make(tmp_path)
    poses = tmp_path / "fetched" / "holistic" / "holistic" / "train"
    poses.mkdir(parents=True)
    shutil.copyfile(shared_data / "autsl" / "signer0_sample1000.pose", poses / "signer0_sample1000.pose")
    for table in made.root.glob("*.csv"):
        shutil.copyfile(table, tmp_path / "fetched" / table.name)
    options = FetchOptions(variant="holistic")
    entries = list(CORPUS.clips(source_of("tsl", tmp_path / "fetched", tmp_path, fetch=options)))
    (clip,) = (entry for entry in entries if isinstance(entry, Clip))
    assert clip.text == "afiyet olsun"
    assert clip.keypoints is not None
    found, _ = import_keypoints(clip.keypoints, clip.keypoints_member, fps=None, width=None, height=None)
    assert found.fps == 30.0


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    made = make(tmp_path)
    (made.root / "SignList_ClassId_TR_EN.csv").unlink()
    with pytest.raises(UsageError, match="SignList_ClassId_TR_EN"):
        list(CORPUS.clips(source_of("tsl", made.root, tmp_path)))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"_labels\.csv"):
        list(CORPUS.clips(source_of("tsl", tmp_path / "empty", tmp_path)))


def test_the_whole_lists(tmp_path: Path) -> None:
    lists = openhands_lists(tmp_path / "lists", "autsl") / "AUTSL"
    rows = {path.name: list(rows_without_header(path, ("sample", "class"))) for path in lists.glob("*_labels.csv")}
    counts = {"train_labels.csv": 28_142, "validation_labels.csv": 4_418, "test_labels.csv": 3_742}
    assert {name: len(found) for name, found in rows.items()} == counts
    every = [row for found in rows.values() for row in found if isinstance(row, Row)]
    assert len(every) == 36_302
    assert {int(row.get("class")) for row in every} == set(range(226))
    assert len({row.get("sample").split("_")[0] for row in every}) == 43
    root = tmp_path / "root"
    root.mkdir()
    shutil.copyfile(lists / "SignList_ClassId_TR_EN.csv", root / "SignList_ClassId_TR_EN.csv")
    shutil.copyfile(lists / "test_labels.csv", root / "test_labels.csv")
    for line in (lists / "test_labels.csv").read_text("utf-8").split():
        (root / f"{line.split(',')[0]}_color.mp4").touch()
    clips = list(CORPUS.clips(source_of("tsl", root, root)))
    assert len(clips) == 3_742
    assert all(
        isinstance(clip, Clip) and clip.split == "test" and clip.text.replace(" ", "_") == clip.gloss for clip in clips
    )
    assert len({clip.text for clip in clips if isinstance(clip, Clip)}) == 226
