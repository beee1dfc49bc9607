"""Where pictures and figures may be written."""

from __future__ import annotations

from pathlib import Path

from ..errors import UsageError
from ..loaders.cache import release_around


def check_place(path: Path, *, overwrite: bool) -> None:
    """Refuse a place where something else would be lost, before anything is read or drawn.

    Raises:
        UsageError: `path` lies in a release, is a link, a device or the like, or is there and `overwrite` is not given.
    """
    if around := release_around(path):
        raise UsageError(f"--out {path}: lies in the release {around}, whose files are all listed; put it elsewhere")
    if path.is_symlink():
        raise UsageError(f"--out {path}: is a link; name what it leads to, or give another name")
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise UsageError(f"--out {path}: is no ordinary file; give another name")
    if path.exists() and not overwrite:
        raise UsageError(f"{path}: is there already; give another name, or --overwrite")
