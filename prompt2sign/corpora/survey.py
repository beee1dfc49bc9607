"""What a build will find, counted from the clips themselves."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ..annotations.offsets import offsets_of, video_key
from ..errors import MissingError, UsageError
from ..estimators.clip_files import is_file
from ..records import Clip, Rejection
from .base import Plan, Source

#: Folders of pictures or JSON files whose sizes are added up; the others are taken as large as their mean.
_FOLDERS_LOOKED_INTO = 200
#: And so of the files of one such folder.
_FILES_LOOKED_INTO = 32


def survey(entries: Callable[[], Iterable[Clip | Rejection]], source: Source, *, cued: bool = False) -> Plan:
    """A plan from a corpus's own clips: counts are exact, bytes are from file sizes.

    Args:
        entries: Gives the clips; a `MissingError` it raises becomes what the plan misses.
        source: What the user asked for; of this only the table of offsets is looked at.
        cued: Are the clips made from subtitles, which such a table moves?

    Raises:
        UsageError: The table of offsets moves nothing.
    """
    videos: set[str] = set()
    try:
        plan = _count(_watched(entries(), videos))
    except MissingError as error:
        return Plan(0, 0, missing=(str(error),))
    if source.cues.offsets is None or not plan.n_clips:
        return plan
    if not cued:
        raise UsageError(
            f"{source.cues.offsets}: offsets move subtitles, and the clips of this corpus have the times of its "
            "tables: leave the offsets out (--offsets, cues.offsets), and mend the tables"
        )
    return replace(plan, notes=(*plan.notes, *_offsets_note(source.cues.offsets, videos)))


def _watched(entries: Iterable[Clip | Rejection], videos: set[str]) -> Iterator[Clip | Rejection]:
    """The same entries; the videos of the clips are noted."""
    for entry in entries:
        if isinstance(entry, Clip):
            videos.add(video_key(entry.video))
        yield entry


def _offsets_note(path: Path, videos: set[str]) -> tuple[str, ...]:
    """Which rows of a table of offsets are of no video with clips: its names may be written otherwise."""
    named = offsets_of(path)
    strange = [video for video in named if video not in videos]
    if not strange:
        return ()
    if len(strange) == len(named):
        raise UsageError(
            f"{path}: none of its {len(named):,} offsets is of a video that has clips here: the first is of "
            f"{strange[0]!r}, and the videos are called like {min(videos)!r}; mend the column `video`"
        )
    return (
        f"{len(strange):,} of the {len(named):,} offsets in {path} are of no video that has clips here, such as "
        f"{strange[0]!r}",
    )


def _count(entries: Iterable[Clip | Rejection]) -> Plan:
    n_clips, rejected, sizes = 0, Counter[str](), _Sizes()
    for entry in entries:
        if isinstance(entry, Rejection):
            rejected[entry.reason] += 1
            continue
        n_clips += 1
        path = entry.keypoints or entry.media
        if path is not None:
            sizes.add(path)
    return Plan(n_clips, sizes.total(), notes=_rejected_note(rejected))


def _rejected_note(rejected: Counter[str]) -> tuple[str, ...]:
    if not rejected:
        return ()
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(rejected.items()))
    return (f"{rejected.total():,} entries cannot become clips: {reasons}; rejected.parquet will name each",)


class _Sizes:
    """Sum of the sizes of files and folders, each counted once."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._files = 0
        self._folders: list[int] = []
        self._n_folders = 0

    def add(self, path: Path) -> None:
        if str(path) in self._seen:
            return
        self._seen.add(str(path))
        if path.is_file():
            self._files += path.stat().st_size
            return
        self._n_folders += 1
        if len(self._folders) < _FOLDERS_LOOKED_INTO:
            self._folders.append(_size_of(path))

    def total(self) -> int:
        mean = sum(self._folders) / max(1, len(self._folders))
        return self._files + round(mean * self._n_folders)


def _size_of(folder: Path) -> int:
    """Bytes of the files directly in a folder."""
    with os.scandir(folder) as entries:
        files = [entry for entry in entries if is_file(entry)]
    sizes = []
    for entry in files[:_FILES_LOOKED_INTO]:
        with suppress(OSError):  # gone by now; whoever reads the clip will say so
            sizes.append(entry.stat().st_size)
    return round(sum(sizes) / max(1, len(sizes)) * len(files))


def unique_ids(entries: Iterable[Clip | Rejection]) -> Iterator[Clip | Rejection]:
    """The same entries; a clip whose id was given before becomes a rejection."""
    seen: set[str] = set()
    for entry in entries:
        if isinstance(entry, Clip) and entry.clip_id in seen:
            yield Rejection(
                entry.clip_id,
                "duplicate-id",
                f"{entry.clip_id}: this id stands twice; the first is kept. Give every clip its own id",
            )
            continue
        if isinstance(entry, Clip):
            seen.add(entry.clip_id)
        yield entry
