"""Kernels of `quality`."""

from __future__ import annotations

import numpy as np

from ..arrays import Array
from .kernel import kernel


@kernel
def distances(xyz: Array, target: Array, bones: Array) -> tuple[Array, Array, Array]:
    """`quality._distances` of (T, 50, 3) and (T, 50, 2); bones (49, 2)."""
    n_frames, n_joints, _ = xyz.shape
    miss = np.empty((n_frames, n_joints), xyz.dtype)
    shake = np.empty((max(0, n_frames - 2), n_joints), xyz.dtype)
    lengths = np.empty((n_frames, len(bones)), xyz.dtype)
    for t in range(n_frames):
        for joint in range(n_joints):
            x, y = xyz[t, joint, 0] - target[t, joint, 0], xyz[t, joint, 1] - target[t, joint, 1]
            miss[t, joint] = np.sqrt(x * x + y * y)
        for bone in range(len(bones)):
            start, end = bones[bone]
            total = 0.0
            for axis in range(3):
                part = xyz[t, end, axis] - xyz[t, start, axis]
                total += part * part
            lengths[t, bone] = np.sqrt(total)
    for t in range(n_frames - 2):
        for joint in range(n_joints):
            total = 0.0
            for axis in range(3):
                before, now, after = xyz[t, joint, axis], xyz[t + 1, joint, axis], xyz[t + 2, joint, axis]
                part = (after - now) - (now - before)
                total += part * part
            shake[t, joint] = np.sqrt(total)
    return miss, shake, lengths
