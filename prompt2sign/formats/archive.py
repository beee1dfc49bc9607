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
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from ..errors import FormatError, MissingError, Prompt2SignError, UsageError

#: A member larger than this is no video frame, keypoints file or annotation.
MAX_MEMBER_BYTES = 64 << 30
#: Text compresses some 10 times, black pictures some 100 times; beyond this and `MAX_FREE_BYTES` it is a bomb.
MAX_RATIO = 200
MAX_FREE_BYTES = 1 << 30
#: How2Sign's train keypoints hold about 5 million files.
MAX_MEMBERS = 20_000_000
ARCHIVE_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".zip")

_CHUNK = 1 << 20
_MAX_HEADER_READ = 1 << 20
_STAMP = ".unpacked-from.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file inside an archive or folder.

    Attributes:
        name: Its relative path with `/`, without `..`.
        size: Bytes, as announced.
        chunks: Gives its content piece by piece; only valid until the next entry is taken.
        start: Where it begins: an offset in a tar, a number in a zip's table of contents.
        end: Where the next one begins.
    """

    name: str
    size: int
    chunks: Callable[[], Iterator[bytes]]
    start: int = 0
    end: int = 0

    def read(self) -> bytes:
        """The whole content; look at `size` first."""
        return b"".join(self.chunks())


class _Reader(Protocol):
    def entries(self, start: int = 0) -> Iterator[Entry]: ...

    def close(self) -> None: ...


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
    with closing(_open(path)) as reader:
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
    if not _is_gzip(path):
        return path
    n_bytes = path.stat().st_size
    target = scratch / f"{archive_stem(path)}.{n_bytes}.tar"
    if target.exists():
        return target
    scratch.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".partial")
    try:
        with _telling(path), gzip.open(path, "rb") as source, unfinished.open("wb") as sink:
            while chunk := source.read(_CHUNK):
                _refuse_bomb(path, sink.tell() + len(chunk), n_bytes)
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
        self._reader = _open(path)
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


class _Guarded:
    """A file as `tarfile` needs it, which refuses the huge reads that a forged header can ask for."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MAX_HEADER_READ:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self._file.read(size)

    def seek(self, offset: int) -> int:
        return self._file.seek(offset)

    def tell(self) -> int:
        return self._file.tell()


class _Tar:
    """A plain or gzipped tar. Headers are read by `tarfile`, content straight from the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = cast(BinaryIO, (gzip.open if _is_gzip(path) else open)(path, "rb"))
        self.close = self._file.close

    def entries(self, start: int = 0) -> Iterator[Entry]:
        tally = _Tally(self._path)
        with _telling(self._path):
            self._file.seek(start)
            tar = tarfile.open(fileobj=_Guarded(self._file), mode="r:")  # type: ignore[call-overload]  # noqa: SIM115
            while (member := tar.next()) is not None:
                tar.members = []  # tarfile remembers every member otherwise
                if member.size < 0:  # would lead back, for ever
                    raise tarfile.ReadError(f"the header of {member.name} does not add up")
                if not member.isdir():
                    yield self._entry(member, tar.offset, tally)
            self._check_end(tar.offset)

    def _check_end(self, offset: int) -> None:
        """tarfile takes anything it cannot read for the end. True ends are zeros, and gzip's last bytes a checksum."""
        self._file.seek(offset)
        n_bytes = 0
        while chunk := self._file.read(_CHUNK):
            n_bytes += len(chunk)
            _refuse_bomb(self._path, n_bytes, self._path.stat().st_size)
            if chunk.strip(tarfile.NUL):
                raise tarfile.ReadError("it is damaged, or something follows its end")
        if n_bytes < tarfile.BLOCKSIZE:
            raise tarfile.ReadError("it is cut off: no end mark where the members end")

    def _entry(self, member: tarfile.TarInfo, end: int, tally: _Tally) -> Entry:
        if not member.isreg() or member.issparse():
            kind = "link" if member.issym() or member.islnk() else "device, pipe or sparse file"
            raise _unsafe(self._path, member.name, f"is a {kind}")
        name = tally.add(member.name, member.size)
        return Entry(name, member.size, partial(self._chunks, member), member.offset, end)

    def _chunks(self, member: tarfile.TarInfo) -> Iterator[bytes]:
        with _telling(self._path):
            self._file.seek(member.offset_data)
            left = member.size
            while left:
                chunk = self._file.read(min(left, _CHUNK))
                if not chunk:
                    raise tarfile.ReadError(f"it is cut off inside {member.name}")
                left -= len(chunk)
                yield chunk


