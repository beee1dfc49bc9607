"""Depth as MediaPipe gives it, turned into metres along the axes of a motion: x right, y down, z towards the camera.

MediaPipe has two kinds, and in both z grows away from the camera; here it is turned round. World landmarks are metres
round an origin of their own. A hand's landmarks in the picture carry a z relative to the wrist "in roughly the scale of
x"; it becomes metres by the shoulders of the same signer, known in pixels and in metres.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats.keypoints import MAX_METRES
from ..skeleton import KEYPOINTS_LEFT_HAND, KEYPOINTS_RIGHT_HAND, LEFT_SHOULDER, RIGHT_SHOULDER

#: MediaPipe's axes to a motion's.
_TURN = np.array((1, 1, -1), dtype=np.float32)
#: The z of a hand in the picture is too flat. By this factor (the median of 72 How2Sign clips; 1.7 to 2.1 in four of
#: five) it must be stretched for the palm to keep its size; earlier versions of MediaPipe had others.
FLATNESS = 2.0
#: Bones of the palm, whose points do not move against each other: root to knuckles, and across the knuckles.
_PALM_FROM, _PALM_TO = [0, 0, 0, 0, 5, 17], [5, 9, 13, 17, 17, 9]
_STRETCHES = np.geomspace(0.25, 4, 33)
#: A clip tells its stretch where the logarithms of the palm's lengths vary by so much more at both ends of them.
_TELLING = 0.01
#: Shoulder width in MediaPipe's metres, for files that hold no metres at all (median of ten How2Sign clips).
_TYPICAL_SHOULDERS_M = 0.34
#: Half of a hand's points lie nearer to the wrist in depth than this many picture widths, and farther than this many
#: pixels; it tells which of the two a file means.
_WIDTHS_OR_PIXELS = 0.5
_HANDS = (KEYPOINTS_LEFT_HAND, KEYPOINTS_RIGHT_HAND)


def world_metres(landmarks: Any) -> NDArray[np.float32]:
    """(N, 3) metres of a MediaPipe list of world landmarks, round the origin they have."""
    points = [(point.x, point.y, point.z) for point in landmarks.landmark]
    return np.array(points, dtype=np.float32) * _TURN


def hand_metres(points: NDArray[np.float32], pixels_a_metre: float, stretch: float) -> NDArray[np.float32]:
    """Metres of a hand that is known in the picture only.

    Args:
        points: (..., 21, 3) pixels; z in the scale of x, away from the camera; the root comes first.
        pixels_a_metre: As the function of this name measures it; NaN where it is not known.
        stretch: What z is multiplied by, as `FLATNESS`.

    Returns:
        (..., 21, 3) metres relative to the hand's root, NaN without a scale.
    """
    scale = np.array((1, 1, -stretch)) / pixels_a_metre
    return np.asarray((points - points[..., :1, :]) * scale, dtype=np.float32)


def pixels_a_metre(shoulders_px: NDArray[np.float32], shoulders_m: NDArray[np.float32]) -> float:
    """Scale of a clip: the median over its frames of the shoulder width in pixels by that in metres.

    Both are measured in the plane of the picture, so that a turn of the body leaves their ratio as it is. It is one
    scale for the clip, and not one a frame: the camera stands still, and the width in metres flickers.

    Args:
        shoulders_px: (T, 2, 2) both shoulders, pixels; NaN where not found.
        shoulders_m: (T, 2, 3) the same in metres; where no frame has both, they count as of typical width.

    Returns:
        NaN where no frame has both shoulders in pixels.
    """
    width_px, width_m = (
        np.linalg.norm(points[:, 0, :2] - points[:, 1, :2], axis=-1) for points in (shoulders_px, shoulders_m)
    )
    if not (width_m > 0).any():
        width_m = np.full_like(width_px, _TYPICAL_SHOULDERS_M)
    known = (width_px > 0) & (width_m > 0)
    return float(np.median(width_px[known] / width_m[known])) if known.any() else float("nan")


def world_from_file(xyc: NDArray[np.float32], space: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """`Keypoints.world` from what a `.pose` file says of depth.

    Args:
        xyc: (T, 137, 3) as in `Keypoints`.
        space: (T, 137, 3) as in `PosePeople.space`.
        width: Of the picture in pixels, 0 where unknown.

    Returns:
        (T, 137, 3), NaN where a point was not found, has no depth, or one that cannot be.
    """
    shoulders = [LEFT_SHOULDER, RIGHT_SHOULDER]
    found = xyc[..., 2:] > 0
    with np.errstate(over="ignore", invalid="ignore"):
        world = space * _TURN
        scale = pixels_a_metre(np.where(found, xyc[..., :2], np.nan)[:, shoulders], world[:, shoulders])
        hands = _in_pixels(np.stack([space[:, part] for part in _HANDS]), width)
        metres = hand_metres(hands, scale, _stretch(hands))
        for part, hand in zip(_HANDS, metres, strict=True):
            world[:, part] = hand
        possible = (np.abs(world) <= MAX_METRES).all(axis=-1, keepdims=True)
    return np.where(found & possible, world, np.float32(np.nan))


def _in_pixels(hands: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Hands of a file, with z in pixels: some programs write it as MediaPipe gives it, in widths of the picture."""
    depth = np.abs(hands[..., 1:, 2] - hands[..., :1, 2])
    depth = depth[np.isfinite(depth)]
    if not len(depth) or np.median(depth) >= _WIDTHS_OR_PIXELS:
        return hands
    return np.asarray(hands * np.array((1, 1, width)), dtype=np.float32)


def _stretch(hands: NDArray[np.float32]) -> float:
    """The factor of z under which the palms vary least in size through the clip; NaN where the clip cannot tell.

    Files do not say which version of MediaPipe made them, and the scale of z differs between versions.

    Args:
        hands: (2, T, 21, 3) pixels, NaN where not found.
    """
    bones = (hands[:, :, _PALM_TO] - hands[:, :, _PALM_FROM]).astype(np.float64)
    palms = [palm[np.isfinite(palm).all(axis=(1, 2))] for palm in bones]
    palms = [palm for palm in palms if len(palm) > 1]
    if not palms:
        return float("nan")
    weights = [len(palm) for palm in palms]
    spread = [np.average([_spread(palm, stretch) for palm in palms], weights=weights) for stretch in _STRETCHES]
    best = int(np.argmin(spread))
    telling = min(spread[0], spread[-1]) - spread[best] > _TELLING
    return float(_STRETCHES[best]) if telling else float("nan")


def _spread(palm: NDArray[np.float64], stretch: float) -> float:
    """How much the lengths of (T, bones, 3) vary, whatever their size."""
    squares = palm**2 @ np.array((1, 1, stretch**2))
    return float(np.log(np.maximum(squares, np.finfo(float).tiny)).std(axis=0).mean())
