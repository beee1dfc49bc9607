"""Exact dynamic time warping: the cheapest way to lay one clip along another, and the way it takes.

A path goes from the first frames to the last by three moves: on in both clips, in the reference alone, in the
hypothesis alone (Sakoe and Chiba 1978, without window or slope weights). Where several are equally cheap, the first of
these is taken. Memory is one byte a pair of frames: 25 MB for two clips of 5,000.

Two ways to fill the table stand here. `fill_by_rows` is NumPy and SciPy; `fill_by_cells` is the textbook's loop, taken
where numba is there to compile it (extra `train`), three times as fast: it computes distance and minimum in one pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

Array = NDArray[np.float64]
Moves = NDArray[np.int8]
Cost = Literal["cityblock", "euclidean"]
Fill = Callable[[Array, Array, bool], tuple[float, Moves]]

BOTH, REFERENCE, HYPOTHESIS = 0, 1, 2
#: Rows whose costs are in memory together.
_BLOCK = 128


class Alignment(NamedTuple):
    """How two clips lie along each other.

    Attributes:
        total: Sum of the costs along the path.
        moves: (N, M) the move that leads to each pair of frames: `BOTH`, `REFERENCE` or `HYPOTHESIS`.
    """

    total: float
    moves: Moves

    def path(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The frames that lie together: (P,) of the reference, (P,) of the hypothesis."""
        i, j = (length - 1 for length in self.moves.shape)
        steps = [(i, j)]
        while i or j:
            move = self.moves.item(i, j)
            i, j = i - (move != HYPOTHESIS), j - (move != REFERENCE)
            steps.append((i, j))
        rows, columns = np.array(steps[::-1], dtype=np.intp).T
        return rows, columns


def align(reference: Array, hypothesis: Array, cost: Cost) -> Alignment:
    """Align two clips exactly.

    Args:
        reference: (N, K) frames, finite, contiguous; N > 0.
        hypothesis: (M, K) frames; M > 0.
        cost: Of two frames: the sum of absolute differences, or the root of the sum of squares.
    """
    return Alignment(*_fill()(reference, hypothesis, cost == "cityblock"))


def fill_by_rows(reference: Array, hypothesis: Array, cityblock: bool) -> tuple[float, Moves]:
    """Fill the table row by row, each row at once.

    Within a row, a total is the least over k <= j of what came from above at k, and the costs from k to j. With the
    running sum of the row's costs this is a running minimum, so NumPy needs no loop over j. Rounding: a few times 1e-16
    of a row's summed costs, for each row; totals are never below 0, and are 0 for equal clips.
    """
    moves = np.empty((len(reference), len(hypothesis)), dtype=np.int8)
    above = np.full(len(hypothesis) + 1, np.inf)
    above[0] = 0.0
    for i, costs in enumerate(_rows_of_costs(reference, hypothesis, cityblock)):
        before = np.concatenate(([0.0], np.cumsum(costs)))
        best = np.minimum(above[:-1], above[1:])
        row = np.full_like(above, np.inf)
        row[1:] = np.minimum.accumulate(best - before[:-1]) + before[1:]
        moves[i] = np.where(row[:-1] < best, HYPOTHESIS, above[1:] < above[:-1])
        above = row
    return float(above[-1]), moves


def _rows_of_costs(reference: Array, hypothesis: Array, cityblock: bool) -> Iterator[Array]:
    for start in range(0, len(reference), _BLOCK):
        yield from cdist(reference[start : start + _BLOCK], hypothesis, "cityblock" if cityblock else "euclidean")


def fill_by_cells(reference: Array, hypothesis: Array, cityblock: bool) -> tuple[float, Moves]:
    """Fill the table cell by cell; to be compiled, plain Python takes a quarter of a second for 150 x 150 frames."""
    moves = np.empty((len(reference), len(hypothesis)), dtype=np.int8)
    totals = np.full(len(hypothesis) + 1, np.inf)
    totals[0] = 0.0
    for i in range(len(reference)):
        diagonal, totals[0] = totals[0], np.inf
        for j in range(len(hypothesis)):
            cost = 0.0
            for k in range(reference.shape[1]):
                difference = reference[i, k] - hypothesis[j, k]
                cost += abs(difference) if cityblock else difference * difference
            best, move = diagonal, BOTH
            if totals[j + 1] < best:
                best, move = totals[j + 1], REFERENCE
            if totals[j] < best:
                best, move = totals[j], HYPOTHESIS
            diagonal, totals[j + 1] = totals[j + 1], best + (cost if cityblock else np.sqrt(cost))
            moves[i, j] = move
    return totals[-1], moves


@cache
def _fill() -> Fill:
    """The fastest way there is."""
    try:
        import numba
    except ImportError:
        return fill_by_rows
    # Sums may be taken in another order, or they would not use the processor's wide registers; infinities must stay.
    compiled = numba.njit(nogil=True, fastmath={"reassoc", "contract", "nsz"})(fill_by_cells)
    return cast(Fill, compiled)
