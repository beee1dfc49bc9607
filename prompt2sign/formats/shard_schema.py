"""What a shard holds: its columns, the facts in its footer, and the fixed grid its numbers stand on.

The same in words for people, with the reasons: `schemas/shard-v1.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..errors import FormatError
from ..skeleton import SKELETON
from .layout import LAYOUTS, Layout

VERSION = 1
VALUES_PER_FRAME = SKELETON.count * 3
MotionUnit = Literal["shoulder_width", "source"]


def _list_of(kind: pa.DataType) -> pa.DataType:
    # Parquet calls the child of a list `element`; naming it so here keeps the column paths the same everywhere.
    return pa.list_(pa.field("element", kind, nullable=False))


def _struct(**kinds: pa.DataType) -> pa.DataType:
    return pa.struct([pa.field(name, kind) for name, kind in kinds.items()])


#: Numbers about a clip. A later release of the tool may add some without a new version of the format; a shard without
#: those of `_ADDED` is an older one.
QUALITY = _struct(
    body_rate=pa.float32(),
    left_hand_rate=pa.float32(),
    right_hand_rate=pa.float32(),
    fit_error=pa.float32(),
    jitter=pa.float32(),
    bone_deviation=pa.float32(),
    limit_rate=pa.float32(),
)
_ADDED = ("bone_deviation", "limit_rate")
SOURCE = _struct(
    video=pa.string(),
    start_s=pa.float64(),
    end_s=pa.float64(),
    sha256=pa.string(),
    width=pa.int32(),
    height=pa.int32(),
    vfr=pa.bool_(),
    clip_path=pa.string(),
    clip_sha256=pa.string(),
)
PROVENANCE = _struct(estimator=pa.string(), lifter=pa.string(), tool=pa.string())
LICENCE = _struct(
    licence=pa.string(),
    access=pa.string(),
    access_rule=pa.string(),
    redistribute_motion=pa.bool_(),
    redistribute_video=pa.bool_(),
)
_COLUMNS: dict[str, pa.DataType] = {
    "clip_id": pa.string(),
    "lang": pa.string(),
    "sign_language": pa.string(),
    "spoken_language": pa.string(),
    "corpus": pa.string(),
    "split": pa.string(),
    "unit": pa.string(),
    "signer": pa.string(),
    "text": pa.string(),
    "text_raw": pa.string(),
    "gloss": pa.string(),
    "prompts": _list_of(pa.string()),
    "fps": pa.float64(),
    "n_frames": pa.int32(),
    "pose": _list_of(pa.int32()),
    "observed": _list_of(pa.bool_()),
    "quality": QUALITY,
    "source": SOURCE,
    "provenance": PROVENANCE,
    "licence": LICENCE,
}
#: The columns of a shard, in order.
SHARD_SCHEMA: pa.Schema = pa.schema([pa.field(name, kind, nullable=False) for name, kind in _COLUMNS.items()])

#: Columns with many numbers a frame: nearly all the bytes of a shard.
LONG_LISTS = ("pose", "observed")


def leaves(kind: pa.DataType, path: str) -> list[tuple[str, pa.DataType]]:
    """The Parquet columns under `path`: (dotted path, type) of every leaf of a possibly nested type."""
    if pa.types.is_list(kind):
        return leaves(kind.value_type, f"{path}.list.{kind.value_field.name}")
    if pa.types.is_struct(kind):
        return [leaf for child in kind for leaf in leaves(child.type, f"{path}.{child.name}")]
    return [(path, kind)]


def schema_problem(schema: pa.Schema) -> str:
    """What keeps `schema` from being that of a shard, empty where nothing does; structs may have grown."""
    if schema.names != SHARD_SCHEMA.names:
        return f"its columns are {', '.join(schema.names)}; expected {', '.join(SHARD_SCHEMA.names)}"
    for field, found in zip(SHARD_SCHEMA, schema, strict=True):
        if found.nullable or not _fits(found.type, field.type):
            null = " that may be null" if found.nullable else ""
            return f"column {field.name} is {found.type}{null}, expected {field.type}"
    return ""


def _fits(found: pa.DataType, expected: pa.DataType) -> bool:
    if not (pa.types.is_struct(found) and pa.types.is_struct(expected)):
        return bool(found == expected)
    kinds = {field.name: field.type for field in found}
    needed = [field for field in expected if field.name in kinds or field.name not in _ADDED]
    return all(kinds.get(field.name) == field.type for field in needed)


@dataclass(frozen=True, slots=True)
class ShardInfo:
    """What the footer of a shard says of all its rows.

    Attributes:
        step: The size of one unit of `pose`: xyz = pose / round(1 / step).
        unit: What xyz is measured in: shoulder widths, or the unit of the skels it was imported from.
        convention: The skels convention it was imported from, empty for motion that was built.
        layout: How the numbers of `pose` lie (`formats.layout`).
        skeleton: Name of the skeleton.
        version: Version of the format.
    """

    step: float = 1e-4
    unit: MotionUnit = "shoulder_width"
    convention: str = ""
    layout: Layout = "frame-major"
    skeleton: str = SKELETON.name
    version: int = VERSION

    @property
    def scale(self) -> int:
        """How many steps make one unit."""
        return round(1 / self.step)

    def to_metadata(self) -> dict[str, str]:
        """As the footer keeps it."""
        values = {
            "version": str(self.version),
            "step": repr(self.step),
            "joints": str(SKELETON.count),
            "skeleton": self.skeleton,
            "unit": self.unit,
            "layout": self.layout,
        }
        if self.convention:
            values["convention"] = self.convention
        return {f"prompt2sign.{key}": value for key, value in values.items()}

    @classmethod
    def from_metadata(cls, metadata: Mapping[bytes, bytes] | None, file: object) -> Self:
        """The inverse of `to_metadata`.

        Raises:
            FormatError: The footer is not that of a shard, or of a newer version; the message names `file`.
        """
        prefix = b"prompt2sign."
        pairs = (metadata or {}).items()
        values = {
            key.removeprefix(prefix).decode("utf-8", "replace"): value.decode("utf-8", "replace")
            for key, value in pairs
            if key.startswith(prefix)
        }
        try:
            info = cls(
                step=float(values["step"]),
                unit=values["unit"],  # type: ignore[arg-type]  # checked below
                convention=values.get("convention", ""),
                layout=values.get("layout", "frame-major"),  # type: ignore[arg-type]  # checked below
                skeleton=values["skeleton"],
                version=int(values["version"]),
            )
        except (KeyError, ValueError) as error:
            raise FormatError(
                f"{file}: a Parquet file, but not a prompt2sign shard (prompt2sign.* in its metadata: {error}); "
                "the shards of a release lie under data/"
            ) from error
        info._check(file)
        return info

    def _check(self, file: object) -> None:
        if self.version > VERSION:
            raise FormatError(
                f"{file}: a shard of version {self.version}, this prompt2sign reads up to {VERSION}; "
                "update it with `pip install -U prompt2sign`"
            )
        if self.skeleton != SKELETON.name or self.unit not in ("shoulder_width", "source"):
            raise FormatError(f"{file}: unknown skeleton {self.skeleton!r} or unit {self.unit!r}")
        if self.layout not in LAYOUTS:
            raise FormatError(
                f"{file}: its poses lie in the layout {self.layout!r}, this prompt2sign knows {', '.join(LAYOUTS)}; "
                "update it with `pip install -U prompt2sign`"
            )
        if not 1e-9 <= self.step <= 1:
            raise FormatError(f"{file}: a step of {self.step} is no grid; expected one such as 0.0001")


#: Motion this toolkit built: a hundredth of the best estimator's noise.
BUILT = ShardInfo()


#: Up to here float32 tells whole numbers apart: 1,677 shoulder widths at the default step.
LARGEST = 2**24


def imported(convention: str, layout: Layout = "frame-major") -> ShardInfo:
    """Imported skels keep their own numbers, all five printed decimals of them."""
    return ShardInfo(step=1e-5, unit="source", convention=convention, layout=layout)


def quantise(xyz: NDArray[np.float32], scale: int) -> NDArray[np.int32]:
    """Round `xyz` to the grid, ties to even, in float64.

    Args:
        xyz: Any shape, float.
        scale: Grid steps in one unit.

    Returns:
        The same shape, int32.

    Raises:
        ValueError: A number is not finite, or too large for the grid.
    """
    steps: NDArray[np.float64] = np.rint(xyz.astype(np.float64) * scale)
    # Written so that NaN fails it too.
    if not np.all(np.abs(steps) <= LARGEST):
        raise ValueError(f"it holds numbers that are not finite or beyond {LARGEST / scale:g}")
    pose: NDArray[np.int32] = steps.astype(np.int32)
    return pose


def dequantise(pose: NDArray[np.int32], scale: int) -> NDArray[np.float32]:
    """The inverse of `quantise`.

    A division gives exactly the float32 nearest to the decimal number, as far as `quantise` goes; multiplying by
    float32(step) would do so for 70 % of them only. The result is contiguous, whatever `pose` is.
    """
    # Where dividend and divisor are exact in float32, so is its division: the nearest float32 to the quotient.
    if float(np.float32(scale)) != scale:
        return np.asarray((pose / np.float64(scale)).astype(np.float32, order="C"))
    xyz = pose.astype(np.float32, order="C")
    xyz /= np.float32(scale)
    return xyz
