"""Pictures in memory, as a video would give them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prompt2sign.media import VideoInfo


@dataclass(frozen=True)
class Shown:
    """A clip of 25 frames a second."""

    pictures: list[NDArray[np.uint8]]
    path: Path = Path("shown.mp4")

    @property
    def info(self) -> VideoInfo:
        height, width = self.pictures[0].shape[:2]
        n_frames = len(self.pictures)
        return VideoInfo(width, height, Fraction(25), n_frames, duration_s=n_frames / 25, vfr=False)

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        yield from self.pictures
