"""How time and memory of a build grow with the number of clips.

Clips of five frames, cut from the clips of `clips` over and over: the OpenPose JSON of each is hard-linked, not copied,
and each clip has an id and a folder of its own. So the work a clip is small and what the tool does around it shows:
listing, ledger, receipts, shards, checksums. `prompt2sign build --jobs 1` runs in a process of its own, then once more
on the finished work folder, where nothing is left to do. Time is processor time of all processes together.
"""

from __future__ import annotations

import os
import tempfile
from itertools import cycle, islice
from pathlib import Path

from .builds import arguments, json_folder, write_texts
from .processes import Usage, run_prompt2sign
from .table import Row, ratio_at_most

_SIZES, _FULL = (100, 1_000, 3_000), (10_000, 100_000)
_FRAMES = 5
#: A clip among many may cost this much more time than one among a thousand.
_MOST = ratio_at_most(1.25)


def rows(full: bool = False) -> list[Row]:
    """Cost a clip among n, beside the cost among a thousand.

    Args:
        full: Go to 10,000 and 100,000 clips: more than an hour, and 600,000 directory entries.
    """
    sizes = (*_SIZES, *_FULL) if full else _SIZES
    measured = {size: _measure(size) for size in sizes}
    return [row for size in sizes for row in _rows_of(size, measured[size], measured[1_000])]


def _rows_of(size: int, builds: tuple[Usage, Usage], thousand: tuple[Usage, Usage]) -> list[Row]:
    rows = []
    bound = _MOST if size > 1_000 else None
    for name, build, other in zip(("build", "built again"), builds, thousand, strict=True):
        what = f"{name}, {size:,} clips"
        a_clip, a_thousandth = 1000 * build.cpu_s / size, 1000 * other.cpu_s / 1_000
        rows += [
            Row(what, a_clip, "1,000 clips", a_thousandth, "CPU ms/clip", bound),
            Row(f"{what}: main process", build.peak_mb, "1,000 clips", other.peak_mb, "MB"),
        ]
    rows.append(
        Row(f"build, {size:,} clips: largest worker", builds[0].worker_mb, "1,000 clips", thousand[0].worker_mb, "MB")
    )
    return rows


def _measure(size: int) -> tuple[Usage, Usage]:
    """A build of `size` clips, and the same again."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = _link_clips(folder, size)
        command = arguments(folder / "clips", write_texts(folder / "texts.csv", names), folder)
        return run_prompt2sign(*command), run_prompt2sign(*command)


def _link_clips(folder: Path, size: int) -> list[str]:
    """Make `clips/<name>/` with `_FRAMES` linked files each; gives the names."""
    pieces = cycle(_pieces(json_folder(folder)))
    names = [f"clip_{number:06d}" for number in range(size)]
    for name, piece in zip(names, islice(pieces, size), strict=True):
        target = folder / "clips" / name
        target.mkdir(parents=True)
        for index, path in enumerate(piece):
            _link(path, target / f"{name}_{index:012d}_keypoints.json")
    return names


def _pieces(root: Path) -> list[list[Path]]:
    """Runs of `_FRAMES` files of each clip, in their order."""
    runs = []
    for clip in sorted(root.iterdir()):
        paths = sorted(clip.iterdir())
        runs += [paths[start : start + _FRAMES] for start in range(0, len(paths) - _FRAMES + 1, _FRAMES)]
    return runs


def _link(path: Path, target: Path) -> None:
    """A hard link; a symbolic one where the scratch folder lies on another file system."""
    try:
        os.link(path, target)
    except OSError:
        target.symlink_to(path)
