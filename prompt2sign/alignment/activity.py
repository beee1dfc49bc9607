"""When somebody signs, told from body keypoints alone: hands move, and hands are raised.

Each hand is judged for itself, in shoulder widths around the neck, and the more active one counts. A hand that is not
found for long counts as resting: below the picture is where hands rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..skeleton import LEFT_SHOULDER, LEFT_WRIST, RIGHT_SHOULDER, RIGHT_WRIST

Array = NDArray[np.float64]
#: Below this confidence a point counts as not seen.
_MIN_CONFIDENCE = 0.3
#: Hands slower than the first are still, faster than the second move for sure; shoulder widths a second.
_STILL, _MOVES = 0.4, 1.2
#: Hands no higher above where they rest than the first rest, higher than the second are raised; shoulder widths.
_LOW, _RAISED = 0.2, 0.6
#: A hand that is lost for no longer moves on from where it was to where it is found again.
_SHORT_LOSS_S = 0.6
#: Time over which speeds are put together: a sign's movements and holds.
_WINDOW_S = 0.5
#: From here on it counts as signing.
_SIGNS = 0.5
#: Of the places where hands are still, the share that lies higher than where they rest.
_REST_PERCENTILE = 85


@dataclass(frozen=True, eq=False)
class Activity:
    """How sure it is that somebody signs.

    Attributes:
        values: (T,) float64 0 to 1; NaN where nobody is seen.
        rate: Values a second.
        start_s: Time of the first value in the video; value `k` is of `start_s + k / rate`.
    """

    values: Array
    rate: float
    start_s: float = 0.0

    @property
    def end_s(self) -> float:
        """Time in the video at which the last value ends."""
        return self.start_s + len(self.values) / self.rate

    def signing_s(self, start_s: float, end_s: float) -> float | None:
        """Seconds of signing between two times; None where nobody is seen, or the video does not go so far."""
        first = max(0, round((start_s - self.start_s) * self.rate))
        last = round((end_s - self.start_s) * self.rate)
        inside = self.values[first : max(last, first + 1)]
        known = inside[np.isfinite(inside)]
        return float(np.mean(known >= _SIGNS) * (end_s - start_s)) if len(known) else None


def signing_activity(body: NDArray[np.floating[Any]], rate: float, start_s: float = 0.0) -> Activity:
    """Activity at every frame.

    Args:
        body: (T, 8, 3) pixels x, y and confidence of the body's joints of `skeleton.SKELETON`.
        rate: Frames per second; from 4 on.
        start_s: Time of the first frame in the video.
    """
    shoulders = _seen(body[:, [RIGHT_SHOULDER, LEFT_SHOULDER]])
    neck = _bridged(shoulders.mean(axis=1), round(_SHORT_LOSS_S * rate))
    widths = np.linalg.norm(shoulders[:, 0] - shoulders[:, 1], axis=1)
    if not np.isfinite(widths).any():
        return Activity(np.full(len(body), np.nan), rate, start_s)
    width_px = max(float(np.nanmedian(widths)), 1.0)
    wrists = (_seen(body[:, [RIGHT_WRIST, LEFT_WRIST]]) - neck[:, None]) / width_px
    hands = np.stack([_of_hand(wrists[:, side], rate) for side in (0, 1)])
    return Activity(np.where(np.isfinite(neck[:, 0]), hands.max(axis=0), np.nan), rate, start_s)


def _seen(points: NDArray[np.floating[Any]]) -> Array:
    """x and y, NaN where a point is not seen."""
    xy: Array = points[..., :2].astype(np.float64)
    return np.where(points[..., 2:] >= _MIN_CONFIDENCE, xy, np.nan)


def _of_hand(wrist: Array, rate: float) -> Array:
    """(T,) activity of one hand from where its wrist is, (T, 2) shoulder widths from the neck."""
    wrist = _bridged(wrist, round(_SHORT_LOSS_S * rate))
    speed = _speed(wrist, rate)
    moving = _smooth(_ramp(np.nan_to_num(speed), _STILL, _MOVES), rate)
    still = wrist[(speed < _STILL) & np.isfinite(wrist[:, 1]), 1]
    rest = np.percentile(still if len(still) else [np.inf], _REST_PERCENTILE)
    raised = _ramp(np.nan_to_num(rest - wrist[:, 1], nan=0.0, posinf=1.0, neginf=0.0), _LOW, _RAISED)
    together: Array = 0.5 * (moving + raised)
    return together


def _speed(wrist: Array, rate: float) -> Array:
    """(T,) the slower of the speeds to the frame before and to the next: one jump of an estimator is no movement."""
    steps = np.linalg.norm(np.diff(wrist, axis=0), axis=1) * rate
    padded = np.concatenate([steps[:1], steps, steps[-1:]]) if len(steps) else np.zeros(2)
    return np.fmin(padded[:-1], padded[1:])


def _bridged(points: Array, longest: int) -> Array:
    """(T, 2) with gaps of at most `longest` frames filled on a straight line."""
    found = np.flatnonzero(np.isfinite(points[:, 0]))
    if not len(found):
        return points
    at = np.arange(len(points))
    filled = np.stack([np.interp(at, found, points[found, axis]) for axis in (0, 1)], axis=1)
    place = np.searchsorted(found, at)
    before, after = found[np.maximum(place - 1, 0)], found[np.minimum(place, len(found) - 1)]
    near = (after - before - 1 <= longest) & (at >= found[0]) & (at <= found[-1])
    return np.where((near | np.isfinite(points[:, 0]))[:, None], filled, np.nan)


def _ramp(values: Array, low: float, high: float) -> Array:
    ramp: Array = np.clip((values - low) / (high - low), 0.0, 1.0)
    return ramp


def _smooth(values: Array, rate: float) -> Array:
    reach = max(1, round(_WINDOW_S * rate / 2))
    window = np.hanning(2 * reach + 3)[1:-1]
    padded = np.pad(values, reach, mode="edge")
    smooth: Array = np.convolve(padded, window / window.sum(), mode="valid")
    return smooth
