"""Videos of YouTube by their ids: which to ask for, and which are there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from ..acquire.wanted import SiteVideo
from ..annotations.names import strip_suffix
from ..errors import ClipRejected
from ..options import FetchOptions
from ..records import Rejection
from .base import Source
from .files import Videos

_ID = re.compile(r"[A-Za-z0-9_-]{11}", re.ASCII)
_FOLDER = "videos"


def check_id(text: str) -> str:
    """A video's id, as it is.

    Raises:
        ClipRejected: `bad-video-id`: it is none, and must not become part of an address or a path.
    """
    if not _ID.fullmatch(text):
        raise ClipRejected("bad-video-id", f"{text[:80]!r} is no id of a YouTube video: 11 letters, digits, `-` or `_`")
    return text


def is_id(text: str) -> bool:
    """Is this an id of a video?"""
    return _ID.fullmatch(text) is not None


def site_videos(ids: Iterable[str], fetch: FetchOptions, subtitles: Sequence[str] = ()) -> tuple[SiteVideo, ...]:
    """What to ask the site for: each id once, no more than `max_videos`.

    The order is by a hash of the id: whoever stops half-way, or asks for few, has an even part of the whole list and of
    its splits, and asking for more later only adds to it.

    Args:
        ids: Ids that were checked.
        fetch: `max_videos`.
        subtitles: Languages of the captions to fetch beside each, the first that exists.
    """
    ordered = sorted(set(ids), key=lambda video_id: hashlib.sha256(video_id.encode()).digest())
    return tuple(
        # An id may begin with `-`, which only a full address keeps from being read as an option.
        SiteVideo(f"{_FOLDER}/{video_id}", f"https://www.youtube.com/watch?v={video_id}", tuple(subtitles))
        for video_id in ordered[: fetch.max_videos]
    )


class SiteFolder:
    """The videos that are there, by id.

    Args:
        root: The folder of the corpus.
        source: Whether the folder is one that was fetched, and `max_videos`.
        ids: Ids of all videos of the corpus, which are only looked at where `max_videos` left some out.
    """

    def __init__(self, root: Path, source: Source, ids: Iterable[str]) -> None:
        self.root = root
        self.videos = Videos(root, pictures=False)
        self._asked: frozenset[str] | None = None
        if _is_limited(source):
            self._asked = frozenset(PurePosixPath(video.path).name for video in site_videos(ids, source.fetch))

    def unlisted(self, ids: Iterable[str]) -> Iterator[Rejection]:
        """One rejection for each video that is not of these."""
        listed = frozenset(ids)
        return (entry for entry in self.videos.unused() if PurePosixPath(entry.clip_id).name not in listed)

    def find(self, video_id: str) -> str | None:
        """The path of a video relative to the root, None for one that was never asked for.

        Raises:
            ClipRejected: `video-missing`, or what the register says of it.
        """
        path = self.videos.look_up(video_id)
        # Ids differ in case alone, names that a file system gives back do not.
        if path is not None and strip_suffix(PurePosixPath(path).name, self.videos.suffixes) == video_id:
            return path
        if self._asked is not None and video_id not in self._asked:
            return None
        raise self.videos.missing(video_id)


def limit_note(source: Source) -> tuple[str, ...]:
    """What the plan says where only some videos were asked for."""
    if not _is_limited(source):
        return ()
    return (
        f"The site is asked for {source.fetch.max_videos:,} videos at most (max_videos); sentences of the others are "
        "left out without a row in rejected.parquet.",
    )


def _is_limited(source: Source) -> bool:
    """A folder that the user brought holds what it holds."""
    return source.fetch.max_videos is not None and source.root == source.fetched
