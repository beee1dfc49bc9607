"""The constant grid of times at which a clip shows its frames: the source's own, or that of another rate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from .timeline import VideoInfo

#: Annotations and containers round their times to the millisecond at best, so they are half of one off: a frame this
#: much before a time still belongs to what begins there.
ROUNDING_S = 0.0006
#: Where frames lie on an exact grid, only the arithmetic rounds.
_EXACT_S = 1e-7


@dataclass(frozen=True, eq=False)
class Grid:
    """Which frame a viewer sees at each step.

    Attributes:
        rate: Steps per second.
        shown: (K,) index of the frame shown at `start_s + k / rate`.
        start_s: Time of the first step after the beginning of the file, seconds.
    """

    rate: Fraction
    shown: NDArray[np.intp]
    start_s: float

    def steps(self, start_s: float | None, end_s: float | None) -> range:
        """The steps k with `start_s <= their time < end_s`; None for the beginning or the end."""

        def step(time_s: float) -> int:
            return max(0, min(len(self.shown), math.ceil((time_s - self.start_s - ROUNDING_S) * self.rate)))

        return range(0 if start_s is None else step(start_s), len(self.shown) if end_s is None else step(end_s))


def resampled(info: VideoInfo, times_s: NDArray[np.float64], start_s: float, rate: Fraction) -> Grid:
    """The grid of another rate over the same time: at each step the latest frame that has come by then.

    Frames are repeated or left out, never shown at another time than their own.

    Args:
        info: The source in numbers.
        times_s: (N,) ascending seconds from the first frame to each.
        start_s: Time of the first frame after the beginning of the file, seconds.
        rate: Steps per second.
    """
    late_s = ROUNDING_S if info.vfr else _EXACT_S
    at_s = np.arange(max(1, math.ceil((info.duration_s - _EXACT_S) * rate))) / float(rate)
    return Grid(rate, np.searchsorted(times_s, at_s + late_s, side="right") - 1, start_s)
