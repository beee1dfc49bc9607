"""`rejected.parquet`: every clip that did not make it, with the stage, the reason and the message."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import FormatError
from ..formats.shard_read import parquet_file
from ..pipeline.build import Build
from ..pipeline.chain import Outcome
from ..records import Receipt, Rejection

NAME = "rejected.parquet"
_SCHEMA = pa.schema([(name, pa.string()) for name in ("clip_id", "stage", "status", "reason", "message")])
_ROWS_AT_ONCE = 4096
#: `/home/me/videos/` of `/home/me/videos/a.mp4`.
_FOLDERS_OF_A_PATH = re.compile(r"(?<![\w.])/(?:[^/\s:'\"]+/)+")
Row = dict[str, str]


class Wording:
    """Makes rows of what went wrong, in words that name no folder of this machine."""

    def __init__(self, build: Build) -> None:
        request = build.request
        given = [path for path in (build.work.root, request.root, request.keypoints, request.text) if path]
        folders = {str(path) for path in given} | {str(path.absolute()) for path in given}
        self._folders = sorted((f"{folder}/" for folder in folders), key=len, reverse=True)

    def of_rejection(self, rejection: Rejection) -> Row:
        """A row of what the corpus could not make a clip of."""
        return self._row(rejection.clip_id, "corpus", "failed", rejection.reason, rejection.message)

    def of_receipt(self, receipt: Receipt) -> Row:
        """A row of a clip that a stage ended."""
        return self._row(receipt.clip_id, receipt.stage, receipt.status, receipt.reason, receipt.message)

    def of_shard(self, outcome: Outcome, reason: str, message: str) -> Row:
        """A row of a clip that no shard can hold."""
        return self._row(outcome.clip.clip_id, "shard", "failed", reason, message)

    def _row(self, *values: str) -> Row:
        row = dict(zip(_SCHEMA.names, values, strict=True))
        for folder in self._folders:
            row["message"] = row["message"].replace(folder, "")
        row["message"] = _FOLDERS_OF_A_PATH.sub("", row["message"])
        return row


def count_reasons(path: Path) -> dict[str, int]:
    """How many rows of `rejected.parquet` have each `stage/reason`; nothing where there is no such file.

    Raises:
        FormatError: It is damaged, or something else.
    """
    if not path.is_file():
        return {}
    with parquet_file(path) as parquet:
        rows = parquet.read(columns=["stage", "reason"]).to_pydict()
    if len(rows) != 2:
        raise FormatError(f"{path}: has no columns stage and reason; build the release again")
    return dict(sorted(Counter(map("/".join, zip(rows["stage"], rows["reason"], strict=True))).items()))


def write_rejected(path: Path, rows: Iterable[Row]) -> None:
    """Stream rows into `path`."""
    waiting: list[Row] = []
    with pq.ParquetWriter(path, _SCHEMA, compression="zstd") as writer:
        for row in rows:
            waiting.append(row)
            if len(waiting) == _ROWS_AT_ONCE:
                writer.write_table(pa.Table.from_pylist(waiting, schema=_SCHEMA))
                waiting.clear()
        writer.write_table(pa.Table.from_pylist(waiting, schema=_SCHEMA))
