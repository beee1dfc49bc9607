"""Frame rates: is a row of timestamps constant, and if not, which rate was meant?"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

#: How far, in frames, a timestamp may lie from its place on the grid and still be that place's frame. Containers that
#: count milliseconds and cameras that tremble stay well below; a missing or doubled frame is off by a whole one.
LATENESS = 0.25

_WHOLE_RATES = tuple(map(Fraction, (10, 12, 15, 24, 25, 30, 50, 60)))
STANDARD_RATES = (*_WHOLE_RATES, Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001))


def as_rate(fps: float) -> Fraction:
    """The exact rate behind a rounded number: 29.97 is 30000/1001, 25.0 is 25.

    Args:
        fps: Frames per second, above zero.
    """
    nearest = min(STANDARD_RATES, key=lambda rate: abs(float(rate) - fps))
    if abs(float(nearest) - fps) < 0.005:
        return nearest
    return max(Fraction(fps).limit_denominator(1001), Fraction(1, 1001))  # a rate of 0 is none


def constant_rate(times_s: NDArray[np.float64], declared: Iterable[Fraction]) -> Fraction | None:
    """The rate on whose grid every frame has its own place, or None where the rate varies.

    Args:
        times_s: (N,) ascending times of the frames, seconds, the first at 0.
        declared: What the container says, tried first; then the standard rates, then the measured mean.
    """
    mean = [as_rate((len(times_s) - 1) / times_s[-1])] if len(times_s) > 1 else []
    for rate in (*declared, *mean, *STANDARD_RATES):
        places = _places(times_s, rate)
        if places is not None and places[-1] == len(times_s) - 1:
            return rate
    return None


def nominal_rate(times_s: NDArray[np.float64], declared: Iterable[Fraction]) -> Fraction:
    """The rate of the grid that frames at varying intervals are resampled to.

    Where frames were only left out of a constant grid (most recordings of a screen, most broken exports), that is the
    grid; else the rate of the median interval, rounded to a usual whole rate within 5 %.

    Args:
        times_s: (N,) ascending times of the frames, seconds, the first at 0.
        declared: What the container says, tried first.
    """
    for rate in (*declared, *STANDARD_RATES):
        if rate <= 60 and _places(times_s, rate) is not None:
            return rate
    median = 1 / float(np.median(np.diff(times_s)))
    # A clock that trembles cannot tell 30 from 29.97, and cameras with such clocks mean 30.
    nearest = min(_WHOLE_RATES, key=lambda rate: abs(float(rate) - median))
    return nearest if abs(float(nearest) / median - 1) < 0.05 else as_rate(median)


def _places(times_s: NDArray[np.float64], rate: Fraction) -> NDArray[np.float64] | None:
    """The number on the grid of each frame, or None where one is off the grid or two share a place."""
    exact = times_s * float(rate)
    places = np.rint(exact)
    on_grid = bool(np.all(np.abs(exact - places) <= LATENESS) and np.all(np.diff(places) >= 1))
    return places if on_grid else None
