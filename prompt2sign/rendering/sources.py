"""Where a motion to show comes from: a release, a shard, or a motion file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import ClipRejected, UsageError
from ..formats.motion import MAX_REACH

if TYPE_CHECKING:
    from ..loaders import Release

#: Ids that a message names.
_FEW = 5


class Shown(NamedTuple):
    """A motion to show.

    Attributes:
        name: Id of the clip, or name of the file.
        label: What a picture of several says of it.
        motion: (T, 50, 3) float32 shoulder widths around the neck.
        fps: Frames per second.
        text: What is signed, where it is known.
    """

    name: str
    label: str
    motion: NDArray[np.float32]
    fps: float
    text: str = ""


def find_motions(source: Path, clip_ids: Sequence[str] = ()) -> list[Shown]:
    """Read motions.

    Args:
        source: A release, a bare folder of shards, a shard (`.parquet`, as `generate` writes it too), or a motion file
            (`.h5`).
        clip_ids: Which clips, in order; may be left out where there is only one.

    Raises:
        UsageError: No such file, no such clip, or which clip is not said.
        FormatError: The file is damaged.
        ClipRejected: The motion of a clip cannot be shown.
    """
    if source.suffix.lower() == ".h5":
        found = _motion_file(source, clip_ids)
    elif source.is_dir() or source.suffix.lower() == ".parquet":
        found = _release(source, clip_ids)
    else:
        what = "nothing is there" if not source.exists() else "is neither"
        raise UsageError(f"{source}: {what}; give a release, a shard (.parquet) or a motion file (.h5)")
    for shown in found:
        _check(source, shown)
    return found


def beside(references: Sequence[Shown], other: Path) -> list[Shown]:
    """Each reference, then the motion of the same id in `other`, such as a file that `generate` wrote.

    Of a motion file, or a shard of one clip, that clip stands beside a single reference whatever its id.

    Raises:
        UsageError: `other` lacks one of the clips; the rest as `find_motions`.
    """
    if len(references) == 1 and (alone := _only_clip(other)):
        pairs = [(references[0], alone)]
    else:
        found = find_motions(other, [reference.name for reference in references])
        pairs = list(zip(references, found, strict=True))
    return [
        shown
        for reference, generated in pairs
        for shown in (reference._replace(label="reference"), generated._replace(label="generated"))
    ]


def _only_clip(source: Path) -> Shown | None:
    if source.suffix.lower() == ".h5":
        return find_motions(source)[0]
    if not source.exists():
        return None
    from ..loaders import open_release

    return find_motions(source)[0] if len(open_release(source)) == 1 else None


def _motion_file(path: Path, clip_ids: Sequence[str]) -> list[Shown]:
    from ..formats.motion import read_motion

    if clip_ids:
        raise UsageError(f"{path}: a motion file holds one clip; leave out {', '.join(clip_ids)}")
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file")
    motion = read_motion(path)
    return [Shown(path.stem, path.stem, motion.xyz, motion.fps)]


def _release(path: Path, clip_ids: Sequence[str]) -> list[Shown]:
    from ..loaders import open_release

    release = open_release(path)
    if not len(release):
        raise UsageError(f"{path}: holds no clip")
    if not clip_ids and len(release) > 1:
        raise UsageError(f"{path}: say which of its {len(release):,} clips, such as {' '.join(_first_ids(release))}")
    keys: Sequence[str | int] = clip_ids or [0]
    return [_clip(release, key) for key in keys]


def _first_ids(release: Release) -> list[str]:
    for _, table in release.tables(["clip_id"]):
        return [str(clip_id) for clip_id in table.column(0).to_pylist()[:_FEW]]
    return []


def _clip(release: Release, key: str | int) -> Shown:
    from ..formats.skels_convert import from_convention

    clip = release[key]
    [*kinds] = {(info.unit, info.convention) for info in release.infos}
    motion = clip.motion
    if kinds[0][0] != "shoulder_width":
        if len(kinds) > 1:
            raise UsageError(f"{release.path}: mixes motion of several units; give one of its shards")
        try:
            motion = from_convention(clip.motion, clip.observed, kinds[0][1])
        except (KeyError, ValueError) as error:
            raise ClipRejected("no-scale", f"clip {clip.clip_id!r} has no scale to be drawn by: {error}") from error
    return Shown(clip.clip_id, clip.clip_id, motion, clip.fps, clip.text)


def _check(source: Path, shown: Shown) -> None:
    reach = float(np.abs(shown.motion).max()) if len(shown.motion) else 0.0
    # Written so that NaN fails it too.
    if not len(shown.motion) or not reach <= MAX_REACH or not 0.1 <= shown.fps <= 1000:
        raise ClipRejected(
            "bad-motion",
            f"{source}: clip {shown.name!r} has {len(shown.motion)} frames at {shown.fps:g} a second and a joint "
            f"{reach:g} shoulder widths from the neck: no motion that can be drawn; lift it again",
        )
