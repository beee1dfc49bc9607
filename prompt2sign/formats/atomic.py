"""Files that are either whole or not there."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

#: Files that are brought to the disk together: its journal serves them in one go.
_AT_ONCE = 4


def partial_path(path: Path) -> Path:
    """Where `path` is written until it is whole: hidden, in the same folder, so that the rename cannot cross disks."""
    return path.with_name(f".{path.name}.tmp")


@contextmanager
def atomic_path(path: Path, sync: bool = True) -> Iterator[Path]:
    """Give a temporary path to write to; on leaving, it becomes `path` at once, or vanishes if anything went wrong.

    Args:
        path: The file.
        sync: Wait until it lies on the disk; not where the caller does so for all files of a folder (`sync_files`).

    Raises:
        OSError: The disk is full, read-only and the like; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_path(path)
    partial.unlink(missing_ok=True)  # a left one may be a link to somewhere else
    try:
        yield partial
        if sync:
            _sync(partial)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def sync_files(folder: Path) -> None:
    """Wait until all files under a folder lie on the disk: side by side, which takes hardly longer than one."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        deque(pool.map(_sync, (path for path in folder.rglob("*") if path.is_file())), maxlen=0)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
