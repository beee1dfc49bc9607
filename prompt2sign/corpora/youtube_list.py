"""Lists of videos as YouTube-ASL and YouTube-SL-25 publish them: an id a line, the second with a language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..annotations.delimited import read_records
from ..errors import ClipRejected
from ..records import Rejection
from .youtube_videos import check_id


@dataclass(frozen=True, slots=True)
class Listed:
    """A video of a list.

    Attributes:
        video_id: Its id.
        sign_code: Its sign language by ISO 639-3, in lower case; empty where the list does not say.
    """

    video_id: str
    sign_code: str = ""


def read_list(path: Path, *, by_language: bool) -> Iterator[Listed | Rejection]:
    """Videos in the order of the list, each once, and the lines that cannot be used.

    Args:
        path: Text without header: an id, or an id, a comma and a language.
        by_language: Does each line name a language?
    """
    seen: set[Listed] = set()
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        for number, cells in read_records(file, ",", quoted=True):
            if not any(cell.strip() for cell in cells):
                continue
            place = f"{path.name}, line {number}"
            try:
                listed = _read_line(cells, by_language)
                if listed in seen:
                    raise ClipRejected("duplicate-id", f"video {listed.video_id} stands twice; it is taken once")
            except ClipRejected as rejected:
                yield Rejection(place, rejected.reason, f"{place}: {rejected}")
                continue
            seen.add(listed)
            yield listed


def _read_line(cells: list[str] | str, by_language: bool) -> Listed:
    n_cells = 2 if by_language else 1
    if isinstance(cells, str):
        raise ClipRejected("bad-row", cells)
    if len(cells) != n_cells:
        raise ClipRejected("bad-row", f"{len(cells)} cells where {n_cells} are expected")
    return Listed(check_id(cells[0].strip()), cells[1].strip().lower() if by_language else "")
