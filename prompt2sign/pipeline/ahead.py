"""Look ahead: what a later stage will lack is said before the first one starts, not after days of work."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

from ..errors import FormatError, MissingError, UsageError
from ..languages import get_language
from ..options import Pipeline
from ..records import Clip
from .ledger import Ledger
from .stage import Stage


def check_ahead(stages: Iterable[Stage], ledger: Ledger, pipeline: Pipeline) -> None:
    """Check what the stages will need.

    Raises:
        MissingError: A package, a program, a file of weights or a GPU is not there.
        UsageError: There is no such estimator, its options do not fit together, or there are fewer templates than
            prompts wanted.
    """
    names = {stage.name for stage in stages}
    if "trim" in names and pipeline.trim.crop == "signer":
        _check_crop(ledger.clips())
    if "pose" in names:
        _check_pose(ledger.clips(), pipeline)
    if "prompts" in names:
        _check_prompts(pipeline)


def _check_crop(clips: Iterable[Clip]) -> None:
    """The signer is looked for by the embedded estimator, whoever estimates the clips."""
    from ..estimators.base import require_installed

    if any(clip.keypoints is None for clip in clips):
        require_installed("mediapipe")


def _check_pose(clips: Iterable[Clip], pipeline: Pipeline) -> None:
    """Two clips of a kind need the same package: each kind is looked at once."""
    from ..estimators.base import look_of

    estimated, pose_files = False, False
    for clip in clips:
        if clip.keypoints is None and not estimated:
            look_of(pipeline.pose.estimator).check(pipeline.pose)
            estimated = True
        elif clip.keypoints is not None and not pose_files and clip.keypoints.suffix == ".pose":
            if find_spec("pose_format") is None:
                raise MissingError('.pose files need a package: pip install "prompt2sign[pose]"')
            pose_files = True
        if estimated and pose_files:
            return


def _check_prompts(pipeline: Pipeline) -> None:
    from ..prompts import load_templates

    try:
        templates = load_templates(get_language(pipeline.language), pipeline.prompts.templates)
    except FormatError as error:
        raise UsageError(f"prompts.templates: {error}") from error
    if pipeline.prompts.per_clip > len(templates):
        raise UsageError(
            f"{pipeline.prompts.per_clip} prompts a clip were asked for, but {pipeline.language} has {len(templates)} "
            "templates; ask for fewer, or give more templates (`prompts.templates` in a pipeline file)"
        )
