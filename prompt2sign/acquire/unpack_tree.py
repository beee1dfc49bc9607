"""The folder an archive is unpacked into: refuses what no file system, or not every one, would hold, and counts."""

from __future__ import annotations

import errno
import os
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from ..errors import RunError
from ..formats.archive_reader import Entry, refuse_bomb, unsafe

MAX_DEPTH = 32
MAX_PART_BYTES = 255
MAX_NAME_BYTES = 1024
#: Left free on the disk for everybody else.
RESERVE_BYTES = 256 << 20
#: The disk is asked again after so many bytes; a small file counts as a block of the disk.
_ASK_DISK_BYTES = 64 << 20
_BLOCK_BYTES = 4096
#: Turn the order of what is shown after them, so that a name looks like another (Unicode UAX #9, explicit formatting).
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Tree:
    """A folder that takes an archive's files, one after the other.

    Attributes:
        n_bytes: Written so far.

    Args:
        root: The folder; it is there and empty.
        archive: The archive, for messages.
        archive_bytes: Its size, by which a bomb is told.
        advance: Told how many bytes were written.
    """

    def __init__(self, root: Path, archive: Path, archive_bytes: int, advance: Callable[[int], None]) -> None:
        self.root = root
        self.n_bytes = 0
        self._archive, self._archive_bytes, self._advance = archive, archive_bytes, advance
        self._folder = root
        self._until_disk = 0

    def expect(self, n_bytes: int) -> None:
        """Say what is to come, where the archive tells it beforehand.

        Raises:
            FormatError: No archive of this size holds that much.
            RunError: It has no room on the disk.
        """
        refuse_bomb(self._archive, n_bytes, self._archive_bytes)
        self._refuse_full(n_bytes)

    def write(self, entry: Entry) -> None:
        """Take in one file.

        Raises:
            FormatError: Its name cannot be kept, or is taken; or it makes a bomb.
            RunError: The disk is nearly full.
        """
        with self.create(entry.name) as sink:
            for chunk in entry.chunks():
                sink.write(chunk)

    def create(self, name: str) -> Sink:
        """Begin a file; raises as `write`.

        Args:
            name: Its relative path, checked by the archive's reader.
        """
        target = self.root / self._kept_name(name)
        self._count(0)
        try:
            if target.parent != self._folder:
                target.parent.mkdir(parents=True, exist_ok=True)
                self._folder = target.parent
            return Sink(target.open("xb", buffering=0), self._count)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise unsafe(self._archive, name, "has the path of another member") from error
        except OSError as error:
            if error.errno not in (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL):
                raise
            raise unsafe(self._archive, name, "has a name this file system cannot hold") from error

    def refuse_twins(self) -> None:
        """Refuse names that differ in case alone, which a Mac or Windows would take for one file.

        Looked up in each folder when all is there: to remember the names of five million files would take a gigabyte.

        Raises:
            FormatError: There are two.
        """
        for folder, folders, files in os.walk(self.root):
            seen: dict[str, str] = {}
            for name in (*folders, *files):
                twin = seen.setdefault(name.casefold(), name)
                if twin != name:
                    path = Path(folder, name).relative_to(self.root)
                    raise unsafe(self._archive, path.as_posix(), f"differs from {twin!r} in case alone")

    def _kept_name(self, name: str) -> str:
        kept = unicodedata.normalize("NFC", name)
        parts = kept.split("/")
        too_long = max(len(os.fsencode(part)) for part in parts) > MAX_PART_BYTES
        if too_long or len(os.fsencode(kept)) > MAX_NAME_BYTES or len(parts) > MAX_DEPTH:
            raise unsafe(self._archive, name, "has a longer or deeper path than every file system can hold")
        if any(unicodedata.category(character) == "Cc" or character in _TURNING for character in kept):
            raise unsafe(self._archive, name, "has control characters in its name")
        return kept

    def _count(self, n_bytes: int) -> None:
        """Before so many bytes are written; 0 for the file itself."""
        refuse_bomb(self._archive, self.n_bytes + n_bytes, self._archive_bytes)
        self._until_disk -= n_bytes or _BLOCK_BYTES
        if self._until_disk < 0:
            self._refuse_full(n_bytes)
            self._until_disk = _ASK_DISK_BYTES
        self.n_bytes += n_bytes
        if n_bytes:
            self._advance(n_bytes)

    def _refuse_full(self, n_bytes: int) -> None:
        free = shutil.disk_usage(self.root).free
        if free < n_bytes + RESERVE_BYTES:
            raise RunError(
                f"{self._archive}: {n_bytes / 1e9:.1f} GB more are to be unpacked in {self.root.parent}, where "
                f"{free / 1e9:.1f} GB are free; make room there, or use another disk. The archive is kept"
            )


class Sink:
    """A file that is being written."""

    def __init__(self, file: BinaryIO, count: Callable[[int], None]) -> None:
        self._file, self._count = file, count

    def write(self, chunk: bytes) -> None:
        """Write on."""
        self._count(len(chunk))
        view = memoryview(chunk)
        while view:
            view = view[self._file.write(view) :]

    def close(self) -> None:
        """The file is complete."""
        self._file.close()

    def __enter__(self) -> Sink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
