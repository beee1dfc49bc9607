"""Joint angles of a signer from the 50 joints, and the 50 joints from joint angles.

Every bone has two angles in the frame of the bone before it, so any direction can be told and none is changed on the
way: what is measured or generated is seen as it is, within what a body can do or not. Frames follow the body:

* The trunk: x from right to left shoulder, y up, z forward.
* An upper arm's frame is turned round the bone until the elbow is a hinge: the forearm bends forward in it.
* A forearm is turned round its length by the pronation, after which the hand only bends and leans.
* A finger's bones follow one another from the hand's axes outwards: to the thumb, along the fingers, out of the palm.

Both limbs are told as right ones; a left one is looked at in a mirror.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..skeleton import (
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NECK,
    NOSE,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    SKELETON,
)
from .handshapes import KNUCKLES_M
from .rotations import Array, about

#: Joints of the left and of the right limb: shoulder, elbow, wrist, then the 21 points of the hand.
LIMBS = np.array(
    [
        [LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST, *range(LEFT_HAND.start, LEFT_HAND.stop)],
        [RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, *range(RIGHT_HAND.start, RIGHT_HAND.stop)],
    ]
)
#: Left limbs are looked at in a mirror.
MIRRORS = np.array([[-1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
#: Columns are the axes, in the trunk, of a right collar bone that points outward and of an upper arm that hangs.
_OUTWARD = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
_HANGING = np.array([[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]])
#: The palm of a rigid hand, whose place in a frame gives the hand's axes: root and four knuckles.
_PALM = np.vstack([np.zeros(3), KNUCKLES_M])
_PALM_POINTS = [0, 5, 9, 13, 17]
#: An elbow straighter than this (a sine) does not say where its hinge is; the frames before and after do.
_STRAIGHT = 0.08
_SHORTEST = 1e-9
#: So many bones of a finger stand on joints that spread, the others on hinges.
_SPREADING = 2


@dataclass(frozen=True)
class JointAngles:
    """What a body does, in T frames. Limbs are left, right; angles are radians.

    A pair is (flexion, abduction): forward or towards the palm; outward or towards the thumb. Zero is a bone in line
    with the one before it; for collar bones straight outward, for upper arms straight down, for noses straight up.

    Attributes:
        trunk: (T, 3, 3) the trunk's axes in the columns, a rotation.
        nose: (T, 2) direction of the nose from the neck, forward and to the signer's left.
        clavicle: (T, 2, 2) protraction and elevation of the shoulders.
        shoulder: (T, 2, 3) upper arm: its pair, then its turn round its own length, inward above 0.
        elbow: (T, 2, 2) forearm: bend, and lean, which is 0 where the elbow tells its hinge.
        pronation: (T, 2) turn of the forearm; 0 with the thumb on the side to which the elbow bends ("thumb up").
        wrist: (T, 2, 2) bend towards the palm and lean towards the thumb.
        root: (T, 2, 2) the short bone from the wrist to the root of the hand, in the forearm's frame.
        fingers: (T, 2, 5, 4, 2) thumb to little finger, from the palm outwards: bone of the palm, then three.
    """

    trunk: Array
    nose: Array
    clavicle: Array
    shoulder: Array
    elbow: Array
    pronation: Array
    wrist: Array
    root: Array
    fingers: Array


@dataclass(frozen=True)
class Posed:
    """A body in T frames.

    Attributes:
        xyz: (T, 50, 3) joints, y up, neck at the origin.
        hands: (T, 2, 3, 3) axes of left and right hand in the columns: to the thumb, along the fingers, out of the
            palm. A left hand's are left-handed.
    """

    xyz: Array
    hands: Array


def joint_angles(xyz: Array) -> JointAngles:
    """Inverse kinematics: the angles whose bones point exactly where the bones of a motion do.

    Args:
        xyz: (T, 50, 3) in any unit, x to the right of the picture, y up, z towards the camera; finite.

    Returns:
        Angles; `pose` makes joints of them again, with the same direction of every bone (a bone of no length points on
        with the one before it).
    """
    trunk = _trunk(xyz[:, LEFT_SHOULDER] - xyz[:, RIGHT_SHOULDER])
    limbs = xyz[:, LIMBS] * MIRRORS[:, None]
    trunks = _mirrored(trunk)
    neck = xyz[:, None, NECK] * MIRRORS
    clavicle = _swing(trunks @ _OUTWARD, limbs[:, :, 0] - neck)
    upper = trunks @ _HANGING
    shoulder = _swing(upper, limbs[:, :, 1] - limbs[:, :, 0])
    forearm = limbs[:, :, 2] - limbs[:, :, 1]
    twist = _hinge(_local(_swung(upper, shoulder), forearm))
    upper = _swung(upper, shoulder) @ about("y", twist)
    elbow = _swing(upper, forearm)
    lower = _swung(upper, elbow)
    points = limbs[:, :, 3:]
    hands = _hand_axes(points)
    pronation, wrist = _turn(np.swapaxes(lower, -1, -2) @ hands)
    return JointAngles(
        trunk=trunk,
        nose=_swing(trunk, xyz[:, NOSE] - xyz[:, NECK]),
        clavicle=clavicle,
        shoulder=np.concatenate([shoulder, twist[..., None]], axis=-1),
        elbow=elbow,
        pronation=pronation,
        wrist=wrist,
        root=_swing(lower, points[:, :, 0] - limbs[:, :, 2]),
        fingers=_fingers(hands, points),
    )


def pose(angles: JointAngles, lengths: Array) -> Posed:
    """Forward kinematics.

    Args:
        angles: What the body does.
        lengths: (49,) length of each bone of `SKELETON.bones`, in any unit; the joints come in the same.
    """
    trunks = _mirrored(angles.trunk)
    of_bone = np.zeros(SKELETON.count)
    of_bone[SKELETON.bones[:, 1]] = lengths
    long = of_bone[LIMBS]
    collar = _swung(trunks @ _OUTWARD, angles.clavicle)
    upper = _swung(trunks @ _HANGING, angles.shoulder[..., :2]) @ about("y", angles.shoulder[..., 2])
    lower = _swung(upper, angles.elbow)
    root = _swung(lower, angles.root)
    steps = [_ahead(frame, long[:, n]) for n, frame in enumerate((collar, upper, lower, root))]
    arm = np.cumsum(np.stack(steps, axis=2), axis=2)
    hands = _swung(lower @ about("y", angles.pronation - np.pi / 2), angles.wrist)
    fingers = arm[:, :, None, 3:] + _chains(hands, angles.fingers, long[:, 4:].reshape(2, 5, 4))
    limbs = np.concatenate([arm, fingers.reshape(*arm.shape[:2], 20, 3)], axis=2)
    xyz = np.zeros((len(limbs), SKELETON.count, 3))
    xyz[:, LIMBS] = limbs * MIRRORS[:, None]
    xyz[:, NOSE] = _ahead(_swung(angles.trunk, angles.nose), of_bone[NOSE])
    return Posed(xyz, hands * MIRRORS[..., None])


def directions(xyz: Array) -> Array:
    """(T, 49, 3) unit vectors along the bones of `SKELETON.bones`; 0 for a bone of no length."""
    start, end = SKELETON.bones.T
    return _unit(xyz[:, end] - xyz[:, start])


def _trunk(across: Array) -> Array:
    """(T, 3, 3) upright but for the slope of the shoulders."""
    across = _unit(across)
    level = np.hypot(across[:, 0], across[:, 2])
    known = level > _STRAIGHT
    x = np.where(known[:, None], across, [1.0, 0.0, 0.0])
    z = _unit(np.cross(x, [0.0, 1.0, 0.0]))
    return np.stack([x, np.cross(z, x), z], axis=-1)


def _mirrored(frame: Array) -> Array:
    """(T, 2, 3, 3) a frame as the left limb sees it in the mirror, and as it is."""
    seen: Array = frame[:, None] * MIRRORS[:, :, None] * MIRRORS[:, None, :]
    return seen


def _hinge(forearm: Array) -> Array:
    """(T, 2) turn of the upper arm that brings a forearm (T, 2, 3), given in its frame, before the arm."""
    forearm = _unit(forearm)
    turn = np.arctan2(forearm[..., 0], forearm[..., 2])
    known = np.hypot(forearm[..., 0], forearm[..., 2]) > _STRAIGHT
    for side in range(2):
        rows = np.flatnonzero(known[:, side])
        steady = np.unwrap(turn[rows, side]) if len(rows) else np.zeros(1)
        turn[:, side] = np.interp(np.arange(len(turn)), rows if len(rows) else [0], steady)
    return turn


def _hand_axes(points: Array) -> Array:
    """(T, 2, 3, 3) axes of right hands from points (T, 2, 21, 3): the rotation that lays a palm on them.

    Kabsch 1976, "A solution for the best rotation to relate two sets of vectors".
    """
    palm = points[:, :, _PALM_POINTS]
    spread = (palm - palm.mean(axis=2, keepdims=True)).swapaxes(-1, -2) @ (_PALM - _PALM.mean(axis=0))
    left, _, right = np.linalg.svd(spread)
    flip = np.ones(left.shape[:-1])
    flip[..., 2] = np.sign(np.linalg.det(left @ right))
    axes: Array = (left * flip[..., None, :]) @ right
    return axes


def _turn(hand: Array) -> tuple[Array, Array]:
    """Pronation (...) and wrist angles (..., 2) of hands' axes (..., 3, 3) in their forearm's frame.

    The rotation is Y(pronation - 90 degrees) X(flexion) Z(-abduction).
    """
    pronation = np.arctan2(hand[..., 0, 2], hand[..., 2, 2]) + np.pi / 2
    flexion = np.arcsin(np.clip(-hand[..., 1, 2], -1.0, 1.0))
    abduction = -np.arctan2(hand[..., 1, 0], hand[..., 1, 1])
    return pronation, np.stack([flexion, abduction], axis=-1)


def _fingers(hands: Array, points: Array) -> Array:
    """(T, 2, 5, 4, 2) angles of the bones of hands (T, 2, 21, 3)."""
    chains = np.concatenate(
        [np.repeat(points[:, :, None, :1], 5, axis=2), points[:, :, 1:].reshape(*points.shape[:2], 5, 4, 3)], axis=3
    )
    frame, angles = np.repeat(hands[:, :, None], 5, axis=2), []
    for number, bone in enumerate(np.moveaxis(np.diff(chains, axis=3), 3, 0)):
        angles.append(_spread(frame, bone) if number < _SPREADING else _swing(frame, bone))
        frame = _after(frame, angles[-1], number)
    return np.stack(angles, axis=3)


def _chains(hands: Array, angles: Array, lengths: Array) -> Array:
    """(T, 2, 5, 4, 3) points of the fingers from the root of the hand."""
    frame, steps = np.repeat(hands[:, :, None], 5, axis=2), []
    for bone in range(4):
        frame = _after(frame, angles[..., bone, :], bone)
        steps.append(_ahead(frame, lengths[..., bone]))
    return np.cumsum(np.stack(steps, axis=3), axis=3)


def _swing(frame: Array, bone: Array) -> Array:
    """(..., 2) angles of a bone (..., 3) in a frame (..., 3, 3) whose y points on; see `_swung`."""
    x, y, z = np.moveaxis(_unit(_local(frame, bone)), -1, 0)
    return np.stack([np.arctan2(z, y), np.arcsin(np.clip(x, -1.0, 1.0))], axis=-1)


def _swung(frame: Array, pair: Array) -> Array:
    """The frame whose y lies along the bone: `pair` (..., 2) bends y to z, then leans it to x."""
    turned: Array = frame @ about("x", pair[..., 0]) @ about("z", -pair[..., 1])
    return turned


def _spread(frame: Array, bone: Array) -> Array:
    """As `_swing`, for a joint that leans first and bends then, as knuckles do; see `_after`.

    It leans less than 90 degrees and may bend further; how a finger spreads that is bent by 90 degrees, nobody can say.
    """
    x, y, z = np.moveaxis(_unit(_local(frame, bone)), -1, 0)
    forward = np.where(y < 0, -1.0, 1.0)
    return np.stack([np.arctan2(z, forward * np.hypot(x, y)), np.arctan2(forward * x, np.abs(y))], axis=-1)


def _after(frame: Array, pair: Array, number: int) -> Array:
    """The frame after bone `number` of a finger: the first ones lean, then bend; hinges bend."""
    if number >= _SPREADING:
        return _swung(frame, pair)
    turned: Array = frame @ about("z", -pair[..., 1]) @ about("x", pair[..., 0])
    return turned


def _local(frame: Array, vector: Array) -> Array:
    inside: Array = np.einsum("...ji,...j->...i", frame, vector)
    return inside


def _ahead(frame: Array, length: Array | float) -> Array:
    """(..., 3) a step along y."""
    step: Array = frame[..., 1] * np.asarray(length)[..., None]
    return step


def _unit(vector: Array) -> Array:
    """(..., 3) length 1, or 0 where there is none."""
    length = np.linalg.norm(vector, axis=-1, keepdims=True)
    return np.asarray(np.where(length > _SHORTEST, vector / np.maximum(length, _SHORTEST), 0.0))
