"""From rows of a table to clips, for corpora whose tables name files by the usual columns."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from ..annotations.names import strip_suffix
from ..annotations.table import BadRow, Row, Table
from ..annotations.times import parse_span
from ..errors import ClipRejected
from ..languages import Language, normalise_text
from ..options import MAX_FPS, MAX_PIXELS, MIN_FPS
from ..records import Clip, Rejection
from .base import CorpusFacts
from .files import ClipFiles

_SPLITS = {
    **dict.fromkeys(("", "train", "training", "trn"), "train"),
    **dict.fromkeys(("dev", "val", "valid", "validation", "development"), "dev"),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
}


def table_clips(table: Table, files: ClipFiles, language: Language, facts: CorpusFacts) -> Iterator[Clip | Rejection]:
    """A clip or a rejection for every row, in the order of the table."""
    reader = _RowReader(table, files, language, facts)
    for row in table.rows():
        yield reader.entry(row)


def read_text(raw: str, language: Language) -> dict[str, Any]:
    """The text fields of a clip.

    Raises:
        ClipRejected: `text-missing`: there is nothing to read in it.
    """
    text = normalise_text(raw, language)
    if not text:
        raise ClipRejected("text-missing", "the text is empty")
    return {"text": text, "text_raw": raw}


def read_split(name: str) -> str:
    """`train`, `dev` or `test` by any of their usual names; no name is `train`.

    Raises:
        ClipRejected: `unknown-split`: taking it for one of them might mix test data into training.
    """
    try:
        return _SPLITS[name.strip().lower()]
    except KeyError:
        raise ClipRejected("unknown-split", f"split {name!r} is none of train, dev (val), test") from None


def clip_name(text: str) -> str:
    """An id as clips carry it: composed characters, single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def span_name(name: str, start_s: float | None, end_s: float | None) -> str:
    """An id for a part of a video: `film_1500-4250`, in milliseconds; the plain name for the whole video."""
    if start_s is None and end_s is None:
        return name
    end = "" if end_s is None else str(round(end_s * 1000))
    return f"{name}_{round((start_s or 0.0) * 1000)}-{end}"


class _RowReader:
    """Reads rows of one table.

    A column `video` names the file; without one, `name` does, or else `id`. A column `id` names the clip, and so
    does `name` where another column names the file.
    """

    def __init__(self, table: Table, files: ClipFiles, language: Language, facts: CorpusFacts) -> None:
        self._table, self._files, self._language, self._facts = table, files, language, facts
        named = [meaning for meaning in ("video", "name", "id") if meaning in table.columns]
        self._file_column = named[0]
        self._id_column = "id" if "id" in named else "name" if named[0] != "name" and "name" in named else ""

    def entry(self, row: Row | BadRow) -> Clip | Rejection:
        place = f"{self._table.path.name}, line {row.line}"
        if isinstance(row, BadRow):
            return Rejection(place, "bad-row", f"{place}: {row.message}")
        name = clip_name(row.get(self._id_column)) or self._name_of_file(row) or place
        try:
            return self._clip(row, name)
        except ClipRejected as rejected:
            return Rejection(name, rejected.reason, f"{place}, {name}: {rejected}")

    def _name_of_file(self, row: Row) -> str:
        name = strip_suffix(row.get(self._file_column), self._files.suffixes)
        return clip_name(PurePosixPath(name).name if PurePosixPath(name).is_absolute() else name)

    def _clip(self, row: Row, name: str) -> Clip:
        path = self._files.find(row.get(self._file_column))
        start_s, end_s = parse_span(row.get("start"), row.get("end"))
        fields = self._files.clip_fields(path)
        self._check_times(fields, start_s, end_s)
        return Clip(
            clip_id=name if row.get(self._id_column) else span_name(name, start_s, end_s),
            language=self._language.code,
            corpus=self._facts.name,
            split=read_split(row.get("split")),
            unit=self._facts.unit,
            **read_text(row.cells.get("text", ""), self._language),
            **fields,
            start_s=start_s,
            end_s=end_s,
            **_frame_facts(row, fields),
            signer=row.get("signer"),
            gloss=row.get("gloss"),
            video=path,
        )

    def _check_times(self, fields: dict[str, Any], start_s: float | None, end_s: float | None) -> None:
        if "keypoints" in fields and (start_s, end_s) != (None, None):
            raise ClipRejected(
                "times-with-keypoints",
                "ready keypoints are taken whole, but the row has times; cut the keypoints, one file a clip, and "
                "leave the times out",
            )


def _frame_facts(row: Row, fields: dict[str, Any]) -> dict[str, Any]:
    """Frame rate and picture size, only where the file cannot tell them itself."""
    media: Path | None = fields.get("media")
    if media is not None and media.is_file():
        return {}
    width, height = (read_number(row, side, 1, MAX_PIXELS) for side in ("width", "height"))
    return {"fps": read_fps(row), "width": width and int(width), "height": height and int(height)}


def read_fps(row: Row) -> float | None:
    """The frame rate that a row names, None where it names none.

    Raises:
        ClipRejected: `bad-number`.
    """
    return read_number(row, "fps", MIN_FPS, MAX_FPS)


def read_number(row: Row, meaning: str, least: float, most: float) -> float | None:
    """A number of a row, None where nothing is written.

    Raises:
        ClipRejected: `bad-number`: no number, or not between `least` and `most`.
    """
    text = row.get(meaning)
    try:
        value = float(text) if text else None
    except ValueError:
        value = math.nan
    if value is not None and not least <= value <= most:
        raise ClipRejected("bad-number", f"{meaning} is {text[:80]!r}, which is no number from {least:g} to {most:g}")
    return value
