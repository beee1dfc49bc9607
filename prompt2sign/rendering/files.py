"""Pictures -> a file of the kind its suffix names, the same bytes each time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray

from ..drawing.draw import Picture
from ..drawing.video import write_video
from ..errors import UsageError
from ..formats.atomic import atomic_path
from .gif import write_gif
from .place import check_place

#: What a path may end in, and what it becomes.
SUFFIXES = {
    ".mp4": "a video that browsers play (H.264)",
    ".gif": "an animation that repeats",
    ".png": "a strip of pictures, evenly spread over the clip",
    "no suffix": "a folder of pictures, one a frame: 00001.png, 00002.png ...",
}


def check_target(path: Path, *, overwrite: bool = False) -> None:
    """Refuse what cannot be written, before anything is drawn.

    Raises:
        UsageError: An unknown suffix, something is there already, or the place is a release's.
    """
    if path.suffix.lower() not in (".mp4", ".gif", ".png", ""):
        kinds = "\n".join(f"  {suffix:9} {what}" for suffix, what in SUFFIXES.items())
        raise UsageError(f"{path}: its suffix names no format; end it in one of\n{kinds}")
    if path.is_dir() != (path.suffix == "") and path.exists():
        raise UsageError(f"{path}: a {'folder' if path.is_dir() else 'file'} of this name is there; give another name")
    check_place(path, overwrite=overwrite)
    _check_ours(path)


def write_pictures(path: Path, pictures: Iterable[Picture], fps: float, about: Mapping[str, str]) -> None:
    """Write all pictures: `.mp4`, `.gif`, or a folder; the file appears only when it is whole.

    Args:
        path: Names the kind by its suffix; what is there is replaced.
        pictures: (H, W, 3) uint8 RGB of one size, at least one.
        fps: Frames per second.
        about: For the metadata of a video.

    Raises:
        OSError: The disk is full or read-only.
    """
    if path.suffix.lower() == ".mp4":
        write_video(path, pictures, fps, about)
    elif path.suffix.lower() == ".gif":
        with atomic_path(path) as partial:
            write_gif(partial, pictures, fps)
    else:
        _write_folder(path, pictures)


def write_strip(path: Path, pictures: Iterable[Picture]) -> None:
    """Write pictures side by side as one PNG."""
    strip = np.hstack(list(pictures))
    with atomic_path(path) as partial:
        partial.write_bytes(_png(strip))


def _write_folder(path: Path, pictures: Iterable[Picture]) -> None:
    """In a new folder beside, whose name nobody else has: no other folder is touched."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent) as beside:
        partial = Path(beside, "new")
        partial.mkdir()
        for number, picture in enumerate(pictures, start=1):
            (partial / f"{number:05d}.png").write_bytes(_png(picture))
        _check_ours(path)  # again: drawing takes minutes
        if path.exists():
            path.rename(Path(beside, "old"))
        partial.rename(path)


def _check_ours(path: Path) -> None:
    if path.is_dir() and any(not _is_ours(file) for file in path.iterdir()):
        raise UsageError(f"{path}: holds more than numbered pictures; give another name")


def _is_ours(file: Path) -> bool:
    return file.suffix == ".png" and file.stem.isdecimal() and file.is_file()


def _png(picture: NDArray[np.uint8]) -> bytes:
    done, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    if not done:
        raise UsageError(f"a picture of {picture.shape[1]} x {picture.shape[0]} pixels cannot be written as PNG")
    return data.tobytes()
