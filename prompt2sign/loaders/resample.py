"""Motion at another frame rate, by time: frame k of the new one is where the old one was after k / fps seconds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: 29.97 and 30000/1001 are one rate: over a thousand frames they part by a thousandth of a frame.
SAME_RATE = 1e-5
#: Frames beyond which nobody counts.
_MANY = 1e15


def is_same_rate(fps: Any, other: Any) -> Any:
    """Where two rates are the same but for their printing."""
    return np.abs(fps - other) <= SAME_RATE * other


def resampled_length(n_frames: NDArray[np.int64], fps: NDArray[np.float64], to: float | None) -> NDArray[np.int64]:
    """Frames of clips at the rate `to`: the last one lies at or just before their last frame. None keeps them."""
    if to is None:
        return n_frames
    with np.errstate(all="ignore"):
        last = np.floor((n_frames - 1) * (to / fps) + 1e-6)
    last = np.where(is_same_rate(fps, to), n_frames - 1, last)
    return np.nan_to_num(np.clip(last, -1, _MANY), nan=-1.0).astype(np.int64) + 1


def resample(
    xyz: NDArray[np.float32], observed: NDArray[np.bool_], fps: float, to: float | None
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Linear between frames; a joint was observed where it was in the nearest frame.

    Args:
        xyz: (T, 50, 3) at `fps`.
        observed: (T, 50).
        fps: Frames per second they have.
        to: Frames per second they shall have; None keeps them.

    Returns:
        The same for S frames, S from `resampled_length`; the very arrays where the rate stays.
    """
    if to is None or is_same_rate(fps, to):
        return xyz, observed
    count = int(resampled_length(np.array([len(xyz)]), np.array([fps]), to)[0])
    at = np.minimum(np.arange(count) * (fps / to), len(xyz) - 1)
    before = at.astype(np.int64)
    after = np.minimum(before + 1, len(xyz) - 1)
    share = (at - before).astype(np.float32)[:, None, None]
    return xyz[before] + share * (xyz[after] - xyz[before]), observed[np.rint(at).astype(np.int64)]
