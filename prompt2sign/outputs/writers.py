"""What takes clips one by one and shows no file before all are whole."""

from __future__ import annotations

import os
import re
import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from ..errors import ClipRejected, UsageError
from ..formats.atomic import partial_path
from ..formats.shards import ShardWriter
from ..formats.skels import Convention, format_clip, one_line
from ..formats.skels_convert import to_convention
from .generated import Generated
from .kinds import WriteOne

#: The parallel files of skels, and those among them that are left out where no clip has anything.
_LINES = ("text", "files", "gloss", "prompt")
_OPTIONAL = ("gloss", "prompt")


class Writer(Protocol):
    """`add` each clip, `finish`, `publish`; `discard` at the end, whatever happened."""

    def add(self, clip: Generated) -> None:
        """Write one clip under a temporary name."""

    def finish(self) -> None:
        """Bring everything to the disk, still under temporary names."""

    def publish(self) -> list[Path]:
        """Give the files their names."""

    def discard(self) -> None:
        """Leave no temporary file behind."""


class ParquetWriter:
    """All clips in one shard."""

    def __init__(self, path: Path) -> None:
        self._shard = ShardWriter(path)

    def add(self, clip: Generated) -> None:
        """Add a row; raises as `ShardWriter.add` does."""
        self._shard.add(clip.to_row())

    def finish(self) -> None:
        """Write the footer."""
        self._shard.finish()

    def publish(self) -> list[Path]:
        """Name the shard."""
        self._shard.publish()
        return [self._shard.path]

    def discard(self) -> None:
        """Drop a shard that was not published."""
        self._shard.discard()


def skels_files(path: Path) -> list[Path]:
    """The skels at `path` and every parallel file they may have."""
    return [path, *(path.with_suffix(f".{ending}") for ending in _LINES)]


class SkelsWriter:
    """All clips in one `.skels` with its parallel files; the lines of text wait in memory, motion does not."""

    def __init__(self, path: Path, convention: Convention) -> None:
        self._path, self._convention = path, convention
        self._lines: dict[str, list[str]] = {ending: [] for ending in _LINES}
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = partial_path(path).open("wb")

    def add(self, clip: Generated) -> None:
        """Add one line to each file.

        Raises:
            ClipRejected: The convention cannot hold the motion.
        """
        try:
            line = format_clip(to_convention(clip.motion, self._convention.name), self._convention)
        except ValueError as error:
            raise ClipRejected(
                "bad-motion", f"clip {clip.clip_id!r} cannot be written as {self._convention.name} skels: {error}"
            ) from error
        self._file.write(line)
        words = (clip.sentence, clip.clip_id, clip.gloss, clip.prompt)
        for ending, word in zip(_LINES, words, strict=True):
            self._lines[ending].append(one_line(word))

    def finish(self) -> None:
        """Write the parallel files."""
        self._file.close()
        for file in self._files()[1:]:
            lines = self._lines[file.suffix[1:]]
            partial_path(file).write_bytes(b"".join(line.encode() + b"\n" for line in lines))
        for file in self._files():
            _sync(partial_path(file))

    def publish(self) -> list[Path]:
        """Name the files; a parallel file of an earlier run that has no successor goes."""
        for file in self._files():
            partial_path(file).replace(file)
        for file in set(skels_files(self._path)) - set(self._files()):
            file.unlink(missing_ok=True)
        return self._files()

    def discard(self) -> None:
        """Drop what was not published."""
        with suppress(OSError):
            self._file.close()
        for file in skels_files(self._path):
            partial_path(file).unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        kept = [ending for ending in _LINES if ending not in _OPTIONAL or any(self._lines[ending])]
        return [self._path, *(self._path.with_suffix(f".{ending}") for ending in kept)]


def numbered_files(path: Path) -> list[Path]:
    """The files that stand where several clips would go that are written to `path`."""
    pattern = re.compile(rf"\d{{5,}}(-.+)?{re.escape(path.suffix.lower())}")
    return sorted(file for file in path.with_suffix("").glob("*") if pattern.fullmatch(file.name))


class EachWriter:
    """A file a clip: `motions.mp4` for one, `motions/00001-<id>.mp4` and so on for several.

    A clip whose id is its number is `00001.mp4`.

    Raises:
        UsageError: The folder would take the place of a file.
    """

    def __init__(self, path: Path, several: bool, write: WriteOne) -> None:
        self._path, self._several, self._write = path, several, write
        self._files: list[Path] = []
        self._folder = path.with_suffix("") if several else path.parent
        if several and self._folder.exists() and not self._folder.is_dir():
            raise UsageError(
                f"{self._folder}: is a file, where the folder of several clips would be; give another name"
            )
        self._is_new = several and not self._folder.exists()
        self._folder.mkdir(parents=True, exist_ok=True)

    def add(self, clip: Generated) -> None:
        """Write the clip's file."""
        file = self._folder / self._numbered(clip.clip_id) if self._several else self._path
        self._files.append(file)
        self._write(partial_path(file), clip)
        _sync(partial_path(file))

    def _numbered(self, clip_id: str) -> str:
        number, name = f"{len(self._files) + 1:05d}", _readable(clip_id)
        return (number if name == number else f"{number}-{name}") + self._path.suffix.lower()

    def finish(self) -> None:
        """Nothing waits."""

    def publish(self) -> list[Path]:
        """Name the files; numbered files of an earlier run that have no successor go."""
        for file in self._files:
            partial_path(file).replace(file)
        if self._several:
            for file in set(numbered_files(self._path)) - set(self._files):
                file.unlink()
        return self._files

    def discard(self) -> None:
        """Drop what was not published, and the folder where it was made for this."""
        for file in self._files:
            partial_path(file).unlink(missing_ok=True)
        if self._is_new:
            with suppress(OSError):  # it holds the files
                self._folder.rmdir()


def _readable(clip_id: str) -> str:
    """What of an id may stand in a file name; the number before it makes the name unique."""
    return re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", clip_id))[:48].strip("._-") or "clip"


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
