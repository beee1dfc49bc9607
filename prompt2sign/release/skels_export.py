"""A release -> skels and their parallel text files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, UsageError
from ..formats.atomic import atomic_path
from ..formats.shard_schema import ShardInfo
from ..formats.skels import Convention, format_clip, get_convention, one_line
from ..formats.skels_convert import from_convention, to_convention
from ..loaders import Release, ReleaseClip, open_release
from ..loaders.clip import decode_clips
from ..records import SPLITS


def export_skels(release: Release | Path, folder: Path, convention: str) -> dict[str, int]:
    """Write `<split>.skels .text .gloss .files .prompt` for every split of a release.

    A release imported from the same convention gives its numbers back to the last digit, and its text as it came.
    Anything else is converted (`formats.skels_convert`). `.gloss` and `.prompt` are left out where no clip has any; of
    several prompts the first is written. All files appear together, when the last clip is written.

    Args:
        release: What `open_release` gave, or where to open it.
        folder: Where the files go.
        convention: `progressive` or `prompt2sign`.

    Returns:
        Number of clips of each split.

    Raises:
        UsageError: No such convention, or the folder holds skels already.
        FormatError: A clip cannot be expressed in the convention; the message names it.
    """
    if isinstance(release, Path):
        release = open_release(release)
    return export_together(release, {convention: folder})


def export_together(release: Release, folders: Mapping[str, Path], sync: bool = True) -> dict[str, int]:
    """`export_skels` in several conventions, each into a folder of its own; the clips are read once.

    Args:
        release: What `open_release` gave.
        folders: By convention.
        sync: As `formats.atomic.atomic_path` takes it.
    """
    conventions = {get_convention(name): folder for name, folder in folders.items()}
    for folder in conventions.values():
        _refuse_taken(folder)
    with ExitStack() as stack:
        splits: dict[str, list[_Split]] = {}
        for clip, info in _clips(release):
            if clip.split not in splits:
                splits[clip.split] = [
                    _Split(folder / clip.split, convention, stack, sync) for convention, folder in conventions.items()
                ]
            for split in splits[clip.split]:
                split.add(clip, info)
        # A disk may turn out full only now: before the first of these files has got its name.
        for split in chain.from_iterable(splits.values()):
            split.close()
    return {name: same[0].n_clips for name, same in splits.items()}


_WORDS: dict[str, Callable[[ReleaseClip, ShardInfo], str]] = {
    # What was imported goes back as it came; what was built is trained on as it was normalised.
    "text": lambda clip, info: clip.text_raw if info.convention else clip.text,
    "gloss": lambda clip, _: clip.gloss,
    "files": lambda clip, _: clip.clip_id,
    "prompt": lambda clip, _: clip.prompts[0] if clip.prompts else "",
}
_OPTIONAL = ("gloss", "prompt")


def _refuse_taken(folder: Path) -> None:
    """Files of two conventions side by side would be one data set to whoever reads them."""
    names = [f"{split}.{ending}" for split in SPLITS for ending in ("skels", *_WORDS)]
    if taken := [name for name in names if (folder / name).exists()]:
        raise UsageError(
            f"{folder}: holds {', '.join(taken[:3])} already, and conventions must not be mixed; give an empty folder"
        )


class _Split:
    """The parallel files of one split, while they are written."""

    def __init__(self, base: Path, convention: Convention, stack: ExitStack, sync: bool) -> None:
        self._base, self._convention, self._stack, self._sync = base, convention, stack, sync
        self._files: dict[str, BinaryIO] = {}
        self.n_clips = 0

    def add(self, clip: ReleaseClip, info: ShardInfo) -> None:
        """One line into every file; an optional one begins with the first clip that has something for it."""
        self._file("skels").write(format_clip(_in_unit(clip, info, self._convention.name), self._convention))
        for ending, word in _WORDS.items():
            line = one_line(word(clip, info))
            if line or ending in self._files or ending not in _OPTIONAL:
                self._file(ending).write(line.encode() + b"\n")
        self.n_clips += 1

    def _file(self, ending: str) -> BinaryIO:
        if ending not in self._files:
            path = self._base.with_name(f"{self._base.name}.{ending}")
            partial = self._stack.enter_context(atomic_path(path, self._sync))
            self._files[ending] = self._stack.enter_context(partial.open("wb"))
            self._files[ending].write(b"\n" * self.n_clips)
        return self._files[ending]

    def close(self) -> None:
        """Bring what was written to the disk."""
        for file in self._files.values():
            file.close()


def _clips(release: Release) -> Iterator[tuple[ReleaseClip, ShardInfo]]:
    for shard, table in release.tables():
        for clip in decode_clips(table, shard):
            yield clip, shard.info


def _in_unit(clip: ReleaseClip, info: ShardInfo, convention: str) -> NDArray[np.float32]:
    if info.convention == convention:
        return clip.motion
    try:
        xyz = from_convention(clip.motion, clip.observed, info.convention) if info.convention else clip.motion
        return to_convention(xyz, convention)
    except ValueError as error:
        raise FormatError(f"clip {clip.clip_id!r} cannot be written as {convention} skels: {error}") from error
