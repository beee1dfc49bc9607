"""Open a release: iterate, pick by id or position, filter, look at it as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..errors import UsageError
from ..formats.shard_read import Shard
from ..formats.shard_schema import SHARD_SCHEMA, ShardInfo
from ..languages import get_language
from ..records import SPLITS
from .clip import ReleaseClip, decode_clips, decode_motion, decode_pose, list_values
from .files import find_shards

if TYPE_CHECKING:
    import pandas as pd


def open_release(path: str | Path) -> Release:
    """Open a release folder, a bare folder of shards, or one shard. Only the footers are read.

    Example:
        >>> release = open_release("releases/gsl")            # doctest: +SKIP
        >>> for clip in release.split("train"):               # doctest: +SKIP
        ...     print(clip.text, clip.motion.shape)

    Raises:
        UsageError: There is no such folder, or no shard in it.
        FormatError: A shard is cut off or of a newer version, or a file that `release.json` names is missing.
    """
    shards = find_shards(Path(path))
    parts = [Part(shard, group, None, n) for shard in shards for group, n in enumerate(shard.row_groups) if n]
    return Release(Path(path), tuple(parts), tuple(dict.fromkeys(shard.info for shard in shards)))


@dataclass(frozen=True)
class Part:
    """Some rows of one row group: all of them where `rows` is None."""

    shard: Shard
    row_group: int
    rows: NDArray[np.int64] | None
    n_clips: int

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Read the rows."""
        return self.pick(self.shard.table(self.row_group, columns))

    def pick(self, table: pa.Table) -> pa.Table:
        """The rows, from the whole row group."""
        return table if self.rows is None else table.take(self.rows)

    def where(self, column: str, value: str) -> Part:
        """The rows that hold `value` in `column`."""
        rows = np.arange(self.shard.row_groups[self.row_group]) if self.rows is None else self.rows
        hits = pc.equal(self.table([column]).column(0), value).to_numpy()
        if hits.all():  # as a rule: taking rows one by one costs more than reading them
            return self
        return Part(self.shard, self.row_group, rows[hits], int(hits.sum()))


