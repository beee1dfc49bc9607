"""A ground truth for lifting: random but anatomically valid signing in 3D, and the keypoints that show it.

Realistic: bone lengths that never change; hands that hang on forearms, within the ranges of the joints; elbows that
differ from person to person; minimum-jerk movements with holds; hands before the face, at the body, crossed, at rest
and out of the picture; one- and two-handed stretches; a trunk that turns and leans; noise that lasts, grows with speed
and where points are hidden, and a confidence that knows something of it; missing points and hands.
Not realistic: the movements mean nothing; shoulders do not shrug; a palm is stiff; fingers may pass through one
another, and so do hands that act alike near the middle; forearms may touch the trunk; the camera looks straight ahead
and has no distortion; left and right are never confused, nobody else is in the picture; face and legs are not given.

Seeds 0 to 99 are for tuning, seeds from 1000 on for judging: what was chosen on a seed must not be judged by it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..formats.keypoints import Keypoints
from ..skeleton import (
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NOSE,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    SKELETON,
)  # fmt: skip
from .bodies import Build, draw_build
from .estimator import Camera, draw_picture, estimate
from .limbs import WRIST, limb
from .motion import MIRROR, wander
from .rotations import Array, about
from .score import hermite
from .signing import write_signing
from .solids import depth_inside

#: Axes of the trunk (x to the signer's left, y up) to those of a Motion (y down).
_DOWN = np.array([1.0, -1.0, 1.0])
#: How long before and after a hand would be inside the body it keeps clear of it, seconds.
_CLEAR_S = 0.16
#: Nearer than this a stretched arm would reach behind the camera, shoulder widths.
NEAREST_CAMERA = 3.0


@dataclass(frozen=True)
class LiftingTruth:
    """Signing whose third dimension is known.

    Attributes:
        xyz: (T, 50, 3) float64 joints of `SKELETON` in shoulder widths: x right, y down, z towards the camera, the
            neck at the origin of every frame; a shoulder width is the true distance of the shoulder joints.
        pixels: (T, 50, 2) float64 where they are in the picture, without noise, also outside of it.
        keypoints: What an estimator would have found, (T, 137, 3).
        trunk: (T, 3, 3) axes of the trunk in the columns: to the signer's left, up and forward.
        build: Whose body.
    """

    xyz: Array
    pixels: Array
    keypoints: Keypoints
    trunk: Array
    build: Build


def lifting_truth(
    seed: int,
    n_frames: int = 150,
    *,
    camera: Camera = "orthographic",
    noise: float = 0.012,
    hand_dropout: float = 0.0,
    fps: float = 25.0,
) -> LiftingTruth:
    """Make up a signer, signing, and what an estimator sees of it.

    Args:
        seed: The same seed gives the same bytes. The motion depends on seed, `n_frames` and `fps` only, so one motion
            can be seen by several cameras; noise and dropouts do not change one another either.
        n_frames: Length.
        camera: `"orthographic"`, or the distance of a pinhole camera from the neck in shoulder widths.
        noise: Usual error of a point in the picture, standard deviation along each axis, shoulder widths; 0 for none.
        hand_dropout: Share of the frames of each hand in which the whole hand is not found, in runs.
        fps: Frames per second.

    Returns:
        Truth and keypoints.

    Raises:
        ValueError: No frames, no frame rate, a camera amid the hands, or a share or noise that cannot be.
    """
    _check(n_frames, camera, noise, hand_dropout, fps)
    motion, look = (np.random.default_rng([seed, stream]) for stream in range(2))
    build = draw_build(motion)
    times_s = np.arange(n_frames) / fps
    xyz, trunk = _perform(times_s, fps, build, motion)
    picture = draw_picture(look, times_s, camera)
    pixels = picture.project(xyz)
    keypoints = estimate(xyz, pixels, picture, seed, noise=noise, hand_dropout=hand_dropout, fps=fps)
    return LiftingTruth(xyz, pixels, keypoints, trunk, build)


def _check(n_frames: int, camera: Camera, noise: float, hand_dropout: float, fps: float) -> None:
    if n_frames < 1 or not fps > 0:
        raise ValueError(f"n_frames and fps must be above 0, not {n_frames} and {fps}")
    if camera != "orthographic" and not float(camera) >= NEAREST_CAMERA:
        raise ValueError(
            f"camera is {camera}: orthographic, or a distance of at least {NEAREST_CAMERA} shoulder widths"
        )
    if not (noise >= 0 and 0 <= hand_dropout <= 1):
        raise ValueError(f"noise must not be below 0 and hand_dropout lie in 0 to 1, not {noise} and {hand_dropout}")


def _perform(times_s: Array, fps: float, build: Build, rng: np.random.Generator) -> tuple[Array, Array]:
    """What the signer does, (T, 50, 3), and the trunk's axes, in those of a Motion."""
    keys_s, keys = write_signing(rng, float(times_s[-1]) + 1.0, build)
    states = np.stack([_course(keys_s, keys[:, which], times_s, rng) for which in (0, 1)], axis=1)
    trunk, head = _trunk_and_head(times_s, rng)
    return signer_joints(states, trunk, head, build, fps), trunk * _DOWN[:, None]


