"""From subtitle files beside videos to clips."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..annotations.names import strip_suffix
from ..errors import ClipRejected
from ..languages import Language
from ..options import CueOptions
from ..records import Clip, Rejection
from .base import CorpusFacts
from .cued import cued_clips, seen_in
from .files import Videos, own_file, walk_all
from .rows import clip_name

_SUFFIXES = (".srt", ".vtt")
_USUAL = CueOptions()


def subtitle_paths(root: Path) -> list[str]:
    """Relative paths of the subtitle files under a root, sorted folder by folder."""
    return [place + name for place, names in walk_all(root) for name in names if name.lower().endswith(_SUFFIXES)]


def subtitle_clips(
    subtitles: Iterable[str],
    videos: Videos,
    language: Language,
    facts: CorpusFacts,
    options: CueOptions = _USUAL,
) -> Iterator[Clip | Rejection]:
    """A clip or a rejection for every sentence, file by file.

    Args:
        subtitles: Paths of the subtitle files, relative to the root of the videos.
        videos: Where the videos are.
        language: Of the clips.
        facts: Of the corpus.
        options: How cues become sentences.

    Raises:
        UsageError: The table of offsets cannot be read.
    """
    taken: set[str] = set()
    for path in subtitles:
        name = clip_name(os.fsencode(strip_suffix(path, _SUFFIXES)).decode("utf-8", "replace"))
        try:
            subtitle = own_file(videos.root, path)
            video = _video_of(path, videos, taken)
        except ClipRejected as rejected:
            yield Rejection(name, rejected.reason, f"{videos.root / path}: {rejected}")
            continue
        seen = seen_in(videos.root / video)
        yield from cued_clips(subtitle, name, video, seen, language, facts, options)


def _video_of(subtitle: str, videos: Videos, taken: set[str]) -> str:
    """The video of a subtitle file, for the first file that asks."""
    video = videos.find(strip_suffix(subtitle, _SUFFIXES))
    if video in taken:
        raise ClipRejected("ambiguous-name", f"{video} has another subtitle file, which is used; keep one of them")
    taken.add(video)
    return video
