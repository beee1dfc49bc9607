"""Cutting a clip out of its video, exact to the frame.

Time decides, never a frame number times an assumed rate: a frame belongs to the clip when
`start_s <= its time < end_s`, times counted from the beginning of the file as players do. Cutting encodes again,
because a stream copied without decoding can only begin at a keyframe.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from ..errors import ClipRejected, RunError
from .encode import X264, write_mp4
from .pictures import Pictures
from .timeline import Timeline, VideoInfo, probe, timeline
from .video import decode, upright

#: Annotations round their times to the millisecond at best, so they are half of one off: a frame this much before the
#: start still belongs to the clip, and one this much before the end does not.
ROUNDING_S = 0.0006
#: An end this far behind the last frame is a rounded end; farther, the annotation is of another video.
PAST_END_S = 0.1
#: Pictures are a corpus' best copy, so more is kept of them than of a video.
PICTURES_CRF = 10


@dataclass(frozen=True)
class TrimReport:
    """What was cut.

    Attributes:
        n_frames: Frames of the clip.
        fps: Frames per second; the source's own, or its nominal rate where `vfr`.
        width: Width in pixels; one less than the source's where that is odd and the clip was encoded.
        height: Height in pixels, likewise.
        vfr: The source's frame rate varies; the clip's does not.
        encoded: A file was written. Otherwise the source is the clip, to be used as it is.
        start_s: Time of the clip's first frame in the source, seconds.
        end_s: Time at which the clip's last frame ends, seconds.
    """

    n_frames: int
    fps: float
    width: int
    height: int
    vfr: bool
    encoded: bool
    start_s: float
    end_s: float


def trim(
    source: Path,
    target: Path,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    fps: float | None = None,
    preset: str = "superfast",
    crf: int = 18,
) -> TrimReport:
    """Cut a clip out of a video file or a folder of pictures into an H.264 file.

    A varying frame rate is resampled to its nominal rate: each frame of the clip is what a viewer sees at that time.
    A video of constant rate that needs no cut is not encoded, and nothing is written.

    Args:
        source: Video file, or folder of numbered pictures.
        target: File to write.
        start_s: Beginning of the clip, None for that of the source.
        end_s: End of the clip (exclusive), None for that of the source.
        fps: Frames per second of a folder of pictures; a video knows its own.
        preset: Of x264.
        crf: Quality of x264, 0 lossless to 51; pictures get 10 where this is worse.

    Raises:
        ClipRejected: `bad-times`, `past-the-end`, `no-frames`, `truncated-video`, or whatever is wrong with the source.
        UsageError: x264 has no such preset.
        OSError: The disk is full or read-only.
    """
    _check_times(source, start_s, end_s)
    if source.is_dir():
        x264 = X264(preset, min(crf, PICTURES_CRF))
        return _trim_pictures(Pictures(source, fps), target, (start_s, end_s), x264)
    of = timeline(source)
    steps = _steps(source, of.info, of.start_s, start_s, end_s)
    encoded = of.info.vfr or len(steps) < len(of.shown)
    if encoded:
        write_mp4(target, _shown_frames(source, of, steps), of.info.fps_fraction, X264(preset, crf))
        _check_written(target, of.info, len(steps))
    return _report(of.info, of.start_s, steps, encoded)


def _check_times(source: Path, start_s: float | None, end_s: float | None) -> None:
    start = 0.0 if start_s is None else start_s
    end = math.inf if end_s is None else end_s
    if not 0 <= start < end:
        raise ClipRejected(
            "bad-times",
            f"{source}: a clip from {start_s} to {end_s} s; the start must be 0 or more and before the end",
        )


def _steps(source: Path, info: VideoInfo, first_s: float, start_s: float | None, end_s: float | None) -> range:
    """Steps of the source's constant grid that lie in the clip."""
    n_steps, last_s = round(info.duration_s * info.fps_fraction), first_s + info.duration_s
    _check_end(source, info, last_s, start_s, end_s)

    def step(time_s: float) -> int:
        return max(0, min(n_steps, math.ceil((time_s - first_s - ROUNDING_S) * info.fps_fraction)))

    steps = range(0 if start_s is None else step(start_s), n_steps if end_s is None else step(end_s))
    if not steps:
        raise ClipRejected(
            "no-frames",
            f"{source}: no frame lies between {start_s} and {end_s} s at {info.fps:.2f} frames a second; "
            "mend the times",
        )
    return steps


