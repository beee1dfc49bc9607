"""The folder of a run: nobody else's files in it, and one training at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..errors import RunError, UsageError
from ..loaders.cache import release_around
from . import checkpoint
from .distributed import Ranks
from .log import LINES

#: All options of the run, as `--config` reads them.
OPTIONS = "config.yaml"
#: One of these is in every run, however soon it was killed.
_SIGNS = (checkpoint.INDEX, checkpoint.FOLDER, LINES, OPTIONS)


@contextmanager
def run_folder(run: Path, releases: Sequence[Path], cache: Path | None, place: Ranks) -> Iterator[None]:
    """Hold the folder of a run for one training; it need not be there.

    Args:
        run: The folder.
        releases: What is trained on.
        cache: Where motion is decoded to, which may lie in the folder.
        place: Of several processes the first one holds the folder for all.

    Raises:
        UsageError: It is a release, lies in one, or holds something else than a run.
        RunError: Another training is at work in it.
    """
    import filelock

    _check(run, releases, cache)
    if not place.leads:
        yield
        return
    whole = run.resolve()
    whole.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(whole.with_name(f".{whole.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise RunError(
            f"{run}: another training is at work in this folder; wait for it, or give another --out"
        ) from None
    try:
        yield
    finally:
        Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


def _check(run: Path, releases: Sequence[Path], cache: Path | None) -> None:
    around = release_around(run)
    if around or run.resolve() in [Path(release).resolve() for release in releases]:
        raise UsageError(f"{run}: is a release or lies in one ({around or run}); give a folder of its own as --out")
    if run.exists() and not run.is_dir():
        raise UsageError(f"{run}: is a file; give a folder as --out")
    own = cache.resolve() if cache else None
    there = [path for path in run.glob("*") if not path.name.startswith(".") and path.resolve() != own]
    if there and not any((run / name).exists() for name in _SIGNS):
        raise UsageError(f"{run}: holds no run but other files, such as {min(there).name}; give another --out")