class Release:
    """The clips of a release, in a fixed order: train, dev, test, then as the shards hold them.

    Cheap to open, to filter, to copy to other processes; it holds no file open, and one row group in memory at most.

    Attributes:
        path: Where it was opened.
        infos: What the shards' footers say (unit, step, convention); one entry unless kinds are mixed.
    """

    def __init__(self, path: Path, parts: tuple[Part, ...], infos: tuple[ShardInfo, ...]) -> None:
        self.path = path
        self.infos = infos
        self._parts = parts
        self._ends = np.cumsum([part.n_clips for part in parts], dtype=np.int64)
        self._last: tuple[int, pa.Table] | None = None

    def __repr__(self) -> str:
        return f"Release({str(self.path)!r}, {len(self)} clips)"

    def __getstate__(self) -> dict[str, Any]:
        """Travel to other processes without the row group in memory."""
        return {**self.__dict__, "_last": None}

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __iter__(self) -> Iterator[ReleaseClip]:
        for shard, table in self.tables():
            yield from decode_clips(table, shard)

    def __contains__(self, clip_id: object) -> bool:
        return clip_id in self._positions

    @overload
    def __getitem__(self, key: str | int) -> ReleaseClip: ...
    @overload
    def __getitem__(self, key: slice) -> list[ReleaseClip]: ...
    def __getitem__(self, key: str | int | slice) -> ReleaseClip | list[ReleaseClip]:
        """One clip by id or position, or a list of clips by a slice.

        Raises:
            UsageError: No clip has this id.
            IndexError: The position is past the end.
        """
        if isinstance(key, slice):
            return [self._at(position) for position in range(*key.indices(len(self)))]
        if isinstance(key, str):
            if key not in self._positions:
                some = ", ".join(map(repr, list(self._positions)[:5]))
                raise UsageError(f"{self.path}: no clip {key!r}; its column clip_id names all, such as {some}")
            return self._at(self._positions[key])
        if not -len(self) <= key < len(self):
            raise IndexError(f"{self.path}: clip {key} of {len(self)}")
        return self._at(key % len(self))

    def split(self, name: str) -> Release:
        """The clips of one split.

        Raises:
            UsageError: No release has such a split.
        """
        if name not in SPLITS:
            raise UsageError(f"no split is called {name!r}; the splits are {', '.join(SPLITS)}")
        return self._where("split", name)

    def language(self, code: str) -> Release:
        """The clips of one language, by its Prompt2Sign code in any case."""
        return self._where("lang", get_language(code).code)

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits there are, in order of appearance."""
        return self._distinct("split")

    @property
    def languages(self) -> tuple[str, ...]:
        """The Prompt2Sign codes there are, in order of appearance."""
        return self._distinct("lang")

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[tuple[Shard, pa.Table]]:
        """Stream the rows as Arrow tables, a row group at a time, each with its shard (which knows the scale)."""
        for shard, group in groupby(self._parts, key=attrgetter("shard")):
            parts = list(group)
            tables = shard.tables(columns, [part.row_group for part in parts])
            yield from ((shard, part.pick(table)) for part, table in zip(parts, tables, strict=True))

    def to_pandas(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The release as a data frame, one row a clip.

        Args:
            columns: Columns of the shard, or `motion` for (T, 50, 3) float32 arrays. Left out, everything but the
                arrays, which fits the memory for any release.

        Raises:
            UsageError: There is no such column.
        """
        names = list(columns) if columns is not None else [n for n in SHARD_SCHEMA.names if n not in _ARRAYS]
        if unknown := [name for name in names if name not in {*SHARD_SCHEMA.names, "motion"}]:
            raise UsageError(f"no column {', '.join(unknown)}; there are {', '.join(SHARD_SCHEMA.names)} and motion")
        return _frame(self.tables(_needed(names)), names)

    @cached_property
    def _positions(self) -> dict[str, int]:
        ids = (name for _, table in self.tables(["clip_id"]) for name in table.column(0).to_pylist())
        return {name: position for position, name in enumerate(ids)}

    def _at(self, position: int) -> ReleaseClip:
        index = int(np.searchsorted(self._ends, position, side="right"))
        part = self._parts[index]
        if self._last is None or self._last[0] != index:
            self._last = (index, part.table())
        row = position - int(self._ends[index]) + part.n_clips
        return next(decode_clips(self._last[1].slice(row, 1), part.shard))

    def _where(self, column: str, value: str) -> Release:
        parts = (part.where(column, value) for part in self._parts)
        return Release(self.path, tuple(part for part in parts if part.n_clips), self.infos)

    def _distinct(self, column: str) -> tuple[str, ...]:
        values = (value for _, table in self.tables([column]) for value in pc.unique(table.column(0)).to_pylist())
        return tuple(dict.fromkeys(values))


_ARRAYS: dict[str, Callable[[pa.Table, Shard], Iterator[NDArray[Any]]]] = {
    "motion": decode_motion,
    "pose": lambda table, shard: (pose.flatten() for pose in decode_pose(table, shard)),
    "observed": lambda table, _: list_values(table, "observed"),
}


def _needed(names: Sequence[str]) -> list[str]:
    more = ["clip_id", "n_frames", "pose"] if {"motion", "pose"} & set(names) else []
    return list(dict.fromkeys([*(name for name in names if name != "motion"), *more]))


def _frame(tables: Iterator[tuple[Shard, pa.Table]], names: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    frames = [
        pd.DataFrame(
            {
                name: list(_ARRAYS[name](table, shard)) if name in _ARRAYS else table.column(name).to_pandas()
                for name in names
            }
        )
        for shard, table in tables
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(names))
