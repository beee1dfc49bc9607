"""Signed distance from a point to the shapes of a scene (compiled).

Distances of ellipsoids are the usual first-order estimate, the smooth union is the quadratic one (both after
Quilez, "distance functions" and "smooth minimum").
"""

from __future__ import annotations

import math

from .compiled import compiled
from .scene import Indices, Scene

FAR = 1e9


@compiled
def shape_distance(scene: Scene, i: int, x: float, y: float, z: float) -> float:
    """Metres from a point to shape `i`, below 0 inside."""
    x -= scene.start[i, 0]
    y -= scene.start[i, 1]
    z -= scene.start[i, 2]
    if scene.is_ellipsoid[i]:
        return ellipsoid_distance(scene, i, x, y, z)
    bx = scene.end[i, 0] - scene.start[i, 0]
    by = scene.end[i, 1] - scene.start[i, 1]
    bz = scene.end[i, 2] - scene.start[i, 2]
    along = min(1.0, max(0.0, (x * bx + y * by + z * bz) / (bx * bx + by * by + bz * bz + 1e-12)))
    x -= along * bx
    y -= along * by
    z -= along * bz
    radius = scene.radius[i, 0] + (scene.radius[i, 1] - scene.radius[i, 0]) * along
    return math.sqrt(x * x + y * y + z * z) - float(radius)


@compiled
def ellipsoid_distance(scene: Scene, i: int, x: float, y: float, z: float) -> float:
    """Metres from ellipsoid `i` to a point given from its centre."""
    turn, radii = scene.turn, scene.end
    a = (turn[i, 0, 0] * x + turn[i, 0, 1] * y + turn[i, 0, 2] * z) / radii[i, 0]
    b = (turn[i, 1, 0] * x + turn[i, 1, 1] * y + turn[i, 1, 2] * z) / radii[i, 1]
    c = (turn[i, 2, 0] * x + turn[i, 2, 1] * y + turn[i, 2, 2] * z) / radii[i, 2]
    level = math.sqrt(a * a + b * b + c * c)
    a /= radii[i, 0]
    b /= radii[i, 1]
    c /= radii[i, 2]
    return level * (level - 1.0) / (math.sqrt(a * a + b * b + c * c) + 1e-9)


@compiled
def joined(near: float, other: float, blend: float) -> float:
    """Smooth union of two distances, or smooth carving of the second out of the first where `blend` is below 0."""
    width = abs(blend)
    if blend < 0:
        overlap = max(width - abs(near + other), 0.0) / width
        return max(near, -other) + overlap * overlap * width * 0.25
    overlap = max(width - abs(near - other), 0.0) / width
    return min(near, other) - overlap * overlap * width * 0.25


@compiled
def scene_distance(scene: Scene, members: Indices, n_members: int, x: float, y: float, z: float) -> tuple[float, int]:
    """Metres to the nearest of the first `n_members` shapes named by `members`, and its material.

    `members` must be in ascending order, so that groups stay together.
    """
    nearest, material = FAR, -1
    in_group, group = FAR, -1
    for j in range(n_members):
        i = members[j]
        if scene.group[i] != group:
            group, in_group = scene.group[i], FAR
        distance = shape_distance(scene, i, x, y, z)
        if in_group == FAR:
            # Others of its group may be missing here, and nothing is carved out of nothing.
            in_group = distance if scene.blend[i] >= 0 else FAR
        else:
            in_group = joined(in_group, distance, scene.blend[i])
        ends = j + 1 == n_members or scene.group[members[j + 1]] != group
        if ends and in_group < nearest:
            nearest, material = in_group, scene.material[i]
    return nearest, material


@compiled
def group_distance(scene: Scene, x: float, y: float, z: float) -> tuple[float, float]:
    """How far one may go from a point without meeting anything, and the distance to what is near (metres).

    Groups further away than 4 cm count with the sphere round them only.
    """
    safe, near = FAR, FAR
    for g in range(len(scene.spheres)):
        dx, dy, dz = x - scene.spheres[g, 0], y - scene.spheres[g, 1], z - scene.spheres[g, 2]
        outside = math.sqrt(dx * dx + dy * dy + dz * dz) - scene.spheres[g, 3]
        if outside > 0.04:
            safe = min(safe, outside)
            continue
        in_group = FAR
        for i in range(scene.ranges[g, 0], scene.ranges[g, 1]):
            distance = shape_distance(scene, i, x, y, z)
            in_group = distance if in_group == FAR else joined(in_group, distance, scene.blend[i])
        near = min(near, in_group)
    return min(safe, near), near
