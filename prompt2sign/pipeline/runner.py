"""Run one stage over a manifest: find what is stale, do it, keep the receipts."""

from __future__ import annotations

import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path

from ..errors import RunError
from ..records import Clip, Receipt
from .engine import Workers, run_here
from .execute import Task
from .ledger import Ledger
from .progress import Progress, duration
from .stage import BESIDE, Stage, fingerprint, is_valid, needs_before
from .work import WorkFolder

#: Failures that may not happen again; everything else gives the same answer for the same input.
_WORTH_ANOTHER_TRY = {
    "unexpected",
    "worker-died",
    "out-of-memory",
    "bad-file",
    "estimator-died",
    "estimator-stuck",
    "gpu-out-of-memory",
}
#: A worker process takes half a second to start. The bound keeps clips that need much memory out of this process, too.
_LONG_S = 1.0


@dataclass
class StageSummary:
    """What a stage did in one run.

    Attributes:
        stage: Its name.
        todo: Clips that had no valid receipt.
        kept: Clips whose receipt was still valid.
        seconds: Sum of the clips' own times, all processes together.
        n_frames: Frames it worked on.
        n_bytes: Bytes it wrote.
        reasons: Clips not done in this run, by reason.
    """

    stage: str
    todo: int = 0
    kept: int = 0
    seconds: float = 0.0
    n_frames: int = 0
    n_bytes: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, receipt: Receipt) -> None:
        """Count one receipt."""
        self.seconds += receipt.seconds
        self.n_frames += receipt.values.get("n_frames", 0)
        self.n_bytes += receipt.output_bytes
        if receipt.status != "done":
            self.reasons[receipt.reason] += 1


def run_stage(
    stage: Stage,
    ledger: Ledger,
    work: WorkFolder,
    progress: Progress,
    workers: Workers,
    *,
    strict: bool = False,
    force: bool = False,
) -> StageSummary:
    """Bring every clip's receipt of one stage up to date.

    Raises:
        RunError: The disk is full, or `strict` and a clip failed.
    """
    stale, n_frames = _stale(stage, ledger, work, force, strict)
    summary = StageSummary(stage.name, todo=sum(stale), kept=len(stale) - sum(stale))
    if not summary.todo:
        return summary
    seconds = n_frames * (ledger.get_meta(_rate_key(stage)) or stage.milliseconds_a_frame) / 1000
    tasks = _tasks(stage, ledger, work, stale)
    n_jobs = 0 if _stays_here(stage, seconds) else min(workers.n_jobs, most_workers(stage) or workers.n_jobs)
    receipts = workers.run(tasks, n_jobs) if n_jobs else run_here(tasks)
    progress.begin(stage, summary.todo, _cost(summary.todo, n_frames, seconds, n_jobs))
    try:
        for receipt in receipts:
            ledger.write(receipt)
            if receipt.reason == "bad-file" and stage.after:
                ledger.forget(stage.after, receipt.clip_id)
            summary.add(receipt)
            progress.advance(receipt)
            if strict and receipt.status == "failed":
                raise RunError(f"--strict: {receipt.message}")
    finally:
        receipts.close()
        progress.end(summary.seconds)
    if summary.n_frames:
        ledger.set_meta(_rate_key(stage), 1000 * summary.seconds / summary.n_frames)
    return summary


def _stays_here(stage: Stage, seconds: float) -> bool:
    """Is the stage light enough for this process? `seconds` is what it will take by the rate last seen here."""
    return stage.workers == "never" or (stage.workers == "if long" and seconds < _LONG_S)


def most_workers(stage: Stage) -> int | None:
    """How many processes a stage can use, None for any number; few stages have a limit to tell."""
    limit: int | None = getattr(stage, "most_workers", lambda: None)()
    return limit


def _cost(n_clips: int, n_frames: int, seconds: float, n_jobs: int) -> str:
    """What a stage will take: clips, and frames and time where they can be known."""
    if not n_frames:
        return f"{n_clips:,} clips"
    processes = f" with {n_jobs} processes" if n_jobs > 1 else ""
    return f"{n_clips:,} clips, {n_frames:,} frames, about {duration(seconds / max(1, n_jobs))}{processes}"


def _rate_key(stage: Stage) -> str:
    return f"milliseconds_a_frame:{stage.name}"


def _stale(stage: Stage, ledger: Ledger, work: WorkFolder, force: bool, strict: bool) -> tuple[array.array[int], int]:
    """One flag for each clip the stage has to do with: 1 where there is work; and the frames that is, where known."""
    flags, n_frames = array.array("b"), 0
    for clip, before, expected in _candidates(stage, ledger):
        receipt = ledger.receipt(stage.name, clip.clip_id)
        again = receipt is not None and (
            receipt.reason in _WORTH_ANOTHER_TRY or (strict and receipt.status == "failed")
        )
        stale = force or again or not is_valid(receipt, expected, work)
        flags.append(stale)
        n_frames += before.values.get("n_frames", 0) if stale and before else 0
    return flags, n_frames


def _candidates(stage: Stage, ledger: Ledger) -> Iterator[tuple[Clip, Receipt | None, str]]:
    """Clips the stage applies to, with the receipt of the stage before and the fingerprint their own should have.

    Without those that failed at the stage before.
    """
    for clip, state in ledger.clips_and_states():
        if not stage.applies(clip):
            continue
        before = ledger.receipt(stage.after, clip.clip_id) if needs_before(stage, clip) else None
        if before is None and needs_before(stage, clip):
            continue
        if before is None or before.status == "done":
            yield clip, before, fingerprint(stage, clip, state, before)


def _tasks(stage: Stage, ledger: Ledger, work: WorkFolder, stale: array.array[int]) -> Iterator[Task]:
    for clip, before, expected in compress(_candidates(stage, ledger), stale):
        yield Task(
            stage=stage,
            clip=clip,
            source=work.absolute(before.output) if before else None,
            output=work.output(stage.folder, clip.clip_id, stage.suffix),
            root=work.root,
            fingerprint=expected,
            beside=_beside(stage, clip, ledger, work),
        )


def _beside(stage: Stage, clip: Clip, ledger: Ledger, work: WorkFolder) -> Path | None:
    receipt = ledger.receipt(BESIDE[stage.name], clip.clip_id) if stage.name in BESIDE else None
    return work.absolute(receipt.output) if receipt and receipt.output else None
