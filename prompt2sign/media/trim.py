"""Cutting a clip out of its video, exact to the frame.

Cutting encodes again, because a stream copied without decoding can only begin at a keyframe. So does cropping.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av

from ..errors import RunError
from .crop import Box, Square, cut_out, square_round
from .cut import Cut, Span, find_cut
from .encode import X264, write_mp4
from .timeline import probe

#: Pictures are a corpus' best copy, so more is kept of them than of a video.
PICTURES_CRF = 10


@dataclass(frozen=True)
class TrimReport:
    """What was cut.

    Attributes:
        n_frames: Frames of the clip.
        fps: Frames per second: as asked for, or the source's own, or its nominal rate where `vfr`.
        width: Width in pixels; one less than the source's where that is odd and the clip was encoded.
        height: Height in pixels, likewise.
        vfr: The source's frame rate varies; the clip's does not.
        encoded: A file was written. Otherwise the source is the clip, to be used as it is.
        start_s: Time of the clip's first frame in the source, seconds.
        end_s: Time at which the clip's last frame ends, seconds.
        source_fps: Frames per second of the source, its nominal rate where `vfr`.
        crop: The part of the source's picture that was kept, left, top, right, bottom in shares of it; None for all.
    """

    n_frames: int
    fps: float
    width: int
    height: int
    vfr: bool
    encoded: bool
    start_s: float
    end_s: float
    source_fps: float
    crop: Box | None


def trim(
    source: Path,
    target: Path,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    fps: float | None = None,
    preset: str = "superfast",
    crf: int = 18,
    pad_s: float = 0.0,
    crop: Box | None = None,
    rate: float | None = None,
) -> TrimReport:
    """Cut a clip out of a video file or a folder of pictures into an H.264 file.

    A varying frame rate is resampled to its nominal rate: each frame of the clip is what a viewer sees at that time;
    and so is every video where another rate is asked for. A video of constant rate that needs no change is not encoded,
    and nothing is written.

    Args:
        source: Video file, or folder of numbered pictures.
        target: File to write.
        start_s: Beginning of the clip, None for that of the source.
        end_s: End of the clip (exclusive), None for that of the source.
        fps: Frames per second of a folder of pictures; a video knows its own.
        preset: Of x264.
        crf: Quality of x264, 0 lossless to 51; pictures get 10 where this is worse.
        pad_s: Seconds added before `start_s` and after `end_s`, as far as the source goes.
        crop: Keep the square round this box about its centre, black where it leaves the picture, in the source's
            pixels; left, top, right, bottom in shares of the upright picture.
        rate: Frames per second of the clip, None for the source's own.

    Raises:
        ClipRejected: `bad-times`, `past-the-end`, `no-frames`, `bad-crop`, `truncated-video`, or whatever is wrong with
            the source.
        UsageError: x264 has no such preset.
        OSError: The disk is full or read-only.
    """
    cut = find_cut(source, Span(start_s=start_s, end_s=end_s, pad_s=pad_s, fps=fps, rate=rate))
    square = _square(source, cut, crop)
    encoded = source.is_dir() or square is not None or not cut.is_whole
    if encoded:
        x264 = X264(preset, min(crf, PICTURES_CRF) if source.is_dir() else crf)
        write_mp4(target, _kept(cut, square), cut.grid.rate, x264)
        _check_written(target, cut)
    return _report(cut, square, encoded)


def _square(source: Path, cut: Cut, box: Box | None) -> Square | None:
    """What to keep, None where that is all there is."""
    if box is None:
        return None
    square = square_round(source, box, cut.info.width // 2 * 2, cut.info.height // 2 * 2)
    return None if square.is_all else square


def _kept(cut: Cut, square: Square | None) -> Iterator[av.VideoFrame]:
    return cut.frames() if square is None else (cut_out(frame, square) for frame in cut.frames())


def _check_written(target: Path, cut: Cut) -> None:
    """Count what can be read of the clip."""
    written, n_frames, rate = probe(target), len(cut.steps), cut.grid.rate
    if (written.n_frames, written.fps_fraction) != (n_frames, rate):
        raise RunError(
            f"{target}: {n_frames} frames at {rate}/s were encoded, but {written.n_frames} at "
            f"{written.fps_fraction}/s can be read; report this with the video's origin"
        )


def _report(cut: Cut, square: Square | None, encoded: bool) -> TrimReport:
    even = 2 if encoded else 1
    size = (cut.info.width // even * even, cut.info.height // even * even)
    width, height = (square.size, square.size) if square else size
    return TrimReport(
        n_frames=len(cut.steps),
        fps=float(cut.grid.rate),
        width=width,
        height=height,
        vfr=cut.info.vfr,
        encoded=encoded,
        start_s=cut.grid.start_s + float(cut.steps.start / cut.grid.rate),
        end_s=cut.grid.start_s + float(cut.steps.stop / cut.grid.rate),
        source_fps=cut.info.fps,
        crop=square.box if square else None,
    )
