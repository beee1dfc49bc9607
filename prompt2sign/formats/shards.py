"""Shards: Parquet files with one clip a row, for anyone's reader (`schemas/shard-v1.md`).

with ShardSetWriter(folder) as shards:
    for row in rows:
        shards.add(row)

for table in open_shard(folder / "train-00000.parquet").tables():
    ...
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ..errors import ClipRejected
from ..records import SPLITS
from .atomic import partial_path
from .layout import pack
from .shard_read import Shard, open_shard
from .shard_rows import Licence, Provenance, ShardRow, Source, check_row, values_of
from .shard_schema import (
    BUILT,
    LONG_LISTS,
    SHARD_SCHEMA,
    VERSION,
    ShardInfo,
    dequantise,
    imported,
    leaves,
    quantise,
)

__all__ = [
    "BUILT", "SHARD_SCHEMA", "VERSION", "Licence", "Provenance", "Shard", "ShardInfo", "ShardRow", "ShardSetWriter",
    "ShardWriter", "Source", "dequantise", "imported", "open_shard", "quantise",
]  # fmt: skip

#: Clips of one row group: what a reader must read for one clip.
ROW_GROUP_CLIPS = 64
#: A row group also ends here, so that long clips cannot fill the memory (40 MB of poses).
ROW_GROUP_FRAMES = 65_536
SHARD_BYTES = 100_000_000


class ShardWriter:
    """Writes one shard; a context manager. The file appears under its name only when it is whole.

    Memory: the clips of one row group. The same rows give the same bytes.

    Args:
        path: The file.
        info: What its footer will say.
        row_group: Clips of one row group.
        sync: As `atomic.atomic_path` takes it.
    """

    def __init__(
        self, path: Path, info: ShardInfo = BUILT, row_group: int = ROW_GROUP_CLIPS, *, sync: bool = True
    ) -> None:
        self.path = path
        self._info, self._row_group, self._sync = info, row_group, sync
        self._values: list[dict[str, Any]] = []
        self._poses: list[NDArray[np.int32]] = []
        self._observed: list[NDArray[np.bool_]] = []
        self._n_frames = 0
        self._schema = SHARD_SCHEMA.with_metadata(info.to_metadata())
        path.parent.mkdir(parents=True, exist_ok=True)
        self._partial = partial_path(path)
        self._file = self._partial.open("wb")
        self._parquet = pq.ParquetWriter(self._file, self._schema, **_parquet_options())

    @property
    def n_bytes(self) -> int:
        """Bytes written so far; grows with every row group."""
        return self._file.tell()

    @property
    def n_waiting(self) -> int:
        """Clips of the row group that is being filled."""
        return len(self._values)

    def add(self, row: ShardRow) -> None:
        """Add one clip.

        Raises:
            ClipRejected: Its motion cannot be stored: no frames, not finite, too large. The shard goes on without it.
            OSError: The disk is full and the like.
        """
        check_row(row)
        try:
            pose = quantise(row.motion.xyz, self._info.scale)
        except ValueError as error:
            raise ClipRejected("bad-motion", f"clip {row.clip.clip_id!r}: {error}; lift it again") from error
        values = values_of(row)
        self._values.append(values)
        self._poses.append(pack(pose, self._info.layout))
        self._observed.append(row.motion.observed.reshape(-1))
        self._n_frames += len(pose)
        if len(self._values) >= self._row_group or self._n_frames >= ROW_GROUP_FRAMES:
            self._flush()

    def finish(self) -> None:
        """Write what waits and the footer, still under the temporary name."""
        if self._values:
            self._flush()
        self._parquet.close()
        self._file.flush()
        if self._sync:
            os.fsync(self._file.fileno())
        self._file.close()

    def publish(self) -> None:
        """Give a finished shard its name."""
        self._partial.replace(self.path)

    def discard(self) -> None:
        """Leave nothing behind."""
        with suppress(OSError, ValueError, pa.ArrowException):
            self._parquet.close()
        with suppress(OSError):
            self._file.close()
        self._partial.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.finish()
                self.publish()
        finally:
            self.discard()

    def _flush(self) -> None:
        arrays = {
            "pose": _list_array(self._poses, SHARD_SCHEMA.field("pose").type),
            "observed": _list_array(self._observed, SHARD_SCHEMA.field("observed").type),
        }
        columns = [
            arrays[field.name]
            if field.name in arrays
            else pa.array([values[field.name] for values in self._values], type=field.type)
            for field in self._schema
        ]
        self._values, self._poses, self._observed, self._n_frames = [], [], [], 0
        batch = pa.RecordBatch.from_arrays(columns, schema=self._schema)
        self._parquet.write_table(pa.Table.from_batches([batch]), row_group_size=batch.num_rows)


def _list_array(parts: Sequence[NDArray[Any]], kind: pa.DataType) -> pa.Array:
    offsets = np.cumsum([0, *(len(part) for part in parts)], dtype=np.int32)
    values = pa.array(np.concatenate(parts), type=kind.value_type)
    return pa.ListArray.from_arrays(pa.array(offsets), values, type=kind)


def _parquet_options() -> dict[str, Any]:
    """How the columns are encoded (evidence: the table in `schemas/shard-v1.md`)."""
    columns = [leaf for field in SHARD_SCHEMA for leaf in leaves(field.type, field.name)]
    lists = [path for path, _ in columns if path.split(".")[0] in LONG_LISTS]
    pose = [path for path in lists if path.startswith("pose.")]
    return {
        # For the few words of a row group zstd takes longer to get ready than to unpack them.
        "compression": {path: "zstd" if path in lists else "snappy" for path, _ in columns},
        # Beyond 8 the writing of a small shard takes longer than all its rows; no level is slower to read.
        "compression_level": {path: 8 if path in pose else 3 for path in lists},
        "column_encoding": dict.fromkeys(pose, "BYTE_STREAM_SPLIT"),
        "use_dictionary": [path for path, kind in columns if pa.types.is_string(kind)],
        # Statistics of joint values help nobody to skip anything.
        "write_statistics": [path for path, _ in columns if path not in lists],
        # The poses of a row group are one page as a rule: a tenth faster to read than by the megabyte.
        "data_page_size": 8 << 20,
        "write_page_index": True,
        "write_page_checksum": True,
    }


class ShardSetWriter:
    """Writes clips of any splits, in any order, into `<split>-00000.parquet` and so on; a context manager.

    All files get their names together on leaving, and shards of an earlier run that are not among them are removed;
    after an error there is no new file.

    Args:
        folder: Where the shards go.
        info: What their footers will say.
        shard_bytes: A new file is begun at the first row group past this size.
        row_group: Clips of one row group.
        sync: As `atomic.atomic_path` takes it.
    """

    def __init__(
        self,
        folder: Path,
        info: ShardInfo = BUILT,
        *,
        shard_bytes: int = SHARD_BYTES,
        row_group: int = ROW_GROUP_CLIPS,
        sync: bool = True,
    ) -> None:
        self.folder = folder
        self._info, self._shard_bytes, self._row_group, self._sync = info, shard_bytes, row_group, sync
        self._open: dict[str, ShardWriter] = {}
        self._all: list[ShardWriter] = []

    def add(self, row: ShardRow) -> None:
        """Add one clip to the shard of its split; raises as `ShardWriter.add` does."""
        check_row(row)
        split = row.clip.split
        writer = self._open.get(split) or self._begin(split)
        writer.add(row)
        if writer.n_waiting == 0 and writer.n_bytes >= self._shard_bytes:
            self._open.pop(split).finish()

    def _begin(self, split: str) -> ShardWriter:
        number = sum(writer.path.name.startswith(f"{split}-") for writer in self._all)
        path = self.folder / f"{split}-{number:05d}.parquet"
        writer = ShardWriter(path, self._info, self._row_group, sync=self._sync)
        self._all.append(writer)
        self._open[split] = writer
        return writer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._publish()
        finally:
            for writer in self._all:
                writer.discard()

    def _publish(self) -> None:
        for writer in self._open.values():
            writer.finish()
        for writer in self._all:
            writer.publish()
        kept = {writer.path for writer in self._all}
        for path in self.folder.glob("*.parquet"):
            if path not in kept and re.fullmatch(rf"({'|'.join(SPLITS)})-\d{{5}}\.parquet", path.name):
                path.unlink()
