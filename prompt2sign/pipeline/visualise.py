"""An optional stage: the clip as a video with its 2D skeleton, for people to look at."""

from __future__ import annotations

from typing import Any

from ..errors import ClipRejected, UsageError
from ..options import VisualiseOptions
from ..records import Clip
from .stage import Job, Needs, Result


class Visualise:
    """Draw the keypoints over the trimmed clip, or on black; nothing in a release depends on it."""

    name, version, folder, suffix, after = "visualise", 1, "visualised", ".mp4", "pose"
    workers: Needs = "always"
    milliseconds_a_frame = 15.0

    def __init__(self, options: VisualiseOptions) -> None:
        self.options = options

    def applies(self, clip: Clip) -> bool:
        """Every clip."""
        return True

    def inputs(self, clip: Clip, state: str) -> list[Any]:
        """Nothing but the keypoints: their bytes follow from the video's."""
        return []

    def run(self, job: Job) -> Result:
        """Draw; on black where only keypoints are at hand."""
        from ..drawing import draw_keypoints, write_video
        from ..formats.keypoints import read_keypoints
        from ..media import Video

        assert job.source is not None
        keypoints, options = read_keypoints(job.source), self.options
        over = options.background == "over" and job.beside is not None
        try:
            pictures = draw_keypoints(
                keypoints,
                Video(job.beside).frames() if over and job.beside else None,
                style=options.style,
                min_confidence=options.min_confidence,
                thickness=options.thickness,
            )
            n_frames = write_video(job.target, pictures, keypoints.fps)
        except UsageError as error:
            raise ClipRejected("cannot-be-drawn", str(error)) from error
        return Result({"n_frames": n_frames, "background": "over" if over else "black"})
