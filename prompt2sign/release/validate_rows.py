"""The checks on every clip of a shard."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..errors import UsageError
from ..formats.layout import unpack
from ..formats.motion import MAX_REACH
from ..formats.shard_read import Shard
from ..formats.shard_rows import GENERATED
from ..formats.shard_schema import VALUES_PER_FRAME
from ..languages import get_language
from ..loaders.clip import list_values
from ..records import SPLITS
from ..skeleton import NECK, SKELETON

UNITS = ("sentence", "sign", "example")
#: The lifter whose bones may change: it interpolates the frames it drops.
_UPSTREAM = "upstream"


def row_faults(table: pa.Table, shard: Shard, root: Path | None) -> Iterator[tuple[str, str]]:
    """What is wrong with the clips of a table of shard rows: (clip id, what).

    Args:
        table: All columns.
        shard: Where it comes from.
        root: The release, to look for its videos; None for shards that lie alone.
    """
    rows = table.drop_columns(["pose", "observed"]).to_pylist()
    arrays = zip(list_values(table, "pose"), list_values(table, "observed"), strict=True)
    for row, (pose, observed) in zip(rows, arrays, strict=True):
        yield from ((row["clip_id"], what) for what in _words(row, shard.path if root else None))
        yield from ((row["clip_id"], what) for what in _numbers(row))
        yield from ((row["clip_id"], what) for what in _source(row["source"], root))
        yield from ((row["clip_id"], what) for what in _arrays(row, pose, observed, shard))


def _words(row: dict[str, Any], path: Path | None) -> Iterator[str]:
    """Faults of id, text and language; in a release, the name of the shard at `path` tells the split."""
    if not row["clip_id"]:
        yield "a clip without an id"
    if not row["text"].strip():
        yield "motion without text"
    if row["split"] not in SPLITS:
        yield f"its split is {row['split']!r}, not one of {', '.join(SPLITS)}"
    elif path and not path.name.startswith(f"{row['split']}-"):
        yield f"its split is {row['split']!r}, in a file called {path.name}"
    if row["unit"] not in UNITS:
        yield f"its unit is {row['unit']!r}, not one of {', '.join(UNITS)}"
    try:
        language = get_language(row["lang"])
    except UsageError:
        yield f"its language {row['lang']!r} is unknown"
        return
    if (row["sign_language"], row["spoken_language"]) != (language.sign_code, language.spoken_tag):
        yield f"{row['sign_language']!r} and {row['spoken_language']!r} are not the codes of {language.code}"


def _numbers(row: dict[str, Any]) -> Iterator[str]:
    if not (math.isfinite(row["fps"]) and row["fps"] > 0):
        yield f"{row['fps']} frames per second is no rate"
    if row["n_frames"] <= 0:
        yield "text without motion: it has no frames"
    for name, value in row["quality"].items():
        if value is None:
            continue
        if not math.isfinite(value) or (name.endswith("_rate") and not 0 <= value <= 1):
            yield f"quality.{name} is {value}"


def _source(source: dict[str, Any], root: Path | None) -> Iterator[str]:
    start, end = source["start_s"], source["end_s"]
    if any(value is not None and not math.isfinite(value) for value in (start, end)):
        yield f"its source span {start} to {end} is not finite"
    elif start is not None and end is not None and not 0 <= start < end:
        yield f"its source span runs from {start} s to {end} s"
    if clip_path := source["clip_path"]:
        inside = PurePosixPath(clip_path)
        if inside.is_absolute() or ".." in inside.parts or not (root is None or (root / inside).is_file()):
            yield f"its video {clip_path!r} is not in the release"


def _arrays(row: dict[str, Any], pose: NDArray[np.int32], observed: NDArray[np.bool_], shard: Shard) -> Iterator[str]:
    n_frames = row["n_frames"]
    if len(observed) != n_frames * SKELETON.count:
        yield f"observed holds {len(observed)} flags, {n_frames} frames need {n_frames * SKELETON.count}"
    if len(pose) != n_frames * VALUES_PER_FRAME:
        yield f"pose holds {len(pose)} numbers, {n_frames} frames need {n_frames * VALUES_PER_FRAME}"
    elif n_frames > 0 and shard.info.unit == "shoulder_width":
        (joints,) = unpack([pose], shard.info.layout)
        made_by = row["provenance"]
        rigid = not made_by["lifter"].startswith(_UPSTREAM) and made_by["estimator"] != GENERATED
        yield from motion_faults(joints / np.float64(shard.info.scale), shard.info.step, rigid=rigid)


def motion_faults(xyz: NDArray[np.float64], step: float, *, rigid: bool = True) -> Iterator[str]:
    """What is wrong with motion in shoulder widths.

    Args:
        xyz: (T, 50, 3).
        step: Of the grid it was rounded to.
        rigid: Its bones must keep their lengths.
    """
    if np.any(xyz[:, NECK]):
        yield "its neck is not at the origin of every frame"
    reach = float(np.abs(xyz).max())
    if reach > MAX_REACH:
        yield f"a joint is {reach:.1f} shoulder widths from the neck"
    start, end = SKELETON.bones.T
    lengths = np.linalg.norm(xyz[:, end] - xyz[:, start], axis=-1)
    spread = np.ptp(lengths, axis=0)
    # Either end is off by at most half the diagonal of a grid cell, and lengths are compared with each other:
    # 2 sqrt(3) steps. The rest is for float32, in which the motion was made.
    if rigid and np.any(spread > 2 * math.sqrt(3) * step + 1e-5):
        worst = int(np.argmax(spread))
        bone = f"{SKELETON.names[start[worst]]} - {SKELETON.names[end[worst]]}"
        yield f"bone lengths are not constant: {bone} changes by {spread[worst]:.4f} shoulder widths"
