"""The first 3D guess of the upstream method.

The steps and constants of Prompt2Sign's tools (after Zelinka & Kanis 2020). Where the result hangs on rounding,
operations come in the order of the tools: among hypotheses that differ by rounding alone, rounding chooses.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .upstream_tree import JOINTS, LENGTH_OF_BONE, LEVELS, N_LENGTHS

Array = NDArray[np.float32]

#: No bone is shorter, in units of the normalised clip.
SHORTEST = 1e-6
#: Roots are shaken by up to this, uniformly, from a generator that starts anew with every clip.
NOISE, SEED = 0.001, 1234
#: Added to the z of every direction once its sign is gone.
FORWARD = 0.001
#: Added to a length before something is divided by it.
TINY = 1e-10


def first_log_lengths(target: Array) -> Array:
    """(25,) logarithms of the lengths of the bones.

    The median over all frames and both sides of how long the bone looks; of an even number the lower one. A side that
    is never found has length 0 in every frame, and when it is half of all, so is the median: both hands collapse.

    Args:
        target: (2, 50, T) float32 x and y, joints in the order of `JOINTS`.
    """
    parents = np.concatenate([np.repeat(np.r_[level.parents], level.fan) for level in LEVELS])
    x, y = target[:, parents] - target[:, 1:]
    # Upstream adds in float32 and takes roots in float64.
    looks = np.sqrt((x * x + y * y).astype(np.float64))
    medians = (_lower_median(looks[kind == LENGTH_OF_BONE]) for kind in range(N_LENGTHS))
    return np.log([max(median, SHORTEST) for median in medians]).astype(np.float32)


def _lower_median(values: NDArray[np.float64]) -> float:
    return float(np.sort(values, axis=None)[(values.size - 1) // 2])


def initialise(target: Array) -> tuple[Array, Array, Array]:
    """The first guess: bone after bone from the nose, each as near to its target as its length allows, and forwards.

    Args:
        target: (2, 50, T) float32 x and y, joints in the order of `JOINTS`.

    Returns:
        log_lengths (25,), roots (3, T), directions (3, 49, T) of length 1: z is always positive.
    """
    log_lengths = first_log_lengths(target)
    lengths = np.exp(log_lengths.astype(np.float64))[LENGTH_OF_BONE][:, None]
    n_frames = target.shape[2]
    points = np.zeros((3, len(JOINTS), n_frames), np.float32)
    points[:2, 0] = target[:, 0]
    random = np.random.RandomState(SEED)
    for axis in range(3):
        points[axis, 0] += random.uniform(-NOISE, NOISE, n_frames).astype(np.float32)
    directions = np.zeros((3, len(JOINTS) - 1, n_frames), np.float32)
    for level in LEVELS:
        start = np.repeat(points[:, level.parents], level.fan, axis=1)
        directions[:, level.bones] = _aim(start[:2], target[:, level.children], lengths[level.bones])
        points[:, level.children] = start + lengths[level.bones].astype(np.float32) * directions[:, level.bones]
    return log_lengths, points[:, 0].copy(), directions


def _aim(start: Array, target: Array, lengths: NDArray[np.float64]) -> Array:
    """Directions (3, B, T) of bones from `start` (2, B, T) towards `target` (2, B, T), given their lengths (B, 1).

    Of the hypotheses the one is taken whose end comes nearest to its target in the picture, the first one of equals.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        hypotheses = _hypotheses(start, target, lengths)
        misses = [_miss(start, target, lengths.astype(np.float32), hypothesis) for hypothesis in hypotheses]
    best = np.argmin(misses, axis=0)
    xy = np.choose(best, [hypothesis.xy for hypothesis in hypotheses])
    z = np.choose(best, [hypothesis.z for hypothesis in hypotheses])
    nowhere = (xy == 0).all(axis=0) & (z == 0)
    xy, z = np.where(nowhere, np.float32(1), xy), np.where(nowhere, 1.0, z) + FORWARD
    norm = _norm(xy, z)
    return np.concatenate([xy / norm.astype(np.float32), (z / norm)[None].astype(np.float32)])


class _Hypothesis(NamedTuple):
    """A direction of any length: x and y (2, B, T), z (B, T) from Python's own floats, and where it is possible."""

    xy: Array
    z: NDArray[np.float64]
    possible: NDArray[np.bool_]


def _hypotheses(start: Array, target: Array, lengths: NDArray[np.float64]) -> tuple[_Hypothesis, ...]:
    """Flat in the picture to the target; forward, where the bone is long enough; and to either point on their line.

    Upstream tries backward as well, before forward; but takes off the sign afterwards.
    """
    flat = target - start
    no_depth = np.zeros(flat.shape[1:])
    rest = (lengths**2).astype(np.float32) - flat[0] * flat[0] - flat[1] * flat[1]
    near, far = _on_line(start, target, lengths.astype(np.float32))
    in_line = np.isfinite(near).all(axis=0) & np.isfinite(far).all(axis=0)
    return (
        _Hypothesis(flat, no_depth, np.ones_like(in_line)),
        _Hypothesis(flat, np.sqrt(rest.astype(np.float64)), rest >= 0),
        _Hypothesis(near, no_depth, in_line),
        _Hypothesis(far, no_depth, in_line),
    )


def _on_line(start: Array, target: Array, length: Array) -> tuple[Array, Array]:
    """From `start` to the two points at distance `length` on its line with the target, the one behind it first.

    In exact arithmetic these are the directions back and straight ahead. But upstream finds the points by a formula
    with much cancellation, and its noise takes part in the choice: so this is the same sum, term by term.
    """
    (ax, ay), (tx, ty) = start, target
    (ax2, ay2), (tx2, ty2), ay3 = _power(start, 2), _power(target, 2), _power(ay, 3)
    distance2 = ax2 - 2 * ax * tx + ay2 - 2 * ay * ty + tx2 + ty2
    inverse = np.sqrt(1 / distance2)
    from_start, from_target = length * ay * inverse, length * ty * inverse
    terms = (ax2 * ay, ay * tx2, ay * ty2, -2 * ay2 * ty, -2 * ax * ay * tx)

    def point(side: int) -> Array:
        y = ay3 / distance2 + side * from_start - side * from_target
        for term in terms:
            y = y + term / distance2
        x = -(ax * ty - ay * tx - ax * y + tx * y) / (ay - ty)
        return np.stack([x - ax, y - ay])

    return point(1), point(-1)


def _power(values: Array, exponent: int) -> Array:
    """Powers by the C library's `powf`, number by number as upstream does; NumPy's arrays use products instead.

    One in 1,200 squares differs in its last bit, enough to turn the choice of `_aim` for some bones.
    """
    power = np.float32(exponent)
    return np.fromiter((value**power for value in values.ravel()), np.float32, values.size).reshape(values.shape)


def _norm(xy: Array, z: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B, T) lengths, plus `TINY`."""
    squares = xy[0] * xy[0] + xy[1] * xy[1] + (z * z).astype(np.float32)
    norm: NDArray[np.float64] = np.sqrt(squares.astype(np.float64)) + TINY
    return norm


def _miss(start: Array, target: Array, length: Array, hypothesis: _Hypothesis) -> Array:
    """(B, T) squared distance in the picture between target and the end of the bone; infinite where not possible."""
    xy, z, possible = hypothesis
    x, y = start + length * xy / _norm(xy, z).astype(np.float32) - target
    return np.where(possible, x * x + y * y, np.float32(np.inf))
