"""How the numbers of a clip lie in the column `pose`: frame after frame, or packed as tightly as any reader opens.

`compact` keeps what moves little: where a joint is relative to its parent, and how far that moved since the frame
before. The numbers lie coordinate after coordinate, each as the step from the one before it, counted from `OFFSET`:
so the two upper bytes of nearly all of them are the same, and the sign needs no byte of its own. BYTE_STREAM_SPLIT and
zstd do the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..skeleton import SKELETON

Layout = Literal["frame-major", "compact"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
#: 0x8080: a step of up to 128 either way changes the lowest byte alone, one of up to 32,767 the lower two.
OFFSET = 32_896
_BONES: tuple[tuple[int, int], ...] = tuple((int(parent), int(joint)) for parent, joint in SKELETON.bones)
_PARENTS, _JOINTS = (list(ends) for ends in zip(*_BONES, strict=True))


def pack(pose: NDArray[np.int32], layout: Layout) -> NDArray[np.int32]:
    """The numbers of one clip in the order of a layout.

    Args:
        pose: (T, 50, 3), none beyond 2**28: a step of `compact` is up to four times as large.
        layout: Which one.

    Returns:
        (T * 150,) int32.
    """
    if layout == "frame-major":
        return pose.reshape(-1)
    joints = pose.transpose(1, 2, 0).copy()
    joints[_JOINTS] -= joints[_PARENTS]
    return np.diff(joints.reshape(-1), prepend=np.int32(0)) + np.int32(OFFSET)


def unpack(poses: Sequence[NDArray[np.int32]], layout: Layout) -> Iterator[NDArray[np.int32]]:
    """The inverse of `pack` for many clips, which is faster than one by one.

    Args:
        poses: (T * 150,) int32 each; not changed.
        layout: Which one.

    Yields:
        (T, 50, 3) int32 of each clip, a view of memory that it shares with other clips.
    """
    if layout == "frame-major":
        yield from (pose.reshape(-1, SKELETON.count, 3) for pose in poses)
        return
    ends = (np.cumsum([0, *(len(pose) for pose in poses)]) // (SKELETON.count * 3)).tolist()
    joints = room(SKELETON.count * 3 * ends[-1]).reshape(SKELETON.count, 3, -1)
    for pose, (start, end) in zip(poses, pairwise(ends), strict=True):
        steps = pose - np.int32(OFFSET)
        np.cumsum(steps, out=steps)
        joints[..., start:end] = steps.reshape(SKELETON.count, 3, -1)
    # Parents come before their children.
    for parent, joint in _BONES:
        joints[joint] += joints[parent]
    yield from (joints[..., start:end].transpose(2, 0, 1) for start, end in pairwise(ends))


def room(n_values: int) -> NDArray[np.int32]:
    """Memory for the numbers of a row group: Arrow keeps so much at hand, NumPy asks the system for it each time."""
    return np.frombuffer(pa.allocate_buffer(4 * n_values), np.int32)
