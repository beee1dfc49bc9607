"""Which of several people in the picture is the signer: the one that is largest and stays.

People are followed by head, neck and shoulders, which move little from frame to frame; a list of people in another
order, a frame without anybody or a passer-by therefore changes nothing. Each person followed collects size times
confidence over time, and who collects most is the signer: a passer-by may be larger for a while, but not for long.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..skeleton import BODY_25

_STEADY = [
    BODY_25.index(name)
    for name in ("nose", "neck", "right_shoulder", "left_shoulder", "right_eye", "left_eye", "right_ear", "left_ear")
]  # fmt: skip
#: The farthest a person moves between two frames, in sizes (head and shoulders together, about 1.3 shoulder widths);
#: it grows with each frame in which the person was not seen, up to `_MAX_GATE`. Neighbours stand farther apart.
_GATE, _GATE_PER_FRAME, _MAX_GATE = 0.25, 0.01, 0.5
#: How fast a remembered size fades, so that a half hidden person keeps its own.
_FADE = 0.98
#: Keeps a person of a single point from dividing by zero.
_TINY = 1e-6
#: People followed at once; beyond, those with the least score are given up.
_MAX_TRACKS = 64


@dataclass(slots=True)
class _Track:
    """One person followed through time; `rows` are its rows in the table of people."""

    xy: NDArray[np.float32]
    seen: NDArray[np.bool_]
    size: float = 0.0
    score: float = 0.0
    last_frame: int = 0
    rows: list[int] = field(default_factory=list)

    def take(self, row: int, frame: int, points: NDArray[np.float32], size: float, score: float) -> None:
        found = points[:, 2] > 0
        self.xy[found] = points[found, :2]
        self.seen |= found
        self.size = max(size, _FADE * self.size)
        self.score += score
        self.last_frame = frame
        self.rows.append(row)


def choose_signer(people: NDArray[np.float32], frames: NDArray[np.intp], n_frames: int) -> NDArray[np.intp]:
    """Follow everybody and choose the signer.

    Where no frame holds more than one person, that person is taken in every frame.

    Args:
        people: (N, 137, 3) everybody of every frame, unit free; a point that was not found is 0, 0, 0.
        frames: (N,) the frame of each, ascending.
        n_frames: Number of frames T.

    Returns:
        (T,) row of `people` for each frame, -1 where the signer is not there.
    """
    rows: NDArray[np.intp] | list[int] = np.arange(len(people))
    if np.bincount(frames, minlength=1).max() > 1:
        rows = _best_track(people, frames).rows
    chosen = np.full(n_frames, -1, np.intp)
    chosen[frames[rows]] = rows
    return chosen


def _best_track(people: NDArray[np.float32], frames: NDArray[np.intp]) -> _Track:
    points = people[:, _STEADY]
    sizes = _sizes(points)
    scores = sizes * np.minimum(points[..., 2], 1).mean(axis=1)
    tracks: list[_Track] = []
    starts = np.flatnonzero(np.diff(frames, prepend=-1))
    for rows in np.split(np.arange(len(frames)), starts[1:]):
        frame = int(frames[rows[0]])
        pairs = _match(points[rows], sizes[rows], tracks, frame)
        for i, row in enumerate(rows.tolist()):
            if i not in pairs:
                tracks.append(_new_track())
            track = tracks[pairs.get(i, -1)]
            track.take(row, frame, points[row], float(sizes[row]), float(scores[row]))
        tracks = sorted(tracks, key=lambda track: -track.score)[:_MAX_TRACKS]
    return tracks[0]


def _new_track() -> _Track:
    return _Track(np.zeros((len(_STEADY), 2), np.float32), np.zeros(len(_STEADY), np.bool_))


def _sizes(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,) diagonal of the box round the points that were found."""
    found = points[..., 2:] > 0
    low = np.where(found, points[..., :2], np.inf).min(axis=1)
    high = np.where(found, points[..., :2], -np.inf).max(axis=1)
    extent = np.where(found.any(axis=1), high - low, 0)
    return np.hypot(extent[:, 0], extent[:, 1]).astype(np.float32)


def _match(points: NDArray[np.float32], sizes: NDArray[np.float32], tracks: list[_Track], frame: int) -> dict[int, int]:
    """Person -> track, the nearest pairs first, within the gate."""
    if not tracks:
        return {}
    scale = np.maximum(sizes[:, None], [max(track.size, _TINY) for track in tracks])
    cost = _distance(points, tracks) / scale
    gap = np.array([frame - track.last_frame - 1 for track in tracks])
    cost = np.where(cost <= np.minimum(_GATE + _GATE_PER_FRAME * gap, _MAX_GATE), cost, np.inf)
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for flat in np.argsort(cost, axis=None, kind="stable")[: np.isfinite(cost).sum()].tolist():
        person, track = divmod(flat, len(tracks))
        if person not in pairs and track not in taken:
            pairs[person] = track
            taken.add(track)
    return pairs


def _distance(points: NDArray[np.float32], tracks: list[_Track]) -> NDArray[np.float32]:
    """(P, M) mean distance over the points that both have; infinite where they share none."""
    xy, seen = np.stack([track.xy for track in tracks]), np.stack([track.seen for track in tracks])
    both = (points[:, None, :, 2] > 0) & seen
    apart = np.linalg.norm(points[:, None, :, :2] - xy, axis=-1)
    shared = both.sum(axis=-1)
    mean = np.where(both, apart, 0).sum(axis=-1) / np.maximum(shared, 1)
    return np.where(shared > 0, mean, np.inf).astype(np.float32)
