"""Kernels of `arms`."""

from __future__ import annotations

import numpy as np

from ..arrays import TINY, Array
from .angle import angle, outside
from .kernel import kernel


@kernel
def grid_cost(
    hangs: Array,
    usual: Array,
    by_upper: Array,
    by_fore: Array,
    elbow: Array,
    wrist: Array,
    always: Array,
    numbers: Array,
) -> Array:
    """`arms._grid_cost` of n arms: (T, n, N, M).

    Args:
        hangs: (5, T, n) from `arms._hang_by_frame`.
        usual: (T, n) depth of a wrist.
        by_upper: (T, n, N) cost of either bone.
        by_fore: (T, n, M).
        elbow: (n, N) depth.
        wrist: (n, N, M).
        always: (n, N, M) cost in every frame.
        numbers: `arms._OF_GRID`.
    """
    often, towards, hang_square, most, full, least_square, least_part = numbers
    n_frames, n_arms, n_upper = by_upper.shape
    n_fore = by_fore.shape[2]
    costs, one = np.empty((n_frames, n_arms, n_upper, n_fore), wrist.dtype), type(often)(1.0)
    for t in range(n_frames):
        for arm in range(n_arms):
            elbow_xy, elbow_hang_xy, along_xy, wrist_xy, wrist_hang_xy = hangs[:, t, arm]
            for node in range(n_upper):
                upper = elbow[arm, node]
                elbow_square, elbow_hang = elbow_xy + upper * upper, elbow_hang_xy + towards * upper
                for other in range(n_fore):
                    z = wrist[arm, node, other]
                    along, square = along_xy + upper * z, max(wrist_xy + z * z, least_square)
                    wrist_hang = wrist_hang_xy + towards * z
                    part = wrist_hang / square
                    bow = np.sqrt(max(elbow_square - along * along / square, least_part))
                    hang = np.sqrt(max(hang_square - wrist_hang * part, least_part))
                    cosine = (elbow_hang - part * along) / (hang * bow)
                    off = z - usual[t, arm]
                    cost = off * off * often + always[arm, node, other] + (one - cosine) * min(bow * full, most)
                    costs[t, arm, node, other] = cost + by_upper[t, arm, node] + by_fore[t, arm, other]
    return costs


@kernel
def wrist_costs(fore: Array, depths: Array, thumbs: Array, alongs: Array, palms: Array, numbers: Array) -> Array:
    """`arms.wrist_costs` of fore (T, 2, B, 2), depths (T, B, 2, M) and axes (T, 3, B, 2, S): (T, B, 2, S, M)."""
    low, high, bend_slack, reach, slack, straight, straight_aside = numbers[2:]
    n_frames, n_clips, n_sides, n_nodes = depths.shape
    n_answers, one = thumbs.shape[-1], type(low)(1.0)
    costs = np.empty((n_frames, n_clips, n_sides, n_answers, n_nodes), fore.dtype)
    for t in range(n_frames):
        for clip in range(n_clips):
            for side in range(n_sides):
                across, down = fore[t, 0, clip, side] * -numbers[side], fore[t, 1, clip, side]
                for answer in range(n_answers):
                    a, b, c = thumbs[t, :, clip, side, answer]
                    d, e, f = alongs[t, :, clip, side, answer]
                    g, h, i = palms[t, :, clip, side, answer]
                    for node in range(n_nodes):
                        z = depths[t, clip, side, node]
                        length = np.sqrt(across * across + down * down + z * z)
                        length = length if length > TINY else one
                        x, y, z = across / length, down / length, z / length
                        thumb, along, palm = x * a + y * b + z * c, x * d + y * e + z * f, x * g + y * h + z * i
                        flexion = angle(-palm, along)
                        past, aside = outside(flexion, low, high) / bend_slack, outside(thumb, -reach, reach) / slack
                        bent, sideways = flexion / straight, thumb / straight_aside
                        costs[t, clip, side, answer, node] = (
                            past * past + aside * aside + bent * bent + sideways * sideways
                        )
    return costs
