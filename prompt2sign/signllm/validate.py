"""How well a model signs clips it was not trained on, while it is trained: what picks the best checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..loaders.cache import MotionCache
from ..metrics.dtw import dtw_many
from ..metrics.movement import total_distance
from .corpus import clip_of, request_of
from .model import Answer, Request, SignModel
from .options import TrainOptions

#: Requests answered at once.
_AT_ONCE = 32


def validate(model: SignModel, cache: MotionCache, rows: NDArray[np.int64], options: TrainOptions) -> dict[str, float]:
    """Sign the clips honestly (from a rest pose, own length) and compare.

    Returns:
        `dtw_mje` (shoulder widths, lower is better), `distance_ratio` and `duration_ratio` (1 is right), and for
        Prompt2LangGloss `language_right`, the share of prompts whose language was found.
    """
    references = [cache.motion(row) for row in rows]
    answers = answer_all(model, [request_of(clip_of(cache, row), options) for row in rows])
    motions = [answer.motion for answer in answers]
    scores = {
        "dtw_mje": float(np.mean(dtw_many(references, motions))),
        "distance_ratio": total_distance(references, motions),
        "duration_ratio": float(np.mean([len(m) / len(r) for r, m in zip(references, motions, strict=True)])),
    }
    if options.model.mode == "prompt2langgloss":
        langs = cache.column("lang")
        scores["language_right"] = float(np.mean([a.language == langs[r] for a, r in zip(answers, rows, strict=True)]))
    return scores


def answer_all(model: SignModel, requests: Sequence[Request], max_frames: int | None = None) -> list[Answer]:
    """Answers in the order of the requests; languages apart, texts of like length together."""
    answers: dict[int, Answer] = {}
    for places in _like(requests):
        said = model.answer([requests[place] for place in places], max_frames)
        answers.update(zip(places, said, strict=True))
    return [answers[place] for place in range(len(requests))]


def choose(rows: NDArray[np.int64], n: int, seed: int) -> NDArray[np.int64]:
    """The same n of the rows at each call, in order."""
    if len(rows) <= n:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, n, replace=False))


def _like(requests: Sequence[Request]) -> Iterator[list[int]]:
    order = sorted(range(len(requests)), key=lambda i: (requests[i].language, len(requests[i].text), i))
    start = 0
    while start < len(order):
        language = requests[order[start]].language
        same = [i for i in order[start : start + _AT_ONCE] if requests[i].language == language]
        yield same
        start += len(same)
