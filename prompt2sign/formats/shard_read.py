"""Shards, read: the footer first, then one row group at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import FormatError
from .shard_pages import read_lists
from .shard_schema import LONG_LISTS, SHARD_SCHEMA, ShardInfo, schema_problem


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard that was opened: its footer was read, its rows were not. No file is held open.

    Attributes:
        path: The file.
        info: What the footer says.
        row_groups: Number of clips in each row group.
    """

    path: Path
    info: ShardInfo
    row_groups: tuple[int, ...]

    @property
    def n_clips(self) -> int:
        """Number of clips."""
        return sum(self.row_groups)

    def table(self, row_group: int, columns: Sequence[str] | None = None) -> pa.Table:
        """One row group, all columns or some.

        Raises:
            FormatError: The file is damaged there.
        """
        return next(self.tables(columns, [row_group]))

    def tables(
        self, columns: Sequence[str] | None = None, row_groups: Sequence[int] | None = None
    ) -> Iterator[pa.Table]:
        """The row groups one after another, all or some; at most one is in memory.

        Raises:
            FormatError: The file is damaged somewhere.
        """
        with parquet_file(self.path) as file, pa.OSFile(str(self.path)) as raw:
            for row_group in range(len(self.row_groups)) if row_groups is None else row_groups:
                yield _table(file, raw, row_group, SHARD_SCHEMA.names if columns is None else columns)


def open_shard(path: Path) -> Shard:
    """Read the footer of a shard.

    Raises:
        FormatError: The file is cut off, is no shard, has other columns, or is of a newer version.
    """
    with parquet_file(path) as file:
        info = ShardInfo.from_metadata(file.metadata.metadata, path)
        if problem := schema_problem(file.schema_arrow):
            raise FormatError(f"{path}: {problem}; build the release again")
        metadata = file.metadata
        rows = tuple(metadata.row_group(group).num_rows for group in range(metadata.num_row_groups))
    return Shard(path, info, rows)


@contextmanager
def parquet_file(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file; whatever is wrong with its bytes becomes a FormatError."""
    try:
        with pq.ParquetFile(path, pre_buffer=False, page_checksum_verification=True) as file:
            yield file
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        # Arrow raises OSError without a number for damaged pages; with one, the disk itself spoke.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise FormatError(
            f"{path}: cut off or damaged ({error}); fetch the file again, or build the release again"
        ) from error


def _table(file: pq.ParquetFile, raw: pa.NativeFile, row_group: int, columns: Sequence[str]) -> pa.Table:
    """Columns of a row group, in this order; the long lists by the short way, where their pages allow it."""
    if not set(columns) <= set(SHARD_SCHEMA.names):  # `source.video`, a part of a column
        return file.read_row_group(row_group, columns, use_threads=False)
    group, lists = file.metadata.row_group(row_group), {}
    for name in LONG_LISTS:
        if name in columns:
            place = SHARD_SCHEMA.get_field_index(name)  # no struct is before them, so its only leaf has it as well
            lists[name] = read_lists(raw, group.column(place), group.num_rows, SHARD_SCHEMA.field(place).type)
    table = file.read_row_group(row_group, [name for name in columns if lists.get(name) is None], use_threads=False)
    for name, values in lists.items():
        if values is not None:
            table = table.append_column(SHARD_SCHEMA.field(name), values)
    return table.select(columns)
