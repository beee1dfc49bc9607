"""Figures of one motion: skeletons over time, and where joints go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..drawing.camera import View, frame_motions
from ..drawing.figure import joint_colour
from ..errors import UsageError
from ..rendering.sources import Shown
from ..skeleton import NOSE, SKELETON
from .figures import COLUMN_IN, PAGE_IN, new_figure, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Points a shoulder width is drawn with in a strip, before matplotlib scales it.
_PICTURE = (300, 300)
_AXES = ("x (right)", "y (down)", "z (to the front)")
#: How far above the nose and to its sides a head reaches, shoulder widths.
_HEAD = (0.22, 0.3)


def motion_strip(shown: Sequence[Shown], *, n_pictures: int = 8, view: View = "front") -> Figure:
    """Skeletons at moments evenly spread over a motion, from left to right; a row a motion, all on one time line.

    Args:
        shown: Motions; the first column holds their labels where there are several.
        n_pictures: Columns.
        view: `front`, `side` or `top`.

    Raises:
        UsageError: No motion, or no column.
        MissingError: matplotlib is not installed.
    """
    if not shown or not 1 <= n_pictures <= 40:
        raise UsageError("a strip needs a motion and 1 to 40 pictures")
    camera = frame_motions([one.motion for one in shown], _PICTURE, view)
    end_s = max((len(one.motion) - 1) / one.fps for one in shown)
    times_s = np.linspace(0.0, end_s, n_pictures)
    with new_figure(PAGE_IN, (PAGE_IN / n_pictures + 0.12) * len(shown) + 0.15) as figure:
        grid = figure.subplots(len(shown), n_pictures, squeeze=False)
        for row, one in enumerate(shown):
            frames = np.rint(times_s * one.fps).astype(int)
            for column, frame in enumerate(frames):
                axes = grid[row][column]
                if frame < len(one.motion):
                    _skeleton(axes, camera.project(one.motion[frame].astype(np.float64)), camera.scale)
                _bare(axes, camera.size)
                if row == len(shown) - 1:
                    axes.set_xlabel(f"{times_s[column]:.2f} s", labelpad=1)
            if len(shown) > 1:
                grid[row][0].set_title(plain(one.label), loc="left", pad=2)
    return figure


def _skeleton(axes: Axes, seen: np.ndarray[tuple[int, ...], np.dtype[np.float64]], scale: float) -> None:
    """Bones from the farthest to the nearest, and an oval for the head."""
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Ellipse

    x, y = seen[NOSE, :2]
    wide, high = (2 * part * scale for part in _HEAD)
    axes.add_patch(Ellipse((x, y - 0.05 * scale), wide, high, fill=False, linewidth=0.6, edgecolor="#888888"))
    bones = SKELETON.bones[np.argsort(seen[SKELETON.bones].mean(axis=1)[:, 2], kind="stable")]
    colours = [tuple(part / 255 for part in joint_colour(int(child))) for _, child in bones]
    widths = [1.4 if child < 8 else 0.6 for _, child in bones]
    axes.add_collection(LineCollection(list(seen[bones][..., :2]), colors=colours, linewidths=widths, capstyle="round"))


def _bare(axes: Axes, size: tuple[int, int]) -> None:
    axes.set(xlim=(0, size[0]), ylim=(size[1], 0), xticks=[], yticks=[], aspect="equal")
    for spine in axes.spines.values():
        spine.set_visible(False)


def trajectories(shown: Sequence[Shown], joints: Sequence[str] = ("left_wrist", "right_wrist")) -> Figure:
    """Where joints are over time: a row an axis, a column a joint, a line a motion.

    Args:
        shown: At least one; several are told apart by colour and label.
        joints: Names in `skeleton.SKELETON`.

    Raises:
        UsageError: No motion, or no such joint.
        MissingError: matplotlib is not installed.
    """
    if unknown := [joint for joint in joints if joint not in SKELETON.names]:
        raise UsageError(f"no joint {', '.join(unknown)}; there are {', '.join(SKELETON.names)}")
    if not shown or not joints:
        raise UsageError("trajectories need a motion and a joint")
    with new_figure(COLUMN_IN if len(joints) == 1 else PAGE_IN, 3.2) as figure:
        grid = figure.subplots(3, len(joints), sharex=True, sharey="row", squeeze=False)
        for column, joint in enumerate(joints):
            for axis in range(3):
                axes = grid[axis][column]
                for one in shown:
                    course = one.motion[:, SKELETON.index(joint), axis]
                    axes.plot(np.arange(len(course)) / one.fps, course, label=plain(one.label))
                axes.grid(True)
            grid[0][column].set_title(joint.replace("_", " "))
            grid[2][column].set_xlabel("time (s)")
        for axis, name in enumerate(_AXES):
            grid[axis][0].set_ylabel(name)
        if len(shown) > 1:
            grid[0][-1].legend()
        figure.supylabel("shoulder widths", fontsize=7)
    return figure
