"""Limbs -> the coloured polygons that show them, in the order they are painted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .camera import Camera
from .figure import OUTLINE, Limbs

#: Corners stand in parts of a pixel, 2 ** 4 of them, so that slow movement does not jump.
SHIFT = 4
#: Corners of the arc at each end of a limb.
_ARC = 10
#: The outline, shoulder widths; a pixel at least.
_RIM = 0.012

Shape = tuple[NDArray[np.int32], tuple[int, ...]]


def flatten(limbs: Limbs, camera: Camera) -> Iterator[list[Shape]]:
    """Limbs as a camera sees them.

    Half a shoulder width nearer is 8 % thicker and about a tenth brighter.

    Yields:
        For each frame its polygons, farthest first, each limb's outline before the limb: (2 * _ARC, 2) corners (x, y)
        in parts of a pixel (`SHIFT`), and the colour (RGB).
    """
    seen = camera.project(limbs.ends)
    points, depth = seen[..., :2], seen[..., 2]
    near = depth.mean(axis=-1)
    radii = camera.scale * limbs.radii * np.clip(1 + 0.16 * depth, 0.8, 1.3)
    light = np.clip(0.78 + 0.2 * near, 0.45, 1.0)
    colours = np.rint(limbs.colours * light[..., None]).astype(int).tolist()
    outer, inner = _outlines(points, radii + max(1.0, _RIM * camera.scale)), _outlines(points, radii)
    order = np.argsort(near + limbs.before, axis=1, kind="stable").tolist()
    for frame, limbs_of_frame in enumerate(order):
        yield [
            shape
            for limb in limbs_of_frame
            for shape in ((outer[frame, limb], OUTLINE), (inner[frame, limb], tuple(colours[frame][limb])))
        ]


def _outlines(ends: NDArray[np.float64], radii: NDArray[np.float64]) -> NDArray[np.int32]:
    """Outlines of limbs: an arc round each end, joined by the tangents of the two circles.

    Args:
        ends: (T, L, 2, 2) pixels.
        radii: (T, L, 2) pixels.

    Returns:
        (T, L, 2 * _ARC, 2) in parts of a pixel.
    """
    along, taper = ends[..., 1, :] - ends[..., 0, :], radii[..., 0] - radii[..., 1]
    length = np.linalg.norm(along, axis=-1)
    # Seen end on, the larger end hides the smaller one, and the limb is a circle.
    is_circle = length <= np.abs(taper)
    larger = np.where(taper >= 0, 0, 1)[..., None]
    ends = np.where(is_circle[..., None, None], np.take_along_axis(ends, larger[..., None], axis=2), ends)
    radii = np.where(is_circle[..., None], np.take_along_axis(radii, larger, axis=2), radii)
    # A tangent touches both circles at this angle from the limb's direction.
    lean = np.arccos(np.where(is_circle, 0.0, taper / np.where(is_circle, 1.0, length)))
    half_arcs = np.stack([np.pi - lean, lean], axis=-1)
    middles = np.arctan2(along[..., 1], along[..., 0])[..., None] + [np.pi, 0.0]
    angles = middles[..., None] + half_arcs[..., None] * np.linspace(-1, 1, _ARC)
    corners = ends[..., None, :] + radii[..., None, None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    parts = np.rint(corners.reshape(*ends.shape[:2], 2 * _ARC, 2) * 2**SHIFT)
    return np.asarray(np.clip(parts, -_FAR, _FAR), np.int32)


#: Beyond any picture, in parts of a pixel; OpenCV's own arithmetic is safe up to here.
_FAR = 2**18
