"""A place in the picture for every joint in every frame: what was not seen is filled in, and stays marked as such."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..skeleton import (
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NECK,
    NOSE,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    SKELETON,
)
from .anthropometry import relaxed_hand, typical_lengths
from .arrays import Array, constant, dot, laid_out, namespace, unit
from .smooth import Smoother

#: Rounds of asking the neighbours: each lets a gap learn from neighbours one bone further away.
_ROUNDS = 2
#: Rows of 50 numbers that no BLAS spreads over threads.
_ROWS = 64
#: Weight of a joint that is not seen: a guess, but the best there is.
FILLED_WEIGHT = 0.3
#: Directions from parent to child of a body at rest, arms hanging; x to the right of the picture, y down.
_AT_REST = {
    "nose": (0.0, -1.0),
    "right_shoulder": (-1.0, 0.0),
    "left_shoulder": (1.0, 0.0),
    "right_elbow": (-0.2, 0.98),
    "left_elbow": (0.2, 0.98),
    "right_wrist": (0.0, 1.0),
    "left_wrist": (0.0, 1.0),
}
#: Tension of a bridge of strength 1: gaps of a few frames are bridged in a curve, long ones straight. Where strength
#: grows with the fourth power of the frame rate, tension does with its square.
_TENSION = 0.05


def fill(xy: Array, seen: Array, strength: float) -> Array:
    """Positions without gaps.

    A joint that is lost for a while goes on moving with its neighbours on the body: what is bridged smoothly over the
    gap is not its place but its offset from the mean of theirs. A body joint that is never seen hangs from its parent
    as in a body at rest, but a wrist is where the hand's root is; a hand that is never seen continues the forearm,
    relaxed.

    Args:
        xy: (T, 2, B, 50) shoulder widths around the neck; anything where not seen.
        seen: (T, B, 50) bool.
        strength: Of the smoothing that bridges gaps.

    Returns:
        (T, 2, B, 50): `xy` where it was seen.
    """
    xp = namespace(xy)
    if bool(xp.all(seen)):
        return xy
    known = laid_out(xp.broadcast_to(seen[:, None], xy.shape))
    places, weights = xp.where(known, xy, 0.0), xp.astype(known, xy.dtype)
    bridge = Smoother(weights, strength, _TENSION * strength**0.5)
    ever = xp.any(seen, axis=0)
    at_rest = _at_rest(xp.where(known, places, bridge(places)), ever)
    held, from_neighbours = known | ~ever, constant(_mean_of_neighbours().T, xy)
    filled = at_rest
    for _ in range(_ROUNDS):
        around = _product(filled.reshape((-1, SKELETON.count)), from_neighbours).reshape(xy.shape)
        filled = xp.where(held, at_rest, around + bridge(weights * (places - around)))
    return filled


def _product(rows: Array, matrix: Array) -> Array:
    """(N, 50) of rows (N, 50) and a matrix, a few rows at a time.

    Of many, threads take a share each, and how many threads there are would decide the last bit.
    """
    blocks = (rows[start : start + _ROWS] @ matrix for start in range(0, len(rows), _ROWS))
    return namespace(rows).concat(list(blocks))


@cache
def _mean_of_neighbours() -> NDArray[np.float64]:
    """(50, 50) takes the mean of each joint's neighbours: its bones' other ends, and the points of the next fingers.

    The head and the shoulders have the neck alone, and the neck itself: it is the origin.
    """
    beside = np.zeros((SKELETON.count, SKELETON.count))
    for parent, child in SKELETON.bones:
        beside[child, parent] = 1
        beside[parent, child] = child not in (NOSE, LEFT_SHOULDER, RIGHT_SHOULDER) and parent != NECK
    for hand in (LEFT_HAND, RIGHT_HAND):
        fingers = np.arange(SKELETON.count)[hand][5:].reshape(4, 4)
        for first, second in itertools.pairwise(fingers):
            beside[first, second] = beside[second, first] = 1
    beside[[NOSE, LEFT_SHOULDER, RIGHT_SHOULDER]] = 0
    beside[[NOSE, LEFT_SHOULDER, RIGHT_SHOULDER, NECK], NECK] = 1
    mean: NDArray[np.float64] = beside / beside.sum(axis=1, keepdims=True)
    return mean


def _at_rest(filled: Array, ever: Array) -> Array:
    """(T, 2, B, 50) positions in which what was never (`ever` (B, 50)) seen is where it is in a body at rest."""
    xp = namespace(filled)
    if bool(xp.all(ever)):
        return filled
    joints = xp.asarray(filled, copy=True)
    for (parent, child), length in zip(SKELETON.bones[:7].tolist(), typical_lengths().tolist(), strict=False):
        step = constant(_AT_REST[SKELETON.names[child]], filled)[:, None] * length
        joints[..., child] = xp.where(ever[:, child], joints[..., child], joints[..., parent] + step)
    for hand, elbow, wrist in ((LEFT_HAND, LEFT_ELBOW, LEFT_WRIST), (RIGHT_HAND, RIGHT_ELBOW, RIGHT_WRIST)):
        at_root = ever[:, hand.start] & ~ever[:, wrist]
        joints[..., wrist] = xp.where(at_root, joints[..., hand.start], joints[..., wrist])
        relaxed = _relaxed_along(joints[..., elbow], joints[..., wrist])
        joints[..., hand] = xp.where(ever[:, hand], joints[..., hand], relaxed)
    return joints


def _relaxed_along(elbow: Array, wrist: Array) -> Array:
    """(T, 2, B, 21) a relaxed hand that continues each frame's forearm, thumb inwards; elbow and wrist (T, 2, B)."""
    xp = namespace(wrist)
    along = unit(wrist - elbow)
    across = xp.stack([-along[:, 1], along[:, 0]], axis=1)
    inwards = across * xp.where(dot(across, wrist) > 0, -1.0, 1.0)[:, None]
    ahead, aside = constant(relaxed_hand(), wrist)
    return wrist[..., None] + along[..., None] * ahead + inwards[..., None] * aside
