"""Where the clips of ready keypoints lie: in a folder of folders, in an archive, or in one file.

A clip is a folder of numbered JSON files, or one `.pose` file. It is called by its last name (`<NAME>` in
`openpose_output/json/<NAME>/<NAME>_000000000000_keypoints.json`), or by its whole path where two share that name.
Nothing is unpacked to disk. `formats.archive` says what reading from each kind of archive costs.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import Protocol

from ..errors import ClipRejected, MissingError, UsageError
from ..formats.archive import ArchiveIndex, archive_stem, is_archive
from ..formats.archive_reader import Entry

#: `<stem>_<digits>_keypoints.json` (OpenPose on a video), `<picture><digits>_keypoints.json`, `<digits>.json` (DWPose).
_OPENPOSE, _PLAIN, _DIGITS, _MOST_DIGITS = "_keypoints.json", ".json", "0123456789", 18
POSE_SUFFIX = ".pose"
_CHUNK = 1 << 20
_EXPECTED = "expected a folder, a .tar, .tar.gz, .tgz or .zip archive, or a .pose file"


@lru_cache(maxsize=1 << 12)
def frame_name(name: str) -> tuple[str, int] | None:
    """Stem and number of a frame's file name, None where it is no frame.

    Hidden files are none: macOS puts `._` files of its own beside the true ones.
    """
    if not name.endswith(_PLAIN) or name.startswith("."):
        return None
    is_plain = not name.endswith(_OPENPOSE)
    numbered = name.removesuffix(_PLAIN if is_plain else _OPENPOSE)
    start = max(len(numbered.rstrip(_DIGITS)), len(numbered) - _MOST_DIGITS)
    if start == len(numbered) or (is_plain and start > 0):
        return None
    return numbered[:start], int(numbered[start:])


def list_members(path: Path) -> list[str]:
    """Names of the clips in a folder or archive of ready keypoints, sorted; empty where it holds none.

    A folder that directly holds frames is one clip with the folder's name; a `.pose` file is one with its stem.

    Raises:
        MissingError: `path` is not there.
        UsageError: `path` is neither a folder, an archive nor a `.pose` file, or a name in it is not UTF-8.
        FormatError: The archive is damaged or not safe.
    """
    if not path.exists():
        raise MissingError(f"{path}: these keypoints are not there; check the path")
    if not _may_hold_clips(path):
        raise UsageError(f"{path}: {_EXPECTED}")
    names = sorted(_index(path).names)
    for name in names:
        if not name.isascii() and name != name.encode("utf-8", "replace").decode("utf-8"):
            raise UsageError(f"{path}: the name {name!r} in it is not UTF-8; rename it")
    return names


def clip_files(path: Path, member: str = "") -> Iterator[Entry]:
    """The files of one clip, in no particular order.

    Args:
        path: A folder, archive or `.pose` file.
        member: Name of the clip inside; may be empty where there is only one.

    Raises:
        ClipRejected: `no-keypoints`: the path or the clip is not there; `which-clip`: there are several, and
            `member` names none.
        FormatError: The archive is damaged or not safe.
    """
    if not _may_hold_clips(path):
        fault = _EXPECTED if path.exists() else "these keypoints are not there; check the path"
        raise ClipRejected("no-keypoints", f"{path}: {fault}")
    index = _index(path)
    if not member and len(index.names) > 1:
        raise ClipRejected("which-clip", f"{path}: holds {len(index.names)} clips; say which one by its name")
    name = unicodedata.normalize("NFC", member) if member else next(iter(index.names), "")
    group = index.names.get(name)
    if group is None:
        raise ClipRejected(
            "no-keypoints",
            f"{path}: holds no keypoints called {member!r}; expected a folder {member or 'NAME'}/ with "
            f"*_keypoints.json files, or {member or 'NAME'}.pose",
        )
    return index.files(group)


def _may_hold_clips(path: Path) -> bool:
    return path.is_dir() or is_archive(path) or (path.is_file() and path.suffix.lower() == POSE_SUFFIX)


class _Groups(Protocol):
    def groups(self) -> list[str]: ...

    def files(self, group: str) -> Iterator[Entry]: ...


class _Index:
    """The clips of one path; `names` leads from a clip's name to where it lies."""

    def __init__(self, path: Path) -> None:
        tree: _Groups = ArchiveIndex(path, _group_of) if is_archive(path) else _Tree(path)
        self.names = _name_groups(tree.groups(), archive_stem(path) if is_archive(path) else path.resolve().name)
        self.files: Callable[[str], Iterator[Entry]] = tree.files


