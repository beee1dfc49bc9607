"""One clip as it goes into a shard."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..errors import ClipRejected
from ..languages import get_language
from ..records import SPLITS, Clip
from ..skeleton import SKELETON
from .motion import Motion
from .shard_schema import QUALITY

#: `corpus` and `provenance.estimator` of clips that a model made: nobody was filmed, no bone was measured.
GENERATED = "generated"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a clip was cut from.

    Attributes:
        video: Name of the source video as the corpus calls it.
        start_s: Start in the source, seconds; None where the clip is the whole of it.
        end_s: End in the source, seconds (exclusive).
        sha256: Of the source's bytes; empty where it is unknown.
        width: Picture width in pixels.
        height: Picture height in pixels.
        vfr: The source had a variable frame rate and was resampled by its time stamps.
        clip_path: The trimmed clip inside the release, with `/`; empty where videos are not published.
        clip_sha256: Of the trimmed clip.
    """

    video: str = ""
    start_s: float | None = None
    end_s: float | None = None
    sha256: str = ""
    width: int | None = None
    height: int | None = None
    vfr: bool = False
    clip_path: str = ""
    clip_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What made a clip's motion: names with versions."""

    estimator: str = ""
    lifter: str = ""
    tool: str = ""


@dataclass(frozen=True, slots=True)
class Licence:
    """What may be done with a clip; the fields of the same names in `corpora.base.CorpusFacts`."""

    licence: str = ""
    access: str = ""
    access_rule: str = ""
    redistribute_motion: bool = False
    redistribute_video: bool = False


@dataclass(frozen=True, slots=True)
class ShardRow:
    """One clip as it goes into a shard."""

    clip: Clip
    motion: Motion
    prompts: tuple[str, ...] = ()
    source: Source = Source()
    provenance: Provenance = Provenance()
    licence: Licence = Licence()


def values_of(row: ShardRow) -> dict[str, Any]:
    """The columns of a row, all but `pose` and `observed`."""
    clip, language = row.clip, get_language(row.clip.language)
    return {
        "clip_id": clip.clip_id,
        "lang": language.code,
        "sign_language": language.sign_code,
        "spoken_language": language.spoken_tag,
        "corpus": clip.corpus,
        "split": clip.split,
        "unit": clip.unit,
        "signer": clip.signer,
        "text": clip.text,
        "text_raw": clip.text_raw,
        "gloss": clip.gloss,
        "prompts": list(row.prompts),
        "fps": row.motion.fps,
        "n_frames": row.motion.n_frames,
        "quality": _quality(row.motion),
        "source": asdict(row.source),
        "provenance": asdict(row.provenance),
        "licence": asdict(row.licence),
    }


def _quality(motion: Motion) -> dict[str, float]:
    """The motion's own numbers; what it does not say stays null."""
    if unknown := set(motion.quality) - {field.name for field in QUALITY}:
        raise ValueError(f"no column of `quality` for {sorted(unknown)}; add it to shard_schema.QUALITY")
    return motion.quality


def check_row(row: ShardRow) -> None:
    """Refuse a clip no shard can hold.

    Raises:
        ClipRejected: Its split is unknown, its arrays do not fit, it has no frames or no frame rate.
    """
    motion, name = row.motion, f"clip {row.clip.clip_id!r}"
    frames = motion.n_frames
    if row.clip.split not in SPLITS:
        raise ClipRejected("bad-split", f"{name}: its split is {row.clip.split!r}, not one of {', '.join(SPLITS)}")
    if frames == 0 or motion.xyz.shape[1:] != (SKELETON.count, 3) or motion.observed.shape != motion.xyz.shape[:2]:
        raise ClipRejected(
            "bad-motion",
            f"{name}: its motion is {motion.xyz.shape} with observed {motion.observed.shape}, expected at least "
            f"one frame of ({SKELETON.count}, 3) and ({SKELETON.count},); lift it again",
        )
    if not (np.isfinite(motion.fps) and motion.fps > 0):
        raise ClipRejected("bad-motion", f"{name}: {motion.fps} frames per second is no rate; give its fps")
