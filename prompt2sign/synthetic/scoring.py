"""How near a lifted motion comes to the truth."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..skeleton import LEFT_HAND, LEFT_WRIST, NECK, RIGHT_HAND, RIGHT_WRIST, SKELETON
from .rotations import Array

#: A bone more than this out of the plane of the picture has a depth sign worth asking for.
STEEP = np.sin(np.radians(30.0))


class Scores(NamedTuple):
    """Errors in shoulder widths, shares from 0 to 1 (NaN where no bone is steep).

    Attributes:
        joint_error: Mean distance over frames and 50 joints, necks laid on each other, no scale fitted.
        hand_error: Mean distance over the 21 points of both hands, each hand's root laid on the true one.
        wrist_depth_error: Mean distance in depth of the two wrists of the body.
        finger_signs: Share of steep finger bones (three a finger) whose depth grows in the true direction.
        forward_share: Share of them that truly point to the camera: what "always forward" would get.
    """

    joint_error: float
    hand_error: float
    wrist_depth_error: float
    finger_signs: float
    forward_share: float


def score(truth_xyz: NDArray[Any], lifted_xyz: NDArray[Any]) -> Scores:
    """Compare a lifted motion with the truth.

    Args:
        truth_xyz: (T, 50, 3) float, in the axes and unit of `lifting_truth`.
        lifted_xyz: (T, 50, 3) float, the same frames, lifted.

    Raises:
        ValueError: The shapes differ.
    """
    if truth_xyz.shape != lifted_xyz.shape:
        raise ValueError(f"the truth is {truth_xyz.shape}, the lifted motion {lifted_xyz.shape}")
    truth, lifted = (np.asarray(xyz, dtype=np.float64) for xyz in (truth_xyz, lifted_xyz))
    truth, lifted = truth - truth[:, [NECK]], lifted - lifted[:, [NECK]]
    right, forward = finger_signs(truth, lifted)
    return Scores(
        joint_error=float(_distance(truth, lifted).mean()),
        hand_error=float(
            np.mean([_distance(_of_root(truth, h), _of_root(lifted, h)) for h in (LEFT_HAND, RIGHT_HAND)])
        ),
        wrist_depth_error=float(np.abs((truth - lifted)[:, [LEFT_WRIST, RIGHT_WRIST], 2]).mean()),
        finger_signs=float(right.mean()) if right.size else float("nan"),
        forward_share=float(forward.mean()) if forward.size else float("nan"),
    )


def finger_signs(truth: Array, lifted: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(N,) of each steep finger bone: is its depth sign right, and does it truly point to the camera?"""
    start, end = finger_bones().T
    true_bone = truth[:, end] - truth[:, start]
    lifted_dz = lifted[:, end, 2] - lifted[:, start, 2]
    forward = true_bone[..., 2] > 0
    steep = np.abs(true_bone[..., 2]) > STEEP * np.linalg.norm(true_bone, axis=-1)
    right: NDArray[np.bool_] = lifted_dz * true_bone[..., 2] > 0
    return right[steep], forward[steep]


def finger_bones() -> NDArray[np.intp]:
    """(30, 2) joints of the bones between finger points: three a finger, ten fingers."""
    roots = {hand.start for hand in (LEFT_HAND, RIGHT_HAND)}
    bones = [bone for bone in SKELETON.bones.tolist() if bone[0] >= LEFT_HAND.start and bone[0] not in roots]
    return np.array(bones, dtype=np.intp)


def _distance(first: Array, second: Array) -> Array:
    distance: Array = np.linalg.norm(first - second, axis=-1)
    return distance


def _of_root(xyz: Array, hand: slice) -> Array:
    return xyz[:, hand] - xyz[:, hand.start, None]
