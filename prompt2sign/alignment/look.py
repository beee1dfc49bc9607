"""Looking at a whole video now and then: where the body's joints are, a few times a second.

A stage as those of a build, over recordings instead of clips: it goes on where it stopped, and a video that kills the
process costs that video alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ..pipeline.stage import Job, Needs, Result
from ..records import Clip
from ..skeleton import BODY, BODY_25_FROM_MEDIAPIPE

FORMAT = "prompt2sign-look"
VERSION = 1
#: Who looks at videos; ready keypoints need nobody.
ESTIMATOR = "mediapipe"
_MAKER = "prompt2sign align"


class LookOptions(BaseModel):
    """How often to look."""

    model_config = ConfigDict(frozen=True)
    rate: float = 5.0
    """Times a second."""


@dataclass(frozen=True, eq=False)
class Looks:
    """What was seen.

    Attributes:
        body: (T, 8, 3) float32 pixels x, y and confidence of the body's joints of `skeleton.SKELETON`.
        rate: Looks a second.
        start_s: Time of the first in the recording.
    """

    body: NDArray[np.float32]
    rate: float
    start_s: float


class Look:
    """Find the body in a recording, a few times a second; or thin out ready keypoints."""

    name, version, folder, suffix, after = "look", 1, "looks", ".h5", ""
    workers: Needs = "always"
    milliseconds_a_frame = 40.0

    def __init__(self, options: LookOptions) -> None:
        self.options = options

    def applies(self, clip: Clip) -> bool:
        """Every recording."""
        return True

    def inputs(self, clip: Clip, state: str) -> list[Any]:
        """The file, and who looks."""
        from ..estimators.base import installed_version

        return [state, clip.keypoints_member, clip.fps, None if clip.keypoints else installed_version(ESTIMATOR)]

    def run(self, job: Job) -> Result:
        """Look.

        Raises:
            ClipRejected: Nobody is seen, or the recording cannot be read.
        """
        looks = _ready(job.clip, self.options.rate) if job.clip.keypoints else _watch(job.clip, self.options.rate)
        write_looks(job.target, looks)
        return Result({"n_frames": len(looks.body), "rate": looks.rate})


def write_looks(path: Path, looks: Looks) -> None:
    """Write what was seen (h5: `xyc`, and the attributes `rate` and `start_s`)."""
    from ..formats.h5 import add_frames, new_h5, write_attributes

    with new_h5(path, FORMAT, VERSION) as file:
        add_frames(file, "xyc", looks.body, "<f4")
        write_attributes(file, {"rate": looks.rate, "start_s": looks.start_s})


def read_looks(path: Path) -> Looks:
    """Read what `write_looks` wrote.

    Raises:
        FormatError: The file is damaged, or of another format.
    """
    from ..formats.h5 import open_h5, read_array, read_number

    with open_h5(path, FORMAT, VERSION, _MAKER) as file:
        return Looks(read_array(file, "xyc", np.float32), read_number(file, "rate"), read_number(file, "start_s"))


def _ready(clip: Clip, rate: float) -> Looks:
    """Every so many frames of ready keypoints."""
    from ..estimators.importers import import_keypoints

    assert clip.keypoints is not None
    found, _ = import_keypoints(
        clip.keypoints, clip.keypoints_member, fps=clip.fps, width=clip.width, height=clip.height
    )
    step = max(1, round(found.fps / rate))
    return Looks(found.xyc[::step, BODY], found.fps / step, 0.0)


def _watch(clip: Clip, rate: float) -> Looks:
    """Estimate; hands and face need not be looked for."""
    from ..estimators.mediapipe_body import track_body
    from ..estimators.quiet import native_stderr_silenced

    assert clip.media is not None
    seldom = _Seldom(clip.media, rate, clip.fps)
    with native_stderr_silenced():
        import mediapipe

        track = track_body(mediapipe.solutions, seldom)
    joints = [track.xyv[:, BODY_25_FROM_MEDIAPIPE[joint]].mean(axis=1) for joint in range(BODY.stop)]
    return Looks(np.stack(joints, axis=1), rate, seldom.start_s)


class _Seldom:
    """A video, or folder of pictures, as `media.Frames` of a low rate."""

    def __init__(self, path: Path, rate: float, fps: float | None) -> None:
        from ..media import Span, find_cut

        self.path = path
        self._cut = find_cut(path, Span(fps=fps, rate=rate))
        self.start_s = self._cut.grid.start_s
        n_frames = len(self._cut.steps)
        self.info = replace(self._cut.info, fps_fraction=Fraction(rate), n_frames=n_frames)

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """(H, W, 3) RGB."""
        for frame in self._cut.frames():
            yield np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
