"""`open_release`: order, random access, filters, data frames; and what is no release."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from prompt2sign.errors import FormatError, UsageError
from prompt2sign.formats.shards import ShardSetWriter
from prompt2sign.loaders import open_release
from tests.making import make_row

N_TRAIN, N_DEV = 7, 3
IDS = [*(f"train/{i}" for i in range(N_TRAIN)), *(f"dev/{i}" for i in range(N_DEV))]


@pytest.fixture
def folder(tmp_path) -> Path:
    with ShardSetWriter(tmp_path / "data", shard_bytes=1, row_group=2) as shards:
        for split, count in (("dev", N_DEV), ("train", N_TRAIN)):
            for i in range(count):
                shards.add(make_row(f"{split}/{i}", split=split, seed=i, n_frames=1 + i))
    return tmp_path


def test_clips_come_in_order(folder):
    release = open_release(folder)
    assert len(release) == N_TRAIN + N_DEV
    assert [clip.clip_id for clip in release] == IDS
    assert repr(release).endswith("10 clips)")


def test_a_clip_is_found_by_id_position_and_slice(folder):
    release = open_release(str(folder))
    for position, clip_id in enumerate(IDS):
        for clip in (release[clip_id], release[position], release[position - len(IDS)]):
            assert clip.clip_id == clip_id
            assert clip.motion.shape == (1 + int(clip_id.split("/")[1]), 50, 3)
    assert [clip.clip_id for clip in release[5:9]] == IDS[5:9]
    assert [clip.clip_id for clip in release[::-3]] == IDS[::-3]
    assert "dev/1" in release and "dev/9" not in release


def test_motion_is_what_was_lifted(folder):
    clip, row = open_release(folder)["train/6"], make_row(seed=6, n_frames=7)
    assert clip.motion.dtype == np.float32 and clip.observed.dtype == np.bool_
    np.testing.assert_allclose(clip.motion, row.motion.xyz, atol=0.5e-4 + 1e-6)
    np.testing.assert_array_equal(clip.observed, row.motion.observed)
    assert clip.n_frames == 7 and clip.duration_s == pytest.approx(0.28)
    clip.motion[:] = 0
    assert open_release(folder)["train/6"].motion.any()


def test_a_clip_keeps_no_other_clip_in_memory(folder):
    clip = next(iter(open_release(folder)))
    for values in (clip.motion, clip.observed):
        assert values.base is None or values.base.nbytes == values.nbytes


def test_what_is_not_there_is_said(folder):
    release = open_release(folder)
    with pytest.raises(UsageError, match="no clip 'train/99'"):
        release["train/99"]
    with pytest.raises(IndexError):
        release[len(release)]
    with pytest.raises(IndexError):
        release[-len(release) - 1]
    with pytest.raises(UsageError, match="no column nonsense"):
        release.to_pandas(["nonsense"])


def test_filters(folder):
    release = open_release(folder)
    assert release.splits == ("train", "dev") and release.languages == ("GSL",)
    dev = release.split("dev")
    assert [clip.clip_id for clip in dev] == IDS[N_TRAIN:] and dev["dev/2"].n_frames == 3 and len(dev) == N_DEV
    assert len(release.split("test")) == 0 and not list(release.split("test"))
    assert len(release.language("gsl")) == len(release) and len(release.language("ASL")) == 0
    assert [clip.clip_id for clip in release.language("gsl").split("dev")[1:]] == IDS[N_TRAIN + 1 :]


def test_rows_of_one_file_can_be_of_several_languages(tmp_path):
    from dataclasses import replace

    with ShardSetWriter(tmp_path) as shards:
        for i, code in enumerate(["GSL", "KSL", "GSL", "TSL", "KSL"]):
            row = make_row(f"{i}", seed=i)
            shards.add(replace(row, clip=replace(row.clip, language=code)))
    korean = open_release(tmp_path).language("KSL")
    assert [clip.clip_id for clip in korean] == ["1", "4"] and korean[-1].clip_id == "4" and "0" not in korean
    assert korean.to_pandas()["spoken_language"].tolist() == ["ko-KR", "ko-KR"]


def test_data_frames(folder):
    release = open_release(folder)
    frame = release.to_pandas()
    assert frame["clip_id"].tolist() == IDS and "pose" not in frame and frame["quality"][0]["body_rate"] == 0.75
    frame = release.to_pandas(["motion", "clip_id", "observed"])
    assert list(frame.columns) == ["motion", "clip_id", "observed"]
    np.testing.assert_array_equal(frame["motion"][8], release[8].motion)
    assert release.split("test").to_pandas(["clip_id"]).empty


def test_a_release_travels_to_other_processes(folder):
    release = open_release(folder)
    release[3]
    assert [clip.clip_id for clip in pickle.loads(pickle.dumps(release))] == IDS
    assert len(pickle.dumps(release)) < 10_000


def test_bare_folders_and_single_shards_open_too(folder):
    assert len(open_release(folder / "data")) == len(IDS)
    assert len(open_release(folder / "data" / "dev-00000.parquet")) == 2
    (folder / "data" / ".train-00009.parquet.tmp").write_bytes(b"half")
    assert len(open_release(folder)) == len(IDS)


def manifest(folder: Path, **values) -> None:
    files = [{"path": path.relative_to(folder).as_posix()} for path in folder.glob("data/*")]
    whole = {"format": "prompt2sign-release", "version": 1, "files": files, **values}
    (folder / "release.json").write_text(json.dumps(whole))


def test_a_release_with_its_manifest_opens(folder):
    manifest(folder)
    assert len(open_release(folder)) == len(IDS)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"version": 2}, "version 2.*pip install -U"),
        ({"format": "other"}, "not the release.json of a release"),
        ({"version": "one"}, "not the release.json of a release"),
        ({"files": [{"path": "data/train-00777.parquet"}]}, "train-00777.parquet is listed"),
        ({"files": [{"path": "../secret.parquet"}]}, "names no file inside the release"),
        ({"files": [{"path": "/etc/passwd"}]}, "names no file inside the release"),
        ({"files": ["data"]}, "names no file inside the release"),
        ({"files": None}, "not a list"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(folder, values, message):
    manifest(folder, **values)
    with pytest.raises(FormatError, match=message):
        open_release(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": "prompt2sign-release"}', "\xff"])
def test_a_broken_manifest_is_refused(folder, text):
    (folder / "release.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(FormatError, match=r"release\.json: not the"):
        open_release(folder)


def test_what_is_no_release_is_said(tmp_path):
    with pytest.raises(UsageError, match="no such release"):
        open_release(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="not a release"):
        open_release(tmp_path)
    (tmp_path / "file.txt").write_text("hello")
    with pytest.raises(FormatError, match=r"file\.txt: cut off or damaged"):
        open_release(tmp_path / "file.txt")
