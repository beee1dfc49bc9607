"""Parts of files in HTTP (RFC 9110 section 14): what to ask for, and what came."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .part import Note

_RANGE = re.compile(r"bytes[ =](?:([0-9]{1,18})-([0-9]{1,18})|\*)/([0-9]{1,18}|\*)", re.IGNORECASE)


def range_headers(n_kept: int, note: Note) -> dict[str, str]:
    """Headers that ask for the bytes from `n_kept` on, if they are still of the version in `note`."""
    if not n_kept:
        return {}
    return {"Range": f"bytes={n_kept}-"} | ({"If-Range": note.condition} if note.condition else {})


def content_range(value: str) -> tuple[int | None, int | None]:
    """What a `Content-Range` header says.

    Returns:
        First byte of the part, and bytes of the whole; each None where it is not said or makes no sense.
    """
    found = _RANGE.fullmatch(value.strip())
    if not found:
        return None, None
    total = None if found[3] == "*" else int(found[3])
    start, last = (None, None) if found[1] is None else (int(found[1]), int(found[2]))
    if start is not None and last is not None and (last < start or (total is not None and last >= total)):
        return None, None
    return start, total


def note_of_answer(address: str, headers: Mapping[str, str], partial: bool) -> Note:
    """What an answer says of the version it is of.

    Args:
        address: That was asked.
        headers: Of the answer.
        partial: It holds a part of the file.
    """
    length = headers.get("Content-Length", "").strip()
    whole = int(length) if re.fullmatch("[0-9]{1,18}", length) else None
    return Note(
        address,
        headers.get("ETag", "").strip(),
        headers.get("Last-Modified", "").strip(),
        content_range(headers.get("Content-Range", ""))[1] if partial else whole,
        headers.get("Content-Encoding", "").strip().lower().removeprefix("x-").replace("identity", ""),
    )
