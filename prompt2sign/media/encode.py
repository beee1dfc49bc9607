"""Writing frames to an H.264 file, the same bytes each time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import PictureType

from ..errors import UsageError

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")


@dataclass(frozen=True)
class X264:
    """Options of the encoder.

    Attributes:
        preset: Speed against size, one of `PRESETS`.
        crf: Quality, 0 lossless to 51 worst.

    Raises:
        UsageError: There is no such preset.
    """

    preset: str
    crf: int

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            raise UsageError(f"x264 has no preset {self.preset!r}; there are: {', '.join(PRESETS)}")


def write_mp4(target: Path, frames: Iterable[av.VideoFrame], rate: Fraction, x264: X264) -> None:
    """Encode frames of one even size at a constant rate; no sound.

    One thread, and no date or version in the header: the same frames and options give the same bytes.

    Args:
        target: File to write, MP4 whatever its suffix.
        frames: At least one.
        rate: Frames per second.
        x264: Options of the encoder.

    Raises:
        OSError: The disk is full or read-only.
    """
    options = {"fflags": "+bitexact"}
    with av.open(f"file:{target.absolute()}", "w", format="mp4", options=options) as container:
        stream = container.add_stream("libx264", rate=rate, options={"preset": x264.preset, "crf": str(x264.crf)})
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        for number, frame in enumerate(frames):
            if number == 0:
                stream.width, stream.height = frame.width, frame.height
                stream.codec_context.colorspace = frame.colorspace
                stream.codec_context.color_range = frame.color_range
            frame.pts, frame.time_base = number, 1 / rate
            # Otherwise x264 repeats the source's choice of keyframes.
            frame.pict_type = PictureType.NONE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
