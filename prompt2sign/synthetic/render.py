"""Pictures of a signer: rays marched through the distance field, one thread a frame."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from . import paint
from .body import build_scene
from .camera import Camera
from .compiled import compiled
from .field import scene_distance
from .figure import Signer
from .light import lit, normal
from .motion import Motion
from .rotations import Array
from .scene import FACE, HAIR, SKIN, Indices, Scene, bounds

#: The picture is cut into squares of this many pixels, each of which looks only at the shapes it may see.
TILE_PX = 16
#: Shapes count for a tile when they are this near to its rays, metres: they darken what is beside them. Those that flow
#: into others count from farther off, by a share of the way over which they do: beyond, it is no more than a pixel.
TILE_MARGIN_M, FLOW_MARGIN = 0.02, 0.8
#: Where rays start and stop, metres in front of and behind the plane of the shoulders.
FRONT_M, BEHIND_M = 0.75, 0.45
#: Pixels that differ more than this from a neighbour are drawn again with four rays (0 to 1, as displayed).
EDGE = 0.06


def draw_frames(motion: Motion, signer: Signer, camera: Camera, n_threads: int = 1) -> Iterator[NDArray[np.uint8]]:
    """Draw a motion frame by frame, each (height, width, 3) uint8 RGB.

    The pictures do not depend on `n_threads`.
    """
    with ThreadPoolExecutor(n_threads) as pool:
        yield from pool.map(lambda frame: draw(motion, frame, signer, camera), range(len(motion.xyz)))


def draw(motion: Motion, frame: int, signer: Signer, camera: Camera) -> NDArray[np.uint8]:
    """Draw one frame, (height, width, 3) uint8 RGB."""
    scene = build_scene(motion, frame, signer)
    members, n_members = shapes_by_tile(scene, camera)
    view = (camera.focal_px, camera.eye_level_m, camera.distance_m)
    picture = np.zeros((camera.height, camera.width, 3))
    everywhere = np.ones(picture.shape[:2], dtype=np.bool_)
    trace(scene, members, n_members, view, 1, everywhere, picture)
    trace(scene, members, n_members, view, 2, _edges(picture), picture)
    return (picture * 255 + 0.5).astype(np.uint8)


def _edges(picture: Array) -> NDArray[np.bool_]:
    edges = np.zeros(picture.shape[:2], dtype=np.bool_)
    across = np.abs(np.diff(picture, axis=1)).max(axis=2) > EDGE
    down = np.abs(np.diff(picture, axis=0)).max(axis=2) > EDGE
    edges[:, 1:] |= across
    edges[:, :-1] |= across
    edges[1:] |= down
    edges[:-1] |= down
    return edges


def shapes_by_tile(scene: Scene, camera: Camera) -> tuple[Indices, Indices]:
    """Which shapes each tile may see.

    Returns:
        members: (rows, columns, N) int64 indices of shapes in ascending order, of which the first `n_members` count.
        n_members: (rows, columns) int64.
    """
    middle, radius = bounds(scene.is_ellipsoid, scene.start, scene.end, scene.radius)
    radius = radius + np.maximum(TILE_MARGIN_M, FLOW_MARGIN * np.abs(scene.blend))
    pixels = camera.project(middle)
    radius_px = camera.focal_px * radius / (camera.distance_m - middle[:, 2] - radius)
    columns = (np.arange(-(-camera.width // TILE_PX)) + 0.5) * TILE_PX
    rows = (np.arange(-(-camera.height // TILE_PX)) + 0.5) * TILE_PX
    away = np.hypot(columns[None, :, None] - pixels[:, 0], rows[:, None, None] - pixels[:, 1])
    seen = away < radius_px + TILE_PX * math.sqrt(0.5)
    members = np.argsort(~seen, axis=2, kind="stable").astype(np.int64)
    return np.ascontiguousarray(members), seen.sum(axis=2).astype(np.int64)


@compiled
def trace(
    scene: Scene,
    members: Indices,
    n_members: Indices,
    view: tuple[float, float, float],
    rays_across: int,
    mask: NDArray[np.bool_],
    picture: Array,
) -> None:
    """Draw the pixels of `mask` with `rays_across` squared rays each into `picture` (height, width, 3), 0 to 1."""
    height, width, _ = picture.shape
    focal_px, eye_level, distance_m = view
    for row in range(height):
        for column in range(width):
            if not mask[row, column]:
                continue
            shapes = members[row // TILE_PX, column // TILE_PX]
            n_shapes = n_members[row // TILE_PX, column // TILE_PX]
            red, green, blue = 0.0, 0.0, 0.0
            for ray in range(rays_across * rays_across):
                u = column + (ray % rays_across + 0.5) / rays_across
                v = row + (ray // rays_across + 0.5) / rays_across
                wall = wall_colour(scene, u / width, v / height)
                dx, dy = (u - width / 2) / focal_px, -(v - height / 2) / focal_px
                colour = ray_colour(scene, shapes, n_shapes, wall, dx, dy, eye_level, distance_m)
                red, green, blue = red + colour[0], green + colour[1], blue + colour[2]
            n_rays = rays_across * rays_across
            picture[row, column, 0] = display(red / n_rays)
            picture[row, column, 1] = display(green / n_rays)
            picture[row, column, 2] = display(blue / n_rays)


@compiled
def display(linear: float) -> float:
    """Linear light as a screen wants it (gamma 2.2)."""
    return math.pow(min(1.0, max(0.0, linear)), 1 / 2.2)


@compiled
def wall_colour(scene: Scene, u: float, v: float) -> paint.Colour:
    """The wall behind at a place of the picture (0 to 1), darker towards the corners."""
    shade = 1 - 0.35 * ((u - 0.5) ** 2 + (v - 0.4) ** 2)
    top, bottom = scene.backdrop[0], scene.backdrop[1]
    return (
        (top[0] + (bottom[0] - top[0]) * v) * shade,
        (top[1] + (bottom[1] - top[1]) * v) * shade,
        (top[2] + (bottom[2] - top[2]) * v) * shade,
    )


@compiled
def ray_colour(
    scene: Scene,
    members: Indices,
    n_members: int,
    wall: paint.Colour,
    dx: float,
    dy: float,
    eye_level: float,
    distance_m: float,
) -> paint.Colour:
    """What a ray along (dx, dy, -1) from the camera sees."""
    if n_members == 0:
        return wall
    length = math.sqrt(dx * dx + dy * dy + 1.0)
    dx, dy, dz = dx / length, dy / length, -1.0 / length
    way = distance_m - FRONT_M
    for step in range(110):
        x, y, z = dx * way, eye_level + dy * way, distance_m + dz * way
        gap, material = scene_distance(scene, members, n_members, x, y, z)
        # A ray that grazes a surface for long has hit it for all that can be seen.
        if gap < 0.0005 or (step > 80 and gap < 0.003):
            looks = normal(scene, members, n_members, x, y, z)
            colour = surface_colour(scene, material, x, y, z, looks)
            return lit(scene, members, n_members, material, colour, (x, y, z), looks, (dx, dy, dz))
        way += 0.95 * gap
        if way > distance_m + BEHIND_M:
            break
    return wall


@compiled
def surface_colour(
    scene: Scene, material: int, x: float, y: float, z: float, looks: tuple[float, float, float]
) -> paint.Colour:
    """Colour of a point on a surface, before light falls on it."""
    colour = (scene.colours[material, 0], scene.colours[material, 1], scene.colours[material, 2])
    if material == SKIN:
        return paint.nail(scene, colour, x, y, z, looks[0], looks[1], looks[2])
    if material not in (FACE, HAIR):
        return colour
    x, y, z = x - scene.head[0, 0], y - scene.head[0, 1], z - scene.head[0, 2]
    hx = scene.head[1, 0] * x + scene.head[1, 1] * y + scene.head[1, 2] * z
    hy = scene.head[2, 0] * x + scene.head[2, 1] * y + scene.head[2, 2] * z
    hz = scene.head[3, 0] * x + scene.head[3, 1] * y + scene.head[3, 2] * z
    if material == HAIR:
        return paint.scaled(colour, paint.strands(hx, hy, hz))
    hair = (scene.colours[HAIR, 0], scene.colours[HAIR, 1], scene.colours[HAIR, 2])
    return paint.face(colour, paint.scaled(hair, 0.7), hx, hy, hz, scene.eyes_shut, scene.mouth_open)
