"""What was asked for, what came, what is gone and why: `acquired.parquet` beside the files.

One row for each wanted file, archive and video, sorted by `path`; docs/downloads.md documents the columns. The file is
replaced as a whole after each change, so that whatever ends the run, it is whole and says what happened until then. One
of so many rows that this takes long lags behind by a second at most.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import FormatError
from ..formats.atomic import atomic_path
from .http import AGENT
from .wanted import Outcome, RemoteArchive, RemoteFile, SiteVideo, Wanted

NAME = "acquired.parquet"
Kind = Literal["file", "part", "archive", "video"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One row.

    Attributes:
        path: Relative to the folder; of an archive the folder it is unpacked into, of a video without its suffix.
        kind: `file`; `part` of an archive; `archive`; `video` of a video site.
        url: Its published address; empty for an archive, whose parts have theirs.
        outcome: As in `acquire.wanted`.
        reason: Slug, empty where it came.
        message: Why it did not come, in words; how a video was found where it came.
        n_bytes: Its length, of an archive that of its unpacked files; None where it did not come.
        sha256: Of a file or part as it lies or lay on the disk; empty where it did not come.
        etag: Its entity tag, empty where the server gave none or a person brought it.
        last_modified: Its date as the server wrote it; the same.
        asked_at: When it was last asked for; None where it never was: it was there.
        fetched_at: When it came, or was found there; None where it did not.
        attempts: Requests that were made for it, all runs together.
        tool: What fetched it.
        mtime_ns: Time of the file in nanoseconds: with an unchanged length and time its checksum is not taken again.
        promise: Published sizes and checksums that it was compared with (`checks.promise`).
    """

    path: str
    kind: Kind
    url: str = ""
    outcome: Outcome = "failed"
    reason: str = "not-asked"
    message: str = "it has not been asked for yet"
    n_bytes: int | None = None
    sha256: str = ""
    etag: str = ""
    last_modified: str = ""
    asked_at: datetime | None = None
    fetched_at: datetime | None = None
    attempts: int = 0
    tool: str = AGENT
    mtime_ns: int | None = None
    promise: str = ""


_TIME = pa.timestamp("ms", tz="UTC")
_TYPES = {"n_bytes": pa.int64(), "asked_at": _TIME, "fetched_at": _TIME, "attempts": pa.int32(), "mtime_ns": pa.int64()}
_SCHEMA = pa.schema([(field.name, _TYPES.get(field.name, pa.string())) for field in fields(Entry)])
_VALUES: dict[str, tuple[type, ...]] = {
    "n_bytes": (int, type(None)),
    "asked_at": (datetime, type(None)),
    "fetched_at": (datetime, type(None)),
    "attempts": (int,),
    "mtime_ns": (int, type(None)),
}
#: A register that takes longer than this to write is written less often: at most once in the second.
_LONG_S, _PAUSE_S = 0.05, 1.0


class Register:
    """The rows of one folder; used from any number of threads.

    Whoever puts rows in calls `flush` at the end, however that comes.
    """

    def __init__(self, folder: Path, entries: dict[str, Entry]) -> None:
        self._path = folder / NAME
        self._entries = entries
        self._lock = threading.Lock()
        self._write_from_s = 0.0
        self._timer: threading.Timer | None = None

    @classmethod
    def read(cls, folder: Path) -> Register:
        """The register of a folder, empty where it has none.

        Raises:
            FormatError: There is one that cannot be read.
        """
        path = folder / NAME
        if not path.exists():
            return cls(folder, {})
        try:
            with path.open("rb") as file:
                entries = [_entry(row) for row in pq.read_table(file).to_pylist()]
            _table(entries)
            return cls(folder, {entry.path: entry for entry in entries})
        except (pa.ArrowException, OSError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise FormatError(
                f"{path}: is no register of what was fetched ({error}); move it away: files that are there are kept, "
                "and their checksums taken anew"
            ) from error

    def get(self, path: str) -> Entry | None:
        """The row of a path."""
        return self._entries.get(path)

    def entries(self) -> list[Entry]:
        """All rows by their paths."""
        with self._lock:
            return [self._entries[path] for path in sorted(self._entries)]

    def reason_of(self, path: str) -> str:
        """Why it did not come, as a slug; empty where it came, or nobody ever asked for it."""
        entry = self._entries.get(path)
        return entry.reason if entry and entry.outcome != "done" else ""

    def expect(self, wanted: Sequence[Wanted]) -> None:
        """Make a row for whatever has none, so that everything asked for is named however the run ends."""
        with self._lock:
            for entry in (entry for want in wanted for entry in entries_of(want)):
                known = self._entries.get(entry.path)
                if known is None or known.url != entry.url or known.kind != entry.kind:
                    self._entries[entry.path] = entry
            self._write()

    def put(self, entry: Entry) -> None:
        """Take a row in, and write all of them, now or within a second."""
        with self._lock:
            self._entries[entry.path] = entry
            wait_s = self._write_from_s - time.monotonic()
            if wait_s <= 0:
                self._write()
            elif self._timer is None:
                self._timer = threading.Timer(wait_s, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Write what was put in and not written yet.

        Raises:
            OSError: The disk is full and the like.
        """
        with self._lock:
            if self._timer:
                self._write()

    def _write(self) -> None:
        start_s = time.monotonic()
        with atomic_path(self._path) as partial:
            pq.write_table(_table([self._entries[path] for path in sorted(self._entries)]), partial)
        if self._timer:
            self._timer.cancel()
            self._timer = None
        end_s = time.monotonic()
        self._write_from_s = end_s + _PAUSE_S if end_s - start_s > _LONG_S else end_s


def entries_of(want: Wanted) -> list[Entry]:
    """Rows of something wanted before anything is known of it."""
    match want:
        case RemoteFile():
            return [Entry(want.path, "file", want.url)]
        case SiteVideo():
            return [Entry(want.path, "video", want.url)]
        case RemoteArchive():
            return [Entry(want.into, "archive"), *(Entry(part.path, "part", part.url) for part in want.parts)]


def done(entry: Entry, n_bytes: int, **changes: object) -> Entry:
    """The row of what came just now."""
    now = datetime.now(UTC)
    came = replace(entry, outcome="done", reason="", message="", n_bytes=n_bytes, fetched_at=now, tool=AGENT)
    return replace(came, **changes)  # type: ignore[arg-type]


def failed(entry: Entry, outcome: Outcome, reason: str, message: str) -> Entry:
    """The row of what did not come."""
    return replace(
        entry,
        outcome=outcome,
        reason=reason,
        message=message,
        n_bytes=None,
        sha256="",
        fetched_at=None,
        tool=AGENT,
        mtime_ns=None,
    )


def _table(entries: Sequence[Entry]) -> pa.Table:
    columns = [pa.array([getattr(entry, field.name) for entry in entries], field.type) for field in _SCHEMA]
    return pa.Table.from_arrays(columns, schema=_SCHEMA)


def _entry(row: dict[str, object]) -> Entry:
    entry = Entry(**row)  # type: ignore[arg-type]
    for name in _SCHEMA.names:
        value = getattr(entry, name)
        if not isinstance(value, _VALUES.get(name, (str,))):
            raise ValueError(f"{name} of a row is {value!r:.50}")
    if entry.outcome not in get_args(Outcome) or entry.kind not in get_args(Kind):
        raise ValueError(f"{entry.path} has an unknown outcome or kind")
    return entry
