"""How sure a score is: the clips drawn again and again with replacement (Efron 1979; for BLEU, Koehn 2004)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from .measure import Measure

Array = NDArray[np.float64]
#: Numbers of clips counted at once, which bounds the memory.
_AT_ONCE = 4_000_000


class Comparison(NamedTuple):
    """Two systems on the same clips.

    Attributes:
        difference: First less second, over all clips.
        low: Lower end of its interval.
        high: Upper end.
        first_better: Share of the draws in which the first is better; a draw in which both are alike counts half.
    """

    difference: float
    low: float
    high: float
    first_better: float


def interval(measure: Measure, level: float = 0.95, n_draws: int = 1000, seed: int = 27) -> tuple[float, float]:
    """The percentile interval of a score over draws of its clips.

    Args:
        measure: What was measured.
        level: How much of the draws lies within.
        n_draws: Draws.
        seed: The same seed gives the same interval, and the same draws for every measure of as many clips.

    Returns:
        Low and high; NaN for a single clip, which says nothing about others, and where the score itself is NaN.
    """
    if len(measure.sums) < 2:
        return float("nan"), float("nan")
    return _percentiles(_draws(measure, n_draws, seed), level)


def compare(first: Measure, second: Measure, level: float = 0.95, n_draws: int = 1000, seed: int = 27) -> Comparison:
    """Compare two systems, each draw holding the same clips of both.

    Raises:
        UsageError: They are of different measures, or not of the same number of clips.
    """
    if (first.name, len(first.sums)) != (second.name, len(second.sums)):
        raise UsageError(
            f"{first.name} over {len(first.sums)} clips and {second.name} over {len(second.sums)} clips cannot be "
            "compared; measure both systems on the same clips"
        )
    one, two = _draws(first, n_draws, seed), _draws(second, n_draws, seed)
    gain = _goodness(one, first) - _goodness(two, second)
    share = float(np.mean((gain > 0) + (gain == 0) / 2)) if np.isfinite(gain).all() else float("nan")
    single = len(first.sums) < 2
    low, high = (float("nan"), float("nan")) if single else _percentiles(one - two, level)
    return Comparison(first.value - second.value, low, high, float("nan") if single else share)


def _percentiles(values: Array, level: float) -> tuple[float, float]:
    tail = 50 * (1 - level)
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)


def _draws(measure: Measure, n_draws: int, seed: int) -> Array:
    """(R,) the score of each draw."""
    sums = np.concatenate([counts @ measure.sums for counts in _counts(len(measure.sums), n_draws, seed)])
    # Few clips are drawn alike again and again, and BLEU is slow to score.
    distinct, places = np.unique(sums, axis=0, return_inverse=True)
    values: Array = measure.score(distinct)[places.reshape(-1)]
    return values


def _counts(n_clips: int, n_draws: int, seed: int) -> Iterator[Array]:
    """Blocks (r, N) of how often each clip was drawn."""
    random = np.random.default_rng(seed)
    block = max(1, _AT_ONCE // n_clips)
    for start in range(0, n_draws, block):
        n_rows = min(block, n_draws - start)
        drawn = random.integers(0, n_clips, (n_rows, n_clips)) + n_clips * np.arange(n_rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=n_rows * n_clips)
        yield counts.reshape(n_rows, n_clips).astype(np.float64)


def _goodness(values: Array, measure: Measure) -> Array:
    """Higher is better, whatever the measure."""
    if measure.better == "one":
        return np.asarray(-np.abs(values - 1))
    return values if measure.better == "higher" else -values