def signer_joints(states: Array, trunk: Array, head: Array, build: Build, fps: float) -> Array:
    """All joints of a signer in the axes of a Motion.

    Args:
        states: (T, 2, 24) leading and other limb; a hand that would be inside the body is moved to before it.
        trunk: (T, 3, 3) the trunk's axes in the columns, y up.
        head: (T, 3, 3) the head's.
        build: Whose body.
        fps: Frames per second.

    Returns:
        (T, 50, 3) float64, shoulder widths, the neck at the origin.
    """
    hands = (0, 1) if build.left_handed else (1, 0)
    xyz = np.zeros((len(states), SKELETON.count, 3))
    sides = ((LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST, LEFT_HAND), (RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, RIGHT_HAND))
    for which, flip, (shoulder, elbow, wrist, hand) in zip(hands, (np.ones(3), MIRROR), sides, strict=True):
        arm = limb(_outside(states[:, which], build, fps), build)
        xyz[:, shoulder] = build.shoulder * flip
        xyz[:, elbow], xyz[:, wrist], xyz[:, hand] = arm.elbow * flip, arm.wrist * flip, arm.hand * flip
    xyz = np.einsum("tij,tkj->tki", trunk, xyz)
    xyz[:, NOSE] = head @ build.nose
    placed: Array = xyz * _DOWN
    return placed


def _course(keys_s: Array, keys: Array, times_s: Array, rng: np.random.Generator) -> Array:
    """(T, 24) one limb over time: arm, wrist, fingers and thumb each a little before or after the others."""
    states = hermite(keys_s, keys, times_s)
    for part, spread_s in ((slice(4, 7), 0.02), *((slice(start, start + 3), 0.025) for start in (7, 10, 13, 16))):
        states[:, part] = hermite(keys_s, keys[:, part], times_s + rng.normal(-0.03, spread_s))
    states[:, 3] += np.radians(4) * wander(times_s, 3.7, rng)
    return states


def _outside(states: Array, build: Build, fps: float) -> Array:
    """The same limb, moved forward where its hand would be inside head or trunk, and a little before and after."""
    reach = max(1, round(_CLEAR_S * fps))
    states = states.copy()
    for _ in range(8):
        arm = limb(states, build)
        points = np.concatenate([arm.wrist[:, None], arm.hand], axis=1)
        lacking = depth_inside(points).max(axis=1)
        if not lacking.any():
            break
        states[:, WRIST.stop - 1] += 1.02 * _spread(lacking, reach)
    return states


def _spread(values: Array, reach: int) -> Array:
    """(T,) never less than `values`, and smooth: the greatest within `reach` frames, then its moving average."""
    padded = np.pad(values, 2 * reach, mode="edge")
    greatest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(axis=1)
    window = np.hanning(2 * reach + 3)[1:-1]
    smooth: Array = np.convolve(greatest, window / window.sum(), mode="valid")
    return smooth


def _trunk_and_head(times_s: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Axes (T, 3, 3) of trunk and head: some people stand still, some turn up to 20 degrees."""
    lively = rng.uniform(0.2, 1.0)
    yaw = np.radians(rng.normal(0, 4)) + np.radians(16) * lively * wander(times_s, rng.uniform(3, 7), rng)
    lean = np.radians(rng.normal(2, 3)) + np.radians(5) * lively * wander(times_s, rng.uniform(3, 6), rng)
    tilt = np.radians(4) * lively * wander(times_s, rng.uniform(3, 6), rng)
    trunk = about("y", yaw) @ about("x", lean) @ about("z", tilt)
    turn = np.radians(18) * wander(times_s, rng.uniform(1.5, 3), rng)
    nod = np.radians(9) * wander(times_s, rng.uniform(0.8, 2), rng)
    head = trunk @ about("y", turn) @ about("x", nod) @ about("z", np.radians(5) * wander(times_s, 2.9, rng))
    return trunk, head
