"""From one subtitle file to the clips of its video."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..annotations.cues import sentences
from ..annotations.subtitles import BadCue, Cue, read_cues
from ..errors import ClipRejected
from ..languages import Language
from ..options import CueOptions
from ..records import Clip, Rejection
from .base import CorpusFacts
from .rows import read_text, span_name


def cued_clips(
    path: Path,
    name: str,
    video: str,
    fields: Callable[[Cue], dict[str, Any]],
    language: Language,
    facts: CorpusFacts,
    options: CueOptions,
) -> Iterator[Clip | Rejection]:
    """A clip or a rejection for every sentence of a subtitle file.

    Args:
        path: The file.
        name: What clips are called by, with the times of each behind it.
        video: What the corpus calls the video; the table of offsets knows it by this.
        fields: Where a sentence is seen: the fields of its clip that say so. May raise `ClipRejected`.
        language: Of the clips.
        facts: Of the corpus.
        options: How cues become sentences.

    Raises:
        UsageError: The table of offsets cannot be read.
    """
    empty = True
    for cue in sentences(_cues(path), options, video, language):
        empty = False
        try:
            yield _clip(cue, name, video, fields, language, facts)
        except ClipRejected as rejected:
            yield Rejection(f"{name}, line {cue.line}", rejected.reason, f"{path}, line {cue.line}: {rejected}")
    if empty:
        yield Rejection(name, "text-missing", f"{path}: holds no cue")


def _cues(path: Path) -> Iterator[Cue | BadCue]:
    try:
        yield from read_cues(path)
    except OSError as error:
        yield BadCue(1, "bad-subtitle", f"cannot be read: {error.strerror}")


def _clip(
    cue: Cue | BadCue,
    name: str,
    video: str,
    fields: Callable[[Cue], dict[str, Any]],
    language: Language,
    facts: CorpusFacts,
) -> Clip:
    if isinstance(cue, BadCue):
        raise ClipRejected(cue.reason, cue.message)
    return Clip(
        clip_id=span_name(name, cue.start_s, cue.end_s),
        language=language.code,
        corpus=facts.name,
        unit=facts.unit,
        text=read_text(cue.text, language)["text"],
        text_raw=cue.text_raw,
        video=video,
        **fields(cue),
    )


def seen_in(media: Path) -> Callable[[Cue], dict[str, Any]]:
    """The fields of clips that are cut out of a video by the times of their cues."""
    return lambda cue: {"media": media, "start_s": cue.start_s, "end_s": cue.end_s}
