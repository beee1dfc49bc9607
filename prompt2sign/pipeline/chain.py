"""Follow one clip through its stages: is it ready for the release, or where and why did it end?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..options import KeepOptions
from ..records import Clip, Receipt
from .keep import refusal
from .ledger import Ledger
from .stage import OPTIONAL, Stage, fingerprint, is_valid, needs_before
from .work import WorkFolder


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a clip came.

    Attributes:
        clip: The clip.
        receipts: Its valid receipts by stage, up to and including the last one.
        ended: The receipt that ended it, or left it out; None for a clip that is ready.
        waiting: Name of the stage that has not been run yet, empty where none waits.
    """

    clip: Clip
    receipts: dict[str, Receipt]
    ended: Receipt | None = None
    waiting: str = ""

    @property
    def ready(self) -> bool:
        """All stages are done, and the user wants it."""
        return self.ended is None and not self.waiting

    def made(self) -> list[Receipt]:
        """The receipts in the order of their stages' names."""
        return [receipt for _, receipt in sorted(self.receipts.items())]


def outcomes(stages: Sequence[Stage], ledger: Ledger, work: WorkFolder, bounds: KeepOptions) -> Iterator[Outcome]:
    """The outcome of every clip in the order of the manifest; one out of bounds ends at `keep`, after all stages."""
    for clip, state in ledger.clips_and_states():
        outcome = _outcome(clip, state, stages, ledger, work)
        ended = refusal(clip, outcome.receipts["lift"].values, bounds) if outcome.ready else None
        yield replace(outcome, ended=ended) if ended else outcome


def _outcome(clip: Clip, state: str, stages: Sequence[Stage], ledger: Ledger, work: WorkFolder) -> Outcome:
    receipts: dict[str, Receipt] = {}
    for stage in stages:
        if stage.name in OPTIONAL or not stage.applies(clip):
            continue
        before = receipts[stage.after] if needs_before(stage, clip) else None
        receipt = ledger.receipt(stage.name, clip.clip_id)
        if receipt is None or not is_valid(receipt, fingerprint(stage, clip, state, before), work):
            return Outcome(clip, receipts, waiting=stage.name)
        receipts[stage.name] = receipt
        if receipt.status != "done":
            return Outcome(clip, receipts, ended=receipt)
    return Outcome(clip, receipts)
