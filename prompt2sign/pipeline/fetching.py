"""Fetching a corpus before a build: first what it will cost, then the files, then what did not come."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..acquire.wanted import RemoteArchive, RemoteFile, SiteVideo, Wanted
from ..corpora.base import Corpus, CorpusFacts, Source
from ..errors import MissingError, UsageError
from .progress import Progress, duration, size

if TYPE_CHECKING:
    from ..acquire.fetch import Summary
    from ..acquire.survey import Survey

#: What is known of a video site: some three hundred videos an hour before it shuts its door (facts of its clients).
_SECONDS_A_VIDEO = 12.0


def fetch_corpus(corpus: Corpus, source: Source, progress: Progress) -> Summary | None:
    """Fetch what is not there yet into `source.fetched`; None where the corpus is elsewhere or comes by request.

    Raises:
        MissingError: Something that the corpus cannot do without did not come.
        RunError: The disk is too small, or another process is fetching.
    """
    if source.fetched is None or source.root != source.fetched:
        return None
    from ..acquire.fetch import fetch  # and with it all that speaks to servers

    found = survey_corpus(corpus, source)
    if found.n_to_fetch or found.n_videos:
        for line in plan_lines(corpus, source, found):
            progress.say(line)
    summary = fetch(lambda: corpus.wanted(source), source.fetched, source.fetch, progress.downloads())
    if summary.n_gone + summary.n_failed:
        progress.say(
            f"  did not come: {summary.n_gone:,} gone for good, {summary.n_failed:,} that may come another day; "
            f"{source.fetched / 'acquired.parquet'} says which and why"
        )
    return summary


def survey_corpus(corpus: Corpus, source: Source) -> Survey:
    """What is there of a corpus and what is not, as far as is known before its indexes have come.

    Raises:
        UsageError: The user brings the corpus.
        MissingError: It comes by request only.
    """
    if source.root is None or source.fetched is None:
        raise MissingError(how_to_get(corpus.facts))
    if source.root != source.fetched:
        raise UsageError(f"--from {source.root}: there is nothing to fetch where you bring the corpus yourself")
    from ..acquire.survey import survey

    return survey(corpus.wanted(source), source.fetched, source.fetch.keep_archives)


def how_to_get(facts: CorpusFacts) -> str:
    """Why nothing can be fetched, and what a person does instead."""
    steps = [f"  {number}. {step}" for number, step in enumerate(facts.steps, 1)]
    return "\n".join([f"corpus {facts.name} is not fetched by itself: {facts.access_rule}", *steps])


def plan_lines(corpus: Corpus, source: Source, found: Survey) -> list[str]:
    """What will be fetched, from where, under which licence, and what it takes; one thing a line."""
    facts, wanted = corpus.facts, corpus.wanted(source)
    lines = [
        f"to fetch: {facts.title} into {source.fetched}; licence: {facts.licence}",
        f"  what is in it: {facts.numbers or 'not known'}",
        f"  {_files(found)}, from {', '.join(_hosts(wanted))}" if found.n_to_fetch else "  no files",
    ]
    if found.n_videos:
        least = duration(found.n_videos * max(source.fetch.pause_s, _SECONDS_A_VIDEO))
        lines.append(f"  {_count(found.n_videos, 'video')} one by one, some {least} at least")
    if found.n_present:
        lines.append(f"  there already: {_count(found.n_present, 'file')}, {size(found.bytes_present)}")
    assert source.fetched is not None
    lines.append(f"  room on the disk: {_room(found, _free_bytes(source.fetched))}")
    lines += [f"  {line}" for line in _terms(corpus)]
    return lines


def _files(found: Survey) -> str:
    """`3 files of 41.7 GB and 2 files of unknown size`."""
    n_known = found.n_to_fetch - found.n_unknown
    known = [f"{_count(n_known, 'file')} of {size(found.bytes_to_fetch)}"] if n_known else []
    unknown = [f"{_count(found.n_unknown, 'file')} of unknown size"] if found.n_unknown else []
    return " and ".join(known + unknown)


def _room(found: Survey, free: int) -> str:
    unsure = found.n_unknown or found.n_videos
    least = "at least " if unsure else ""
    takes = f"it takes {least}{size(found.disk_bytes)}" if found.disk_bytes else "what it takes is not known yet"
    enough = "" if found.disk_bytes < free else ": not enough; give a place on another disk with --downloads"
    return f"{takes}, {size(free)} are free{enough}"


def _free_bytes(folder: Path) -> int:
    """Of the disk that a folder will lie on."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(there).free


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _terms(corpus: Corpus) -> list[str]:
    facts = corpus.facts
    passed_on = [("motion made from it", facts.redistribute_motion), ("its videos", facts.redistribute_video)]
    return [f"{what} may {'' if allowed else 'not '}be passed on" for what, allowed in passed_on]


def _hosts(wanted: Sequence[Wanted]) -> list[str]:
    urls: list[str] = []
    for want in wanted:
        match want:
            case RemoteFile():
                urls.append(want.url)
            case RemoteArchive():
                urls += [part.url for part in want.parts]
            case SiteVideo():
                pass
    return list(dict.fromkeys(urlsplit(url).hostname or url for url in urls))
