"""The smoother that everything over time goes through."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from array_api_compat import device
from numpy.typing import NDArray

from .arrays import Array, constant, kernels, namespace

#: Strengths are meant for this rate; see `strength_at`.
REFERENCE_FPS = 25.0
#: Weight of what is not known: enough to keep the equations solvable, too little to pull.
_LEAST = 1e-6
#: No strength is more: series are straight lines by then, and rounding would soon outweigh the least weight.
_MOST = 1e8


def strength_at(fps: float, strength: float) -> float:
    """The strength that smooths the same movements, in hertz, at another frame rate: it grows with its fourth power."""
    return min(strength * (fps / REFERENCE_FPS) ** 4, _MOST)


class Smoother:
    """Smooths series whose values are trusted differently.

    The result minimises `sum weight (x - value)^2 + strength sum (x[t-1] - 2 x[t] + x[t+1])^2 + tension sum (x[t] -
    x[t-1])^2` (Whittaker 1923, "On a new method of graduation", of order 2, and of order 1 for the tension): where
    the weight is 0 it is the smoothest bridge. Without tension it goes on in a straight line beyond the ends; with
    some, it comes to rest there. Solved exactly, in time proportional to T.

    Args:
        weights: (T, ...) at least 0, one for each value.
        strength: At least 0.
        tension: At least 0.
    """

    # Elimination for all series side by side, from both ends at once towards the middle: half the steps. Frames are
    # folded for it: row t holds frame t and the one as far from the other end, and the row after the last is the last
    # turned round. Frames that lack for that, of an even number and at least four, have no ties to the others.

    def __init__(self, weights: Array, strength: float, tension: float = 0.0) -> None:
        self._weights = weights + _LEAST
        penalties = _penalties(len(weights), strength, tension)
        self._pivots = _folded(self._weights) + constant(penalties.own, weights)
        self._ties = constant(penalties.ties, weights) + 0.0 * self._pivots[:-1, None]
        fast = kernels(weights)
        (fast.eliminate if fast else _eliminate)(self._pivots, self._ties)

    def __call__(self, values: Array) -> Array:
        """Smooth `values`, of the shape of the weights."""
        series = _folded(self._weights * values)
        fast = kernels(values)
        (fast.substitute if fast else _substitute)(self._pivots, self._ties, series)
        return _unfolded(series, values.shape)


class _Penalties(NamedTuple):
    """The matrix of the penalties, folded.

    Attributes:
        own: (R + 1, 2, 1) its diagonal.
        ties: (R, 2, 2, 1) what stands beside and two places from it, towards the middle; that of the middle once.
    """

    own: NDArray[np.float64]
    ties: NDArray[np.float64]


@lru_cache(maxsize=64)
def _penalties(n_frames: int, strength: float, tension: float) -> _Penalties:
    n_rows = _rows(n_frames)
    bands = np.zeros((3, 2 * n_rows))
    for size, steps in ((tension, (-1.0, 1.0)), (strength, (1.0, -2.0, 1.0))):
        n_steps = max(0, n_frames - len(steps) + 1)
        for row, first in enumerate(steps):
            for ahead, second in enumerate(steps[row:]):
                bands[ahead, row : row + n_steps] += size * first * second
    bands[0, n_frames:] = 1.0
    # Seen from the other end, what ties two frames stands at the other one.
    beside, beyond = (
        np.stack([band[:n_rows], band[::-1][ahead : ahead + n_rows]], axis=-1)
        for ahead, band in enumerate(bands[1:], 1)
    )
    beside[-1, 1] = 0.0
    return _Penalties(_folded(bands[0]), np.stack([beside, beyond], axis=1)[..., None])


def _rows(n_frames: int) -> int:
    """R, of `n_frames` folded: half of them."""
    return max(2, (n_frames + 1) // 2)


def _folded(frames: Array) -> Array:
    """(R + 1, 2, n) of (T, ...), the last row and what lacks of it 0."""
    xp, n_frames, n_rows = namespace(frames), len(frames), _rows(len(frames))
    frames = frames.reshape((n_frames, -1))
    folded = xp.zeros((n_rows + 1, 2, frames.shape[1]), dtype=frames.dtype, device=device(frames))
    folded[: min(n_frames, n_rows), 0] = frames[:n_rows]
    folded[2 * n_rows - n_frames : n_rows, 1] = xp.flip(frames[n_rows:], axis=0)
    return folded


def _unfolded(rows: Array, shape: tuple[int, ...]) -> Array:
    """(T, ...) of (R + 1, 2, n)."""
    xp = namespace(rows)
    frames = xp.concat([rows[:-1, 0], xp.flip(rows[:-1, 1], axis=0)])
    return frames[: shape[0]].reshape(shape)


# Below, what is in between goes to the same place again and again: making room would take longer than the sums do.


def _eliminate(pivots: Array, ties: Array) -> None:
    """Factors L D L' in place: `ties` become the entries of L."""
    xp = namespace(pivots)
    rate, part = xp.empty_like(ties[0]), xp.empty_like(ties[0])
    for now, ahead, tie, following in zip(pivots, _two_ahead(pivots), ties, ties[1:, 0], strict=False):
        xp.divide(tie, now, out=rate)
        xp.subtract(ahead, xp.multiply(rate, tie, out=part), out=ahead)
        xp.subtract(following, xp.multiply(rate[0], tie[1], out=part[0]), out=following)
        tie[...] = rate
    pivots[-2] += xp.flip(pivots[-1], axis=0)


def _substitute(pivots: Array, ties: Array, series: Array) -> None:
    """Solves in place for the right sides `series` (R + 1, 2, n), by the factors."""
    xp = namespace(series)
    steps = list(zip(series, _two_ahead(series), ties, strict=False))
    part = xp.empty_like(ties[0])
    near, far = part
    for now, ahead, tie in steps:
        xp.subtract(ahead, xp.multiply(tie, now, out=part), out=ahead)
    series[:-2] /= pivots[:-2]
    # Two frames are left, with one tie between them.
    (first, second), (one, other) = series[-2] + xp.flip(series[-1], axis=0), pivots[-2]
    tie = ties[-1, 0, 0] + ties[-1, 0, 1]
    rest = one * other - tie * tie
    series[-2, 0] = series[-1, 1] = (other * first - tie * second) / rest
    series[-2, 1] = series[-1, 0] = (one * second - tie * first) / rest
    for now, ahead, tie in reversed(steps):
        xp.multiply(tie, ahead, out=part)
        xp.subtract(now, near, out=now)
        xp.subtract(now, far, out=now)


def _two_ahead(rows: Array) -> list[Array]:
    """Views of the two rows after each but the last two."""
    return [rows[t : t + 2] for t in range(1, len(rows) - 1)]
