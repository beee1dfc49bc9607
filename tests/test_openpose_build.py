"""A build with OpenPose from the outside: the command line, GPUs, killed workers; by the stand-ins."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import prompt2sign
from prompt2sign import __version__
from prompt2sign.estimators.base import installed_version
from prompt2sign.options import OpenPoseOptions, PoseOptions, WholeBodyOptions
from prompt2sign.pipeline.stage import fingerprint
from prompt2sign.pipeline.stages import Pose
from prompt2sign.records import Clip, Receipt

from .made import files_of, run, start
from .media_files import numbered_video
from .stand_ins.openpose_home import calls, make_home, tell

N_CLIPS = 4


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_home(tmp_path_factory.mktemp("openpose"))


@pytest.fixture
def home(built: Path) -> Path:
    for name in ("control.json", "happened", "log.jsonl"):
        (built / name).unlink(missing_ok=True)
    return built


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Videos of different lengths with a sentence each, and a pipeline file that asks for the body alone."""
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "videos").mkdir()
    rows = ["name\ttext"]
    for number in range(N_CLIPS):
        numbered_video(folder / "videos" / f"clip_{number}.mp4", 10 + number)
        rows.append(f"clip_{number}\tSatz Nummer {number}.")
    (folder / "text.tsv").write_text("\n".join(rows) + "\n")
    (folder / "body.yaml").write_text("language: GSL\npose: {openpose: {hand: false, face: false, stall_s: 60}}\n")
    return folder


def arguments(corpus: Path, home: Path, folder: Path, *more: str) -> list[str]:
    data = [
        "--from",
        str(corpus / "videos"),
        "--text",
        str(corpus / "text.tsv"),
        "--pipeline",
        str(corpus / "body.yaml"),
    ]
    places = ["--work", str(folder / "work"), "--out", str(folder / "release")]
    who = ["--estimator", "openpose", "--openpose", str(home)]
    return ["build", "--lang", "gsl", "--corpus", "folder", *data, *places, *who, *(more or ("--gpus", "none"))]


