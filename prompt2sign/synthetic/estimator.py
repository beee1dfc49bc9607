"""What a pose estimator would make of true joints: pixels, errors, confidence, and what it does not find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..formats.keypoints import Keypoints
from ..skeleton import BODY, LEFT_HAND, N_KEYPOINTS, NECK, RIGHT_HAND, SKELETON
from .motion import wander
from .rotations import Array

#: `orthographic`, or the distance of a pinhole camera from the neck in shoulder widths.
Camera = Literal["orthographic"] | float
WIDTH_PX, HEIGHT_PX = 1280, 720
#: How much of the error stays from one frame to the next, and the share of the variance that does not last.
_LASTING, _FRESH = 0.85, 0.5
#: How often a point is grossly wrong, how long in frames, and how many times the usual error.
_GROSS_RATE, _GROSS_FRAMES, _GROSS_TIMES = 0.008, 2, 6.0
#: Error of the body's points against that of the hands'.
_BODY_TIMES = 0.9
#: How much more error a hidden point has, and a point that moves by one shoulder width a second.
_HIDDEN_TIMES, _SPEED_TIMES = 1.0, 0.2
#: Share of single points that are not found, and length of a run of frames in which a whole hand is not.
_SINGLE_LOSS, _RUN_FRAMES = 0.008, 5.0


@dataclass(frozen=True)
class Picture:
    """A camera and where the signer stands before it.

    Attributes:
        neck_px: (T, 2) the neck joint in the picture.
        width_px: Pixels a shoulder width at the neck's distance.
        distance: From camera to neck in shoulder widths, inf for an orthographic one.
    """

    neck_px: Array
    width_px: float
    distance: float

    def project(self, xyz: Array) -> Array:
        """(T, J, 2) pixels of points (T, J, 3) in the axes of a Motion; the optical axis meets the picture's middle."""
        middle = np.array([WIDTH_PX / 2, HEIGHT_PX / 2])
        beside = (self.neck_px - middle)[:, None] + xyz[..., :2] * self.width_px
        nearer = 1.0 / (1.0 - xyz[..., 2:] / self.distance)
        pixels: Array = middle + beside * nearer
        return pixels


def draw_picture(rng: np.random.Generator, times_s: Array, camera: Camera) -> Picture:
    """Draw where in a picture of 1280 x 720 pixels the signer stands, how large, and how she sways."""
    distance = np.inf if camera == "orthographic" else float(camera)
    width_px = rng.uniform(190.0, 240.0)
    place = np.array([rng.uniform(600.0, 680.0), HEIGHT_PX - width_px * rng.uniform(1.6, 2.1)])
    sway = np.stack([wander(times_s, period_s, rng) for period_s in (5.3, 2.9)], axis=1) * [0.04, 0.015]
    return Picture(place + sway * width_px, width_px, distance)


def estimate(
    xyz: Array, pixels: Array, picture: Picture, seed: int, *, noise: float, hand_dropout: float, fps: float
) -> Keypoints:
    """Keypoints (T, 137, 3) of true joints.

    Args:
        xyz: (T, 50, 3) true joints, shoulder widths.
        pixels: (T, 50, 2) the same in the picture.
        picture: Camera.
        seed: Decides on errors and losses.
        noise: Usual error, shoulder widths.
        hand_dropout: Share of frames in which each hand is not found.
        fps: Frames per second.
    """
    wrong, lost = (np.random.default_rng([seed, stream]) for stream in (2, 3))
    hidden = hidden_points(xyz, pixels / picture.width_px)
    speed = np.linalg.norm(np.gradient(xyz, axis=0) if len(xyz) > 1 else np.zeros_like(xyz), axis=-1) * fps
    times = (1.0 + _HIDDEN_TIMES * hidden) * (1.0 + _SPEED_TIMES * speed)
    times[:, BODY] *= _BODY_TIMES
    error = noise * times[..., None] * _unit_errors(wrong, len(xyz), SKELETON.count)
    confidence = _confidence(wrong, np.linalg.norm(error, axis=-1), hidden, speed)
    found = pixels + error * picture.width_px
    missing = _missing(lost, pixels, found, hand_dropout)
    values = np.concatenate([found, confidence[..., None]], axis=-1)
    xyc = np.zeros((len(xyz), N_KEYPOINTS, 3), dtype=np.float32)
    xyc[:, list(SKELETON.from_keypoints)] = np.where(missing[..., None], 0.0, values)
    return Keypoints(xyc, fps, WIDTH_PX, HEIGHT_PX, "synthetic 1")


