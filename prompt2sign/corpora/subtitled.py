"""From subtitle files beside videos to clips."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import ClipRejected
from ..languages import Language
from ..records import Clip, Rejection
from .base import CorpusFacts
from .files import Videos, walk
from .names import strip_suffix
from .rows import clip_name, read_text, span_name
from .subtitles import BadCue, Cue, read_cues

_SUFFIXES = (".srt", ".vtt")


def subtitle_paths(root: Path) -> list[str]:
    """Relative paths of the subtitle files under a root, sorted folder by folder."""
    return [place + name for place, names in walk(root) for name in names if name.lower().endswith(_SUFFIXES)]


def subtitle_clips(
    subtitles: Iterable[str], videos: Videos, language: Language, facts: CorpusFacts
) -> Iterator[Clip | Rejection]:
    """A clip or a rejection for every cue, file by file."""
    taken: set[str] = set()
    for path in subtitles:
        name = clip_name(os.fsencode(strip_suffix(path, _SUFFIXES)).decode("utf-8", "replace"))
        try:
            video = _video_of(path, videos, taken)
        except ClipRejected as rejected:
            yield Rejection(name, rejected.reason, f"{videos.root / path}: {rejected}")
            continue
        empty = True
        for cue in _cues(videos.root / path):
            empty = False
            yield _entry(cue, name, videos.root / path, video, videos, language, facts)
        if empty:
            yield Rejection(name, "text-missing", f"{videos.root / path}: holds no cue")


def _video_of(subtitle: str, videos: Videos, taken: set[str]) -> str:
    """The video of a subtitle file, for the first file that asks."""
    video = videos.find(strip_suffix(subtitle, _SUFFIXES))
    if video in taken:
        raise ClipRejected("ambiguous-name", f"{video} has another subtitle file, which is used; keep one of them")
    taken.add(video)
    return video


def _cues(path: Path) -> Iterator[Cue | BadCue]:
    try:
        yield from read_cues(path)
    except OSError as error:
        yield BadCue(1, "bad-subtitle", f"cannot be read: {error.strerror}")


def _entry(
    cue: Cue | BadCue, name: str, path: Path, video: str, videos: Videos, language: Language, facts: CorpusFacts
) -> Clip | Rejection:
    place = f"{path}, line {cue.line}"
    if isinstance(cue, BadCue):
        return Rejection(f"{name}, line {cue.line}", cue.reason, f"{place}: {cue.message}")
    try:
        text = read_text(cue.text, language)["text"]
    except ClipRejected as rejected:
        return Rejection(f"{name}, line {cue.line}", rejected.reason, f"{place}: {rejected}")
    return Clip(
        clip_id=span_name(name, cue.start_s, cue.end_s),
        language=language.code,
        corpus=facts.name,
        unit=facts.unit,
        text=text,
        text_raw=cue.text_raw,
        media=videos.root / video,
        start_s=cue.start_s,
        end_s=cue.end_s,
        video=video,
    )
