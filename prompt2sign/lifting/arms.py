"""How far elbows and wrists lie in front of the shoulders.

The picture gives the size of a bone's depth, badly where the bone lies nearly in the plane of the picture, and not its
sign. Which depths are likely follows from how people hold their arms: hands in front of the body, elbows hanging down
and out, the hand in line with the forearm, and nothing jumps. So each frame's upper arm and forearm get a grid of
depths with a cost each, and what comes out is the mean over the grid given the whole clip: where the sign is plain,
that depth; where it is not, little depth.
"""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np

from ..skeleton import LEFT_ELBOW, LEFT_SHOULDER, LEFT_WRIST, RIGHT_ELBOW, RIGHT_SHOULDER, RIGHT_WRIST
from .arrays import Array, constant, dot, hint_cost, kernels, namespace, norm, outside, unit, within
from .palm import Palms
from .search import mean_on_grid

#: Left and right.
SHOULDERS, ELBOWS, WRISTS = [LEFT_SHOULDER, RIGHT_SHOULDER], [LEFT_ELBOW, RIGHT_ELBOW], [LEFT_WRIST, RIGHT_WRIST]
#: Which way along x leads away from the body.
_OUTWARD = [1.0, -1.0]
#: Depths tried for either bone, from away from the camera to towards it.
_NODES = 21
#: How well a length is known, in shoulder widths: estimator's noise, and what it says of the bone.
_LENGTH_ERROR = 0.035
#: Depth that a bone's end moves from one look to the next, a twelfth of a second.
_STEP = 0.27
#: Depth of wrist and elbow before the shoulders: range, and by how much past it costs 1.
_WRIST_RANGE, _WRIST_SLACK = (0.1, 1.8), 0.15
_ELBOW_RANGE, _ELBOW_SLACK = (-0.1, 0.8), 0.2
#: Where a wrist usually is, above the first height under the shoulders and below the second; and an elbow.
_LOW, _WRIST_USUAL, _WRIST_SPREAD = (0.7, 1.1), (0.66, 0.4), 0.22
_ELBOW_USUAL, _ELBOW_SPREAD = 0.22, 0.45
#: Which way elbows hang from the line between shoulder and wrist (outward, down, towards the camera), and how surely.
_HANG, _HANG_COST, _HANG_FULLY = (0.35, 1.0, -0.15), 7.0, 0.3
_HANG_SQUARE = sum(part * part for part in _HANG)
#: Least squares of a distance to the wrist, and of what points away from the line to it: none is 0.
_LEAST_SQUARE, _LEAST_PART = 1e-6, 1e-9
#: How a hand goes on from its forearm: range of bending, what points sideways (a sine), how far past it costs 1, and
#: how far from straight costs 1 at all.
_WRIST_BEND, _BEND_SLACK = (-70 * math.pi / 180, 80 * math.pi / 180), 0.25
_ASIDE, _ASIDE_SLACK = 0.3, 0.25
_STRAIGHT, _STRAIGHT_ASIDE = 1.2, 0.7
#: What the estimator says of the depth of upper arm and forearm: it exaggerates the one, and knows of the other
#: little but the sign (measured against rendered signers).
_HINT_SIZE, _HINT_ERROR = (0.65, 1.0), (0.12, 0.6)


def arm_depths(
    xy: Array, lengths: list[Array], hints: list[Array], palms: Palms, palm_costs: Array
) -> tuple[Array, Array]:
    """Depth from shoulder to elbow and from elbow to wrist, (T, B, 2) each, towards the camera.

    Args:
        xy: (T, 2, B, 50) positions in shoulder widths.
        lengths: (B, 2) of upper arms and of forearms.
        hints: (T, B, 2) what the estimator says of the depth of either, in parts of its length; NaN where nothing.
        palms: Axes of the hands under each answer.
        palm_costs: (T, B, 2, S) of each answer, by the fingers.
    """
    grid = constant([2 * node / (_NODES - 1) - 1 for node in range(_NODES)], xy)
    depths = tuple(length[..., None] * grid for length in lengths)
    upper, fore = xy[..., ELBOWS] - xy[..., SHOULDERS], xy[..., WRISTS] - xy[..., ELBOWS]
    by_wrist = wrist_costs(fore, depths[1], palms) + palm_costs[..., None]
    by_hint = [
        hint_cost(grid, hint[..., None] * _HINT_SIZE[bone], _HINT_ERROR[bone]) for bone, hint in enumerate(hints)
    ]
    cost = _place_cost((upper + fore)[:, 1], depths)
    cost += _hang_cost(upper, fore, depths)
    cost += (_length_cost(upper, lengths[0], depths[0]) + by_hint[0])[..., None]
    cost += (_length_cost(fore, lengths[1], depths[1]) + by_hint[1] + _soft_least(by_wrist))[..., None, :]
    return mean_on_grid(cost, tuple(_moves(depth) for depth in depths), depths)


def wrist_costs(fore: Array, depths: Array, palms: Palms) -> Array:
    """How far each answer to where the palm faces bends the wrist, for each depth of the forearm: (T, B, 2, S, M).

    Args:
        fore: (T, 2, B, 2) from elbow to wrist in the picture.
        depths: (..., B, 2, M) towards the camera.
        palms: Axes of the hands under each answer, left hands mirrored.
    """
    xp = namespace(fore)
    mirrored = xp.stack([fore[:, 0] * -constant(_OUTWARD, fore), fore[:, 1]], axis=1)
    shape = (len(fore), 1, *fore.shape[2:], depths.shape[-1])
    flat = xp.broadcast_to(mirrored[..., None], (len(fore), 2, *shape[2:]))
    forearm = unit(xp.concat([flat, xp.broadcast_to(xp.reshape(depths, (-1, 1, *shape[2:])), shape)], axis=1))
    thumb, along, palm = (dot(forearm[..., None, :], axis[..., None]) for axis in palms)
    # A hand that bends towards its palm leaves the forearm on the side of its back.
    flexion = xp.atan2(-palm, along)
    past = (outside(flexion, *_WRIST_BEND) / _BEND_SLACK) ** 2 + (outside(thumb, -_ASIDE, _ASIDE) / _ASIDE_SLACK) ** 2
    return past + (flexion / _STRAIGHT) ** 2 + (thumb / _STRAIGHT_ASIDE) ** 2


