"""The files that clips are made from: videos and picture folders under a root, or ready keypoints."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import ClipRejected, MissingError, UsageError
from ..records import Rejection
from .base import CorpusFacts, Source
from .names import NameIndex, clean_path, strip_suffix

VIDEO_SUFFIXES = frozenset(
    (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mts", ".m2ts", ".ts", ".mpg", ".mpeg", ".wmv", ".flv", ".ogv",
     ".3gp", ".mxf")
)  # fmt: skip
PICTURE_SUFFIXES = frozenset((".png", ".jpg", ".jpeg"))
KEYPOINT_SUFFIXES = frozenset((".pose", ".json"))


class ClipFiles(ABC):
    """Files by name, and which of them no text asked for.

    Attributes:
        noun: What a file is called in messages: `video` or `keypoints`.
        suffixes: Suffixes that are no part of a clip's name.
    """

    noun: str
    suffixes: Collection[str]

    def __init__(self, root: Path, paths: Iterator[str]) -> None:
        self.root = root
        self._unnameable: list[str] = []
        self._index = NameIndex(self._nameable(paths), self.suffixes)
        self._used: set[str] = set()

    def __len__(self) -> int:
        return len(self._index.paths) + len(self._unnameable)

    def _nameable(self, paths: Iterator[str]) -> Iterator[str]:
        for path in paths:
            if _is_text(path):
                yield path
            else:
                self._unnameable.append(path)

    def find(self, name: str) -> str:
        """The path, relative to the root, of the file that a table calls `name`.

        Raises:
            ClipRejected: `video-missing` or `keypoints-missing`; `unsafe-path`, `ambiguous-name`.
        """
        path = self.look_up(name)
        if path is None:
            wanted = f"no {self.noun} {name!r} in {self.root}" if name else f"the row names no {self.noun}"
            raise ClipRejected(f"{self.noun}-missing", wanted)
        return path

    def look_up(self, name: str) -> str | None:
        """As `find`, with None for a file that is not there."""
        path = self._index.find(name) if name else None
        if path is not None:
            self._used.add(path)
        return path

    @abstractmethod
    def clip_fields(self, path: str) -> dict[str, Any]:
        """The fields of a `Clip` that say where its pixels or keypoints are."""

    def unused(self) -> Iterator[Rejection]:
        """One rejection for each file that `find` was never asked for, in the order of the files."""
        for path in self._index.paths:
            if path not in self._used:
                name = strip_suffix(path, self.suffixes)
                yield Rejection(name, "text-missing", f"{self.root / path}: no text names this {self.noun}")
        for path in self._unnameable:
            shown = os.fsencode(path).decode("utf-8", "replace")
            yield Rejection(shown, "bad-name", f"{shown}: the file's name is not UTF-8; rename the file")


class Videos(ClipFiles):
    """Video files and picture folders, wherever they lie under a root. Hidden files are passed over."""

    noun = "video"
    suffixes = VIDEO_SUFFIXES

    def __init__(self, root: Path, *, pictures: bool = True) -> None:
        self._real_root = os.path.realpath(root)
        super().__init__(root, _media_paths(root, pictures))

    def look_up(self, name: str) -> str | None:
        """As of every `ClipFiles`; a link that leads out of the root is `unsafe-path`."""
        path = super().look_up(name)
        # No link to a folder was followed, so what was found lies inside, unless it is a link itself.
        if path is None or (self.root / path).is_symlink():
            self._check_inside(path or clean_path(name))
        return path

    def clip_fields(self, path: str) -> dict[str, Any]:
        """The file or picture folder as the clip's media."""
        return {"media": self.root / path}

    def _check_inside(self, path: str) -> None:
        real = os.path.realpath(self.root / path)
        if os.path.commonpath([real, self._real_root]) != self._real_root:
            raise ClipRejected(
                "unsafe-path",
                f"{path!r} is a link that leads out of {self.root}; put the file itself there, or give the folder "
                "it leads to",
            )


