"""The 133 points of COCO-WholeBody -> the 137 of OpenPose, by name.

Order of the 133: Jin et al. 2020, "Whole-Body Human Pose Estimation in the Wild", figure 2, which the networks keep:
17 body points, 6 of the feet, 68 of the face, 21 of the left and 21 of the right hand. Neck and middle of the hips,
which OpenPose has, lie between the shoulders and between the hips; its pupils are the eyes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..skeleton import (
    BODY_25,
    KEYPOINTS_BODY,
    KEYPOINTS_FACE,
    KEYPOINTS_LEFT_HAND,
    KEYPOINTS_RIGHT_HAND,
    N_KEYPOINTS,
)

_COCO_BODY = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle", "left_big_toe", "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel",
)  # fmt: skip
N_WHOLE_BODY = 133
_FACE_68, _LEFT_HAND, _RIGHT_HAND = slice(23, 91), slice(91, 112), slice(112, 133)
#: Points that lie in the middle of two others.
_BETWEEN = {"neck": ("left_shoulder", "right_shoulder"), "mid_hip": ("left_hip", "right_hip")}
#: The last two of the 70 face points.
_PUPILS = {68: "right_eye", 69: "left_eye"}


def openpose_from_whole_body(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Put 133 points into the 137-point layout.

    Args:
        points: (N, 133, 3) pixels and confidence; a point that was not found has confidence 0.

    Returns:
        (N, 137, 3) float32; a point between two others is as sure as the less sure one.
    """
    xyc = np.zeros((len(points), N_KEYPOINTS, 3), np.float32)
    for place, name in enumerate(BODY_25, KEYPOINTS_BODY.start):
        ends = [points[:, _COCO_BODY.index(end)] for end in _BETWEEN.get(name, (name,))]
        xyc[:, place, :2] = np.mean([end[:, :2] for end in ends], axis=0)
        xyc[:, place, 2] = np.min([end[:, 2] for end in ends], axis=0)
    face = KEYPOINTS_FACE.start
    xyc[:, face : face + 68] = points[:, _FACE_68]
    for place, name in _PUPILS.items():
        xyc[:, face + place] = points[:, _COCO_BODY.index(name)]
    xyc[:, KEYPOINTS_LEFT_HAND], xyc[:, KEYPOINTS_RIGHT_HAND] = points[:, _LEFT_HAND], points[:, _RIGHT_HAND]
    xyc[xyc[..., 2] <= 0] = 0
    return xyc
