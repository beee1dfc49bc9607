"""Which way each bone of each finger points: towards the camera or away from it.

A bone of known length that looks shorter lies out of the plane of the picture by a known depth, but on an unknown side.
Three bones give eight patterns of signs a finger. Most of them would bend the finger backwards or sideways: a finger
bends towards the palm, at hinges, and its last two joints together.
"""

from __future__ import annotations

import math
from itertools import product
from types import ModuleType
from typing import NamedTuple

import numpy as np

from .arrays import TINY, Array, angle, constant, hint_cost, kernels, laid_out, namespace, outside, turn_of
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

#: As `compiled.pattern_costs` takes them.
_OF_FINGERS = (
    *(low for low, _ in _BENDS), *(high for _, high in _BENDS),
    _SLACK**2, _ASIDE, _ASIDE_SLACK**2, _BENT, _BENT_ABOUT, _COUPLING, _COUPLED,
)  # fmt: skip
_OF_THUMBS = (
    *(low for low, _ in _THUMB_BENDS), *(high for _, high in _THUMB_BENDS),
    *(usual for usual, _ in _THUMB_OUT), *(spread for _, spread in _THUMB_OUT), _THUMB_SLACK**2, _THUMB_BENT,
)  # fmt: skip

#: Error of what the estimator says of a finger bone's depth, in parts of its length.
_HINT_ERROR = 0.35

#: (8, 3): does each bone point towards the camera (1) or away from it (-1)?
_PATTERNS = list(product((1.0, -1.0), repeat=3))
#: (8, 8): which pattern says whether the bones of two patterns point the same way.
SAME_WAY = [[first ^ second for second in range(8)] for first in range(8)]

# What depends on one bone's sign alone is worked out for two signs and not for eight patterns. Signs, bones and fingers
# come first in all arrays here, clips and frames last: NumPy's inner loops are long, and each part is one block.


class FingerBones(NamedTuple):
    """The three bones of each finger but for the signs of their depth; a left hand is looked at in a mirror.

    Attributes:
        flat: (2, 3, 5, T, B, 2) direction in the picture, in parts of the size.
        depth: (3, 5, T, B, 2) out of the picture, in parts of the size, at least 0.
        size: (3, 5, T, B, 2) shoulder widths: the bone's length, or what it looks like where that is more.
    """

    flat: Array
    depth: Array
    size: Array

    def depths_of(self, pattern: Array) -> Array:
        """(T, B, 2, 5, 3) shoulder widths towards the camera under one pattern (T, 5, B, 2) a frame."""
        xp = namespace(self.depth)
        signs = constant(_PATTERNS, self.depth)[pattern]
        depth = xp.permute_dims(self.depth * self.size, (2, 3, 4, 1, 0))
        return depth * xp.permute_dims(signs, (0, 2, 3, 1, 4))


def finger_bones(hands: Array, lengths: Array) -> FingerBones:
    """The bones of the fingers.

    Args:
        hands: (T, 2, B, 2, 21) positions in the picture, left hands mirrored.
        lengths: (B, 2, 21) of the bone that ends in each point.
    """
    xp = namespace(hands)
    points = laid_out(xp.permute_dims(hands[..., 1:].reshape((*hands.shape[:-1], 5, 4)), (1, 5, 4, 0, 2, 3)))
    flat = points[:, 1:] - points[:, :-1]
    reach = xp.permute_dims(lengths[..., 1:].reshape((*lengths.shape[:-1], 5, 4)), (3, 2, 0, 1))[1:, :, None]
    looks = flat[0] ** 2 + flat[1] ** 2
    square = xp.maximum(reach**2 - looks, 0.0)
    size = xp.sqrt(looks + square)
    unit = xp.where(size > TINY, size, 1.0)
    return FingerBones(flat / unit, xp.sqrt(square) / unit, size)


def pattern_costs(bones: FingerBones, palms: Palms) -> Array:
    """How little like a finger each pattern is under each answer to where the palm faces: (8, S, 5, T, B, 2)."""
    xp = namespace(bones.depth)
    axes = [laid_out(xp.permute_dims(axis, (1, 4, 0, 2, 3))) for axis in palms]
    if fast := kernels(bones.depth):
        return _compiled_costs(fast, bones, np.stack(axes))
    parts = [_along(bones, axis[:, :, None]) for axis in axes]
    fingers = _finger_cost(*(part[:, :, :, 1:] for part in parts))
    thumbs = _thumb_cost(*(part[:, :, :, :1] for part in parts))
    costs = xp.concat([thumbs, fingers], axis=4)
    return costs.reshape((8, *costs.shape[3:]))


