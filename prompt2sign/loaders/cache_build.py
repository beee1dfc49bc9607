"""Shards, decoded once into flat files that are mapped into memory: row group by row group, so memory stays flat."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ..errors import ClipRejected, FormatError, RunError, UsageError
from ..formats.motion import MAX_REACH
from ..formats.shard_read import Shard
from ..formats.skels_convert import from_convention
from ..skeleton import SKELETON
from .clip import decode_motion, list_values
from .resample import resample
from .survey import Dropped, Survey, SurveyedShard, Wanted, listed_tables, summary

FORMAT = "prompt2sign-motion-cache"
VERSION = 1
FRAMES, OBSERVED, CLIPS, HEAD = "frames.f32", "observed.bool", "clips.parquet", "cache.json"
#: What a cache keeps of a shard's columns; `release` and `n_frames` are its own.
WORDS = (
    "clip_id", "lang", "sign_language", "spoken_language", "split", "signer", "corpus", "text", "gloss", "prompts",
    "fps",
)  # fmt: skip
#: Room for the words, which the survey does not weigh.
_SPARE_BYTES = 50_000_000

Progress = Callable[[int, int], None]
Frames = tuple[NDArray[np.float32], NDArray[np.bool_]]


def write_cache(
    folder: Path, found: Survey, wanted: Wanted, fingerprint: str, progress: Progress | None = None
) -> None:
    """Write the files of a cache into an empty folder and bring them to the disk; `cache.json` comes last.

    Args:
        folder: Where; it is made.
        found: Which clips.
        wanted: At which rate.
        fingerprint: Kept in `cache.json`.
        progress: Called with the frames that are done and all there are, after every row group.

    Raises:
        RunError: The disk has no room.
        UsageError: No clip is left.
        FormatError: A shard is damaged.
    """
    folder.mkdir(parents=True)
    _check_room(folder, found.cost.n_bytes)
    clips, rejected = _write_clips(folder, found, wanted, progress)
    dropped = (*found.dropped, *rejected)
    if not clips.num_rows:
        raise UsageError(f"no clip is left of {len(dropped)}: {summary(dropped)}")
    pq.write_table(clips, folder / CLIPS, compression="zstd")
    head = {
        "format": FORMAT,
        "version": VERSION,
        "fingerprint": fingerprint,
        "fps": found.fps if wanted.fps is None else wanted.fps,
        "clips": clips.num_rows,
        "frames": int(clips.column("n_frames").to_numpy().sum()),
        "dropped": [asdict(entry) for entry in dropped],
    }
    (folder / HEAD).write_text(json.dumps(head, ensure_ascii=False), "utf-8")
    for name in (FRAMES, OBSERVED, CLIPS, HEAD):
        with (folder / name).open("rb+") as file:
            os.fsync(file.fileno())


def _write_clips(
    folder: Path, found: Survey, wanted: Wanted, progress: Progress | None
) -> tuple[pa.Table, list[Dropped]]:
    """Motion into the flat files, row group by row group; gives the words of the clips, and what could not be used."""
    tables, dropped, done = [], [], 0
    with (folder / FRAMES).open("wb") as frames, (folder / OBSERVED).open("wb") as observed:
        for part in found.shards:
            for table, places in listed_tables(part, ("pose", "observed", "n_frames", *WORDS)):
                rows, lengths, rejected = _write_motion(frames, observed, part, table, wanted)
                tables.append(_words(table, rows, lengths, part.release))
                dropped += rejected
                done += int(part.lengths[places].sum())
                if progress is not None:
                    progress(done, found.cost.n_frames)
    return pa.concat_tables(tables), dropped


def _write_motion(
    frames: BinaryIO, observed: BinaryIO, part: SurveyedShard, table: pa.Table, wanted: Wanted
) -> tuple[list[int], list[int], list[Dropped]]:
    """Append the clips of a row group; gives the rows that went in, their frames, and the clips that did not."""
    rows, lengths, dropped = [], [], []
    names, rates = (table.column(name).to_pylist() for name in ("clip_id", "fps"))
    for row, motion in enumerate(_decode(table, part.shard)):
        try:
            xyz, seen = resample(*_in_shoulder_widths(*motion, part.shard), rates[row], wanted.fps)
        except ClipRejected as error:
            message = f"{part.release}: clip {names[row]!r}: {error}"
            dropped.append(Dropped(part.release, names[row], error.reason, message))
            continue
        frames.write(np.ascontiguousarray(xyz, "<f4").data)
        observed.write(np.ascontiguousarray(seen).data)
        rows.append(row)
        lengths.append(len(xyz))
    return rows, lengths, dropped


def _decode(table: pa.Table, shard: Shard) -> Iterator[Frames]:
    names = table.column("clip_id").to_pylist()
    pairs = zip(decode_motion(table, shard), list_values(table, "observed"), strict=True)
    for name, (xyz, observed) in zip(names, pairs, strict=True):
        if len(observed) != len(xyz) * SKELETON.count:
            raise FormatError(
                f"{shard.path}: clip {name!r}: {len(observed)} flags for {xyz.shape}; run `prompt2sign validate`"
            )
        yield xyz, observed.reshape(-1, SKELETON.count)


def _in_shoulder_widths(xyz: NDArray[np.float32], observed: NDArray[np.bool_], shard: Shard) -> Frames:
    """Imported skels leave their own unit; built motion stays as it is, to the bit."""
    if shard.info.unit != "shoulder_width":
        try:
            xyz = from_convention(xyz, observed, shard.info.convention)
        except ValueError as error:
            raise ClipRejected("no-scale", str(error)) from error
    reach = float(np.abs(xyz).max())
    if not reach <= MAX_REACH:  # written so that NaN fails it too
        raise ClipRejected("beyond-reach", f"a joint lies {reach:g} shoulder widths from the neck; lift it again")
    return xyz, observed


def _words(table: pa.Table, rows: Sequence[int], lengths: Sequence[int], release: str) -> pa.Table:
    words = table.select(WORDS).take(pa.array(rows, pa.int64())).replace_schema_metadata(None)
    words = words.append_column("n_frames", pa.array(lengths, pa.int64()))
    return words.append_column("release", pa.array([release] * len(rows), pa.string()))


def _check_room(folder: Path, n_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < n_bytes + _SPARE_BYTES:
        raise RunError(
            f"{folder.parent}: the cache needs {(n_bytes + _SPARE_BYTES) / 1e9:.2f} GB and the disk has "
            f"{free / 1e9:.2f} GB free; free some space, put the cache on another disk, or lower data.max_frames"
        )
