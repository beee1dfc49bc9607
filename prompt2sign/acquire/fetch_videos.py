"""Videos of video sites: one after another, slowly, and none again that is gone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from ..options import FetchOptions
from .checks import digest_of
from .places import place, require_no_links, video_at
from .register import Entry, Register, done, failed
from .report import Report
from .sites import VideoResult, fetch_video
from .trouble import Trouble, of_disk
from .wanted import SiteVideo

#: A site that refuses so many videos in a row for one reason refuses whoever asks: it is left alone until the next run.
_ENOUGH = 5
#: What a site says of videos that were removed, and also to those who ask too often: two runs must have heard it.
_AMBIGUOUS = "unavailable"


def fetch_videos(
    videos: Sequence[SiteVideo], folder: Path, register: Register, options: FetchOptions, report: Report
) -> None:
    """Fetch the videos that are neither there nor gone. Those that fail are in the register and asked for next time.

    Args:
        videos: All that are wanted.
        folder: Of the corpus.
        register: Written after each video; it has a row of each.
        options: How many, how slowly.
        report: Told what happens.

    Raises:
        MissingError: The package that fetches them is not installed.
    """
    reasons: list[str] = []
    for video in videos[: options.max_videos]:
        entry = register.get(video.path) or Entry(video.path, "video", video.url)
        if file := video_at(place(folder, video.path)):
            _note_there(file, entry, register)
        elif entry.outcome != "gone":
            time.sleep(options.pause_s if reasons else 0.0)
            row = _fetch(video, entry, folder, options, report)
            register.put(row)
            reasons.append(row.reason if row.outcome == "failed" else "")
            if row.outcome == "failed" and reasons[-_ENOUGH:] == [row.reason] * _ENOUGH:
                report.say(f"{_ENOUGH} videos in a row did not come: {row.message}. The others wait for the next run")
                return


def _fetch(video: SiteVideo, entry: Entry, folder: Path, options: FetchOptions, report: Report) -> Entry:
    asked = replace(entry, asked_at=datetime.now(UTC), attempts=entry.attempts + 1)
    report.begin(video.path, None, 0)
    try:
        require_no_links(folder, place(folder, video.path))
        with of_disk():
            result = fetch_video(video, folder, options, partial(report.advance, video.path))
    except Trouble as trouble:
        result = VideoResult(trouble.outcome, trouble.reason, str(trouble))
    row = failed(asked, result.outcome, result.reason, result.message)
    if result.outcome == "done":
        row = _there(place(folder, result.paths[0]), asked)
    elif result.outcome == "failed" and result.reason == entry.reason == _AMBIGUOUS:
        row = replace(row, outcome="gone", message=f"{result.message} (two runs were told so)")
    report.end(video.path, row.outcome, row.message)
    return row


def _note_there(file: Path, entry: Entry, register: Register) -> None:
    state = file.stat()
    if entry.outcome != "done" or (entry.n_bytes, entry.mtime_ns) != (state.st_size, state.st_mtime_ns):
        register.put(replace(_there(file, entry), tool=""))


def _there(file: Path, entry: Entry) -> Entry:
    digest = digest_of(file)
    return done(entry, digest.n_bytes, sha256=digest.sha256, mtime_ns=file.stat().st_mtime_ns)
