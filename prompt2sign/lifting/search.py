"""Search over time: the best path through a few states, and the mean over many."""

from __future__ import annotations

import numpy as np
from array_api_compat import device

from .arrays import Array, kernels, namespace

#: Chances multiplied this often stay far above the smallest number there is.
_RESCALED_EVERY = 4
#: No frame is surer than this of where it is not: frames that contradict one another would leave no place at all.
_SUREST = 15.0


def best_path(cost: Array, change: Array, which: list[list[int]]) -> Array:
    """The states of least total cost (Viterbi 1967).

    Args:
        cost: (T, S, ...) of each state in each frame.
        change: (T - 1, K, ...) what changes from one frame to the next cost.
        which: (S, S) the change it is to come from a state of the frame before (row) to one (column).

    Returns:
        (T, ...) integers: the state of each frame.
    """
    xp = namespace(cost)
    n_frames, n_states, *places = cost.shape
    cost = cost.reshape((n_frames, n_states, -1))
    change = change.reshape((n_frames - 1, change.shape[1], cost.shape[2]))
    if fast := kernels(cost):
        return fast.best_path(cost, change, np.array(which)).reshape(n_frames, *places)
    change = change[:, which]
    totals = [cost[0]]
    for before, now in zip(change, cost[1:], strict=True):
        totals.append(_least(totals[-1][:, None] + before) + now)
    # States are numbered through all places from here on, so that one look goes one frame back for all of them.
    every, n_places = xp.arange(cost.shape[2], device=device(cost)), cost.shape[2]
    came_from = xp.argmin(xp.stack(totals)[:-1, :, None] + change, axis=1) * n_places + every
    path = [xp.argmin(totals[-1], axis=0) * n_places + every]
    for before in xp.flip(came_from.reshape((n_frames - 1, n_states * n_places)), axis=0):
        path.append(before[path[-1]])
    return (xp.stack(path[::-1]) // n_places).reshape((n_frames, *places))


def _least(values: Array) -> Array:
    """The minimum over the first axis: by halves, for a few values faster than asking for it."""
    while (n_values := len(values)) > 1:
        half = -(-n_values // 2)
        values = namespace(values).minimum(values[:half], values[-half:])
    return values[0]


def mean_on_grid(cost: Array, moves: tuple[Array, Array], values: tuple[Array, Array]) -> tuple[Array, Array]:
    """The expected place on a grid in each frame, given all frames (forward-backward; Rabiner 1989, section III.A).

    Args:
        cost: (T, ..., N, M) minus the logarithm of how likely each node is by what its frame shows.
        moves: (..., N, N) and (..., M, M): how likely the moves from row to column are along either axis.
        values: (..., N) and (..., M): what the nodes of either axis stand for.

    Returns:
        Two (T, ...): the mean along either axis.
    """
    xp = namespace(cost)
    likely = xp.exp(xp.maximum(xp.min(_flat(cost), axis=-1)[..., None, None] - cost, -_SUREST))
    down, across = moves
    # What the frames before say of each, and what those after say, go on side by side: by moves, and by moves back.
    by_row = xp.stack([xp.matrix_transpose(down), down])
    by_column = xp.stack([across, xp.matrix_transpose(across)])
    both = xp.stack([likely, xp.flip(likely, axis=0)], axis=1)
    told = xp.ones_like(both)
    for t in range(1, len(both)):
        place = both[t - 1] * told[t - 1]
        if t % _RESCALED_EVERY == 0:
            place = _rescaled(place)
        xp.matmul(by_row @ place, by_column, out=told[t])
    told = _rescaled(told)
    place = _rescaled(told[:, 0] * likely * xp.flip(told[:, 1], axis=0))
    first = xp.sum((values[0][..., None, :] @ place)[..., 0, :], axis=-1)
    second = xp.sum((place @ values[1][..., None])[..., 0], axis=-1)
    return first, second


def _flat(values: Array) -> Array:
    """(..., N * M) of (..., N, M)."""
    return values.reshape((*values.shape[:-2], -1))


def _rescaled(values: Array) -> Array:
    """Positive values (..., N, M) scaled so that they add up to 1."""
    return values / namespace(values).sum(_flat(values), axis=-1)[..., None, None]
