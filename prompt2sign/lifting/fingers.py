"""Which way each bone of each finger points: towards the camera or away from it.

A bone of known length that looks shorter lies out of the plane of the picture by a known depth, but on an unknown side.
Three bones give eight patterns of signs a finger. Most of them would bend the finger backwards or sideways: a finger
bends towards the palm, at hinges, and its last two joints together.
"""

from __future__ import annotations

import math
from itertools import product

from .arrays import Array, constant, dot, hint_cost, namespace, outside, unit
from .limits import LIMITS
from .palm import Palms

_DEGREE = math.pi / 180
_FLEXION = {limit.joint: limit for limit in LIMITS if limit.movement == "flexion" and limit.fingers}
#: How far knuckle, middle joint and end joint bend, radians.
_BENDS = [(_FLEXION[joint].low_deg * _DEGREE, _FLEXION[joint].high_deg * _DEGREE) for joint in "123"]
_THUMB_BENDS = [(limit.low_deg * _DEGREE, limit.high_deg * _DEGREE) for limit in LIMITS if limit.movement == "bend"]
#: Costs count squares of these: angles past their limits, which noise passes often; what a bone points sideways past
#: what spreading allows (a sine); how far the end joint is from following the middle one; how far a knuckle is from
#: the little bend it usually has.
_SLACK, _THUMB_SLACK = 35 * _DEGREE, 10 * _DEGREE
_ASIDE, _ASIDE_SLACK = 0.2, 0.25
_COUPLING, _COUPLED = 0.9, 75 * _DEGREE
_BENT, _BENT_ABOUT = 27 * _DEGREE, 85 * _DEGREE
#: How far the bones of a thumb usually stand out of the palm (a sine), and how far from that costs 1; and what bend of
#: its end joint costs 1: within the limits nothing else tells both signs of its last bone apart.
_THUMB_OUT = ((0.55, 0.85), (0.3, 0.6), (0.5, 1.0))
_THUMB_BENT = 45 * _DEGREE
#: From frame to frame: a bone that turns its depth by this part of its length costs 1, and no turn more than the jump.
_TURN, _JUMP = 0.25, 30.0

#: Error of what the estimator says of a finger bone's depth, in parts of its length.
_HINT_ERROR = 0.35

#: (8, 3): does each bone point towards the camera (1) or away from it (-1)?
_PATTERNS = list(product((1.0, -1.0), repeat=3))


def finger_bones(hands: Array, lengths: Array) -> Array:
    """(T, 3, B, 2, 5, 8, 3) the three bones of each finger under each pattern of signs, in shoulder widths.

    Args:
        hands: (T, 2, B, 2, 21) positions in the picture, left hands mirrored.
        lengths: (B, 2, 21) of the bone that ends in each point.
    """
    xp = namespace(hands)
    points = xp.reshape(hands[..., 1:], (*hands.shape[:-1], 5, 4))
    flat = points[..., 1:] - points[..., :-1]
    reach = xp.reshape(lengths[..., 1:], (*lengths.shape[:-1], 5, 4))[..., 1:]
    depth = xp.sqrt(xp.maximum(reach**2 - dot(flat, flat), 0.0))
    signed = depth[..., None, :] * constant(_PATTERNS, hands)
    beside = xp.broadcast_to(flat[..., None, :], (*flat.shape[:-1], len(_PATTERNS), 3))
    return xp.concat([beside, signed[:, None]], axis=1)


def pattern_costs(bones: Array, palms: Palms) -> Array:
    """How little like a finger each pattern is under each answer to where the palm faces: (T, B, 2, S, 5, 8)."""
    xp = namespace(bones)
    directions = unit(bones)[:, :, :, :, None]
    thumb, along, palm = (axis[..., None, None, None] for axis in palms)
    across = dot(directions, thumb)
    ahead = dot(directions, along)
    out = dot(directions, palm)
    fingers = _finger_cost(*(part[..., 1:, :, :] for part in (across, ahead, out)))
    thumbs = _thumb_cost(*(part[..., :1, :, :] for part in (across, ahead, out)))
    return xp.concat([thumbs, fingers], axis=-2)


def pattern_hints(bones: Array, hints: Array) -> Array:
    """(T, B, 2, 5, 8) how far each pattern is from what the estimator says of depth, `hints` (T, B, 2, 21)."""
    xp = namespace(bones)
    said = xp.reshape(hints[..., 1:], (*hints.shape[:-1], 5, 4))[..., None, 1:]
    return xp.sum(hint_cost(unit(bones)[:, 2], said, _HINT_ERROR), axis=-1)


def pattern_changes(bones: Array) -> Array:
    """How little each pattern (row) agrees with those of the frame before (columns): (T - 1, B, 2, 5, 8, 8)."""
    xp = namespace(bones)
    depth = unit(bones)[:, 2] / _TURN
    before, after = depth[:-1], depth[1:]
    square = xp.sum(depth**2, axis=-1)
    squares = square[1:, ..., :, None] + square[:-1, ..., None, :]
    return xp.minimum(squares - 2 * (after @ xp.matrix_transpose(before)), _JUMP)


def _finger_cost(across: Array, ahead: Array, out: Array) -> Array:
    """(...) of the three bones (..., 3) of fingers, in the axes of the palm."""
    xp = namespace(across)
    knuckle = xp.atan2(out[..., 0], ahead[..., 0])
    middle, end = (_bend(ahead, out, bone) for bone in (1, 2))
    past = sum(outside(angle, *bend) ** 2 for angle, bend in zip((knuckle, middle, end), _BENDS, strict=True))
    aside = xp.sum(outside(across, -_ASIDE, _ASIDE) ** 2, axis=-1)
    habits = ((end - _COUPLING * middle) / _COUPLED) ** 2 + ((knuckle - _BENT) / _BENT_ABOUT) ** 2
    return past / _SLACK**2 + aside / _ASIDE_SLACK**2 + habits


def _bend(ahead: Array, out: Array, bone: int) -> Array:
    """(...) the angle from the bone before to `bone` about the hinge across the palm, positive towards the palm."""
    a, n, b, m = ahead[..., bone - 1], out[..., bone - 1], ahead[..., bone], out[..., bone]
    return namespace(ahead).atan2(a * m - n * b, a * b + n * m)


def _thumb_cost(across: Array, ahead: Array, out: Array) -> Array:
    """(...) of the three bones (..., 3) of thumbs; the hinges of a thumb have no common axis in the palm."""
    xp = namespace(across)
    bends = [
        xp.acos(xp.clip(sum(axis[..., bone - 1] * axis[..., bone] for axis in (across, ahead, out)), -1.0, 1.0))
        for bone in (1, 2)
    ]
    past = sum(outside(bend, *limit) ** 2 for bend, limit in zip(bends, _THUMB_BENDS, strict=True))
    habits = sum(((out[..., bone] - usual) / spread) ** 2 for bone, (usual, spread) in enumerate(_THUMB_OUT))
    return past / _THUMB_SLACK**2 + habits + (bends[1] / _THUMB_BENT) ** 2
