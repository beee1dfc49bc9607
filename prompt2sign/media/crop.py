"""Keeping a square of the picture round the signer.

The pixels stay as they are: OpenASL's own script scales its crops to 224 x 224 for the network it feeds, which would
throw away the fingers that an estimator of keypoints looks for, and the enlarged ones would hold nothing new.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from ..errors import ClipRejected

#: Left, top, right, bottom as shares of width and height; beyond 0 and 1 lies outside the picture.
Box = tuple[float, float, float, float]

#: A box farther out than this is no box of shares: pixels, most likely.
_FARTHEST = 1.0
#: Nobody can be seen signing in less.
_MIN_PIXELS = 16
_BLACK, _BLACK_FULL_RANGE, _GREY = 16, 0, 128


@dataclass(frozen=True)
class Square:
    """A square of whole pixels that may reach beyond the picture.

    Attributes:
        left: First column, even, as colours are stored for two columns together; below 0 left of the picture.
        top: First row, likewise.
        size: Columns and rows, even.
        width: Of the picture, even.
        height: Of the picture, even.
    """

    left: int
    top: int
    size: int
    width: int
    height: int

    @property
    def is_all(self) -> bool:
        """Is it the whole picture, no more and no less?"""
        return (self.left, self.top, self.size, self.size) == (0, 0, self.width, self.height)

    @property
    def box(self) -> Box:
        """The square in shares of the picture."""
        right, bottom = self.left + self.size, self.top + self.size
        return self.left / self.width, self.top / self.height, right / self.width, bottom / self.height


def square_round(source: Path, box: Box, width: int, height: int) -> Square:
    """The smallest square round the box, about the same centre.

    Args:
        source: For messages.
        box: What it must hold.
        width: Of the picture in pixels, even.
        height: Of the picture in pixels, even.

    Raises:
        ClipRejected: `bad-crop`: the box is empty, lies outside the picture, or is not in shares of it.
    """
    left, top, right, bottom = box
    sane = all(-_FARTHEST <= side <= 1 + _FARTHEST for side in box) and left < right and top < bottom
    longest = max((right - left) * width, (bottom - top) * height) if sane else 0
    if longest < _MIN_PIXELS or left >= 1 or top >= 1 or right <= 0 or bottom <= 0:
        raise ClipRejected(
            "bad-crop",
            f"{source}: the box of the signer is {box}; left, top, right and bottom are expected as shares of width "
            f"and height, {_MIN_PIXELS} pixels at least; mend the box, or build with `trim.crop: none`",
        )
    size = 2 * math.ceil(round(longest, 3) / 2)
    middle_x, middle_y = (left + right) / 2 * width, (top + bottom) / 2 * height
    return Square(_even(middle_x - size / 2), _even(middle_y - size / 2), size, width, height)


def _even(value: float) -> int:
    return 2 * math.floor(value / 2 + 0.5)


def cut_out(frame: av.VideoFrame, square: Square) -> av.VideoFrame:
    """Cut the square out of a 4:2:0 frame of even size; what lies outside the frame is black."""
    planes = np.asarray(frame.to_ndarray(), np.uint8)
    full_range = frame.color_range == ColorRange.JPEG
    half = Square(*(value // 2 for value in (square.left, square.top, square.size, square.width, square.height)))
    luma, colours = planes[: square.height], planes[square.height :].reshape(2, half.height, half.width)
    parts = [_cut(luma, square, _BLACK_FULL_RANGE if full_range else _BLACK), *(_cut(c, half, _GREY) for c in colours)]
    data = np.concatenate([part.ravel() for part in parts]).reshape(-1, square.size)
    cropped = av.VideoFrame.from_ndarray(data, format="yuv420p")
    cropped.colorspace, cropped.color_range = frame.colorspace, frame.color_range
    return cropped


def _cut(plane: NDArray[np.uint8], square: Square, outside: int) -> NDArray[np.uint8]:
    """(size, size) of one plane."""
    cut = np.full((square.size, square.size), outside, np.uint8)
    x, y = max(0, square.left), max(0, square.top)
    inside = plane[y : max(0, square.top + square.size), x : max(0, square.left + square.size)]
    cut[y - square.top :, x - square.left :][: inside.shape[0], : inside.shape[1]] = inside
    return cut
