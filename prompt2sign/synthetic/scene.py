"""What there is to see in one frame: round cones and ellipsoids in groups, their colours, and the head's place."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .rotations import Array

Indices = NDArray[np.int64]

#: Materials, as rows of `Scene.colours`.
CLOTH, SKIN, FACE, HAIR = range(4)


class Scene(NamedTuple):
    """A frame's shapes as arrays, the way the compiled code wants them: N shapes in G groups.

    Shapes of one group flow into each other; groups meet with a sharp edge.

    Attributes:
        is_ellipsoid: (N,) bool, the others are round cones.
        group: (N,) int.
        material: (N,) int.
        blend: (N,) metres over which a shape flows into those before it; below 0 it is carved out of them.
        start: (N, 3) one end of a cone, or the centre of an ellipsoid.
        end: (N, 3) the other end of a cone, or the three radii of an ellipsoid.
        radius: (N, 2) of a cone at its two ends.
        turn: (N, 3, 3) from the world's axes to the ellipsoid's.
        spheres: (G, 4) centre and radius of a sphere round each group.
        ranges: (G, 2) first shape of each group, and the one after its last.
        colours: (M, 3) colour of each material, linear light.
        head: (4, 3) middle of the head, then the rotation from the world's axes to the head's, its size included.
        nails: (10, 7) finger nails: centre, direction they look, radius.
        backdrop: (2, 3) colour of the wall at the top and at the bottom of the picture.
        eyes_shut: From 0 to 1.
        mouth_open: From 0 to 1.
    """

    is_ellipsoid: NDArray[np.bool_]
    group: Indices
    material: Indices
    blend: Array
    start: Array
    end: Array
    radius: Array
    turn: Array
    spheres: Array
    ranges: Indices
    colours: Array
    head: Array
    nails: Array
    backdrop: Array
    eyes_shut: float
    mouth_open: float


class ShapeList:
    """Collects shapes in axes of the caller's choice, group by group."""

    def __init__(self) -> None:
        self._rows: list[tuple[bool, int, int, float, Array, Array, tuple[float, float], Array]] = []
        self._group = -1
        self._material = 0

    def begin(self, material: int) -> None:
        """Start a group of one material."""
        self._group += 1
        self._material = material

    def cone(self, start: Array, end: Array, start_radius: float, end_radius: float, blend: float) -> None:
        """Add a round cone between two points."""
        self._add(False, start, end, blend, (start_radius, end_radius), np.eye(3))

    def ellipsoid(self, centre: Array, radii: ArrayLike, axes: Array, blend: float) -> None:
        """Add an ellipsoid whose axes are the columns of `axes`; carve it out where `blend` is below 0."""
        self._add(True, centre, np.asarray(radii, dtype=np.float64), blend, (0.0, 0.0), axes.T)

    def _add(
        self, ellipsoid: bool, start: Array, end: Array, blend: float, radius: tuple[float, float], turn: Array
    ) -> None:
        self._rows.append((ellipsoid, self._group, self._material, blend, start, end, radius, turn))

    def columns(self) -> dict[str, Any]:
        """The first eight fields of `Scene`."""
        kinds = (np.bool_, np.int64, np.int64, *(np.float64,) * 5)
        columns = zip(*self._rows, strict=True)
        return {
            name: np.array(column, dtype=kind)
            for name, column, kind in zip(Scene._fields[:8], columns, kinds, strict=True)
        }


def bounds(is_ellipsoid: NDArray[np.bool_], start: Array, end: Array, radius: Array) -> tuple[Array, Array]:
    """Centre (N, 3) and radius (N,) of a sphere round each shape."""
    middle = np.where(is_ellipsoid[:, None], start, (start + end) / 2)
    cone = np.linalg.norm(end - start, axis=1) / 2 + radius.max(axis=1)
    return middle, np.where(is_ellipsoid, end.max(axis=1), cone)


def group_bounds(group: Indices, middle: Array, radius: Array) -> tuple[Array, Indices]:
    """`Scene.spheres` and `Scene.ranges` of shapes that lie group by group."""
    starts = np.searchsorted(group, np.arange(group[-1] + 2))
    ranges = np.stack([starts[:-1], starts[1:]], axis=1)
    spheres = []
    for first, stop in ranges:
        points, radii = middle[first:stop], radius[first:stop]
        centre = (points.min(axis=0) + points.max(axis=0)) / 2
        spheres.append([*centre, (np.linalg.norm(points - centre, axis=1) + radii).max() + 0.005])
    return np.array(spheres), ranges
