"""The clips of a release as the page takes them: words for the list, all else when one is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from ..formats.shard_rows import Licence, Provenance, Source
from ..loaders import ReleaseClip
from .chunks import Chunks
from .tracks import STEP_3D, track

_WORDS_A_CHUNK = 5_000
#: A clip is opened in a blink while a release of 35,000 clips makes some thousand files.
_TRACK_BYTES_A_CHUNK = 400_000
Beside = Callable[[ReleaseClip, int], dict[str, Any]]


class ClipChunks:
    """Writes clips in groups: `words-0001` for the list, `clips/00001` for the player.

    Args:
        chunks: Where they go.
        beside: Gives `video`, `points` and `model` of a clip, by clip and position.
    """

    def __init__(self, chunks: Chunks, beside: Beside) -> None:
        self._chunks, self._beside = chunks, beside
        self._words: list[list[str]] = [[], [], []]
        self._clips: list[dict[str, Any]] = []
        self._n_bytes = 0
        self.n_clips = self.n_words_chunks = 0
        #: Position of the first clip in each chunk of clips.
        self.starts: list[int] = []

    def add(self, clip: ReleaseClip) -> None:
        """Add the next clip."""
        for column, word in zip(self._words, (clip.clip_id, clip.text, clip.gloss), strict=True):
            column.append(word)
        if len(self._words[0]) == _WORDS_A_CHUNK:
            self._write_words()
        entry = self._entry(clip)
        if not self._clips:
            self.starts.append(self.n_clips)
        self._clips.append(entry)
        self._n_bytes += sum(
            len(part["values"]) for part in entry.values() if isinstance(part, dict) and "values" in part
        )
        self.n_clips += 1
        if self._n_bytes >= _TRACK_BYTES_A_CHUNK:
            self._write_clips()

    def finish(self) -> None:
        """Write what waits."""
        if self._words[0]:
            self._write_words()
        if self._clips:
            self._write_clips()

    def _entry(self, clip: ReleaseClip) -> dict[str, Any]:
        return {
            "motion": track(clip.motion, clip.observed, clip.fps, STEP_3D),
            "text_raw": clip.text_raw,
            "prompts": clip.prompts,
            "unit": clip.unit,
            "corpus": clip.corpus,
            "source": _said(clip.source),
            "provenance": _said(clip.provenance),
            "licence": _said(clip.licence),
            **self._beside(clip, self.n_clips),
        }

    def _write_words(self) -> None:
        self.n_words_chunks += 1
        self._chunks.write(f"words-{self.n_words_chunks:04}", self._words)
        self._words = [[], [], []]

    def _write_clips(self) -> None:
        self._chunks.write(f"clips/{len(self.starts):05}", self._clips)
        self._clips, self._n_bytes = [], 0


def _said(record: Source | Provenance | Licence) -> list[tuple[str, str]]:
    """Name and value of the fields that say something."""
    values = ((field.name, getattr(record, field.name)) for field in fields(record))
    return [(name.replace("_", " "), _words(value)) for name, value in values if value not in (None, "")]


def _words(value: Any) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)
