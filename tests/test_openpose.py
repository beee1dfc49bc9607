"""OpenPose through both of its doors, by stand-ins with the real ones' names, files and failures."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt2sign.errors import ClipRejected, MissingError, UsageError
from prompt2sign.estimators import openpose_binary, openpose_look
from prompt2sign.estimators.base import get_estimator, look_of
from prompt2sign.estimators.gpus import find_gpus
from prompt2sign.estimators.importers import import_keypoints
from prompt2sign.estimators.openpose_binary import _Json
from prompt2sign.estimators.openpose_flags import Flags, command_line, with_less_memory
from prompt2sign.estimators.openpose_models import BODY_25
from prompt2sign.formats.keypoints import Keypoints, read_keypoints, write_keypoints
from prompt2sign.media import Video
from prompt2sign.options import OpenPoseOptions, PoseOptions

from .media_files import ffmpeg, numbered_video
from .stand_ins.common import from_command_line
from .stand_ins.openpose_home import calls, make_home, tell

DOORS = ("binding", "binary")
#: Longer than the stand-ins take for a frame on a machine with much else to do.
SHORT_S = 2


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_home(tmp_path_factory.mktemp("openpose"))


@pytest.fixture
def home(built: Path) -> Iterator[Path]:
    """OpenPose as it should be; what a test tells it is forgotten."""
    yield built
    for name in ("control.json", "happened", "log.jsonl"):
        (built / name).unlink(missing_ok=True)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Video:
    return Video(numbered_video(tmp_path_factory.mktemp("clips") / "clip.v1.mp4", 12))


def options(home: Path, door: str = "auto", **values: Any) -> PoseOptions:
    return PoseOptions(
        estimator="openpose", gpus=(), openpose=OpenPoseOptions.model_validate({"folder": home, "door": door, **values})
    )


def estimate(home: Path, clip: Video, door: str, **values: Any) -> tuple[Keypoints, dict[str, Any]]:
    estimator = get_estimator(options(home, door, **values))
    try:
        return estimator.estimate(clip)
    finally:
        estimator.close()


def refused(home: Path, clip: Video, door: str, **values: Any) -> ClipRejected:
    with pytest.raises(ClipRejected) as caught:
        estimate(home, clip, door, **values)
    return caught.value


@pytest.mark.parametrize("door", DOORS)
def test_every_frame_has_the_people_that_openpose_saw(home: Path, clip: Video, door: str, tmp_path: Path) -> None:
    tell(home, nobody_at=[4])
    keypoints, values = estimate(home, clip, door)
    assert keypoints.xyc.shape == (12, 137, 3) and (keypoints.fps, keypoints.width, keypoints.height) == (25, 96, 64)
    assert not keypoints.xyc[4].any() and (keypoints.xyc[[0, 3, 5, 11], :, 2] == 0.75).all()
    moved = keypoints.xyc[11, :, 0] - keypoints.xyc[0, :, 0]
    assert moved == pytest.approx(np.full(137, 11 / 4), abs=1e-3), "frames are in their order"
    assert values["kind"] == f"openpose-{door}" and values["n_empty_frames"] == 1 and values["n_people_max"] == 1
    assert keypoints.estimator == "openpose 1.7.0"
    write_keypoints(tmp_path / "keypoints.h5", keypoints)
    assert np.array_equal(read_keypoints(tmp_path / "keypoints.h5").xyc, keypoints.xyc)


def test_both_doors_and_the_import_of_the_json_agree(home: Path, clip: Video, tmp_path: Path) -> None:
    tell(home, people=5)
    through = [estimate(home, clip, "binding"), estimate(home, clip, "binary", keep_json=tmp_path / "json")]
    (kept,) = (tmp_path / "json").iterdir()
    assert kept.name.startswith("clip.v1-") and len(list(kept.iterdir())) == 12
    through.append(import_keypoints(kept, fps=25, width=96, height=64))
    for keypoints, values in through:
        assert keypoints.xyc == pytest.approx(through[0][0].xyc, rel=1e-5)
        assert values["n_people_max"] == 5 and values["n_absent_frames"] == 0
        assert np.ptp(keypoints.xyc[0, :, 1]) > 45, "the largest of the five"


def test_parts_that_are_switched_off_are_not_looked_for(home: Path, clip: Video) -> None:
    for door in DOORS:
        keypoints, _ = estimate(home, clip, door, hand=False, face=False)
        assert (keypoints.xyc[:, :25, 2] > 0).all() and not keypoints.xyc[:, 25:].any()
    assert all("hand_net_resolution" not in call["flags"] for call in calls(home))


def test_the_binding_keeps_its_process_from_clip_to_clip_and_the_binary_leaves_no_files(
    home: Path, clip: Video, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    for door, n_starts in (("binding", 1), ("binary", 3)):
        estimator = get_estimator(options(home, door))
        results = [estimator.estimate(clip)[0].xyc for _ in range(3)]
        estimator.close()
        assert all(np.array_equal(result, results[0]) for result in results)
        assert len(calls(home)) == n_starts
        (home / "log.jsonl").unlink()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("trouble", ["crash", "hang"])
def test_a_clip_that_ends_openpose_once_is_done_at_the_second_try(
    home: Path, clip: Video, door: str, trouble: str
) -> None:
    expected, _ = estimate(home, clip, door)
    tell(home, do=trouble, at=7, once=True)
    keypoints, _ = estimate(home, clip, door, stall_s=60 if trouble == "crash" else SHORT_S)
    assert np.array_equal(keypoints.xyc, expected.xyc)
    assert len(calls(home)) == 3


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("trouble", "reason", "says"),
    [("crash", "estimator-died", "SIGSEGV"), ("hang", "estimator-stuck", "2 s, twice")],
)
def test_a_clip_that_ends_openpose_twice_is_rejected_and_the_next_one_is_done(
    home: Path, clip: Video, door: str, trouble: str, reason: str, says: str
) -> None:
    tell(home, do=trouble, at=7)
    estimator = get_estimator(options(home, door, stall_s=60 if trouble == "crash" else SHORT_S))
    with pytest.raises(ClipRejected, match=says) as caught:
        estimator.estimate(clip)
    assert caught.value.reason == reason and "clip.v1.mp4" in str(caught.value)
    tell(home)
    assert estimator.estimate(clip)[0].n_frames == 12
    estimator.close()
    for call in calls(home):
        with pytest.raises(ProcessLookupError):
            os.kill(call["pid"], 0)


@pytest.mark.parametrize("door", DOORS)
def test_a_full_gpu_is_met_with_a_smaller_network_and_that_is_said(home: Path, clip: Video, door: str) -> None:
    tell(home, do="oom", fits=["-1x240"])
    keypoints, values = estimate(home, clip, door)
    assert keypoints.n_frames == 12
    assert values["net_resolution"] == "-1x240" and "-1x240" in values["notes"][0]
    assert [call["flags"]["net_resolution"] for call in calls(home)] == ["-1x368", "-1x240"]
    tell(home, do="oom")
    error = refused(home, clip, door)
    assert error.reason == "gpu-out-of-memory" and "at net_resolution -1x240" in str(error)
    assert refused(home, clip, door, net_resolution="-1x128").reason == "gpu-out-of-memory"


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("words", "status", "error", "says"),
    [
        ("ERROR: unknown command line flag 'hand_scale_number'", 1, UsageError, "hand_scale_number"),
        ("Cuda check failed (100 vs. 0): no CUDA-capable device is detected", 255, MissingError, "sees no GPU"),
        ("Cuda check failed (209 vs. 0): no kernel image is available", 255, MissingError, "CUDA_ARCH_BIN"),
        ("ImportError: libcaffe.so.1.0.0: cannot open shared object file", 1, MissingError, "cannot load pyopenpose"),
        ("OpenCV: write failed: No space left on device", 255, Exception, "no space left"),
        ("Something nobody ever saw", 77, ClipRejected, r"exit status 77, twice[\s\S]*  Something nobody"),
    ],
)
def test_its_last_words_become_a_message_for_people(
    home: Path, clip: Video, door: str, words: str, status: int, error: type[Exception], says: str
) -> None:
    tell(home, do="words", words=words, status=status, at=3)
    with pytest.raises(error, match=says):
        estimate(home, clip, door)
    assert len(calls(home)) == (2 if error is ClipRejected else 1), "what would hit every clip is not tried again"


@pytest.mark.parametrize("door", DOORS)
def test_models_it_cannot_load_end_the_build(home: Path, clip: Video, door: str) -> None:
    """pyopenpose says False to each frame and ends well; openpose.bin ends with 255."""
    tell(home, do="models")
    with pytest.raises(MissingError, match=r"cannot load its models[\s\S]*Prototxt file not found"):
        estimate(home, clip, door)


@pytest.mark.parametrize("door", DOORS)
def test_nobody_in_the_clip(home: Path, clip: Video, door: str) -> None:
    tell(home, nobody=True)
    assert refused(home, clip, door).reason == "nobody"


def test_a_video_that_openpose_cannot_read(home: Path, clip: Video, tmp_path: Path) -> None:
    tell(home, do="words", words="VideoCapture (IP camera or video) could not be opened", status=255)
    assert refused(home, clip, "binary").reason == "unreadable-video"
    tell(home, frames=0)
    assert refused(home, clip, "binary").reason == "unreadable-video"
    tell(home, frames=9)
    error = refused(home, clip, "binary")
    assert error.reason == "frames-differ" and "9 frames" in str(error) and "12" in str(error)
    assert calls(home)[-1]["flags"]["video"] == str(clip.path), "no second try for what would be the same"


def test_a_clip_that_cannot_be_decoded_keeps_the_process_for_the_next(home: Path, clip: Video, tmp_path: Path) -> None:
    class BreaksOff:
        path, info = clip.path, clip.info

        def frames(self) -> Iterator[np.ndarray[Any, Any]]:
            frames = clip.frames()
            yield next(frames)
            raise ClipRejected("corrupt-video", "frame 2 is damaged")

    estimator = get_estimator(options(home, "binding"))
    with pytest.raises(ClipRejected, match="frame 2"):
        estimator.estimate(BreaksOff())
    assert estimator.estimate(clip)[0].n_frames == 12
    estimator.close()
    assert len(calls(home)) == 1


def test_the_binding_gets_large_pictures_whole_upright_and_in_its_order_of_colours(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "red.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=red:size=1920x1080:rate=25", "-frames:v", "3", "-pix_fmt", "yuv420p", path)
    tell(home, tells_colour=True)
    keypoints, _ = estimate(home, Video(path), "binding")
    assert (keypoints.width, keypoints.height, keypoints.n_frames) == (1920, 1080, 3)
    for call in calls(home)[1:]:
        assert call["size"] == [1080, 1920] and call["colour"] == pytest.approx([0, 0, 254], abs=3), "blue, green, red"


def test_what_it_says_of_itself(home: Path) -> None:
    estimator = get_estimator(options(home, "binary", preset="fast", hand_scale_number=3))
    says = estimator.describe()
    assert (says["name"], says["version"]) == ("openpose", "1.7.0")
    assert set(says["weights"]) == {f"pose_iter_{n}.caffemodel" for n in (584000, 102000, 116000)}
    assert all(len(digest) == 64 for digest in says["weights"].values())
    assert says["settings"]["preset"] == "fast" and says["settings"]["door"] == "binary"
    assert says["settings"]["net_resolution"] == "-1x256" and says["settings"]["hand_scale_number"] == 3
    assert str(home) not in str(says), "a release names no folder of the machine it was made on"


def test_presets_follow_quality_unless_one_is_named(home: Path) -> None:
    def settings(**values: Any) -> dict[str, Any]:
        return openpose_look.settings_of(PoseOptions.model_validate({"estimator": "openpose", **values}))

    assert settings()["preset"] == "balanced" and settings(quality="high")["preset"] == "best"
    assert settings(quality="high")["hand_scale_number"] == 6
    assert settings(quality="high", openpose={"preset": "fast", "scale_number": 2})["scale_number"] == 2


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"net_resolutoin": "1x1"}, "net_resolutoin"),
        ({"net_resolution": "-1x-1"}, "multiples of 16"),
        ({"net_resolution": "650x368"}, "multiples of 16"),
        ({"net_resolution": "368"}, "net_resolution"),
        ({"hand_scale_number": 0}, "hand_scale_number"),
        ({"preset": "turbo"}, "preset"),
    ],
)
def test_options_that_openpose_would_not_take_are_refused_before_it_sees_them(values: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        OpenPoseOptions.model_validate(values)


def test_contradicting_options_are_refused(home: Path, tmp_path: Path) -> None:
    for values, says in (
        ({"hand": False, "hand_scale_number": 2}, "hand_scale_number"),
        ({"keep_json": tmp_path}, "keep_json"),
    ):
        with pytest.raises(UsageError, match=says):
            look_of("openpose").check(options(home, "binding", **values))


def test_what_is_missing_is_said_with_the_ways_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("OPENPOSE_HOME", raising=False)
    nothing = tmp_path / "nothing"
    for door, says in (("auto", "neither"), ("binding", "no pyopenpose"), ("binary", r"no openpose\.bin")):
        with pytest.raises(MissingError, match=rf"{says}[\s\S]*Dockerfile[\s\S]*docs/openpose\.md[\s\S]*mediapipe"):
            look_of("openpose").check(options(nothing, door))
    home = make_home(tmp_path / "home", models=False, binding=False)
    with pytest.raises(MissingError, match=r"pose_deploy\.prototxt is missing[\s\S]*pose_iter_116000"):
        look_of("openpose").check(options(home))
    full = make_home(tmp_path / "full", binary=False)
    with (full / "models" / BODY_25.caffemodel).open("r+b") as file:
        file.truncate(1_000_000)
    with pytest.raises(MissingError, match=r"584000\.caffemodel is cut off: 1,000,000 bytes"):
        look_of("openpose").check(options(full))
    assert look_of("openpose").identity(options(nothing)) is None


def test_openpose_is_found_by_the_environment_and_on_path(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENPOSE_HOME", str(home))
    found = openpose_look.find_openpose(OpenPoseOptions())
    assert found.binding == str(home / "build" / "python") and found.models == home / "models"
    assert found.program == home / "build" / "examples" / "openpose" / "openpose.bin" and found.version == "1.7.0"
    monkeypatch.delenv("OPENPOSE_HOME")
    monkeypatch.setenv("PATH", str(found.program.parent))
    on_path = openpose_look.find_openpose(OpenPoseOptions())
    assert (on_path.binding, on_path.program, on_path.models) == (None, found.program, home / "models")
    old = tmp_path / "built for another Python" / "build" / "python" / "openpose"
    old.mkdir(parents=True)
    (old / "pyopenpose.cpython-36m-x86_64-linux-gnu.so").touch()
    assert openpose_look.find_openpose(OpenPoseOptions(folder=old.parents[2])).binding is None
    monkeypatch.syspath_prepend(str(home / "build" / "python"))
    assert openpose_look.find_openpose(OpenPoseOptions()).binding == ""


def test_gpus_that_are_not_there(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'GPU 0: NVIDIA H200 (UUID: GPU-1)'\necho 'GPU 1: NVIDIA H200 (UUID: GPU-2)'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    find_gpus.cache_clear()
    assert find_gpus(None) == ("0", "1") and find_gpus((1, 1)) == ("1", "1") and find_gpus(()) == ()
    with pytest.raises(MissingError, match="no GPU 7; nvidia-smi sees 0, 1"):
        find_gpus((0, 7))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    find_gpus.cache_clear()
    with pytest.raises(MissingError, match="--gpus none"):
        look_of("openpose").check(options(home).model_copy(update={"gpus": None}))
    find_gpus.cache_clear()


@given(st.integers(1, 600), st.one_of(st.just(-1), st.integers(1, 600)), st.booleans())
def test_less_memory_is_always_less_and_what_openpose_takes(first: int, second: int, turned: bool) -> None:
    sides = [16 * side if side > 0 else side for side in (first, second)][:: -1 if turned else 1]
    flags: Flags | None = {"net_resolution": "x".join(map(str, sides)), "hand": True}
    for _ in range(50):
        before, flags = flags, with_less_memory(flags)
        if flags is None:
            return
        now, old = ([int(side) for side in str(f["net_resolution"]).split("x")] for f in (flags, before))
        assert all((a == b == -1) or (16 <= a < b and a % 16 == 0) for a, b in zip(now, old, strict=True))
        OpenPoseOptions.model_validate({"net_resolution": flags["net_resolution"]})
    raise AssertionError("it must end")


@pytest.mark.parametrize("options", [{}, {"hand": True, "scale_number": 2, "net_resolution": "-1x368"}])
def test_the_command_line_is_read_back_as_it_was(options: Flags) -> None:
    assert from_command_line(command_line(options)) == {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in options.items()
    }


def test_a_file_that_is_still_being_written_is_left_alone(tmp_path: Path, clip: Video) -> None:
    frames = _Json(tmp_path, clip, keeps=True)
    whole = b'{"version": 1.3, "people": []}'
    (tmp_path / "a_000000000000_keypoints.json").write_bytes(whole)
    (tmp_path / "a_000000000001_keypoints.json").write_bytes(whole[:10])
    assert (frames.read_new(ended=False), frames.read_new(ended=False)) == (1, 0)
    (tmp_path / "a_000000000001_keypoints.json").write_bytes(whole)
    (tmp_path / "a_000000000002_keypoints.json").write_bytes(whole[:10])
    assert frames.read_new(ended=False) == 1
    with pytest.raises(ClipRejected, match=r"000000000002_keypoints\.json: is not JSON, or is cut off"):
        frames.read_new(ended=True)


#: A program of somebody's in the place of openpose.bin; $W is where it is to write, $ONE a frame with one person.
SCRIPT = """#!/bin/bash
for a in "$@"; do case $a in --write_json=*) W=${a#--write_json=};; esac; done
ONE='{"people":[{"pose_keypoints_2d":[NUMBERS]}]}'
"""


def scripted(folder: Path, script: str, number: str = "10") -> Path:
    home = make_home(folder, binding=False)
    program = home / "build/examples/openpose/openpose.bin"
    program.write_text(SCRIPT.replace("NUMBERS", ",".join([number] * 75)) + script)
    return home


@pytest.mark.parametrize(
    ("script", "reason", "says"),
    [
        ("mkfifo $W/x_000000000000_keypoints.json", "estimator-died", "is no file"),
        ("mkdir $W/x_000000000000_keypoints.json", "estimator-died", "is no file"),
        ("ln -s /etc/passwd $W/x_000000000000_keypoints.json", "estimator-died", "is no file"),
        ("rm -r $W", "estimator-died", "has gone"),
        ("rm -r $W; echo > $W", "estimator-died", "has gone"),
        ("truncate -s 9M $W/x_000000000000_keypoints.json", "too-large", "9437184 bytes"),
        ("for s in x y; do echo $ONE > $W/${s}_000000000000_keypoints.json; done", "duplicate-frame", "frame 0 twice"),
        (
            "for ((i = 0;; i++)); do echo $ONE > $W/x_$(printf %012d $i)_keypoints.json; sleep 0.01; done",
            "frames-differ",
            "frame 12",
        ),
    ],
    ids=["pipe", "folder", "link", "gone", "replaced", "large", "twice", "endless"],
)
def test_what_a_program_leaves_instead_of_frames_is_refused(
    tmp_path: Path, clip: Video, script: str, reason: str, says: str
) -> None:
    error = refused(scripted(tmp_path / "home", script), clip, "binary", stall_s=60)
    assert error.reason == reason and says in str(error)
    kept = refused(scripted(tmp_path / "other", script), clip, "binary", stall_s=60, keep_json=tmp_path / "kept")
    assert kept.reason == reason and not list((tmp_path / "kept").iterdir())


@pytest.mark.parametrize("number", ["1e300", "-1e300", "NaN"])
def test_coordinates_that_are_none_are_not_called_nobody(tmp_path: Path, clip: Video, number: str) -> None:
    script = "for i in {0..11}; do echo $ONE > $W/x_$(printf %012d $i)_keypoints.json; done"
    error = refused(scripted(tmp_path, script, number), clip, "binary")
    assert error.reason == ("nobody" if number.startswith("-") else "unusable-points")


@pytest.mark.parametrize(("rest", "reason"), [("wait", "estimator-stuck"), ("exit 3", "estimator-died")])
def test_what_a_script_has_started_ends_with_it(
    tmp_path: Path, clip: Video, monkeypatch: pytest.MonkeyPatch, rest: str, reason: str
) -> None:
    monkeypatch.setattr(openpose_binary, "START_S", 0)
    script = f"sleep 600 &\necho $! >> {tmp_path}/started\n{rest}\n"
    assert refused(scripted(tmp_path / "home", script), clip, "binary", stall_s=1).reason == reason
    started = (tmp_path / "started").read_text().split()
    assert len(started) == 2, "two tries"
    wait_until(lambda: not any(is_alive(int(pid)) for pid in started))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_openpose_ends_with_a_worker_that_is_killed(home: Path, clip: Video) -> None:
    tell(home, do="hang", at=3)
    script = (
        "import sys; from pathlib import Path; from prompt2sign.estimators.base import get_estimator;"
        "from prompt2sign.media import Video; from prompt2sign.options import PoseOptions;"
        "get_estimator(PoseOptions.model_validate_json(sys.argv[1])).estimate(Video(Path(sys.argv[2])))"
    )
    for door in DOORS:
        (home / "log.jsonl").unlink(missing_ok=True)
        (home / "happened").unlink(missing_ok=True)
        chosen = options(home, door, hand=False, face=False).model_dump_json()
        with subprocess.Popen([sys.executable, "-c", script, chosen, str(clip.path)]) as worker:
            wait_until((home / "happened").exists)
            worker.kill()
        (call,) = calls(home)
        wait_until(lambda pid=call["pid"]: not is_alive(pid))


def wait_until(true: Any, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
