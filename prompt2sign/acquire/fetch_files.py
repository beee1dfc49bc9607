"""Files and archives: from wanted to there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from ..errors import FormatError, MissingError, UsageError
from ..options import FetchOptions
from .checks import is_pinned, promise
from .crew import Job
from .download import Download
from .hosts import address_of, host_of
from .http import Client
from .pace import Pace, Stopped
from .places import is_unpacked, place, refused_of, require_no_links
from .present import found, is_untouched
from .register import Entry, Register, done, failed
from .report import Report
from .trouble import Trouble, of_disk
from .unpack import unpack
from .wanted import RemoteArchive, RemoteFile


class Files:
    """What all files of one run share.

    Args:
        folder: Of the corpus.
        register: Written after each file.
        client: To ask with.
        options: Mirrors, tries, whether archives stay.
        pace: Shared by all.
        report: Told what happens.
    """

    def __init__(
        self, folder: Path, register: Register, client: Client, options: FetchOptions, pace: Pace, report: Report
    ) -> None:
        self.report = report
        self._folder, self._register, self._client = folder, register, client
        self._options, self._pace = options, pace
        self._lock = threading.Lock()

    def job(self, file: RemoteFile) -> Job:
        """The job of fetching one file."""
        return Job(self._host(file), partial(self._get, file))

    def archive_jobs(self, archive: RemoteArchive) -> Iterator[Job]:
        """The jobs of fetching an archive's parts; the last to come has it unpacked. None if it was."""
        if is_unpacked(place(self._folder, archive.into)):
            self._note_unpacked(archive)
            return
        entry = self._entry(archive.into)
        if entry.outcome == "done":
            self._register.put(failed(entry, "failed", "not-unpacked", "it was there once, and is no longer"))
        missing = {part.path for part in archive.parts}
        for part in archive.parts:
            yield Job(self._host(part), partial(self._get_part, archive, part, missing))

    def _host(self, file: RemoteFile) -> str:
        return host_of(address_of(file.url, self._options.mirrors))

    def _get_part(self, archive: RemoteArchive, part: RemoteFile, missing: set[str]) -> tuple[Job, ...]:
        self._get(part)
        with self._lock:
            if self._entry(part.path).outcome == "done":
                missing.discard(part.path)
                return () if missing else (Job("", partial(self._unpack, archive)),)
        return ()

    def _get(self, file: RemoteFile) -> tuple[Job, ...]:
        """Find a file or fetch it, and write down what became of it."""
        whole, entry = place(self._folder, file.path), self._entry(file.path)
        try:
            with of_disk():
                row = found(file, whole, entry)
            row = row or self._download(file, whole, entry)
        except Trouble as trouble:
            row = failed(entry, trouble.outcome, trouble.reason, str(trouble))
            self.report.say(f"{file.path}: {trouble}")
        if row != entry:
            self._register.put(row)
        return ()

    def _download(self, file: RemoteFile, whole: Path, entry: Entry) -> Entry:
        require_no_links(self._folder, whole)
        asked = replace(entry, asked_at=datetime.now(UTC))
        download = Download(file, whole, self._client, self._options, self._pace, self.report)
        try:
            with of_disk():
                came = download.run()
            row = done(asked, came.n_bytes, sha256=came.sha256, mtime_ns=whole.stat().st_mtime_ns)
            row = replace(row, etag=came.etag, last_modified=came.last_modified, promise=promise(file))
        except Trouble as trouble:
            row = failed(asked, trouble.outcome, trouble.reason, str(trouble))
        except Stopped:
            self._register.put(failed(asked, "failed", "interrupted", "it was interrupted"))
            raise
        self.report.end(file.path, row.outcome, row.message)
        return replace(row, attempts=entry.attempts + download.attempts)

    def _unpack(self, archive: RemoteArchive) -> tuple[Job, ...]:
        """Unpack an archive that is there whole."""
        into, entry = place(self._folder, archive.into), self._entry(archive.into)
        parts = [place(self._folder, part.path) for part in archive.parts]
        self.report.begin(archive.into, archive.unpacked_bytes or None, 0)
        try:
            require_no_links(self._folder, into)
            with of_disk():
                n_bytes = unpack(parts, into, password=archive.password, advance=partial(self._advance, archive.into))
            row = done(entry, n_bytes)
        except FormatError as error:
            row = failed(entry, "refused", "not-unpacked", f"{error}{self._put_aside(archive, str(error))}")
        except (MissingError, UsageError, Trouble) as error:
            row = failed(entry, "failed", "not-unpacked", str(error))
        self._register.put(row)
        self.report.end(archive.into, row.outcome, row.message)
        if row.outcome == "done":
            self._drop_parts(archive)
        return ()

    def _put_aside(self, archive: RemoteArchive, problem: str) -> str:
        """Where no checksum says that an archive is as it was published, let the next run fetch it again.

        Returns:
            What a person can do, to be added to the problem.
        """
        doubtful = [self._entry(part.path) for part in archive.parts if not is_pinned(part)]
        theirs = [str(place(self._folder, entry.path)) for entry in doubtful if not entry.tool]
        for entry in (entry for entry in doubtful if entry.tool):
            whole = place(self._folder, entry.path)
            whole.replace(refused_of(whole))
            message = f"{problem}. It is kept as {refused_of(whole)}, and fetched again by the next run"
            self._register.put(failed(entry, "refused", "not-unpacked", message))
        return f". Delete {' and '.join(theirs)} to have it fetched" if theirs else ""

    def _advance(self, path: str, n_bytes: int) -> None:
        """Told by whoever unpacks; a run that is to end ends here too."""
        self.report.advance(path, n_bytes)
        self._pace.wait(0)

    def _note_unpacked(self, archive: RemoteArchive) -> None:
        """An archive that was there unpacked, by an earlier run or by a person."""
        entry = self._entry(archive.into)
        if entry.outcome != "done":
            into = place(self._folder, archive.into)
            self._register.put(
                done(entry, sum(file.stat().st_size for file in into.rglob("*") if file.is_file()), tool="")
            )
        self._drop_parts(archive)

    def _drop_parts(self, archive: RemoteArchive) -> None:
        """Delete what was fetched and unpacked here; what a person put there stays, and what a person unpacked."""
        unpacked = self._entry(archive.into)
        if self._options.keep_archives or unpacked.outcome != "done" or not unpacked.tool:
            return
        for entry in (self._entry(part.path) for part in archive.parts):
            whole = place(self._folder, entry.path)
            if entry.tool and is_untouched(whole, entry):
                whole.unlink()

    def _entry(self, path: str) -> Entry:
        entry = self._register.get(path)
        assert entry is not None, f"{path} was not expected"
        return entry
