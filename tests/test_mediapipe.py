"""The embedded estimator finds the signer, and says the same of a clip whatever it saw before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from prompt2sign.errors import ClipRejected, MissingError, UsageError
from prompt2sign.estimators import base
from prompt2sign.estimators.base import Estimator, get_estimator, installed_version
from prompt2sign.estimators.mediapipe_body import track_body
from prompt2sign.estimators.mediapipe_hands import Hand, assign, fill_from_holistic, fits
from prompt2sign.estimators.quiet import native_stderr_silenced
from prompt2sign.formats.keypoints import Keypoints
from prompt2sign.media import Video, trim
from prompt2sign.options import PoseOptions
from prompt2sign.skeleton import (
    KEYPOINTS_FACE,
    KEYPOINTS_LEFT_HAND,
    KEYPOINTS_RIGHT_HAND,
    LEFT_WRIST,
    NECK,
    NOSE,
    RIGHT_WRIST,
    SKELETON,
)
from prompt2sign.synthetic.truth import read_truth

from .media_files import ffmpeg, numbered_video

SAMPLE = Path(__file__).resolve().parents[1] / "prompt2sign" / "sample" / "videos"
HANDS = (KEYPOINTS_LEFT_HAND, KEYPOINTS_RIGHT_HAND)


@pytest.fixture(scope="module")
def estimator() -> Estimator:
    pytest.importorskip("mediapipe")
    return get_estimator(PoseOptions())


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Video]:
    """Twelve frames out of the middle of two sample videos."""
    folder = tmp_path_factory.mktemp("clips")
    for number in (1, 2):
        trim(SAMPLE / f"sample-0{number}.mp4", folder / f"{number}.mp4", start_s=1.6, end_s=2.08)
    return [Video(folder / f"{number}.mp4") for number in (1, 2)]


@pytest.fixture(scope="module")
def estimates(estimator: Estimator, clips: list[Video]) -> list[tuple[Keypoints, dict[str, Any]]]:
    """What is said of each clip."""
    return [estimator.estimate(clip) for clip in clips]


def hand_at(x: float, y: float) -> Hand:
    return np.full((21, 5), (x, y, 0, 0, 0), dtype=np.float32)


WRISTS = np.array([[100, 0], [0, 0]], dtype=np.float32)


def test_hands_go_to_the_wrists_they_hang_on() -> None:
    left, right, far = hand_at(90, 0), hand_at(10, 0), hand_at(50, 300)
    for found in ([left, right], [right, left]):
        given = assign(found, WRISTS, 60)
        assert given[0] is left and given[1] is right
    assert assign([right], WRISTS, 60)[0] is None and assign([right], WRISTS, 60)[1] is right
    assert assign([far, left], WRISTS, 60)[0] is left and assign([far, left], WRISTS, 60)[1] is None
    assert assign([far], WRISTS, 60) == assign([], WRISTS, 60) == [None, None]


def test_hands_that_touch_are_given_by_the_sum_of_distances() -> None:
    near_left, nearer_left = hand_at(60, 0), hand_at(70, 0)
    given = assign([nearer_left, near_left], WRISTS, 80)
    assert given[0] is nearer_left and given[1] is near_left


def test_a_second_look_takes_no_far_hand_and_not_the_other_hand_again() -> None:
    wrist = WRISTS[0]
    assert fits(hand_at(130, 0), wrist, None, 100)
    assert not fits(hand_at(140, 0), wrist, None, 100)
    assert not fits(hand_at(110, 0), wrist, hand_at(100, 0), 100)
    assert fits(hand_at(110, 0), wrist, hand_at(90, 0), 100)


def test_unknown_names_are_told_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"'nobody'.*mediapipe"):
        get_estimator(PoseOptions(estimator="nobody"))
    with pytest.raises(UsageError, match="mediapipe"):
        installed_version("nobody")


def test_a_missing_package_is_named_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base.util, "find_spec", lambda _name: None)
    with pytest.raises(MissingError, match=r'pip install "prompt2sign\[mediapipe\]"'):
        get_estimator(PoseOptions())


def test_native_noise_is_held_back_and_shown_when_something_fails(capfd: pytest.CaptureFixture[str]) -> None:
    with native_stderr_silenced():
        os.write(2, b"noise\n")
    with pytest.raises(ValueError, match="broken"), native_stderr_silenced():
        os.write(2, b"the cause\n")
        raise ValueError("broken")
    with pytest.raises(ClipRejected), native_stderr_silenced():
        os.write(2, b"noise\n")
        raise ClipRejected("nobody", "an expected end")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "the cause\nafter\n"


@pytest.mark.mediapipe
def test_the_signer_is_found_in_every_frame(estimates: list[tuple[Keypoints, dict[str, Any]]]) -> None:
    keypoints, values = estimates[0]
    assert keypoints.xyc.shape == (12, 137, 3) and keypoints.xyc.dtype == np.float32
    assert (keypoints.fps, keypoints.width, keypoints.height) == (25.0, 480, 360)
    assert keypoints.estimator == f"mediapipe {installed_version('mediapipe')}"
    assert values["body_rate"] == values["face_rate"] == 1.0
    assert min(values["left_hand_rate"], values["right_hand_rate"]) > 0.7
    json.dumps(values)
    x, y, confidence = np.moveaxis(keypoints.xyc, 2, 0)
    assert (confidence[:, :8] > 0.5).all() and np.isfinite(keypoints.xyc).all()
    # The signer's right side is on the left of the picture; the nose is above the neck.
    assert (x[:, 2] < x[:, 5]).all() and (y[:, 0] < y[:, 1]).all()
    assert np.allclose(keypoints.xyc[:, 1, :2], keypoints.xyc[:, [2, 5], :2].mean(axis=1), atol=0.01)


@pytest.mark.mediapipe
def test_parts_hang_together(estimates: list[tuple[Keypoints, dict[str, Any]]]) -> None:
    keypoints, _ = estimates[0]
    points, shoulder = keypoints.xyc[..., :2], np.linalg.norm(keypoints.xyc[0, 2, :2] - keypoints.xyc[0, 5, :2])
    for part, wrist in zip(HANDS, (7, 4), strict=True):
        found = keypoints.xyc[:, part, 2].max(axis=1) > 0
        assert np.all(np.linalg.norm(points[found, part.start] - points[found, wrist], axis=1) < 0.6 * shoulder)
        assert not keypoints.xyc[~found, part].any()
    # Face point 30 is the tip of the nose; 68 and 69, the pupils, are not estimated.
    assert np.all(np.linalg.norm(points[:, KEYPOINTS_FACE.start + 30] - points[:, 0], axis=1) < 0.15 * shoulder)
    assert not keypoints.xyc[:, KEYPOINTS_FACE][:, 68:].any()


@pytest.mark.mediapipe
def test_metres_are_given_for_body_and_hands(estimates: list[tuple[Keypoints, dict[str, Any]]]) -> None:
    keypoints, _ = estimates[0]
    assert keypoints.world is not None and keypoints.world.shape == keypoints.xyc.shape
    shoulders = np.linalg.norm(keypoints.world[:, 2] - keypoints.world[:, 5], axis=1)
    assert np.all((shoulders > 0.2) & (shoulders < 0.5))
    assert np.allclose(keypoints.world[:, 8], 0, atol=0.01), "the body's origin is the middle of the hips"
    assert np.isnan(keypoints.world[:, KEYPOINTS_FACE]).all()
    for part in HANDS:
        found = keypoints.xyc[:, part, 2].max(axis=1) > 0
        assert not keypoints.world[found, part.start].any(), "a hand's origin is its root"
        assert np.isnan(keypoints.world[~found, part]).all()


@pytest.mark.mediapipe
def test_depth_points_towards_the_camera_as_the_truth_does(estimates: list[tuple[Keypoints, dict[str, Any]]]) -> None:
    """The clips are the frames from 1.6 s on, at 25 a second, of `sample-01` and `sample-02`."""
    truths = read_truth(SAMPLE.parent / "truth.npz")
    right, n_bones = 0, 0
    for number, (keypoints, _) in enumerate(estimates, 1):
        assert keypoints.world is not None
        true, world = truths[f"sample-{number:02d}"].xyz[40:52], keypoints.world[:, SKELETON.from_keypoints]
        for front in (NOSE, RIGHT_WRIST, LEFT_WRIST):
            assert (true[:, front, 2] > true[:, NECK, 2]).all() and (world[:, front, 2] > world[:, NECK, 2]).all()
        start, end = SKELETON.bones[np.isin(SKELETON.bones[:, 0], np.r_[8:50])].T
        bones, found = true[:, end] - true[:, start], world[:, end, 2] - world[:, start, 2]
        steep = (np.abs(bones[..., 2]) > 0.5 * np.linalg.norm(bones, axis=-1)) & np.isfinite(found)
        right, n_bones = right + (found * bones[..., 2] > 0)[steep].sum(), n_bones + steep.sum()
    assert n_bones > 50 and right > 0.9 * n_bones


@pytest.mark.mediapipe
def test_hands_of_holistic_get_metres_from_the_picture(
    clips: list[Video], estimates: list[tuple[Keypoints, dict[str, Any]]]
) -> None:
    keypoints, _ = estimates[0]
    solutions = pytest.importorskip("mediapipe").solutions
    with native_stderr_silenced():
        sides: list[list[Hand | None]] = [[None, None] for _ in range(12)]
        assert fill_from_holistic(solutions, clips[0], track_body(solutions, clips[0]), sides) > 12
    assert keypoints.world is not None
    both = [
        (hand[:, 2:], keypoints.world[frame, part])
        for frame, hands in enumerate(sides)
        for hand, part in zip(hands, HANDS, strict=True)
        if hand is not None and np.isfinite(keypoints.world[frame, part]).all()
    ]
    picture, metres = (np.stack(points).reshape(-1, 3) for points in zip(*both, strict=True))
    for axis, least in enumerate((0.9, 0.9, 0.5)):
        assert np.corrcoef(picture[:, axis], metres[:, axis])[0, 1] > least
    assert np.all((picture.std(axis=0) / metres.std(axis=0) > 0.5) & (picture.std(axis=0) / metres.std(axis=0) < 2))


def same(one: Keypoints, other: Keypoints) -> bool:
    assert one.world is not None and other.world is not None
    return one.xyc.tobytes() == other.xyc.tobytes() and one.world.tobytes() == other.world.tobytes()


@pytest.mark.mediapipe
def test_a_clip_is_seen_alike_alone_after_others_and_in_another_process(
    estimator: Estimator, clips: list[Video], estimates: list[tuple[Keypoints, dict[str, Any]]], tmp_path: Path
) -> None:
    after, values = estimates[1]
    again, same_values = estimator.estimate(clips[1])
    assert same(after, again) and values == same_values
    script = (
        "import sys; from pathlib import Path; from prompt2sign.estimators.base import get_estimator;"
        "from prompt2sign.options import PoseOptions;"
        "from prompt2sign.media import Video;"
        "k, _ = get_estimator(PoseOptions()).estimate(Video(Path(sys.argv[1])));"
        "Path(sys.argv[2]).write_bytes(k.xyc.tobytes() + k.world.tobytes())"
    )
    command = [sys.executable, "-c", script, str(clips[1].path), str(tmp_path / "alone")]
    alone = subprocess.run(command, capture_output=True, check=True)
    assert after.world is not None
    assert (tmp_path / "alone").read_bytes() == after.xyc.tobytes() + after.world.tobytes()
    assert alone.stderr == b"", "mediapipe must be silent"


@pytest.mark.mediapipe
def test_high_quality_fills_hands_and_changes_none_that_is_found(
    clips: list[Video], estimates: list[tuple[Keypoints, dict[str, Any]]]
) -> None:
    fast, _ = estimates[0]
    high, values = get_estimator(PoseOptions(quality="high")).estimate(clips[0])
    found = fast.xyc[..., 2] > 0
    assert np.array_equal(fast.xyc[found], high.xyc[found])
    n_more = sum(
        (high.xyc[:, part, 2] > 0).any(axis=1).sum() - (fast.xyc[:, part, 2] > 0).any(axis=1).sum() for part in HANDS
    )
    assert n_more == values["hands_filled"]


@pytest.mark.mediapipe
def test_the_estimator_says_what_it_is(estimator: Estimator) -> None:
    says = estimator.describe()
    assert (says["name"], says["version"]) == ("mediapipe", installed_version("mediapipe"))
    assert len(says["weights"]) == 6 and all(len(digest) == 64 for digest in says["weights"].values())
    assert json.loads(json.dumps(says)) == says


@pytest.mark.mediapipe
def test_a_video_without_a_person_is_rejected(estimator: Estimator, tmp_path: Path) -> None:
    with pytest.raises(ClipRejected, match=r"empty.mp4: no person") as caught:
        estimator.estimate(Video(numbered_video(tmp_path / "empty.mp4", 3)))
    assert caught.value.reason == "nobody"


@pytest.mark.mediapipe
def test_frames_without_a_person_are_zeros_and_none_is_dropped(estimator: Estimator, tmp_path: Path) -> None:
    scene = ["-vf", "drawbox=t=fill:color=gray:enable='between(n,4,9)'", "-c:v", "libx264", "-crf", "10"]
    ffmpeg("-ss", "1.6", "-i", SAMPLE / "sample-01.mp4", "-frames:v", "14", *scene, tmp_path / "gap.mp4")
    keypoints, values = estimator.estimate(Video(tmp_path / "gap.mp4"))
    seen = keypoints.xyc[:, 2, 2] > 0
    assert len(seen) == 14 and seen[:4].all() and seen[12:].all()
    assert values["body_rate"] == seen.mean() < 1 and not keypoints.xyc[~seen, :25].any()


@pytest.mark.mediapipe
@pytest.mark.shared
def test_real_signing_agrees_with_published_poses(estimator: Estimator, shared_data: Path, tmp_path: Path) -> None:
    """Against MediaPipe Holistic by another hand: the median over hand points both see."""
    pose_format = pytest.importorskip("pose_format")
    for name in ("_0fO5ETSwyg_0-5-rgb_front", "_20g7MG8K1U_10-8-rgb_front"):
        trim(shared_data / "how2sign" / "clips" / f"{name}.mp4", tmp_path / "x", end_s=0.5)
        ours, values = estimator.estimate(Video(tmp_path / "x"))
        with (shared_data / "how2sign" / "poses" / f"{name}.pose").open("rb") as file:
            body = pose_format.Pose.read(file.read()).body
        theirs, sure = np.ma.filled(body.data[:12, 0, :, :2], 0), body.confidence[:12, 0]
        shoulder = float(np.median(np.linalg.norm(ours.xyc[:, 2, :2] - ours.xyc[:, 5, :2], axis=1)))
        assert min(values["body_rate"], values["left_hand_rate"], values["right_hand_rate"]) >= 0.9
        for part, first in zip(HANDS, (33, 54), strict=True):
            both = (ours.xyc[:, part, 2] > 0) & (sure[:, first : first + 21] > 0)
            apart = np.linalg.norm(ours.xyc[:, part, :2] - theirs[:, first : first + 21], axis=2)
            assert both.any() and np.median(apart[both]) < 0.04 * shoulder
