"""One clip of a release, as a person or a model wants it: text and float32 motion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..errors import FormatError
from ..formats.shard_read import Shard
from ..formats.shard_rows import Licence, Provenance, Source
from ..formats.shard_schema import VALUES_PER_FRAME, dequantise
from ..skeleton import SKELETON

Record = TypeVar("Record", Source, Provenance, Licence)


@dataclass(frozen=True, slots=True, eq=False)
class ReleaseClip:
    """One clip of a release.

    Attributes:
        clip_id: Unique in the release.
        lang: Prompt2Sign code of the sign language: `GSL`.
        sign_language: Its ISO 639-3 code.
        spoken_language: BCP-47 tag of the language of the text.
        corpus: Where it comes from.
        split: `train`, `dev` or `test`.
        unit: `sentence`, `sign` or `example`.
        signer: Empty where unknown.
        text: Normalised by the rules of the language.
        text_raw: As published.
        gloss: Empty where there is none.
        prompts: Ways of asking for this text.
        fps: Frames per second.
        motion: (T, 50, 3) float32; x right, y down, z towards the camera, neck at the origin, in shoulder widths
            (imported skels: in their own unit, see `Release.infos`).
        observed: (T, 50) bool, False where the estimator did not see the joint and it was filled in.
        quality: Numbers about the clip by name; those that are unknown are left out.
        source: Where in which video.
        provenance: What made the motion.
        licence: What may be done with it.
    """

    clip_id: str
    lang: str
    sign_language: str
    spoken_language: str
    corpus: str
    split: str
    unit: str
    signer: str
    text: str
    text_raw: str
    gloss: str
    prompts: tuple[str, ...]
    fps: float
    motion: NDArray[np.float32]
    observed: NDArray[np.bool_]
    quality: Mapping[str, float]
    source: Source
    provenance: Provenance
    licence: Licence

    def __repr__(self) -> str:
        return f"ReleaseClip({self.clip_id!r}, {self.lang}, {self.split}, {self.n_frames} frames, {self.text!r})"

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.motion)

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return self.n_frames / self.fps


_PLAIN = (
    "clip_id", "lang", "sign_language", "spoken_language", "corpus", "split", "unit", "signer", "text", "text_raw",
    "gloss", "fps",
)  # fmt: skip


def decode_clips(table: pa.Table, shard: Shard) -> Iterator[ReleaseClip]:
    """The clips of a table of shard rows, all columns.

    Raises:
        FormatError: The arrays of a clip do not fit its `n_frames`; the message names file and clip.
    """
    rows = table.drop_columns(["pose", "observed"]).to_pylist()
    arrays = zip(decode_motion(table, shard), list_values(table, "observed"), strict=True)
    for row, (motion, observed) in zip(rows, arrays, strict=True):
        if len(observed) != len(motion) * SKELETON.count:
            raise FormatError(f"{shard.path}: clip {row['clip_id']!r}: {len(observed)} flags for {motion.shape}")
        yield ReleaseClip(
            **{name: row[name] for name in _PLAIN},
            prompts=tuple(row["prompts"]),
            motion=motion,
            observed=observed.reshape(-1, SKELETON.count),
            quality={name: value for name, value in row["quality"].items() if value is not None},
            source=_record(Source, row["source"]),
            provenance=_record(Provenance, row["provenance"]),
            licence=_record(Licence, row["licence"]),
        )


def decode_motion(table: pa.Table, shard: Shard) -> Iterator[NDArray[np.float32]]:
    """(T, 50, 3) float32 of every row of a table with the columns `clip_id`, `n_frames` and `pose`.

    Raises:
        FormatError: A pose is not 150 numbers a frame; the message names file and clip.
    """
    lengths = table.column("n_frames").to_pylist()
    for row, (pose, n_frames) in enumerate(zip(list_values(table, "pose"), lengths, strict=True)):
        if len(pose) != n_frames * VALUES_PER_FRAME:
            raise FormatError(
                f"{shard.path}: clip {table.column('clip_id')[row].as_py()!r}: its pose holds {len(pose)} numbers, "
                f"{n_frames} frames need {n_frames * VALUES_PER_FRAME}; run `prompt2sign validate` on the release"
            )
        yield dequantise(pose, shard.info.scale).reshape(-1, SKELETON.count, 3)


def list_values(table: pa.Table, column: str) -> Iterator[NDArray[Any]]:
    """The lists of a column, each as an array of its own."""
    for chunk in table.column(column).chunks:
        # A slice of a table shares its values with the rest of it: convert only what these rows point at.
        offsets = chunk.offsets.to_numpy()
        values = chunk.values[offsets[0] : offsets[-1]].to_numpy(zero_copy_only=False)
        for start, end in pairwise(offsets - offsets[0]):
            yield values[start:end].copy()


def _record(kind: type[Record], values: dict[str, Any]) -> Record:
    """A record from a struct, which may have grown fields since."""
    return kind(**{field.name: values[field.name] for field in fields(kind) if field.name in values})