def _compiled_costs(fast: ModuleType, bones: FingerBones, axes: Array) -> Array:
    """`pattern_costs` by machine code, which takes frames, clips and hands for one axis."""
    flat, depth, axes = (
        np.ascontiguousarray(part).reshape(*part.shape[:-3], -1) for part in (bones.flat, bones.depth, axes)
    )
    numbers = (np.array(part, depth.dtype) for part in (_OF_FINGERS, _OF_THUMBS))
    return fast.pattern_costs(flat, depth, axes, *numbers).reshape(8, *axes.shape[2:3], *bones.depth.shape[1:])


def _along(bones: FingerBones, axis: Array) -> Array:
    """(2, 3, S, 5, T, B, 2) the parts of the bones along an axis (3, S, 1, T, B, 2), towards the camera and away."""
    flat = bones.flat[0][:, None] * axis[0] + bones.flat[1][:, None] * axis[1]
    depth = bones.depth[:, None] * axis[2]
    return namespace(flat).stack([flat + depth, flat - depth])


def pattern_hints(bones: FingerBones, hints: Array) -> Array:
    """(8, 5, T, B, 2) how far each pattern is from what the estimator says of depth, `hints` (T, B, 2, 21)."""
    xp = namespace(hints)
    said = xp.permute_dims(hints[..., 1:].reshape((*hints.shape[:-1], 5, 4)), (4, 3, 0, 1, 2))[1:]
    cost = hint_cost(xp.stack([bones.depth, -bones.depth]), said, _HINT_ERROR)
    return _each(cost[:, 0], cost[:, 1], cost[:, 2]).reshape((8, *said.shape[1:]))


def pattern_changes(bones: FingerBones) -> Array:
    """How little patterns agree with those of the frame before, by `SAME_WAY`: (T - 1, 8, 5, B, 2)."""
    xp = namespace(bones.depth)
    depth = laid_out(xp.permute_dims(bones.depth / _TURN, (2, 0, 1, 3, 4)))
    before, after = depth[:-1], depth[1:]
    # Of two patterns it matters only which of their bones point the same way.
    turns = xp.stack([(after - before) ** 2, (after + before) ** 2])
    changes = _each(turns[:, :, 0], turns[:, :, 1], turns[:, :, 2])
    return xp.minimum(xp.moveaxis(changes, 3, 0).reshape((len(after), 8, *depth.shape[2:])), _JUMP)


def _each(first: Array, second: Array, third: Array) -> Array:
    """(2, 2, 2, ...) sums over the three bones of costs (2, ...) under either sign."""
    return first[:, None, None] + second[:, None] + third


def _finger_cost(across: Array, ahead: Array, out: Array) -> Array:
    """(2, 2, 2, ...) of the three bones (2, 3, ...) of fingers, in the axes of the palm."""
    knuckle = angle(out[:, 0], ahead[:, 0])
    middle, end = (_bend(ahead, out, bone) for bone in (1, 2))
    past = [outside(angle, *bend) ** 2 for angle, bend in zip((knuckle, middle, end), _BENDS, strict=True)]
    aside = outside(across, -_ASIDE, _ASIDE) ** 2 / _ASIDE_SLACK**2
    first = past[0] / _SLACK**2 + aside[:, 0] + ((knuckle - _BENT) / _BENT_ABOUT) ** 2
    second = past[1] / _SLACK**2 + aside[:, 1]
    third = past[2] / _SLACK**2 + aside[:, 2]
    coupling = ((end - _COUPLING * middle[:, :, None]) / _COUPLED) ** 2
    return coupling + (first[:, None] + second)[:, :, None] + third


def _bend(ahead: Array, out: Array, bone: int) -> Array:
    """(2, 2, ...) the angle from the bone before to `bone` about the hinge across the palm, positive towards it."""
    a, n, b, m = ahead[:, None, bone - 1], out[:, None, bone - 1], ahead[:, bone], out[:, bone]
    return angle(a * m - n * b, a * b + n * m)


def _thumb_cost(across: Array, ahead: Array, out: Array) -> Array:
    """(2, 2, 2, ...) of the three bones (2, 3, ...) of thumbs; their hinges have no common axis in the palm."""
    bends = [turn_of(sum(axis[:, None, bone - 1] * axis[:, bone] for axis in (across, ahead, out))) for bone in (1, 2)]
    past = [outside(bend, *limit) ** 2 / _THUMB_SLACK**2 for bend, limit in zip(bends, _THUMB_BENDS, strict=True)]
    habits = _each(*(((out[:, bone] - usual) / spread) ** 2 for bone, (usual, spread) in enumerate(_THUMB_OUT)))
    return habits + past[0][:, :, None] + (past[1] + (bends[1] / _THUMB_BENT) ** 2)
