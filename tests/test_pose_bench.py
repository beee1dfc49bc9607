"""`pose --bench VIDEO`: decoding and estimating apart, by estimator and batch, for people and for scripts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from prompt2sign.errors import ClipRejected, MissingError
from prompt2sign.estimators import bench
from prompt2sign.options import PoseOptions

from .made import run_here
from .media_files import numbered_video, read_number


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return numbered_video(tmp_path_factory.mktemp("video") / "v.mp4", 10)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("onnxruntime")
    from . import onnx_made

    return onnx_made.points_network(tmp_path_factory.mktemp("network") / "p.onnx")


def test_the_first_frames_are_decoded_and_kept(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "MOST_FRAMES", 4)
    clip = bench.first_frames(video)
    held, decode_fps = bench.decode(clip)
    for frames in (clip, held, clip):
        assert [read_number(picture) for picture in frames.frames()] == [0, 1, 2, 3]
        assert frames.info.n_frames == 4 and frames.path == video
    assert decode_fps > 0


def test_a_huge_picture_fills_no_memory(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "MOST_BYTES", 2 * 3 * 96 * 64)
    assert bench.first_frames(video).info.n_frames == 2
    monkeypatch.setattr(bench, "MOST_BYTES", 1)
    assert bench.first_frames(video).info.n_frames == 1


def test_wholebody_is_measured_with_each_batch(video: Path, network: Path) -> None:
    options = PoseOptions(estimator="wholebody", wholebody={"pose": network, "batch": 8, "device": "cpu"})
    clip = bench.first_frames(video)
    held, _ = bench.decode(clip)
    speeds = list(bench.measure(options, clip, held))
    assert [speed.batch for speed in speeds] == [1, 4, 8]
    for speed in speeds:
        assert speed.runs_on == "cpu" and not speed.fault
        assert speed.load_s and speed.estimate_fps and speed.together_fps


def test_what_an_estimator_lacks_is_said_and_the_others_go_on(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "ESTIMATORS", {"wholebody": None, "openpose-dnn": None})
    monkeypatch.delenv("OPENPOSE_HOME", raising=False)
    clip = bench.first_frames(video)
    held, _ = bench.decode(clip)
    speeds = list(bench.measure_all(PoseOptions(), clip, held))
    assert [speed.estimator for speed in speeds] == ["wholebody", "openpose-dnn"]
    assert "--points-onnx" in speeds[0].fault and "--openpose DIR" in speeds[1].fault
    with pytest.raises(MissingError):
        list(bench.measure(PoseOptions(estimator="openpose-dnn"), clip, held))


def test_the_ways_to_get_what_is_missing_are_all_said(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(options: PoseOptions) -> None:
        raise MissingError("It is not here. Get it in one of two ways:\n  1. build it;\n  2. take another.")

    monkeypatch.setattr(bench, "ESTIMATORS", {"openpose": None})
    monkeypatch.setattr(bench, "get_estimator", lacking)
    clip = bench.first_frames(video)
    (speed,) = bench.measure_all(PoseOptions(), clip, bench.decode(clip)[0])
    assert "build it" in speed.fault and "take another" in speed.fault


def test_nobody_to_be_seen_is_a_fault_and_no_crash(video: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    from . import onnx_made

    nobody = onnx_made.points_network(tmp_path / "n.onnx", heights=np.zeros(133))
    options = PoseOptions(estimator="wholebody", wholebody={"pose": nobody, "batch": 1, "device": "cpu"})
    clip = bench.first_frames(video)
    held, _ = bench.decode(clip)
    (speed,) = bench.measure(options, clip, held)
    assert "nobody" in speed.fault and speed.estimate_fps is None


def test_no_video() -> None:
    with pytest.raises(ClipRejected):
        bench.first_frames(Path(__file__))


class TestCommandLine:
    def arguments(self, video: Path, network: Path) -> list[str]:
        return ["pose", "--bench", str(video), "--estimator", "wholebody", "--points-onnx", str(network)]

    def test_one_object_for_scripts(self, video: Path, network: Path) -> None:
        done = run_here(*self.arguments(video, network), "--batch", "4", "--json")
        assert done.code == 0, done.err
        assert {name: done.json[name] for name in ("video", "width", "height", "frames")} == {
            "video": "v.mp4", "width": 96, "height": 64, "frames": 10
        }  # fmt: skip
        assert done.json["decode_fps"] > 0
        assert [(row["estimator"], row["batch"]) for row in done.json["estimators"]] == [
            ("wholebody", 1),
            ("wholebody", 4),
        ]

    def test_a_table_for_people(self, video: Path, network: Path) -> None:
        done = run_here(*self.arguments(video, network), "--batch", "1")
        assert done.code == 0 and "10 frames of 96x64, decoded" in done.out
        assert "wholebody" in done.out and "│ 1 " in done.out

    def test_an_estimator_that_was_asked_for_and_is_not_there(self, video: Path) -> None:
        done = run_here("pose", "--bench", str(video), "--estimator", "wholebody")
        assert done.code == 2 and "--points-onnx" in done.err

    def test_a_file_that_is_no_video(self, network: Path) -> None:
        done = run_here(*self.arguments(Path(__file__), network))
        assert done.code == 1 and "test_pose_bench.py" in done.err

    def test_without_a_video_the_language_is_missing(self) -> None:
        done = run_here("pose")
        assert done.code == 2 and "--lang is missing" in done.err
