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
from .arrays import Array, angle, constant, dot, hint_cost, kernels, laid_out, namespace, norm, outside, unit, within
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
#: As `compiled.wrist_costs` takes them.
_OF_WRISTS = (*_OUTWARD, *_WRIST_BEND, _BEND_SLACK, _ASIDE, _ASIDE_SLACK, _STRAIGHT, _STRAIGHT_ASIDE)
#: As `compiled.grid_cost` takes them.
_OF_GRID = (
    0.5 / _WRIST_SPREAD**2, _HANG[2], _HANG_SQUARE, _HANG_COST, _HANG_COST / _HANG_FULLY, _LEAST_SQUARE, _LEAST_PART
)  # fmt: skip
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
    by_upper = _length_cost(upper, lengths[0], depths[0]) + by_hint[0]
    by_fore = _length_cost(fore, lengths[1], depths[1]) + by_hint[1] + _soft_least(by_wrist)
    cost = _grid_cost(upper, fore, depths, by_upper, by_fore)
    return mean_on_grid(cost, tuple(_moves(depth) for depth in depths), depths)


def wrist_costs(fore: Array, depths: Array, palms: Palms) -> Array:
    """How far each answer to where the palm faces bends the wrist, for each depth of the forearm: (T, B, 2, S, M).

    Args:
        fore: (T, 2, B, 2) from elbow to wrist in the picture.
        depths: (..., B, 2, M) towards the camera.
        palms: Axes of the hands under each answer, left hands mirrored.
    """
    xp = namespace(fore)
    if fast := kernels(fore):
        return _compiled_wrist_costs(fast, fore, depths, palms)
    mirrored = xp.stack([fore[:, 0] * -constant(_OUTWARD, fore), fore[:, 1]], axis=1)
    shape = (len(fore), 1, *fore.shape[2:], depths.shape[-1])
    flat = xp.broadcast_to(mirrored[..., None], (len(fore), 2, *shape[2:]))
    forearm = unit(xp.concat([flat, xp.broadcast_to(depths.reshape((-1, 1, *shape[2:])), shape)], axis=1))
    thumb, along, palm = (dot(forearm[..., None, :], axis[..., None]) for axis in palms)
    # A hand that bends towards its palm leaves the forearm on the side of its back.
    flexion = angle(-palm, along)
    past = (outside(flexion, *_WRIST_BEND) / _BEND_SLACK) ** 2 + (outside(thumb, -_ASIDE, _ASIDE) / _ASIDE_SLACK) ** 2
    return past + (flexion / _STRAIGHT) ** 2 + (thumb / _STRAIGHT_ASIDE) ** 2


def _compiled_wrist_costs(fast: ModuleType, fore: Array, depths: Array, palms: Palms) -> Array:
    """`wrist_costs` by machine code, which takes both hands of all clips for arms."""
    n_frames, _, n_clips, n_sides = fore.shape
    depths = np.broadcast_to(depths, (n_frames, n_clips, n_sides, depths.shape[-1]))
    arrays = (laid_out(part) for part in (fore, depths, *palms))
    return fast.wrist_costs(*arrays, np.array(_OF_WRISTS, fore.dtype))


def _length_cost(flat: Array, length: Array, depths: Array) -> Array:
    """(T, B, 2, N) of the depths of a bone that looks like `flat` (T, 2, B, 2)."""
    xp = namespace(flat)
    looks = xp.minimum(norm(flat), length)[..., None]
    return ((xp.sqrt(looks**2 + depths**2) - length[..., None]) / _LENGTH_ERROR) ** 2 / 2


def _grid_cost(upper: Array, fore: Array, depths: tuple[Array, Array], by_upper: Array, by_fore: Array) -> Array:
    """(T, B, 2, N, M) of elbow and wrist: what either bone says alone, and where they are together."""
    elbow = depths[0][..., None]
    wrist = elbow + depths[1][..., None, :]
    usual, always = _usual_depth((upper + fore)[:, 1]), _place_cost(elbow, wrist)
    by_frame = _hang_by_frame(upper, fore)
    if fast := kernels(upper):
        return _compiled_grid_cost(fast, by_frame, (usual, by_upper, by_fore), (elbow, wrist, always))
    cost = (wrist - usual[..., None, None]) ** 2
    cost *= 0.5 / _WRIST_SPREAD**2
    cost += always
    cost += _hang_cost(by_frame, elbow, wrist)
    cost += by_upper[..., None]
    cost += by_fore[..., None, :]
    return cost


