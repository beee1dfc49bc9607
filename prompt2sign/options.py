"""Every option of a build in one place, read from YAML and shown as JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from .errors import UsageError
from .languages import Language, get_language
from .option_faults import checked_options
from .plain_yaml import parse_options, read_options

#: Frames per second and sides of a picture that keypoints and pictures may have, said here or in a table.
MIN_FPS, MAX_FPS, MAX_PIXELS = 0.1, 1000.0, 100_000
#: A day: a film's own clock may begin in the evening before.
MAX_OFFSET_S = 86_400.0


class Options(BaseModel):
    """Frozen; an unknown key is an error, so that a typing mistake never passes as a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


class SourceOptions(Options):
    """What the source does not say of itself: keypoints and pictures their rate and size, your own data its
    licence. A clip that does say it keeps its own."""

    fps: float | None = Field(None, ge=MIN_FPS, le=MAX_FPS)
    """Frames per second."""
    width: int | None = Field(None, ge=1, le=MAX_PIXELS)
    """Picture width in pixels."""
    height: int | None = Field(None, ge=1, le=MAX_PIXELS)
    """Picture height in pixels."""
    licence: str | None = None
    """Licence of your own data, best as an SPDX identifier."""
    redistribute: bool = False
    """May your own data be passed on under that licence?"""


class FetchOptions(Options):
    """How corpora are fetched."""

    variant: str = ""
    """Which of the forms a corpus is published in, such as `clips` or `videos`; empty for its first.
    `prompt2sign corpora NAME` lists them."""
    mirrors: dict[str, str] = Field(default_factory=dict)
    """Addresses to go to instead, by how the published ones begin: `{https://dead.example/: https://mirror.example/}`.
    Checksums stay those of the published files."""
    cookies: Path | None = None
    """Cookies of a browser session, in Netscape's format, for video sites that ask for one."""
    token: str = ""
    """Key that the owners of a corpus by request sent you."""
    files_at_once: int = Field(4, ge=1, le=32)
    """Files fetched at the same time."""
    per_host: int = Field(2, ge=1, le=16)
    """Of these, from one server."""
    retries: int = Field(6, ge=0, le=100)
    """How often a file is tried again after trouble that passes, with longer and longer waits."""
    rate_limit: float | None = Field(None, ge=0.001, le=1_000_000)
    """Megabytes a second, all files together."""
    video_height: int = Field(720, ge=144, le=4320)
    """Largest picture height asked of a video site."""
    max_videos: int | None = Field(None, ge=1)
    """Ask a video site for no more than so many videos, an even part of the list."""
    pause_s: float = Field(10.0, ge=0, le=86_400)
    """Seconds between two videos of a site, which shuts out whoever asks faster."""
    keep_archives: bool = False
    """Keep archives after they were unpacked."""


class CueOptions(Options):
    """How subtitles become sentences."""

    clean: bool = True
    """Take out markup, music, sounds in brackets and names of speakers."""
    merge: bool = False
    """Join cues into whole sentences, by their punctuation."""
    max_gap_s: float = Field(1.0, ge=0, le=86_400)
    """Cues farther apart are never joined."""
    offset_s: float = Field(0.0, ge=-MAX_OFFSET_S, le=MAX_OFFSET_S)
    """Seconds by which the signing comes after its cue, for all videos: interpreters lag behind what they hear."""
    offsets: Path | None = None
    """A table `video,offset_s` that says it for each video, as `prompt2sign align` writes it."""
    pad_s: float = Field(0.0, ge=0, le=10)
    """Seconds added before and after each cue, never into a neighbour's."""
    min_s: float = Field(0.2, ge=0, le=86_400)
    """Shorter cues are rejected."""
    max_s: float = Field(60.0, gt=0, le=86_400)
    """Longer cues are rejected."""
    max_characters: int = Field(300, ge=1, le=10_000_000)
    """Cues with more text are rejected."""


class SplitOptions(Options):
    """How clips are parted where their corpus does not say."""

    rule: Literal["published", "signer", "video", "clip"] = "published"
    """`published` keeps what the corpus says; where it says nothing, no signer and no video is in two splits. `signer`
    and `video` part anew, and keep only signers, or only videos, apart; `clip` parts clip by clip."""
    seed: int = 0
    """Another seed parts otherwise."""
    dev: float = Field(0.1, ge=0, lt=1)
    """Share of the clips that goes to dev, as near as whole signers or videos allow."""
    test: float = Field(0.1, ge=0, lt=1)
    """Share of the clips that goes to test."""

    @model_validator(mode="after")
    def _something_to_train_on(self) -> Self:
        if self.dev + self.test >= 1:
            raise ValueError("dev and test together must leave something to train on")
        return self


