"""The clips of a build by the recordings they are cut from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..estimators.long_names import parse_member
from ..records import Clip


class Passage(NamedTuple):
    """A clip as a part of its recording.

    Attributes:
        clip_id: The clip.
        start_s: Start in the recording.
        end_s: End in the recording; None for the recording's.
        n_words: Words of its text.
        n_characters: Letters and digits of its text.
    """

    clip_id: str
    start_s: float
    end_s: float | None
    n_words: int
    n_characters: int


@dataclass(slots=True)
class Recording:
    """A recording and the clips from it.

    Attributes:
        whole: All of it, as a clip of its own with an id of its own.
        passages: Its clips.
    """

    whole: Clip
    passages: list[Passage] = field(default_factory=list)

    @property
    def cues_s(self) -> list[tuple[float, float]]:
        """Start and end of the clips that have both."""
        return [(passage.start_s, passage.end_s) for passage in self.passages if passage.end_s is not None]


def recordings_of(clips: Iterable[Clip]) -> list[Recording]:
    """The recordings in the order of their first clips."""
    found: dict[tuple[str, ...], Recording] = {}
    for clip in clips:
        whole, passage = _placed(clip)
        key = str(whole.media or ""), str(whole.keypoints or ""), whole.clip_id
        recording = found.setdefault(key, Recording(whole))
        recording.passages.append(passage)
        if _last_frame(whole) > _last_frame(recording.whole):
            recording.whole = whole
    return list(found.values())


def _placed(clip: Clip) -> tuple[Clip, Passage]:
    """The whole that a clip is a part of, and the clip in it."""
    words = re.findall(r"\w+(?:['’.-]\w+)*", clip.text)
    counts = len(words), sum(character.isalnum() for character in clip.text)
    member = parse_member(clip.keypoints_member) if clip.keypoints is not None and clip.fps else None
    if member is not None and clip.fps:
        camera, first, end = member
        whole = replace(_bare(clip), clip_id=f"{clip.video} {camera}", keypoints_member=_all_until(camera, end))
        return whole, Passage(clip.clip_id, first / clip.fps, end / clip.fps, *counts)
    if clip.keypoints is not None:
        return replace(_bare(clip), clip_id=clip.clip_id), Passage(clip.clip_id, 0.0, None, *counts)
    return replace(_bare(clip), clip_id=clip.video or str(clip.media)), Passage(
        clip.clip_id, clip.start_s or 0.0, clip.end_s, *counts
    )


def _bare(clip: Clip) -> Clip:
    return replace(clip, text="", text_raw="", gloss="", start_s=None, end_s=None)


def _all_until(camera: str, end: int) -> str:
    return f"{camera}/0-{end}" if camera else f"0-{end}"


def _last_frame(whole: Clip) -> int:
    member = parse_member(whole.keypoints_member)
    return member[2] if member else 0
