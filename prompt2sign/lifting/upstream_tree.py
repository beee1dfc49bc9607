"""The skeleton as the upstream method walks it: from the nose, with one length for both sides of a bone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..skeleton import NECK, NOSE, SKELETON

#: (50,) the joints from the nose, upstream's root, outwards: of each level the right side, then the left.
JOINTS = np.array([NOSE, NECK, *SKELETON.bones[1:, 1]])
_TYPES = [SKELETON.names[joint].removeprefix("right_").removeprefix("left_") for joint in JOINTS[1:]]
#: (49,) which of the 25 lengths each bone has: both sides share one. Bone i ends in joint i + 1 of `JOINTS`.
LENGTH_OF_BONE = np.unique(_TYPES, return_inverse=True)[1]
N_LENGTHS = int(LENGTH_OF_BONE.max()) + 1


class Level(NamedTuple):
    """Bones equally far from the root. Every parent has the same number of children, which lie side by side.

    Attributes:
        parents: Where they start, in `JOINTS`.
        children: Where they end, in `JOINTS`.
        bones: Which they are.
        fan: How many children each parent has.
    """

    parents: slice
    children: slice
    bones: slice
    fan: int


def _levels() -> tuple[Level, ...]:
    # The levels of `SKELETON` start from the neck, and have the nose on the first.
    ends = np.cumsum([1, 1, *(len(level) - (depth == 0) for depth, level in enumerate(SKELETON.levels))]).tolist()
    return tuple(
        Level(slice(start, middle), slice(middle, end), slice(middle - 1, end - 1), (end - middle) // (middle - start))
        for start, middle, end in zip([0, *ends], ends, ends[1:], strict=False)
    )


LEVELS = _levels()
