"""What an evaluation leaves behind: its tables, what was said of them, and a line for every clip."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..loaders.cache import MotionCache
from ..metrics.frechet import MIN_CLIPS, MIN_WINDOWS
from ..metrics.movement import LEAST_SHARE
from ..metrics.report import Table, counted
from .scoring import Trial
from .systems import MODEL


@dataclass(frozen=True)
class Evaluation:
    """What came out.

    Attributes:
        table: Systems in rows.
        languages: The same for each language, where there are several.
        warnings: In words, what the scores cannot bear, and where the model does not beat the baselines.
        notes: In words, how it was done.
        judge: The back-translation: its fingerprint, `trained_on`, frame rate and options.
        files: What was written.
    """

    table: Table
    languages: Mapping[str, Table]
    warnings: Sequence[str]
    notes: Sequence[str]
    judge: Mapping[str, Any]
    files: Sequence[Path]

    def to_json(self) -> str:
        """For a program: the content of `evaluation.json`."""
        document = self.table.document()
        document["notes"] = [*self.notes, *document["notes"]]
        document["warnings"] = list(self.warnings)
        document["back_translation"] = dict(self.judge)
        document["languages"] = {language: table.document() for language, table in self.languages.items()}
        return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2) + "\n"

    def to_markdown(self) -> str:
        """For a reader: the content of `evaluation.md`."""
        warned = "".join(f"\n- {sentence}" for sentence in self.warnings)
        noted = "".join(f"\n- {sentence}" for sentence in self.notes)
        parts = [self.table.to_markdown(), f"Warnings:\n{warned}\n" if warned else "", f"Notes:\n{noted}\n"]
        return "\n".join(filter(None, (*parts, *map(self._of_language, self.languages.values()))))

    def _of_language(self, table: Table) -> str:
        """With the signatures and notes that are not those of the whole."""
        signatures = {name: sign for name, sign in table.signatures.items() if self.table.signatures.get(name) != sign}
        notes = [note for note in table.notes if note not in self.table.notes]
        return replace(table, signatures=signatures, notes=notes).to_markdown()


def table_of(title: str, trials: Mapping[str, Trial]) -> Table:
    """Systems in rows; where the model has a dash, why."""
    signatures = {measure.name: measure.signature for measure in trials[MODEL].told}
    rows = {name: trial.scores for name, trial in trials.items()}
    empty = {one.name for one in rows[MODEL] if np.isnan(one.value)}
    reasons = {
        "Frechet": f"it needs {MIN_CLIPS} clips and {MIN_WINDOWS} windows of half a second on either side",
        "body speed": f"speed and jitter need {LEAST_SHARE:.0%} of the truth's frames, and a truth that moves",
    }
    return Table(
        title, rows, [f"{name} has no value (–): {why}" for name, why in reasons.items() if name in empty], signatures
    )


def by_language(trials: Mapping[str, Trial]) -> dict[str, Table]:
    """A table for each language; none where there is but one."""
    langs = trials[MODEL].langs
    if len(set(langs)) == 1:
        return {}
    return {
        language: table_of(
            f"{language}: {counted(langs.count(language), 'clip')}",
            {name: trial.only(language) for name, trial in trials.items()},
        )
        for language in sorted(set(langs))
    }


def clip_lines(clips: MotionCache, rows: NDArray[np.int64], trials: Mapping[str, Trial]) -> Iterator[dict[str, Any]]:
    """What each system made of each clip, where the model is worst first."""
    errors = {name: trial.errors for name, trial in trials.items()}
    for place in np.argsort(-errors[MODEL], kind="stable"):
        row = rows[place]
        yield {
            **{name: clips.column(name)[row] for name in ("clip_id", "lang", "text")},
            "n_frames": int(clips.lengths[row]),
            "systems": {
                name: {
                    "read": trial.read[place],
                    "dtw_mje": float(errors[name][place]),
                    "n_frames": len(trial.motions[place]),
                }
                for name, trial in trials.items()
            },
        }
