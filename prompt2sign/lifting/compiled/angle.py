"""What `arrays` knows of angles, of single numbers and in their precision."""

from __future__ import annotations

import math

import numpy as np

from ..arrays import ARCTAN, TINY
from .kernel import kernel


@kernel
def angle(sine: float, cosine: float) -> float:
    """`arrays.angle` of two numbers."""
    kind = type(sine)
    rise, run = abs(sine), abs(cosine)
    ratio = rise / max(rise + run, kind(TINY)) * kind(2.0) - kind(1.0)
    square = ratio * ratio
    value = square * kind(ARCTAN[0])
    for factor in ARCTAN[1:]:
        value = (value + kind(factor)) * square
    value = kind(math.pi / 4) - (value + kind(1.0)) * ratio
    radians: float = np.copysign(kind(math.pi / 2) - np.copysign(value, cosine), sine)
    return radians


@kernel
def turn_of(cosine: float) -> float:
    """`arrays.turn_of` of a number."""
    kind = type(cosine)
    return angle(np.sqrt(max((kind(1.0) - cosine) * (kind(1.0) + cosine), kind(0.0))), cosine)


@kernel
def outside(value: float, low: float, high: float) -> float:
    """`arrays.outside` of a number."""
    return max(value - high, low - value, type(value)(0.0))
