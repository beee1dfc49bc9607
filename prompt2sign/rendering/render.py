"""Motions, a look and a path -> pictures on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from pathlib import Path
from typing import cast

import numpy as np

from ..drawing.camera import Camera, View, frame_motions
from ..drawing.draw import Picture
from ..errors import UsageError
from ..loaders.resample import resample
from .files import check_target, write_pictures, write_strip
from .grid import Panel, in_grid
from .looks import Look, pictures_of
from .sources import Shown

#: Larger pictures than this, all of a grid together, fit no player, and a strip no viewer.
_LARGEST_PX = 16_384
_MOST_PANELS = 64


@dataclass(frozen=True)
class Rendered:
    """What was written.

    Attributes:
        path: The file or folder.
        n_frames: Pictures in it.
        fps: Frames per second.
        size: Width and height of a picture, pixels; of a strip, of one of its pictures.
    """

    path: Path
    n_frames: int
    fps: float
    size: tuple[int, int]


def render(
    shown: Sequence[Shown],
    path: Path,
    look: Look | None = None,
    *,
    fps: float | None = None,
    columns: int | None = None,
    n_pictures: int = 8,
    overwrite: bool = False,
    announce: Callable[[int], None] = lambda n_drawn: None,
) -> Rendered:
    """Draw motions and write them to the format the suffix of `path` names (`files.SUFFIXES`).

    Several motions, or several views of one, stand in a grid, in step, all of a view before the same camera; a motion
    that ends before the longest stands still in half the light.

    Args:
        shown: At least one.
        path: `.mp4`, `.gif`, `.png` for a strip, no suffix for a folder of numbered pictures.
        look: How; `Look()` where None.
        fps: Frames per second of what is written; that of the first motion where None. Motions of another rate are
            interpolated.
        columns: Panels a row of a grid; the views where there are several, else as square as can be.
        n_pictures: Of a strip.
        overwrite: Replace what is there.
        announce: Called once, before the first picture is drawn, with how many there are to draw: a strip and another
            rate than a motion's need others than all of its frames, a grid a picture a panel.

    Raises:
        UsageError: Nothing to show, too much for one picture, a path that cannot be written, or a bad option.
        MissingError: The avatar needs a package that is missing.
        OSError: The disk is full or read-only.
    """
    look = look or Look()
    check_target(path, overwrite=overwrite)
    if not shown:
        raise UsageError("there is no motion to render; name a clip")
    rate = shown[0].fps if fps is None else fps
    if not 0.1 <= rate <= 1000:
        raise UsageError(f"--fps {rate:g}: no rate for a video; choose one between 0.1 and 1000")
    shown = [_at(one, rate) for one in shown]
    strip = path.suffix.lower() == ".png"
    if strip:
        shown = _picked(shown, n_pictures)
    n_panels = len(shown) * len(look.views)
    columns = min(columns or _columns(len(shown), len(look.views)), n_panels)
    n_frames = max(len(one.motion) for one in shown)
    size = _size(n_panels, columns, look, n_frames if strip else 1)
    pictures = in_grid(_panels(shown, look), n_frames, columns)
    announce(sum(len(one.motion) for one in shown) * len(look.views))
    if strip:
        write_strip(path, pictures)
    else:
        write_pictures(path, pictures, rate, _about(shown))
    return Rendered(path, n_frames, rate, size)


def _at(shown: Shown, fps: float) -> Shown:
    seen = np.ones(shown.motion.shape[:2], np.bool_)
    return shown._replace(motion=resample(shown.motion, seen, shown.fps, fps)[0], fps=fps)


def _picked(shown: Sequence[Shown], n_pictures: int) -> list[Shown]:
    """The same moments of each: evenly spread over the longest, the first and the last among them."""
    if n_pictures < 1:
        raise UsageError(f"a strip of {n_pictures} pictures; ask for one at least")
    longest = max(len(one.motion) for one in shown)
    moments = np.unique(np.rint(np.linspace(0, longest - 1, min(n_pictures, longest))).astype(int))
    return [one._replace(motion=one.motion[np.minimum(moments, len(one.motion) - 1)]) for one in shown]


def _columns(n_shown: int, n_views: int) -> int:
    return n_views if n_views > 1 else min(n_shown, max(2, ceil(sqrt(n_shown))))


def _size(n_panels: int, columns: int, look: Look, n_beside: int) -> tuple[int, int]:
    width, height = look.size[0] * columns, look.size[1] * ceil(n_panels / columns)
    if columns < 1 or n_panels > _MOST_PANELS or max(width * n_beside, height) > _LARGEST_PX:
        raise UsageError(
            f"{n_panels} pictures of {look.size[0]} x {look.size[1]} pixels in {columns} columns are too much for one; "
            "take fewer clips or a smaller --size"
        )
    return width, height


def _panels(shown: Sequence[Shown], look: Look) -> list[Panel]:
    cameras = [frame_motions([one.motion for one in shown], look.size, cast(View, view)) for view in look.views]
    many = len(shown) * len(cameras) > 1
    return [
        Panel(_label(one, camera, shown, look) if many else "", _pictures(one, camera, look))
        for one in shown
        for camera in cameras
    ]


def _pictures(shown: Shown, camera: Camera, look: Look) -> Iterator[Picture]:
    return pictures_of(shown, camera, look)


def _label(one: Shown, camera: Camera, shown: Sequence[Shown], look: Look) -> str:
    """What tells a panel from the others; conditioning pictures bear no letters."""
    if look.style in ("openpose", "dwpose"):
        return ""
    return "  ".join([one.label] * (len(shown) > 1) + [camera.view] * (len(look.views) > 1))


def _about(shown: Sequence[Shown]) -> dict[str, str]:
    return {
        "title": "; ".join(one.text or one.name for one in shown),
        "comment": "clips " + ", ".join(one.name for one in shown),
    }
