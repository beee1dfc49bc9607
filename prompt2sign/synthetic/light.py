"""Light on a surface: a key light with soft shadow, daylight from above, occlusion (compiled).

Without shadow and occlusion on the hands the embedded estimator misses half of them: they carry the shape.
"""

from __future__ import annotations

import math

from .compiled import compiled
from .field import group_distance, scene_distance
from .paint import Colour
from .scene import CLOTH, HAIR, Indices, Scene

#: Direction to the key light (unit length): from the upper left, in front.
LIGHT_X, LIGHT_Y, LIGHT_Z = -0.4507, 0.6210, 0.6410
KEY_LIGHT, DAYLIGHT = (0.80, 0.76, 0.70), (0.95, 0.98, 1.05)
#: Light that went through skin shows red where it is hardly lit.
BLOOD = (0.10, 0.03, 0.02)


@compiled
def normal(scene: Scene, members: Indices, n_members: int, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Direction the surface looks at a point: four distances at the corners of a tetrahedron."""
    e = 0.0008
    a, _ = scene_distance(scene, members, n_members, x + e, y - e, z - e)
    b, _ = scene_distance(scene, members, n_members, x - e, y - e, z + e)
    c, _ = scene_distance(scene, members, n_members, x - e, y + e, z - e)
    d, _ = scene_distance(scene, members, n_members, x + e, y + e, z + e)
    nx, ny, nz = a - b - c + d, -a - b + c + d, -a + b - c + d
    length = math.sqrt(nx * nx + ny * ny + nz * nz) + 1e-12
    return nx / length, ny / length, nz / length


@compiled
def openness(
    scene: Scene, members: Indices, n_members: int, x: float, y: float, z: float, nx: float, ny: float, nz: float
) -> float:
    """How much of the surroundings a surface sees, 0 to 1: distances a little way out, compared with that way."""
    hidden, weight = 0.0, 0.30
    for j in range(1, 5):
        out = 0.0021 * j * j
        distance, _ = scene_distance(scene, members, n_members, x + nx * out, y + ny * out, z + nz * out)
        hidden += weight * (out - distance) / out
        weight *= 0.75
    return min(1.0, max(0.0, 1.0 - hidden))


@compiled
def sunlit(scene: Scene, x: float, y: float, z: float) -> float:
    """How much of the key light reaches a point, 0 to 1, with soft edges (after Quilez, "soft shadows")."""
    lit, way = 1.0, 0.006
    for _ in range(18):
        step, near = group_distance(scene, x + LIGHT_X * way, y + LIGHT_Y * way, z + LIGHT_Z * way)
        lit = min(lit, 0.5 + 3.5 * near / way)
        if lit < 0.02:
            return 0.0
        way += max(0.006, step)
        if way > 0.45:
            break
    return lit


@compiled
def lit(
    scene: Scene,
    members: Indices,
    n_members: int,
    material: int,
    colour: Colour,
    place: tuple[float, float, float],
    looks: tuple[float, float, float],
    ray: tuple[float, float, float],
) -> Colour:
    """A surface colour as light makes it look to a ray that arrives along `ray`."""
    x, y, z = place
    nx, ny, nz = looks
    toward = nx * LIGHT_X + ny * LIGHT_Y + nz * LIGHT_Z
    sun = sunlit(scene, x + 0.003 * nx, y + 0.003 * ny, z + 0.003 * nz) if toward > -0.2 else 0.0
    sky = openness(scene, members, n_members, x, y, z, nx, ny, nz)
    is_skin = material not in (CLOTH, HAIR)
    wrap = 0.25 if is_skin else 0.05
    key = max(0.0, (toward + wrap) / (1 + wrap)) * sun
    ambient = 0.32 + 0.10 * ny + 0.16 * max(0.0, nz)
    fill = 0.16 * max(0.0, 0.75 * nx + 0.6 * nz)
    hx, hy, hz = LIGHT_X - ray[0], LIGHT_Y - ray[1], LIGHT_Z - ray[2]
    gloss = max(0.0, (nx * hx + ny * hy + nz * hz) / math.sqrt(hx * hx + hy * hy + hz * hz)) ** 28
    gloss *= sun * (0.06 if is_skin else 0.10 if material == HAIR else 0.01)
    blood = 1 - sky if is_skin else 0.0
    return (
        colour[0] * (key * KEY_LIGHT[0] + (ambient * DAYLIGHT[0] + fill) * sky + blood * BLOOD[0]) + gloss,
        colour[1] * (key * KEY_LIGHT[1] + (ambient * DAYLIGHT[1] + fill) * sky + blood * BLOOD[1]) + gloss,
        colour[2] * (key * KEY_LIGHT[2] + (ambient * DAYLIGHT[2] + fill) * sky + blood * BLOOD[2]) + gloss,
    )