class TrimOptions(Options):
    """How clips are cut out of longer videos."""

    pad_s: float = Field(0.0, ge=0, le=10)
    """Seconds added before and after each clip, as far as the video goes."""
    crop: Literal["none", "published", "signer"] = "none"
    """Keep only the signer: by the box that the corpus publishes, or by where the pose is (`signer`)."""
    fps: float | None = Field(None, ge=1, le=240)
    """Resample by time stamps to this rate; None keeps each video's own."""

    preset: str = "superfast"
    """x264 preset of the clips that must be encoded."""
    crf: int = Field(18, ge=0, le=51)
    """x264 quality, 0 lossless to 51 worst; 18 is visually lossless."""


#: `WIDTHxHEIGHT` as OpenPose takes it: multiples of 16, and -1 for one that follows from the picture.
_NetResolution = Annotated[str, Field(pattern=r"^(-1|[1-9]\d{1,3})x(-1|[1-9]\d{1,3})$")]


class OpenPoseOptions(Options):
    """OpenPose: where it is, and its own options by its own names; what is None follows from the preset."""

    folder: Path | None = None
    """Where OpenPose was built or installed; else the environment's OPENPOSE_HOME."""
    models: Path | None = None
    """Folder of its models; else `models` in its folder."""
    door: Literal["auto", "binding", "binary"] = "auto"
    """`binding`: pyopenpose, loaded once; `binary`: its program, started for each clip; `auto`: what is there."""
    preset: Literal["fast", "balanced", "best"] | None = None
    """`balanced` is what OpenPose does by itself; None follows `quality`: `fast` is balanced, `high` is best."""
    stall_s: float = Field(300.0, gt=0, le=86_400)
    """Seconds without a new frame after which OpenPose counts as stuck and is ended."""
    keep_json: Path | None = None
    """Keep the JSON files that OpenPose writes, a folder a clip; only its program writes any (`door`)."""

    net_resolution: _NetResolution | None = None
    """Size of the body network's input."""
    net_resolution_dynamic: float | None = Field(None, ge=0, le=1000)
    """How far the input may grow with the picture."""
    scale_number: int | None = Field(None, ge=1, le=16)
    """Sizes of the picture that the body is looked for in."""
    scale_gap: float | None = Field(None, gt=0, lt=1)
    """Between two of these."""
    hand: bool = True
    """Look for hands."""
    hand_detector: int | None = Field(None, ge=0, le=3)
    """0 by the body, 3 by the body and where the hand was before."""
    hand_net_resolution: _NetResolution | None = None
    """Size of the hand network's input."""
    hand_scale_number: int | None = Field(None, ge=1, le=16)
    """Sizes of the picture that hands are looked for in."""
    hand_scale_range: float | None = Field(None, gt=0, lt=1)
    """Between the smallest and the largest of these."""
    face: bool = True
    """Look for faces."""
    face_net_resolution: _NetResolution | None = None
    """Size of the face network's input."""
    number_people_max: int = Field(5, ge=-1, le=100)
    """People looked for in a frame, -1 for all; the signer is chosen among them. Each costs hands and a face."""

    @field_validator("net_resolution", "hand_net_resolution", "face_net_resolution")
    @classmethod
    def _sixteenths(cls, value: str | None) -> str | None:
        sides = [int(side) for side in value.split("x") if side != "-1"] if value else [16]
        if not sides or any(side % 16 for side in sides):
            raise ValueError("OpenPose takes multiples of 16, such as 656x368 or -1x368")
        return value


class WholeBodyOptions(Options):
    """RTMW, RTMPose or DWPose networks on ONNX Runtime, from files that you bring; none is ever fetched."""

    det: Path | None = None
    """The network that finds people (YOLOX), an ONNX file; without one the whole picture is taken for the signer's."""
    pose: Path | None = None
    """The network that finds their 133 points, an ONNX file."""
    det_input_size: tuple[int, int] = (640, 640)
    """Width and height in pixels that the first one is given, where its file does not say."""
    pose_input_size: tuple[int, int] = (288, 384)
    """Width and height in pixels that the second one is given, where its file does not say."""
    people: int = Field(4, ge=1, le=32)
    """People looked at in a frame, the largest first; the signer is chosen among them."""
    batch: int = Field(16, ge=1, le=1024)
    """Pictures given to a network at once; fewer where the network or the memory takes fewer."""
    device: Literal["auto", "cuda", "cpu"] = "auto"
    """`auto` takes a GPU where there is one."""


