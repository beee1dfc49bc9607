"""Corpora that are a list of videos: their sentences are the captions that people wrote for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import ClipRejected, UsageError
from ..languages import Language
from ..records import Clip, Rejection
from .base import CorpusFacts, Source
from .cued import cued_clips, seen_in
from .files import existing, own_file, walk, walk_all
from .survey import unique_ids
from .youtube_videos import SiteFolder

_CAPTIONS = re.compile(r"([A-Za-z0-9_-]{11})(?:\.([A-Za-z0-9-]+))?\.(?:vtt|srt)", re.ASCII | re.IGNORECASE)
#: Where else a spoken language is written much the same: captions are labelled by whoever uploads them.
_REGIONS = {
    "de": ("de-DE", "de-AT", "de-CH"),
    "en": ("en-US", "en-GB", "en-CA", "en-AU"),
    "es": ("es-419", "es-ES", "es-MX", "es-US"),
    "fr": ("fr-FR", "fr-CA", "fr-BE"),
    "it": ("it-IT",),
}


def caption_tags(language: Language) -> tuple[str, ...]:
    """Labels that captions in the spoken language of a sign language may have, the likeliest first."""
    plain = language.spoken_tag.split("-")[0]
    return tuple(dict.fromkeys((language.spoken_tag, plain, *_REGIONS.get(plain, ()))))


def list_path(source: Source, root: Path, name: str, facts: CorpusFacts) -> Path:
    """The list of videos: given with `--text`, else by its published name anywhere in the folder.

    Raises:
        UsageError: It is not there.
    """
    if source.text is not None:
        return existing(source.text, facts)
    found = next((root / folder / name for folder, names in walk(root) if name in names), None)
    if found is None:
        raise UsageError(f"{root}: no {name} in it. Expected is {facts.layout}")
    return found


def captioned_entries(
    listed: Iterable[str | Rejection], folder: SiteFolder, source: Source, facts: CorpusFacts
) -> Iterator[Clip | Rejection]:
    """Every caption of every listed video as a clip or a rejection, in the order of the list.

    Args:
        listed: The ids of the videos, and lines that cannot be used.
        folder: The videos that are there.
        source: The language, and how captions become sentences.
        facts: Which corpus it is.
    """
    captions = _Captions(folder.root, caption_tags(source.language))
    return unique_ids(
        found
        for entry in listed
        for found in ((entry,) if isinstance(entry, Rejection) else _of_video(entry, folder, captions, source, facts))
    )


class _Captions:
    """Caption files by the id of their video.

    Args:
        root: Where to look.
        tags: Languages that fit, the best first; a file without a language fits last.
    """

    def __init__(self, root: Path, tags: tuple[str, ...]) -> None:
        self._root = root
        self._rank = {tag.lower(): rank for rank, tag in enumerate((*tags, ""))}
        self._files: dict[str, list[tuple[str, str]]] = {}
        for folder, names in walk_all(root):
            for match in filter(None, map(_CAPTIONS.fullmatch, names)):
                self._files.setdefault(match[1], []).append(((match[2] or "").lower(), folder + match[0]))

    def find(self, video_id: str) -> Path:
        """The captions of a video.

        Raises:
            ClipRejected: `captions-missing`: there are none in the spoken language; or as `own_file`.
        """
        found = self._files.get(video_id, [])
        fitting = [(self._rank[tag], path) for tag, path in found if tag in self._rank]
        if fitting:
            return own_file(self._root, min(fitting)[1])
        others = f", only in {', '.join(sorted({tag for tag, _ in found}))}" if found else ""
        languages = ", ".join(filter(None, self._rank))
        raise ClipRejected("captions-missing", f"no captions of {video_id!r} in {self._root} in {languages}{others}")


def _of_video(
    video_id: str, folder: SiteFolder, captions: _Captions, source: Source, facts: CorpusFacts
) -> Iterator[Clip | Rejection]:
    try:
        video = folder.find(video_id)
        if video is None:
            return
        path = captions.find(video_id)
    except ClipRejected as rejected:
        yield Rejection(video_id, rejected.reason, str(rejected))
        return
    yield from cued_clips(path, video_id, video_id, seen_in(folder.root / video), source.language, facts, source.cues)
