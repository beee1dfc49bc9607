"""Finding the frames of a clip in its source, by time.

Time decides, never a frame number times an assumed rate: a frame belongs to the clip when
`start_s <= its time < end_s`, times counted from the beginning of the file as players do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from ..errors import ClipRejected
from .frames import encodable, from_rgb
from .grid import Grid, resampled
from .pictures import Pictures
from .rates import as_rate
from .timeline import Timeline, VideoInfo, timeline
from .video import decode

#: An end this far behind the last frame is a rounded end; farther, the annotation is of another video.
PAST_END_S = 0.1


@dataclass(frozen=True, kw_only=True)
class Span:
    """Which part of a source is the clip, and how often a second it is looked at.

    Attributes:
        start_s: Beginning of the clip, None for that of the source.
        end_s: End of the clip (exclusive), None for that of the source.
        pad_s: Seconds added before and after, as far as the source goes.
        fps: Frames per second of a folder of pictures; a video knows its own.
        rate: Frames per second of the clip, None for the source's own.
    """

    start_s: float | None = None
    end_s: float | None = None
    pad_s: float = 0.0
    fps: float | None = None
    rate: float | None = None


@dataclass(frozen=True, eq=False)
class Cut:
    """A clip found in its source.

    Attributes:
        info: The source in numbers.
        grid: The times at which the clip shows frames.
        steps: Which of them are the clip.
    """

    info: VideoInfo
    grid: Grid
    steps: range
    _source: Pictures | Timeline = field(repr=False)
    _path: Path

    @property
    def is_whole(self) -> bool:
        """Does the clip show each frame of a source of constant rate once?"""
        whole = len(self.steps) == len(self.grid.shown) == self.info.n_frames
        return whole and not self.info.vfr and self.grid.rate == self.info.fps_fraction

    def spread(self, n_steps: int) -> range:
        """At most so many of the steps, spread evenly."""
        apart = math.ceil(len(self.steps) / n_steps)
        return self.steps[(apart - 1) // 2 :: apart]

    def frames(self) -> Iterator[av.VideoFrame]:
        """The clip as a viewer sees it: a frame that stays is given again, one that nobody would see is left out."""
        return self.frames_at(self.steps)

    def frames_at(self, steps: range) -> Iterator[av.VideoFrame]:
        """The frames shown at some of the steps, upright 4:2:0 of even size.

        Raises:
            ClipRejected: The source cannot be read so far.
        """
        shown = self.grid.shown[steps.start : steps.stop : steps.step]
        repeats = dict(zip(*np.unique(shown, return_counts=True), strict=True))
        for index, frame in self._decoded(shown):
            for _ in range(repeats.get(index, 0)):
                yield encodable(frame) if isinstance(frame, av.VideoFrame) else from_rgb(frame)
            if index == shown[-1]:
                return

    def _decoded(self, shown: NDArray[np.intp]) -> Iterator[tuple[int, av.VideoFrame | NDArray[np.uint8]]]:
        if isinstance(self._source, Pictures):
            return enumerate(self._source.frames(int(shown[0])), int(shown[0]))
        return decode(self._path, self._source, int(shown[0]))


def find_cut(path: Path, span: Span) -> Cut:
    """Find a clip in a video file or a folder of pictures; decodes nothing.

    Raises:
        ClipRejected: `bad-times`, `past-the-end`, `no-frames`, `truncated-video`, or whatever is wrong with the source.
    """
    _check_times(path, span)
    source = Pictures(path, span.fps) if path.is_dir() else timeline(path)
    grid = _grid(source, None if span.rate is None else as_rate(span.rate))
    last_s = grid.start_s + source.info.duration_s
    _check_end(path, source.info, last_s, span)
    steps = grid.steps(*_padded(span))
    if not steps:
        raise ClipRejected(
            "no-frames",
            f"{path}: no frame lies between {span.start_s} and {span.end_s} s at {float(grid.rate):.2f} frames a "
            "second; mend the times",
        )
    return Cut(source.info, grid, steps, source, path)


def _padded(span: Span) -> tuple[float | None, float | None]:
    """The times with the padding; the grid ends them where the source does."""
    start_s = None if span.start_s is None else span.start_s - span.pad_s
    return start_s, None if span.end_s is None else span.end_s + span.pad_s


def _grid(source: Pictures | Timeline, rate: Fraction | None) -> Grid:
    info = source.info
    start_s, shown = (0.0, np.arange(info.n_frames)) if isinstance(source, Pictures) else (source.start_s, source.shown)
    if rate is None or rate == info.fps_fraction:
        return Grid(info.fps_fraction, shown, start_s)
    times_s = np.arange(info.n_frames) / info.fps if isinstance(source, Pictures) else source.times_s
    return resampled(info, times_s, start_s, rate)


def _check_times(path: Path, span: Span) -> None:
    start = 0.0 if span.start_s is None else span.start_s
    end = math.inf if span.end_s is None else span.end_s
    if not 0 <= start < end:
        raise ClipRejected(
            "bad-times",
            f"{path}: a clip from {span.start_s} to {span.end_s} s; the start must be 0 or more and before the end",
        )


def _check_end(path: Path, info: VideoInfo, last_s: float, span: Span) -> None:
    """Reject a clip that wants more than there is, without its padding."""
    slack_s = max(PAST_END_S, 1 / info.fps)
    too_long = span.end_s is not None and span.end_s > last_s + slack_s
    if too_long or (span.start_s or 0) >= last_s or (span.end_s is None and info.truncated):
        if info.truncated:
            raise ClipRejected(
                "truncated-video",
                f"{path}: the end is missing ({info.n_frames} of {info.n_declared} frames are there); "
                "fetch or copy it again",
            )
        raise ClipRejected(
            "past-the-end",
            f"{path}: the clip from {span.start_s or 0} to {span.end_s} s, but the video ends at {last_s:.3f} s; "
            "mend the times, or bring the video they belong to",
        )
