"""Depth and constant bone lengths.

The idea is that of Zelinka & Kanis 2020 (section 3, the method Prompt2Sign publishes): each bone has one length in the
whole clip, so whatever its picture lacks of that length is depth. What differs: lengths come from the frames that show
the bone, each side on its own; positions are fitted to lengths by projecting onto each bone in turn (position based
dynamics, Mueller et al. 2007, eq. 10-11) instead of by a thousand small gradient steps; and nothing is random.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..skeleton import LEFT_SHOULDER, NECK, RIGHT_SHOULDER, SKELETON
from .anthropometry import typical_lengths
from .normalise import Flags, Points

#: The longest a bone looks in most frames is its length: it then lies in the plane of the picture.
_LENGTH_QUANTILE = 0.9
#: A measured bone may differ from an average signer's by this factor; beyond it the estimator erred.
_LENGTH_RANGE = (0.5, 1.7)


def bone_lengths(xy: Points, seen: Flags) -> NDArray[np.float64]:
    """(49,) length of each bone in shoulder widths.

    A bone that is never seen takes the length of its other side, and where that is never seen either, a typical one.
    """
    start, end = SKELETON.bones.T
    typical = typical_lengths()
    shown = seen[:, start] & seen[:, end]
    apparent = np.where(shown, np.linalg.norm(xy[:, end] - xy[:, start], axis=-1), np.nan)
    known = shown.any(axis=0)
    lengths = np.full(len(typical), np.nan)
    lengths[known] = np.nanquantile(apparent[:, known], _LENGTH_QUANTILE, axis=0)
    lengths = np.clip(lengths, _LENGTH_RANGE[0] * typical, _LENGTH_RANGE[1] * typical)
    lengths = np.where(np.isnan(lengths), lengths[_other_side()], lengths)
    # The shoulders define the unit, so both sides share it.
    shoulders = np.isin(end, (RIGHT_SHOULDER, LEFT_SHOULDER))
    lengths[shoulders] = np.nanmean(lengths[shoulders]) if not np.isnan(lengths[shoulders]).all() else np.nan
    return np.where(np.isnan(lengths), typical, lengths)


def _other_side() -> NDArray[np.intp]:
    """(49,) index of the same bone on the other side."""
    children = SKELETON.bones[:, 1]
    position = {child: bone for bone, child in enumerate(children)}
    return np.array([position[SKELETON.mirror[child]] for child in children])


def initial_positions(xy: Points, lengths: NDArray[np.float64]) -> Points:
    """(T, 50, 3) positions with the depth that each bone's picture lacks of its length, always towards the camera.

    Shoulders stay in the plane of the picture: which one is nearer cannot be told from one frame.
    """
    z = np.zeros(xy.shape[:2])
    for (parent, child), length in zip(SKELETON.bones, lengths, strict=True):
        if child in (RIGHT_SHOULDER, LEFT_SHOULDER):
            continue
        apparent = np.linalg.norm(xy[:, child] - xy[:, parent], axis=-1)
        z[:, child] = z[:, parent] + np.sqrt(np.maximum(length**2 - apparent**2, 0.0))
    return np.concatenate([xy, z[..., None]], axis=-1)


def fit(
    start: Points,
    target: Points,
    weight: Points,
    lengths: NDArray[np.float64],
    *,
    smoothing: float,
    iterations: int,
) -> Points:
    """Positions that keep every bone's length and stay close to what was seen.

    Args:
        start: (T, 50, 3) first guess.
        target: (T, 50, 2) where the joints were seen.
        weight: (T, 50) pull of the target, 0 to 1.
        lengths: (49,) bone lengths.
        smoothing: Strength of the smoothing over time, mostly of depth.
        iterations: Rounds.

    Returns:
        (T, 50, 3) positions, the neck at the origin, bone lengths exact to rounding.
    """
    levels = _levels(lengths)
    position = start.copy()
    for _ in range(iterations):
        position[..., :2] += 0.5 * weight[..., None] * (target - position[..., :2])
        _smooth(position, smoothing)
        for parents, children, length in levels:
            _shorten_or_stretch(position, parents, children, length)
        position[:, NECK] = 0.0
    return _rebuild(position, levels)


_Level = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]


def _levels(lengths: NDArray[np.float64]) -> list[_Level]:
    """Bones by distance from the root, so that no bone of a level touches another one's child."""
    by_child = dict(zip(SKELETON.bones[:, 1], lengths, strict=True))
    return [(*bones.T, np.array([by_child[child] for child in bones[:, 1]])) for bones in SKELETON.levels]


def _smooth(position: Points, strength: float) -> None:
    """Move each frame towards the mean of its neighbours; depth, which nothing measures, three times as much."""
    if len(position) < 3 or strength == 0:
        return
    step = 0.5 * (position[:-2] + position[2:]) - position[1:-1]
    rate = strength * np.array([1 / 3, 1 / 3, 1.0])
    position[1:-1] += step * (rate / (1 + rate))


def _shorten_or_stretch(
    position: Points, parents: NDArray[np.intp], children: NDArray[np.intp], length: NDArray[np.float64]
) -> None:
    """Bring the bones of one level to their lengths, moving the far end three times as much as the near one."""
    bone = position[:, children] - position[:, parents]
    apparent = np.maximum(np.linalg.norm(bone, axis=-1, keepdims=True), 1e-9)
    excess = bone * (1 - length[:, None] / apparent)
    position[:, children] -= 0.75 * excess
    for column, parent in enumerate(parents):
        position[:, parent] += 0.25 * excess[:, column]


def _rebuild(position: Points, levels: list[_Level]) -> Points:
    """Directions from the fit, lengths exact: forward kinematics from the neck outwards."""
    exact = np.zeros_like(position)
    for parents, children, length in levels:
        bone = position[:, children] - position[:, parents]
        norm = np.linalg.norm(bone, axis=-1, keepdims=True)
        direction = np.where(norm > 1e-9, bone / np.maximum(norm, 1e-9), [0.0, 0.0, 1.0])
        exact[:, children] = exact[:, parents] + length[:, None] * direction
    return exact
