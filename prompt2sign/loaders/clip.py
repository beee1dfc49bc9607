"""One clip of a release, as a person or a model wants it: text and float32 motion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..errors import FormatError
from ..formats.layout import unpack
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

    def _repr_html_(self) -> str:
        """What a notebook shows: the clip's words, and its skeleton signing."""
        from .notebook import clip_html

        return clip_html(self)

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
    "gloss",
)  # fmt: skip
_RECORDS = {"source": Source, "provenance": Provenance, "licence": Licence}


def decode_clips(table: pa.Table, shard: Shard) -> Iterator[ReleaseClip]:
    """The clips of a table of shard rows, all columns.

    Raises:
        FormatError: The arrays of a clip do not fit its `n_frames`; the message names file and clip.
    """
    words = zip(*(table.column(name).to_pylist() for name in _PLAIN), strict=True)
    arrays = zip(decode_motion(table, shard), list_values(table, "observed"), strict=True)
    records = zip(*(_records(kind, table.column(name)) for name, kind in _RECORDS.items()), strict=True)
    rest = zip(*(table.column(name).to_pylist() for name in ("prompts", "fps")), strict=True)
    columns = zip(words, arrays, records, rest, _dicts(table.column("quality")), strict=True)
    for row, (motion, observed), (source, provenance, licence), (prompts, fps), quality in columns:
        if len(observed) != len(motion) * SKELETON.count:
            raise FormatError(f"{shard.path}: clip {row[0]!r}: {len(observed)} flags for {motion.shape}")
        yield ReleaseClip(
            **dict(zip(_PLAIN, row, strict=True)),
            prompts=tuple(prompts),
            fps=fps,
            motion=motion,
            observed=observed.reshape(-1, SKELETON.count),
            quality={name: value for name, value in quality.items() if value is not None},
            source=source,
            provenance=provenance,
            licence=licence,
        )


def decode_motion(table: pa.Table, shard: Shard) -> Iterator[NDArray[np.float32]]:
    """(T, 50, 3) float32 of every row of a table with the columns `clip_id`, `n_frames` and `pose`.

    Raises:
        FormatError: A pose is not 150 numbers a frame; the message names file and clip.
    """
    for pose in decode_pose(table, shard):
        yield dequantise(pose, shard.info.scale)


def decode_pose(table: pa.Table, shard: Shard) -> Iterator[NDArray[np.int32]]:
    """As `decode_motion`, but the whole numbers of the grid, which may be views of the table's memory."""
    poses, lengths = list(_lists(table, "pose")), table.column("n_frames").to_pylist()
    for row, (pose, n_frames) in enumerate(zip(poses, lengths, strict=True)):
        if len(pose) != n_frames * VALUES_PER_FRAME:
            raise FormatError(
                f"{shard.path}: clip {table.column('clip_id')[row].as_py()!r}: its pose holds {len(pose)} numbers, "
                f"{n_frames} frames need {n_frames * VALUES_PER_FRAME}; run `prompt2sign validate` on the release"
            )
    yield from unpack(poses, shard.info.layout)


def list_values(table: pa.Table, column: str) -> Iterator[NDArray[Any]]:
    """The lists of a column, each as an array of its own."""
    return (values.copy() for values in _lists(table, column))


def _lists(table: pa.Table, column: str) -> Iterator[NDArray[Any]]:
    for chunk in table.column(column).chunks:
        # A slice of a table shares its values with the rest of it: convert only what these rows point at.
        offsets = chunk.offsets.to_numpy()
        values = _numbers(chunk.values[offsets[0] : offsets[-1]])
        for start, end in pairwise(offsets - offsets[0]):
            yield values[start:end]


def _numbers(values: pa.Array) -> NDArray[Any]:
    """Numbers as they lie in memory, or flags, of which Arrow packs eight into a byte and takes its time to unpack."""
    if not pa.types.is_boolean(values.type) or not len(values):
        return np.asarray(values.to_numpy(zero_copy_only=False))
    packed = np.frombuffer(values.buffers()[1], np.uint8)
    flags = np.unpackbits(packed, count=values.offset + len(values), bitorder="little")
    return flags[values.offset :].view(np.bool_)


def _records(kind: type[Record], column: pa.ChunkedArray) -> Iterator[Record]:
    """Records from structs, which may have grown fields since; those that say the same are one."""
    known = [field.name for field in column.type if field.name in kind.__dataclass_fields__]
    made: dict[tuple[Any, ...], Record] = {}
    for values in _rows(column, known):
        if values not in made:
            made[values] = kind(**dict(zip(known, values, strict=True)))
        yield made[values]


def _dicts(column: pa.ChunkedArray) -> Iterator[dict[str, Any]]:
    """The structs of a column."""
    names = [field.name for field in column.type]
    return (dict(zip(names, values, strict=True)) for values in _rows(column, names))


def _rows(column: pa.ChunkedArray, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The named fields of the structs of a column, field by field: converting struct by struct is slow."""
    places = [column.type.get_field_index(name) for name in names]
    for chunk in column.chunks:
        children = chunk.flatten()
        yield from zip(*(children[place].to_pylist() for place in places), strict=True)