class PoseOptions(Options):
    """How 2D keypoints are found."""

    estimator: str = "mediapipe"
    """Name of the estimator; ready keypoints need none."""
    quality: Literal["fast", "high"] = "fast"
    """`high` fills missing hands by a second, slower look."""
    gpus: tuple[Annotated[int, Field(ge=0, le=255)], ...] | None = None
    """Numbers of the GPUs that estimators on GPUs may use, one process each; None takes all."""
    openpose: OpenPoseOptions = OpenPoseOptions()
    wholebody: WholeBodyOptions = WholeBodyOptions()

    def as_released(self) -> dict[str, Any]:
        """What a release keeps (JSON types): of one estimator, and nothing of the machine it ran on."""
        values = self.model_dump(mode="json", include={"estimator", "quality"})
        if self.estimator in ("openpose", "openpose-dnn"):
            own = {"folder", "models", "door", "stall_s", "keep_json"}
            values["openpose"] = self.openpose.model_dump(mode="json", exclude=own)
        if self.estimator == "wholebody":
            values["wholebody"] = self.wholebody.model_dump(mode="json", exclude={"det", "pose", "batch", "device"})
        return values


class VisualiseOptions(Options):
    """Videos of the clips with their 2D skeletons, for people to look at; a release holds none of it."""

    background: Literal["none", "over", "black"] = "none"
    """`over` the clip, on `black`, or no videos at all; on black where only keypoints are at hand."""
    style: Literal["openpose", "dwpose"] = "openpose"
    """Whose colours."""
    min_confidence: float = Field(0.1, ge=0, le=1)
    """Points below this confidence are not drawn."""
    thickness: float = Field(1.0, gt=0, le=10)
    """Of lines and points; they grow with the picture."""


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

    max_fit_error: float | None = Field(None, ge=0)
    """Mean distance between motion and keypoints in the picture, in shoulder widths."""
    max_jitter: float | None = Field(None, ge=0)
    """Mean size of the second difference over time, in shoulder widths."""
    max_bone_deviation: float | None = Field(None, ge=0)
    """Largest relative deviation of a bone's length from its median."""
    max_limit_rate: float | None = Field(None, ge=0, le=1)
    """Share of the joint angles beyond anatomical limits."""
    min_body_rate: float | None = Field(None, ge=0, le=1)
    """Share of the body's joints that were seen."""
    min_hand_rate: float | None = Field(None, ge=0, le=1)
    """Share of the joints seen of the hand that was seen better: in a one-handed sign the other rests out of sight."""


class PromptOptions(Options):
    """How prompts are made from texts."""

    per_clip: int = Field(1, ge=0, le=1000)
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
    row_group_clips: int = Field(64, ge=1, le=1_000_000)
    """Clips a Parquet row group."""
    file_mb: float = Field(100, gt=0, le=1_000_000)
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
    fetch: FetchOptions = FetchOptions()
    cues: CueOptions = CueOptions()
    splits: SplitOptions = SplitOptions()
    trim: TrimOptions = TrimOptions()
    pose: PoseOptions = PoseOptions()
    visualise: VisualiseOptions = VisualiseOptions()
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
    """The pipeline of a language: the project's own YAML, with the user's on top of it.

    Raises:
        UsageError: The file is missing, is no YAML, has unknown or wrong options, or is for another language.
    """
    values, name = parse_options(_own_yaml(language), language.slug), language.slug
    if path is not None:
        values, name = {**values, **read_options(path)}, str(path)
    pipeline = parse_pipeline(values, name)
    if pipeline.language != language.code:
        raise UsageError(f"{path}: is for {pipeline.language}, but --lang asks for {language.code}")
    return pipeline


def parse_pipeline(values: dict[str, Any], name: str) -> Pipeline:
    """Validate a pipeline's values; `name` is the file that messages name."""
    return checked_options(Pipeline, values, name, "pipeline.schema.json")


def override(pipeline: Pipeline, changes: Mapping[str, Mapping[str, Any]]) -> Pipeline:
    """A pipeline with the command line's options on top; a value of None changes nothing.

    Args:
        pipeline: What lies below.
        changes: Options by section, such as `pose` or `pose.openpose`, and name.
    """
    values = pipeline.model_dump()
    for section, options in changes.items():
        place = values
        for name in section.split("."):
            place = place[name]
        place.update({key: value for key, value in options.items() if value is not None})
    return parse_pipeline(values, "command line")


def _own_yaml(language: Language) -> str:
    """The project's YAML: inside the installed package, or beside it in a checkout."""
    installed = resources.files("prompt2sign") / "_pipelines" / f"{language.slug}.yaml"
    if installed.is_file():
        return installed.read_text(encoding="utf-8")
    checkout = Path(__file__).resolve().parents[1] / "pipelines" / f"{language.slug}.yaml"
    return checkout.read_text(encoding="utf-8")
