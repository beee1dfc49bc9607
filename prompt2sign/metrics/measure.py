"""A score of a corpus that follows from sums over its clips; so it can be resampled without measuring again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ClipRejected, UsageError

Array = NDArray[np.float64]
#: Which way is better: down, up, or towards one (a ratio to the truth).
Better = Literal["lower", "higher", "one"]


@dataclass(frozen=True)
class Measure:
    """A mean, a ratio of sums, or a corpus BLEU: anything that is a function of sums over clips.

    Attributes:
        name: As tables print it.
        unit: As tables print it; empty for a plain number.
        better: Which way is better.
        sums: (N, K) what each clip adds.
        score: From (R, K) sums to (R,) values.
        signature: How exactly it was measured, where a library has a word for it.
    """

    name: str
    unit: str
    better: Better
    sums: Array
    score: Callable[[Array], Array]
    signature: str = ""

    def __post_init__(self) -> None:
        if not len(self.sums):
            raise UsageError(f"{self.name}: no clip was measured")
        if not np.isfinite(self.sums).all():
            clip = int(np.argmin(np.isfinite(self.sums).all(axis=1)))
            raise ClipRejected("not-finite", f"{self.name}: clip {clip} gives NaN or infinity; leave it out or mend it")

    @property
    def value(self) -> float:
        """Over all clips."""
        return float(self.score(self.sums.sum(axis=0, keepdims=True))[0])


def mean_of(
    name: str, unit: str, better: Better, values: ArrayLike, weights: ArrayLike = 1.0, signature: str = ""
) -> Measure:
    """The mean of a value a clip.

    Args:
        name: As tables print it.
        unit: As tables print it.
        better: Which way is better.
        values: (N,).
        weights: (N,) or one number; the mean is NaN where all are 0.
        signature: Of `Measure`.
    """
    value, weight = np.broadcast_arrays(np.asarray(values, np.float64), np.asarray(weights, np.float64))
    return Measure(name, unit, better, np.stack([value * weight, weight], axis=-1), ratio, signature)


def ratio(sums: Array) -> Array:
    """(R, 2) to (R,): the first over the second, NaN where that is 0."""
    top, bottom = sums[:, 0], sums[:, 1]
    return np.divide(top, bottom, out=np.full(len(sums), np.nan), where=bottom != 0)
