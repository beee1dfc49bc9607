"""Several clips in one picture, in step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ..drawing.draw import Picture

#: Longer labels are cut: their letters would be too small to read.
_LONGEST = 48
_LETTERS, _SHADE = (255, 255, 255), (0, 0, 0)


@dataclass(frozen=True)
class Panel:
    """One picture of a grid.

    Attributes:
        label: Stands at its top; letters that OpenCV does not know become question marks.
        pictures: (H, W, 3) uint8 RGB, one a frame, at least one; the same size in all panels.
    """

    label: str
    pictures: Iterator[Picture]


def in_grid(panels: Sequence[Panel], n_frames: int, columns: int) -> Iterator[Picture]:
    """Lay panels side by side, row by row.

    A clip that has ended stands still in half the light until `n_frames` are over; a last row that is not full is
    black at its end.

    Args:
        panels: At least one.
        n_frames: Of the longest.
        columns: Panels a row.

    Yields:
        (rows * H, columns * W, 3) uint8 RGB.
    """
    held = [_held(panel, n_frames) for panel in panels]
    for row in zip(*held, strict=True):
        blank = np.zeros_like(row[0])
        cells = [*row, *[blank] * (-len(row) % columns)]
        yield np.vstack([np.hstack(cells[start : start + columns]) for start in range(0, len(cells), columns)])


def _held(panel: Panel, n_frames: int) -> Iterator[Picture]:
    last, n_left = np.zeros(0, np.uint8), n_frames
    for picture in panel.pictures:
        last = _labelled(picture, panel.label)
        yield last
        n_left -= 1
    for _ in range(n_left):
        yield last >> np.uint8(1)


def _labelled(picture: Picture, label: str) -> Picture:
    """The picture with a line of letters that are seen on any colour."""
    if not label:
        return picture
    text = "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in label[:_LONGEST])
    height, width = picture.shape[:2]
    (natural, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 1)
    size = min(height / 800, 0.92 * width / max(natural, 1))
    place = (round(0.04 * width), round(0.04 * width + 22 * size))
    labelled = picture.copy()
    for colour, stroke in ((_SHADE, 3), (_LETTERS, 1)):
        cv2.putText(labelled, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, stroke, cv2.LINE_AA)
    return labelled
