"""Keypoints of a build against ready ones of the same clips: `python -m benchmarks.agreement KEYPOINTS READY`.

KEYPOINTS is the folder `keypoints` of a work folder, READY holds a `.pose` file for each clip, called as the clip is.
Distances in shoulder widths, the median of each clip's own. Two estimators that agree may both be wrong.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prompt2sign.estimators.importers import import_keypoints
from prompt2sign.formats.keypoints import Keypoints, read_keypoints
from prompt2sign.pipeline.work import safe_name
from prompt2sign.skeleton import BODY_25, KEYPOINTS_FACE, KEYPOINTS_LEFT_HAND, KEYPOINTS_RIGHT_HAND

_SHOULDERS = [BODY_25.index("right_shoulder"), BODY_25.index("left_shoulder")]
PARTS: dict[str, list[int]] = {
    "nose and eyes": [BODY_25.index(name) for name in ("nose", "right_eye", "left_eye")],
    "shoulders": _SHOULDERS,
    "elbows": [BODY_25.index("right_elbow"), BODY_25.index("left_elbow")],
    "wrists": [BODY_25.index("right_wrist"), BODY_25.index("left_wrist")],
    "left hand": list(range(KEYPOINTS_LEFT_HAND.start, KEYPOINTS_LEFT_HAND.stop)),
    "right hand": list(range(KEYPOINTS_RIGHT_HAND.start, KEYPOINTS_RIGHT_HAND.stop)),
    "face": list(range(KEYPOINTS_FACE.start, KEYPOINTS_FACE.start + 68)),
}


def compare(keypoints: Path, ready: Path) -> None:
    """Print the table."""
    pairs = [pair for path in sorted(ready.glob("*.pose")) if (pair := _pair(keypoints, path))]
    frames = sum(ours.n_frames for ours, _ in pairs)
    print(f"{len(pairs)} clips, {frames:,} frames\n")
    print("| points | seen here | seen there | median | 90 % | 99 % |\n|---|---|---|---|---|---|")
    for name, part in PARTS.items():
        here, there = (_seen([pair[side] for pair in pairs], part) for side in (0, 1))
        apart = np.concatenate([_apart(ours, theirs, part) for ours, theirs in pairs])
        figures = [f"{value:.3f}" for value in np.percentile(apart, [50, 90, 99])] if len(apart) else ["-"] * 3
        print(f"| {name} | {here:.1%} | {there:.1%} | {' | '.join(figures)} |")


def _pair(keypoints: Path, pose: Path) -> tuple[Keypoints, Keypoints] | None:
    path = keypoints / f"{safe_name(pose.stem)}.h5"
    if not path.is_file():
        return None
    ours, (theirs, _) = read_keypoints(path), import_keypoints(pose, fps=None, width=None, height=None)
    if ours.n_frames != theirs.n_frames:
        raise SystemExit(f"{pose}: {theirs.n_frames} frames, {path} {ours.n_frames}: not the same clip")
    return ours, theirs


def _seen(clips: list[Keypoints], part: list[int]) -> float:
    return float(np.concatenate([(clip.xyc[:, part, 2] > 0).mean(axis=1) for clip in clips]).mean())


def _apart(ours: Keypoints, theirs: Keypoints, part: list[int]) -> NDArray[np.float64]:
    width = np.median(np.linalg.norm(np.diff(ours.xyc[:, _SHOULDERS, :2], axis=1)[:, 0], axis=-1))
    both = (ours.xyc[:, part, 2] > 0) & (theirs.xyc[:, part, 2] > 0)
    apart: NDArray[np.float64] = np.linalg.norm(ours.xyc[:, part, :2] - theirs.xyc[:, part, :2], axis=-1)[both] / width
    return apart


if __name__ == "__main__":
    compare(Path(sys.argv[1]), Path(sys.argv[2]))