def _check_end(source: Path, info: VideoInfo, last_s: float, start_s: float | None, end_s: float | None) -> None:
    """Reject a clip that wants more than there is."""
    slack_s = max(PAST_END_S, 1 / info.fps)
    too_long = end_s is not None and end_s > last_s + slack_s
    if too_long or (start_s or 0) >= last_s or (end_s is None and info.truncated):
        if info.truncated:
            raise ClipRejected(
                "truncated-video",
                f"{source}: the end is missing ({info.n_frames} of {info.n_declared} frames are there); "
                "fetch or copy it again",
            )
        raise ClipRejected(
            "past-the-end",
            f"{source}: the clip from {start_s or 0} to {end_s} s, but the video ends at {last_s:.3f} s; "
            "mend the times, or bring the video they belong to",
        )


def _shown_frames(source: Path, of: Timeline, steps: range) -> Iterator[av.VideoFrame]:
    """The frame shown at each step; one that stays is given again, one that nobody would see is left out."""
    shown = of.shown[steps.start : steps.stop]
    repeats = dict(zip(*np.unique(shown, return_counts=True), strict=True))
    for index, frame in decode(source, of, int(shown[0])):
        for _ in range(repeats.get(index, 0)):
            yield _encodable(frame)
        if index == shown[-1]:
            return


def _encodable(frame: av.VideoFrame) -> av.VideoFrame:
    """An upright 4:2:0 frame of even size; an odd last row or column is cut off."""
    if not frame.rotation and frame.width % 2 == 0 and frame.height % 2 == 0:
        return frame.reformat(format="yuv420p")
    return _from_rgb(upright(frame))


def _from_rgb(rgb: NDArray[np.uint8]) -> av.VideoFrame:
    height, width = rgb.shape[0] // 2 * 2, rgb.shape[1] // 2 * 2
    even = np.ascontiguousarray(rgb[:height, :width])
    return av.VideoFrame.from_ndarray(even, format="rgb24").reformat(format="yuv420p")


def _trim_pictures(
    pictures: Pictures, target: Path, times: tuple[float | None, float | None], x264: X264
) -> TrimReport:
    """Pictures are always encoded: what follows reads videos."""
    steps = _steps(pictures.path, pictures.info, 0.0, *times)
    frames = (_from_rgb(rgb) for rgb in islice(pictures.frames(steps.start), len(steps)))
    write_mp4(target, frames, pictures.info.fps_fraction, x264)
    _check_written(target, pictures.info, len(steps))
    return _report(pictures.info, 0.0, steps, encoded=True)


def _check_written(target: Path, info: VideoInfo, n_frames: int) -> None:
    """Count what can be read of the clip."""
    written = probe(target)
    if (written.n_frames, written.fps_fraction) != (n_frames, info.fps_fraction):
        raise RunError(
            f"{target}: {n_frames} frames at {info.fps_fraction}/s were encoded, but {written.n_frames} at "
            f"{written.fps_fraction}/s can be read; report this with the video's origin"
        )


def _report(info: VideoInfo, first_s: float, steps: range, encoded: bool) -> TrimReport:
    even = 2 if encoded else 1
    return TrimReport(
        n_frames=len(steps),
        fps=info.fps,
        width=info.width // even * even,
        height=info.height // even * even,
        vfr=info.vfr,
        encoded=encoded,
        start_s=first_s + float(steps.start / info.fps_fraction),
        end_s=first_s + float(steps.stop / info.fps_fraction),
    )
