"""Files that are one archive cut into pieces, read as the one file they were."""

from __future__ import annotations

import io
import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO, cast

from ..errors import MissingError
from ..formats.archive_reader import CHUNK


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive that is open.

    Attributes:
        path: Its first file, for messages.
        file: All its bytes, buffered and seekable.
        n_bytes: How many they are.
        starts: Where each of its files begins.
        password: Password of its members, empty where they have none.
    """

    path: Path
    file: BinaryIO
    n_bytes: int
    starts: tuple[int, ...]
    password: str


@contextmanager
def open_parts(parts: Sequence[Path], password: str) -> Iterator[Archive]:
    """Open the files of an archive as one; raises as `Joined`."""
    joined = Joined(parts)
    with closing(io.BufferedReader(joined, CHUNK)) as file:
        yield Archive(parts[0], cast(BinaryIO, file), joined.n_bytes, tuple(joined.starts), password)


class Joined(io.RawIOBase):
    """The bytes of several files, one after the other; one file is open at a time.

    Attributes:
        starts: Where each file begins.
        n_bytes: Of all.

    Args:
        paths: The files in order.

    Raises:
        MissingError: One of them is not there.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        super().__init__()
        absent = [str(path) for path in paths if not path.is_file()]
        if absent or not paths:
            raise MissingError(f"the archive lacks {', '.join(absent) or 'all its parts'}; fetch it, or check the path")
        *self.starts, self.n_bytes = accumulate((path.stat().st_size for path in paths), initial=0)
        self._paths = paths
        self._position = 0
        self._opened: tuple[int, BinaryIO] | None = None

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Offset in the whole."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to an offset in the whole."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.n_bytes}[whence]
        if base + offset < 0:
            raise ValueError(f"an offset of {base + offset}")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read on, at most to the end of the file that the position lies in."""
        if self._position >= self.n_bytes:
            return 0
        index = bisect_right(self.starts, self._position) - 1
        file = self._file(index)
        file.seek(self._position - self.starts[index])
        n_read = file.readinto(buffer)  # type: ignore[attr-defined]
        self._position += n_read
        return int(n_read)

    def close(self) -> None:
        """Let go of the file that is open."""
        if self._opened:
            self._opened[1].close()
            self._opened = None
        super().close()

    def _file(self, index: int) -> BinaryIO:
        if self._opened and self._opened[0] != index:
            self._opened[1].close()
            self._opened = None
        if self._opened is None:
            self._opened = (index, self._paths[index].open("rb", buffering=0))
        return self._opened[1]
