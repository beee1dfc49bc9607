"""2D keypoints -> pictures: the skeleton over the frames it was found in, or on black."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..formats.keypoints import Keypoints
from .draw import Picture
from .shapes import SHIFT
from .styles_2d import STYLES, Mark

#: Larger pictures are shown smaller: few players take more.
LARGEST_PX = 4096
_SMALLEST_PX = 16
#: Share of the skeleton's colour over a frame; the rest is the frame. OpenPose's own, from `poseParametersRender.hpp`.
_OVER_FRAME = 0.6
#: Points farther outside, in pictures, are not drawn: their strokes would lie across everything.
_FAR_OUTSIDE = 1.0
_OVAL_CORNERS = 24


def draw_keypoints(
    keypoints: Keypoints,
    frames: Iterable[NDArray[np.uint8]] | None = None,
    *,
    style: str = "openpose",
    min_confidence: float = 0.1,
    thickness: float = 1.0,
) -> Iterator[Picture]:
    """Draw the skeleton of every frame.

    Args:
        keypoints: What was found.
        frames: (H, W, 3) uint8 RGB, one a frame of `keypoints`, of their size; None draws on black.
        style: One of `STYLES`.
        min_confidence: Points below are not drawn.
        thickness: Of all strokes and points; 1 is the style's own, which grows with the picture.

    Yields:
        (H, W, 3) uint8 RGB, one a frame, each an array of its own; smaller than the source where that is larger than
        `LARGEST_PX`.

    Raises:
        UsageError: No such style, a picture too small to draw in, or frames of another size or number.
    """
    if style not in STYLES:
        raise UsageError(f"no style {style!r}; choose one of {', '.join(sorted(STYLES))}")
    if min(keypoints.width, keypoints.height) < _SMALLEST_PX:
        raise UsageError(
            f"a picture of {keypoints.width} x {keypoints.height} pixels is too small to draw in; --size says the size "
            "of pictures whose keypoints were imported"
        )
    return _pictures(keypoints, frames, STYLES[style], min_confidence, thickness)


def _pictures(
    keypoints: Keypoints,
    frames: Iterable[NDArray[np.uint8]] | None,
    marks: Sequence[Mark],
    min_confidence: float,
    thickness: float,
) -> Iterator[Picture]:
    width, height = keypoints.width, keypoints.height
    factor = min(1.0, LARGEST_PX / max(width, height))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    scale = np.array([size[0] / width, size[1] / height])
    widths = [max(1, round(thickness * mark.width * float(np.sqrt(size[0] * size[1])))) for mark in marks]
    for frame, xyc in zip(_backgrounds(frames, keypoints, size), keypoints.xyc, strict=True):
        visible = _visible(xyc, (width, height), min_confidence)
        # A pixel's middle lies at its whole number: half a pixel is taken off before scaling and put back after.
        places = (xyc[:, :2] + 0.5) * scale - 0.5
        skeleton = frame.copy()
        _paint(skeleton, marks, widths, places, visible)
        yield skeleton if frames is None else _blend(skeleton, frame)


def _backgrounds(
    frames: Iterable[NDArray[np.uint8]] | None, keypoints: Keypoints, size: tuple[int, int]
) -> Iterator[Picture]:
    if frames is None:
        black = np.zeros((size[1], size[0], 3), np.uint8)
        for _ in range(keypoints.n_frames):
            yield black
        return
    n_frames = 0
    for frame in frames:
        if frame.shape != (keypoints.height, keypoints.width, 3):
            raise UsageError(f"frame {n_frames} is {frame.shape}, the keypoints {keypoints.width} x {keypoints.height}")
        n_frames += 1
        if n_frames > keypoints.n_frames:
            break
        yield frame if frame.shape[1::-1] == size else np.asarray(cv2.resize(frame, size), np.uint8)
    if n_frames != keypoints.n_frames:
        raise UsageError(f"keypoints of {keypoints.n_frames} frames, but a video of another length; run `pose` again")


def _visible(xyc: NDArray[np.float32], size: tuple[int, int], min_confidence: float) -> NDArray[np.bool_]:
    """(137,) found, sure enough, and not far outside."""
    share = xyc[:, :2] / np.array(size)
    inside = ((share >= -_FAR_OUTSIDE) & (share <= 1 + _FAR_OUTSIDE)).all(axis=1)
    seen: NDArray[np.bool_] = (xyc[:, 2] > 0) & (xyc[:, 2] >= min_confidence) & inside
    return seen


def _paint(
    picture: Picture,
    marks: Sequence[Mark],
    widths: Sequence[int],
    places: NDArray[np.float64],
    visible: NDArray[np.bool_],
) -> None:
    parts = np.rint(places * 2**SHIFT).astype(int).tolist()
    seen = visible.tolist()
    for mark, width in zip(marks, widths, strict=True):
        if not (seen[mark.start] and seen[mark.end]):
            continue
        if mark.start == mark.end:
            radius = width * 2 ** (SHIFT - 1)
            cv2.circle(picture, parts[mark.start], radius, mark.colour, cv2.FILLED, cv2.LINE_AA, SHIFT)
        elif mark.oval:
            corners = _oval(places[mark.start], places[mark.end], width / 2)
            cv2.fillConvexPoly(picture, corners, mark.colour, cv2.LINE_AA, SHIFT)
        else:
            cv2.line(picture, parts[mark.start], parts[mark.end], mark.colour, width, cv2.LINE_AA, SHIFT)


def _oval(start: NDArray[np.float64], end: NDArray[np.float64], radius: float) -> NDArray[np.int32]:
    """(C, 2) corners, in parts of a pixel, of the ellipse whose long axis joins two points."""
    along = (end - start) / 2
    length = float(np.hypot(*along))
    across = np.array([-along[1], along[0]]) * (radius / max(length, radius))
    angles = np.linspace(0, 2 * np.pi, _OVAL_CORNERS, endpoint=False)[:, None]
    corners = (start + end) / 2 + np.cos(angles) * along + np.sin(angles) * across
    return np.asarray(np.rint(corners * 2**SHIFT), np.int32)


def _blend(skeleton: Picture, frame: Picture) -> Picture:
    return np.asarray(cv2.addWeighted(skeleton, _OVER_FRAME, frame, 1 - _OVER_FRAME, 0.0), np.uint8)
