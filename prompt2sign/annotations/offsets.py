"""How far signing lags behind its text, video by video: the table that `prompt2sign align` writes."""

from __future__ import annotations

import math
import unicodedata
from functools import lru_cache
from pathlib import Path

from ..errors import UsageError
from ..options import MAX_OFFSET_S, CueOptions
from .names import VIDEO_SUFFIXES, strip_suffix
from .table import BadRow, Row, open_table
from .times import parse_time


def offset_of(video: str, options: CueOptions) -> float:
    """Seconds by which the signing of a video comes after its cues: of the table, else the one for all videos.

    Args:
        video: As `Clip.video` calls it; here and in the table its suffix may be left out.
        options: Where the table is.

    Raises:
        UsageError: The table cannot be read or contradicts itself.
    """
    if options.offsets is None:
        return options.offset_s
    return offsets_of(options.offsets).get(video_key(video), options.offset_s)


def read_offsets(path: Path) -> dict[str, float]:
    """Offsets in seconds by video without its suffix. Where a cell is empty, nothing could be told: it is left out.

    Raises:
        UsageError: The table cannot be read, a cell is no number, or a video stands twice with different offsets.
    """
    table = open_table(path, {"video": "video", "start": "offset_s"})  # no column means offsets: they are times
    offsets: dict[str, float] = {}
    for row in table.rows():
        place = f"{path}, line {row.line}"
        if isinstance(row, BadRow):
            raise UsageError(f"{place}: {row.message}")
        offset_s = _number(row, place)
        video = video_key(row.get("video"))
        if offset_s is not None and offsets.setdefault(video, offset_s) != offset_s:
            raise UsageError(f"{place}: {video} has two offsets, {offsets[video]:g} and {offset_s:g}; keep one")
    return offsets


def _number(row: Row, place: str) -> float | None:
    try:
        offset_s = parse_time(row.get("start"))
    except (ValueError, OverflowError):
        offset_s = math.nan
    if offset_s is not None and not abs(offset_s) <= MAX_OFFSET_S:
        raise UsageError(f"{place}: offset_s is {row.get('start')!r}; write seconds, such as -1.5, a day at most")
    return offset_s


def offsets_of(path: Path) -> dict[str, float]:
    """As `read_offsets`, which reads again only if the file has changed.

    Raises:
        UsageError: As there.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise UsageError(f"{path}: the table of offsets cannot be read: {error.strerror}") from error
    return _read_state(path.absolute(), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=2)
def _read_state(path: Path, _changed: int, _size: int) -> dict[str, float]:
    return read_offsets(path)


def video_key(video: str) -> str:
    """What a video is known by here and there."""
    return strip_suffix(unicodedata.normalize("NFC", video), VIDEO_SUFFIXES)
