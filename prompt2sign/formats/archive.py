"""Archives from strangers: tar, gzipped tar and zip, read without trusting a single name or number in them.

Refused with a `FormatError`: absolute names, `..`, links, devices, sparse and encrypted members, archives that are
cut off, and bombs. The kind is told by the first bytes, not by the suffix: servers hand out `.tar.gz` files that
some clients have already gunzipped (PHOENIX-2014T is known for it).

What reading costs: a plain `.tar` or a `.zip` is looked through once by `ArchiveIndex` (some 50 microseconds a file,
in each process), then any clip is found at once. A `.tar.gz` has no way in but from its beginning: the look-through
decompresses all of it, reading clips in the archive's order decompresses it once more, and each step backwards starts
from the beginning again. So whoever reads many clips calls `plain_tar` first, which decompresses to disk once for all
processes.
"""

from __future__ import annotations

import errno
import gzip
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

from ..errors import UsageError
from .archive_reader import CHUNK, Entry, is_gzip, open_archive, refuse_bomb, telling, unsafe

ARCHIVE_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".zip")
_STAMP = ".unpacked-from.json"


def is_archive(path: Path) -> bool:
    """Is this a file whose name ends like an archive's?"""
    return path.name.lower().endswith(ARCHIVE_SUFFIXES) and path.is_file()


def archive_stem(path: Path) -> str:
    """The name of an archive without `.tar`, `.tar.gz`, `.tgz` or `.zip`."""
    suffix = max((s for s in ARCHIVE_SUFFIXES if path.name.lower().endswith(s)), key=len, default="")
    return path.name[: len(path.name) - len(suffix)]


def iter_members(path: Path) -> Iterator[Entry]:
    """Stream the regular files of an archive in its order; folders are passed over.

    Raises:
        FormatError: The archive cannot be read, or holds something that is not safe to read.
    """
    with closing(open_archive(path)) as reader:
        yield from reader.entries()


def extract(path: Path, target: Path) -> Path:
    """Unpack an archive into the new folder `target`, all or nothing; a complete earlier run is kept.

    The files are written to `<target>.partial`, which takes its final name at the end, so that a killed run leaves
    nothing that looks complete. An archive of another size than last time is unpacked again.

    Returns:
        `target`.

    Raises:
        FormatError: As `iter_members`, or two members claim one path.
        UsageError: `target` holds something else.
    """
    stamp = json.dumps({"archive": path.name, "bytes": path.stat().st_size})
    with suppress(OSError):
        if (target / _STAMP).read_text(encoding="utf-8") == stamp:
            return target
    if target.exists() and not (target / _STAMP).exists():
        raise UsageError(f"{target}: is in the way, and was not unpacked from an archive; move it elsewhere")
    unfinished = target.with_name(target.name + ".partial")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        for entry in iter_members(path):
            _write_entry(path, entry, unfinished / entry.name)
        (unfinished / _STAMP).write_text(stamp, encoding="utf-8")
        if target.exists():
            shutil.rmtree(target)
        unfinished.replace(target)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return target


def plain_tar(path: Path, scratch: Path) -> Path:
    """A form of the archive in which any clip is found at once: itself, or a gunzipped copy in `scratch`.

    The copy is made once, under a name that carries the archive's size, and appears only when complete.

    Raises:
        FormatError: The file is cut off, or is a bomb.
    """
    if not is_gzip(path):
        return path
    n_bytes = path.stat().st_size
    target = scratch / f"{archive_stem(path)}.{n_bytes}.tar"
    if target.exists():
        return target
    scratch.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".partial")
    try:
        with telling(path), gzip.open(path, "rb") as source, unfinished.open("wb") as sink:
            while chunk := source.read(CHUNK):
                refuse_bomb(path, sink.tell() + len(chunk), n_bytes)
                sink.write(chunk)
            sink.flush()
            os.fsync(sink.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target


class ArchiveIndex:
    """Where groups of files lie in an archive, so that a group is read without looking through the rest.

    Holds one pair of numbers for each unbroken run of a group's files, which for the usual archive is one a clip.
    Keeps the archive open. Not for several threads at once.

    Args:
        path: The archive.
        group_of: The group a file belongs to by its name, None for files of no interest.

    Raises:
        FormatError: As `iter_members`.
    """

    def __init__(self, path: Path, group_of: Callable[[str], str | None]) -> None:
        self._group_of = group_of
        self._runs: dict[str, list[tuple[int, int]]] = {}
        self._reader = open_archive(path)
        for entry in self._reader.entries():
            group = group_of(entry.name)
            if group is None:
                continue
            runs = self._runs.setdefault(group, [])
            joined = bool(runs) and runs[-1][1] == entry.start
            start = runs.pop()[0] if joined else entry.start
            runs.append((start, entry.end))

    def groups(self) -> list[str]:
        """All groups, in the order in which they first appear."""
        return list(self._runs)

    def files(self, group: str) -> Iterator[Entry]:
        """The files of one group, in the archive's order."""
        for start, end in self._runs[group]:
            for entry in self._reader.entries(start):
                if self._group_of(entry.name) == group:
                    yield entry
                if entry.end >= end:
                    break


def _write_entry(archive: Path, entry: Entry, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as sink:
            for chunk in entry.chunks():
                sink.write(chunk)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise unsafe(archive, entry.name, "has the path of another member") from error
    except OSError as error:
        if error.errno not in (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL):
            raise
        raise unsafe(archive, entry.name, "has a name this file system cannot hold") from error
