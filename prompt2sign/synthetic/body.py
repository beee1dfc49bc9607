"""Flesh on the joints: the shapes that make up a signer in one frame of a motion."""

from __future__ import annotations

import numpy as np

from ..skeleton import (
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NECK,
    NOSE,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)
from .figure import Signer
from .handshapes import KNUCKLES_M, Direction
from .motion import NOSE_TIP_M, Motion
from .rotations import Array, about, unit
from .scene import CLOTH, FACE, HAIR, SKIN, Scene, ShapeList, bounds, group_bounds

#: Radii of index, middle, ring and little finger from the knuckle to the tip, and of the thumb from its base, metres.
FINGER_RADII_M = np.array(
    [
        [0.0105, 0.0092, 0.0082, 0.0066],
        [0.0108, 0.0094, 0.0084, 0.0068],
        [0.0102, 0.0089, 0.0080, 0.0064],
        [0.0092, 0.0079, 0.0071, 0.0058],
    ]
)
#: The middle of a shoulder's flesh lies this much below the joint: estimators see the joint high, on the bone's top.
SHOULDER_DROP_M = 0.03
THUMB_RADII_M = np.array([0.0150, 0.0120, 0.0105, 0.0080])


def build_scene(motion: Motion, frame: int, signer: Signer) -> Scene:
    """Everything there is to see of a signer in frame number `frame`."""
    shapes = ShapeList()
    joints, trunk = motion.xyz[frame], motion.trunk[frame]
    head = motion.head[frame] * signer.head_scale
    centre = joints[NOSE] - head @ NOSE_TIP_M
    drop = trunk @ np.array([0.0, -SHOULDER_DROP_M, 0.0])
    _torso(shapes, joints[NECK] + drop, trunk, signer)
    _neck(shapes, joints[NECK] + drop, trunk, centre, head)
    _head(shapes, centre, head)
    _hair(shapes, centre, head, signer.hair_style)
    nails = []
    for side, (shoulder, elbow, wrist, hand) in enumerate(
        (
            (LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST, LEFT_HAND),
            (RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, RIGHT_HAND),
        )
    ):
        _sleeve(shapes, joints[shoulder] + drop, joints[elbow], joints[wrist], signer.girth)
        nails += _hand(shapes, joints[elbow], joints[hand], motion.hands[frame, side], signer.hand_scale)
    columns = shapes.columns()
    extent = bounds(*(columns[name] for name in ("is_ellipsoid", "start", "end", "radius")))
    spheres, ranges = group_bounds(columns["group"], *extent)
    top = np.array(signer.backdrop)
    return Scene(
        **columns,
        spheres=spheres,
        ranges=ranges,
        colours=np.array([signer.shirt, signer.skin, signer.skin, signer.hair]),
        head=np.vstack([centre, motion.head[frame].T / signer.head_scale]),
        nails=np.array(nails),
        backdrop=np.stack([top, 0.75 * top]),
        eyes_shut=float(motion.eyes_shut[frame]),
        mouth_open=float(motion.mouth_open[frame]),
    )


def _torso(shapes: ShapeList, neck: Array, trunk: Array, signer: Signer) -> None:
    def at(*place: float) -> Array:
        return np.asarray(neck + trunk @ np.array(place))

    wide, thick = signer.shoulder_width / 2, signer.girth
    shapes.begin(CLOTH)
    for side in (-1, 1):
        shapes.cone(at(side * 0.02, 0.085, -0.01), at(side * (wide - 0.015), 0.010, 0.0), 0.045, 0.060, 0.06)
    shapes.ellipsoid(at(0, -0.15, 0.005), (wide * thick, 0.23, 0.112 * thick), trunk, 0.08)
    shapes.ellipsoid(at(0, -0.49, 0.005), (0.95 * wide * thick, 0.34, 0.115 * thick), trunk, 0.10)
    shapes.cone(at(-0.12, -0.01, 0.01), at(0.12, -0.01, 0.01), 0.062, 0.062, 0.05)


def _neck(shapes: ShapeList, neck: Array, trunk: Array, centre: Array, head: Array) -> None:
    shapes.begin(SKIN)
    shapes.cone(neck + trunk @ [0, 0.04, -0.005], centre + head @ [0, -0.06, -0.02], 0.056, 0.052, 0.03)


