"""Motions beside the truth: all measures of one system, over all clips or over some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..loaders.cache import MotionCache
from ..metrics.frechet import frechet
from ..metrics.measure import Measure, mean_of, ratio
from ..metrics.motion import motion_measures
from ..metrics.report import Score, score
from ..metrics.text import text_measures
from .back_translation import BackTranslator
from .systems import Motions, System

LANGUAGE_RIGHT = "language right"


@dataclass(frozen=True)
class Trial:
    """One system on some clips.

    Attributes:
        motions: What it signs.
        references: The truth.
        langs: Sign languages of the clips.
        texts: What is to be read, normalised as the back-translation writes.
        read: What the back-translation read.
        moved: Measures of the motion, and whether the language was found where the system had to find it.
        fps: Frames per second.
    """

    motions: Motions
    references: Motions
    langs: Sequence[str]
    texts: Sequence[str]
    read: Sequence[str]
    moved: Sequence[Measure]
    fps: float

    @cached_property
    def told(self) -> list[Measure]:
        """Measures of what was read."""
        return text_measures(self.texts, self.read, self.langs[0] if len(set(self.langs)) == 1 else None)

    @cached_property
    def scores(self) -> list[Score]:
        """Every measure with its interval; the Frechet distance, which no sums give, has none."""
        apart = Score("Frechet", frechet(self.references, self.motions, self.fps), np.nan, np.nan, "", "lower")
        return [*map(score, (*self.moved, *self.told)), apart]

    @property
    def errors(self) -> NDArray[np.float64]:
        """(N,) DTW-MJE of each clip, shoulder widths."""
        return ratio(next(measure for measure in self.moved if measure.name == "DTW-MJE").sums)

    def only(self, language: str) -> Trial:
        """The clips of one language, text measured by its own rules."""
        places = [place for place, lang in enumerate(self.langs) if lang == language]
        moved = [replace(measure, sums=measure.sums[places]) for measure in self.moved]
        motions, references = ([clips[place] for place in places] for clips in (self.motions, self.references))
        texts, read = ([words[place] for place in places] for words in (self.texts, self.read))
        return Trial(motions, references, [language] * len(places), texts, read, moved, self.fps)


def try_system(clips: MotionCache, rows: NDArray[np.int64], system: System, judge: BackTranslator) -> Trial:
    """Measure a system's motions, one for each row."""
    references = [clips.motion(row) for row in rows]
    langs, texts = ([clips.column(name)[row] for row in rows] for name in ("lang", "text"))
    moved = motion_measures(references, system.motions)
    if system.languages is not None:
        right = [100.0 * (found == lang) for found, lang in zip(system.languages, langs, strict=True)]
        moved.append(mean_of(LANGUAGE_RIGHT, "%", "higher", right))
    wanted = [judge.text_vocabulary.normalise(text) for text in texts]
    read = judge.translate(system.motions, langs)
    return Trial(system.motions, references, langs, wanted, read, moved, clips.fps)


def score_motions(
    clips: MotionCache, rows: NDArray[np.int64], motions: Motions, judge: BackTranslator
) -> tuple[list[Score], list[Measure]]:
    """Scores of motions, and the measures of text, which carry signatures."""
    trial = try_system(clips, rows, System(motions), judge)
    return trial.scores, trial.told
