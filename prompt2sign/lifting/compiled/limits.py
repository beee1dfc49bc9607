"""Kernels of `limits`: one hand of one frame at a time."""

from __future__ import annotations

import numpy as np

from ...skeleton import (
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)
from ..arrays import Array
from .kernel import kernel

#: Shoulder, elbow, wrist and the root of the hand, left and right; and which way a palm is turned.
_SIDES = (
    (LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST, LEFT_HAND.start, -1.0),
    (RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, RIGHT_HAND.start, 1.0),
)
_N_ANGLES = 30
Vector = tuple[float, float, float]


@kernel
def angles(xyz: Array) -> Array:
    """`limits._angles` of (T, 50, 3): (2, T, 2, A)."""
    result = np.empty((2, len(xyz), 2, _N_ANGLES), xyz.dtype)
    for t in range(len(xyz)):
        for number, (shoulder, elbow, wrist, root, sign) in enumerate(_SIDES):
            hand = xyz[t, root : root + 21]
            along = _bone(hand, 0, 9)
            thumb = _across(along, _between(hand, 17, 5))
            palm = _turned(along, thumb, sign)
            of_side = result[:, t, number]
            _arm(_bone(xyz[t], shoulder, elbow), _bone(xyz[t], elbow, wrist), along, thumb, palm, of_side[:, :3])
            _thumb(hand, palm, of_side[:, 3:6])
            _fingers(hand, along, thumb, palm, sign, of_side[:, 6:])
    return result


@kernel
def _arm(upper_arm: Vector, forearm: Vector, along: Vector, thumb: Vector, palm: Vector, result: Array) -> None:
    result[0, 0], result[1, 0] = _bend(upper_arm, forearm)
    result[0, 1], result[1, 1] = -_dot(forearm, palm), _dot(forearm, along)
    result[0, 2], result[1, 2] = _rise(-_dot(forearm, thumb))


@kernel
def _thumb(hand: Array, palm: Vector, result: Array) -> None:
    first, second, third = _bone(hand, 1, 2), _bone(hand, 2, 3), _bone(hand, 3, 4)
    result[0, 0], result[1, 0] = _rise(_dot(first, palm))
    result[0, 1], result[1, 1] = _bend(first, second)
    result[0, 2], result[1, 2] = _bend(second, third)


@kernel
def _fingers(hand: Array, along: Vector, thumb: Vector, palm: Vector, sign: float, result: Array) -> None:
    for finger in range(4):
        knuckle = 5 + 4 * finger
        before = _bone(hand, knuckle, knuckle + 1)
        result[0, finger], result[1, finger] = _dot(before, palm), _dot(before, along)
        result[0, 4 + finger], result[1, 4 + finger] = _rise(_dot(before, thumb))
        for joint in range(2):
            after = _bone(hand, knuckle + joint + 1, knuckle + joint + 2)
            hinge = _across(before, thumb)
            place = 8 + 4 * joint + finger
            result[0, place], result[1, place] = _dot(after, _turned(before, hinge, sign)), _dot(after, before)
            result[0, place + 8], result[1, place + 8] = _rise(_dot(after, hinge))
            before = after


@kernel
def _between(points: Array, start: int, end: int) -> Vector:
    return points[end, 0] - points[start, 0], points[end, 1] - points[start, 1], points[end, 2] - points[start, 2]


@kernel
def _bone(points: Array, start: int, end: int) -> Vector:
    return _unit(_between(points, start, end))


@kernel
def _unit(vector: Vector) -> Vector:
    length = np.sqrt(_dot(vector, vector))
    if not length > 0:
        length = 1.0
    return vector[0] / length, vector[1] / length, vector[2] / length


@kernel
def _dot(first: Vector, second: Vector) -> float:
    return first[0] * second[0] + first[1] * second[1] + first[2] * second[2]


@kernel
def _across(along: Vector, sideways: Vector) -> Vector:
    part = _dot(sideways, along)
    return _unit((sideways[0] - part * along[0], sideways[1] - part * along[1], sideways[2] - part * along[2]))


@kernel
def _turned(along: Vector, thumb: Vector, sign: float) -> Vector:
    return (
        sign * (along[1] * thumb[2] - along[2] * thumb[1]),
        sign * (along[2] * thumb[0] - along[0] * thumb[2]),
        sign * (along[0] * thumb[1] - along[1] * thumb[0]),
    )


@kernel
def _bend(before: Vector, after: Vector) -> tuple[float, float]:
    along = _dot(before, after)
    across = _dot(before, before) * _dot(after, after) - along * along
    return np.sqrt(max(across, 0.0)), along


@kernel
def _rise(sine: float) -> tuple[float, float]:
    return sine, np.sqrt(max(1.0 - sine * sine, 0.0))
