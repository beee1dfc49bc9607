"""From pixels to shoulder widths around the neck, using only what was seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import ClipRejected
from ..formats.keypoints import Keypoints
from ..skeleton import LEFT_SHOULDER, NECK, RIGHT_SHOULDER, SKELETON
from .anthropometry import typical_lengths

Points = NDArray[np.float64]
Flags = NDArray[np.bool_]


def pick_joints(keypoints: Keypoints, min_confidence: float) -> tuple[Points, Points, Flags]:
    """The 50 joints among the 137 points: xy (T, 50, 2) pixels, confidence (T, 50), seen (T, 50).

    A neck that is not given lies between the shoulders.
    """
    xyc = keypoints.xyc[:, list(SKELETON.from_keypoints)].astype(np.float64)
    finite = np.isfinite(xyc).all(axis=-1)
    xy, confidence = np.where(finite[..., None], xyc[..., :2], 0.0), np.where(finite, xyc[..., 2], 0.0)
    seen = confidence >= max(min_confidence, 1e-6)
    shoulders = [RIGHT_SHOULDER, LEFT_SHOULDER]
    between = ~seen[:, NECK] & seen[:, shoulders].all(axis=1)
    xy[between, NECK] = xy[between][:, shoulders].mean(axis=1)
    confidence[between, NECK] = confidence[between][:, shoulders].min(axis=1)
    return xy, confidence, seen | (between[:, None] & (np.arange(SKELETON.count) == NECK))


def shoulder_width(xy: Points, seen: Flags) -> float:
    """Median distance of the shoulders in pixels over the frames that show both.

    A clip that never shows both is measured by its other bones and their typical lengths.

    Raises:
        ClipRejected: No bone of the body is ever seen.
    """
    both = seen[:, RIGHT_SHOULDER] & seen[:, LEFT_SHOULDER]
    if both.any():
        width = float(np.median(np.linalg.norm(xy[both, RIGHT_SHOULDER] - xy[both, LEFT_SHOULDER], axis=-1)))
        if width >= 1.0:
            return width
    ratios = [
        np.median(np.linalg.norm(xy[rows, child] - xy[rows, parent], axis=-1)) / typical
        for (parent, child), typical in zip(SKELETON.bones[:7], typical_lengths()[:7], strict=True)
        if (rows := seen[:, parent] & seen[:, child]).any()
    ]
    if not ratios or max(ratios) < 1.0:
        raise ClipRejected("no-body", "shoulders and arms are never seen: there is nothing to measure the signer by")
    return float(max(ratios))


def centre(xy: Points, seen: Flags, width_px: float) -> Points:
    """(T, 50, 2) shoulder widths from the neck; a neck that is not seen is interpolated over time.

    Raises:
        ClipRejected: The neck is seen in no frame.
    """
    if not seen[:, NECK].any():
        raise ClipRejected("no-body", "neither the neck nor both shoulders are seen in any frame")
    neck = fill_in_time(xy[:, NECK], seen[:, NECK])
    return (xy - neck[:, None]) / width_px


def fill_in_time(values: Points, known: Flags) -> Points:
    """(T, D) linear interpolation over time where `known` (T,) is False; the ends are held. Needs one known frame."""
    if known.all():
        return values
    frames = np.arange(len(values))
    rows = frames[known]
    return np.stack([np.interp(frames, rows, column[known]) for column in values.T], axis=-1)