class ReadyKeypoints(ClipFiles):
    """Clips of a folder or archive of keypoints, by the names its reader knows them by.

    Args:
        path: Folder, archive, or one `.pose` file.
        scratch: Where a gzipped archive is unzipped to, once.
    """

    noun = "keypoints"
    suffixes = KEYPOINT_SUFFIXES

    def __init__(self, path: Path, scratch: Path) -> None:
        from ..estimators.importers import list_members
        from ..formats.archive import is_archive, plain_tar

        self._readable = plain_tar(path, scratch.absolute()) if is_archive(path) else path
        super().__init__(path, iter(list_members(self._readable)))

    def clip_fields(self, path: str) -> dict[str, Any]:
        """The clip's own file or folder where it is easily told, so that another clip's change leaves it fresh."""
        for own in (self.root / path, self.root / f"{path}.pose"):
            if self.root.is_dir() and own.exists():
                return {"keypoints": own}
        return {"keypoints": self._readable, "keypoints_member": path}


def require_root(source: Source, facts: CorpusFacts) -> Path:
    """The absolute path given with `--from`.

    Raises:
        MissingError: None was given; the message says how a person gets the corpus.
        UsageError: There is no such file or folder, or the language is not one of the corpus.
    """
    require_language(source, facts)
    if source.root is None:
        raise MissingError(f"corpus {facts.name}: {facts.access_rule} Then give its place with --from: {facts.layout}")
    return existing(source.root, facts)


def require_language(source: Source, facts: CorpusFacts) -> None:
    """Refuse a language that the corpus does not serve.

    Raises:
        UsageError: It does not.
    """
    if facts.languages and source.language.code not in facts.languages:
        raise UsageError(
            f"corpus {facts.name} is {' and '.join(facts.languages)}, not {source.language.code}: "
            "give another --lang or another --corpus (`folder` takes any language)"
        )


def existing(path: Path, facts: CorpusFacts) -> Path:
    """An absolute path that exists and can be written down.

    Raises:
        UsageError: There is no such file or folder, or its name is not UTF-8.
    """
    path = path.absolute()
    if not _is_text(str(path)):
        shown = os.fsencode(path).decode("utf-8", "replace")
        raise UsageError(f"{shown}: the name of this place is not UTF-8; rename it")
    if not path.exists():
        raise UsageError(f"{path}: there is no such file or folder. Corpus {facts.name} expects {facts.layout}")
    return path


def _is_text(path: str) -> bool:
    """Names that are not UTF-8 come from the file system as lone surrogates, which no file can be written with."""
    return not any("\ud800" <= character <= "\udfff" for character in path)


def walk(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Each folder under a root, with a `/` at its end (nothing for the root itself), and its files; sorted.

    Hidden files and folders are passed over, links to folders are not followed.

    Raises:
        UsageError: A folder cannot be read.
    """
    for folder, folders, files in os.walk(root, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        place = os.path.relpath(folder, root).replace(os.sep, "/") + "/"
        yield place.removeprefix("./"), sorted(name for name in files if not _is_hidden(name))


def _media_paths(root: Path, pictures: bool) -> Iterator[str]:
    """Relative paths of videos, and of folders that hold pictures but no video, in a fixed order."""
    for place, files in walk(root):
        suffixes = [PurePosixPath(name).suffix.lower() for name in files]
        videos = [name for name, suffix in zip(files, suffixes, strict=True) if suffix in VIDEO_SUFFIXES]
        yield from (place + name for name in videos)
        if pictures and place and not videos and not PICTURE_SUFFIXES.isdisjoint(suffixes):
            yield place.rstrip("/")


def _is_hidden(name: str) -> bool:
    """Left behind by an operating system: `.DS_Store`, `._clip.mp4`, `__MACOSX`."""
    return name.startswith(".") or name == "__MACOSX"


def _unreadable(error: OSError) -> None:
    raise UsageError(f"{error.filename}: cannot be read: {error.strerror}") from error
