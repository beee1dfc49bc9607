"""Every option of a build in one place, read from YAML and shown as JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from .errors import UsageError
from .languages import Language, get_language


class Options(BaseModel):
    """Frozen; an unknown key is an error, so that a typing mistake never passes as a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class SourceOptions(Options):
    """What the source does not say of itself: keypoints and pictures their rate and size, your own data its
    licence. A clip that does say it keeps its own."""

    fps: float | None = Field(None, gt=0, le=1000)
    """Frames per second."""
    width: int | None = Field(None, ge=1, le=100_000)
    """Picture width in pixels."""
    height: int | None = Field(None, ge=1, le=100_000)
    """Picture height in pixels."""
    licence: str | None = None
    """Licence of your own data, best as an SPDX identifier."""
    redistribute: bool = False
    """May your own data be passed on under that licence?"""


class TrimOptions(Options):
    """How clips are cut out of longer videos."""

    preset: str = "superfast"
    """x264 preset of the clips that must be encoded."""
    crf: int = Field(18, ge=0, le=51)
    """x264 quality, 0 lossless to 51 worst; 18 is visually lossless."""


class PoseOptions(Options):
    """How 2D keypoints are found."""

    estimator: str = "mediapipe"
    """Name of the estimator; ready keypoints need none."""
    quality: Literal["fast", "high"] = "fast"
    """`high` fills missing hands by a second, slower look."""


class LiftOptions(Options):
    """How 2D keypoints become 3D motion."""

    method: Literal["anatomy", "upstream"] = "anatomy"
    """`anatomy`, the project's own; or `upstream`, the published method with its constants and quirks, which takes no
    other option."""
    min_confidence: float = Field(0.2, ge=0, le=1)
    """A point below this confidence counts as not seen."""
    smoothing: float = Field(1.0, ge=0)
    """Strength of the smoothing over time; 0 keeps every tremble of the estimator."""
    camera_distance: float | None = Field(None, ge=3, le=1000)
    """From the camera to the signer in shoulder widths, where it is known and near, 6 for two metres: takes the
    perspective out of pictures that were not cropped. Without it a motion lies in its picture as it is."""


class KeepOptions(Options):
    """Which clips a release keeps, by the quality numbers of their motion; no bound leaves all. A clip beyond one
    becomes a row of rejected.parquet, and comes back when the bound is loosened."""

    max_fit_error: float | None = Field(None, ge=0, allow_inf_nan=False)
    """Mean distance between motion and keypoints in the picture, in shoulder widths."""
    max_jitter: float | None = Field(None, ge=0, allow_inf_nan=False)
    """Mean size of the second difference over time, in shoulder widths."""
    max_bone_deviation: float | None = Field(None, ge=0, allow_inf_nan=False)
    """Largest relative deviation of a bone's length from its median."""
    max_limit_rate: float | None = Field(None, ge=0, le=1)
    """Share of the joint angles beyond anatomical limits."""
    min_body_rate: float | None = Field(None, ge=0, le=1)
    """Share of the body's joints that were seen."""
    min_hand_rate: float | None = Field(None, ge=0, le=1)
    """Share of the joints seen of the hand that was seen better: in a one-handed sign the other rests out of sight."""


class PromptOptions(Options):
    """How prompts are made from texts."""

    per_clip: int = Field(1, ge=0)
    """Prompts a clip."""
    seed: int = 0
    """Another seed picks other templates."""
    templates: Path | None = None
    """A text file with one template a line instead of the project's own."""


class ShardOptions(Options):
    """How the release is written."""

    step: float = Field(1e-4, ge=1e-6, le=0.1)
    """Grid of the stored poses in shoulder widths; finer than a millionth, whole numbers would not hold a body."""
    layout: Literal["frame-major", "compact"] = "frame-major"
    """`compact` is a third smaller, but readers other than prompt2sign must undo it (schemas/shard-v1.md)."""
    row_group_clips: int = Field(64, ge=1)
    """Clips a Parquet row group."""
    file_mb: float = Field(100, gt=0)
    """Shards are closed at about this size in megabytes."""
    skels: tuple[Literal["progressive", "prompt2sign"], ...] = ("progressive", "prompt2sign")
    """Conventions of the parallel text files written beside the shards."""
    with_video: bool = False
    """Put the trimmed clips into the release, where the licence allows it."""


class Pipeline(Options):
    """One language's pipeline: which corpus by default, and the options of each stage."""

    language: str
    """Prompt2Sign code of the language."""
    corpus: str = "folder"
    """Corpus used where `--corpus` names none."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Names of the columns of the text table by what they mean: `{text: Satz}`."""
    source: SourceOptions = SourceOptions()
    trim: TrimOptions = TrimOptions()
    pose: PoseOptions = PoseOptions()
    lift: LiftOptions = LiftOptions()
    keep: KeepOptions = KeepOptions()
    prompts: PromptOptions = PromptOptions()
    shard: ShardOptions = ShardOptions()

    @field_validator("language")
    @classmethod
    def _known_language(cls, value: str) -> str:
        try:
            return get_language(value).code
        except UsageError as error:
            raise ValueError(str(error)) from error


def load_pipeline(language: Language, path: Path | None = None) -> Pipeline:
    """The pipeline of a language, from the project's own YAML or from the user's.

    Raises:
        UsageError: The file is missing, is no YAML, has unknown or wrong options, or is for another language.
    """
    name = str(path) if path else f"{language.slug}.yaml"
    try:
        text = path.read_text(encoding="utf-8") if path else _own_yaml(language)
        values = yaml.safe_load(text)
    except (OSError, UnicodeError, RecursionError, yaml.YAMLError) as error:
        raise UsageError(f"{name}: cannot be read as YAML: {error}") from error
    if not isinstance(values, dict):
        raise UsageError(f"{name}: expected `option: value` lines, found {type(values).__name__}")
    pipeline = parse_pipeline(values, name)
    if pipeline.language != language.code:
        raise UsageError(f"{name}: is for {pipeline.language}, but --lang asks for {language.code}")
    return pipeline


def parse_pipeline(values: dict[str, Any], name: str) -> Pipeline:
    """Validate a pipeline's values; `name` is the file that messages name."""
    try:
        return Pipeline.model_validate(values)
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors()]
        raise UsageError(
            f"{name}: these options are wrong (schemas/pipeline.schema.json lists all):\n" + "\n".join(lines)
        ) from error


def override(pipeline: Pipeline, changes: Mapping[str, Mapping[str, Any]]) -> Pipeline:
    """A pipeline with the command line's options on top; a value of None changes nothing."""
    values = pipeline.model_dump()
    for section, options in changes.items():
        values[section].update({key: value for key, value in options.items() if value is not None})
    return parse_pipeline(values, "command line")


def _own_yaml(language: Language) -> str:
    """The project's YAML: inside the installed package, or beside it in a checkout."""
    installed = resources.files("prompt2sign") / "_pipelines" / f"{language.slug}.yaml"
    if installed.is_file():
        return installed.read_text(encoding="utf-8")
    checkout = Path(__file__).resolve().parents[1] / "pipelines" / f"{language.slug}.yaml"
    return checkout.read_text(encoding="utf-8")
