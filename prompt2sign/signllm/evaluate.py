"""A model held against what cannot be argued with: a still pose, the nearest sentence's motion, and the truth itself.

Every system's motion is scored against the references, and read back to text by a translator that was trained on
ground truth alone (back_translation.py). The row *ground truth* is that translator's ceiling: where it does not stand
out, text is left out of what is said of the model.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..formats.atomic import atomic_path
from ..loaders.cache import MotionCache, open_cache
from ..loaders.resample import is_same_rate
from ..metrics.report import Table, counted, warnings
from ..metrics.text import TEXT_MEASURES
from .back_translation import BackTranslationOptions, BackTranslator
from .distributed import choose_device
from .evaluation import Evaluation, by_language, clip_lines, table_of
from .judging import find_judge, reads_nothing, signed
from .saved import Saved, load
from .scoring import LANGUAGE_RIGHT, Trial, score_motions, try_system
from .systems import MODEL, ORACLE, all_systems, baseline_motions, model_motions
from .validate import choose

__all__ = ["MODEL", "ORACLE", "Evaluation", "baseline_motions", "evaluate", "model_motions", "score_motions", "signed"]

Rows = NDArray[np.int64]
Say = Callable[[str], None]

#: With fewer clips a corpus BLEU is chance.
ENOUGH_CLIPS = 100
_COMPARE = "scores read by another one cannot be compared with these"


def evaluate(
    run: Path,
    releases: Sequence[Path],
    out: Path,
    *,
    split: str = "test",
    oracle: bool = False,
    limit: int | None = None,
    translator: Path | None = None,
    translation: BackTranslationOptions | None = None,
    cache: Path | None = None,
    device: str | None = None,
    say: Say = print,
) -> Evaluation:
    """Score a model on a split of releases.

    Args:
        run: Run or checkpoint.
        releases: Releases with the training clips the baselines need, and the split.
        out: Folder for `evaluation.json`, `evaluation.md`, `clips.jsonl` (a line a clip, the worst first) and, unless
            `translator` is given, the back-translation.
        split: What to score on.
        oracle: Add the row of the published, leaky decoding.
        limit: Score on at most so many clips, the same each time.
        translator: A back-translation trained before; else the one in `out`, or one is trained on these releases'
            training clips, and kept in `out`.
        translation: Options of that training; one that is there must have been trained with them.
        cache: Where motion is decoded to; `motion-cache` beside `out` where None.
        device: `cpu` or `cuda`; the GPU where there is one.
        say: Told what is going on.

    Raises:
        UsageError: The model knows none of the languages, the split is empty, or the back-translation does not fit.
        FormatError: A file is damaged.
    """
    saved = load(run, device=choose_device(device))
    clips = _open(releases, cache or out.parent / "motion-cache", saved)
    known = [language for language in saved.model.languages if language in set(clips.column("lang"))]
    if not known:
        raise UsageError(f"the model signs {', '.join(saved.model.languages)}; the releases hold none of these")
    train, rows = clips.rows("train", known), clips.rows(split, known)
    rows = choose(rows, limit, saved.options.run.seed) if limit else rows
    judge, doubts = find_judge(clips, train, known, out, translator, translation, say)
    say(f"signing {counted(len(rows), 'clip')}")
    systems = all_systems(saved.model, saved.options, clips, train, rows, oracle)
    trials = {name: try_system(clips, rows, system, judge) for name, system in systems.items()}
    table = table_of(_title(saved, split, rows), trials)
    warned = [*_small(rows), *doubts, *_found(table, trials)]
    paths = [out / name for name in ("evaluation.json", "evaluation.md", "clips.jsonl")]
    notes = [*_notes(saved, clips, split, table), f"back-translation {judge.fingerprint[:12]}; {_COMPARE}"]
    found = Evaluation(table, by_language(trials), warned, notes, _described(judge), paths)
    lines = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in clip_lines(clips, rows, trials))
    for path, text in zip(paths, (found.to_json(), found.to_markdown(), lines), strict=True):
        with atomic_path(path) as partial:
            partial.write_text(text, encoding="utf-8")
    return found


def _open(releases: Sequence[Path], folder: Path, saved: Saved) -> MotionCache:
    """The clips at the model's rate; asked for as its training did, so that both share a cache where they can."""
    data = saved.options.data
    if data.fps is None:
        with suppress(UsageError):  # of several rates; what else may be wrong the last line tells again
            clips = open_cache(releases, folder, min_frames=data.min_frames, max_frames=data.max_frames)
            if is_same_rate(clips.fps, saved.fps):
                return clips
    return open_cache(releases, folder, fps=saved.fps, min_frames=data.min_frames, max_frames=data.max_frames)


def _found(table: Table, trials: Mapping[str, Trial]) -> list[str]:
    unread = reads_nothing(trials)
    return [*([unread] if unread else []), *warnings(table, MODEL, leave_out=TEXT_MEASURES if unread else ())]


def _notes(saved: Saved, clips: MotionCache, split: str, table: Table) -> list[str]:
    seen = {
        "train": "these are training clips: model and back-translation have seen them; nearest neighbour, which may "
        "not take the clip itself, has seen all others",
        "dev": "dev clips chose the checkpoint, and may have ended the back-translation's training: scores on them "
        "are a little too good",
    }
    notes = [seen[split]] if split in seen else []
    if right := table.find(MODEL, LANGUAGE_RIGHT):
        notes.append(f"the model found the language of {right.value:.1f} % of the prompts")
    if clips.fingerprint not in saved.config["data"]:
        notes.append(
            "these releases, taken together, are not what the model was trained on; the baselines learn from their "
            "training clips, the model did not or from others too"
        )
    if saved.options.text.source == "gloss" and saved.options.model.mode == "mlsf":
        notes.append("the model was given the gloss of each clip, not its text (text.source: gloss)")
    return notes


def _title(saved: Saved, split: str, rows: Rows) -> str:
    options = saved.options.model
    return (
        f"{saved.name} ({options.mode}, {options.decoder}, {options.size}) on {counted(len(rows), 'clip')} of {split}"
    )


def _small(rows: Rows) -> list[str]:
    if len(rows) >= ENOUGH_CLIPS:
        return []
    return [f"a smoke test: on {counted(len(rows), 'clip')} neither BLEU nor its intervals mean anything"]


def _described(judge: BackTranslator) -> dict[str, Any]:
    return {
        "fingerprint": judge.fingerprint,
        "trained_on": judge.trained_on,
        "fps": judge.fps,
        "options": judge.options.model_dump(mode="json"),
    }
