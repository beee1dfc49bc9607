"""Walk through a tar, gzipped tar or zip from a stranger, without trusting a single name or number in it."""

from __future__ import annotations

import errno
import gzip
import re
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol, Self, cast

from ..errors import FormatError, MissingError, Prompt2SignError

#: A member larger than this is no video frame, keypoints file or annotation.
MAX_MEMBER_BYTES = 64 << 30
#: Text compresses some 10 times, black pictures some 100 times; beyond this and `MAX_FREE_BYTES` it is a bomb.
MAX_RATIO = 200
MAX_FREE_BYTES = 1 << 30
#: How2Sign's train keypoints hold about 5 million files.
MAX_MEMBERS = 20_000_000

CHUNK = 1 << 20
_MAX_HEADER_READ = 1 << 20
#: The header (POSIX.1-1988, ustar) of a file or of attributes of the file that follows, without a prefix to its name.
_USUAL = re.compile(
    rb"(?P<name>.{100}).{24}(?P<size>[0-7]{11})[ \0].{12}(?P<checksum>[0-7]{6})(?:\0 | \0)(?P<kind>[0x])"
    rb".{100}ustar.{83}\0.{166}",
    re.DOTALL,
)


class Entry(NamedTuple):
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


class Reader(Protocol):
    """Walks through an archive."""

    def entries(self, start: int = 0) -> Iterator[Entry]:
        """The regular files from `start` on, checked one by one."""

    def close(self) -> None:
        """Let go of the file."""


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


