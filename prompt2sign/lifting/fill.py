"""A place for every joint in every frame: what was not seen is filled in, and stays marked as not observed."""

from __future__ import annotations

import numpy as np

from ..skeleton import (
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_WRIST,
    NECK,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_WRIST,
    SKELETON,
)
from .anthropometry import relaxed_hand, typical_lengths
from .normalise import Flags, Points, fill_in_time

#: Directions from parent to child of a body at rest, arms hanging; x to the right of the picture, y down.
_AT_REST = {
    "nose": (0.0, -1.0),
    "right_shoulder": (-1.0, 0.0),
    "left_shoulder": (1.0, 0.0),
    "right_elbow": (-0.2, 0.98),
    "left_elbow": (0.2, 0.98),
    "right_wrist": (0.0, 1.0),
    "left_wrist": (0.0, 1.0),
}


def fill(xy: Points, seen: Flags) -> Points:
    """(T, 50, 2) positions without gaps, from neck-centred positions and what was seen of them.

    A joint that is seen at times is interpolated over time: a body joint against the neck, a hand point against its
    wrist, so that a hand lost for a moment still follows its arm. A body joint that is never seen hangs from its
    parent; a hand that is never seen continues the forearm, relaxed.
    """
    filled = xy.copy()
    typical = dict(zip(SKELETON.bones[:, 1], typical_lengths(), strict=True))
    for parent, child in SKELETON.bones[:7]:
        if seen[:, child].any():
            filled[:, child] = fill_in_time(xy[:, child], seen[:, child])
        else:
            direction = np.array(_AT_REST[SKELETON.names[child]])
            filled[:, child] = filled[:, parent] + typical[child] * direction
    filled[:, NECK] = 0.0
    for hand, elbow, wrist in ((LEFT_HAND, LEFT_ELBOW, LEFT_WRIST), (RIGHT_HAND, RIGHT_ELBOW, RIGHT_WRIST)):
        filled[:, hand] = _fill_hand(xy[:, hand], seen[:, hand], filled[:, elbow], filled[:, wrist])
    return filled


def _fill_hand(xy: Points, seen: Flags, elbow: Points, wrist: Points) -> Points:
    """(T, 21, 2) points of one hand; `elbow` and `wrist` (T, 2) are already filled."""
    relaxed = _relaxed_along(elbow, wrist)
    offsets = xy - wrist[:, None]
    points = [
        fill_in_time(offsets[:, joint], seen[:, joint]) if seen[:, joint].any() else relaxed[:, joint]
        for joint in range(xy.shape[1])
    ]
    return np.stack(points, axis=1) + wrist[:, None]


def _relaxed_along(elbow: Points, wrist: Points) -> Points:
    """(T, 21, 2) a relaxed hand that continues each frame's forearm, relative to the wrist, thumb inwards."""
    forearm = wrist - elbow
    along = forearm / np.maximum(np.linalg.norm(forearm, axis=-1, keepdims=True), 1e-6)
    across = np.stack([-along[:, 1], along[:, 0]], axis=-1)
    across *= np.where((across * wrist).sum(axis=-1, keepdims=True) > 0, -1.0, 1.0)
    hand = relaxed_hand()
    placed: Points = hand[None, :, :1] * along[:, None] + hand[None, :, 1:] * across[:, None]
    return placed
