"""LSA-T: Argentine Sign Language of a deaf news channel with its Spanish subtitles, as ready clips of sentences."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..acquire.wanted import RemoteArchive, RemoteFile, Wanted
from ..annotations.published_tables import open_by_heading
from ..annotations.table import BadRow, Row
from ..annotations.times import check_span
from ..errors import ClipRejected, UsageError
from ..records import Clip, Rejection
from .asked import refuse_keypoints, variant_of
from .base import CorpusFacts, Plan, Source
from .files import Videos, existing, require_root, walk
from .recordings import open_recordings
from .rows import clip_name, read_text
from .splits import assign_splits
from .survey import survey, unique_ids

_TABLE = "meta.csv"
_COLUMNS = ("id", "label", "video", "start", "end", "splits", "prev_delta")
#: Clips were cut with so much of the pause before them, at most; all of it where they are the video's first.
_PAD_S = 0.5
#: The longest sentence is of some 80 s; its subtitles as a Python literal are a few kilobytes.
_MAX_LITERAL = 100_000
FACTS = CorpusFacts(
    name="lsa-t",
    title="LSA-T: A continuous Argentinian Sign Language dataset",
    languages=("LSA",),
    unit="sentence",
    licence="not stated (videos and subtitles of a YouTube channel)",
    access="open",
    access_rule="Fetched from Google Drive (no form; its size is not published, an older archive had 45 GB).",
    redistribute_motion=False,
    redistribute_video=False,
    home="https://github.com/midusi/LSA-T",
    citation=(
        "Dal Bianco et al.: LSA-T: The first continuous Argentinian Sign Language dataset for Sign Language "
        "Translation. 2022, arXiv 2211.15481."
    ),
    layout="a folder with meta.csv (columns id, label, video, start, end, splits, prev_delta) and videos ID.mp4",
    numbers="8,459 sentences (14,874 subtitles before they were joined), 21.8 h, 103 signers, 1920x1080 at 30 frames/s",
    steps=(
        "Should Google Drive refuse, the older addresses are https://app.seni.ar/api/download/meta.csv and "
        "https://app.seni.ar/datasets/clips.7z: unpack the clips beside meta.csv and give the folder with --from.",
    ),
    variants=(
        ("sentences", "8,459 clips, each a sentence as the authors joined it; subtitles in it may be 7.5 s apart"),
        ("subtitles", "14,874 shorter clips, cut out of the sentences by the times of their subtitles"),
    ),
    keypoints="of AlphaPose (Halpe) or, newer, a YOLOv8 detector, in one HDF5 file; not OpenPose's points, not taken",
    unknown=(
        "The licence of videos and labels: the repository's MIT file is that of a template and covers code at most. "
        "Nothing made from it may be passed on until the authors say so.",
        "Sizes and checksums of the files, and the tree inside the archive: clips are found by their names.",
        "meta.csv names no split; the authors' 80/20 split is made elsewhere and divides each video, so that signers "
        "and topics stand on both sides. Here whole videos are kept together.",
        "Who signs: `infered_signer` is the number of a person inside one clip, not a name.",
    ),
)


@dataclass(frozen=True, slots=True)
class _Subtitle:
    """One subtitle of a sentence, in seconds of the source video."""

    text: str
    start_s: float
    end_s: float


class LsaTCorpus:
    """Clips in the order of meta.csv; the clip files were cut with their padding, so their rows' times cut nothing."""

    @property
    def facts(self) -> CorpusFacts:
        """What is known before anything is read."""
        return FACTS

    def wanted(self, source: Source) -> Sequence[Wanted]:
        """The labels and the archive of clips."""
        variant_of(source, FACTS)
        return (
            RemoteFile(_TABLE, "https://drive.google.com/file/d/1Kgvv5AhJDuVNb8wUMXSUHrulBBcsymsg"),
            RemoteArchive(
                (RemoteFile("clips.7z", "https://drive.google.com/file/d/1Xa_Vu3NGJ0TvaIJ3XizLgx6KP2p1_L5x"),),
                into="clips",
            ),
        )

    def plan(self, source: Source) -> Plan:
        """Count the clips and the bytes of their files."""
        plan = survey(lambda: self.clips(source), source)
        note = "The labels are lower case, without what stood in brackets and without the names of speakers."
        return plan if plan.missing else replace(plan, notes=(*plan.notes, note))

    def clips(self, source: Source) -> Iterator[Clip | Rejection]:
        """Stream the clips, then a rejection for each video that no row names.

        Raises:
            MissingError: No folder was given.
            UsageError: There is no meta.csv or no video.
        """
        refuse_keypoints(source, FACTS)
        root = require_root(source, FACTS)
        files = open_recordings(root, FACTS)
        table = _table(source, root)
        parted = variant_of(source, FACTS) == "subtitles"
        yield from assign_splits(
            lambda: unique_ids(_entries(table, files, source, parted)), source.splits, published=False
        )
        yield from files.unused()


