"""Where a release goes: a folder that is whole or not there, and that never replaces anything else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..loaders.files import MANIFEST, listed_files, read_manifest


def release_at(out: Path, corpus: str, language: str) -> dict[str, Any] | None:
    """The manifest of the release at `out`, None where there is nothing.

    Raises:
        UsageError: There is something else, which must not be deleted: files of another kind, or the release of
            another corpus.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    manifest = read_manifest(out) if out.is_dir() else None
    if manifest is None:
        raise UsageError(f"{out}: is not empty and is no prompt2sign release; give another --out, or empty it")
    listed = {entry["path"] for entry in listed_files(out, manifest)} | {MANIFEST}
    there = (path for path in out.rglob("*") if path.is_file())
    if foreign := sorted(name for path in there if (name := path.relative_to(out).as_posix()) not in listed):
        raise UsageError(
            f"{out}: holds files that are not of the release and would be lost: {', '.join(foreign[:5])}; "
            "move them elsewhere"
        )
    found = (manifest["corpus"]["name"], manifest["options"]["language"])
    if found != (corpus, language):
        raise UsageError(
            f"{out}: holds the release of corpus {found[0]} in {found[1]}, not of {corpus} in {language}; "
            "give another --out"
        )
    return manifest


def is_whole(out: Path, manifest: dict[str, Any]) -> bool:
    """All files there with their sizes? `validate` looks at their content."""
    files = {out / file["path"]: file["bytes"] for file in listed_files(out, manifest)}
    return all(path.is_file() and path.stat().st_size == n_bytes for path, n_bytes in files.items())


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A folder to fill, beside `out`; it takes the place of `out` at the end, or vanishes if anything went wrong."""
    partial, old = out.with_name(f".{out.name}.partial"), out.with_name(f".{out.name}.old")
    for path in (partial, old):
        shutil.rmtree(path, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        if out.exists():
            out.rename(old)
        partial.rename(out)
    finally:
        for path in (partial, old):
            shutil.rmtree(path, ignore_errors=True)