def hidden_points(xyz: Array, places: Array) -> NDArray[np.bool_]:
    """(T, 50) which hand points lie behind others: more than 0.05 shoulder widths farther, within 0.06 of them.

    Args:
        xyz: (T, 50, 3) true joints.
        places: (T, 50, 2) in the picture, shoulder widths.
    """
    hands = np.r_[LEFT_HAND, RIGHT_HAND]
    place, depth = places[:, hands].astype(np.float32), xyz[:, hands, 2].astype(np.float32)
    near = np.ones((len(xyz), len(hands), len(hands)), dtype=bool)
    for axis in (0, 1):
        near &= np.abs(place[:, :, None, axis] - place[:, None, :, axis]) < 0.05
    near &= depth[:, None, :] - depth[:, :, None] > 0.05
    hidden = np.zeros(xyz.shape[:2], dtype=bool)
    hidden[:, hands] = near.sum(axis=-1) >= 2
    return hidden


def _unit_errors(rng: np.random.Generator, n_frames: int, n_joints: int) -> Array:
    """(T, 50, 2) errors of unit variance but for the gross ones: partly lasting, partly fresh, rarely gross."""
    fresh = rng.normal(size=(n_frames, n_joints, 2))
    steps = rng.normal(size=(n_frames, n_joints, 2)) * np.sqrt(1 - _LASTING**2)
    lasting = np.empty_like(steps)
    state = rng.normal(size=(n_joints, 2))
    for frame, step in enumerate(steps):
        state = _LASTING * state + step
        lasting[frame] = state
    errors: Array = np.sqrt(1 - _FRESH) * lasting + np.sqrt(_FRESH) * fresh
    gross = _in_runs(rng.random((n_frames, n_joints)) < _GROSS_RATE, _GROSS_FRAMES)
    shift = rng.normal(size=(n_frames, n_joints, 2)) * _GROSS_TIMES
    return errors + gross[..., None] * shift


def _in_runs(starts: NDArray[np.bool_], n_frames: int) -> NDArray[np.bool_]:
    """Each True, and as many frames after it as make a run of `n_frames`."""
    runs = starts.copy()
    for later in range(1, n_frames):
        runs[later:] |= starts[:-later]
    return runs


def _confidence(rng: np.random.Generator, error: Array, hidden: NDArray[np.bool_], speed: Array) -> Array:
    """(T, 50) from 0.05 to 0.98: lower where the error is large, the point hidden or fast, and somewhat by chance."""
    hands = np.ones(error.shape[1])
    hands[BODY] = 0.0
    value = 0.9 - 0.1 * hands - 5.0 * error - 0.15 * hidden - 0.03 * speed + rng.normal(0.0, 0.07, error.shape)
    clipped: Array = np.clip(value, 0.05, 0.98)
    return clipped


def _missing(rng: np.random.Generator, pixels: Array, found: Array, hand_dropout: float) -> NDArray[np.bool_]:
    """(T, 50) what is not found: outside of the picture, single points, and whole hands for runs of frames."""
    inside = ((found >= 0) & (found < [WIDTH_PX, HEIGHT_PX])).all(axis=-1)
    single = rng.random(found.shape[:2]) < _SINGLE_LOSS
    single[:, [NECK]] = False
    missing: NDArray[np.bool_] = ~inside | single
    for hand in (LEFT_HAND, RIGHT_HAND):
        missing[:, hand] |= _lost_frames(rng, pixels[:, hand.start], hand_dropout)[:, None]
    return missing


def _lost_frames(rng: np.random.Generator, root: Array, share: float) -> NDArray[np.bool_]:
    """(T,) runs of frames, more likely where the hand is fast, that add up to `share` of all frames."""
    n_frames = len(root)
    lost = np.zeros(n_frames, dtype=bool)
    step = np.linalg.norm(np.gradient(root, axis=0), axis=1) if n_frames > 1 else np.zeros(1)
    weight = step + step.mean() + 1e-9
    while lost.sum() < round(share * n_frames):
        start = int(rng.choice(n_frames, p=weight / weight.sum()))
        length = min(int(rng.geometric(1 / _RUN_FRAMES)), round(share * n_frames) - int(lost.sum()))
        lost[start : start + length] = True
    return lost
