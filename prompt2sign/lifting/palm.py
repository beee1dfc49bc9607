"""Which way a palm faces: two answers a frame, mirror images of each other in depth.

The root and the four knuckles of a hand are nearly one flat, rigid thing. Seen from afar, its picture gives the first
two rows of its axes `thumb` (across) and `along` (to the knuckles); that both have length 1 and stand at right angles
gives their depth but for one common sign (the reflection of Huang & Lee 1989 for three points seen from afar).
Left hands are looked at in a mirror, so that all hands here are right ones.
"""

from __future__ import annotations

from typing import NamedTuple

from .anthropometry import SPREAD
from .arrays import Array, chosen, constant, dot, hint_cost, namespace, unit, within

KNUCKLES = [5, 9, 13, 17]
_FINGERS = ("index", "middle", "ring", "little")
#: Where the thumb begins, in the axes of the hand: to the thumb, along, out of the palm.
_THUMB_BASE = (0.65, 0.70, 0.29)

#: Error of what the estimator says of the depth from root to knuckle, in parts of the length.
_HINT_ERROR = 0.35


class Palms(NamedTuple):
    """The axes of hands under each answer, (T, 3, B, 2, S): left and right hand, S answers; length 1, right angles.

    Attributes:
        thumb: Across the palm, towards the thumb.
        along: From the root to the knuckles.
        palm: Out of the palm.
    """

    thumb: Array
    along: Array
    palm: Array

    def pick(self, answer: Array) -> Palms:
        """One answer (T, B, 2) a frame; its axes are (T, 3, B, 2)."""
        return Palms(*(chosen(axis, answer[:, None]) for axis in self))


def both_palms(hands: Array, lengths: Array) -> Palms:
    """Both answers for each frame.

    Args:
        hands: (T, 2, B, 2, 21) positions in the picture.
        lengths: (B, 2, 21) of the bone that ends in each point.
    """
    xp = namespace(hands)
    thumb_xy, along_xy = _in_the_picture(hands, lengths)
    # What is missing of length 1 is depth: I - A'A = u u' for the depths u of both axes, up to noise; so u is its
    # first eigenvector times the root of its eigenvalue.
    thumb_rest, along_rest = 1 - dot(thumb_xy, thumb_xy), 1 - dot(along_xy, along_xy)
    product = -dot(thumb_xy, along_xy)
    mean, half = (thumb_rest + along_rest) / 2, (thumb_rest - along_rest) / 2
    depth = xp.sqrt(within(mean + xp.hypot(half, product), 0.0, 1.0))
    angle = xp.atan2(product, half) / 2
    signs = constant([1.0, -1.0], hands)
    thumb = _with_depth(thumb_xy, (depth * xp.cos(angle))[..., None] * signs)
    along = unit(_with_depth(along_xy, (depth * xp.sin(angle))[..., None] * signs))
    thumb = unit(thumb - dot(thumb, along)[:, None] * along)
    return Palms(thumb, along, _cross(along, thumb))


def palm_hints(palms: Palms, hints: Array) -> Array:
    """(T, B, 2, S) how far each answer is from what the estimator says of depth, `hints` (T, B, 2, 21)."""
    xp = namespace(hints)
    angles = constant([SPREAD[finger] for finger in _FINGERS], hints)
    depth = palms.thumb[:, 2, ..., None] * xp.sin(angles) + palms.along[:, 2, ..., None] * xp.cos(angles)
    return xp.sum(hint_cost(depth, hints[..., None, KNUCKLES], _HINT_ERROR), axis=-1)


def palm_depths(palms: Palms, lengths: Array) -> tuple[Array, Array]:
    """Depth from the root of a hand to its knuckles, (T, B, 2, 4), and to the beginning of its thumb, (T, B, 2).

    Args:
        palms: One answer a frame.
        lengths: (B, 2, 21).
    """
    across, ahead = _places(lengths)
    knuckles = palms.thumb[:, 2, ..., None] * across[..., 1:] + palms.along[:, 2, ..., None] * ahead[..., 1:]
    base = sum(part * axis[:, 2] for part, axis in zip(_THUMB_BASE, palms, strict=True))
    return knuckles, lengths[..., 1] * base


def _in_the_picture(hands: Array, lengths: Array) -> tuple[Array, Array]:
    """(T, 2, B, 2) the pictures of the axes `thumb` and `along`, by least squares over root and knuckles."""
    xp = namespace(hands)
    across, ahead = (part - xp.mean(part, axis=-1, keepdims=True) for part in _places(lengths))
    aa, ab, bb = (xp.sum(f * s, axis=-1, keepdims=True) for f, s in ((across, across), (across, ahead), (ahead, ahead)))
    area = aa * bb - ab * ab
    points = hands[..., [0, *KNUCKLES]]
    thumb = xp.sum(points * ((bb * across - ab * ahead) / area), axis=-1)
    along = xp.sum(points * ((aa * ahead - ab * across) / area), axis=-1)
    return thumb, along


def _places(lengths: Array) -> tuple[Array, Array]:
    """(B, 2, 5) where root and knuckles lie in the plane of the palm: towards the thumb, and along."""
    reach = lengths[..., [0, *KNUCKLES]]
    angles = constant([0.0, *(SPREAD[finger] for finger in _FINGERS)], lengths)
    is_knuckle = constant([0.0, 1.0, 1.0, 1.0, 1.0], lengths)
    xp = namespace(lengths)
    return is_knuckle * reach * xp.sin(angles), is_knuckle * reach * xp.cos(angles)


def _with_depth(xy: Array, depth: Array) -> Array:
    """(T, 3, B, 2, S) from (T, 2, B, 2) and (T, B, 2, S)."""
    xp = namespace(xy)
    flat = xp.broadcast_to(xy[..., None], (*xy.shape, depth.shape[-1]))
    return xp.concat([flat, depth[:, None]], axis=1)


def _cross(first: Array, second: Array) -> Array:
    """Vector products of (T, 3, ...). Along x thumb is out of a right hand's palm in these left-handed axes."""
    a, b, c = (first[:, axis] for axis in range(3))
    d, e, f = (second[:, axis] for axis in range(3))
    return namespace(first).stack([b * f - c * e, c * d - a * f, a * e - b * d], axis=1)
