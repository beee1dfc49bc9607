"""Columns that only one corpus has, beside those that every table may have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..errors import UsageError
from .table import Table


def with_headings(table: Table, headings: Mapping[str, str], *, needs: tuple[str, ...] = ()) -> Table:
    """The same table, with further columns known.

    Args:
        table: As `open_table` gives it.
        headings: Headings by the names that `Row.get` will take: `{"signed": "signedLanguage"}`; compared without
            case. One that is not there is an empty cell.
        needs: Which of these names must be there.

    Raises:
        UsageError: A needed column is missing.
    """
    places = {heading.casefold(): place for place, heading in reversed([*enumerate(table.header)])}
    found = {name: places[heading.casefold()] for name, heading in headings.items() if heading.casefold() in places}
    missing = [headings[name] for name in needs if name not in found]
    if missing:
        raise UsageError(
            f"{table.path}: no column {missing[0]!r}; the first line names {', '.join(map(repr, table.header))}"
        )
    return replace(table, columns={**table.columns, **found})
