"""The body of an average signer, for what a clip does not show. Lengths in shoulder widths: the distance of the joints.

Arms and hands: about the middle between the sexes in the measures of adults (shoulder joints 0.35 m apart, upper arm
0.30 m, forearm 0.255 m, hand 0.185 m: Winter, "Biomechanics and Motor Control of Human Movement", 2009, table 4.1, as
parts of a height of 1.70 m); nose and the bones of the hand: our choice, near the medians of the published skels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..skeleton import SKELETON

_BODY = {"nose": 0.66, "shoulder": 0.5, "elbow": 0.86, "wrist": 0.73}
#: From the wrist joint of the body to the root of the hand: nearly the same place.
_ROOT = 0.08
#: Root to first point, then from point to point; thumb first.
_FINGERS = {
    "thumb": (0.11, 0.12, 0.10, 0.08),
    "index": (0.25, 0.12, 0.075, 0.06),
    "middle": (0.25, 0.13, 0.085, 0.06),
    "ring": (0.24, 0.12, 0.08, 0.06),
    "little": (0.22, 0.095, 0.06, 0.05),
}
#: Angle of each finger's first point seen from the root, radians from the middle of the hand towards the thumb.
SPREAD = {"thumb": 0.75, "index": 0.3, "middle": 0.05, "ring": -0.18, "little": -0.4}


def typical_lengths() -> NDArray[np.float64]:
    """(49,) typical length of each bone of `SKELETON.bones`, in shoulder widths."""
    return np.array([_length(SKELETON.names[child]) for _, child in SKELETON.bones])


def _length(child: str) -> float:
    *_, part, number = f"_{child}".split("_")
    if part in _FINGERS:
        return _FINGERS[part][int(number) - 1]
    return _ROOT if number == "root" else _BODY[number]


def relaxed_hand() -> NDArray[np.float64]:
    """(2, 21) a relaxed open hand seen from the back, root at the origin: along the forearm, and towards the thumb."""
    points = [np.zeros((2, 1))]
    for finger, lengths in _FINGERS.items():
        direction = np.array([[np.cos(SPREAD[finger])], [np.sin(SPREAD[finger])]])
        points.append(direction * np.cumsum(lengths))
    return np.concatenate(points, axis=1)
