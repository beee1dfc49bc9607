"""Kernels of `fingers`: one finger and one answer of its palm at a time, over all frames.

Loops over frames are short and see few arrays, so that the compiler can do several frames at once.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Array
from .angle import angle, outside, turn_of
from .kernel import kernel


@kernel
def pattern_costs(flat: Array, depth: Array, palms: Array, of_fingers: Array, of_thumbs: Array) -> Array:
    """`fingers.pattern_costs` of flat (2, 3, 5, n), depth (3, 5, n) and palms (3, 3, S, n): (8, S, 5, n)."""
    n_answers, n_series = palms.shape[2:]
    costs = np.empty((8, n_answers, 5, n_series), depth.dtype)
    # Arrays without gaps alone are gone through several frames at once: hence one for the costs of a finger.
    parts, of_finger = np.empty((3, 3, 2, n_series), depth.dtype), np.empty((8, n_series), depth.dtype)
    for answer in range(n_answers):
        for finger in range(5):
            for axis in range(3):
                x, y, z = palms[axis, 0, answer], palms[axis, 1, answer], palms[axis, 2, answer]
                for bone in range(3):
                    _along(
                        flat[0, bone, finger], flat[1, bone, finger], depth[bone, finger], x, y, z, parts[axis, bone]
                    )
            if finger == 0:
                _thumb_cost(parts, of_thumbs, of_finger)
            else:
                _finger_cost(parts, of_fingers, of_finger)
            costs[:, answer, finger] = of_finger
    return costs


@kernel
def _along(flat_x: Array, flat_y: Array, depth: Array, x: Array, y: Array, z: Array, parts: Array) -> None:
    """A bone (n) along an axis (n), towards the camera and away: (2, n)."""
    for i in range(len(depth)):
        in_picture, out_of_it = flat_x[i] * x[i] + flat_y[i] * y[i], depth[i] * z[i]
        parts[0, i], parts[1, i] = in_picture + out_of_it, in_picture - out_of_it


@kernel
def _finger_cost(parts: Array, numbers: Array, costs: Array) -> None:
    """`fingers._finger_cost` of (3, 3, 2, n), to (8, n)."""
    slack, aside, aside_slack, bent, bent_about, follows, coupled = numbers[6:]
    n_series = costs.shape[1]
    across, ahead, out = parts
    knuckle = np.empty((2, n_series), costs.dtype)
    turns, past = np.empty((2, 4, n_series), costs.dtype), np.empty((2, 4, n_series), costs.dtype)
    for first in range(2):
        turn, cost = turns[0, first], knuckle[first]
        _angle(out[0, first], ahead[0, first], turn)
        _past(turn, across[0, first], numbers[0], numbers[3], slack, aside, aside_slack, cost)
        _habit(turn, bent, bent_about, cost)
    for joint in range(1, 3):
        low, high = numbers[joint], numbers[3 + joint]
        for signs in range(4):
            before, after = signs >> 1, signs & 1
            turn, cost = turns[joint - 1, signs], past[joint - 1, signs]
            _bend(ahead[joint - 1, before], out[joint - 1, before], ahead[joint, after], out[joint, after], turn)
            _past(turn, across[joint, after], low, high, slack, aside, aside_slack, cost)
    for pattern in range(8):
        first, before, after = knuckle[pattern >> 2], past[0, pattern >> 1], past[1, pattern & 3]
        middle, end, cost = turns[0, pattern >> 1], turns[1, pattern & 3], costs[pattern]
        _together(middle, end, follows, coupled, first, before, after, cost)


@kernel
def _together(
    middle: Array, end: Array, follows: float, coupled: float, first: Array, before: Array, after: Array, cost: Array
) -> None:
    """How far the last joint is from following the one before it, and what the three bones cost."""
    for i in range(len(cost)):
        apart = (end[i] - follows * middle[i]) / coupled
        cost[i] = apart * apart + (first[i] + before[i]) + after[i]


@kernel
def _angle(sine: Array, cosine: Array, turn: Array) -> None:
    for i in range(len(turn)):
        turn[i] = angle(sine[i], cosine[i])


@kernel
def _habit(values: Array, usual: float, spread: float, cost: Array) -> None:
    for i in range(len(cost)):
        off = (values[i] - usual) / spread
        cost[i] += off * off


@kernel
def _past(
    turn: Array, across: Array, low: float, high: float, slack: float, aside: float, aside_slack: float, cost: Array
) -> None:
    """What bones that turn and point sideways so far cost, (n) each."""
    for i in range(len(cost)):
        beyond, beside = outside(turn[i], low, high), outside(across[i], -aside, aside)
        cost[i] = beyond * beyond / slack + beside * beside / aside_slack


@kernel
def _bend(ahead: Array, out: Array, ahead_after: Array, out_after: Array, turn: Array) -> None:
    for i in range(len(turn)):
        a, n, b, m = ahead[i], out[i], ahead_after[i], out_after[i]
        turn[i] = angle(a * m - n * b, a * b + n * m)


@kernel
def _thumb_cost(parts: Array, numbers: Array, costs: Array) -> None:
    """`fingers._thumb_cost` of (3, 3, 2, n), to (8, n)."""
    usual, spread, slack, bent = numbers[4:7], numbers[7:10], numbers[10], numbers[11]
    n_series = costs.shape[1]
    habits, past = np.empty((3, 2, n_series), costs.dtype), np.empty((2, 4, n_series), costs.dtype)
    turn = np.empty(n_series, costs.dtype)
    for bone in range(3):
        for sign in range(2):
            _square(parts[2, bone, sign], usual[bone], spread[bone], habits[bone, sign])
    for joint in range(2):
        low, high = numbers[joint], numbers[2 + joint]
        for signs in range(4):
            cost = past[joint, signs]
            for axis in range(3):
                first, second = parts[axis, joint, signs >> 1], parts[axis, joint + 1, signs & 1]
                for i in range(n_series):
                    turn[i] = first[i] * second[i] if axis == 0 else turn[i] + first[i] * second[i]
            for i in range(n_series):
                turn[i] = turn_of(turn[i])
            for i in range(n_series):
                beyond = outside(turn[i], low, high)
                cost[i] = beyond * beyond / slack
            if joint == 1:
                for i in range(n_series):
                    usually = turn[i] / bent
                    cost[i] += usually * usually
    for pattern in range(8):
        before, after, cost = past[0, pattern >> 1], past[1, pattern & 3], costs[pattern]
        first, second, third = habits[0, pattern >> 2], habits[1, pattern >> 1 & 1], habits[2, pattern & 1]
        for i in range(n_series):
            cost[i] = first[i] + second[i] + third[i] + before[i] + after[i]


@kernel
def _square(values: Array, usual: float, spread: float, cost: Array) -> None:
    for i in range(len(cost)):
        off = (values[i] - usual) / spread
        cost[i] = off * off
