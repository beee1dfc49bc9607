"""The door: fetch whatever a corpus wants into its folder, check it, unpack it, and write down what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import FormatError, MissingError, RunError
from ..options import FetchOptions
from .crew import Crew, Job
from .fetch_files import Files
from .fetch_videos import fetch_videos
from .http import Client
from .pace import Pace
from .places import place
from .register import Register, entries_of
from .report import Report, Silent
from .space import require_space
from .survey import survey
from .wanted import RemoteArchive, RemoteFile, SiteVideo, Wanted

_MAX_NAMED = 20


@dataclass(frozen=True, slots=True)
class Summary:
    """What the folder holds of all that was wanted.

    Attributes:
        n_done: Files, archives and videos that are there.
        n_gone: Those that are gone for good.
        n_failed: Those that may come another day, or came but were not what was promised.
        n_bytes: Length of those that are there, unpacked.
        n_new: Files, archives and videos that came in this run.
    """

    n_done: int
    n_gone: int
    n_failed: int
    n_bytes: int
    n_new: int


def fetch(
    wanted: Callable[[], Sequence[Wanted]], folder: Path, options: FetchOptions, report: Report | None = None
) -> Summary:
    """Fetch all that is wanted and not there; what is interrupted is completed by the next call.

    Args:
        wanted: Gives all that is wanted as far as it is known; asked again after each round, because an index that
            came may name more.
        folder: Where to; made if it is not there.
        options: Mirrors, limits, keys.
        report: Told what happens, from several threads.

    Returns:
        What there is now.

    Raises:
        MissingError: Something cannot be done without and did not come. All the rest has come and is kept.
        RunError: The disk is too small, or another process is fetching into the folder.
        FormatError: Two things want one place, or one wants to lie outside the folder.
        OSError: The disk is full and the like.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _alone_in(folder):
        register, client, pace = Register.read(folder), Client(options.token), Pace(options.rate_limit)
        before = {entry.path for entry in register.entries() if entry.outcome == "done"}
        files = Files(folder, register, client, options, pace, report or Silent())
        known: dict[Wanted, None] = {}
        try:
            while fresh := [want for want in dict.fromkeys(wanted()) if want not in known]:
                known |= dict.fromkeys(fresh)
                _require_places(list(known), folder)
                register.expect(fresh)
                require_space(folder, survey(fresh, folder, options.keep_archives).disk_bytes)
                Crew(options.files_at_once, options.per_host, pace).run(_jobs(fresh, files))
            fetch_videos(
                [want for want in known if isinstance(want, SiteVideo)], folder, register, options, files.report
            )
        finally:
            pace.stop()
            client.close()
            register.flush()
        _require_all(list(known), folder, register)
    return _summary(list(known), register, before)


def _jobs(wanted: Sequence[Wanted], files: Files) -> Iterator[Job]:
    """Single files first: indexes are among them."""
    for want in sorted(wanted, key=lambda want: not isinstance(want, RemoteFile)):
        match want:
            case RemoteFile():
                yield files.job(want)
            case RemoteArchive():
                yield from files.archive_jobs(want)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    import filelock

    lock = folder / ".lock"
    if lock.is_symlink() or (lock.exists() and not lock.is_file()):
        raise RunError(f"{lock}: is in the way of the lock that fetching keeps there; move it")
    try:
        with filelock.FileLock(lock, timeout=0):
            yield
    except filelock.Timeout:
        raise RunError(f"{folder}: another prompt2sign is fetching into this folder; wait for it") from None


def _require_places(wanted: Sequence[Wanted], folder: Path) -> None:
    """Every wanted thing has a place of its own inside the folder, and none inside another's."""
    takers: dict[str, str] = {}
    for entry in (entry for want in wanted for entry in entries_of(want)):
        place(folder, entry.path)
        if entry.path.casefold() in takers:
            raise FormatError(
                f"{folder}: {entry.url or 'an archive'} and {takers[entry.path.casefold()]} both want to be "
                f"{entry.path!r} there"
            )
        takers[entry.path.casefold()] = entry.url or "an archive"
    for path, taker in takers.items():
        for above in (str(parent) for parent in PurePosixPath(path).parents):
            if above in takers:
                raise FormatError(f"{folder}: {taker} wants to be {path!r} in {above!r}, which is {takers[above]}")


def _require_all(wanted: Sequence[Wanted], folder: Path, register: Register) -> None:
    """Name what cannot be done without and is not there."""
    absent = [line for want in wanted for line in _absent(want, folder, register)]
    if absent:
        more = [f"  and {len(absent) - _MAX_NAMED} more, in acquired.parquet there"] if len(absent) > _MAX_NAMED else []
        needed = sum(1 for want in wanted for _ in _needed(want))
        raise MissingError(
            "\n".join(
                [
                    f"{folder}: {len(absent)} of the {needed} files that are needed did not come. Run it again to "
                    "go on where it stopped. A file that you get another way is taken when it lies at its place:",
                    *absent[:_MAX_NAMED],
                    *more,
                ]
            )
        )


def _needed(want: Wanted) -> Sequence[RemoteFile]:
    """Its files that cannot be done without."""
    match want:
        case RemoteArchive():
            return want.parts
        case RemoteFile():
            return () if want.optional else (want,)
        case SiteVideo():
            return ()


def _absent(want: Wanted, folder: Path, register: Register) -> Iterator[str]:
    """Lines that say what is not there of something wanted, and why."""
    if isinstance(want, SiteVideo) or (isinstance(want, RemoteFile) and want.optional):
        return
    if isinstance(want, RemoteArchive):
        archive = register.get(want.into)
        if not archive or archive.outcome == "done" or all(part.optional for part in want.parts):
            return
    entries = [entry for own in entries_of(want) if (entry := register.get(own.path)) and entry.outcome != "done"]
    parts = [entry for entry in entries if entry.kind != "archive"]
    for entry in parts or entries:
        yield f"  {place(folder, entry.path)} ({entry.url or 'unpacked'}): {entry.message}"


def _summary(wanted: Sequence[Wanted], register: Register, before: set[str]) -> Summary:
    paths = [want.into if isinstance(want, RemoteArchive) else want.path for want in wanted]
    entries = [entry for path in paths if (entry := register.get(path))]
    there = [entry for entry in entries if entry.outcome == "done"]
    n_gone = sum(entry.outcome == "gone" for entry in entries)
    return Summary(
        n_done=len(there),
        n_gone=n_gone,
        n_failed=len(entries) - len(there) - n_gone,
        n_bytes=sum(entry.n_bytes or 0 for entry in there),
        n_new=sum(entry.path not in before for entry in there),
    )
