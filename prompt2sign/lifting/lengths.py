"""How long each bone is, from how long it looks: a bone that lies in the plane of the picture shows its length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from array_api_compat import device

from ..skeleton import (
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NOSE,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    SKELETON,
)
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
_NOSE, _SHOULDERS = [BONE_TO[NOSE]], [BONE_TO[LEFT_SHOULDER], BONE_TO[RIGHT_SHOULDER]]
#: Both upper arms, and both forearms.
_ARMS = [[BONE_TO[LEFT_ELBOW], BONE_TO[RIGHT_ELBOW]], [BONE_TO[LEFT_WRIST], BONE_TO[RIGHT_WRIST]]]
_HANDS = [BONE_TO[joint] for joint in range(LEFT_HAND.start, RIGHT_HAND.stop)]
#: Where each bone stands among those that `bone_lengths` puts together.
_ORDER = np.argsort([*_SHOULDERS, *_NOSE, *np.transpose(_ARMS).ravel(), *_HANDS]).tolist()


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
    starts, ends = (xp.asarray(joints, device=device(xy)) for joints in (_STARTS, _ENDS))
    shown = xp.take(seen, starts, axis=-1) & xp.take(seen, ends, axis=-1)
    known = xp.count_nonzero(shown, axis=0) >= _LEAST_FRAMES
    apparent = norm(xp.take(xy, ends, axis=-1) - xp.take(xy, starts, axis=-1))
    typical = constant(typical_lengths(), xy)
    # All that follows is in parts of the typical length.
    longest, middle = _quantiles(apparent, shown, (_QUANTILE, 0.5))
    looks = within(longest / typical, *_RANGE)
    nose = _pulled(looks[:, _NOSE], known[:, _NOSE])
    longer = xp.max(xp.where(known, looks, _RANGE[0])[:, _ARMS], axis=-1)
    arm = _pulled(longer, xp.any(known[:, _ARMS], axis=-1))
    halfway = xp.minimum(middle / typical, _FARTHEST_ROOT)
    hands = _hands(looks[:, _HANDS], halfway[:, _HANDS], known[:, _HANDS])
    parts = xp.concat([xp.ones_like(looks[:, _SHOULDERS]), nose, arm, arm, hands], axis=-1)
    return typical * parts[:, _ORDER]


def _hands(looks: Array, halfway: Array, known: Array) -> Array:
    """(B, 42) the lengths of both hands' bones, in parts of the typical: a size each, and what differs from it."""
    xp = namespace(looks)
    looks, halfway, known = (values.reshape((-1, 2, 21)) for values in (looks, halfway, known))
    sizing = known & (constant(typical_lengths(), looks)[_HANDS] >= _SIZING_BONE).reshape(2, 21)
    (size,) = _quantiles(xp.permute_dims(looks, (2, 0, 1)), xp.permute_dims(sizing, (2, 0, 1)), (0.5,))
    size = size[..., None]
    hands = xp.where(known, looks ** (1 - _PULL_HAND) * size**_PULL_HAND, size)
    # The root lies beside the wrist: that is a matter of the estimator's definitions, and has no size.
    hands = xp.concat([xp.where(known, halfway, 1.0)[..., :1], hands[..., 1:]], axis=-1)
    measured = xp.any(sizing, axis=-1)[..., None]
    other = xp.where(xp.flip(measured, axis=1), xp.flip(hands, axis=1), 1.0)
    return xp.where(measured, hands, other).reshape((-1, 42))


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
    places = [share * last for share in shares]
    # The place lies between two of the values.
    below = [xp.floor(place) for place in places]
    between = xp.stack([*below, *(xp.minimum(place + 1, last) for place in below)])
    found = xp.take_along_axis(ordered, xp.astype(between, xp.int64), axis=0)
    first, second = found[: len(shares)], found[len(shares) :]
    return [
        low + (place - at) * (high - low) for low, high, place, at in zip(first, second, places, below, strict=True)
    ]
