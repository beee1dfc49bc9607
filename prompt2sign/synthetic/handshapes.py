"""Hand shapes as joint angles, and the 21 points of a hand that follow from them.

A hand has axes of its own: x towards the thumb, y along the fingers, z out of the palm. The points are in OpenPose's
order (`prompt2sign.skeleton.HAND`): the root at the wrist, then thumb, index, middle, ring and little finger, each
from the palm outwards. Measures are those of an adult's hand, about 18 cm from wrist to fingertip.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .rotations import Array, unit

#: Knuckles of index, middle, ring and little finger, metres in the hand's axes.
KNUCKLES_M = np.array([[0.026, 0.090, 0.0], [0.005, 0.093, 0.0], [-0.0155, 0.088, 0.0], [-0.034, 0.079, 0.002]])
#: Lengths of the three bones of each of these fingers.
FINGER_BONES_M = np.array([[0.043, 0.026, 0.021], [0.047, 0.030, 0.022], [0.043, 0.028, 0.021], [0.034, 0.021, 0.018]])
THUMB_BASE_M = np.array([0.020, 0.022, 0.008])
THUMB_BONES_M = np.array([0.040, 0.034, 0.028])

Direction = tuple[float, float, float]
Finger = tuple[float, float, float, float]


class HandShape(NamedTuple):
    """Angles of the fingers and directions of the thumb.

    Attributes:
        fingers: For index to little finger: spread towards the thumb, then the bend of the three joints, degrees.
        thumb: Directions of the three thumb bones in the hand's axes, of any length.
    """

    fingers: tuple[Finger, Finger, Finger, Finger]
    thumb: tuple[Direction, Direction, Direction]

    def vector(self) -> Array:
        """(25,) sixteen angles in radians, then the nine numbers of the thumb: shapes blend as such vectors."""
        return np.concatenate([np.radians(self.fingers).ravel(), unit(self.thumb).ravel()])


class HandMeasures(NamedTuple):
    """Size of a hand, in any unit; by default the adult's of this module in metres.

    Attributes:
        knuckles: (4, 3) knuckles of index to little finger in the hand's axes.
        finger_bones: (4, 3) lengths of their bones.
        thumb_base: (3,) where the thumb starts.
        thumb_bones: (3,) lengths of its bones.
    """

    knuckles: Array = KNUCKLES_M
    finger_bones: Array = FINGER_BONES_M
    thumb_base: Array = THUMB_BASE_M
    thumb_bones: Array = THUMB_BONES_M


ADULT = HandMeasures()
SHAPE_SIZE = 25

_CURLED: tuple[Finger, Finger, Finger, Finger] = (
    (2, 82, 98, 60), (0, 84, 100, 60), (-2, 84, 100, 60), (-4, 82, 96, 60),
)  # fmt: skip
_STRAIGHT: Finger = (0, 4, 6, 4)
_THUMB_AWAY = ((0.75, 0.62, 0.25), (0.62, 0.78, 0.12), (0.45, 0.89, 0.05))
_THUMB_BESIDE = ((0.55, 0.80, 0.25), (0.25, 0.96, 0.10), (0.10, 0.99, 0.05))
_THUMB_OVER = ((0.45, 0.75, 0.50), (-0.10, 0.75, 0.65), (-0.80, 0.55, 0.25))
_THUMB_ACROSS = ((0.45, 0.80, 0.45), (-0.35, 0.75, 0.55), (-0.75, 0.60, 0.25))
_THUMB_OUT = ((0.80, 0.55, 0.20), (0.90, 0.42, 0.05), (0.97, 0.25, 0.0))
_THUMB_OPPOSED = ((0.60, 0.70, 0.45), (0.45, 0.75, 0.55), (0.30, 0.80, 0.55))

SHAPES = {
    "spread": HandShape(((10, 2, 5, 4), (1, 0, 5, 3), (-8, 2, 6, 4), (-18, 4, 8, 5)), _THUMB_AWAY),
    "flat": HandShape(((2, 3, 5, 4), (0, 2, 5, 4), (-2, 3, 6, 4), (-5, 4, 7, 5)), _THUMB_BESIDE),
    "fist": HandShape(_CURLED, _THUMB_OVER),
    "point": HandShape((_STRAIGHT, *_CURLED[1:]), _THUMB_OVER),
    "vee": HandShape(((9, 3, 5, 4), (-7, 3, 6, 4), *_CURLED[2:]), _THUMB_ACROSS),
    "thumb": HandShape(_CURLED, _THUMB_OUT),
    "angle": HandShape(((6, 3, 5, 4), *_CURLED[1:]), _THUMB_OUT),
    "claw": HandShape(((9, 25, 45, 25), (1, 25, 48, 25), (-8, 25, 48, 25), (-17, 25, 45, 25)), _THUMB_AWAY),
    "cup": HandShape(((4, 30, 28, 16), (0, 32, 30, 16), (-4, 32, 30, 16), (-8, 30, 28, 16)), _THUMB_OPPOSED),
    "relaxed": HandShape(((5, 18, 26, 15), (0, 22, 30, 16), (-4, 26, 34, 18), (-9, 28, 36, 20)), _THUMB_BESIDE),
}  # fmt: skip


def hand_points(shapes: Array, measures: HandMeasures = ADULT) -> Array:
    """The 21 points of a hand in the hand's own axes.

    Args:
        shapes: (T, 25) as `HandShape.vector` gives them, or a blend of such vectors.
        measures: Whose hand.

    Returns:
        (T, 21, 3) float64, in the unit of `measures`.
    """
    n_frames = len(shapes)
    angles = shapes[:, :16].reshape(n_frames, 4, 4)
    spread, bend = angles[..., 0], np.cumsum(angles[..., 1:], axis=-1)
    along = np.stack([np.sin(spread), np.cos(spread), np.zeros_like(spread)], axis=-1)
    out_of_palm = np.array([0.0, 0.0, 1.0])
    directions = np.cos(bend)[..., None] * along[:, :, None, :] + np.sin(bend)[..., None] * out_of_palm
    thumb_directions = unit(shapes[:, 16:].reshape(n_frames, 3, 3))
    points = np.zeros((n_frames, 21, 3))
    points[:, 1:5] = _chain(measures.thumb_base, thumb_directions * measures.thumb_bones[:, None])
    points[:, 5:] = _chain(measures.knuckles, directions * measures.finger_bones[..., None]).reshape(n_frames, 16, 3)
    return points


def _chain(base: Array, steps: Array) -> Array:
    """(..., n + 1, 3) the points reached from `base` (..., 3) by n `steps` (..., n, 3) one after the other."""
    start = np.broadcast_to(base, steps[..., 0, :].shape)[..., None, :]
    return np.concatenate([start, start + np.cumsum(steps, axis=-2)], axis=-2)