def _compiled_grid_cost(
    fast: ModuleType, by_frame: tuple[Array, ...], costs: tuple[Array, ...], by_depth: tuple[Array, ...]
) -> Array:
    """The last part of `_grid_cost` by machine code, which takes both hands of all clips for arms."""
    n_frames, n_clips, n_sides = by_frame[0].shape
    usual, by_upper, by_fore = (laid_out(cost).reshape(n_frames, -1, *cost.shape[3:]) for cost in costs)
    elbow, wrist, always = (laid_out(depth).reshape(-1, *depth.shape[2:]) for depth in by_depth)
    hangs = np.stack(by_frame).reshape(len(by_frame), n_frames, -1)
    numbers = np.array(_OF_GRID, wrist.dtype)
    cost = fast.grid_cost(hangs, usual, by_upper, by_fore, elbow[..., 0], wrist, always, numbers)
    return cost.reshape(n_frames, n_clips, n_sides, *wrist.shape[1:])


def _usual_depth(drop: Array) -> Array:
    """(T, B, 2) where before the shoulders a wrist usually is that is `drop` under them."""
    low = within((drop - _LOW[0]) / (_LOW[1] - _LOW[0]), 0.0, 1.0)
    return _WRIST_USUAL[0] + (_WRIST_USUAL[1] - _WRIST_USUAL[0]) * low


def _place_cost(elbow: Array, wrist: Array) -> Array:
    """(B, 2, N, M) of elbow and wrist by how far before the shoulders they are, in every frame alike."""
    return (
        ((elbow - _ELBOW_USUAL) / _ELBOW_SPREAD) ** 2 / 2
        + (outside(wrist, *_WRIST_RANGE) / _WRIST_SLACK) ** 2
        + (outside(elbow, *_ELBOW_RANGE) / _ELBOW_SLACK) ** 2
    )


def _hang_by_frame(upper: Array, fore: Array) -> tuple[Array, ...]:
    """(T, B, 2) each: what the picture says of the squares and products that `_hang_cost` is made of."""
    out, (a, b, _) = constant(_OUTWARD, upper), _HANG
    elbow_x, elbow_y = upper[:, 0] * out, upper[:, 1]
    wrist_x, wrist_y = (upper + fore)[:, 0] * out, (upper + fore)[:, 1]
    return (
        elbow_x**2 + elbow_y**2,
        a * elbow_x + b * elbow_y,
        elbow_x * wrist_x + elbow_y * wrist_y,
        wrist_x**2 + wrist_y**2,
        a * wrist_x + b * wrist_y,
    )


def _hang_cost(by_frame: tuple[Array, ...], elbow: Array, wrist: Array) -> Array:
    """(T, B, 2, N, M) of elbows by where they hang from the line between shoulder and wrist."""
    xp, towards = namespace(wrist), _HANG[2]
    by_depth = (elbow**2, towards * elbow, elbow * wrist, wrist**2, towards * wrist)
    elbow_square, elbow_hang, along, square, wrist_hang = (
        frame[..., None, None] + depth for frame, depth in zip(by_frame, by_depth, strict=True)
    )
    # In place as far as may be: with as many nodes, making room takes longer than the sums do.
    square = xp.maximum(square, _LEAST_SQUARE)
    part = wrist_hang / square
    wrist_hang *= part
    hang = xp.maximum(_HANG_SQUARE - wrist_hang, _LEAST_PART)
    part *= along
    along *= along
    along /= square
    # The parts of elbow and of the hanging direction at right angles to the line to the wrist, and their angle.
    bow = xp.sqrt(xp.maximum(elbow_square - along, _LEAST_PART))
    cosine = (elbow_hang - part) / (xp.sqrt(hang) * bow)
    return (1 - cosine) * xp.minimum(bow * (_HANG_COST / _HANG_FULLY), _HANG_COST)


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
