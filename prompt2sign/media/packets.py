"""Timestamps of a video stream, read without decoding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

#: Headers round their durations; what is missing beyond this was cut off.
_ROUNDED_S = 0.5


@dataclass(frozen=True, eq=False)
class Packets:
    """The packets of a video stream.

    Attributes:
        pts: (N,) int64 timestamps of the frames that are shown, in ticks, ascending; their numbers where not `timed`.
        time_base: Seconds a tick.
        start_s: Time of the first frame after the beginning of the file, seconds.
        last_duration: Ticks the last frame is shown, 0 where unknown.
        keyframes: (M, 2) int64 timestamp of each keyframe, and the timestamp to seek to for it; none where the
            container has no index to seek by.
        timed: The timestamps name the frames.
        n_hidden: Frames that an edit list hides.
        index_end: Byte up to which the file must reach by its own index; 0 where it has none.
        n_indexed: Frames in that index.
        declared_s: Duration the header promises; 0 where it does not.
    """

    pts: NDArray[np.int64]
    time_base: Fraction
    start_s: float
    last_duration: int
    keyframes: NDArray[np.int64]
    timed: bool
    n_hidden: int
    index_end: int
    n_indexed: int
    declared_s: float

    def declared(self, n_bytes: int, rate: Fraction) -> int:
        """Number of frames the file promises: more than are there where its end is missing.

        Args:
            n_bytes: Size of the file.
            rate: Frames per second.
        """
        if self.index_end > n_bytes:
            return self.n_indexed - self.n_hidden
        missing_s = self.declared_s - float(self.pts[-1] * self.time_base)
        return len(self.pts) + (round(missing_s * rate) if missing_s > _ROUNDED_S + 1 / rate else 0)


class _Packet(NamedTuple):
    """What is kept of a packet: its data would be the whole file."""

    pts: int | None
    seek: int | None
    duration: int
    is_keyframe: bool
    is_hidden: bool


def read_packets(container: InputContainer, stream: VideoStream) -> Packets:
    """Read every packet of the stream. What an edit list hides may be seeked to, but is no frame."""
    time_base = stream.time_base or Fraction(1)
    packets = [_kept(packet) for packet in container.demux(stream) if packet.size]
    frames = sorted(
        (packet.pts, packet.duration) for packet in packets if packet.pts is not None and not packet.is_hidden
    )
    n_frames = sum(not packet.is_hidden for packet in packets)
    # AVI has no presentation times: its frames are told by their number, and its rate is constant by definition.
    timed = "avi" not in container.format.name and len({pts for pts, _ in frames}) == n_frames
    index = stream.index_entries
    return Packets(
        pts=np.array([pts for pts, _ in frames] if timed else range(n_frames), dtype=np.int64),
        time_base=time_base,
        start_s=_start_s(container, frames[0][0] * time_base) if timed and frames else 0.0,
        last_duration=frames[-1][1] if frames else 0,
        keyframes=_keyframes(packets if timed and len(index) else []),
        timed=timed,
        n_hidden=len(packets) - n_frames,
        index_end=max((entry.pos + entry.size for entry in index), default=0),
        n_indexed=len(index),
        declared_s=_tagged_duration_s(stream.metadata.get("DURATION", "")),
    )


def _kept(packet: Packet[VideoStream]) -> _Packet:
    """Some containers are searched by decoding time, which is earlier: seek to the earlier of the two."""
    seek = packet.pts if packet.pts is None or packet.dts is None else min(packet.pts, packet.dts)
    return _Packet(packet.pts, seek, packet.duration or 0, packet.is_keyframe, packet.is_discard)


def _keyframes(packets: Iterable[_Packet]) -> NDArray[np.int64]:
    points = [(packet.pts, packet.seek) for packet in packets if packet.is_keyframe and packet.pts is not None]
    return np.array(sorted(points), dtype=np.int64).reshape(-1, 2)


def _start_s(container: InputContainer, first_s: Fraction) -> float:
    """Seconds from the beginning of the file, which its container counts in microseconds, to the first frame."""
    return float(first_s) - (container.start_time or 0) / 1e6


def _tagged_duration_s(tag: str) -> float:
    """Seconds of Matroska's `00:00:10.000000000`; 0 where there is no such tag."""
    try:
        hours, minutes, seconds = tag.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return 0.0