class _Tree:
    """A folder on disk, or one `.pose` file, in the manner of `ArchiveIndex`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._paths: dict[str, list[Path]] = {}
        for group, path in [(root.stem, root)] if root.is_file() else _walk(root):
            self._paths.setdefault(group, []).append(path)

    def groups(self) -> list[str]:
        return list(self._paths)

    def files(self, group: str) -> Iterator[Entry]:
        for path in self._paths[group]:
            if path == self._root and path.is_file():
                yield from _opened(path.name, path)
            elif path.is_file():
                yield from _opened(path.relative_to(self._root).as_posix(), path)
            elif path.is_dir():
                with os.scandir(path) as entries:
                    found = sorted((entry.name, entry.path) for entry in entries if frame_name(entry.name))
                for name, place in found:
                    yield from _opened(f"{group}/{name}" if group else name, place)


def _index(path: Path) -> _Index:
    state = path.stat()
    # A forked process or a second thread must not share an open file's position.
    owner = (os.getpid(), threading.get_ident())
    return _cached_index(path, state.st_size, state.st_mtime_ns, owner)


@lru_cache(maxsize=4)
def _cached_index(path: Path, _size: int, _mtime_ns: int, _owner: tuple[int, int]) -> _Index:
    return _Index(path)


def _name_groups(groups: Iterable[str], root_name: str) -> dict[str, str]:
    last = {group: unicodedata.normalize("NFC", PurePosixPath(group).name or root_name) for group in groups}
    times = Counter(last.values())
    return {
        name if times[name] == 1 else unicodedata.normalize("NFC", group or root_name): group
        for group, name in last.items()
    }


def _group_of(name: str) -> str | None:
    """The clip a file belongs to: the path of its folder, or a `.pose` file's own path without the suffix."""
    folder, _, base = name.rpartition("/")
    if base.lower().endswith(POSE_SUFFIX) and not base.startswith("."):
        return name[: -len(POSE_SUFFIX)]
    return folder if frame_name(base) else None


def _walk(root: Path) -> Iterator[tuple[str, Path]]:
    """Groups under a folder and where they lie: a folder that holds a frame (not looked through further), or a file."""
    stack, visited = [root], set[tuple[int, int]]()
    while stack:
        folder = stack.pop()
        state = folder.stat()
        if (state.st_dev, state.st_ino) in visited:  # a link that leads back up
            continue
        visited.add((state.st_dev, state.st_ino))
        files, folders = _look_into(folder)
        stack += folders
        for path in files:
            group = _group_of(path.relative_to(root).as_posix())
            if group is not None:
                yield group, path if path.suffix.lower() == POSE_SUFFIX else folder


def is_file(entry: os.DirEntry[str]) -> bool:
    """Is it a file, or a link to one? Not so for a link that leads in a circle."""
    try:
        return entry.is_file()
    except OSError:
        return False


def _look_into(folder: Path) -> tuple[list[Path], list[Path]]:
    """The files of interest and the folders directly in a folder; stops at the first frame."""
    files: list[Path] = []
    folders: list[Path] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if frame_name(entry.name) and is_file(entry):
                return [Path(entry.path)], []
            if entry.is_dir(follow_symlinks=False):
                folders.append(Path(entry.path))
            elif entry.name.lower().endswith(POSE_SUFFIX):
                files.append(Path(entry.path))
    return files, folders


def _opened(name: str, path: str | Path) -> Iterator[Entry]:
    """One file, open until the next is asked for."""
    # Clips are tens of thousands of small files: a Path, a file object of Python or a second look at the name would
    # cost as much as reading. Nor does this wait for a pipe, for ever.
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO):
            raise
        raise _no_file(path) from error
    try:
        state = os.fstat(file)
        if not stat.S_ISREG(state.st_mode):
            raise _no_file(path)
        yield Entry(name, state.st_size, partial(_chunks, file, state.st_size))
    finally:
        os.close(file)


def _no_file(path: str | Path) -> ClipRejected:
    return ClipRejected(
        "bad-json", f"{path}: is no file (a broken link, a folder or a pipe); put the file itself there"
    )


def _chunks(file: int, size: int) -> Iterator[bytes]:
    offset, most = 0, min(size + 1, _CHUNK)
    while chunk := os.pread(file, most, offset):
        yield chunk
        if len(chunk) < most:  # the end: a file on a disk gives what it is asked for
            return
        offset += len(chunk)
