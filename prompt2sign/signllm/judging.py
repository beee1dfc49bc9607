"""Who reads the motion: finding or training the back-translation of an evaluation, and doubting it where one must."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..loaders.cache import MotionCache
from ..loaders.resample import is_same_rate
from ..metrics.bootstrap import compare
from ..metrics.report import GROUND_TRUTH, MEAN_POSE, NEAREST_NEIGHBOUR, counted
from .back_translation import (
    BackTranslationOptions,
    BackTranslator,
    Signed,
    fingerprint_clips,
    train_back_translator,
)
from .scoring import Trial

#: In these the truth must beat the baselines, or text scores mean nothing; sentences of any length have them.
TELLING = ("BLEU-1", "chrF")
_SEED = 27


def find_judge(
    clips: MotionCache,
    train: NDArray[np.int64],
    known: Sequence[str],
    out: Path,
    given: Path | None,
    options: BackTranslationOptions | None,
    say: Callable[[str], None],
) -> tuple[BackTranslator, list[str]]:
    """The back-translation that was given, or that an evaluation left in `out`; else one trained and left there.

    It learns from recorded clips of the releases alone, never from what a model made.

    Args:
        clips: All clips.
        train: Rows to learn from.
        known: Languages to read.
        out: Folder of the evaluation.
        given: Folder of a back-translation trained before.
        options: How it is to be trained; where None, the defaults, and one that is there may have any.
        say: Told what is going on.

    Returns:
        The judge, and in words what is doubtful about it.

    Raises:
        UsageError: The one that is there reads another frame rate or not all languages, or was trained with other
            options; or none was where one was given.
        FormatError: It is damaged.
    """
    folder, recorded = given or out / "back-translation", signed(clips, train)
    if given is None and not folder.is_dir():
        say(f"training the back-translation on the ground truth of {counted(len(train), 'clip')}; kept in {folder}")
        judge = train_back_translator(
            recorded, _dev(clips, known), options or BackTranslationOptions(), seed=_SEED, fps=clips.fps, report=say
        )
        judge.save(folder)
        return judge, []
    say(f"back-translation by {folder}")
    judge = BackTranslator.load(folder)
    _check(judge, folder, clips.fps, known, options)
    if judge.trained_on == fingerprint_clips(recorded):
        return judge, []
    return judge, [
        f"the back-translation in {folder} was trained on other clips than the training clips of these releases; "
        "it may read them badly, or know those it is to read by heart"
    ]


def signed(clips: MotionCache, rows: NDArray[np.int64]) -> list[Signed]:
    """Ground truth for the back-translation."""
    names = ("text", "gloss", "lang")
    return [Signed(clips.motion(row), *(clips.column(name)[row] for name in names)) for row in rows]


def reads_nothing(trials: Mapping[str, Trial]) -> str | None:
    """Why no text score means anything, if so: even the truth is not read clearly better than what is no answer.

    Clearly is: at both of `TELLING`, the interval of 95 % of the paired difference lies above 0. One clip is never
    enough.
    """
    if not _clearly_better(trials[GROUND_TRUTH], trials[MEAN_POSE]):
        return (
            "the back-translation reads nothing, even from ground truth: text scores mean nothing here; train it "
            "longer or on more clips"
        )
    if not _clearly_better(trials[GROUND_TRUTH], trials[NEAREST_NEIGHBOUR]):
        return (
            f"the back-translation reads no more from ground truth than from the {NEAREST_NEIGHBOUR}: text scores "
            "mean nothing here; train it longer or on more clips, or score on sentences that training does not hold"
        )
    return None


def _clearly_better(truth: Trial, baseline: Trial) -> bool:
    pairs = [(one, other) for one, other in zip(truth.told, baseline.told, strict=True) if one.name in TELLING]
    return all(compare(one, other).low > 0 for one, other in pairs)


def _dev(clips: MotionCache, known: Sequence[str]) -> list[Signed]:
    """The dev clips of those languages that have any: they decide when to stop."""
    langs = np.array(clips.column("lang"))
    dev = np.flatnonzero((np.array(clips.column("split")) == "dev") & np.isin(langs, known))
    return signed(clips, dev)


def _check(
    judge: BackTranslator, folder: Path, fps: float, known: Sequence[str], options: BackTranslationOptions | None
) -> None:
    for language in known:
        judge.start_of(language)
    if judge.fps is not None and not is_same_rate(judge.fps, fps):
        raise UsageError(
            f"{folder}: this back-translation reads motion of {judge.fps:g} frames a second, the model makes {fps:g}; "
            "train another one"
        )
    then, now = judge.options.model_dump(), (options or judge.options).model_dump()
    if changed := [f"{name} {then[name]}, not {now[name]}" for name in now if now[name] != then[name]]:
        raise UsageError(
            f"{folder}: this back-translation was trained with {', '.join(changed)}; leave the option out to use it, "
            "or take another folder to train one"
        )
