"""How much a signer moves: what DTW does not see, since it rewards standing still."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import UsageError
from ..skeleton import BODY, LEFT_HAND, LEFT_WRIST, RIGHT_HAND, RIGHT_WRIST
from .checked import checked_motion
from .measure import Measure, mean_of, ratio

Array = NDArray[np.float64]
#: Below this share of the references' frames nothing is said of speed: a fragment may well be as fast as the truth.
LEAST_SHARE = 0.2


class Movement(NamedTuple):
    """What one clip adds up to; lengths in shoulder widths.

    Attributes:
        left_path: How far the left wrist travels.
        right_path: How far the right wrist travels.
        body_path: Mean way of the eight joints of the body.
        finger_path: Mean way of the 42 joints of the hands, each hand seen from its wrist.
        shake: Sum over frames of the mean size of the second difference of all joints.
        n_frames: Frames.
    """

    left_path: float
    right_path: float
    body_path: float
    finger_path: float
    shake: float
    n_frames: int


def movement(xyz: ArrayLike) -> Movement:
    """Measure one clip, (T, 50, 3) shoulder widths; one of a single frame moves nowhere.

    Raises:
        ClipRejected: It has no frame, or holds a number that is not finite.
        UsageError: The shape is another one.
    """
    motion = checked_motion(xyz, "motion")
    ways = _lengths(np.diff(motion, axis=0)).sum(axis=0)
    hands = ((LEFT_WRIST, LEFT_HAND), (RIGHT_WRIST, RIGHT_HAND))
    shapes = np.concatenate([motion[:, hand] - motion[:, [wrist]] for wrist, hand in hands], axis=1)
    fingers = _lengths(np.diff(shapes, axis=0)).sum(axis=0)
    shake = _lengths(np.diff(motion, n=2, axis=0)).sum(axis=0)
    left, right, body = float(ways[LEFT_WRIST]), float(ways[RIGHT_WRIST]), float(ways[BODY].mean())
    return Movement(left, right, body, float(fingers.mean()), float(shake.mean()), len(motion))


def total_distance(references: Sequence[ArrayLike], hypotheses: Sequence[ArrayLike]) -> float:
    """The total-distance ratio of the SLRTP 2025 challenge; 1 is as much movement as the truth.

    The mean way of a wrist over all hypotheses, over that of all references, averaged over both wrists. A wrist that no
    reference moves is left out (the challenge would divide by 0); NaN where neither moves.

    Raises:
        UsageError: The lists are empty or differ in length.
    """
    return movement_measures(references, hypotheses)[0].value


def movement_measures(references: Sequence[ArrayLike], hypotheses: Sequence[ArrayLike]) -> list[Measure]:
    """Everything about movement, each a ratio to the references, 1 at best.

    Args:
        references: N motions (T, 50, 3).
        hypotheses: N motions, of the same frame rate.

    Returns:
        `total distance` (as the challenge has it), `duration` (the mean over clips of the ratio of lengths, ditto),
        `body speed` and `finger speed` (way a frame), and `jitter` (second difference a frame), which tells shaking
        (above 1) from smoothing (below 1). These three are NaN where the hypotheses have less than `LEAST_SHARE` of
        the references' frames.

    Raises:
        UsageError: The lists are empty or differ in length.
        ClipRejected: A clip has no frame, or holds a number that is not finite.
    """
    if len(references) != len(hypotheses) or not len(references):
        raise UsageError(f"{len(references)} references and {len(hypotheses)} hypotheses cannot be compared in pairs")
    wanted, given = (np.array([movement(clip) for clip in clips]) for clips in (references, hypotheses))
    distance = Measure("total distance", "× truth", "one", np.hstack([given[:, :2], wanted[:, :2]]), _distance)
    duration = mean_of("duration", "× truth", "one", given[:, -1] / wanted[:, -1])
    rates = (("body speed", 2, 1), ("finger speed", 3, 1), ("jitter", 4, 2))
    return [distance, duration, *(_rate(name, wanted[:, [k, -1]], given[:, [k, -1]], lost) for name, k, lost in rates)]


def _rate(name: str, wanted: Array, given: Array, lost: int) -> Measure:
    """A sum a step against that of the references.

    Args:
        name: Of the measure.
        wanted: (N, 2) sums and frames of the references.
        given: (N, 2) of the hypotheses.
        lost: How many steps a clip has less than frames.
    """
    sums = np.maximum(np.hstack([given, wanted]) - [0, lost, 0, lost], 0)
    return Measure(name, "× truth", "one", sums, _speed)


def _speed(sums: Array) -> Array:
    """(R, 4) sum and steps of the hypotheses, sum and steps of the references."""
    rates = ratio(np.stack([ratio(sums[:, :2]), ratio(sums[:, 2:])], axis=1))
    return np.where(sums[:, 1] < LEAST_SHARE * sums[:, 3], np.nan, rates)


def _distance(sums: Array) -> Array:
    """(R, 4) left and right of the hypotheses, left and right of the references."""
    sides = np.stack([ratio(sums[:, [side, side + 2]]) for side in (0, 1)])
    moved = np.isfinite(sides)
    return ratio(np.stack([np.where(moved, sides, 0.0).sum(axis=0), moved.sum(axis=0)], axis=1))


def _lengths(vectors: Array) -> Array:
    lengths: Array = np.sqrt(np.einsum("tjc,tjc->tj", vectors, vectors))
    return lengths