def _head(shapes: ShapeList, centre: Array, head: Array) -> None:
    axes = head / np.linalg.norm(head[:, 0])
    size = float(np.linalg.norm(head[:, 0]))

    def lump(place: tuple[float, float, float], radii: tuple[float, float, float], blend: float) -> None:
        shapes.ellipsoid(centre + head @ place, size * np.array(radii), axes, blend * size)

    def ridge(start: tuple[float, ...], end: tuple[float, ...], radii: tuple[float, float], blend: float) -> None:
        shapes.cone(centre + head @ start, centre + head @ end, size * radii[0], size * radii[1], blend * size)

    shapes.begin(FACE)
    lump((0, 0.035, -0.012), (0.074, 0.090, 0.094), 0.03)  # skull
    lump((0, -0.030, 0.010), (0.060, 0.080, 0.076), 0.035)  # jaw
    lump((0, -0.092, 0.058), (0.021, 0.017, 0.019), 0.03)  # chin
    for side in (-1, 1):
        lump((side * 0.034, -0.025, 0.052), (0.026, 0.026, 0.024), 0.03)  # cheek
        ear = axes @ about("y", -0.35 * side)
        shapes.ellipsoid(
            centre + head @ [side * 0.077, -0.002, -0.012], size * np.array([0.008, 0.031, 0.019]), ear, 0.012
        )
    for side in (-1, 1):
        lump((side * 0.032, 0.011, 0.104), (0.022, 0.013, 0.022), -0.018)  # eye socket
    for side in (-1, 1):
        ridge((side * 0.016, 0.036, 0.082), (side * 0.046, 0.036, 0.066), (0.006, 0.006), 0.014)  # brow
        lump((side * 0.031, 0.011, 0.0705), (0.0165, 0.0115, 0.0125), 0.004)  # eyeball
    ridge((0, 0.016, 0.082), (0, -0.028, 0.103), (0.0065, 0.0105), 0.012)  # nose
    for side in (-1, 1):
        lump((side * 0.012, -0.034, 0.091), (0.0085, 0.0075, 0.010), 0.008)  # nostril
    lump((0, -0.0595, 0.0835), (0.021, 0.0050, 0.0085), 0.006)  # lips
    lump((0, -0.0715, 0.0825), (0.018, 0.0058, 0.0085), 0.006)


#: Ellipsoids of each hair style in the head's axes: centre, radii.
HAIR_STYLES: dict[str, list[tuple[Direction, Direction]]] = {
    "short": [((0, 0.046, -0.019), (0.083, 0.090, 0.096)), ((0, 0.0, -0.050), (0.078, 0.085, 0.066))],
    "bun": [
        ((0, 0.046, -0.018), (0.081, 0.088, 0.095)),
        ((0, 0.0, -0.050), (0.075, 0.080, 0.062)),
        ((0, 0.140, -0.050), (0.040, 0.034, 0.040)),
    ],
    "long": [
        ((0, 0.046, -0.018), (0.084, 0.090, 0.095)),
        ((0, -0.040, -0.062), (0.090, 0.130, 0.058)),
        ((-0.076, -0.050, -0.030), (0.020, 0.115, 0.040)),
        ((0.076, -0.050, -0.030), (0.020, 0.115, 0.040)),
    ],
}


def _hair(shapes: ShapeList, centre: Array, head: Array, style: str) -> None:
    size = float(np.linalg.norm(head[:, 0]))
    shapes.begin(HAIR)
    for place, radii in HAIR_STYLES[style]:
        shapes.ellipsoid(centre + head @ place, size * np.array(radii), head / size, 0.02)


def _sleeve(shapes: ShapeList, shoulder: Array, elbow: Array, wrist: Array, girth: float) -> None:
    shapes.begin(CLOTH)
    shapes.cone(shoulder, elbow, 0.058 * girth, 0.045 * girth, 0.03)
    shapes.cone(elbow, elbow + 0.8 * (wrist - elbow), 0.046 * girth, 0.036 * girth, 0.03)


def _hand(shapes: ShapeList, elbow: Array, points: Array, axes: Array, size: float) -> list[Array]:
    """Add forearm and hand; returns the nails."""

    def at(*place: float) -> Array:
        return np.asarray(points[0] + axes @ np.array(place) * size)

    shapes.begin(SKIN)
    shapes.cone(elbow + 0.7 * (points[0] - elbow), points[0], 0.030 * size, 0.0235 * size, 0.015)
    for finger, knuckle in enumerate(KNUCKLES_M):
        tip_radius = 0.0115 if finger == 3 else 0.0125
        root = at(0.018 - 0.012 * finger, 0.004, 0.0)
        shapes.cone(root, at(*(knuckle - [0, 0, 0.001])), 0.0165 * size, tip_radius * size, 0.014)
    shapes.cone(at(0.019, 0.025, 0.010), at(0.028, 0.055, 0.010), 0.017 * size, 0.012 * size, 0.014)
    shapes.cone(at(-0.020, 0.020, 0.008), at(-0.032, 0.055, 0.006), 0.014 * size, 0.011 * size, 0.014)
    nails = []
    for finger in range(4):
        chain = points[5 + 4 * finger : 9 + 4 * finger]
        _finger(shapes, chain, FINGER_RADII_M[finger] * size, 0.007)
        nails.append(_nail(chain, -axes[:, 2], 0.0062 * size))
    _finger(shapes, points[1:5], THUMB_RADII_M * size, 0.012)
    nails.append(_nail(points[1:5], axes[:, 0] - axes[:, 2], 0.0070 * size))
    return nails


def _finger(shapes: ShapeList, chain: Array, radii: Array, root_blend: float) -> None:
    for bone in range(3):
        blend = root_blend if bone == 0 else 0.003
        shapes.cone(chain[bone], chain[bone + 1], float(radii[bone]), float(radii[bone + 1]), blend)


def _nail(chain: Array, back: Array, radius: float) -> Array:
    """(7,) centre, direction and radius of the nail at a finger's end, on the side of `back`."""
    end = unit(chain[3] - chain[2])
    # A bent finger's back is where its first bone points, a straight one's where the back of the hand is.
    back = back + 2 * unit(chain[1] - chain[0]) * float(1 - end @ unit(chain[1] - chain[0]))
    up = unit(back - end * float(end @ back))
    return np.concatenate([chain[3] - 0.5 * radius * end + radius * up, up, [radius]])
