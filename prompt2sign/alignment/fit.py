"""How far the signing of a video comes after its cues: the shift at which the two fit best.

Signing and cues are compared as two curves over time, by the mean of two correlations: of when somebody signs with when
there is a cue, and of starts and stops with starts and stops. Whether the best shift means anything is judged against
what the same cues reach in another order, and against the second best shift.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .activity import Activity

Array = NDArray[np.float64]
#: Steps a second in which shifts are tried.
_STEPS = 20
#: Edges are this wide, standard deviation in seconds: cues are seldom set better.
_EDGE_S = 0.4
#: A peak of its own is this far from the best one.
_APART_S = 1.0
_N_SHUFFLES = 30
_MIN_CUES = 5
#: Gaps between cues shorter than this are none: nobody lowers the hands for it.
_PAUSE_S = 0.5
_MIN_PAUSES = 4
_MIN_ACTIVITY_SPREAD = 0.08
#: A logistic regression on 137 made sessions (`benchmarks.sessions`, seeds 0 to 139): a constant, and the weights of
#: how far the best shift stands out against chance and against the second best, in deviations of what chance gives.
_LIKELY = (-1.06, 0.85, 0.24)


@dataclass(frozen=True, slots=True)
class Fit:
    """What the motion says of one video's offset.

    Attributes:
        offset_s: Seconds by which the signing comes after its cues; None where nothing can be told.
        confidence: About how likely it is that this is right to half a second, 0 to 1.
        n_cues: Cues it was told from.
        note: Why nothing can be told, empty otherwise.
    """

    offset_s: float | None
    confidence: float
    n_cues: int
    note: str = ""


def fit_offset(activity: Activity, cues_s: Sequence[tuple[float, float]], max_offset_s: float) -> Fit:
    """Find the offset of one video.

    Args:
        activity: When somebody signs in it.
        cues_s: Start and end of each cue in seconds.
        max_offset_s: How far to look, before and after.
    """
    spans = np.array(sorted(cues_s), dtype=np.float64).reshape(-1, 2)
    note = _cannot_tell(activity, spans)
    if note:
        return Fit(None, 0.0, len(spans), note)
    signing = _Signing(activity, max_offset_s)
    scores = signing.scores(spans)
    best = int(np.argmax(scores))
    shuffled = np.array([signing.scores(_shuffled(spans, seed)).max() for seed in range(_N_SHUFFLES)])
    confidence = _confidence(scores, best, shuffled)
    return Fit(round(signing.offset_s(scores, best), 2), round(confidence, 3), len(spans))


def _cannot_tell(activity: Activity, spans: Array) -> str:
    if len(spans) < _MIN_CUES:
        return f"only {len(spans)} cues"
    gaps = spans[1:, 0] - np.maximum.accumulate(spans[:, 1])[:-1]
    if np.count_nonzero(gaps >= _PAUSE_S) < _MIN_PAUSES:
        return "not enough pauses between cues to tell"
    if not np.isfinite(activity.values).any():
        return "nobody is seen"
    if np.nanstd(activity.values) < _MIN_ACTIVITY_SPREAD:
        return "hands never rest, or never move: not enough pauses to tell"
    return ""


class _Signing:
    """The curve of signing, ready to be compared with cues at every shift at once."""

    def __init__(self, activity: Activity, max_offset_s: float) -> None:
        self._n_shifts = round(max_offset_s * _STEPS)
        self._n = int(activity.end_s * _STEPS) + 2 * self._n_shifts
        size = 1 << (2 * self._n - 1).bit_length()
        known = np.isfinite(activity.values)
        times_s = np.arange(self._n) / _STEPS - self._n_shifts / _STEPS
        at = activity.start_s + np.arange(len(known)) / activity.rate
        values = np.interp(times_s, at[known], activity.values[known])
        nearest = np.clip(np.round((times_s - activity.start_s) * activity.rate).astype(np.intp), 0, len(known) - 1)
        inside = (times_s >= activity.start_s) & (times_s < activity.end_s)
        weights = (known[nearest] & inside).astype(np.float64)
        self._curves = [_Weighted(values, weights, size), _Weighted(_edges(values), weights, size)]

    def scores(self, spans: Array) -> Array:
        """(2K+1,) how well cues fit at each shift, from the longest before to the longest after."""
        cue = _indicator(spans, self._n, self._n_shifts)
        level, edge = (
            curve.correlations(values, self._n_shifts)
            for curve, values in zip(self._curves, (cue, _edges(cue)), strict=True)
        )
        return 0.5 * (level + edge)

    def offset_s(self, scores: Array, best: int) -> float:
        """The shift in seconds, between steps by a parabola through the best and its neighbours."""
        shift = float(best - self._n_shifts)
        if 0 < best < len(scores) - 1:
            before, peak, after = scores[best - 1 : best + 2]
            bend = before - 2 * peak + after
            shift += 0.5 * (before - after) / bend if bend < 0 else 0.0
        return shift / _STEPS


class _Weighted:
    """A curve, centred, with weights; correlates with another one at every shift by Fourier transform."""

    def __init__(self, values: Array, weights: Array, size: int) -> None:
        self._total = weights.sum()
        centred = (values - (weights * values).sum() / self._total) * weights
        self._spread = np.sqrt((centred**2).sum() / self._total)
        self._size = size
        self._centred, self._weights = (np.fft.rfft(curve, size) for curve in (centred, weights))

    def correlations(self, other: Array, n_shifts: int) -> Array:
        """Weighted Pearson correlation with `other` moved by each shift from `-n_shifts` to `n_shifts`."""
        first, square = (np.conj(np.fft.rfft(curve, self._size)) for curve in (other, other**2))
        both, mean, mean_square = (
            self._at_shifts(transform, n_shifts) / self._total
            for transform in (self._centred * first, self._weights * first, self._weights * square)
        )
        spread = np.sqrt(np.maximum(mean_square - mean**2, 1e-12))
        correlations: Array = both / (spread * max(self._spread, 1e-12))
        return correlations

    def _at_shifts(self, transform: NDArray[np.complex128], n_shifts: int) -> Array:
        moved = np.fft.irfft(transform, self._size)
        return np.concatenate([moved[len(moved) - n_shifts :], moved[: n_shifts + 1]])


def _indicator(spans: Array, n_steps: int, first: int) -> Array:
    """(n,) 1 during cues; step `first` is second 0."""
    edges = np.clip(np.round(spans * _STEPS).astype(np.intp) + first, 0, n_steps)
    change = np.zeros(n_steps + 1)
    np.add.at(change, edges[:, 0], 1.0)
    np.add.at(change, edges[:, 1], -1.0)
    return np.minimum(np.cumsum(change)[:-1], 1.0)


def _edges(values: Array) -> Array:
    """Starts and stops: the slope of the smoothed curve."""
    reach = round(3 * _EDGE_S * _STEPS)
    at = np.arange(-reach, reach + 1) / (_EDGE_S * _STEPS)
    kernel = -at * np.exp(-0.5 * at**2)
    padded = np.pad(values, reach, mode="edge")
    edges: Array = np.convolve(padded, kernel[::-1] / np.abs(kernel).sum(), mode="valid")
    return edges


def _confidence(scores: Array, best: int, shuffled: Array) -> float:
    """How likely the best shift is right to half a second.

    Args:
        scores: (2K+1,) how well the cues fit at each shift.
        best: Where they fit best.
        shuffled: (S,) how well the same cues fit at best in another order.
    """
    apart = np.abs(np.arange(len(scores)) - best) > _APART_S * _STEPS
    spread = max(float(shuffled.std()), 1e-6)
    above_chance = float(scores[best] - shuffled.mean()) / spread
    above_second = float(scores[best] - scores[apart].max()) / spread if apart.any() else 0.0
    constant, of_chance, of_second = _LIKELY
    return float(1 / (1 + np.exp(-(constant + of_chance * above_chance + of_second * above_second))))


def _shuffled(spans: Array, seed: int) -> Array:
    """The same cues and gaps in another order, from the same beginning."""
    rng = np.random.default_rng(seed)
    lengths = rng.permutation(spans[:, 1] - spans[:, 0])
    gaps = rng.permutation(spans[1:, 0] - spans[:-1, 1])
    starts = spans[0, 0] + np.concatenate([[0.0], np.cumsum(lengths[:-1] + gaps)])
    return np.stack([starts, starts + lengths], axis=1)
