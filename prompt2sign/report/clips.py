"""The clips of a release, each of them fit for a page; whatever is not is told with its file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..errors import FormatError
from ..loaders import Release, ReleaseClip
from ..loaders.clip import decode_clips

#: No camera is slower or faster, and no page could play it.
_FPS = (0.01, 10_000.0)


def checked_clips(release: Release) -> Iterator[ReleaseClip]:
    """Every clip of a release, in its order.

    Raises:
        FormatError: A shard is damaged, its text is no UTF-8, an id stands twice, or a frame rate is none; the message
            names the file.
    """
    ids: set[str] = set()
    for shard, table in release.tables():
        try:
            for clip in decode_clips(table, shard):
                if problem := _problem(clip, ids):
                    raise FormatError(f"{shard.path}: clip {clip.clip_id!r}: {problem}; build the release again")
                ids.add(clip.clip_id)
                yield clip
        except UnicodeDecodeError as error:
            raise not_text(shard.path, error) from error


def not_text(path: Path, error: UnicodeDecodeError) -> FormatError:
    """What to say of a shard whose text cannot be read."""
    return FormatError(f"{path}: holds text that is no UTF-8 ({error.reason}); build the release again")


def _problem(clip: ReleaseClip, ids: set[str]) -> str:
    if clip.clip_id in ids:
        return "stands twice, so that nothing can tell one from the other"
    if not _FPS[0] <= clip.fps <= _FPS[1]:
        return f"{clip.fps} frames per second, which cannot be"
    return ""
