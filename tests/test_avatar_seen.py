"""The embedded estimator looks at the avatar and finds the motion that it performs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import prompt2sign
from prompt2sign.drawing import frame_motions, write_video
from prompt2sign.estimators.base import Estimator, get_estimator
from prompt2sign.formats.keypoints import Keypoints
from prompt2sign.formats.motion import Motion
from prompt2sign.lifting import lift
from prompt2sign.lifting.normalise import joints_of
from prompt2sign.media import Video, trim
from prompt2sign.options import PoseOptions
from prompt2sign.skeleton import NECK, SKELETON
from prompt2sign.synthetic.avatar import film, perform_motion
from prompt2sign.synthetic.figure import SIGNERS
from prompt2sign.synthetic.truth import read_truth

from .test_avatar import as_motion

SAMPLE = Path(prompt2sign.__file__).parent / "sample"
SIZE = (360, 360)
BODY = [joint for joint in range(8) if joint != NECK]
HANDS = list(range(8, SKELETON.count))
MOST_BODY, MOST_HANDS = 0.10, 0.05


@pytest.fixture(scope="module")
def estimator() -> Estimator:
    pytest.importorskip("mediapipe")
    pytest.importorskip("numba", reason="drawing needs the render extra")
    return get_estimator(PoseOptions())


def filmed(motion: Motion, signer: str, estimator: Estimator, path: Path) -> Keypoints:
    """What the estimator makes of a video of the avatar."""
    camera = frame_motions([motion.xyz], SIZE)
    avatar = perform_motion(motion.xyz, motion.fps, SIGNERS[signer])
    write_video(path, film(avatar, camera, n_threads=2), motion.fps)
    return estimator.estimate(Video(path))[0]


def errors(motion: Motion, found: Keypoints) -> tuple[float, float]:
    """Median distance in the picture of body and of hands, shoulder widths, over joints that were observed."""
    joints = joints_of(found, 0.0)
    away = np.linalg.norm(joints.xy - motion.xyz[..., :2], axis=-1)
    seen = motion.observed & joints.seen
    assert seen[:, HANDS].mean() > 0.6, "the hands must be found to be measured"
    body, hands = (float(np.median(away[:, part][seen[:, part]])) for part in (BODY, HANDS))
    print(f"{len(away)} frames: body {body:.3f}, hands {hands:.3f} shoulder widths")
    return body, hands


@pytest.mark.mediapipe
def test_the_sample_signed_by_another_signer_is_the_same_motion(estimator: Estimator, tmp_path: Path) -> None:
    truth = read_truth(SAMPLE / "truth.npz")["sample-03"]
    xyz = as_motion(truth.xyz[truth.signing])[8:40:2]
    motion = Motion(xyz, np.ones(xyz.shape[:2], np.bool_), 12.5, 0.0, "truth")
    body, hands = errors(motion, filmed(motion, "david", estimator, tmp_path / "avatar.mp4"))
    assert body <= MOST_BODY and hands <= MOST_HANDS


@pytest.mark.long
@pytest.mark.shared
@pytest.mark.mediapipe
@pytest.mark.parametrize(
    ("clip", "signer"),
    [
        ("_0-JkwZ9o4Q_10-5-rgb_front", "anna"),
        ("_20g7MG8K1U_10-8-rgb_front", "bruno"),
        ("_20g7MG8K1U_3-8-rgb_front", "clara"),
        ("_20g7MG8K1U_16-8-rgb_front", "david"),
    ],
)
def test_real_signing_performed_by_the_avatar_is_the_same_motion(
    shared_data: Path, estimator: Estimator, clip: str, signer: str, tmp_path: Path
) -> None:
    source = shared_data / f"how2sign/clips/{clip}.mp4"
    info = Video(source).info
    # Without the last frame of a short one: of what needs no cutting, nothing is written.
    trim(source, tmp_path / "clip.mp4", start_s=0.0, end_s=min(2.5, (info.n_frames - 1) / info.fps))
    keypoints, _ = estimator.estimate(Video(tmp_path / "clip.mp4"))
    motion = lift(keypoints)
    body, hands = errors(motion, filmed(motion, signer, estimator, tmp_path / "avatar.mp4"))
    assert body <= MOST_BODY and hands <= MOST_HANDS
