"""How long each bone is, from how long it looks: a bone that lies in the plane of the picture shows its length."""

from __future__ import annotations

from collections.abc import Sequence

from ..skeleton import LEFT_ELBOW, LEFT_HAND, LEFT_WRIST, NOSE, RIGHT_ELBOW, RIGHT_HAND, RIGHT_WRIST, SKELETON
from .anthropometry import typical_lengths
from .arrays import Array, constant, namespace, norm, within

#: In this share of the frames a bone looks shorter than it is; above lies the estimator's noise.
_QUANTILE = 0.9
#: Fewer frames than this say nothing about a length.
_LEAST_FRAMES = 5
#: Pull of the typical length on one that looks longer, or shorter: an arm may well never lie in the picture's plane.
_PULL_LONGER, _PULL_SHORTER = 0.1, 0.45
#: Pull of the proportions of a typical hand, scaled to this one, on the bones of a hand.
_PULL_HAND = 0.6
#: How large a hand is, is said by the bones of its palm; those typically shorter than this are mostly noise.
_SIZING_BONE = 0.2
#: A bone may differ from an average signer's by this factor; beyond it the estimator erred.
_RANGE = (0.5, 1.7)
#: The root of a hand lies at most this many typical lengths from the wrist; beyond it the hand is not this arm's.
_FARTHEST_ROOT = 3.0

_STARTS, _ENDS = SKELETON.bones.T.tolist()
#: The bone that ends in a joint, by its place in `SKELETON.bones`.
BONE_TO = {child: bone for bone, child in enumerate(_ENDS)}
_ARM_BONES = ((LEFT_ELBOW, RIGHT_ELBOW), (LEFT_WRIST, RIGHT_WRIST))
_HAND_BONES = [BONE_TO[joint] for joint in range(LEFT_HAND.start, RIGHT_HAND.stop)]


def bone_lengths(xy: Array, seen: Array) -> Array:
    """The length of each bone in each clip.

    Each hand is measured on its own, so that one that is never seen does the other no harm; it then takes the other's
    lengths. Both arms share theirs, and the shoulders, which define the unit, are half of it.

    Args:
        xy: (T, 2, B, 50) smooth positions in shoulder widths.
        seen: (T, B, 50) bool.

    Returns:
        (B, 49) shoulder widths, in the order of `SKELETON.bones`.
    """
    xp = namespace(xy)
    shown = seen[..., _STARTS] & seen[..., _ENDS]
    known = xp.count_nonzero(shown, axis=0) >= _LEAST_FRAMES
    apparent = norm(xy[..., _ENDS] - xy[..., _STARTS])
    typical = constant(typical_lengths(), xy)
    # All that follows is in parts of the typical length.
    longest, middle = _quantiles(apparent, shown, (_QUANTILE, 0.5))
    looks = within(longest / typical, *_RANGE)
    parts = [xp.ones_like(looks[:, 0])] * len(_ENDS)
    parts[BONE_TO[NOSE]] = _pulled(looks[:, BONE_TO[NOSE]], known[:, BONE_TO[NOSE]])
    for joints in _ARM_BONES:
        pair = [BONE_TO[joint] for joint in joints]
        longer = xp.max(xp.where(known[:, pair], looks[:, pair], _RANGE[0]), axis=-1)
        both = _pulled(longer, xp.any(known[:, pair], axis=-1))
        for bone in pair:
            parts[bone] = both
    halfway = xp.minimum(middle / typical, _FARTHEST_ROOT)
    hands = _hands(*(values[:, _HAND_BONES] for values in (looks, halfway, known)))
    for number, bone in enumerate(_HAND_BONES):
        parts[bone] = hands[:, number]
    return typical * xp.stack(parts, axis=-1)


def _hands(looks: Array, halfway: Array, known: Array) -> Array:
    """(B, 42) the lengths of both hands' bones, in parts of the typical: a size each, and what differs from it."""
    xp = namespace(looks)
    looks, halfway, known = (xp.reshape(values, (-1, 2, 21)) for values in (looks, halfway, known))
    sizing = known & (constant(typical_lengths(), looks)[_HAND_BONES] >= _SIZING_BONE).reshape(2, 21)
    (size,) = _quantiles(xp.permute_dims(looks, (2, 0, 1)), xp.permute_dims(sizing, (2, 0, 1)), (0.5,))
    size = size[..., None]
    hands = xp.where(known, looks ** (1 - _PULL_HAND) * size**_PULL_HAND, size)
    # The root lies beside the wrist: that is a matter of the estimator's definitions, and has no size.
    hands = xp.concat([xp.where(known, halfway, 1.0)[..., :1], hands[..., 1:]], axis=-1)
    measured = xp.any(sizing, axis=-1)[..., None]
    other = xp.where(xp.flip(measured, axis=1), xp.flip(hands, axis=1), 1.0)
    return xp.reshape(xp.where(measured, hands, other), (-1, 42))


def _pulled(looks: Array, known: Array) -> Array:
    """What a bone looks like, pulled towards the typical length 1."""
    xp = namespace(looks)
    return xp.where(known, looks ** (1 - xp.where(looks > 1, _PULL_LONGER, _PULL_SHORTER)), 1.0)


def _quantiles(values: Array, counted: Array, shares: Sequence[float]) -> list[Array]:
    """(...) each quantile over the first axis of the values (N, ...) that are counted; 1 where none is."""
    xp = namespace(values)
    n_counted = xp.count_nonzero(counted, axis=0)
    ordered = xp.where(n_counted > 0, xp.sort(xp.where(counted, values, xp.inf), axis=0), 1.0)
    last = xp.maximum(xp.astype(n_counted - 1, values.dtype), 0.0)
    found = []
    for share in shares:
        # The place lies between two of the values.
        below = xp.floor(share * last)
        first, second = (
            xp.take_along_axis(ordered, xp.astype(place, xp.int64)[None], axis=0)[0]
            for place in (below, xp.minimum(below + 1, last))
        )
        found.append(first + (share * last - below) * (second - first))
    return found
