"""The records that flow: a Clip, what a stage says about it (Receipt), and what could not become a clip (Rejection)."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, Self

Unit = Literal["sentence", "sign", "example"]
Status = Literal["done", "dropped", "failed"]

#: The splits a corpus may publish. A clip of a corpus without splits is `train`.
SPLITS = ("train", "dev", "test")


@dataclass(frozen=True, slots=True)
class Clip:
    """One unit of signing with its text.

    Attributes:
        clip_id: Unique within the build; any text, the work folder makes it safe for file systems.
        language: Prompt2Sign code, one of `prompt2sign.languages.LANGUAGES`.
        corpus: Name of the corpus it comes from.
        split: `train`, `dev` or `test`.
        unit: A whole sentence, one isolated sign, or a dictionary's example.
        text: Spoken-language text, normalised by the rules of the language.
        text_raw: The text as published, untouched.
        media: Video file, or folder of numbered picture files; None where only keypoints are at hand.
        keypoints: Ready keypoints: a file, a folder of JSON files or an archive; None where they must be estimated.
        keypoints_member: Name of the clip inside `keypoints` where that is an archive or folder of many clips.
        start_s: Start of the clip in `media`, seconds; None for the beginning.
        end_s: End of the clip in `media`, seconds (exclusive); None for the end.
        crop: Box of the signer as published: left, top, right, bottom as shares of width and height; None for all.
        fps: Frames per second where `media` or `keypoints` cannot tell (picture folders, JSON folders).
        width: Picture width in pixels where the keypoints cannot tell.
        height: Picture height in pixels where the keypoints cannot tell.
        signer: Name or number of the signer, empty where unknown.
        gloss: Glosses as published, empty where there are none.
        video: Name of the source video as the corpus calls it.
    """

    clip_id: str
    language: str
    corpus: str
    split: str = "train"
    unit: Unit = "sentence"
    text: str = ""
    text_raw: str = ""
    media: Path | None = None
    keypoints: Path | None = None
    keypoints_member: str = ""
    start_s: float | None = None
    end_s: float | None = None
    crop: tuple[float, float, float, float] | None = None
    fps: float | None = None
    width: int | None = None
    height: int | None = None
    signer: str = ""
    gloss: str = ""
    video: str = ""

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of the fields that are set."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {k: str(v) if isinstance(v, Path) else v for k, v in values.items() if v is not None}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_json`."""
        read: dict[str, Any] = {key: Path(values[key]) for key in ("media", "keypoints") if key in values}
        if "crop" in values:
            read["crop"] = tuple(values["crop"])
        return cls(**(values | read))


@dataclass(frozen=True, slots=True)
class Rejection:
    """Something a corpus holds that cannot become a clip: a row without a video, a video without its text."""

    clip_id: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a stage says about one clip.

    Attributes:
        clip_id: The clip.
        stage: Name of the stage.
        status: `done`; `dropped` by a filter, or `failed` with an error.
        fingerprint: Of the inputs, options, stage version and tool version; a receipt with another one is stale.
        output: Path of the output: relative to the work folder, absolute where a source is used as it is, or empty.
        output_sha256: Content of the output; what the next stage's fingerprint is made from.
        output_bytes: Size of the output.
        reason: Short slug when not done.
        message: For people, when not done.
        values: Measurements and small results of the stage (JSON types only).
        seconds: Wall time; stays in the work folder, never enters a release.
    """

    clip_id: str
    stage: str
    status: Status
    fingerprint: str
    output: str = ""
    output_sha256: str = ""
    output_bytes: int = 0
    reason: str = ""
    message: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