def _length_cost(flat: Array, length: Array, depths: Array) -> Array:
    """(T, B, 2, N) of the depths of a bone that looks like `flat` (T, 2, B, 2)."""
    xp = namespace(flat)
    looks = xp.minimum(norm(flat), length)[..., None]
    return ((xp.sqrt(looks**2 + depths**2) - length[..., None]) / _LENGTH_ERROR) ** 2 / 2


def _place_cost(drop: Array, depths: tuple[Array, Array]) -> Array:
    """(T, B, 2, N, M) of elbow and wrist by how far before the shoulders they are; the wrist is `drop` under them."""
    elbow = depths[0][..., None]
    wrist = elbow + depths[1][..., None, :]
    low = within((drop - _LOW[0]) / (_LOW[1] - _LOW[0]), 0.0, 1.0)[..., None, None]
    usual = _WRIST_USUAL[0] + (_WRIST_USUAL[1] - _WRIST_USUAL[0]) * low
    # In every frame alike.
    always = (
        ((elbow - _ELBOW_USUAL) / _ELBOW_SPREAD) ** 2 / 2
        + (outside(wrist, *_WRIST_RANGE) / _WRIST_SLACK) ** 2
        + (outside(elbow, *_ELBOW_RANGE) / _ELBOW_SLACK) ** 2
    )
    usually = (wrist - usual) ** 2
    usually *= 0.5 / _WRIST_SPREAD**2
    usually += always
    return usually


def _hang_cost(upper: Array, fore: Array, depths: tuple[Array, Array]) -> Array:
    """(T, B, 2, N, M) of elbows by where they hang from the line between shoulder and wrist.

    What depends on the frame alone, or on the depths alone, is worked out for these alone.
    """
    xp = namespace(upper)
    out, (a, b, c) = constant(_OUTWARD, upper), _HANG
    elbow_x, elbow_y = upper[:, 0] * out, upper[:, 1]
    wrist_x, wrist_y = (upper + fore)[:, 0] * out, (upper + fore)[:, 1]
    elbow_z = depths[0][..., None]
    wrist_z = elbow_z + depths[1][..., None, :]
    by_frame = (
        elbow_x**2 + elbow_y**2,
        a * elbow_x + b * elbow_y,
        elbow_x * wrist_x + elbow_y * wrist_y,
        wrist_x**2 + wrist_y**2,
        a * wrist_x + b * wrist_y,
    )
    by_depth = (elbow_z**2, c * elbow_z, elbow_z * wrist_z, wrist_z**2, c * wrist_z)
    if fast := kernels(upper):
        return _compiled_hang_cost(fast, by_frame, by_depth)
    elbow_square, elbow_hang, along, square, wrist_hang = (
        frame[..., None, None] + depth for frame, depth in zip(by_frame, by_depth, strict=True)
    )
    square = xp.maximum(square, _LEAST_SQUARE)
    # The parts of elbow and of the hanging direction at right angles to the line to the wrist, and their angle.
    part = wrist_hang / square
    bow = xp.sqrt(xp.maximum(elbow_square - along**2 / square, _LEAST_PART))
    hang = xp.sqrt(xp.maximum(_HANG_SQUARE - wrist_hang * part, _LEAST_PART))
    cosine = (elbow_hang - part * along) / (hang * bow)
    return (1 - cosine) * xp.minimum(bow * (_HANG_COST / _HANG_FULLY), _HANG_COST)


def _compiled_hang_cost(fast: ModuleType, by_frame: tuple[Array, ...], by_depth: tuple[Array, ...]) -> Array:
    """The last part of `_hang_cost` by machine code, which takes both hands of all clips for arms."""
    shape = (*by_frame[0].shape, *by_depth[2].shape[-2:])
    numbers = np.array(
        [1.0, _HANG_SQUARE, _HANG_COST, _HANG_COST / _HANG_FULLY, _LEAST_SQUARE, _LEAST_PART], by_frame[0].dtype
    )
    frame = np.stack(by_frame).reshape(5, len(by_frame[0]), -1)
    elbow = np.stack(by_depth[:2]).reshape(2, -1, shape[-2])
    wrist = np.stack(by_depth[2:]).reshape(3, -1, *shape[-2:])
    return fast.hang_cost(frame, elbow, wrist, numbers).reshape(shape)


def _soft_least(costs: Array) -> Array:
    """(T, B, 2, M) minus the logarithm of how likely either answer (T, B, 2, S, M) is."""
    xp = namespace(costs)
    least = xp.min(costs, axis=-2)
    return least - xp.log(xp.sum(xp.exp(least[..., None, :] - costs), axis=-2))


def _moves(depths: Array) -> Array:
    """(B, 2, N, N) how likely each move between depths is from one frame to the next."""
    xp = namespace(depths)
    likely = xp.exp(-((depths[..., :, None] - depths[..., None, :]) ** 2) / (2 * _STEP**2))
    return likely / xp.sum(likely, axis=-1, keepdims=True)
