"""How far the joints of arms and hands turn: one table of limits, and the angles of a motion to hold against it.

Ranges are those of adults in good health: American Academy of Orthopaedic Surgeons, "Joint Motion: Method of Measuring
and Recording", Chicago 1965 (the same figures: Greene and Heckman, "The Clinical Measurement of Joint Motion", 1994).
Where they give none, the row says so. Signs follow from the hand's own axes, and these from the order of its knuckles
and from which hand it is; so a hand that bends its fingers backwards, or is a mirror image of itself, is told apart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..skeleton import LEFT_ELBOW, LEFT_SHOULDER, LEFT_WRIST, RIGHT_ELBOW, RIGHT_SHOULDER, RIGHT_WRIST
from .arrays import kernels

Array = NDArray[np.float64]
FINGERS = ("index", "middle", "ring", "little")


class Limit(NamedTuple):
    """The range of one movement, in degrees; 0 is the joint held straight.

    Attributes:
        joint: Joint of the arm, or point of a finger in `skeleton.HAND`.
        movement: Positive is bending towards the palm, or turning towards the thumb.
        low_deg: Least.
        high_deg: Most.
        fingers: The fingers it holds for; empty for a joint there is once an arm.
    """

    joint: str
    movement: str
    low_deg: float
    high_deg: float
    fingers: tuple[str, ...] = ()


#: In the order of the angles of `angles_deg`.
LIMITS = (
    Limit("elbow", "flexion", 0, 150),  # which way it bends cannot be told from three points
    Limit("wrist", "flexion", -70, 80),
    Limit("wrist", "deviation", -30, 20),
    Limit("1", "abduction", -20, 70, ("thumb",)),  # out of the plane of the palm
    Limit("2", "bend", 0, 50, ("thumb",)),  # the plane a thumb bends in cannot be told, so neither can the sign
    Limit("3", "bend", 0, 80, ("thumb",)),
    Limit("1", "flexion", -45, 90, FINGERS),
    Limit("1", "deviation", -30, 30, FINGERS),  # 20 from the finger's own straight line; here from the hand's middle
    Limit("2", "flexion", 0, 100, FINGERS),
    Limit("3", "flexion", -10, 90, FINGERS),
    Limit("2", "deviation", -20, 20, FINGERS),  # hinges; but in a fist the fingers bend towards one point of the palm
    Limit("3", "deviation", -20, 20, FINGERS),
)
#: Estimators err by a fifth of a finger bone: what lies past a limit by less than this may be their noise.
TOLERANCE_DEG = 10.0


def _each(values: tuple[float, ...]) -> Array:
    return np.repeat(np.array(values, dtype=np.float64), [max(1, len(limit.fingers)) for limit in LIMITS])


#: (A,) the name of each angle of an arm and its hand, as `index_2 flexion`, and its range.
NAMES = tuple(
    f"{finger}_{limit.joint} {limit.movement}".lstrip("_") for limit in LIMITS for finger in (limit.fingers or ("",))
)
LOW_DEG, HIGH_DEG = (_each(values) for values in zip(*((limit[2], limit[3]) for limit in LIMITS), strict=True))

_ARMS = np.array([[LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST], [RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST]])
_INDEX, _MIDDLE, _LITTLE = 5, 9, 17
#: x right, y down, z towards the viewer is a left-handed frame. The cross product as it is commonly computed gives the
#: palm's side of a right hand as fingers x thumb in it, and that of a left hand as thumb x fingers.
_HANDEDNESS = np.array([-1.0, 1.0])


class HandAxes(NamedTuple):
    """The axes of both hands, left first: each (3, 2, T), of length 1, at right angles, in the axes of the motion.

    Attributes:
        along: From the wrist to the middle knuckle.
        thumb: Across the palm, towards the thumb.
        palm: Out of the palm.
    """

    along: Array
    thumb: Array
    palm: Array


def hand_axes(hands: Array) -> HandAxes:
    """The axes of hands, from root and knuckles.

    Args:
        hands: (3, 2, 21, T) left and right hand, x right, y down, z towards the camera; frames last, which makes
            NumPy's inner loops long.
    """
    along = _unit(hands[:, :, _MIDDLE] - hands[:, :, 0])
    across = hands[:, :, _INDEX] - hands[:, :, _LITTLE]
    thumb = _across(along, across)
    return HandAxes(along, thumb, _turned(along, thumb))


def angles_deg(xyz: Array) -> Array:
    """The angles of both arms and hands.

    A bone without length bends nothing.

    Args:
        xyz: (T, 50, 3) motion: x right, y down, z towards the camera, of any unit.

    Returns:
        (T, 2, A) degrees, left side first, the angles in the order of `NAMES`.
    """
    xyz = np.ascontiguousarray(xyz, dtype=np.float64)
    fast = kernels(xyz)
    sine, cosine = fast.angles(xyz) if fast else _angles(xyz)
    # Nothing is straight ahead: the angle of -0.0 and -0.0 would be half a turn.
    degrees: Array = np.degrees(np.arctan2(sine, cosine + 0.0))
    return degrees


def excess_deg(xyz: Array) -> Array:
    """(T, 2, A) by how many degrees each angle of `angles_deg` lies past its limit; 0 within."""
    angles = angles_deg(xyz)
    past: Array = np.maximum(np.maximum(LOW_DEG - angles, angles - HIGH_DEG), 0.0)
    return past


def limit_rate(xyz: Array) -> float:
    """Share of the angles, over all frames, that lie past their limit by more than `TOLERANCE_DEG`; 0 to 1."""
    past = excess_deg(xyz) > TOLERANCE_DEG
    return np.count_nonzero(past) / past.size if past.size else 0.0


# Below, vectors are (3, 2, ..., T) and angles two (2, ..., T): their sine and their cosine, of any common length.
_Angles = tuple[Array, Array]


def _angles(xyz: Array) -> tuple[Array, Array]:
    """(T, 2, A) each."""
    points = np.ascontiguousarray(np.transpose(xyz, (2, 1, 0)))
    hands = points[:, 8:].reshape(3, 2, 21, -1)
    axes = hand_axes(hands)
    angles = [*_arm(points[:, _ARMS], axes), *_thumb(hands, axes), *_fingers(hands, axes)]
    sine, cosine = (
        np.concatenate([part.reshape(2, -1, len(xyz)) for part in parts], axis=1).transpose(2, 0, 1)
        for parts in zip(*angles, strict=True)
    )
    return sine, cosine


def _arm(arms: Array, axes: HandAxes) -> tuple[_Angles, ...]:
    """Elbow flexion, wrist flexion and wrist deviation of arms (3, 2, 3, T)."""
    bones = _unit(np.diff(arms, axis=2))
    upper_arm, forearm = bones[:, :, 0], bones[:, :, 1]
    # A hand that bends towards its palm leaves the forearm on the side of its back.
    flexion = -_dot(forearm, axes.palm), _dot(forearm, axes.along)
    return _bend(upper_arm, forearm), flexion, _rise(-_dot(forearm, axes.thumb))


def _thumb(hands: Array, axes: HandAxes) -> tuple[_Angles, ...]:
    """How far the thumb stands out of the palm, and the bends of its two outer joints."""
    bones = _unit(np.diff(hands[:, :, 1:5], axis=2))
    return _rise(_dot(bones[:, :, 0], axes.palm)), _bend(bones[:, :, :-1], bones[:, :, 1:])


def _fingers(hands: Array, axes: HandAxes) -> tuple[_Angles, ...]:
    """Flexion and deviation of the four knuckles, then flexion, then deviation of the hinges behind them."""
    bones = _unit(np.diff(hands[:, :, 5:].reshape(3, 2, 4, 4, -1).swapaxes(2, 3), axis=2))
    first, before, after = bones[:, :, 0], bones[:, :, :-1], bones[:, :, 1:]
    along, thumb, palm = (axis[:, :, None] for axis in axes)
    # The axis of a hinge joint lies across the palm, and at right angles to the bone before the joint.
    hinge = _across(before, thumb[:, :, None])
    return (
        (_dot(first, palm), _dot(first, along)),
        _rise(_dot(first, thumb)),
        (_dot(after, _turned(before, hinge)), _dot(after, before)),
        _rise(_dot(after, hinge)),
    )


def _across(along: Array, sideways: Array) -> Array:
    """The direction nearest to `sideways` at right angles to the directions `along`."""
    return _unit(sideways - _dot(sideways, along) * along)


def _turned(along: Array, thumb: Array) -> Array:
    """The third axis of a hand to two: where `along` moves when it bends towards the palm."""
    sign = _HANDEDNESS.reshape(2, *[1] * (along.ndim - 2))
    return np.stack([sign * (along[b] * thumb[c] - along[c] * thumb[b]) for b, c in ((1, 2), (2, 0), (0, 1))])


def _bend(before: Array, after: Array) -> _Angles:
    """The angle between two directions, without sign."""
    along = _dot(before, after)
    # The square of their cross product, by Lagrange's identity; it is 0 where a bone has no length.
    across = _dot(before, before) * _dot(after, after) - along * along
    return np.sqrt(np.maximum(across, 0.0)), along


def _rise(sine: Array) -> _Angles:
    """The angle out of a plane, of its sine."""
    return sine, np.sqrt(np.maximum(1.0 - sine * sine, 0.0))


def _dot(first: Array, second: Array) -> Array:
    product: Array = first[0] * second[0] + first[1] * second[1] + first[2] * second[2]
    return product


def _unit(vectors: Array) -> Array:
    length = np.sqrt(_dot(vectors, vectors))
    directions: Array = vectors / np.where(length > 0, length, 1.0)
    return directions
