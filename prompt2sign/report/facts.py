"""What `release.json` and `rejected.parquet` say, read as something that anybody may have written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import FormatError
from ..formats.shard_read import parquet_file
from ..loaders.files import read_manifest
from .chunks import Chunks

REJECTED = "rejected.parquet"
_COLUMNS = ["clip_id", "stage", "reason", "message"]
_ROWS_A_CHUNK = 2_000
#: A bound beyond this is none.
_LARGEST = 1e15


def release_facts(folder: Path) -> dict[str, Any]:
    """Title, tool, bounds and estimators by the manifest; what it does not say is empty.

    Raises:
        FormatError: The manifest is damaged.
    """
    manifest = (read_manifest(folder) if folder.is_dir() else None) or {}
    corpus, options = _table(manifest.get("corpus")), _table(manifest.get("options"))
    return {
        "name": _text(folder.resolve().name),
        "title": _text(corpus.get("title")),
        "home": _text(corpus.get("home")),
        "citation": _text(corpus.get("citation")),
        "tool": _text(manifest.get("tool")),
        "bounds": [
            [_text(name).replace("_", "-"), float(bound)]
            for name, bound in sorted(_table(options.get("keep")).items())
            if isinstance(bound, int | float) and abs(bound) < _LARGEST
        ],
        "estimators": [
            [_text(name), sorted(_flat(_table(said)))]
            for name, said in sorted(_table(manifest.get("estimators")).items())
        ],
    }


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """Text; what is no character, such as half of a pair or a byte of a file's name, becomes a question mark."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _flat(table: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield _text(f"{before}{name}"), _text(str(value))


def write_rejected(folder: Path, chunks: Chunks) -> dict[str, Any]:
    """Hand over the rows of `rejected.parquet`, and count them.

    Returns:
        `chunks` (how many there are), `clips`, and `reasons`: stage, reason, clips; most first.

    Raises:
        FormatError: The file is damaged, or something else.
    """
    path, counts, n_chunks = folder / REJECTED, Counter[tuple[str, str]](), 0
    if path.is_file():
        with parquet_file(path) as file:
            if missing := set(_COLUMNS).difference(file.schema_arrow.names):
                raise FormatError(f"{path}: has no column {', '.join(sorted(missing))}; build the release again")
            for batch in file.iter_batches(_ROWS_A_CHUNK, columns=_COLUMNS):
                rows = [batch.column(name).to_pylist() for name in _COLUMNS]
                if any(not isinstance(word, str) for column in rows for word in column):
                    raise FormatError(f"{path}: {', '.join(_COLUMNS)} must all be text; build the release again")
                counts.update(zip(rows[1], rows[2], strict=True))
                n_chunks += 1
                chunks.write(f"rejected-{n_chunks:04}", list(zip(*rows, strict=True)))
    reasons = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return {"chunks": n_chunks, "clips": counts.total(), "reasons": [[*names, count] for names, count in reasons]}
