"""The files that clips are made from: videos and picture folders under a root, or ready keypoints."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from functools import cached_property
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ..annotations.names import VIDEO_SUFFIXES, NameIndex, clean_path, strip_suffix
from ..errors import ClipRejected, MissingError, UsageError
from ..records import Rejection
from .base import CorpusFacts, Source

if TYPE_CHECKING:
    from ..acquire.register import Entry

#: As `acquire.register` calls it, which loads pyarrow.
REGISTER = "acquired.parquet"
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
            ClipRejected: `video-missing` or `keypoints-missing`, `video-gone` or `video-not-fetched` where the register
                of what was fetched says so; `unsafe-path`, `ambiguous-name`.
        """
        path = self.look_up(name)
        if path is None:
            raise self.missing(name)
        return path

    def missing(self, name: str) -> ClipRejected:
        """Why there is no file of this name."""
        wanted = f"no {self.noun} {name!r} in {self.root}" if name else f"the row names no {self.noun}"
        return ClipRejected(f"{self.noun}-missing", wanted)

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
        super().__init__(root, _media_paths(root, pictures))

    def look_up(self, name: str) -> str | None:
        """As of every `ClipFiles`; a link that leads out of the root is `unsafe-path`, a pipe `no-file`."""
        path = super().look_up(name)
        if path is None:
            _check_inside(self.root, clean_path(name))
        else:
            own_file(self.root, path)
        return path

    def missing(self, name: str) -> ClipRejected:
        """Of a video that was to be fetched, what its register says."""
        entry = self._not_fetched.get(PurePosixPath(name).name)
        if entry is None:
            return super().missing(name)
        reason = f"{self.noun}-{'gone' if entry.outcome == 'gone' else 'not-fetched'}"
        return ClipRejected(reason, f"{entry.url}: {entry.message}")

    @cached_property
    def _not_fetched(self) -> dict[str, Entry]:
        if not (self.root / REGISTER).is_file():
            return {}
        from ..acquire.register import Register

        entries = Register.read(self.root).entries()
        return {PurePosixPath(entry.path).name: entry for entry in entries if entry.outcome != "done"}

    def clip_fields(self, path: str) -> dict[str, Any]:
        """The file or picture folder as the clip's media."""
        return {"media": self.root / path}


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
                _check_kind(own)
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


def own_file(root: Path, path: str) -> Path:
    """The file, or folder of pictures, at a path that `walk_all` gave.

    Raises:
        ClipRejected: `unsafe-path`: it is a link that leads out of the root; `no-file`: it is a pipe, a device or a
            link to nothing, which nobody can read to its end.
    """
    found = root / path
    # No link to a folder was followed, so what was found lies inside, unless it is a link itself.
    if found.is_symlink():
        _check_inside(root, path)
    _check_kind(found)
    return found


def _check_inside(root: Path, path: str) -> None:
    if _leads_out(root, root / path):
        raise ClipRejected(
            "unsafe-path",
            f"{path!r} is a link that leads out of {root}; put the file itself there, or give the folder it leads to",
        )


def _leads_out(root: Path, path: Path) -> bool:
    real, real_root = os.path.realpath(path), os.path.realpath(root)
    return os.path.commonpath([real, real_root]) != real_root


def _check_kind(path: Path) -> None:
    if not (path.is_file() or path.is_dir()):
        raise ClipRejected("no-file", f"{path}: is no file but a pipe, a device or a link to nothing; take it out")


def walk(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Each folder under a root, with a `/` at its end (nothing for the root itself), and its files; sorted.

    Hidden files and folders are passed over, and so is what `own_file` would refuse. Links to folders are not followed.

    Raises:
        UsageError: A folder cannot be read.
    """
    return _walk(root, lambda entry: is_own(root, Path(entry.path)) if entry.is_symlink() else entry.is_file())


def walk_all(root: Path) -> Iterator[tuple[str, list[str]]]:
    """As `walk`, with the files that `own_file` would refuse: for those who name them in their rejections."""
    return _walk(root, lambda entry: not (Path(entry.path) if entry.is_symlink() else entry).is_dir())


def _walk(root: Path, takes: Callable[[os.DirEntry[str]], bool]) -> Iterator[tuple[str, list[str]]]:
    places = [""]
    while places:
        place = places.pop()
        entries = _scan(root / place)
        yield place, [entry.name for entry in entries if takes(entry)]
        places += [f"{place}{entry.name}/" for entry in reversed(entries) if entry.is_dir(follow_symlinks=False)]


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted((entry for entry in found if not _is_hidden(entry.name)), key=attrgetter("name"))
    except OSError as error:
        raise UsageError(f"{error.filename}: cannot be read: {error.strerror}") from error


def is_own(root: Path, path: Path) -> bool:
    """Is it a regular file that lies under the root, whatever links lead to it?"""
    return path.is_file() and not _leads_out(root, path)


def _media_paths(root: Path, pictures: bool) -> Iterator[str]:
    """Relative paths of videos, and of folders that hold pictures but no video, in a fixed order."""
    for place, files in walk_all(root):
        suffixes = [PurePosixPath(name).suffix.lower() for name in files]
        videos = [name for name, suffix in zip(files, suffixes, strict=True) if suffix in VIDEO_SUFFIXES]
        yield from (place + name for name in videos)
        if pictures and place and not videos and not PICTURE_SUFFIXES.isdisjoint(suffixes):
            yield place.rstrip("/")


def _is_hidden(name: str) -> bool:
    """Left behind by an operating system: `.DS_Store`, `._clip.mp4`, `__MACOSX`."""
    return name.startswith(".") or name == "__MACOSX"
