"""When each frame of a video is shown, read from the packets without decoding them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ..errors import ClipRejected
from .container import corrupt, open_video
from .packets import Packets, read_packets
from .rates import LATENESS, constant_rate, nominal_rate

#: A still picture longer than this is taken for broken timestamps: it would be resampled to thousands of frames.
_MAX_GAP_S = 60.0


@dataclass(frozen=True)
class VideoInfo:
    """What is known of a video before its frames are decoded.

    Attributes:
        width: Width in pixels of the upright picture.
        height: Height in pixels of the upright picture.
        fps_fraction: Frames per second, exact (30000/1001 stays so); the nominal rate where `vfr`.
        n_frames: Frames that are shown, counted in the file.
        duration_s: Seconds from the first frame to the end of the last.
        vfr: The timestamps leave a constant grid by more than a quarter of a frame.
        rotation: Degrees counter-clockwise by which the stored picture is turned to be upright.
        n_declared: Frames the file promises; more than `n_frames` where its end is missing.
    """

    width: int
    height: int
    fps_fraction: Fraction
    n_frames: int
    duration_s: float
    vfr: bool
    rotation: int = 0
    n_declared: int = 0

    @property
    def fps(self) -> float:
        """Frames per second."""
        return float(self.fps_fraction)

    @property
    def truncated(self) -> bool:
        """Is the end of the file missing?"""
        return self.n_declared > self.n_frames


@dataclass(frozen=True, eq=False)
class Timeline:
    """The frames of a video in presentation order, and the constant grid a viewer sees them on.

    Attributes:
        info: The video in numbers.
        pts: (N,) int64 timestamp of each frame in ticks, ascending.
        start_s: Time of the first frame after the beginning of the file, seconds.
        shown: (K,) index of the frame shown at each step of the grid `start_s + k / fps`; `arange(N)` where the rate
            is constant.
        keyframes: (M, 2) int64 timestamp of each keyframe, and the timestamp to seek to for it; may be empty.
        timed: The timestamps name the frames; else only their number does.
        times_s: (N,) ascending seconds from the first frame to each; on the grid where the rate is constant.
    """

    info: VideoInfo
    pts: NDArray[np.int64]
    start_s: float
    shown: NDArray[np.intp]
    keyframes: NDArray[np.int64]
    timed: bool
    times_s: NDArray[np.float64]


def probe(path: Path) -> VideoInfo:
    """Size, rate and number of frames of a video file; one frame is decoded, the others are counted.

    Raises:
        ClipRejected: `missing-video`, `zero-bytes`, `no-video-stream`, `no-frames`, `corrupt-video` or
            `broken-timestamps`.
    """
    return timeline(path).info


def timeline(path: Path) -> Timeline:
    """The frames of a video file by time; remembered, because many clips share one long video.

    Raises:
        ClipRejected: As `probe`.
    """
    state = path.stat() if path.is_file() else None
    return _timeline(path, state.st_size if state else -1, state.st_mtime_ns if state else -1)


@lru_cache(maxsize=16)
def _timeline(path: Path, n_bytes: int, _mtime_ns: int) -> Timeline:
    with open_video(path) as (container, stream):
        packets = read_packets(container, stream)
        if not len(packets.pts):
            raise ClipRejected("no-frames", f"{path}: the video stream holds no frames; export the video again")
        declared = _declared_rates(stream)
        times_s = _times(path, packets, declared[0])
        rate = constant_rate(times_s[:-1], declared)
        vfr = rate is None
        rate = rate or nominal_rate(times_s[:-1], declared)
        shown = _shown(times_s, rate) if vfr else np.arange(len(packets.pts))
        width, height, rotation = _picture(path, container, stream)
        info = VideoInfo(
            width=width,
            height=height,
            fps_fraction=rate,
            n_frames=len(packets.pts),
            duration_s=float(len(shown) / rate),
            vfr=vfr,
            rotation=rotation,
            n_declared=packets.declared(n_bytes, rate),
        )
        on_grid = times_s[:-1] if vfr else np.arange(len(packets.pts)) / float(rate)
        return Timeline(info, packets.pts, packets.start_s, shown, packets.keyframes, packets.timed, on_grid)


def _declared_rates(stream: VideoStream) -> list[Fraction]:
    """What the container says of the rate, the likeliest first; 25 where it says nothing."""
    rates = [stream.average_rate, stream.guessed_rate, stream.base_rate]
    return [rate for rate in rates if rate] or [Fraction(25)]


def _times(path: Path, packets: Packets, declared: Fraction) -> NDArray[np.float64]:
    """(N + 1,) seconds from the first frame to each frame, and to the end of the last."""
    if not packets.timed:
        return np.arange(len(packets.pts) + 1) / float(declared)
    ticks = np.append(packets.pts, packets.pts[-1] + packets.last_duration) - packets.pts[0]
    times_s: NDArray[np.float64] = ticks * float(packets.time_base)
    gap_s = float(np.diff(times_s).max())
    if gap_s > _MAX_GAP_S:
        raise ClipRejected(
            "broken-timestamps",
            f"{path}: two frames lie {gap_s:.0f} s apart, so its clock cannot be trusted; export the video again",
        )
    return times_s


def _shown(times_s: NDArray[np.float64], rate: Fraction) -> NDArray[np.intp]:
    """(K,) which frame a viewer sees at each step of the grid: the latest that has come by then."""
    ends = times_s * float(rate)
    n_steps = max(1, round(ends[-1]), round(ends[-2]) + 1)
    return np.searchsorted(ends[:-1], np.arange(n_steps) + LATENESS, side="right") - 1


def _picture(path: Path, container: InputContainer, stream: VideoStream) -> tuple[int, int, int]:
    """Upright width and height and the rotation, from the first frame: headers are often wrong."""
    container.seek(0)
    for frame in container.decode(stream):
        size = (frame.width, frame.height)
        return (*(size if frame.rotation % 180 == 0 else size[::-1]), frame.rotation)
    raise corrupt(path, "not one of its frames can be decoded")
