"""From pixels to shoulder widths around the neck, using only what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import ClipRejected
from ..formats.keypoints import MAX_PIXELS, Keypoints
from ..skeleton import LEFT_HAND, LEFT_SHOULDER, NECK, RIGHT_HAND, RIGHT_SHOULDER, SKELETON
from .anthropometry import typical_lengths
from .fill import FILLED_WEIGHT

Points = NDArray[np.float64]
Flags = NDArray[np.bool_]
#: Shoulders that look narrower than this part of what the other bones say are not seen from the front.
_NARROWEST = 0.3
_STARTS, _ENDS = SKELETON.bones[:7].T.tolist()
#: A point that is seen is trusted at least this much, whatever its confidence.
_LEAST_TRUST = 0.2


class Joints(NamedTuple):
    """The 50 joints of one clip as the solver takes them.

    Attributes:
        xy: (T, 50, 2) shoulder widths around the neck.
        seen: (T, 50) which joints the estimator saw.
        trust: (T, 50) weight of each place, from 0.2 to 1.
        hints: (T, 49) what the estimator says of the depth of each bone, in parts of its length; NaN where nothing.
        neck: (T, 2) the neck from the middle of the picture, in shoulder widths.
        width_px: Shoulder width in pixels.
    """

    xy: Points
    seen: Flags
    trust: Points
    hints: Points
    neck: Points
    width_px: float


def joints_of(keypoints: Keypoints, min_confidence: float) -> Joints:
    """Bring the keypoints of one clip to shoulder widths.

    Raises:
        ClipRejected: No frames, or no body in any of them.
    """
    if keypoints.n_frames == 0:
        raise ClipRejected("no-frames", "the clip has no frames")
    xy_px, confidence, seen = pick_joints(keypoints, min_confidence)
    width_px = shoulder_width(xy_px, seen)
    trust = np.where(seen, np.clip(confidence, _LEAST_TRUST, 1.0), FILLED_WEIGHT)
    neck_px = neck_of(xy_px, seen)
    xy = (xy_px - neck_px[:, None]) / width_px
    neck = (neck_px - np.array([keypoints.width, keypoints.height]) / 2) / width_px
    return Joints(xy, seen, trust, depth_hints(keypoints, seen), neck, width_px)


def depth_hints(keypoints: Keypoints, seen: Flags) -> Points:
    """(T, 49) what `Keypoints.world` says of the depth of each bone, in parts of its length; NaN where nothing.

    Bones between points that the estimator gives round different origins, neck to nose aside, are none: a hand hangs on
    the wrist by an origin of its own.
    """
    start, end = SKELETON.bones.T
    if keypoints.world is None:
        return np.full((keypoints.n_frames, len(start)), np.nan)
    world = keypoints.world[:, list(SKELETON.from_keypoints)].astype(np.float64)
    bones = world[:, end] - world[:, start]
    length = np.linalg.norm(bones, axis=-1)
    known = seen[:, start] & seen[:, end] & (length > 0) & ~np.isin(end, (LEFT_HAND.start, RIGHT_HAND.start))
    return np.where(known, bones[..., 2] / np.where(known, length, 1.0), np.nan)


def pick_joints(keypoints: Keypoints, min_confidence: float) -> tuple[Points, Points, Flags]:
    """The 50 joints among the 137 points: xy (T, 50, 2) pixels, confidence (T, 50), seen (T, 50).

    A neck that is not given lies between the shoulders. What is no number, or beyond any picture, was not seen.
    """
    xyc = keypoints.xyc.take(SKELETON.from_keypoints, axis=1)
    x, y, given = (xyc[..., column] for column in range(3))
    usable = (np.abs(x) <= MAX_PIXELS) & (np.abs(y) <= MAX_PIXELS) & np.isfinite(given)
    xyc[~usable] = 0.0
    xy, confidence = xyc[..., :2].astype(np.float64), xyc[..., 2].astype(np.float64)
    seen = confidence >= max(min_confidence, 1e-6)
    shoulders = [RIGHT_SHOULDER, LEFT_SHOULDER]
    between = ~seen[:, NECK] & seen[:, shoulders].all(axis=1)
    xy[between, NECK] = xy[between][:, shoulders].mean(axis=1)
    confidence[between, NECK] = confidence[between][:, shoulders].min(axis=1)
    seen[:, NECK] |= between
    return xy, confidence, seen


def shoulder_width(xy: Points, seen: Flags) -> float:
    """Median distance of the shoulders in pixels over the frames that show both.

    A clip that never shows both, or shows them beside each other only, as a signer seen from the side, is measured by
    its other bones and their typical lengths.

    Raises:
        ClipRejected: No bone of the body is ever seen.
    """
    beside, *looks = _medians(xy, seen, [LEFT_SHOULDER, *_STARTS], [RIGHT_SHOULDER, *_ENDS])
    others: float = max(length / typical for length, typical in zip(looks, typical_lengths()[:7].tolist(), strict=True))
    if beside >= max(1.0, _NARROWEST * others):
        return beside
    if others < 1.0:
        raise ClipRejected("no-body", "shoulders and arms are never seen: there is nothing to measure the signer by")
    return others


def _medians(xy: Points, seen: Flags, starts: Sequence[int], ends: Sequence[int]) -> list[float]:
    """Median length of each bone in pixels over the frames that show both its ends; 0 where none does."""
    between = xy.take(ends, axis=1) - xy.take(starts, axis=1)
    shown = seen.take(starts, axis=1) & seen.take(ends, axis=1)
    n_shown, bones = np.count_nonzero(shown, axis=0), np.arange(len(starts))
    lengths = np.sqrt(between[..., 0] ** 2 + between[..., 1] ** 2)
    ordered = np.sort(np.where(shown, lengths, np.inf), axis=0)
    middle = (ordered[(n_shown - 1) // 2, bones] + ordered[n_shown // 2, bones]) / 2
    medians: list[float] = np.where(n_shown > 0, middle, 0.0).tolist()
    return medians


def centre(xy: Points, seen: Flags, width_px: float) -> Points:
    """(T, 50, 2) shoulder widths from the neck; raises as `neck_of` does."""
    return (xy - neck_of(xy, seen)[:, None]) / width_px


def neck_of(xy: Points, seen: Flags) -> Points:
    """(T, 2) pixels of the neck; where it is not seen it is interpolated over time.

    Raises:
        ClipRejected: The neck is seen in no frame.
    """
    if not seen[:, NECK].any():
        raise ClipRejected("no-body", "neither the neck nor both shoulders are seen in any frame")
    return fill_in_time(xy[:, NECK], seen[:, NECK])


def fill_in_time(values: Points, known: Flags) -> Points:
    """(T, D) linear interpolation over time where `known` (T,) is False; the ends are held. Needs one known frame."""
    if known.all():
        return values
    frames = np.arange(len(values))
    rows = frames[known]
    return np.stack([np.interp(frames, rows, column[known]) for column in values.T], axis=-1)
