"""Kernels of `search`."""

from __future__ import annotations

import numpy as np

from ..arrays import Array
from .kernel import kernel


@kernel
def best_path(cost: Array, change: Array, which: Array) -> Array:
    """`search.best_path` of (T, S, n), (T - 1, K, n) and (S, S): (T, n)."""
    n_frames, n_states, n_series = cost.shape
    came_from = np.zeros((n_frames, n_states, n_series), np.int32)
    total, least = cost[0].copy(), np.empty((n_states, n_series), cost.dtype)
    for t in range(1, n_frames):
        for state in range(n_states):
            for i in range(n_series):
                best, origin = total[0, i] + change[t - 1, which[0, state], i], np.int32(0)
                for before in range(1, n_states):
                    route = total[before, i] + change[t - 1, which[before, state], i]
                    if route < best:
                        best, origin = route, np.int32(before)
                least[state, i], came_from[t, state, i] = best, origin
        for state in range(n_states):
            for i in range(n_series):
                total[state, i] = least[state, i] + cost[t, state, i]
    path = np.empty((n_frames, n_series), np.int64)
    for i in range(n_series):
        path[-1, i] = np.argmin(total[:, i])
        for t in range(n_frames - 1, 0, -1):
            path[t - 1, i] = came_from[t, path[t, i], i]
    return path
