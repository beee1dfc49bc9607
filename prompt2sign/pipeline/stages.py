"""The stages of a build, in order: trim, pose, lift, prompts. Sharding is the release's (`prompt2sign.release`)."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ..languages import get_language
from ..options import LiftOptions, Pipeline, PoseOptions, PromptOptions, TrimOptions
from ..records import Clip
from .stage import Job, Needs, Result, Stage, file_sha256
from .visualise import Visualise

#: Raised when `estimators.signer_box` would give another box for the same clip.
_SIGNER_BOX_VERSION = 1


class X264Options(BaseModel):
    """What every cut depends on; of the other options, `Trim.inputs` names those that a clip uses."""

    preset: str
    crf: int


class Trim:
    """Cut the clip out of its video, exact to the frame; a video that is the clip is used as it is."""

    name, version, folder, suffix, after = "trim", 1, "clips", ".mp4", ""
    workers: Needs = "always"
    milliseconds_a_frame = 12.0

    def __init__(self, options: TrimOptions) -> None:
        self.options = X264Options(preset=options.preset, crf=options.crf)
        self.changes = options

    def applies(self, clip: Clip) -> bool:
        """Ready keypoints need no video."""
        return clip.media is not None and clip.keypoints is None

    def inputs(self, clip: Clip, state: str) -> list[Any]:
        """The video, the times, and the options by which this very clip is changed."""
        return [state, clip.start_s, clip.end_s, clip.fps, *self._changes_of(clip)]

    def _changes_of(self, clip: Clip) -> list[Any]:
        changes: list[Any] = []
        if self.changes.pad_s and (clip.start_s is not None or clip.end_s is not None):
            changes.append(["pad", self.changes.pad_s])
        if self.changes.crop == "published" and clip.crop is not None:
            changes.append(["crop", clip.crop])
        if self.changes.crop == "signer":
            changes.append(["signer", _SIGNER_BOX_VERSION, _installed_version("mediapipe")])
        if self.changes.fps is not None:
            changes.append(["rate", self.changes.fps])
        return changes

    def run(self, job: Job) -> Result:
        """Trim, or reuse."""
        from ..media import trim

        clip = job.clip
        assert clip.media is not None
        report = trim(
            clip.media,
            job.target,
            start_s=clip.start_s,
            end_s=clip.end_s,
            fps=clip.fps,
            preset=self.options.preset,
            crf=self.options.crf,
            pad_s=self.changes.pad_s,
            crop=self._box(clip),
            rate=self.changes.fps,
        )
        values = {name: getattr(report, name) for name in ("n_frames", "fps", "width", "height", "vfr", "encoded")}
        if self.changes.fps is not None:
            values["source_fps"] = report.source_fps
        if self.changes.crop != "none":
            values["crop"] = report.crop
        if clip.media.is_file():
            values["source_sha256"] = _source_sha256(clip.media)
        if report.encoded:
            return Result(values)
        return Result(values, reuse=clip.media, reuse_sha256=values["source_sha256"])

    def _box(self, clip: Clip) -> tuple[float, float, float, float] | None:
        """The part of the picture to keep; None, the whole, where the signer is not seen or no box was published."""
        if self.changes.crop != "signer":
            return clip.crop if self.changes.crop == "published" else None
        from ..estimators.signer_box import find_signer_box
        from ..media import Span

        assert clip.media is not None
        span = Span(start_s=clip.start_s, end_s=clip.end_s, pad_s=self.changes.pad_s, fps=clip.fps)
        return find_signer_box(clip.media, span)


class Estimation(BaseModel):
    """What keypoints depend on besides what an estimator says of itself (`Look.identity`)."""

    estimator: str
    quality: str


class Pose:
    """2D keypoints of every frame, estimated or imported."""

    name, version, folder, suffix, after = "pose", 3, "keypoints", ".h5", "trim"
    workers: Needs = "always"
    milliseconds_a_frame = 60.0

    def __init__(self, options: PoseOptions) -> None:
        self.options = Estimation(estimator=options.estimator, quality=options.quality)
        self.choices = options

    def applies(self, clip: Clip) -> bool:
        """Every clip."""
        return True

    def most_workers(self) -> int | None:
        """One for each GPU, where the estimator runs on them."""
        from ..estimators.base import runs_on_gpus
        from ..estimators.gpus import find_gpus

        return len(find_gpus(self.choices.gpus)) or None if runs_on_gpus(self.choices) else None

    def inputs(self, clip: Clip, state: str) -> list[Any]:
        """The ready keypoints, or what the estimator is."""
        if clip.keypoints is not None:
            return [state, clip.keypoints_member, clip.fps, clip.width, clip.height]
        return [_identity(self.choices)]

    def run(self, job: Job) -> Result:
        """Estimate, or import."""
        from ..formats.keypoints import write_keypoints

        clip = job.clip
        if clip.keypoints is not None:
            from ..estimators.importers import import_keypoints

            keypoints, values = import_keypoints(
                clip.keypoints, clip.keypoints_member, fps=clip.fps, width=clip.width, height=clip.height
            )
        else:
            from ..media import Video

            assert job.source is not None
            # The lock files lie beside the ledger, where every process of the build finds the same ones.
            estimator = _estimator(self.choices, job.target.parent.parent)
            keypoints, values = estimator.estimate(Video(job.source))
            values = {**values, "estimator_is": estimator.describe()}
        write_keypoints(job.target, keypoints)
        return Result(
            {
                **values,
                "n_frames": keypoints.n_frames,
                "fps": keypoints.fps,
                "width": keypoints.width,
                "height": keypoints.height,
                "estimator": keypoints.estimator,
            }
        )


class Lift:
    """3D motion from 2D keypoints."""

    name, version, folder, suffix, after = "lift", 4, "motion", ".h5", "pose"
    workers: Needs = "if long"
    milliseconds_a_frame = 0.3

    def __init__(self, options: LiftOptions) -> None:
        self.options = options

    def applies(self, clip: Clip) -> bool:
        """Every clip."""
        return True

    def inputs(self, clip: Clip, state: str) -> list[Any]:
        """Nothing but the keypoints."""
        return []

    def run(self, job: Job) -> Result:
        """Lift."""
        from ..formats.keypoints import read_keypoints
        from ..formats.motion import write_motion
        from ..lifting import lift

        assert job.source is not None
        motion = lift(read_keypoints(job.source), self.options)
        write_motion(job.target, motion)
        return Result({"n_frames": motion.n_frames, "fps": motion.fps, **motion.quality})


class Prompts:
    """Prompts from templates and the clip's text; they live in the receipt."""

    name, version, folder, suffix, after = "prompts", 1, "", "", ""
    workers: Needs = "never"
    milliseconds_a_frame = 0.0

    def __init__(self, options: PromptOptions) -> None:
        self.options = options

    def applies(self, clip: Clip) -> bool:
        """Every clip."""
        return True

    def inputs(self, clip: Clip, state: str) -> list[Any]:
        """The text and the templates."""
        return [clip.text, _templates_sha256(clip.language, self.options.templates)]

    def run(self, job: Job) -> Result:
        """Fill templates."""
        from ..prompts import prompts_for

        templates = _templates(job.clip.language, self.options.templates)
        prompts = prompts_for(
            job.clip.clip_id, job.clip.text, templates, seed=self.options.seed, count=self.options.per_clip
        )
        return Result({"prompts": prompts})


