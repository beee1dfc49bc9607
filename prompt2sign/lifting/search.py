"""Search over time: the best path through a few states, and the mean over many."""

from __future__ import annotations

from array_api_compat import device

from .arrays import Array, namespace

#: Chances multiplied this often stay far above the smallest number there is.
_RESCALED_EVERY = 4
#: No frame is surer than this of where it is not: frames that contradict one another would leave no place at all.
_SUREST = 15.0


def best_path(cost: Array, change: Array) -> Array:
    """The states of least total cost (Viterbi 1967).

    Args:
        cost: (T, ..., S) of each state in each frame.
        change: (T - 1, ..., S, S) of coming to a state (row) from one of the frame before (column).

    Returns:
        (T, ...) integers: the state of each frame.
    """
    xp = namespace(cost)
    places, n_states = cost.shape[1:-1], cost.shape[-1]
    cost = xp.reshape(cost, (len(cost), -1, n_states))
    change = xp.reshape(change, (len(change), cost.shape[1], n_states, n_states))
    total, came_from = cost[0], []
    for t in range(1, len(cost)):
        routes = total[:, None] + change[t - 1]
        came_from.append(xp.argmin(routes, axis=-1))
        total = xp.min(routes, axis=-1) + cost[t]
    every = xp.arange(len(total), device=device(total))
    path = [xp.argmin(total, axis=-1)]
    for best in reversed(came_from):
        path.append(best[every, path[-1]])
    return xp.reshape(xp.stack(path[::-1]), (len(cost), *places))


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
    likely = xp.exp(xp.maximum(xp.min(cost, axis=(-2, -1), keepdims=True) - cost, -_SUREST))
    down, across = moves
    up, back = xp.matrix_transpose(down), xp.matrix_transpose(across)
    forward, backward = [likely[0]], [xp.ones_like(likely[0])]
    for t in range(1, len(likely)):
        before, after = forward[-1], likely[len(likely) - t] * backward[-1]
        if t % _RESCALED_EVERY == 0:
            before, after = _rescaled(before), _rescaled(after)
        forward.append(likely[t] * (up @ before @ across))
        backward.append(down @ after @ back)
    place = _rescaled(_rescaled(xp.stack(forward)) * _rescaled(xp.stack(backward[::-1])))
    first = xp.sum(xp.sum(place, axis=-1) * values[0], axis=-1)
    second = xp.sum(xp.sum(place, axis=-2) * values[1], axis=-1)
    return first, second


def _rescaled(values: Array) -> Array:
    """Positive values (..., N, M) scaled so that they add up to 1."""
    return values / namespace(values).sum(values, axis=(-2, -1), keepdims=True)
