"""What is compared: the model, what it has to beat, and the truth; each a motion for every clip.

The model is given what a user would give it and nothing else; where a motion that never ends is cut follows from its
own training clips. The baselines are made of training clips of the same language alone. Where the choice is not
obvious it favours them: the still pose is held for as long as the truth lasts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..loaders.cache import MotionCache
from ..metrics.baselines import held_still, mean_pose, nearest_neighbours
from ..metrics.report import GROUND_TRUTH, MEAN_POSE, NEAREST_NEIGHBOUR
from .corpus import clip_of, request_of
from .model import Answer, Request, SignModel
from .options import TrainOptions
from .validate import answer_all

Motions = Sequence[NDArray[np.float32]]
Rows = NDArray[np.int64]

#: The row of the model, and of the same model told the truth's first frame and length, as published results are.
MODEL, ORACLE = "model", "model, oracle timing (leaky)"


@dataclass(frozen=True)
class System:
    """One way to sign the clips.

    Attributes:
        motions: One for each clip.
        languages: The sign language it chose for each clip; None where it was told.
    """

    motions: Motions
    languages: Sequence[str] | None = None


def all_systems(
    model: SignModel, options: TrainOptions, clips: MotionCache, train: Rows, rows: Rows, oracle: bool
) -> dict[str, System]:
    """The rows of a table: the model, with `oracle` its leaky decoding too, the baselines, the truth."""
    systems = {MODEL: _answered(model_answers(model, clips, rows, options), options)}
    if oracle:
        systems[ORACLE] = _answered(model_answers(model, clips, rows, options, oracle=True), options)
    return systems | {name: System(motions) for name, motions in baseline_motions(clips, train, rows).items()}


def model_motions(
    model: SignModel, clips: MotionCache, rows: Rows, options: TrainOptions, oracle: bool = False
) -> list[NDArray[np.float32]]:
    """The motions of `model_answers`."""
    return [answer.motion for answer in model_answers(model, clips, rows, options, oracle)]


def model_answers(
    model: SignModel, clips: MotionCache, rows: Rows, options: TrainOptions, oracle: bool = False
) -> list[Answer]:
    """What a model signs for each row; `oracle` tells it the truth's first frame and length."""
    requests = [request_of(clip_of(clips, row), options) for row in rows]
    if oracle:
        references = [clips.motion(row) for row in rows]
        requests = [
            Request(request.text, request.language, reference[0], len(reference))
            for request, reference in zip(requests, references, strict=True)
        ]
    return answer_all(model, requests)


def baseline_motions(clips: MotionCache, train: Rows, rows: Rows) -> dict[str, Motions]:
    """The motions of the baselines, each language from its own training clips, and the truth.

    The nearest neighbour of a training clip is another one.

    Raises:
        UsageError: A language has no training clip, or no other one.
    """
    langs = np.array(clips.column("lang"))
    still: dict[int, NDArray[np.float32]] = {}
    nearest: dict[int, NDArray[np.float32]] = {}
    for language in dict.fromkeys(langs[rows]):
        own, wanted = train[langs[train] == language], rows[langs[rows] == language]
        if not len(own) or (len(own) == 1 and own[0] in wanted):
            raise UsageError(f"{language}: no training clip to make the baselines of, beside the clip to be signed")
        pose = mean_pose(clips.motion(row) for row in own)
        still |= {int(row): held_still(pose, int(clips.lengths[row])) for row in wanted}
        nearest |= {row: clips.motion(other) for row, other in _neighbours(clips, own, wanted).items()}
    return {
        MEAN_POSE: [still[int(row)] for row in rows],
        NEAREST_NEIGHBOUR: [nearest[int(row)] for row in rows],
        GROUND_TRUTH: [clips.motion(row) for row in rows],
    }


def _neighbours(clips: MotionCache, train: Rows, rows: Rows) -> Mapping[int, int]:
    """For each row the training row whose text is nearest, never itself."""
    texts, place = clips.column("text"), {int(row): i for i, row in enumerate(train)}
    itself = [place.get(int(row)) for row in rows]
    found = nearest_neighbours([texts[row] for row in train], [texts[row] for row in rows], itself)
    return {int(row): int(train[i]) for row, i in zip(rows, found.positions, strict=True)}


def _answered(answers: Sequence[Answer], options: TrainOptions) -> System:
    finds = options.model.mode == "prompt2langgloss"
    return System([answer.motion for answer in answers], [answer.language for answer in answers] if finds else None)
