"""Corpora without a table: the place and name of each video say all that is known of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from ..annotations.names import VIDEO_SUFFIXES
from ..errors import ClipRejected, UsageError
from ..records import Clip, Rejection
from .base import CorpusFacts
from .files import Videos, walk_all
from .rows import clip_name


def video_paths(root: Path) -> Iterator[str]:
    """Relative paths of the videos under a root in a fixed order; hidden files are passed over."""
    for place, names in walk_all(root):
        yield from (place + name for name in names if PurePosixPath(name).suffix.lower() in VIDEO_SUFFIXES)


def open_recordings(root: Path, facts: CorpusFacts) -> Videos:
    """The videos under a root.

    Raises:
        UsageError: There is none.
    """
    if not root.is_dir():
        raise UsageError(f"{root}: is a file; unpack it and give the folder. Expected is {facts.layout}")
    files = Videos(root, pictures=False)
    if not len(files):
        raise UsageError(f"{root}: holds no video. Expected is {facts.layout}")
    return files


def recordings(files: Videos, read: Callable[[str], Clip]) -> Iterator[Clip | Rejection]:
    """A clip, or the reason why there is none, for every video in the order of the paths.

    Args:
        files: The videos.
        read: Makes a clip from a relative path, or raises `ClipRejected`.
    """
    for path in video_paths(files.root):
        try:
            yield read(files.find(path))
        except ClipRejected as rejected:
            shown = path.encode("utf-8", "replace").decode()
            name = clip_name(PurePosixPath(shown).stem)
            yield Rejection(name, rejected.reason, f"{shown}: {rejected}")


def misnamed(path: str, pattern: str) -> ClipRejected:
    """The rejection of a video whose name is not of the corpus."""
    return ClipRejected("bad-name", f"{PurePosixPath(path).name!r} is not named {pattern}; rename it or take it out")