class _Zip:
    """A zip file; its positions count the entries of the table of contents."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with _telling(path):
            self._zip = zipfile.ZipFile(path)
        self.close = self._zip.close

    def entries(self, start: int = 0) -> Iterator[Entry]:
        tally = _Tally(self._path)
        infos = self._zip.infolist()
        for position in range(start, len(infos)):
            info = infos[position]
            if info.filename.endswith("/"):
                continue
            mode = stat.S_IFMT(info.external_attr >> 16)
            if mode not in (0, stat.S_IFREG):
                kind = "link" if mode == stat.S_IFLNK else "device, pipe or socket"
                raise _unsafe(self._path, info.filename, f"is a {kind}")
            if info.flag_bits & 1:
                raise _unsafe(self._path, info.filename, "is encrypted; unpack the archive with its password")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise _unsafe(self._path, info.filename, "is packed by a rare method; pack the folder anew")
            name = tally.add(info.filename, info.file_size)
            yield Entry(name, info.file_size, partial(self._chunks, info), position, position + 1)

    def _chunks(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        with _telling(self._path), self._zip.open(info) as file:
            left = info.file_size
            while left:
                chunk = file.read(min(left, _CHUNK))
                if not chunk:
                    raise zipfile.BadZipFile(f"{info.filename} is shorter than announced")
                left -= len(chunk)
                yield chunk


class _Tally:
    """Counts what one pass over an archive has announced so far, and stops at a bomb."""

    def __init__(self, path: Path) -> None:
        self._path, self._archive_bytes = path, path.stat().st_size
        self._n_members = self._n_bytes = 0

    def add(self, name: str, size: int) -> str:
        """Take one member in; gives its checked name."""
        self._n_members += 1
        self._n_bytes += size
        if self._n_members > MAX_MEMBERS:
            raise _unsafe(self._path, name, f"is one of more than {MAX_MEMBERS} members")
        if size > MAX_MEMBER_BYTES:
            raise _unsafe(self._path, name, f"announces {size} bytes")
        _refuse_bomb(self._path, self._n_bytes, self._archive_bytes)
        return _safe_name(self._path, name)


def _open(path: Path) -> _Reader:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except FileNotFoundError as error:
        raise MissingError(f"{path}: there is no such archive; check the path") from error
    return _Zip(path) if magic in (b"PK\x03\x04", b"PK\x05\x06") else _Tar(path)


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _safe_name(path: Path, name: str) -> str:
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    rooted = name[:1] in ("/", "\\") or (name[1:2] == ":" and name[0].isalpha())  # `C:` of Windows
    if not parts or rooted or ".." in parts or "\0" in name:
        raise _unsafe(path, name, "would be written outside the target folder")
    if not name.isascii() and name != name.encode("utf-8", "replace").decode("utf-8"):
        raise _unsafe(path, name, "has a name that is not UTF-8")
    return "/".join(parts)


def _refuse_bomb(path: Path, n_bytes: int, archive_bytes: int) -> None:
    if n_bytes > max(MAX_FREE_BYTES, MAX_RATIO * archive_bytes):
        raise FormatError(
            f"{path}: unpacks to more than {MAX_RATIO} times its size, which no corpus does; it looks like a "
            "decompression bomb. If you trust it, unpack it yourself and give the folder"
        )


def _unsafe(path: Path, name: str, fault: str) -> FormatError:
    return FormatError(
        f"{path}: member {name!r} {fault}; the archive is refused. If you trust it, unpack it yourself and give "
        "the folder"
    )


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Whatever the libraries stumble over in damaged bytes becomes a `FormatError` that names the archive.

    What the disk says stays as it is; only "invalid argument" is an offset that the archive made up.
    """
    try:
        yield
    except Exception as error:
        of_disk = isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)
        if of_disk or isinstance(error, Prompt2SignError | MemoryError):
            raise
        raise FormatError(
            f"{path}: cannot be read as an archive ({error}). Fetch it again; compare its size with the source's"
        ) from error


def _write_entry(archive: Path, entry: Entry, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as sink:
            for chunk in entry.chunks():
                sink.write(chunk)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise _unsafe(archive, entry.name, "has the path of another member") from error
    except OSError as error:
        if error.errno not in (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL):
            raise
        raise _unsafe(archive, entry.name, "has a name this file system cannot hold") from error
