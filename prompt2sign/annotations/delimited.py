"""Delimited text cut into records, such that damage stays where it is."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator

#: Lines a record may have. No text of a clip has so many; and what an open quote swallows is read so often again.
_MAX_LINES = 200


class _Lines:
    """Lines that can be read again."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) == _MAX_LINES:
            raise csv.Error(f"a cell goes on for more than {_MAX_LINES} lines")
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        return line

    def give_back_all_but_first(self) -> None:
        self._again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]


def read_records(file: Iterator[str], delimiter: str, quoted: bool) -> Iterator[tuple[int, list[str] | str]]:
    """Line number and cells of each record, or what is wrong with it.

    A quote that is never closed would swallow every line after it; here it costs its own line, the others are read
    again.

    Args:
        file: The lines, with their ends (a file opened with `newline=""`).
        delimiter: Character between cells.
        quoted: False where double quotes are characters as any other.
    """
    lines, number = _Lines(file), 1
    while True:
        lines.taken = []
        try:
            cells = next(
                csv.reader(
                    lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE, strict=True
                )
            )
        except StopIteration:
            return
        except csv.Error as error:
            lines.give_back_all_but_first()
            yield (
                number,
                f"its double quotes do not fit ({error}); a cell that holds double quotes must stand in double "
                "quotes, each of its own doubled",
            )
        else:
            yield number, cells
        number += len(lines.taken)
