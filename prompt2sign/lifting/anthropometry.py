"""The body of an average signer, for what a clip does not show. Lengths in shoulder widths: the distance of the joints.

Arms: our choice, near the parts of the body's height in Winter, "Biomechanics and Motor Control of Human Movement",
2009, figure 4.1 (0.186 and 0.146 of it, shoulder joints about 0.2 apart). Bones of the fingers: the means of Buryanov
and Kotiuk, "Proportions of Hand Segments", Int. J. Morphol. 28(3), 2010, with some 4 mm of flesh on each tip. Palm and
nose: our choice, near the medians of the published skels.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..skeleton import SKELETON

_BODY = {"nose": 0.66, "shoulder": 0.5, "elbow": 0.86, "wrist": 0.75}
#: From the wrist joint of the body to the root of the hand: nearly the same place.
_ROOT = 0.08
#: Root to first point, then from point to point; thumb first.
_FINGERS = {
    "thumb": (0.11, 0.12, 0.088, 0.073),
    "index": (0.255, 0.113, 0.066, 0.055),
    "middle": (0.255, 0.125, 0.076, 0.058),
    "ring": (0.245, 0.116, 0.072, 0.058),
    "little": (0.23, 0.093, 0.053, 0.054),
}
#: How long the bones of a relaxed finger look from the back of the hand: it bends by 20, 25 and 15 degrees.
_BENT = np.cos(np.radians([0, 20, 45, 60]))
#: Angle of each finger's first point seen from the root, radians from the middle of the hand towards the thumb.
SPREAD = {"thumb": 0.75, "index": 0.3, "middle": 0.05, "ring": -0.18, "little": -0.4}


@cache
def typical_lengths() -> NDArray[np.float64]:
    """(49,) typical length of each bone of `SKELETON.bones`, in shoulder widths; not to be written to."""
    return _fixed(np.array([_length(SKELETON.names[child]) for _, child in SKELETON.bones]))


def _fixed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    values.flags.writeable = False
    return values


def _length(child: str) -> float:
    *_, part, number = f"_{child}".split("_")
    if part in _FINGERS:
        return _FINGERS[part][int(number) - 1]
    return _ROOT if number == "root" else _BODY[number]


@cache
def relaxed_hand() -> NDArray[np.float64]:
    """(2, 21) a relaxed hand seen from the back, root at the origin: along the forearm, and towards the thumb.

    Its fingers are bent a little, so their bones look shorter than they are.
    """
    points = [np.zeros((2, 1))]
    for finger, lengths in _FINGERS.items():
        direction = np.array([[np.cos(SPREAD[finger])], [np.sin(SPREAD[finger])]])
        points.append(direction * np.cumsum(np.array(lengths) * _BENT))
    return _fixed(np.concatenate(points, axis=1))
