"""Align a corpus: look at its recordings, find each one's offset, and the clips that cannot be right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import median

from ..errors import ClipRejected
from ..pipeline.build import Build, Request
from ..pipeline.engine import Workers
from ..pipeline.ledger import Ledger
from ..pipeline.progress import Progress, duration
from ..pipeline.runner import run_stage
from ..pipeline.stage import path_state
from ..pipeline.work import WorkFolder
from ..records import Clip
from .activity import Activity, signing_activity
from .fit import Fit, fit_offset
from .look import ESTIMATOR, Look, LookOptions, read_looks
from .recordings import Recording, recordings_of
from .suspects import Measured, Suspect, find_suspects

#: Folder in the work folder.
FOLDER = "align"


@dataclass(frozen=True, slots=True)
class AlignOptions:
    """How to align.

    Attributes:
        rate: Looks a second at each video.
        max_offset_s: The longest offset looked for, before and after.
        min_confidence: An offset less sure than this is not proposed.
    """

    rate: float = 5.0
    max_offset_s: float = 8.0
    min_confidence: float = 0.8


@dataclass(frozen=True, slots=True)
class Offset:
    """What was found of one recording.

    Attributes:
        video: As `Clip.video` calls it.
        fit: The best offset, and how sure it is.
        proposed_s: The offset to use; None where it is not sure enough.
        method: How it was found, or why it was not.
    """

    video: str
    fit: Fit
    proposed_s: float | None
    method: str


@dataclass(frozen=True, slots=True)
class Alignment:
    """What was found.

    Attributes:
        offsets: Of each recording, in the order of the corpus.
        suspects: Clips whose text and motion cannot belong together.
        n_clips: Clips that were looked at.
        usual_s: Median of the proposed offsets, for `cues.offset_s`; None where there is none.
    """

    offsets: tuple[Offset, ...]
    suspects: tuple[Suspect, ...]
    n_clips: int
    usual_s: float | None


def as_published(request: Request) -> Request:
    """The same request with cues where their files have them: what is measured is not measured from itself."""
    cues = request.pipeline.cues.model_copy(update={"offset_s": 0.0, "offsets": None, "pad_s": 0.0})
    return replace(request, pipeline=request.pipeline.model_copy(update={"cues": cues}))


def align(build: Build, options: AlignOptions, progress: Progress) -> Alignment:
    """Align the clips of an open build; what was seen of each recording is kept in the work folder.

    Raises:
        MissingError: There are videos to look at, and the package that does is not installed.
        RunError: The disk is full.
    """
    recordings = recordings_of(build.ledger.clips())
    _check_ahead(recordings)
    folder = WorkFolder(build.work.root / FOLDER)
    folder.root.mkdir(parents=True, exist_ok=True)
    stage = Look(LookOptions(rate=options.rate))
    with Ledger(folder.ledger) as ledger, Workers(build.request.n_jobs) as workers:
        ledger.replace_manifest((recording.whole for recording in recordings), _states())
        progress.say(_cost(recordings, options.rate, build.request.n_jobs))
        run_stage(stage, ledger, folder, progress, workers, strict=build.request.strict)
        seen = [_activity(recording, ledger, folder) for recording in recordings]
    offsets = [_offset(recording, found, options) for recording, found in zip(recordings, seen, strict=True)]
    sure = [offset.proposed_s for offset in offsets if offset.proposed_s is not None]
    usual_s = round(median(sure), 2) if sure else None
    measured = [
        clip
        for recording, found, offset in zip(recordings, seen, offsets, strict=True)
        for clip in _measured(recording, found, offset.proposed_s if offset.proposed_s is not None else usual_s or 0.0)
    ]
    return Alignment(tuple(offsets), tuple(find_suspects(measured)), len(measured), usual_s)


def _check_ahead(recordings: Sequence[Recording]) -> None:
    from ..estimators.base import require_installed

    if any(recording.whole.keypoints is None for recording in recordings):
        require_installed(ESTIMATOR)


def _states() -> Callable[[Clip], str]:
    state_of = lru_cache(maxsize=64)(path_state)

    def of_clip(clip: Clip) -> str:
        path = clip.keypoints or clip.media
        return state_of(path) if path else ""

    return of_clip


def _cost(recordings: Sequence[Recording], rate: float, n_jobs: int) -> str:
    """What looking will cost at most, said before it starts; from the headers of the files alone."""
    lengths_s = [_length_s(recording) for recording in recordings]
    total_s = sum(lengths_s)
    looks = total_s * rate
    takes_s = looks * Look.milliseconds_a_frame / 1000 / max(1, n_jobs)
    return (
        f"{len(recordings):,} recordings, about {duration(total_s)} of them: {looks:,.0f} looks, about "
        f"{duration(takes_s)} the first time; what was seen before is kept"
    )


def _length_s(recording: Recording) -> float:
    """By its clips where they say; a recording goes on a little after its last one."""
    ends_s = [end_s for _, end_s in recording.cues_s]
    path = recording.whole.media
    if path is not None and path.is_file():
        from ..media.container import open_video

        try:
            with open_video(path) as (container, _):
                return float(container.duration or 0) / 1e6
        except ClipRejected:
            return 0.0
    return max(ends_s, default=0.0)


def _activity(recording: Recording, ledger: Ledger, folder: WorkFolder) -> Activity | str:
    """When somebody signs in it, or why that is not known."""
    receipt = ledger.receipt(Look.name, recording.whole.clip_id)
    if receipt is None or receipt.status != "done":
        return receipt.reason if receipt else "not looked at"
    looks = read_looks(folder.absolute(receipt.output))
    return signing_activity(looks.body, looks.rate, looks.start_s)


def _offset(recording: Recording, found: Activity | str, options: AlignOptions) -> Offset:
    video, cues_s = recording.whole.video or recording.whole.clip_id, recording.cues_s
    if isinstance(found, str):
        return Offset(video, Fit(None, 0.0, len(cues_s), found), None, f"none: {found}")
    fit = fit_offset(found, cues_s, options.max_offset_s)
    if fit.offset_s is None:
        return Offset(video, fit, None, f"none: {fit.note}")
    if fit.confidence < options.min_confidence:
        return Offset(video, fit, None, f"none: {fit.offset_s:g} s fits best, but not clearly")
    return Offset(video, fit, fit.offset_s, "activity")


def _measured(recording: Recording, found: Activity | str, offset_s: float) -> Iterator[Measured]:
    video = recording.whole.video or recording.whole.clip_id
    for clip_id, start_s, end_s, n_words, n_characters in recording.passages:
        last_s = end_s if end_s is not None else None if isinstance(found, str) else found.end_s
        if last_s is None or last_s <= start_s:
            continue  # how long it is, is not known
        signing_s = None if isinstance(found, str) else found.signing_s(start_s + offset_s, last_s + offset_s)
        yield Measured(clip_id, video, start_s, last_s, n_words, n_characters, signing_s)
