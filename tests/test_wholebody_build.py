"""The ONNX estimator in a build: through worker processes, with receipts, beside other sources of keypoints."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from prompt2sign.formats.keypoints import read_keypoints

from .made import Finished, run_here
from .media_files import numbered_video, numbers_in

pytest.importorskip("onnxruntime")
from . import onnx_made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "videos").mkdir()
    for number in (1, 2):
        numbered_video(tmp_path / f"videos/clip{number}.mp4", 6 + number)
    (tmp_path / "text.tsv").write_text("name\ttext\nclip1\tEins.\nclip2\tZwei.\n", encoding="utf-8")
    onnx_made.points_network(tmp_path / "points.onnx")
    onnx_made.boxes_network(tmp_path / "people.onnx", [[4, 4, 60, 40, 0.9]])
    return tmp_path


def stage(name: str, folder: Path, *options: str) -> Finished:
    where = ["--from", str(folder / "videos"), "--text", str(folder / "text.tsv"), "--work", str(folder / "work")]
    return run_here(name, "--lang", "gsl", "--corpus", "folder", *where, "--jobs", "1", "--json", *options)


def pose(folder: Path, *options: str) -> Finished:
    networks = ["--points-onnx", str(folder / "points.onnx"), "--people-onnx", str(folder / "people.onnx")]
    return stage("pose", folder, "--estimator", "wholebody", "--gpus", "none", *networks, *options)


def worked_on(done: Finished) -> int:
    assert done.code == 0, done.out + done.err
    return next(row["worked_on"] for row in done.json["stages"] if row["stage"] == "pose")


def test_clips_are_estimated_once_and_again_only_for_another_network(folder: Path) -> None:
    assert stage("trim", folder).code == 0
    assert worked_on(pose(folder)) == 2
    files = sorted((folder / "work/gsl/folder/keypoints").glob("*.h5"))
    keypoints = [read_keypoints(path) for path in files]
    assert [found.n_frames for found in keypoints] == [7, 8]
    for found in keypoints:
        assert found.estimator.startswith("wholebody onnxruntime") and (found.width, found.height) == (96, 64)
        assert (found.xyc[..., 2] > 0).any(axis=1).all() and found.xyc[..., 2].max() <= 1
    before = [path.read_bytes() for path in files]
    assert worked_on(pose(folder)) == worked_on(pose(folder, "--batch", "3")) == 0
    assert worked_on(pose(folder, "--force")) == 2
    assert [path.read_bytes() for path in files] == before
    other = onnx_made.points_network(folder / "other.onnx", heights=np.full(133, 0.8))
    assert worked_on(pose(folder, "--points-onnx", str(other))) == 2
    copy = Path(shutil.copy(other, folder / "copy.onnx"))
    assert worked_on(pose(folder, "--points-onnx", str(copy))) == 0


def test_the_trimmed_clip_lies_below_the_skeleton(folder: Path) -> None:
    (folder / "videos/clip1.mp4").unlink()
    (folder / "text.tsv").write_text("name\ttext\tstart\tend\nclip2\tZwei.\t0.08\t0.24\n", encoding="utf-8")
    assert stage("trim", folder).code == 0
    done = pose(folder, "--visualise", "over")
    assert done.code == 0, done.err
    (video,) = (folder / "work/gsl/folder/visualised").glob("*.mp4")
    # The skeleton, whose points all lie in one place, hides none of the lowest blocks of these numbers.
    assert numbers_in(video, (96, 64)) == [2, 3, 4, 5]


def test_a_network_that_is_missing_is_said_before_the_first_clip(folder: Path) -> None:
    assert stage("trim", folder).code == 0
    (folder / "points.onnx").unlink()
    done = pose(folder)
    assert done.code == 3 and "networks are not fetched" in done.json["error"]
    assert not list((folder / "work/gsl/folder").glob("keypoints/*.h5"))


def test_a_network_of_another_kind_stops_the_run_and_loses_nothing(folder: Path) -> None:
    assert stage("trim", folder).code == 0
    assert worked_on(pose(folder, "--only", "clip1")) == 1
    good = (folder / "points.onnx").read_bytes()
    onnx_made.points_network(folder / "points.onnx", n_points=17)
    done = pose(folder)
    assert done.code == 2 and "133" in done.json["error"]
    (folder / "points.onnx").write_bytes(good)
    assert worked_on(pose(folder)) <= 2