def _table(source: Source, root: Path) -> Path:
    if source.text is not None:
        return existing(source.text, FACTS)
    for place, names in walk(root):
        if _TABLE in names:
            return root / place / _TABLE
    raise UsageError(f"{root}: no {_TABLE} in it. Expected is {FACTS.layout}")


def _entries(path: Path, files: Videos, source: Source, parted: bool) -> Iterator[Clip | Rejection]:
    for row in open_by_heading(path, _COLUMNS).rows():
        place = f"{path.name}, line {row.line}"
        if isinstance(row, BadRow):
            yield Rejection(place, "bad-row", f"{place}: {row.message}")
            continue
        name = clip_name(row.get("id")) or place
        try:
            clip = _clip(row, name, files, source)
            yield from _subtitle_clips(clip, row, source) if parted else (clip,)
        except ClipRejected as rejected:
            yield Rejection(name, rejected.reason, f"{place}, {name}: {rejected}")


def _clip(row: Row, name: str, files: Videos, source: Source) -> Clip:
    path = files.find(row.get("id"))
    return Clip(
        clip_id=name,
        language=source.language.code,
        corpus=FACTS.name,
        unit=FACTS.unit,
        **read_text(row.cells.get("label", ""), source.language),
        **files.clip_fields(path),
        video=clip_name(row.get("video")) or name,
    )


def _subtitle_clips(clip: Clip, row: Row, source: Source) -> list[Clip]:
    """The clips of a sentence's subtitles, in seconds of the sentence's own file."""
    begins_s = _number(row, "start") - _pause(row)
    found = []
    for number, subtitle in enumerate(_subtitles(row.get("splits"))):
        check_span(subtitle.start_s, subtitle.end_s)
        start_s, end_s = max(0.0, subtitle.start_s - begins_s), subtitle.end_s - begins_s
        check_span(start_s, end_s)
        times: dict[str, Any] = {"start_s": round(start_s, 6), "end_s": round(end_s, 6)}
        found.append(
            replace(clip, clip_id=f"{clip.clip_id}-{number}", **times, **read_text(subtitle.text, source.language))
        )
    return found


def _pause(row: Row) -> float:
    """Seconds of the clip file before the sentence begins; the first of a video has no pause before it written."""
    written = row.get("prev_delta")
    return min(_number(row, "prev_delta"), _PAD_S) if written and written.lower() != "nan" else _PAD_S


def _number(row: Row, heading: str) -> float:
    try:
        value = float(row.get(heading))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ClipRejected("bad-times", f"{heading} is {row.get(heading)!r}, which is no number of seconds")
    return value


def _subtitles(written: str) -> list[_Subtitle]:
    """The cell `splits`, a Python list of (text, start, end); read as a literal, nothing in it is run."""
    try:
        if len(written) > _MAX_LITERAL:
            raise ValueError("too long")
        parts = ast.literal_eval(written)
        found = [_Subtitle(_text(text), float(start), float(end)) for text, start, end in parts]
    except (ValueError, TypeError, OverflowError, SyntaxError, MemoryError, RecursionError):
        raise ClipRejected("bad-splits", "`splits` is no list of (text, start, end)") from None
    if not found:
        raise ClipRejected("bad-splits", "`splits` names no subtitle")
    return found


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    value.encode()  # half a surrogate pair is no text, and raises a ValueError
    return value
