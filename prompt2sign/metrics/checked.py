"""What every measure asks of a motion before it measures: frames there, the shape right, every number finite."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ClipRejected, UsageError
from ..skeleton import SKELETON

Array = NDArray[np.float64]


def checked_frames(values: ArrayLike, what: str) -> Array:
    """Frames of any numbers, flattened to (T, K) float64.

    Args:
        values: (T, ...) frames.
        what: What they are, for messages: `reference`.

    Raises:
        ClipRejected: There is no frame, or a number is not finite.
        UsageError: It is not an array of frames.
    """
    frames = np.asarray(values, dtype=np.float64)
    if frames.ndim < 2:
        raise UsageError(f"the {what} must be frames of coordinates, (T, 50, 3) or (T, K); its shape is {frames.shape}")
    if not len(frames):
        raise ClipRejected("no-frames", f"the {what} holds no frame, so nothing can be measured; leave the clip out")
    flat = np.ascontiguousarray(frames.reshape(len(frames), -1))
    if not np.isfinite(flat).all():
        frame = int(np.argmin(np.isfinite(flat).all(axis=1)))
        raise ClipRejected(
            "not-finite",
            f"frame {frame} of the {what} holds NaN or infinity; a model that gives such motion has diverged, "
            "go back to its last good checkpoint",
        )
    return flat


def checked_motion(xyz: ArrayLike, what: str) -> Array:
    """A motion as (T, 50, 3) float64; raises as `checked_frames` does."""
    shape = np.shape(xyz)
    if len(shape) != 3 or shape[1:] != (SKELETON.count, 3):
        raise UsageError(f"the {what} must be a motion (T, {SKELETON.count}, 3); its shape is {shape}")
    return checked_frames(xyz, what).reshape(-1, SKELETON.count, 3)
