"""Clips as pictures, one a frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..skeleton import SKELETON
from .camera import Camera, Size, View, frame_motions
from .figure import BACKGROUND, Colour, limbs_of
from .shapes import SHIFT, flatten

Picture = NDArray[np.uint8]
#: Frames whose outlines are computed at once.
_CHUNK_FRAMES = 64
_TITLE_COLOUR = (225, 228, 235)


def draw(
    motion: NDArray[np.float32],
    size: Size = (512, 512),
    view: View = "front",
    *,
    title: str = "",
) -> Iterator[Picture]:
    """Draw a clip.

    Right arm orange, left arm blue (the signer's own right and left), a colour a finger; what is nearer is brighter
    and thicker and covers what is behind it. Trunk and head are drawn in proportion to the shoulders. The camera stands
    still and shows the signing space, and more where the motion needs it.

    Args:
        motion: (T, 50, 3) shoulder widths, neck at the origin; finite.
        size: Width and height of the pictures, pixels.
        view: `front`, `side` (from the signer's left) or `top`.
        title: A line at the top; printable ASCII, which is all that OpenCV's letters know.

    Yields:
        (H, W, 3) uint8 RGB, one a frame, each an array of its own.

    Raises:
        UsageError: No such view, size or letter, or the motion is of another shape or not finite.
    """
    _check(motion)
    camera = frame_motions([motion], size, view)
    return _pictures(motion, camera, _blank(camera, title))


def draw_before(camera: Camera, motion: NDArray[np.float32], background: Colour = BACKGROUND) -> Iterator[Picture]:
    """Draw a clip as `draw` does, before a camera of the caller's and on a colour of the caller's.

    Raises:
        UsageError: The motion is of another shape or not finite.
    """
    _check(motion)
    width, height = camera.size
    return _pictures(motion, camera, np.full((height, width, 3), background, np.uint8))


def draw_together(
    motions: Sequence[tuple[str, NDArray[np.float32]]], size: Size = (512, 512), view: View = "front"
) -> Iterator[Picture]:
    """Draw several clips of one frame rate side by side, in step, before the same camera.

    A clip that ends before the longest one stands still, in half the light.

    Args:
        motions: A title (printable ASCII) and a motion (T, 50, 3) each, from left to right; at least one.
        size: Width and height of each picture, pixels; together they are as many times as wide.
        view: As for `draw`.

    Yields:
        (H, W * len(motions), 3) uint8 RGB, one a frame of the longest.

    Raises:
        UsageError: As for `draw`; or nothing to draw.
    """
    if not motions:
        raise UsageError("there is no motion to draw; give at least one")
    for _, motion in motions:
        _check(motion)
    camera = frame_motions([motion for _, motion in motions], size, view)
    longest = max(len(motion) for _, motion in motions)
    panels = [_held(_pictures(motion, camera, _blank(camera, title)), longest) for title, motion in motions]
    return (np.concatenate(row, axis=1) for row in zip(*panels, strict=True))


def _check(motion: NDArray[np.float32]) -> None:
    if motion.ndim != 3 or not len(motion) or motion.shape[1:] != (SKELETON.count, 3) or not np.isfinite(motion).all():
        raise UsageError(
            f"a motion of shape {motion.shape} cannot be drawn; expected (T, {SKELETON.count}, 3) with at least one "
            "frame, every number finite"
        )


def _blank(camera: Camera, title: str) -> Picture:
    """The picture without a signer."""
    if not (title.isascii() and (title.isprintable() or not title)):
        raise UsageError(f"the title {title!r} holds letters that cannot be drawn; use printable ASCII")
    width, height = camera.size
    picture = np.full((height, width, 3), BACKGROUND, np.uint8)
    (natural, _), _ = cv2.getTextSize(title, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 1)
    letters = min(height / 800, 0.92 * width / max(natural, 1))
    place = (round(0.04 * width), round(0.04 * width + 22 * letters))
    cv2.putText(picture, title, place, cv2.FONT_HERSHEY_SIMPLEX, letters, _TITLE_COLOUR, 1, cv2.LINE_AA)
    return picture


def _held(pictures: Iterator[Picture], n_frames: int) -> Iterator[Picture]:
    """The pictures, at least one, then the last one in half the light until there are `n_frames`."""
    last, n_left = next(pictures), n_frames - 1
    yield last
    for last in pictures:
        yield last
        n_left -= 1
    for _ in range(n_left):
        yield last >> np.uint8(1)


def _pictures(motion: NDArray[np.float32], camera: Camera, blank: Picture) -> Iterator[Picture]:
    for start in range(0, len(motion), _CHUNK_FRAMES):
        for shapes in flatten(limbs_of(motion[start : start + _CHUNK_FRAMES]), camera):
            picture = blank.copy()
            for corners, colour in shapes:
                cv2.fillConvexPoly(picture, corners, colour, cv2.LINE_AA, SHIFT)
            yield picture
