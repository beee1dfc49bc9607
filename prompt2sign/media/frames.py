"""Frames as the encoder wants them: upright, 4:2:0, of even size."""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import NDArray

from .video import upright


def encodable(frame: av.VideoFrame) -> av.VideoFrame:
    """An upright 4:2:0 frame of even size; an odd last row or column is cut off."""
    if not frame.rotation and frame.width % 2 == 0 and frame.height % 2 == 0:
        return frame.reformat(format="yuv420p")
    return from_rgb(upright(frame))


def from_rgb(rgb: NDArray[np.uint8]) -> av.VideoFrame:
    """The same for a picture, (H, W, 3) uint8."""
    height, width = rgb.shape[0] // 2 * 2, rgb.shape[1] // 2 * 2
    even = np.ascontiguousarray(rgb[:height, :width])
    return av.VideoFrame.from_ndarray(even, format="rgb24").reformat(format="yuv420p")