@pytest.fixture(scope="module")
def expected(corpus: Path, built: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The release of an undisturbed build on one GPU."""
    folder = tmp_path_factory.mktemp("expected")
    done = run(*arguments(corpus, built, folder, "--gpus", "3", "--jobs", "2"))
    assert done.code == 0, done.err
    (call,) = calls(built)
    assert call["gpu"] == "3"
    return files_of(folder / "release")


def test_a_build_uses_every_gpu_and_gives_the_same_bytes_as_on_one(
    corpus: Path, home: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    (home / "log.jsonl").unlink(missing_ok=True)
    tell(home, seconds=0.05)
    done = run(*arguments(corpus, home, tmp_path, "--gpus", "0,1", "--jobs", "4"))
    assert done.code == 0, done.err
    assert sorted(call["gpu"] for call in calls(home)) == ["0", "1"], "one process a GPU, each started once"
    assert files_of(tmp_path / "release") == expected
    release = prompt2sign.open_release(tmp_path / "release")
    assert [clip.motion.shape[0] for clip in release.split("train")] == [10 + number for number in range(N_CLIPS)]
    manifest = json.loads((tmp_path / "release" / "release.json").read_text())
    (estimator,) = manifest["estimators"].values()
    assert estimator["settings"]["preset"] == "balanced"
    assert list(estimator["weights"]) == ["pose_iter_584000.caffemodel"]
    assert str(home) not in str(files_of(tmp_path / "release")), (
        "a release names no folder of the machine it was made on"
    )


def test_a_second_build_keeps_everything_and_another_preset_does_it_again(
    corpus: Path, home: Path, tmp_path: Path
) -> None:
    first = run(*arguments(corpus, home, tmp_path))
    assert first.code == 0, first.err
    moved = tmp_path / "moved"
    moved.symlink_to(home)
    again = run(*arguments(corpus, moved, tmp_path), "--json").json
    assert [stage["worked_on"] for stage in again["stages"]] == [0, 0, 0, 0], "where OpenPose lies does not matter"
    other = run(*arguments(corpus, home, tmp_path, "--gpus", "none", "--preset", "fast"), "--json").json
    assert other["stages"][1]["worked_on"] == N_CLIPS
    assert calls(home)[-1]["flags"]["net_resolution"] == "-1x256"


def test_what_is_missing_is_said_before_the_first_clip_is_cut(corpus: Path, home: Path, tmp_path: Path) -> None:
    done = run(*arguments(corpus, tmp_path / "nowhere", tmp_path))
    assert done.code == 3 and "Dockerfile.openpose" in done.err and "Traceback" not in done.err
    wrong = run(*arguments(corpus, home, tmp_path, "--gpus", "first"))
    assert wrong.code == 2 and "--gpus first" in wrong.err
    assert not list(tmp_path.glob("work/*/*/clips/*"))


def test_the_doctor_says_what_there_is_of_openpose(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setenv("OPENPOSE_HOME", str(home))
    there = {finding["what"]: finding for finding in run("doctor", "--json").json}["estimator openpose"]
    assert there["ok"] and there["found"] == "pyopenpose and openpose.bin 1.7.0"
    without = make_home(tmp_path / "without", models=False)
    monkeypatch.setenv("OPENPOSE_HOME", str(without))
    lacks = {finding["what"]: finding for finding in run("doctor", "--json").json}["estimator openpose"]
    assert not lacks["ok"] and not lacks["needed"] and "pose_iter_584000.caffemodel is missing" in lacks["found"]


def test_json_is_kept_where_it_was_asked_for(corpus: Path, home: Path, tmp_path: Path) -> None:
    asked = ("--gpus", "none", "--keep-json", str(tmp_path / "json"), "--limit", "2")
    done = run(*arguments(corpus, home, tmp_path, *asked))
    assert done.code == 0, done.err
    assert sorted(len(list(folder.iterdir())) for folder in (tmp_path / "json").iterdir()) == [10, 11]


@pytest.mark.parametrize("door", ["binding", pytest.param("binary", marks=pytest.mark.long)])
def test_killing_any_process_at_any_time_loses_no_clip_and_doubles_none(
    corpus: Path, home: Path, expected: dict[str, bytes], tmp_path: Path, door: str
) -> None:
    (tmp_path / "pipeline.yaml").write_text(
        (corpus / "body.yaml").read_text().replace("{hand", f"{{door: {door}, hand")
    )
    more = ("--gpus", "0,1", "--jobs", "2", "--pipeline", str(tmp_path / "pipeline.yaml"))
    tell(home, seconds=0.1)
    generator, n_killed = random.Random(20261121), 0
    process = start(*arguments(corpus, home, tmp_path, *more))
    while process.poll() is None and n_killed < 5:
        time.sleep(generator.uniform(0.3, 0.8))
        if below := descendants(process):
            with suppress(ProcessLookupError):
                os.kill(generator.choice(below), signal.SIGKILL)
                n_killed += 1
    _, err = process.communicate(timeout=120)
    assert n_killed >= 2, "too quick to be killed"
    # A clip whose process was killed twice is said so; the next run does it, and nothing else.
    assert process.returncode in (0, 1), err
    tell(home)
    again = run(*arguments(corpus, home, tmp_path, *more))
    assert again.code == 0, again.err
    release = files_of(tmp_path / "release")
    differ = {name for name in release.keys() | expected.keys() if release.get(name) != expected.get(name)}
    assert differ <= {"release.json"}, "which names the door"
    rows = pq.read_table(tmp_path / "release" / "data" / "train-00000.parquet").column("clip_id").to_pylist()
    assert rows == [f"clip_{number}" for number in range(N_CLIPS)]
    assert not list(tmp_path.rglob("*.tmp"))


def descendants(process: subprocess.Popen[str]) -> list[int]:
    """Processes below a command: its workers, and OpenPose below them; without loky's own helper."""
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
    below, frontier = list[int](), {process.pid}
    while frontier:
        frontier = {child for child, parent in parents.items() if parent in frontier}
        below += sorted(frontier)
    return [pid for pid in below if not is_helper(pid)]


def is_helper(pid: int) -> bool:
    try:
        return b"resource_tracker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True


def test_builds_with_mediapipe_keep_what_they_have() -> None:
    """The options of other estimators are no part of what keypoints depend on."""
    clip, before = Clip("a", "GSL", "made", media=Path("a.mp4")), Receipt("a", "trim", "done", "", output_sha256="00")
    changed = PoseOptions(
        gpus=(0,), openpose=OpenPoseOptions(folder=Path("/x"), preset="best"), wholebody=WholeBodyOptions(batch=2)
    )
    assert Pose(changed).options.model_dump(mode="json") == {"estimator": "mediapipe", "quality": "fast"}
    stage = Pose(changed)
    assert stage.inputs(clip, "") == [installed_version("mediapipe")]
    assert fingerprint(stage, clip, "", before) == fingerprint(Pose(PoseOptions()), clip, "", before)
    assert (stage.name, stage.version, __version__) == ("pose", 3, prompt2sign.__version__)
