"""What a signer is drawn of: limbs round two points with two radii, each with a colour.

The 50 joints know nothing of a head's size or of a trunk; both are drawn in proportion to the shoulders, so that hands
are seen before something.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..skeleton import FINGERS, LEFT_HAND, NECK, NOSE, RIGHT_HAND, SKELETON

Colour = tuple[int, int, int]

BACKGROUND: Colour = (16, 19, 26)
#: Round every limb, so that fingers before a palm stand apart.
OUTLINE: Colour = (6, 7, 10)
_TRUNK: Colour = (62, 70, 88)
_HEAD: Colour = (196, 178, 160)
_NECK: Colour = (150, 136, 124)
_RIGHT: Colour = (255, 138, 76)
_LEFT: Colour = (82, 160, 255)
#: Thumb to little finger, the same on both hands.
_FINGER_COLOURS: tuple[Colour, ...] = ((255, 96, 110), (255, 200, 70), (120, 220, 110), (80, 210, 230), (200, 140, 255))

#: Radii in shoulder widths. A shoulder width (acromion to acromion) is about 0.36 m.
_BODY_RADII = {"nose": 0.05, "neck": 0.11, "shoulder": 0.115, "elbow": 0.088, "wrist": 0.062}
_HAND_RADII = (0.06, 0.045, 0.042, 0.036, 0.028)


@dataclass(frozen=True)
class Limbs:
    """The limbs of a clip.

    Attributes:
        ends: (T, L, 2, 3) the two ends of each, shoulder widths.
        radii: (L, 2) at the two ends, shoulder widths.
        colours: (L, 3) RGB, 0 to 255.
        before: (L,) painted as if it were so much nearer, shoulder widths: a head covers its own neck from any side.
    """

    ends: NDArray[np.float64]
    radii: NDArray[np.float64]
    colours: NDArray[np.float64]
    before: NDArray[np.float64]


def limbs_of(motion: NDArray[np.float32]) -> Limbs:
    """The limbs of a signer: trunk, neck, head and nose, then one a bone of arms and hands.

    Args:
        motion: (T, 50, 3) shoulder widths, neck at the origin.
    """
    xyz = motion.astype(np.float64)
    middle = np.stack([_around(xyz, part[3]) for part in _MIDDLE], axis=1)
    return Limbs(np.concatenate([middle, xyz[:, _BONES]], axis=1), _ALL_RADII, _COLOURS, _BEFORE)


def _around(xyz: NDArray[np.float64], places: tuple[_Place, _Place]) -> NDArray[np.float64]:
    """(T, 2, 3) two places beside joints."""
    return np.stack([xyz[:, joint] + np.array(offset) for joint, offset in places], axis=1)


def _radius(joint: int) -> float:
    for hand in (LEFT_HAND, RIGHT_HAND):
        if hand.start <= joint < hand.stop:
            place = joint - hand.start
            return _HAND_RADII[(place - 1) % 4 + 1 if place else 0]
    return _BODY_RADII[SKELETON.names[joint].split("_")[-1]]


def joint_colour(joint: int) -> Colour:
    """Colour of the bone that ends at `joint`; the bones of the palm have that of the arm."""
    side, _, part = SKELETON.names[joint].partition("_")
    finger, _, number = part.partition("_")
    if finger in FINGERS and number != "1":
        return _FINGER_COLOURS[FINGERS.index(finger)]
    return _RIGHT if side == "right" else _LEFT


#: A joint and how far from it, shoulder widths.
_Place = tuple[int, tuple[float, float, float]]
#: What has no bone of its own: radii, colour, `before`, and where the two ends are. The nose is the front of the head.
_MIDDLE: tuple[tuple[tuple[float, float], Colour, float, tuple[_Place, _Place]], ...] = (
    ((0.4, 0.33), _TRUNK, -0.2, ((NECK, (0.0, 0.36, -0.12)), (NECK, (0.0, 1.25, -0.12)))),
    ((0.13, 0.12), _NECK, -0.2, ((NECK, (0.0, 0.0, -0.06)), (NOSE, (0.0, 0.1, -0.3)))),
    ((0.27, 0.2), _HEAD, 0.0, ((NOSE, (0.0, -0.14, -0.27)), (NOSE, (0.0, 0.1, -0.16)))),
    ((0.03, 0.045), _HEAD, 0.1, ((NOSE, (0.0, -0.1, -0.03)), (NOSE, (0.0, 0.0, 0.0)))),
)
_BONES = SKELETON.bones[SKELETON.bones[:, 1] != NOSE]
_ALL_RADII = np.array([part[0] for part in _MIDDLE] + [(_radius(parent), _radius(child)) for parent, child in _BONES])
_COLOURS = np.array([part[1] for part in _MIDDLE] + [joint_colour(child) for _, child in _BONES], np.float64)
_BEFORE = np.array([part[2] for part in _MIDDLE] + [0.0] * len(_BONES))
