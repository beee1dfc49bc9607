"""The inner loops of lifting as machine code, where numba is installed (`arrays.kernels`).

Each does what the NumPy code that asks for it does, operation by operation, in the same order and precision, without
fast-math: both give the same bits, so nothing that is made from them depends on which ran.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .arrays import TINY, Array

_compiled = njit(cache=True, nogil=True, error_model="numpy")


@_compiled
def best_path(cost: Array, change: Array) -> Array:
    """`search.best_path` of (T, S, n) and (T - 1, S, S, n): (T, n)."""
    n_frames, n_states, n_series = cost.shape
    came_from = np.zeros((n_frames, n_states, n_series), np.int64)
    total, least = cost[0].copy(), np.empty((n_states, n_series), cost.dtype)
    for t in range(1, n_frames):
        least[:] = np.inf
        for before in range(n_states):
            for state in range(n_states):
                for i in range(n_series):
                    route = total[before, i] + change[t - 1, before, state, i]
                    if route < least[state, i]:
                        least[state, i], came_from[t, state, i] = route, before
        total = least + cost[t]
    path = np.empty((n_frames, n_series), np.int64)
    for i in range(n_series):
        path[-1, i] = np.argmin(total[:, i])
        for t in range(n_frames - 1, 0, -1):
            path[t - 1, i] = came_from[t, path[t, i], i]
    return path


@_compiled
def mend_all(joints: Array, goal: Array, sizes: Array, levels: Array, n_rounds: int, shares: Array) -> None:
    """The rounds of `refine.refine`, in place.

    Args:
        joints: (3, 50, n) from the neck outwards.
        goal: (2, 50, n).
        sizes: (50, n) of the bone that ends in each joint.
        levels: (L, 4) first parent of each level and the first after them, and so for the children.
        n_rounds: How many.
        shares: What a round pulls, and how much of its mending each child and each parent takes.
    """
    pull, of_child, of_parent = shares
    for _ in range(n_rounds):
        _pull(joints, goal, pull)
        for level in range(len(levels)):
            first_parent, end_parent = levels[level, 0], levels[level, 1]
            first_child, end_child = levels[level, 2], levels[level, 3]
            n_each = (end_child - first_child) // (end_parent - first_parent)
            for parent in range(first_parent, end_parent):
                first = first_child + (parent - first_parent) * n_each
                _mend(joints, sizes, parent, first, first + n_each, of_child, of_parent)
        _centre(joints)


@_compiled
def _pull(joints: Array, goal: Array, pull: float) -> None:
    for axis in range(2):
        for joint in range(joints.shape[1]):
            for i in range(joints.shape[2]):
                joints[axis, joint, i] += pull * (goal[axis, joint, i] - joints[axis, joint, i])


@_compiled
def _centre(joints: Array) -> None:
    for axis in range(3):
        for joint in range(joints.shape[1] - 1, -1, -1):
            for i in range(joints.shape[2]):
                joints[axis, joint, i] -= joints[axis, 0, i]


@_compiled
def _mend(joints: Array, sizes: Array, parent: int, first: int, end: int, of_child: float, of_parent: float) -> None:
    for i in range(joints.shape[2]):
        above_x, above_y, above_z = joints[0, parent, i], joints[1, parent, i], joints[2, parent, i]
        sum_x = sum_y = sum_z = 0.0
        for child in range(first, end):
            x, y, z = joints[0, child, i] - above_x, joints[1, child, i] - above_y, joints[2, child, i] - above_z
            excess = 1 - sizes[child, i] / max(np.sqrt(x * x + y * y + z * z), TINY)
            x, y, z = x * excess, y * excess, z * excess
            joints[0, child, i] -= of_child * x
            joints[1, child, i] -= of_child * y
            joints[2, child, i] -= of_child * z
            sum_x, sum_y, sum_z = sum_x + x, sum_y + y, sum_z + z
        joints[0, parent, i] = above_x + of_parent * sum_x
        joints[1, parent, i] = above_y + of_parent * sum_y
        joints[2, parent, i] = above_z + of_parent * sum_z


@_compiled
def hang_cost(frame: Array, elbow: Array, wrist: Array, numbers: Array) -> Array:
    """`arms._hang_cost` of its parts by frame (5, F, n), by elbow (3, n, N) and by wrist (3, n, N, M): (F, n, N, M)."""
    one, hang_square, cost, full, least_square, least_root = numbers
    _, n_frames, n_arms = frame.shape
    result = np.empty((n_frames, *wrist.shape[1:]), frame.dtype)
    for t in range(n_frames):
        for arm in range(n_arms):
            for node in range(wrist.shape[2]):
                elbow_square = frame[0, t, arm] + elbow[0, arm, node]
                elbow_hang = frame[1, t, arm] + elbow[1, arm, node]
                for other in range(wrist.shape[3]):
                    along = frame[2, t, arm] + wrist[0, arm, node, other]
                    square = max(frame[3, t, arm] + wrist[1, arm, node, other], least_square)
                    wrist_hang = frame[4, t, arm] + wrist[2, arm, node, other]
                    part = wrist_hang / square
                    bow = np.sqrt(max(elbow_square - along * along / square, least_root))
                    hang = np.sqrt(max(hang_square - wrist_hang * part, least_root))
                    cosine = (elbow_hang - part * along) / (hang * bow)
                    result[t, arm, node, other] = (one - cosine) * min(bow * full, cost)
    return result
