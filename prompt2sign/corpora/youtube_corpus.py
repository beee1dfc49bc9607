"""What YouTube-ASL and YouTube-SL-25 have in common: a published list of ids, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ..acquire.wanted import RemoteFile, Wanted
from ..records import Clip, Rejection
from .asked import refuse_keypoints, variant_of
from .base import CorpusFacts, Plan, Source
from .files import require_language, require_root
from .splits import assign_splits
from .survey import survey
from .youtube_captions import caption_tags, captioned_entries, list_path
from .youtube_list import Listed, read_list
from .youtube_videos import SiteFolder, limit_note, site_videos


class VideoListCorpus:
    """Clips in the order of the list and, in each video, of its captions; named by video and time.

    Such a corpus publishes no splits: whole videos are parted.

    Args:
        facts: Which corpus it is.
        listed: The list.
        by_language: Does each line of the list name a language?
    """

    def __init__(self, facts: CorpusFacts, listed: RemoteFile, *, by_language: bool) -> None:
        self._facts, self._listed, self._by_language = facts, listed, by_language

    @property
    def facts(self) -> CorpusFacts:
        """What is known before anything is read."""
        return self._facts

    def wanted(self, source: Source) -> Sequence[Wanted]:
        """The list; as soon as it is there, its videos of the language with their captions.

        Raises:
            UsageError: There is no such variant, or the list given with `--text` is not there.
        """
        variant_of(source, self._facts)
        root = source.fetched
        if root is None or not (source.text or (root / self._listed.path).is_file()):
            return (self._listed,)
        ids = _ids(self._of_language(source, self._read(source, root)))
        return (self._listed, *site_videos(ids, source.fetch, caption_tags(source.language)))

    def plan(self, source: Source) -> Plan:
        """Count the clips and the bytes of their videos; say so where the list has none of the language."""
        plan = survey(lambda: self.clips(source), source, cued=True)
        if plan.missing:
            return plan
        listed = self._read(source, require_root(source, self._facts))
        if not any(_ids(self._of_language(source, listed))):
            missing = f"{self._listed.path} names no video in {source.language.name}: take another corpus."
            return replace(plan, missing=(missing,))
        return replace(plan, notes=(*plan.notes, *limit_note(source)))

    def clips(self, source: Source) -> Iterator[Clip | Rejection]:
        """Stream the clips, then a rejection for each video that the list does not name.

        Raises:
            MissingError: No folder was given.
            UsageError: The list is not there.
        """
        require_language(source, self._facts)
        refuse_keypoints(source, self._facts)
        return assign_splits(lambda: self._entries(source), source.splits, published=False)

    def _entries(self, source: Source) -> Iterator[Clip | Rejection]:
        root = require_root(source, self._facts)
        listed = list(self._read(source, root))
        wanted = list(self._of_language(source, listed))
        folder = SiteFolder(root, source, _ids(wanted))
        yield from captioned_entries(wanted, folder, source, self._facts)
        yield from folder.unlisted(entry.video_id for entry in listed if isinstance(entry, Listed))

    def _read(self, source: Source, root: Path) -> Iterator[Listed | Rejection]:
        path = list_path(source, root, self._listed.path, self._facts)
        return read_list(path, by_language=self._by_language)

    def _of_language(self, source: Source, listed: Iterable[Listed | Rejection]) -> Iterator[str | Rejection]:
        """Ids of one language; a video of another is nothing that went wrong."""
        for entry in listed:
            if isinstance(entry, Rejection):
                yield entry
            elif not self._by_language or entry.sign_code == source.language.sign_code:
                yield entry.video_id


def _ids(entries: Iterable[str | Rejection]) -> Iterator[str]:
    return (entry for entry in entries if isinstance(entry, str))
