"""Is there room on the disk for what is to come?"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from ..errors import RunError

#: Left free besides: a disk that is full to the last byte is of no use to the build that follows.
_MARGIN_BYTES = 100_000_000


def peak_bytes(files: Iterable[int], archives: Iterable[tuple[int, int]], keep_archives: bool) -> int:
    """Disk needed at the worst moment: everything has come, and archives are unpacked one after another.

    Args:
        files: Bytes to come of each file, parts of archives included.
        archives: For each archive to unpack the bytes of its parts and of its files.
        keep_archives: Archives stay after they were unpacked.
    """
    used = peak = sum(files)
    for n_packed, n_unpacked in archives:
        used += n_unpacked
        peak = max(peak, used)
        used -= 0 if keep_archives else n_packed
    return peak


def require_space(folder: Path, n_bytes: int) -> None:
    """Refuse to begin what cannot end.

    Raises:
        RunError: The disk of `folder` has not got so many bytes free.
    """
    free = shutil.disk_usage(folder).free
    if n_bytes and n_bytes + _MARGIN_BYTES > free:
        raise RunError(
            f"{folder}: fetching and unpacking needs {n_bytes / 1e9:,.1f} GB, its disk has {free / 1e9:,.1f} GB free; "
            "make room, or choose a folder on another disk"
        )
