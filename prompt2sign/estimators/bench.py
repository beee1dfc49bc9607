"""How fast estimators are on a video: decoding and estimating apart, and both together."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import ClipRejected, MissingError, UsageError
from ..media import Frames, Video, VideoInfo
from ..options import PoseOptions
from .base import ESTIMATORS, Estimator, get_estimator

#: Frames that are measured, and memory that they may take, bytes: they are kept, so that decoding is not measured.
MOST_FRAMES, MOST_BYTES = 240, 2 << 30
#: Batches that estimators with batches are measured with, as far as `PoseOptions` allows.
BATCHES = (1, 4, 16, 64)
#: Looked at before the clock runs: GPUs build their kernels with the first frames of each batch.
_WARM_UP_FRAMES = 2


@dataclass(frozen=True)
class Speed:
    """How fast one estimator is.

    Attributes:
        estimator: Its name.
        batch: Pictures at once, None for an estimator that takes one at a time.
        runs_on: `cpu` or `cuda`, where the estimator says.
        load_s: Seconds until it is ready.
        estimate_fps: Frames a second with all of them decoded.
        together_fps: Frames a second from the file.
        fault: Why there are no figures, else empty.
    """

    estimator: str
    batch: int | None = None
    runs_on: str = ""
    load_s: float | None = None
    estimate_fps: float | None = None
    together_fps: float | None = None
    fault: str = ""


@dataclass
class First:
    """The first frames of a video, decoded anew each time."""

    path: Path
    video: Video
    info: VideoInfo

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """They."""
        return islice(self.video.frames(), self.info.n_frames)


@dataclass
class Held:
    """The same frames, decoded already."""

    path: Path
    info: VideoInfo
    pictures: Sequence[NDArray[np.uint8]]

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """They."""
        return iter(self.pictures)


def first_frames(path: Path) -> First:
    """The part of a video that is measured.

    Raises:
        ClipRejected: It is no video.
    """
    video = Video(path)
    n_bytes = 3 * video.info.width * video.info.height
    n_frames = max(1, min(video.info.n_frames, MOST_FRAMES, MOST_BYTES // n_bytes))
    return First(path, video, replace(video.info, n_frames=n_frames))


def decode(clip: First) -> tuple[Held, float]:
    """Its frames, and how many a second were decoded."""
    started = time.perf_counter()
    pictures = list(clip.frames())
    return Held(clip.path, clip.info, pictures), len(pictures) / (time.perf_counter() - started)


def measure(options: PoseOptions, clip: First, held: Held) -> Iterator[Speed]:
    """Measure the estimator that the options name, with each batch it can have.

    Raises:
        MissingError: It lacks something.
        UsageError: Its options are wrong.
    """
    for batch in _batches(options):
        chosen = options
        if batch is not None:
            wholebody = options.wholebody.model_copy(update={"batch": batch})
            chosen = options.model_copy(update={"wholebody": wholebody})
        yield _measure(chosen, batch, clip, held)


def measure_all(options: PoseOptions, clip: First, held: Held) -> Iterator[Speed]:
    """Measure every estimator; one that lacks something is said to."""
    for name in ESTIMATORS:
        try:
            yield from measure(options.model_copy(update={"estimator": name}), clip, held)
        except (MissingError, UsageError) as error:
            yield Speed(name, fault=str(error))


def _batches(options: PoseOptions) -> list[int | None]:
    if options.estimator != "wholebody":
        return [None]
    most = options.wholebody.batch
    return [*(batch for batch in BATCHES if batch < most), most]


def _measure(options: PoseOptions, batch: int | None, clip: First, held: Held) -> Speed:
    started = time.perf_counter()
    estimator = get_estimator(options)
    load_s = time.perf_counter() - started
    n_warm = max(_WARM_UP_FRAMES, batch or 1)
    try:
        estimator.estimate(Held(held.path, replace(held.info, n_frames=n_warm), held.pictures[:n_warm]))
        estimate_fps, together_fps = _rate(estimator, held), _rate(estimator, clip)
        provider = estimator.describe().get("settings", {}).get("provider", "")
        return Speed(options.estimator, batch, provider, load_s, estimate_fps, together_fps)
    except ClipRejected as error:
        return Speed(options.estimator, batch, load_s=load_s, fault=str(error))
    finally:
        estimator.close()


def _rate(estimator: Estimator, frames: Frames) -> float:
    started = time.perf_counter()
    estimator.estimate(frames)
    return frames.info.n_frames / (time.perf_counter() - started)
