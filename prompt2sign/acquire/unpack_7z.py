"""7z archives, read by py7zr; where what it reads is written, and how much of it, is decided here."""

from __future__ import annotations

from lzma import LZMAError
from typing import Any

from ..errors import FormatError, MissingError
from ..formats.archive_reader import Tally, safe_name, unsafe
from .joined import Archive
from .unpack_tree import Sink, Tree


def unpack_7z(archive: Archive, tree: Tree) -> None:
    """Unpack a 7z.

    Raises:
        FormatError: As `unpack`.
        MissingError: py7zr is not installed.
    """
    try:
        import py7zr
    except ModuleNotFoundError as error:
        raise MissingError(f'{archive.path}: 7z needs a package; pip install "prompt2sign[download]"') from error
    try:
        with py7zr.SevenZipFile(archive.file, password=archive.password or None) as packed:
            tree.expect(_announced(archive, packed))
            packed.extractall(factory=_Factory(archive, tree))
    except py7zr.exceptions.PasswordRequired as error:
        raise FormatError(f"{archive.path}: is encrypted, and no password was given") from error
    except (py7zr.exceptions.ArchiveError, LZMAError) as error:
        why = "its password is another one, or it is damaged" if archive.password else "fetch it again"
        raise FormatError(f"{archive.path}: cannot be unpacked ({error}); {why}") from error


def _announced(archive: Archive, packed: Any) -> int:
    """Bytes of all files, every one checked by what the table of contents says of it."""
    tally, names, n_bytes = Tally(archive.path, archive.n_bytes), set[str](), 0
    for file in packed.files:
        if file.is_directory and not file.is_symlink and not file.is_junction:
            continue
        if not file.is_file:
            raise unsafe(archive.path, file.filename, "is a link, device, pipe or socket")
        name = tally.add(file.filename, file.uncompressed)
        if name in names:
            raise unsafe(archive.path, name, "has the path of another member")
        names.add(name)
        n_bytes += file.uncompressed
    return n_bytes


class _Factory:
    """Makes py7zr write into the tree; a subclass of its `WriterFactory` by what it can do."""

    def __init__(self, archive: Archive, tree: Tree) -> None:
        self._archive, self._tree = archive, tree

    def create(self, filename: str) -> _Output:
        return _Output(self._tree.create(safe_name(self._archive.path, filename)))


class _Output:
    """One file as py7zr wants it: it is written once from its beginning to its end."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._n_bytes = 0

    def write(self, chunk: bytes) -> int:
        self._sink.write(chunk)
        self._n_bytes += len(chunk)
        return len(chunk)

    def seekable(self) -> bool:
        return False

    def flush(self) -> None:
        """What is written is with the system already."""

    def size(self) -> int:
        return self._n_bytes

    def close(self) -> None:
        self._sink.close()
