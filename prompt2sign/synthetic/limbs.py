"""An arm and its hand from joint angles: where the hand is, everything else follows as in a body.

One description serves either side: axes are outward (to the hand's own side), up and forward, as for the left arm of
somebody who faces the camera; the right arm is its mirror image.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .bodies import Build
from .handshapes import hand_points
from .motion import ELBOW_SIDE
from .rotations import Array, unit

#: One limb at one moment as 24 numbers: wrist in trunk axes; then angles in radians.
WRIST = slice(0, 3)
#: Elbow round the line from shoulder to wrist, from hanging towards raised.
SWIVEL = 3
#: Forearm from "thumb up" (0) towards palm down (+) or palm up (-); wrist towards the palm (+); towards the thumb (+).
PRONATION, FLEXION, DEVIATION = 4, 5, 6
#: Index to little finger: spread towards the thumb, bend of the first and of the middle joint.
FINGERS = slice(7, 19)
#: Thumb: away from the index in the plane of the palm, out of that plane, direction in which it bends (0 = along the
#: palm, 90 degrees = into it), bend of the middle and of the last joint.
THUMB = slice(19, 24)
STATE_SIZE = 24

_DEGREES_LOW = (-30, -85, -60, -25, *(4 * (-25, -15, 0)), 0, 0, 10, -5, -10)
_DEGREES_HIGH = (70, 85, 70, 20, *(4 * (25, 90, 105)), 60, 55, 70, 55, 75)
#: (21,) what the angles of a limb stay within, after the ranges of healthy adults in Kapandji, "The Physiology of the
#: Joints", volume 1, rounded; the range of the elbow is our choice.
LIMITS_LOW, LIMITS_HIGH = np.radians(_DEGREES_LOW), np.radians(_DEGREES_HIGH)
#: The least angle between upper arm and forearm, and the straightest arm as a share of its length.
LEAST_ELBOW, STRAIGHTEST = np.radians(35.0), 0.985


class Limb(NamedTuple):
    """Elbow (T, 3), wrist (T, 3) and hand points (T, 21, 3) in trunk axes."""

    elbow: Array
    wrist: Array
    hand: Array


def limb(states: Array, build: Build) -> Limb:
    """Place an arm and its hand.

    Args:
        states: (T, 24); angles beyond the limits are taken at the limit, a wrist out of reach is drawn in.
        build: Whose arm.
    """
    angles = np.clip(states[:, SWIVEL:], LIMITS_LOW, LIMITS_HIGH)
    states = np.concatenate([states[:, WRIST], angles], axis=1)
    elbow, wrist, hinge = _bend(states, build)
    axes = _hand_axes(unit(wrist - elbow), hinge, states)
    local = build.hand_root + hand_points(_shape(states, build.dip_share), build.hand)
    return Limb(elbow, wrist, wrist[:, None] + np.einsum("tij,tkj->tki", axes, local))


def place_arm(elbow: Array, wrist: Array, build: Build) -> Array:
    """(4,) wrist and swivel of the state in which elbow (3,) and wrist (3,) are where they are."""
    line = unit(wrist - build.shoulder)
    hanging = unit(ELBOW_SIDE - line * (line @ ELBOW_SIDE))
    side = elbow - build.shoulder
    return np.append(wrist, np.arctan2(side @ np.cross(line, hanging), side @ hanging))


def _bend(states: Array, build: Build) -> tuple[Array, Array, Array]:
    """Elbow, wrist and axis of the elbow's hinge (T, 3): two-bone inverse kinematics."""
    upper, fore = build.upper_arm, build.forearm
    reach = states[:, WRIST] - build.shoulder
    distance = np.linalg.norm(reach, axis=1, keepdims=True)
    line = reach / distance
    shortest = np.sqrt(upper**2 + fore**2 - 2 * upper * fore * np.cos(LEAST_ELBOW))
    distance = np.clip(distance, shortest, STRAIGHTEST * (upper + fore))
    along = (upper**2 - fore**2 + distance**2) / (2 * distance)
    height = np.sqrt(upper**2 - along**2)
    hanging = unit(ELBOW_SIDE - line * (line @ ELBOW_SIDE)[:, None])
    swivel = states[:, SWIVEL, None]
    side = np.cos(swivel) * hanging + np.sin(swivel) * np.cross(line, hanging)
    elbow = build.shoulder + line * along + side * height
    return elbow, build.shoulder + line * distance, np.cross(side, line)


def _hand_axes(forearm: Array, hinge: Array, states: Array) -> Array:
    """(T, 3, 3) axes of a left hand in the columns: to the thumb, along the fingers, out of the palm.

    With "thumb up" the palm looks along the hinge of the elbow; pronation turns it round the forearm.
    """
    fingers, palm = forearm, hinge
    thumb = -np.cross(fingers, palm)
    thumb, palm = _turn(thumb, palm, states[:, PRONATION])
    fingers, thumb = _turn(fingers, thumb, states[:, DEVIATION])
    fingers, palm = _turn(fingers, palm, states[:, FLEXION])
    return np.stack([thumb, fingers, palm], axis=-1)


def _turn(first: Array, second: Array, angle: Array) -> tuple[Array, Array]:
    """Two axes (T, 3) turned in their plane, the first towards the second."""
    cosine, sine = np.cos(angle)[:, None], np.sin(angle)[:, None]
    return cosine * first + sine * second, cosine * second - sine * first


def _shape(states: Array, dip_share: float) -> Array:
    """(T, 25) shape vectors of `handshapes`: the last joint bends with the middle one, a bent finger cannot spread."""
    spread, first, middle = np.moveaxis(states[:, FINGERS].reshape(-1, 4, 3), -1, 0)
    spread = spread * np.cos(np.clip(first, 0.0, None))
    fingers = np.stack([spread, first, middle, dip_share * middle], axis=-1).reshape(-1, 16)
    return np.concatenate([fingers, _thumb(states[:, THUMB]).reshape(-1, 9)], axis=1)


def _thumb(angles: Array) -> Array:
    """(T, 3, 3) directions of the three bones of the thumb, which bends in one plane."""
    away, out, plane, middle, last = angles.T
    first = np.stack([np.sin(away) * np.cos(out), np.cos(away) * np.cos(out), np.sin(out)], axis=-1)
    across = np.stack([-np.cos(plane), np.zeros_like(plane), np.sin(plane)], axis=-1)
    across = unit(across - first * np.sum(across * first, axis=-1, keepdims=True))
    bends = (np.zeros_like(middle), middle, middle + last)
    return np.stack([_turn(first, across, bend)[0] for bend in bends], axis=1)
