"""Ready-made keypoints become Keypoints: OpenPose JSON, DWPose JSON and `.pose` files, from folders or archives.

Whatever is wrong with one clip ends in `ClipRejected` with the file's name; nothing is filled in, and no frame is
dropped: a frame without its file, and one in which the signer is not there, has no points.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ClipRejected
from ..formats.archive_reader import Entry
from ..formats.keypoints import MAX_PIXELS, Keypoints
from ..formats.pose_file import MAX_POSE_BYTES, parse_pose
from ..skeleton import N_KEYPOINTS
from .clip_files import POSE_SUFFIX, clip_files, list_members
from .depth import world_from_file
from .json_frames import People, label_of, mixed_clips, read_frames, refuse_large
from .long_keypoints import is_long, read_long
from .signer_choice import choose_signer

__all__ = ["import_keypoints", "list_members"]


def import_keypoints(
    path: Path, member: str = "", *, fps: float | None, width: int | None, height: int | None
) -> tuple[Keypoints, dict[str, Any]]:
    """Read one clip's ready keypoints, whatever their kind.

    Args:
        path: A folder of JSON files, a `.pose` file, a folder or archive of many clips, or the file of a whole
            recording (`long_keypoints`), whose clips are named by their frames.
        member: Name of the clip inside (see `list_members`); may be empty where there is only one.
        fps: Frames per second, needed for JSON; a `.pose` file's own goes first.
        width: Picture width in pixels, needed for DWPose; 0 stands in the result where OpenPose cannot tell.
        height: Picture height in pixels, as `width`.

    Returns:
        The keypoints, and measurements for the receipt: `kind`, `n_files`, `n_frames`, `n_missing_frames` (no file),
        `n_empty_frames` (a file with nobody), `n_absent_frames` (somebody, but not the signer), `n_people_max`,
        `n_unusable_points` (not-a-number, infinite or absurd: not found), `notes`; for JSON also `first_index` (number
        of the first file, which is frame 0) and for DWPose `hands_reordered`.
        Confidences are as given: OpenPose's and DWPose's may pass 1.

    Raises:
        ClipRejected: The clip cannot be used.
        FormatError: The archive is damaged or not safe.
        MissingError: A `.pose` file, and the package that reads them is not installed.
    """
    people, values = read_long(path, member) if is_long(path) else _read_files(path, member, width, height)
    fps, width, height = people.fps or fps, people.width or width, people.height or height
    where = path / member if member else path
    xyc, space = signer_of(people, where, values)
    world = None if space is None else world_from_file(xyc, space, width or 0)
    keypoints = Keypoints(xyc, _checked_fps(fps, where), width or 0, height or 0, people.estimator, world)
    return keypoints, values


def _read_files(path: Path, member: str, width: int | None, height: int | None) -> tuple[People, dict[str, Any]]:
    files = clip_files(path, member)
    first = next(files, None)
    if first is None:
        raise ClipRejected("no-keypoints", f"{path}/{member}: its files have gone; bring them back")
    if first.name.lower().endswith(POSE_SUFFIX):
        return _read_pose(path, first, files)
    return read_frames(path, chain([first], files), width, height)


def _read_pose(path: Path, entry: Entry, rest: Iterator[Entry]) -> tuple[People, dict[str, Any]]:
    label = label_of(path, entry)
    refuse_large(label, entry.size, MAX_POSE_BYTES)
    pose = parse_pose(entry.read(), label)
    if next(rest, None) is not None:
        raise mixed_clips(label)
    n_frames, n_people = pose.xyc.shape[:2]
    frames = np.repeat(np.arange(n_frames), n_people)
    xyc = pose.xyc.reshape(-1, N_KEYPOINTS, 3)
    space = None if pose.space is None else pose.space.reshape(-1, N_KEYPOINTS, 3)
    people = People(xyc, frames, n_frames, pose.layout, pose.fps, pose.width, pose.height, space)
    return people, {"kind": "pose", "n_files": 1, "n_missing_frames": 0, "notes": []}


def signer_of(
    people: People, where: Path, values: dict[str, Any]
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """`xyc` and `space` of the signer, (T, 137, 3) both; puts what was counted on the way into `values`."""
    # Whoever is nowhere has confidence 0; one that is no number is a fault as much as a place that is none.
    is_claimed = not bool((people.xyc[..., 2] <= 0).all())
    n_unusable = _clean(people.xyc)
    found = (people.xyc[..., 2] > 0).any(axis=1)
    rows, frames = people.xyc[found], people.frames[found]
    if not len(rows) and is_claimed:
        raise ClipRejected(
            "unusable-points",
            f"{where}: somebody was found, but all coordinates or confidences are no numbers or absurdly large; run "
            "the estimator again, or look at its files",
        )
    if not len(rows):
        raise ClipRejected(
            "nobody", f"{where}: nobody was found in any of its {people.n_frames} frames; look at the video"
        )
    chosen = choose_signer(rows, frames, people.n_frames)
    there = chosen >= 0
    n_peopled = len(np.unique(frames))
    values.update(
        n_frames=people.n_frames,
        n_empty_frames=people.n_frames - values["n_missing_frames"] - n_peopled,
        n_absent_frames=n_peopled - int(there.sum()),
        n_people_max=int(np.bincount(frames).max()),
        n_unusable_points=n_unusable,
    )
    xyc = np.zeros((people.n_frames, N_KEYPOINTS, 3), np.float32)
    xyc[there] = rows[chosen[there]]
    if people.space is None:
        return xyc, None
    space = np.full_like(xyc, np.nan)
    space[there] = people.space[found][chosen[there]]
    return xyc, space


def _clean(xyc: NDArray[np.float32]) -> int:
    """Make every point that is not found or not usable 0, 0, 0, in place; gives the number of unusable ones."""
    x, y, confidence = (xyc[..., column] for column in range(3))
    # Written so that what is no number fails it.
    usable = (np.abs(x) <= MAX_PIXELS) & (np.abs(y) <= MAX_PIXELS) & np.isfinite(confidence)
    xyc[~(usable & (confidence > 0))] = 0
    return int(np.count_nonzero(~usable))


def _checked_fps(fps: float | None, where: Path) -> float:
    if fps is None or not 0 < fps < math.inf:
        raise ClipRejected(
            "no-fps", f"{where}: these keypoints do not say their frame rate; give it with --fps, such as --fps 25"
        )
    return float(fps)
