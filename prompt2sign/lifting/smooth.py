"""The smoother that everything over time goes through."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .arrays import Array, namespace

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
        weights: (T, ...) at least 0.
        strength: At least 0.
        tension: At least 0.
    """

    def __init__(self, weights: Array, strength: float, tension: float = 0.0) -> None:
        self._weights = weights + _LEAST
        factors = _BandedByLapack if isinstance(weights, np.ndarray) else _BandedBySteps
        self._factors = factors(self._weights, _bands(len(weights), strength, tension))

    def __call__(self, values: Array) -> Array:
        """Smooth `values` (T, C, ...), each component alone."""
        return self._factors.solve(self._weights[:, None] * values)


def _bands(n_frames: int, strength: float, tension: float) -> NDArray[np.float64]:
    """(3, T) diagonal of the penalties' matrix, and what stands one and two places above it, each at its column."""
    bands = np.zeros((3, n_frames))
    for size, steps in ((tension, (-1.0, 1.0)), (strength, (1.0, -2.0, 1.0))):
        n_rows = max(0, n_frames - len(steps) + 1)
        for column, second in enumerate(steps):
            for above in range(column + 1):
                bands[above, column : column + n_rows] += size * second * steps[column - above]
    return bands


class _BandedByLapack:
    """The factors for NumPy: all series behind one another are one banded matrix."""

    def __init__(self, weights: Array, bands: NDArray[np.float64]) -> None:
        from scipy.linalg import lapack  # here, because importing it takes as long as lifting a clip

        self._solve, self._n_series = lapack.dpbtrs, weights[0].size
        n_frames = len(weights)
        matrix = np.empty((self._n_series, n_frames, 3))
        matrix[:] = bands[::-1].T
        matrix[..., 2] += weights.reshape(n_frames, self._n_series).T
        # Columns in memory as LAPACK wants them, so that it copies nothing.
        self._factor, info = lapack.dpbtrf(matrix.reshape(-1, 3).T, overwrite_ab=True)
        if info:
            raise np.linalg.LinAlgError(f"the {info}th leading minor is not positive definite")

    def solve(self, right: Array) -> Array:
        n_frames, n_components = right.shape[:2]
        columns = np.empty((n_components, self._n_series, n_frames))
        columns[:] = right.reshape(n_frames, n_components, self._n_series).transpose(1, 2, 0)
        solved, _ = self._solve(self._factor, columns.reshape(n_components, -1).T, overwrite_b=True)
        ordered = solved.T.reshape(n_components, self._n_series, n_frames).transpose(2, 0, 1)
        return np.ascontiguousarray(ordered).reshape(right.shape)


class _BandedBySteps:
    """The factors for a library without banded matrices: L D L', frame by frame, for all series at once."""

    def __init__(self, weights: Array, bands: NDArray[np.float64]) -> None:
        diagonal, beside, beyond = bands.tolist()
        self._pivots: list[Array] = []
        self._one: list[Array] = []  # entries of L one place left of the diagonal, and two
        self._two: list[Array] = []
        for t, weight in enumerate(weights):
            pivot, one, two = weight + diagonal[t], 0.0 * weight, 0.0 * weight
            if t >= 2:
                two = beyond[t] / self._pivots[t - 2]
                pivot = pivot - two * beyond[t]
            if t >= 1:
                one = (beside[t] - beyond[t] * self._one[t - 1]) / self._pivots[t - 1]
                pivot = pivot - one * one * self._pivots[t - 1]
            self._pivots.append(pivot)
            self._one.append(one)
            self._two.append(two)

    def solve(self, right: Array) -> Array:
        solved = namespace(right).asarray(right, copy=True)
        for t in range(1, len(solved)):
            solved[t] -= self._one[t] * solved[t - 1]
            if t >= 2:
                solved[t] -= self._two[t] * solved[t - 2]
        for t in range(len(solved) - 1, -1, -1):
            solved[t] /= self._pivots[t]
            if t + 1 < len(solved):
                solved[t] -= self._one[t + 1] * solved[t + 1]
            if t + 2 < len(solved):
                solved[t] -= self._two[t + 2] * solved[t + 2]
        return solved
