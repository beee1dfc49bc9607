"""Generated clips -> files, chosen by their suffixes, all of them from one pass over the clips."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from itertools import chain, islice
from pathlib import Path

from ..drawing import Size, View
from ..errors import MissingError, UsageError
from ..formats.skels import get_convention
from .generated import Generated
from .kinds import Mp4, WriteOne, write_h5, write_pose
from .writers import EachWriter, ParquetWriter, SkelsWriter, Writer, numbered_files, skels_files

#: What a path may end in, and what it becomes.
SUFFIXES = {
    ".parquet": "a shard: all clips in one file, which `open_release` reads",
    ".skels": "skels of one convention, with .text, .files, .gloss and .prompt beside them",
    ".pose": "a .pose file a clip",
    ".h5": "a motion file a clip",
    ".mp4": "a video of the skeleton a clip",
}


def write_motions(
    paths: Path | Sequence[Path],
    clips: Iterable[Generated],
    *,
    overwrite: bool = False,
    convention: str = "progressive",
    size: Size = (512, 512),
    view: View = "front",
) -> list[Path]:
    """Write clips to each path, in the format its suffix names.

    Clips are written as they come; one is in memory (Parquet: a row group of 64). No file appears under its name before
    all are whole; after an error there is none.

    `.pose`, `.h5` and `.mp4` hold one clip. Of several clips, `motions.mp4` becomes the folder `motions` that holds
    `00001-<id>.mp4` and so on, the id made safe for a file name; `00001.mp4` where the id is the number. `.skels` say
    nothing of frames per second.

    Args:
        paths: One path, or several to write at once.
        clips: At least one; ids must differ.
        overwrite: Replace files that are there. In a folder of several clips the numbered files of the same suffix are
            replaced, all others stay.
        convention: Of `.skels`: `progressive` or `prompt2sign`.
        size: Width and height of a video, pixels.
        view: Of a video: `front`, `side` or `top`.

    Returns:
        The files written, in the order of `paths`.

    Raises:
        UsageError: An unknown suffix or convention, a file that is there already, two clips of one id, no clip.
        ClipRejected: A clip cannot be written in a format; the message names it.
        MissingError: `.pose` without the package pose-format.
        OSError: The disk is full or read-only.
    """
    paths = [paths] if isinstance(paths, Path) else list(paths)
    get_convention(convention)
    check_targets(paths, overwrite=overwrite)
    coming = iter(clips)
    ahead = list(islice(coming, 2))
    if not ahead:
        raise UsageError(f"there is no clip to write to {', '.join(map(str, paths))}")
    writers: list[Writer] = []
    try:
        for path in paths:
            writers.append(_writer(path, len(ahead) > 1, overwrite, convention, Mp4(size, view)))
        for clip in _different(chain(ahead, coming)):
            for writer in writers:
                writer.add(clip)
        for writer in writers:
            writer.finish()
        return [file for writer in writers for file in writer.publish()]
    finally:
        for writer in reversed(writers):  # the first made the folder that others may share
            writer.discard()


def check_targets(paths: Sequence[Path], *, overwrite: bool = False) -> None:
    """Refuse what `write_motions` could not write, before a model is loaded.

    Raises:
        UsageError: No path, an unknown suffix, a path given twice, a folder, a file that is there already.
        MissingError: `.pose` without the package pose-format.
    """
    if not paths or len({_place(path) for path in paths}) < len(paths):
        raise UsageError("give at least one path to write to, each of them once")
    for path in paths:
        if path.suffix.lower() not in SUFFIXES:
            kinds = "\n".join(f"  {suffix:9} {what}" for suffix, what in SUFFIXES.items())
            raise UsageError(f"{path}: its suffix names no format; end it in one of\n{kinds}")
        if path.is_dir():
            raise UsageError(f"{path}: is a folder; give the name of a file")
        if not overwrite:
            _refuse(skels_files(path) if path.suffix.lower() == ".skels" else [path])
        if path.suffix.lower() == ".pose" and find_spec("pose_format") is None:
            raise MissingError(f"{path}: needs the package pose-format: pip install 'prompt2sign[pose]'")


def _place(path: Path) -> str:
    """Where clips go; `a.h5` and `a.H5`, or `A.h5` where a disk ignores case, would take the same names."""
    return str(path.parent.resolve() / path.name.lower())


def _writer(path: Path, several: bool, overwrite: bool, convention: str, mp4: Mp4) -> Writer:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return ParquetWriter(path)
    if suffix == ".skels":
        return SkelsWriter(path, get_convention(convention))
    if several and not overwrite:
        _refuse(numbered_files(path))
    kinds: dict[str, WriteOne] = {".pose": write_pose, ".h5": write_h5, ".mp4": mp4}
    return EachWriter(path, several, kinds[suffix])


def _refuse(files: Iterable[Path]) -> None:
    if there := [file for file in files if file.exists()]:
        raise UsageError(f"{there[0]}: is there already; give another name, or --overwrite")


def _different(clips: Iterable[Generated]) -> Iterator[Generated]:
    seen: set[str] = set()
    for clip in clips:
        if clip.clip_id in seen:
            raise UsageError(f"two clips are called {clip.clip_id!r}; ids must differ, rename one")
        seen.add(clip.clip_id)
        yield clip
