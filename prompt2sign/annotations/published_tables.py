"""Tables read by the headings they were published with, and tables published without any."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import UsageError
from .delimited import read_records
from .table import BadRow, Row, Table, open_table


def open_by_heading(path: Path, needs: Sequence[str]) -> Table:
    """A table whose rows give each cell by the heading above it, as published (in composed characters).

    Args:
        path: CSV or TSV in UTF-8, with or without byte order mark.
        needs: Headings that must be there.

    Raises:
        UsageError: The file cannot be read, is not UTF-8, or a heading is missing.
    """
    table = open_table(path)
    header = [unicodedata.normalize("NFC", heading) for heading in table.header]
    missing = [heading for heading in needs if heading not in header]
    if missing:
        raise UsageError(
            f"{path}: no column {' and '.join(map(repr, missing))}; the first line names {', '.join(header)}"
        )
    return replace(table, columns={heading: place for place, heading in enumerate(header) if heading})


def rows_without_header(path: Path, headings: Sequence[str]) -> Iterator[Row | BadRow]:
    """The rows of a comma separated file that begins with its first row; blank lines are passed over.

    Args:
        path: CSV in UTF-8, with or without byte order mark.
        headings: What the columns hold, in their order; a row with another number of cells is a `BadRow`.

    Raises:
        UsageError: The file cannot be read, is not UTF-8, or is empty.
    """
    open_table(path)  # refuses what is no text before the first row is given out
    with path.open(encoding="utf-8-sig", newline="") as file:
        for line, record in read_records(file, ",", quoted=True):
            if isinstance(record, str):
                yield BadRow(line, record)
            elif any(cell.strip() for cell in record):
                yield _row(line, record, headings)


def _row(line: int, record: list[str], headings: Sequence[str]) -> Row | BadRow:
    if len(record) != len(headings):
        return BadRow(line, f"{len(record)} cells where {len(headings)} were expected ({', '.join(headings)})")
    return Row(line, dict(zip(headings, record, strict=True)))