class _Header(tarfile.TarInfo):
    """A header that says what is read here and no more: of a million small files, headers are most of the work."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """As `tarfile` has it, which is asked wherever a header is not a usual one."""
        usual = _USUAL.fullmatch(buf)
        # The checksum's own eight bytes count as spaces.
        if usual is None or sum(buf) - sum(buf[148:156]) + 8 * ord(" ") != int(usual["checksum"], 8):
            return super().frombuf(buf, encoding, errors)
        header = cls(usual["name"].partition(tarfile.NUL)[0].decode(encoding, errors))
        header.size, header.type = int(usual["size"], 8), usual["kind"]
        return header


class Tar:
    """A plain or gzipped tar. Headers are read by `tarfile`, content straight from the file."""

    def __init__(self, path: Path) -> None:
        self._open(path, cast(BinaryIO, (gzip.open if is_gzip(path) else open)(path, "rb")), path.stat().st_size)

    def _open(self, path: Path, file: BinaryIO, archive_bytes: int) -> None:
        self._path, self._file, self._archive_bytes = path, file, archive_bytes
        self.close = file.close

    def entries(self, start: int = 0) -> Iterator[Entry]:
        """The members from a place in the file on, in their order."""
        tally = Tally(self._path, self._archive_bytes)
        with telling(self._path):
            self._file.seek(start)
            tar = tarfile.open(fileobj=_Guarded(self._file), mode="r:", tarinfo=_Header)  # type: ignore[call-overload]  # noqa: SIM115
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
        while chunk := self._file.read(CHUNK):
            n_bytes += len(chunk)
            refuse_bomb(self._path, n_bytes, self._archive_bytes)
            if chunk.strip(tarfile.NUL):
                raise tarfile.ReadError("it is damaged, or something follows its end")
        if n_bytes < tarfile.BLOCKSIZE:
            raise tarfile.ReadError("it is cut off: no end mark where the members end")

    def _entry(self, member: tarfile.TarInfo, end: int, tally: Tally) -> Entry:
        if not member.isreg() or member.issparse():
            kind = "link" if member.issym() or member.islnk() else "device, pipe or sparse file"
            raise unsafe(self._path, member.name, f"is a {kind}")
        name = tally.add(member.name, member.size)
        return Entry(name, member.size, partial(self._chunks, member), member.offset, end)

    def _chunks(self, member: tarfile.TarInfo) -> Iterator[bytes]:
        with telling(self._path):
            self._file.seek(member.offset_data)
            left = member.size
            while left:
                chunk = self._file.read(min(left, CHUNK))
                if not chunk:
                    raise tarfile.ReadError(f"it is cut off inside {member.name}")
                left -= len(chunk)
                yield chunk


class _Zip:
    """A zip file; its positions count the entries of the table of contents."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with telling(path):
            self._zip = zipfile.ZipFile(path)
        self.close = self._zip.close

    def entries(self, start: int = 0) -> Iterator[Entry]:
        tally = Tally(self._path, self._path.stat().st_size)
        infos = self._zip.infolist()
        for position in range(start, len(infos)):
            info = infos[position]
            if info.filename.endswith("/"):
                continue
            mode = stat.S_IFMT(info.external_attr >> 16)
            if mode not in (0, stat.S_IFREG):
                kind = "link" if mode == stat.S_IFLNK else "device, pipe or socket"
                raise unsafe(self._path, info.filename, f"is a {kind}")
            if info.flag_bits & 1:
                raise unsafe(self._path, info.filename, "is encrypted; unpack the archive with its password")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise unsafe(self._path, info.filename, "is packed by a rare method; pack the folder anew")
            name = tally.add(info.filename, info.file_size)
            yield Entry(name, info.file_size, partial(self._chunks, info), position, position + 1)

    def _chunks(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        with telling(self._path), self._zip.open(info) as file:
            left = info.file_size
            while left:
                chunk = file.read(min(left, CHUNK))
                if not chunk:
                    raise zipfile.BadZipFile(f"{info.filename} is shorter than announced")
                left -= len(chunk)
                yield chunk


class Tally:
    """Counts what one pass over an archive has announced so far, and stops at a bomb."""

    def __init__(self, path: Path, archive_bytes: int) -> None:
        self._path, self._archive_bytes = path, archive_bytes
        self._n_members = self._n_bytes = 0

    def add(self, name: str, size: int) -> str:
        """Take one member in; gives its checked name."""
        self._n_members += 1
        self._n_bytes += size
        if self._n_members > MAX_MEMBERS:
            raise unsafe(self._path, name, f"is one of more than {MAX_MEMBERS} members")
        if size > MAX_MEMBER_BYTES:
            raise unsafe(self._path, name, f"announces {size} bytes")
        refuse_bomb(self._path, self._n_bytes, self._archive_bytes)
        return safe_name(self._path, name)


def open_archive(path: Path) -> Reader:
    """A reader of the archive, by its first bytes."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except FileNotFoundError as error:
        raise MissingError(f"{path}: there is no such archive; check the path") from error
    return _Zip(path) if magic in (b"PK\x03\x04", b"PK\x05\x06") else Tar(path)


def is_gzip(path: Path) -> bool:
    """Does the file begin as gzip does?"""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def safe_name(path: Path, name: str) -> str:
    """A member's name as a relative path, parted by `/`.

    Raises:
        FormatError: It leads out of the archive, or is none.
    """
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    rooted = name[:1] in ("/", "\\") or (name[1:2] == ":" and name[0].isalpha())  # `C:` of Windows
    if not parts or rooted or ".." in parts or "\0" in name:
        raise unsafe(path, name, "would be written outside the target folder")
    if not name.isascii() and name != name.encode("utf-8", "replace").decode("utf-8"):
        raise unsafe(path, name, "has a name that is not UTF-8")
    return "/".join(parts)


def refuse_bomb(path: Path, n_bytes: int, archive_bytes: int) -> None:
    """Stop before an archive fills the disk."""
    if n_bytes > max(MAX_FREE_BYTES, MAX_RATIO * archive_bytes):
        raise FormatError(
            f"{path}: unpacks to more than {MAX_RATIO} times its size, which no corpus does; it looks like a "
            "decompression bomb. If you trust it, unpack it yourself and give the folder"
        )


def unsafe(path: Path, name: str, fault: str) -> FormatError:
    """The error for a member that must not be read."""
    return FormatError(
        f"{path}: member {name!r} {fault}; the archive is refused. If you trust it, unpack it yourself and give "
        "the folder"
    )


@contextmanager
def telling(path: Path) -> Iterator[None]:
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
