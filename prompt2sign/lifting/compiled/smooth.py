"""Kernels of `smooth`."""

from __future__ import annotations

from ..arrays import Array
from .kernel import kernel


@kernel
def eliminate(pivots: Array, ties: Array) -> None:
    """`smooth._eliminate` of (R + 1, 2, n) and (R, 2, 2, n)."""
    n_rows, _, n_ends, n_series = ties.shape
    for t in range(n_rows - 1):
        for end in range(n_ends):
            for i in range(n_series):
                beside, beyond = ties[t, 0, end, i], ties[t, 1, end, i]
                first, second = beside / pivots[t, end, i], beyond / pivots[t, end, i]
                pivots[t + 1, end, i] -= first * beside
                pivots[t + 2, end, i] -= second * beyond
                ties[t + 1, 0, end, i] -= first * beyond
                ties[t, 0, end, i], ties[t, 1, end, i] = first, second
    for end in range(n_ends):
        for i in range(n_series):
            pivots[n_rows - 1, end, i] += pivots[n_rows, 1 - end, i]


@kernel
def substitute(pivots: Array, ties: Array, series: Array) -> None:
    """`smooth._substitute` of (R + 1, 2, n), (R, 2, 2, n) and (R + 1, 2, n)."""
    n_rows, _, n_ends, n_series = ties.shape
    for t in range(n_rows - 1):
        for end in range(n_ends):
            for i in range(n_series):
                series[t + 1, end, i] -= ties[t, 0, end, i] * series[t, end, i]
                series[t + 2, end, i] -= ties[t, 1, end, i] * series[t, end, i]
                series[t, end, i] /= pivots[t, end, i]
    for i in range(n_series):
        first = series[n_rows - 1, 0, i] + series[n_rows, 1, i]
        second = series[n_rows - 1, 1, i] + series[n_rows, 0, i]
        one, other = pivots[n_rows - 1, 0, i], pivots[n_rows - 1, 1, i]
        tie = ties[n_rows - 1, 0, 0, i] + ties[n_rows - 1, 0, 1, i]
        rest = one * other - tie * tie
        series[n_rows - 1, 0, i] = series[n_rows, 1, i] = (other * first - tie * second) / rest
        series[n_rows - 1, 1, i] = series[n_rows, 0, i] = (one * second - tie * first) / rest
    for t in range(n_rows - 2, -1, -1):
        for end in range(n_ends):
            for i in range(n_series):
                series[t, end, i] -= ties[t, 0, end, i] * series[t + 1, end, i]
                series[t, end, i] -= ties[t, 1, end, i] * series[t + 2, end, i]
