"""Lengths of an average signer's bones, for what a clip does not show.

In shoulder widths (distance of the two shoulder joints). Body: medians of the published PHOENIX-2014T skels, whose unit
is three shoulder widths. Hands: proportions of an average adult hand (palm 0.09 m, shoulders 0.36 m apart).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..skeleton import SKELETON

_BODY = {"nose": 0.64, "shoulder": 0.5, "elbow": 0.93, "wrist": 0.68}
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
_SPREAD = {"thumb": 0.75, "index": 0.3, "middle": 0.05, "ring": -0.18, "little": -0.4}


def typical_lengths() -> NDArray[np.float64]:
    """(49,) typical length of each bone of `SKELETON.bones`, in shoulder widths."""
    return np.array([_length(SKELETON.names[child]) for _, child in SKELETON.bones])


def _length(child: str) -> float:
    *_, part, number = f"_{child}".split("_")
    if part in _FINGERS:
        return _FINGERS[part][int(number) - 1]
    return _ROOT if number == "root" else _BODY[number]


def relaxed_hand() -> NDArray[np.float64]:
    """(21, 2) a relaxed open hand seen from the back, root at the origin: along the forearm, and towards the thumb."""
    points = [(0.0, 0.0)]
    for finger, lengths in _FINGERS.items():
        direction = np.array([np.cos(_SPREAD[finger]), np.sin(_SPREAD[finger])])
        points += [tuple(direction * reach) for reach in np.cumsum(lengths)]
    return np.array(points)