def stages_of(pipeline: Pipeline) -> tuple[Stage, ...]:
    """The stages of a build in their order."""
    stages = Trim(pipeline.trim), Pose(pipeline.pose), Lift(pipeline.lift), Prompts(pipeline.prompts)
    return stages if pipeline.visualise.background == "none" else (*stages, Visualise(pipeline.visualise))


@lru_cache(maxsize=4)
def _installed_version(name: str) -> str | None:
    """Looked up once: it searches the disk, and every clip's fingerprint holds it."""
    from ..estimators.base import installed_version

    return installed_version(name)


@lru_cache(maxsize=4)
def _identity(options: PoseOptions) -> Any:
    """Looked up once: it reads hundreds of megabytes of weights."""
    from ..estimators.base import look_of

    return look_of(options.estimator).identity(options)


@lru_cache(maxsize=1)
def _estimator(options: PoseOptions, locks: Path) -> Any:
    """One estimator a process, kept between clips, on a GPU of its own if it wants one."""
    from ..estimators.base import get_estimator, runs_on_gpus
    from ..estimators.gpus import find_gpus, take_gpu

    if runs_on_gpus(options):
        take_gpu(locks, find_gpus(options.gpus))
    return get_estimator(options)


@lru_cache(maxsize=4)
def _templates(language: str, path: Path | None) -> tuple[str, ...]:
    from ..prompts import load_templates

    return load_templates(get_language(language), path)


@lru_cache(maxsize=4)
def _templates_sha256(language: str, path: Path | None) -> str:
    return hashlib.sha256(json.dumps(_templates(language, path)).encode()).hexdigest()


def _source_sha256(path: Path) -> str:
    """Many clips share one long video: hash it once a process."""
    status = path.stat()
    return _sha256_of_state(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _sha256_of_state(path: Path, _size: int, _mtime_ns: int) -> str:
    return file_sha256(path)
