"""How good a lifted motion is, in seven numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..skeleton import BODY, LEFT_HAND, RIGHT_HAND, SKELETON
from .arrays import kernels
from .limits import limit_rate

Array = NDArray[np.float64]


def measure(xyz: Array, target: Array, seen: NDArray[np.bool_]) -> dict[str, float]:
    """Measure the motion of one clip.

    Args:
        xyz: (T, 50, 3) the motion, in shoulder widths around the neck; T > 0.
        target: (T, 50, 2) where the joints were seen, in the same unit; anything where they were not.
        seen: (T, 50) which joints were seen.

    Returns:
        `fit_error`: mean distance in the plane of the picture between motion and what was seen, shoulder widths.
        `jitter`: mean size of the second difference over time, shoulder widths, all joints.
        `bone_deviation`: largest relative deviation of any bone's length from its own median over time.
        `limit_rate`: share of the joint angles beyond what anatomy allows, over frames and joints (`limits`).
        `body_rate`, `left_hand_rate`, `right_hand_rate`: share of joints seen.
        All rounded to six decimals.
    """
    xyz, target = (np.ascontiguousarray(values, dtype=np.float64) for values in (xyz, target))
    fast = kernels(xyz)
    miss, shake, lengths = fast.distances(xyz, target, SKELETON.bones) if fast else _distances(xyz, target)
    miss = miss[seen]
    numbers = {
        "fit_error": miss.mean() if miss.size else 0.0,
        "jitter": shake.mean() if shake.size else 0.0,
        "bone_deviation": _bone_deviation(lengths),
        "limit_rate": limit_rate(xyz),
        "body_rate": seen[:, BODY].mean(),
        "left_hand_rate": seen[:, LEFT_HAND].mean(),
        "right_hand_rate": seen[:, RIGHT_HAND].mean(),
    }
    return {name: round(float(value), 6) for name, value in numbers.items()}


def _distances(xyz: Array, target: Array) -> tuple[Array, Array, Array]:
    """(T, 50) from the target in the picture, (T - 2, 50) second differences over time, (T, 49) lengths of bones."""
    # Components first: NumPy's inner loops are long then.
    places = np.ascontiguousarray(np.moveaxis(xyz, -1, 0))
    steps = places[:, 1:] - places[:, :-1]
    start, end = SKELETON.bones.T
    return (
        _length(places[:2] - np.moveaxis(target, -1, 0)),
        _length(steps[:, 1:] - steps[:, :-1]),
        _length(places.take(end, axis=2) - places.take(start, axis=2)),
    )


def _bone_deviation(lengths: Array) -> float:
    """Largest relative deviation of any length (T, 49) from its own median over time.

    A bone whose median length is 0, a hand's root that lies on the wrist, has none.
    """
    typical = np.median(lengths, axis=0)
    off = np.abs(lengths - typical)[:, typical > 0] / typical[typical > 0]
    return float(off.max()) if off.size else 0.0


def _length(vectors: Array) -> Array:
    """(...) the lengths of vectors (C, ...)."""
    squares = vectors * vectors
    length: Array = np.sqrt(sum(squares[1:], squares[0]))
    return length
