"""Where a release goes: a folder that is whole or not there, and that never takes anything else's place."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import FormatError, RunError, UsageError
from ..formats.atomic import sync_files
from ..loaders.files import MANIFEST, listed_files, read_manifest

#: Tells a folder of ours, beside the place, from one of the user's that is called the same.
_OURS = ".prompt2sign-unfinished"
#: What a whole folder that went aside may be known by, should it lack the mark.
_MANIFESTS = (MANIFEST, "report.json")


def check_place(out: Path, inputs: Iterable[Path | None]) -> None:
    """A release must not swallow what it is made from.

    Raises:
        UsageError: One of the inputs lies in `out` or where it is written, or `out` is a mount point.
    """
    place = out.resolve()
    for path in (path.resolve() for path in inputs if path):
        if path.is_relative_to(place):
            raise UsageError(f"--out {out}: holds {path}, which the release is made from; give another --out")
        if any(path.is_relative_to(aside) for aside in _asides(place)):
            raise UsageError(f"--out {out}: is written where {path} lies, which it is made from; give another --out")
    if place.is_mount():
        raise UsageError(f"--out {out}: is a disk of its own, which cannot be replaced as a whole; give a folder in it")


def release_at(out: Path, corpus: str, language: str) -> dict[str, Any] | None:
    """The manifest of the release at `out`, None where there is nothing; one that a kill left aside is put back first.

    Raises:
        UsageError: There is something else, which must not be deleted: files of another kind, or the release of
            another corpus.
    """
    put_back(out)
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
def whole_folder(out: Path, check: Callable[[], object] = lambda: None) -> Iterator[Path]:
    """A folder to fill, beside `out`; it takes the place of `out` at the end, or vanishes if anything went wrong.

    At every moment there is a whole release, at `out` or, for the blink between two renames, at `.NAME.old`; after a
    kill in that blink, the next start puts it back.

    Args:
        out: The place.
        check: Looks whether what stands at `out` may be replaced, while nobody else can change it.

    Raises:
        RunError: Another build is writing there, or left something there after the caller had looked.
        UsageError: A folder or file of the user's own is in the way.
    """
    place = out.resolve()
    partial, old = _asides(place)
    with _locked(out, place):
        if _recover(place):
            raise RunError(f"{out}: a killed build had left it half replaced; it is put back, run the command again")
        check()
        partial.mkdir()
        try:
            (partial / _OURS).touch()
            (partial / "new").mkdir()
            yield partial / "new"
            sync_files(partial / "new")
            if place.exists():
                (place / _OURS).touch()
                place.rename(old)
            (partial / "new").rename(place)
        finally:
            _recover(place)


def put_back(out: Path) -> None:
    """Put back what a killed build left beside `out`, so that a look at `out` sees it.

    Raises:
        RunError: Another build is writing there.
        UsageError: A folder or file of the user's own is in the way.
    """
    place = out.resolve()
    if any(map(os.path.lexists, _asides(place))):
        with _locked(out, place):
            _recover(place)


def _asides(place: Path) -> tuple[Path, Path]:
    """Where the new one is written, and where the old one waits for it."""
    return place.with_name(f".{place.name}.partial"), place.with_name(f".{place.name}.old")


@contextmanager
def _locked(out: Path, place: Path) -> Iterator[None]:
    import filelock

    place.parent.mkdir(parents=True, exist_ok=True)
    path = place.with_name(f".{place.name}.lock")
    # Ours is an empty file; locking a link or a file of the user's would empty and delete it.
    if os.path.lexists(path) and (not stat.S_ISREG(path.lstat().st_mode) or path.lstat().st_size):
        raise UsageError(f"{path}: is in the way of --out {out}; move it elsewhere, or give another --out")
    try:
        with filelock.FileLock(path, timeout=0):
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
    except filelock.Timeout:
        raise RunError(f"{out}: another build is writing this release; wait for it, or give another --out") from None


def _recover(place: Path) -> bool:
    """Put a release back whose successor did not come, and remove what is left over; tells if one was put back."""
    partial, old = _asides(place)
    for path in (partial, old):
        _refuse_foreign(path, place)
    is_back = old.exists() and not place.exists()
    if is_back:
        old.rename(place)
    if place.is_dir():  # the mark of one that was about to go aside, or is back
        (place / _OURS).unlink(missing_ok=True)
    if old.exists():
        partial.mkdir(exist_ok=True)
        (partial / _OURS).touch()
        shutil.rmtree(partial / "old", ignore_errors=True)
        old.rename(partial / "old")
    for path in (partial / "new", partial / "old", partial):  # the mark last: a kill may come in between
        shutil.rmtree(path, ignore_errors=True)
    return is_back


def _refuse_foreign(path: Path, place: Path) -> None:
    """Only what carries our mark is moved or deleted, or an empty folder, or a whole one that has no successor."""
    if not os.path.lexists(path):
        return
    is_folder = path.is_dir() and not path.is_symlink()
    if is_folder and ((path / _OURS).is_file() or not any(path.iterdir())):
        return
    is_only_one = path.suffix == ".old" and not place.exists()
    if is_folder and is_only_one and any((path / name).is_file() for name in _MANIFESTS):
        return
    raise UsageError(
        f"{path}: is in the way, and was not left by prompt2sign; move it elsewhere, or give another name than "
        f"{place.name} for the output"
    )
