"""Frames of a video file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ..errors import ClipRejected
from .container import corrupt, open_video
from .timeline import Timeline, VideoInfo, timeline


class Frames(Protocol):
    """Anything that gives pictures: a video file, a folder of pictures.

    Attributes:
        path: Where it lies, for messages.
    """

    path: Path

    @property
    def info(self) -> VideoInfo:
        """Size, rate and number of frames."""

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """The pictures in order, (H, W, 3) RGB; may be called again."""


class Video:
    """A video file.

    Args:
        path: The file.

    Raises:
        ClipRejected: As `probe`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.timeline = timeline(path)

    @property
    def info(self) -> VideoInfo:
        """Size, rate and number of frames."""
        return self.timeline.info

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Every frame in presentation order, decoded one at a time.

        Yields:
            (H, W, 3) uint8 RGB, upright and contiguous.

        Raises:
            ClipRejected: `truncated-video` or `corrupt-video`: the frames end, or change their size, before the last.
        """
        return (upright(frame) for _, frame in decode(self.path, self.timeline))


def upright(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """A decoded frame as (H, W, 3) uint8 RGB, turned as its display matrix says."""
    rgb = np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
    return np.ascontiguousarray(np.rot90(rgb, frame.rotation // 90)) if frame.rotation else rgb


def decode(path: Path, of: Timeline, first: int = 0) -> Iterator[tuple[int, av.VideoFrame]]:
    """Decode frames `first` and later, starting at the keyframe before.

    Yields:
        Index of the frame in presentation order, and the frame.

    Raises:
        ClipRejected: `truncated-video` or `corrupt-video`: the frames end, or change their size, before the last.
    """
    wanted, size = first, (0, 0)
    with open_video(path) as (container, stream):
        _seek(container, stream, of, first)
        with suppress(av.error.InvalidDataError, av.error.EOFError):
            for number, frame in enumerate(container.decode(stream)):
                index = int(np.searchsorted(of.pts, frame.pts or 0)) if of.timed else number
                if index < first:
                    continue
                size = size if index > first else (frame.width, frame.height)
                if index != wanted or size != (frame.width, frame.height):
                    break
                yield index, frame
                wanted += 1
    if wanted < of.info.n_frames or of.info.truncated:
        raise _incomplete(path, wanted, of.info)


def _seek(container: InputContainer, stream: VideoStream, of: Timeline, first: int) -> None:
    """Go to the last keyframe that is shown no later than frame `first`; without one, stay at the beginning."""
    before = of.keyframes[of.keyframes[:, 0] <= of.pts[first]]
    if first and len(before):
        container.seek(int(before[-1, 1]), stream=stream)


def _incomplete(path: Path, n_read: int, info: VideoInfo) -> ClipRejected:
    if info.truncated:
        return ClipRejected(
            "truncated-video",
            f"{path}: the end is missing: {n_read} of {info.n_declared} frames can be read; fetch or copy it again",
        )
    return corrupt(path, f"frame {n_read + 1} of {info.n_frames} is damaged or of another size")
