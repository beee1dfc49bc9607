"""What measuring costs: DTW beside the original's loop, and what an evaluation does with thousands of sentences."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf, isinf

import numpy as np
from numpy.typing import NDArray

from prompt2sign.metrics.alignment import fill_by_rows
from prompt2sign.metrics.baselines import nearest_neighbours
from prompt2sign.metrics.bootstrap import interval
from prompt2sign.metrics.dtw import dtw_many, dtw_mje, dtw_published
from prompt2sign.metrics.text import text_measures

from .motions import motions
from .table import Row, at_least, at_most, cpu_seconds, ratio_at_most

Array = NDArray[np.float64]
#: Two clips of `shared/data/skels` are as long as that.
_LENGTHS = (168, 126)
_N_PAIRS = 64
_N_TRAINING, _N_TEXTS = 30_000, 2_000
_LETTERS = np.array(list("eeeeeennnniiiissssrrraaatttdddhhhuullccggmmoobbwwffkkzzpvjyxq"))


def rows() -> list[Row]:
    """Motion, then text."""
    return [*_dtw_rows(), *_text_rows()]


def _dtw_rows() -> list[Row]:
    reference, hypothesis = (_clip(n, seed) for seed, n in enumerate(_LENGTHS))
    flat = [np.ascontiguousarray(xyz.reshape(len(xyz), -1), np.float64) for xyz in (reference, hypothesis)]
    dtw_mje(reference, hypothesis)  # the first call compiles
    loop = 1e3 * cpu_seconds(lambda: _original(flat[0], flat[1]), 3)
    wanted = _original(flat[0], flat[1]) / len(reference)
    off = abs(dtw_published(reference, hypothesis) / wanted - 1)
    clips = [_clip(int(n), seed) for seed, n in enumerate(np.linspace(60, 240, _N_PAIRS))]

    def ms(action: Callable[[], object]) -> float:
        return 1e3 * cpu_seconds(action, 9)

    def pairs_a_second(kind: str) -> float:
        return _N_PAIRS / cpu_seconds(lambda: dtw_many(clips, clips[::-1], kind), 3)  # type: ignore[arg-type]

    base = ("the original's loop", loop)
    pairs = f"{_LENGTHS[0]} x {_LENGTHS[1]} frames"
    return [
        Row(
            f"published DTW, {pairs}",
            ms(lambda: dtw_published(reference, hypothesis)),
            *base,
            "ms",
            ratio_at_most(0.01),
        ),
        Row("published DTW, off the loop's", off, "", None, "of it", at_most(1e-6)),
        Row(f"published DTW without numba, {pairs}", ms(lambda: fill_by_rows(flat[0], flat[1], True)), *base, "ms"),
        Row(f"DTW-MJE and its parts, {pairs}", ms(lambda: dtw_mje(reference, hypothesis)), *base, "ms"),
        Row("published DTW, 60 to 240 frames", pairs_a_second("published"), "", None, "pairs/s", at_least(500)),
        Row("DTW-MJE, 60 to 240 frames", pairs_a_second("mje"), "", None, "pairs/s", at_least(300)),
    ]


def _original(first: Array, second: Array, warp: int = 1, window: float = inf, slope: float = 1.0) -> float:
    """The work of the original's DTW as it does it: a NumPy call and a Python minimum for every pair of frames."""
    n, m = len(first), len(second)
    table = np.full((n + 1, m + 1), inf)
    table[0, 0] = 0.0
    costs = table[1:, 1:]
    for i in range(n):
        for j in range(m):
            if isinf(window) or max(0, i - window) <= j <= min(m, i + window):
                costs[i, j] = np.sum(np.abs(first[i] - second[j]))
    for i in range(n):
        for j in range(m):
            ways = [table[i, j]]
            for k in range(1, warp + 1):
                ways += [table[min(i + k, n), j] * slope, table[i, min(j + k, m)] * slope]
            costs[i, j] += min(ways)
    return float(costs[-1, -1])


def _clip(n_frames: int, seed: int) -> NDArray[np.float32]:
    """A clip of that length, from the motion at hand played on and on from some place, in shoulder widths."""
    long = np.concatenate(motions())
    places = (np.arange(n_frames) + 97 * seed) % len(long)
    return np.asarray(3 * long[places])


def _text_rows() -> list[Row]:
    random = np.random.default_rng(0)
    vocabulary = ["".join(random.choice(_LETTERS, n)) for n in random.integers(2, 10, 5_000)]
    training, wanted, given = (_sentences(vocabulary, random, n) for n in (_N_TRAINING, _N_TEXTS, _N_TEXTS))
    measures = text_measures(wanted, given)

    def draw_all() -> None:
        for one in measures:
            interval(one)

    near = cpu_seconds(partial(nearest_neighbours, training, wanted))
    thousands = f"{_N_TEXTS:,} sentences"
    return [
        Row(f"nearest neighbours of {thousands} in {_N_TRAINING:,}", near, "", None, "s"),
        Row(
            f"BLEU, chrF, ROUGE-L, WER of {thousands}",
            cpu_seconds(partial(text_measures, wanted, given)),
            "",
            None,
            "s",
        ),
        Row("their intervals, 1,000 draws", cpu_seconds(draw_all), "", None, "s"),
    ]


def _sentences(vocabulary: list[str], random: np.random.Generator, n: int) -> list[str]:
    """Sentences of 4 to 19 words, frequent ones first, as Zipf has it."""
    ranks = np.minimum(random.zipf(1.3, (n, 20)), len(vocabulary)) - 1
    lengths = random.integers(4, 20, n)
    return [" ".join(vocabulary[k] for k in row[:length]) for row, length in zip(ranks, lengths, strict=True)]
