"""What the upstream method does to x, y and confidence before it thinks of depth.

The steps and constants of Prompt2Sign's tools (step h5->txt, after Zelinka & Kanis 2020, "Neural Sign Language
Synthesis: Words Are Our Glosses"), quirks included, in float32 as there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import ClipRejected
from ..skeleton import BODY

Array = NDArray[np.float32]

#: Below this mean confidence of the body's eight joints a frame is emptied.
PRUNE_BELOW = 0.3
#: Confidence that a point gathers from its neighbours in time.
ENOUGH_CONFIDENCE = 0.99
#: What an empty sum of confidence is taken for, so that it can divide.
TINY = 1e-10


def normalise(x: Array, y: Array) -> tuple[Array, Array, float]:
    """Take off the mean of x and of y, and divide by one deviation, which is taken round the mean of both.

    Points that were not found, at (0, 0), count like all others.

    Args:
        x: (T, 50) float32 pixels.
        y: (T, 50) float32 pixels.

    Returns:
        x and y (T, 50), and the deviation in pixels.

    Raises:
        ClipRejected: `no-spread`: all points are one. Upstream means to guard against that, but a misspelt name makes
            its guard void, and it goes on with not-a-number.
    """
    n = x.size
    sum_x, sum_y = x.sum(), y.sum()
    mean = (sum_x + sum_y) / np.float32(2 * n)
    variance = ((x * x).sum() + (y * y).sum()) / np.float32(2 * n) - mean * mean
    if not (np.isfinite(variance) and variance > 0):
        raise ClipRejected("no-spread", "all points lie in one, or too far apart: the upstream method has no unit here")
    deviation = np.sqrt(variance)
    return (x - sum_x / np.float32(n)) / deviation, (y - sum_y / np.float32(n)) / deviation, float(deviation)


def prune(x: Array, y: Array, confidence: Array) -> tuple[Array, Array, Array]:
    """Empty the frames whose body is uncertain: x, y and confidence (T, 50) become 0 there."""
    sure = confidence[:, BODY].mean(axis=1, keepdims=True) >= np.float32(PRUNE_BELOW)
    nothing = np.float32(0)
    return np.where(sure, x, nothing), np.where(sure, y, nothing), np.where(sure, confidence, nothing)


def interpolate(x: Array, y: Array, confidence: Array) -> tuple[Array, Array]:
    """Mean of each point over time, weighted by confidence, in a window that grows until it holds enough of it.

    So every point that is less than sure is smoothed. A point that is never found stays at (0, 0).

    Args:
        x: (T, 50) float32.
        y: (T, 50) float32.
        confidence: (T, 50) float32.

    Returns:
        x and y (T, 50).
    """
    shares = np.stack([confidence * x, confidence * y, confidence])
    sums, ever_found = shares.copy(), confidence.any(axis=0)
    for reach in range(1, len(x)):
        short = (sums[2] < np.float32(ENOUGH_CONFIDENCE)) & ever_found
        if not short.any():
            break
        sums[:, :-reach] += shares[:, reach:] * short[:-reach]
        sums[:, reach:] += shares[:, :-reach] * short[reach:]
    weight = np.where(sums[2] > 0, sums[2], np.float32(TINY))
    return sums[0] / weight, sums[1] / weight
