"""The options by which `build`, `pose` and `shard` say who estimates poses, declared once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

_ESTIMATOR = "Who finds the 2D keypoints: mediapipe, openpose, wholebody or openpose-dnn."
_QUALITY = "fast, or high: a second look for missing hands; of OpenPose, its most exact options."
_OPENPOSE = "Where OpenPose was built or installed; OPENPOSE_HOME otherwise."
_PRESET = "Of OpenPose: fast, balanced (its own defaults) or best."
_GPUS = "Numbers of the GPUs to use, such as 0,1; none runs on the CPU. All by default."
_POINTS = "Of wholebody: ONNX network that finds 133 points (RTMW, DWPose)."
_PEOPLE = "Of wholebody: ONNX network that finds people (YOLOX); without one the picture is taken for the signer's."
_BATCH = "Of wholebody: pictures given to a network at once."
_VISUALISE = "Also write each clip as a video with its skeleton: over the clip, or on black."
_VISUALISE_STYLE = "Colours of the skeleton: openpose or dwpose."
_KEEP_JSON = "Keep the JSON files that openpose.bin writes, a folder a clip."


@dataclass(frozen=True, kw_only=True)
class Estimating:
    """Who finds the 2D keypoints, and where; fields of `options.PoseOptions`."""

    estimator: Annotated[str | None, typer.Option("--estimator", help=_ESTIMATOR)] = None
    quality: Annotated[str | None, typer.Option("--quality", help=_QUALITY)] = None
    openpose: Annotated[Path | None, typer.Option("--openpose", help=_OPENPOSE)] = None
    preset: Annotated[str | None, typer.Option("--preset", help=_PRESET)] = None
    keep_json: Annotated[Path | None, typer.Option("--keep-json", help=_KEEP_JSON)] = None
    gpus: Annotated[str | None, typer.Option("--gpus", help=_GPUS)] = None

    points_onnx: Annotated[Path | None, typer.Option("--points-onnx", help=_POINTS)] = None
    people_onnx: Annotated[Path | None, typer.Option("--people-onnx", help=_PEOPLE)] = None
    batch: Annotated[int | None, typer.Option("--batch", min=1, help=_BATCH)] = None
    visualise: Annotated[str | None, typer.Option("--visualise", metavar="over|black", help=_VISUALISE)] = None
    visualise_style: Annotated[
        str | None, typer.Option("--visualise-style", metavar="openpose|dwpose", help=_VISUALISE_STYLE)
    ] = None

    def changes(self) -> dict[str, dict[str, Any]]:
        """Options by section of the pipeline and name; None changes nothing."""
        return {
            "pose": {"estimator": self.estimator, "quality": self.quality, "gpus": self._numbers()},
            "pose.openpose": {"folder": self.openpose, "preset": self.preset, "keep_json": self.keep_json},
            "pose.wholebody": {"pose": self.points_onnx, "det": self.people_onnx, "batch": self.batch},
            "visualise": {"background": self.visualise, "style": self.visualise_style},
        }

    def _numbers(self) -> tuple[int, ...] | None:
        from ..errors import UsageError

        if self.gpus is None or self.gpus == "none":
            return None if self.gpus is None else ()
        numbers = [number.strip() for number in self.gpus.split(",")]
        if not all(number.isascii() and number.isdecimal() for number in numbers):
            raise UsageError(f"--gpus {self.gpus}: write their numbers, such as 0,1, or none")
        return tuple(map(int, numbers))


#: Options of one estimator or two: their section, and the option of each name.
_OWN = {
    "pose.openpose": (
        {"openpose", "openpose-dnn"},
        {"folder": "--openpose", "preset": "--preset", "keep_json": "--keep-json"},
    ),
    "pose.wholebody": (
        {"wholebody"},
        {"pose": "--points-onnx", "det": "--people-onnx", "batch": "--batch"},
    ),
}


def refuse_foreign(changes: Mapping[str, Mapping[str, Any]], estimator: str) -> None:
    """Refuse options that the estimator chosen would pass over.

    Raises:
        UsageError: One was given.
    """
    from ..errors import UsageError

    for section, (owners, options) in _OWN.items():
        given = [options[name] for name, value in changes.get(section, {}).items() if value is not None]
        if given and estimator not in owners:
            raise UsageError(
                f"{given[0]} is for another estimator than {estimator}; add --estimator {' or '.join(sorted(owners))}"
            )
    if estimator == "mediapipe" and changes.get("pose", {}).get("gpus"):
        raise UsageError("--gpus: mediapipe runs on the CPU; name another with --estimator, or leave it out")
