"""Where a release goes: a folder that is whole or not there, and that never takes anything else's place."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import FormatError, RunError, UsageError
from ..formats.atomic import sync_files
from ..loaders.files import MANIFEST, listed_files, read_manifest


def check_place(out: Path, inputs: Iterable[Path | None]) -> None:
    """A release must not swallow what it is made from.

    Raises:
        UsageError: One of the inputs lies in `out`, or `out` is a mount point.
    """
    place = out.resolve()
    for path in (path.resolve() for path in inputs if path):
        if path.is_relative_to(place):
            raise UsageError(f"--out {out}: holds {path}, which the release is made from; give another --out")
    if place.is_mount():
        raise UsageError(f"--out {out}: is a disk of its own, which cannot be replaced as a whole; give a folder in it")


def release_at(out: Path, corpus: str, language: str) -> dict[str, Any] | None:
    """The manifest of the release at `out`, None where there is nothing.

    Raises:
        UsageError: There is something else, which must not be deleted: files of another kind, or the release of
            another corpus.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    manifest = _read(out)
    try:
        listed = {entry["path"] for entry in listed_files(out, manifest)} | {MANIFEST}
        found = (manifest["corpus"]["name"], manifest["options"]["language"])
        n_clips(manifest)
    except (FormatError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(out, error) from error
    there = (path for path in out.rglob("*") if path.is_symlink() or not path.is_dir())
    if foreign := sorted(name for path in there if (name := path.relative_to(out).as_posix()) not in listed):
        raise UsageError(
            f"{out}: holds files that are not of the release and would be lost: {', '.join(foreign[:5])}; "
            "move them elsewhere"
        )
    if found != (corpus, language):
        raise UsageError(
            f"{out}: holds the release of corpus {found[0]} in {found[1]}, not of {corpus} in {language}; "
            "give another --out"
        )
    return manifest


def _read(out: Path) -> dict[str, Any]:
    """The manifest of whatever stands at `out`."""
    try:
        manifest = read_manifest(out) if out.is_dir() else None
    except FormatError as error:
        raise _damaged(out, error) from error
    if manifest is None:
        raise UsageError(f"{out}: is there already and is no prompt2sign release; give another --out")
    return manifest


def _damaged(out: Path, error: Exception) -> UsageError:
    return UsageError(f"{out}: its {MANIFEST} is damaged ({error}); move the folder away, or give another --out")


def n_clips(manifest: dict[str, Any]) -> int:
    """Clips of a release, by its manifest."""
    return sum(int(split["clips"]) for split in manifest["counts"]["splits"].values())


def n_frames(manifest: dict[str, Any]) -> int:
    """Frames of a release, by its manifest."""
    return sum(int(split["frames"]) for split in manifest["counts"]["splits"].values())


def is_whole(out: Path, manifest: dict[str, Any]) -> bool:
    """All files there with their sizes? `validate` looks at their content."""
    files = {out / file["path"]: file["bytes"] for file in listed_files(out, manifest)}
    return all(path.is_file() and path.stat().st_size == n_bytes for path, n_bytes in files.items())


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A folder to fill, beside `out`; it takes the place of `out` at the end, or vanishes if anything went wrong.

    At every moment there is a whole release, at `out` or, for the blink between two renames, at `.NAME.old`; after a
    kill in that blink, the next start puts it back.

    Raises:
        RunError: Another build is writing there.
    """
    import filelock

    place = out.resolve()
    partial, old = place.with_name(f".{place.name}.partial"), place.with_name(f".{place.name}.old")
    place.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(place.with_name(f".{place.name}.lock"), timeout=0)
    try:
        with lock:
            _recover(place, partial, old)
            partial.mkdir()
            try:
                yield partial
                sync_files(partial)
                if place.exists():
                    place.rename(old)
                partial.rename(place)
            finally:
                _recover(place, partial, old)
                Path(lock.lock_file).unlink(missing_ok=True)
    except filelock.Timeout:
        raise RunError(f"{out}: another build is writing this release; wait for it, or give another --out") from None


def _recover(place: Path, partial: Path, old: Path) -> None:
    """Put a release back whose successor did not come, and remove what is left over."""
    if old.exists() and not place.exists():
        old.rename(place)
    for path in (partial, old):
        shutil.rmtree(path, ignore_errors=True)
