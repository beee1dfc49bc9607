"""Run one stage over a manifest: find what is stale, do it, keep the receipts."""

from __future__ import annotations

import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import compress

from ..errors import RunError
from ..records import Clip, Receipt
from .engine import run_tasks
from .execute import Task
from .ledger import Ledger
from .progress import Progress, duration
from .stage import Stage, fingerprint, is_valid, needs_before
from .work import WorkFolder

#: Failures that may not happen again; everything else gives the same answer for the same input.
_WORTH_ANOTHER_TRY = {"unexpected", "worker-died", "out-of-memory", "bad-file"}


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
    *,
    n_jobs: int,
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
    n_jobs = n_jobs if stage.parallel else 0
    receipts = run_tasks(_tasks(stage, ledger, work, stale), n_jobs)
    progress.begin(stage, summary.todo, _cost(stage, ledger, summary.todo, n_frames, n_jobs))
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


def _cost(stage: Stage, ledger: Ledger, n_clips: int, n_frames: int, n_jobs: int) -> str:
    """What a stage will take: clips, frames and time where they can be known, by the rate last seen here."""
    if not n_frames:
        return f"{n_clips:,} clips"
    rate_ms = ledger.get_meta(_rate_key(stage)) or stage.milliseconds_a_frame
    seconds = n_frames * rate_ms / 1000 / max(1, n_jobs)
    processes = f" with {n_jobs} processes" if n_jobs > 1 else ""
    return f"{n_clips:,} clips, {n_frames:,} frames, about {duration(seconds)}{processes}"


def _rate_key(stage: Stage) -> str:
    return f"milliseconds_a_frame:{stage.name}"


def _stale(stage: Stage, ledger: Ledger, work: WorkFolder, force: bool, strict: bool) -> tuple[array.array[int], int]:
    """One flag for each clip the stage has to do with: 1 where there is work; and the frames that is, where known."""
    flags, n_frames = array.array("b"), 0
    for clip, before in _candidates(stage, ledger):
        receipt = ledger.receipt(stage.name, clip.clip_id)
        again = receipt is not None and (
            receipt.reason in _WORTH_ANOTHER_TRY or (strict and receipt.status == "failed")
        )
        stale = force or again or not is_valid(receipt, stage, clip, before, work)
        flags.append(stale)
        n_frames += before.values.get("n_frames", 0) if stale and before else 0
    return flags, n_frames


def _candidates(stage: Stage, ledger: Ledger) -> Iterator[tuple[Clip, Receipt | None]]:
    """Clips the stage applies to, with the receipt of the stage before; without those that failed there."""
    for clip in ledger.clips():
        if not stage.applies(clip):
            continue
        before = ledger.receipt(stage.after, clip.clip_id) if needs_before(stage, clip) else None
        if before is None and needs_before(stage, clip):
            continue
        if before is None or before.status == "done":
            yield clip, before


def _tasks(stage: Stage, ledger: Ledger, work: WorkFolder, stale: array.array[int]) -> Iterator[Task]:
    for clip, before in compress(_candidates(stage, ledger), stale):
        yield Task(
            stage=stage,
            clip=clip,
            source=work.absolute(before.output) if before else None,
            output=work.output(stage.folder, clip.clip_id, stage.suffix),
            root=work.root,
            fingerprint=fingerprint(stage, clip, before),
        )
