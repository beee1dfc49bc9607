"""CSV and TSV files with the texts of a corpus: encoding, delimiter, quotes, and columns known by their usual names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from ..errors import UsageError
from .delimited import read_records

#: What a column may mean, and the headings it usually has; the first one present wins. Compared without case, and
#: with every other character than letters and digits read as `_`.
USUAL_NAMES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "clip_id", "sentence_name", "sentence_id", "utterance_id", "uid", "key"),
    "name": ("name", "clip", "clip_name"),
    "video": (
        "video", "video_name", "video_file", "video_path", "video_id", "file", "filename", "file_name", "path",
        "file_path", "filepath", "media",
    ),
    "text": (
        "text", "sentence", "translation", "transcript", "transcription", "caption", "subtitle", "raw_text",
        "spoken_text", "label",
    ),
    "start": (
        "start", "start_s", "start_realigned", "start_time", "start_sec", "start_seconds", "begin", "onset", "from",
    ),
    "end": ("end", "end_s", "end_realigned", "end_time", "end_sec", "end_seconds", "stop", "offset", "to"),
    "gloss": ("gloss", "glosses", "orth"),
    "signer": ("signer", "signer_id", "speaker", "speaker_id", "performer", "participant"),
    "split": ("split", "subset", "partition"),
    "fps": ("fps", "frame_rate"),
    "width": ("width",),
    "height": ("height",),
}  # fmt: skip
_DELIMITERS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "pipe"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        line: Line of the file it begins on, from 1.
        cells: Cells as written, by what their columns mean.
    """

    line: int
    cells: dict[str, str]

    def get(self, meaning: str) -> str:
        """A cell without the white space around it, empty where there is no such column."""
        return self.cells.get(meaning, "").strip()


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read.

    Attributes:
        line: Line of the file it begins on, from 1.
        message: What is wrong with it.
    """

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Table:
    """An opened table; its rows are streamed.

    Attributes:
        path: The file.
        delimiter: Character between cells.
        quoted: Are cells in double quotes unquoted?
        header: The headings as written.
        columns: Place of each known column, by what it means.
    """

    path: Path
    delimiter: str
    quoted: bool
    header: tuple[str, ...]
    columns: dict[str, int]

    def rows(self) -> Iterator[Row | BadRow]:
        """Every row in its order; lines that hold nothing are passed over."""
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            records = read_records(file, self.delimiter, self.quoted)
            next(record for _, record in records if not _is_blank(record))
            for line, record in records:
                if isinstance(record, str):
                    yield BadRow(line, record)
                elif not _is_blank(record):
                    yield self._row(line, record)

    def _row(self, line: int, record: list[str]) -> Row | BadRow:
        if len(record) > len(self.header):
            return BadRow(
                line,
                f"{len(record)} cells, but the header names {len(self.header)} columns; a cell that holds a "
                f"{_DELIMITERS[self.delimiter]} must stand in double quotes",
            )
        cells = {meaning: record[place] for meaning, place in self.columns.items() if place < len(record)}
        return Row(line, cells)


def open_table(
    path: Path,
    columns: Mapping[str, str] | None = None,
    *,
    needs: Iterable[tuple[str, ...]] = (),
    quoted: bool = True,
) -> Table:
    """Open a table, find its delimiter by its header, and find its columns.

    Args:
        path: CSV or TSV in UTF-8, with or without byte order mark; tab, comma, semicolon or pipe between cells.
        columns: Headings by what they mean, for those that have no usual name: `{"text": "Satz"}`.
        needs: What must be there, each as alternatives: `(("text",), ("video", "name", "id"))`.
        quoted: False for files that use double quotes as any other character.

    Raises:
        UsageError: The file cannot be read, is not UTF-8, has no header, or a needed column is missing.
    """
    _check_encoding(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = next((line for line in file if not _is_blank([line])), "")
    if not first:
        raise UsageError(f"{path}: is empty; the first line must name the columns, such as `id,video,text`")
    named = dict(columns or {})
    delimiter, header = _split_header(first, named, quoted)
    places = _places(path, header, named)
    for meanings in needs:
        if not any(meaning in places for meaning in meanings):
            raise UsageError(_missing_column(path, meanings, header))
    return Table(path, delimiter, quoted, header, places)


def _check_encoding(path: Path) -> None:
    """One pass over the bytes, so that no build stops half-way through a table."""
    if path.exists() and not path.is_file():
        raise UsageError(f"{path}: is no file that can be read twice; give a CSV or TSV")
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                _check_line(path, number, line)
    except OSError as error:
        raise UsageError(f"{path}: the table cannot be read: {error.strerror}") from error


def _check_line(path: Path, number: int, line: bytes) -> None:
    try:
        line.decode("utf-8")
        place = line.find(b"\0")
    except UnicodeDecodeError as error:
        place = error.start
    if place >= 0:
        raise UsageError(
            f"{path}: line {number}, byte {place + 1} (0x{line[place]:02x}) is not UTF-8 text. A spreadsheet or "
            "archive is no table: export it. Save the table as UTF-8 (spreadsheets: `CSV UTF-8`), or convert it: "
            "`iconv -f ENCODING -t UTF-8 OLD > NEW` with ENCODING such as UTF-16, WINDOWS-1252 or CP949"
        )


def _split_header(line: str, named: Mapping[str, str], quoted: bool) -> tuple[str, tuple[str, ...]]:
    """The delimiter that makes the most known columns, then the most columns, of the first line."""
    known = {_plain(name) for names in (*USUAL_NAMES.values(), named.values()) for name in names}
    best: tuple[tuple[int, int], str, tuple[str, ...]] = ((-1, -1), "", ())
    for delimiter in _DELIMITERS:
        _, record = next(read_records(iter([line]), delimiter, quoted))
        header = () if isinstance(record, str) else tuple(cell.strip() for cell in record)
        score = len(known.intersection(map(_plain, header))), len(header)
        if score > best[0]:
            best = score, delimiter, header
    return best[1], best[2]


def _places(path: Path, header: tuple[str, ...], named: Mapping[str, str]) -> dict[str, int]:
    plain: dict[str, int] = {}
    for place, name in enumerate(header):
        plain.setdefault(_plain(name), place)
    places = {}
    for meaning, usual in USUAL_NAMES.items():
        found = [plain[name] for name in usual if name in plain]
        if found:
            places[meaning] = found[0]
    for meaning, name in named.items():
        if meaning not in USUAL_NAMES:
            raise UsageError(f"columns: no meaning {meaning!r}; the meanings are {', '.join(USUAL_NAMES)}")
        if _plain(name) not in plain:
            raise UsageError(f"{path}: no column {name!r} for {meaning}; the columns are {_listed(header)}")
        places[meaning] = plain[_plain(name)]
    return places


def _is_blank(record: list[str] | str) -> bool:
    """Is there no letter and no digit in it? Spreadsheets end tables with lines of bare delimiters."""
    return not isinstance(record, str) and not any(re.search(r"\w", cell) for cell in record)


def _plain(name: str) -> str:
    """A heading without case, spaces and signs; one of other letters than these stays itself."""
    return re.sub(r"\W+", "_", name.strip().casefold()).strip("_") or name.strip()


def _missing_column(path: Path, meanings: tuple[str, ...], header: tuple[str, ...]) -> str:
    return (
        f"{path}: no column for the {' or '.join(meanings)}; the first line must name the columns and names "
        f"{_listed(header)}. Usual names are {', '.join(chain(*(USUAL_NAMES[m] for m in meanings)))}; "
        f"for another one, say --column {meanings[0]}=HEADING"
    )


def _listed(header: Collection[str]) -> str:
    shown = [repr(name) for name in header if name][:30]
    return ", ".join(shown) + (", ..." if len(header) > len(shown) and len(shown) == 30 else "")
