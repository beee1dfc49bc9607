"""Joints, bones and maps: every joint index in the code comes from this table.

Two layouts live here.

The keypoints (137 points, 2D) is what OpenPose writes: BODY_25, 70 face points, left hand 21, right hand 21.
`SKELETON` (50 joints, 3D) is what Prompt2Sign trains on: body 0-7, left hand 8-28, right hand 29-49
(Prompt2Sign tools, step json->h5; the same 50 joints as the published `.skels`).
"Left" and "right" are the signer's own, so a right hand is seen on the left of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

BODY_25 = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist",
    "mid_hip", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
    "left_big_toe", "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel",
)  # fmt: skip
FINGERS = ("thumb", "index", "middle", "ring", "little")
#: The 21 points of a hand: its root at the wrist, then four points a finger from the palm outwards.
HAND = ("root", *(f"{finger}_{joint}" for finger in FINGERS for joint in range(1, 5)))
FACE_70 = tuple(f"face_{i}" for i in range(70))


#: Where the parts of the 137-point layout lie.
KEYPOINTS_BODY, KEYPOINTS_FACE = slice(0, 25), slice(25, 95)
KEYPOINTS_LEFT_HAND, KEYPOINTS_RIGHT_HAND = slice(95, 116), slice(116, 137)
KEYPOINT_NAMES = (
    *BODY_25,
    *FACE_70,
    *(f"{side}_{point}" for side in ("left", "right") for point in HAND),
)
N_KEYPOINTS = len(KEYPOINT_NAMES)


@dataclass(frozen=True)
class Skeleton:
    """A tree of joints.

    Attributes:
        name: Identifies the skeleton in files.
        names: Name of each joint.
        parents: Parent of each joint, -1 for the root; `bones` follows from it.
        from_keypoints: Index of each joint in the 137-point layout.
    """

    name: str
    names: tuple[str, ...]
    parents: tuple[int, ...]
    from_keypoints: tuple[int, ...]

    @property
    def count(self) -> int:
        """Number of joints."""
        return len(self.names)

    def index(self, name: str) -> int:
        """Index of the joint called `name`."""
        return self.names.index(name)

    @cached_property
    def bones(self) -> NDArray[np.intp]:
        """(B, 2) parent and child of each bone; a parent's own bone always comes before its children's."""
        order: list[int] = []
        frontier = [self.parents.index(-1)]
        while frontier:
            joint = frontier.pop(0)
            children = [child for child, parent in enumerate(self.parents) if parent == joint]
            order += children
            frontier += children
        return np.array([(self.parents[child], child) for child in order], dtype=np.intp)

    @cached_property
    def levels(self) -> tuple[NDArray[np.intp], ...]:
        """`bones`, cut into groups of equal distance from the root, nearest first."""
        depth = np.zeros(self.count, dtype=np.intp)
        for parent, child in self.bones:
            depth[child] = depth[parent] + 1
        of_bone = depth[self.bones[:, 1]]
        return tuple(self.bones[of_bone == level] for level in range(1, int(depth.max()) + 1))

    @cached_property
    def mirror(self) -> NDArray[np.intp]:
        """(J,) index of the same joint on the other side; a middle joint is its own."""
        swap = {"left": "right", "right": "left"}
        other = ["_".join(swap.get(word, word) for word in name.split("_")) for name in self.names]
        return np.array([self.names.index(name) for name in other], dtype=np.intp)


def _signer_50() -> Skeleton:
    body = BODY_25[:8]
    names = (*body, *(f"{side}_{point}" for side in ("left", "right") for point in HAND))
    # Neck is the root; nose and shoulders hang from it (Prompt2Sign's tree starts at the nose, the bones are the same).
    parents = [1, -1, 1, 2, 3, 1, 5, 6]
    for wrist, root in ((7, 8), (4, 29)):
        parents.append(wrist)
        parents += [root if joint == 0 else root + 4 * finger + joint for finger in range(5) for joint in range(4)]
    hands = (*range(95, 116), *range(116, 137))
    return Skeleton("prompt2sign-50", names, tuple(parents), (*range(8), *hands))


#: The 50-joint tree of Prompt2Sign.
SKELETON = _signer_50()
NOSE, NECK = 0, 1
RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST = 2, 3, 4
LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST = 5, 6, 7
LEFT_HAND, RIGHT_HAND = slice(8, 29), slice(29, 50)
BODY = slice(0, 8)

#: MediaPipe Pose (33) -> BODY_25; a pair means the middle of two landmarks. The small toes (20, 23) have none.
BODY_25_FROM_MEDIAPIPE: dict[int, tuple[int, ...]] = {
    0: (0,), 1: (11, 12), 2: (12,), 3: (14,), 4: (16,), 5: (11,), 6: (13,), 7: (15,), 8: (23, 24),
    9: (24,), 10: (26,), 11: (28,), 12: (23,), 13: (25,), 14: (27,), 15: (5,), 16: (2,), 17: (8,), 18: (7,),
    19: (31,), 21: (29,), 22: (32,), 24: (30,),
}  # fmt: skip

#: MediaPipe Face Mesh (468) -> the 68 face points of OpenPose; 68 and 69 (pupils) need the refined mesh.
FACE_68_FROM_MEDIAPIPE = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389, 71, 63, 105, 66, 107, 336,
    296, 334, 293, 301, 168, 197, 5, 4, 75, 97, 2, 326, 305, 33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373,
    380, 61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87,
)  # fmt: skip

#: OpenPose's 18 body points (COCO order with neck; DWPose JSON) -> BODY_25.
BODY_25_FROM_OPENPOSE_18 = {
    0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, 9: 8, 10: 9, 11: 10, 12: 11, 13: 12, 14: 13,
    15: 14, 16: 15, 17: 16, 18: 17,
}  # fmt: skip
