"""The Frechet distance between generated and real signing, in a fixed space of features that have names.

Both sets are taken for Gaussians: d^2 = |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)) (Dowson and Landau 1982; as the
FID of images, Heusel et al. 2017). FID owes its sense to one public network that everybody uses. For signing there is
none: those of papers were trained by each on its own data, so their numbers compare to nothing, and a random network
would hide what it sees. Here a half-second of signing is described by what a person could measure on it: where each
hand is, how far its fingers are stretched, where palm and hand point, how fast it moves, turns and changes shape. So
the space is the same for everybody, for ever, and a large distance can be taken apart into the features that differ
(`explain`).

What it tells: whether the generated half-seconds are spread as the real ones are. A model that stands still, that
trembles, or that knows three handshapes, is far away although its DTW may be low. What it does not tell: whether the
signs are the right ones (it never sees the text), what order they come in, or anything but means and covariances. It
compares to no published FID. With few clips it is too high, by an amount that depends on how many; so there is no
value below `MIN_CLIPS` clips or `MIN_WINDOWS` windows, systems must be compared on the same clips, and `halves` gives
what two halves of the real clips are apart, on half as many clips. There is no bootstrap interval, because clips that
are drawn twice push the distance up.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh

from ..errors import UsageError
from ..skeleton import FINGERS, HAND, LEFT_HAND, LEFT_WRIST, RIGHT_HAND, RIGHT_WRIST
from .checked import checked_motion

Array = NDArray[np.float64]

#: Below so many clips on either side there is no value.
MIN_CLIPS = 50
WINDOW_S = 0.5
_AXES = ("x", "y", "z")
_HANDS = (("left", LEFT_WRIST, LEFT_HAND), ("right", RIGHT_WRIST, RIGHT_HAND))
_PER_HAND = (
    *(f"wrist {axis}" for axis in _AXES),
    *(f"{finger} stretch" for finger in FINGERS),
    *(f"palm {axis}" for axis in _AXES),
    *(f"pointing {axis}" for axis in _AXES),
)
_RATES = ("wrist speed", "stretch speed", "turning speed")
#: What stands in each column of `window_features`.
FEATURES = tuple(f"{side} {name}" for name_set in (_PER_HAND, _RATES) for side, _, _ in _HANDS for name in name_set)

#: Nor below so many windows, ten a feature.
MIN_WINDOWS = 10 * len(FEATURES)

_TIPS = np.array([HAND.index(f"{finger}_4") for finger in FINGERS])
_INDEX, _MIDDLE, _LITTLE = (HAND.index(f"{finger}_1") for finger in ("index", "middle", "little"))
#: A palm or a finger shorter than this, in shoulder widths, has no direction.
_SHORTEST = 1e-3


def window_features(xyz: ArrayLike, fps: float) -> Array:
    """Describe every half-second of a clip; windows overlap by half, what is left over at the end is not seen.

    Args:
        xyz: (T, 50, 3) shoulder widths.
        fps: Frames per second.

    Returns:
        (W, 34) in the order of `FEATURES`: positions in shoulder widths, stretch as the way from root to fingertip in
        hand sizes (root to middle knuckle), directions as unit vectors, speeds as log(1 + change a second). W is 0
        where the clip is shorter than a window.

    Raises:
        ClipRejected: No frame, or a number that is not finite.
        UsageError: The shape or the frame rate is none.
    """
    if not fps > 0:
        raise UsageError(f"a motion of {fps} frames per second has no half-seconds")
    motion = checked_motion(xyz, "motion")
    n_frames = max(2, round(WINDOW_S * fps))
    if len(motion) < n_frames:
        return np.zeros((0, len(FEATURES)))
    hands = [_hand(motion[:, wrist], motion[:, hand]) for _, wrist, hand in _HANDS]
    means = [_windows(hand, n_frames, n_frames // 2) for hand in hands]
    rates = [np.log1p(_windows(_changes(hand) * fps, n_frames - 1, n_frames // 2)) for hand in hands]
    return np.concatenate([*means, *rates], axis=1)


def frechet(references: Sequence[ArrayLike], hypotheses: Sequence[ArrayLike], fps: float) -> float:
    """The Frechet distance, squared as FID is, between the windows of two sets of clips.

    Args:
        references: Real motions (T, 50, 3) in shoulder widths.
        hypotheses: Generated motions; they need be neither paired nor as many.
        fps: Frames per second of both.

    Returns:
        0 or more; NaN where either side has fewer than `MIN_CLIPS` clips of half a second or `MIN_WINDOWS` windows.
    """
    both = [_described(clips, fps) for clips in (references, hypotheses)]
    if any(len(clips) < MIN_CLIPS or sum(map(len, clips)) < MIN_WINDOWS for clips in both):
        return float("nan")
    return gaussian_distance(*(_moments(clips) for clips in both))


def halves(motions: Sequence[ArrayLike], fps: float) -> float:
    """What the even and the odd of these clips are apart: the distance that chance alone makes; NaN as `frechet`."""
    return frechet(motions[::2], motions[1::2], fps)


def explain(
    references: Sequence[ArrayLike], hypotheses: Sequence[ArrayLike], fps: float
) -> dict[str, tuple[float, float]]:
    """How the features differ, one by one, the most different first.

    Returns:
        By name: the difference of means and the ratio of spreads, both against the spread of the references.

    Raises:
        UsageError: A side has no clip of half a second.
    """
    both = [_described(clips, fps) for clips in (references, hypotheses)]
    if not all(both):
        raise UsageError("no clip is half a second long, so there is nothing to compare")
    (mean, spread), (other_mean, other_spread) = ((w.mean(axis=0), w.std(axis=0)) for w in map(np.concatenate, both))
    spread = np.maximum(spread, _SHORTEST)
    shift, width = (other_mean - mean) / spread, other_spread / spread
    order = np.argsort(-np.abs(shift), kind="stable")
    return {FEATURES[k]: (float(shift[k]), float(width[k])) for k in order}


def gaussian_distance(first: tuple[Array, Array], second: tuple[Array, Array]) -> float:
    """The squared Frechet distance of two Gaussians.

    (S1 S2)^(1/2) has the trace of (S1^(1/2) S2 S1^(1/2))^(1/2), which is symmetric: its root is real however close to
    singular the covariances are.

    Args:
        first: Mean (D,) and covariance (D, D).
        second: The same.
    """
    (mean, covariance), (other_mean, other_covariance) = first, second
    values, vectors = eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    crossed = np.maximum(eigh(root @ other_covariance @ root, eigvals_only=True), 0.0)
    spread = np.trace(covariance) + np.trace(other_covariance) - 2 * np.sqrt(crossed).sum()
    return float(max(0.0, np.sum((mean - other_mean) ** 2) + spread))


def _described(clips: Sequence[ArrayLike], fps: float) -> list[Array]:
    """The windows of each clip that has any."""
    return [windows for windows in (window_features(clip, fps) for clip in clips) if len(windows)]


def _moments(clips: Sequence[Array]) -> tuple[Array, Array]:
    windows = np.concatenate(clips)
    return windows.mean(axis=0), np.cov(windows, rowvar=False)


def _hand(wrist: Array, joints: Array) -> Array:
    """(T, 14) what one hand does in each frame; `wrist` (T, 3), `joints` (T, 21, 3)."""
    root = joints[:, 0]
    along, across = joints[:, _MIDDLE] - root, joints[:, _INDEX] - joints[:, _LITTLE]
    size = np.maximum(np.linalg.norm(along, axis=1, keepdims=True), _SHORTEST)
    stretch = np.linalg.norm(joints[:, _TIPS] - root[:, None], axis=2) / size
    palm = _direction(np.cross(_direction(along), _direction(across)))
    return np.concatenate([wrist, stretch, palm, _direction(along)], axis=1)


def _changes(hand: Array) -> Array:
    """(T - 1, 3) how much the wrist, the stretch of the fingers, and the two directions change, from (T, 14)."""
    change = np.diff(hand, axis=0)
    parts = (change[:, :3], change[:, 3:8], change[:, 8:])
    return np.stack([np.linalg.norm(part, axis=1) for part in parts], axis=1)


def _windows(values: Array, length: int, step: int) -> Array:
    """(W, K) means of (T, K) over windows."""
    windows = np.lib.stride_tricks.sliding_window_view(values, length, axis=0)[::step]
    means: Array = windows.mean(axis=-1)
    return means


def _direction(vectors: Array) -> Array:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions: Array = np.where(lengths > _SHORTEST, vectors / np.maximum(lengths, _SHORTEST), 0.0)
    return directions
