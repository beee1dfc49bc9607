"""The ledger: the manifest of a build and every receipt, in one SQLite file beside the outputs.

SQLite because it survives `kill -9` at any moment, finds one receipt among millions, and streams; only the parent
process of a build writes it. Nothing here is held in memory for all clips.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any, Self

from ..errors import RunError
from ..formats.atomic import atomic_path
from ..records import Clip, Receipt, Rejection

VERSION = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS clips (position INTEGER PRIMARY KEY, clip_id TEXT UNIQUE NOT NULL, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS rejections (
    position INTEGER PRIMARY KEY, clip_id TEXT NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS receipts (
    stage TEXT NOT NULL, clip_id TEXT NOT NULL, status TEXT NOT NULL, fingerprint TEXT NOT NULL,
    output TEXT NOT NULL, output_sha256 TEXT NOT NULL, output_bytes INTEGER NOT NULL,
    reason TEXT NOT NULL, message TEXT NOT NULL, "values" TEXT NOT NULL, seconds REAL NOT NULL,
    PRIMARY KEY (stage, clip_id)) WITHOUT ROWID;
"""
_RECEIPT_FIELDS = [field.name for field in fields(Receipt)]
_RECEIPT_COLUMNS = ", ".join(f'"{name}"' for name in _RECEIPT_FIELDS)
_PAGE = 512
#: Stands beside the fields of a clip in its record.
_STATE = "state_of_files"


class Ledger:
    """Manifest and receipts of one work folder; a context manager.

    Args:
        path: The file; made where it is not there.
        read_only: Change nothing, neither the file nor its folder; it must be there.

    Raises:
        RunError: It cannot be opened, or is of another version.
    """

    def __init__(self, path: Path, read_only: bool = False) -> None:
        try:
            self._db = _connected_to_read(path) if read_only else _connected(path)
        except sqlite3.Error as error:
            raise RunError(
                f"{path}: the build's ledger cannot be opened: {error}. Is the disk full or read-only? "
                "If the file is damaged, delete it: outputs are then made again"
            ) from error
        found = self.get_meta("version")
        if found is None and not read_only:
            self.set_meta("version", VERSION)
        elif found not in (None, VERSION):
            raise RunError(f"{path}: written by another version of prompt2sign (ledger {found}); give another --work")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def get_meta(self, key: str) -> Any:
        """A stored JSON value, None where there is none."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else None

    def set_meta(self, key: str, value: Any) -> None:
        """Store a JSON value."""
        with self._db:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))

    def replace_manifest(
        self, entries: Iterable[Clip | Rejection], state_of: Callable[[Clip], str] = lambda clip: ""
    ) -> None:
        """Stream a new manifest in, all or nothing. A second clip with the same id becomes a rejection.

        Args:
            entries: What the corpus gives.
            state_of: The state of a clip's files by now; kept with the clip, so that it is looked up once a build.
        """
        try:
            with self._db:
                self._db.execute("DELETE FROM clips")
                self._db.execute("DELETE FROM rejections")
                for position, entry in enumerate(entries):
                    self._insert(position, entry, state_of)
        except sqlite3.OperationalError as error:
            raise _cannot_write(error) from error

    def _insert(self, position: int, entry: Clip | Rejection, state_of: Callable[[Clip], str]) -> None:
        if isinstance(entry, Clip):
            record = json.dumps({**entry.to_json(), _STATE: state_of(entry)}, ensure_ascii=False)
            try:
                self._db.execute("INSERT INTO clips VALUES (?, ?, ?)", (position, entry.clip_id, record))
                return
            except sqlite3.IntegrityError:
                message = f"{entry.clip_id}: this id stands twice; the first is kept. Give every clip its own id"
                entry = Rejection(entry.clip_id, "duplicate-id", message)
        row = (position, entry.clip_id, entry.reason, entry.message)
        self._db.execute("INSERT INTO rejections VALUES (?, ?, ?, ?)", row)

    def clips(self) -> Iterator[Clip]:
        """Every clip of the manifest in its order, a page at a time."""
        return (clip for clip, _ in self.clips_and_states())

    def clips_and_states(self) -> Iterator[tuple[Clip, str]]:
        """The same, each with the state that its files had when the manifest was written."""
        for (record,) in self._pages("SELECT position, record FROM clips"):
            values = json.loads(record)
            state = values.pop(_STATE, "")
            yield Clip.from_json(values), state

    def rejections(self) -> Iterator[Rejection]:
        """What the corpus could not make a clip of, in its order."""
        for row in self._pages("SELECT position, clip_id, reason, message FROM rejections"):
            yield Rejection(*row)

    def _pages(self, select: str) -> Iterator[tuple[Any, ...]]:
        last = -1
        while rows := self._db.execute(
            f"{select} WHERE position > ? ORDER BY position LIMIT {_PAGE}", (last,)
        ).fetchall():
            yield from (row[1:] for row in rows)
            last = rows[-1][0]

    def n_clips(self) -> int:
        """Clips in the manifest."""
        return int(self._db.execute("SELECT count(*) FROM clips").fetchone()[0])

    def n_rejections(self) -> int:
        """Entries of the corpus that could not become clips."""
        return int(self._db.execute("SELECT count(*) FROM rejections").fetchone()[0])

    def receipt(self, stage: str, clip_id: str) -> Receipt | None:
        """What a stage last said about a clip."""
        row = self._db.execute(
            f"SELECT {_RECEIPT_COLUMNS} FROM receipts WHERE stage = ? AND clip_id = ?", (stage, clip_id)
        ).fetchone()
        if row is None:
            return None
        values = dict(zip(_RECEIPT_FIELDS, row, strict=True))
        return Receipt(**{**values, "values": json.loads(values["values"])})

    def forget(self, stage: str, clip_id: str) -> None:
        """Drop a receipt whose output turned out to be damaged, so that it is made again."""
        with self._db:
            self._db.execute("DELETE FROM receipts WHERE stage = ? AND clip_id = ?", (stage, clip_id))

    def write(self, receipt: Receipt) -> None:
        """Keep a receipt, committed when this returns.

        Raises:
            RunError: The disk is full or read-only.
        """
        values = {name: getattr(receipt, name) for name in _RECEIPT_FIELDS}
        values["values"] = json.dumps(receipt.values, ensure_ascii=False, sort_keys=True)
        marks = ", ".join("?" * len(_RECEIPT_FIELDS))
        try:
            with self._db:
                self._db.execute(
                    f"INSERT OR REPLACE INTO receipts ({_RECEIPT_COLUMNS}) VALUES ({marks})",
                    [values[name] for name in _RECEIPT_FIELDS],
                )
        except sqlite3.OperationalError as error:
            raise _cannot_write(error) from error


def _connected(path: Path) -> sqlite3.Connection:
    if not path.exists():
        _make(path)
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    db.executescript(_TABLES)
    return db


def _connected_to_read(path: Path) -> sqlite3.Connection:
    """Nothing is written, not even beside it: without a log nobody has it open, and none need be begun."""
    is_at_rest = not path.with_name(f"{path.name}-wal").exists()
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if is_at_rest else ''}", uri=True)
    db.execute("SELECT 1 FROM receipts LIMIT 1")
    return db


def _make(path: Path) -> None:
    """A new ledger, whole or not there: brought to the disk once, where SQLite would wait five times."""
    with atomic_path(path) as partial:
        partial.unlink(missing_ok=True)
        with closing(sqlite3.connect(partial)) as db:
            db.execute("PRAGMA synchronous=OFF")
            db.executescript(_TABLES)
            db.execute("PRAGMA journal_mode=WAL")


def _cannot_write(error: sqlite3.Error) -> RunError:
    return RunError(
        f"the ledger of the work folder cannot be written: {error}. Free some disk space, then run the same command "
        "again: it goes on where it stopped"
    )
