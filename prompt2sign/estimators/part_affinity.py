"""Heat maps and part affinity fields -> people: which points there are, and which belong together.

Cao et al. 2021, "OpenPose: Realtime Multi-Person 2D Pose Estimation using Part Affinity Fields", section 3; thresholds
and the order of BODY_25's maps are those of OpenPose 1.7 (`poseParameters.cpp`, `bodyPartConnectorBase.cpp`). Reduced
to what a signer needs: the limbs form a tree, grown from the neck; the two links from ears to shoulders, which only
help where a nose is hidden, are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..skeleton import BODY_25

#: Maps of the network: 25 points, the background, then x and y of 26 fields. One map pixel is 8 pixels of its input.
N_PARTS, FIRST_FIELD, N_MAPS, STRIDE = 25, 26, 78, 8
#: Limbs in OpenPose's order, each with the place of its field's x among the fields; y follows.
_LIMBS = (
    ("neck", "mid_hip", 0), ("neck", "right_shoulder", 14), ("neck", "left_shoulder", 22),
    ("right_shoulder", "right_elbow", 16), ("right_elbow", "right_wrist", 18), ("left_shoulder", "left_elbow", 24),
    ("left_elbow", "left_wrist", 26), ("mid_hip", "right_hip", 6), ("right_hip", "right_knee", 2),
    ("right_knee", "right_ankle", 4), ("mid_hip", "left_hip", 8), ("left_hip", "left_knee", 10),
    ("left_knee", "left_ankle", 12), ("neck", "nose", 30), ("nose", "right_eye", 32), ("right_eye", "right_ear", 36),
    ("nose", "left_eye", 34), ("left_eye", "left_ear", 38), ("left_ankle", "left_big_toe", 40),
    ("left_big_toe", "left_small_toe", 42), ("left_ankle", "left_heel", 44), ("right_ankle", "right_big_toe", 46),
    ("right_big_toe", "right_small_toe", 48), ("right_ankle", "right_heel", 50),
)  # fmt: skip
LIMBS = tuple((BODY_25.index(start), BODY_25.index(end), FIRST_FIELD + place) for start, end, place in _LIMBS)
_FIRST_FOOT = BODY_25.index("left_big_toe")

#: A maximum below is noise; so many points of a kind at most are looked at in a picture.
_MIN_PEAK, _MAX_PEAKS = 0.05, 32
#: A neighbour of a maximum counts as no lower than this share of it, so that its logarithm is a number.
_LEAST_SHARE = 1e-3
#: Places on a limb where its field is looked at; how much it must point along, and at what share of them.
_LOOKS, _MIN_ALONG, _MIN_SHARE = 16, 0.05, 0.95
#: A person has so many points at least, feet not counted, and points and limbs that are so sure in the mean.
_MIN_POINTS, _MIN_MEAN = 3, 0.4
_SHORTEST = 1e-6


@dataclass(slots=True)
class _Person:
    """Row of the peak of each part; the sum of the scores of peaks and limbs."""

    peaks: dict[int, int] = field(default_factory=dict)
    score: float = 0.0

    def is_one(self) -> bool:
        n_points = sum(part < _FIRST_FOOT for part in self.peaks)
        return n_points >= _MIN_POINTS and self.score / n_points >= _MIN_MEAN


def group_people(maps: NDArray[np.float32], most: int = -1) -> NDArray[np.float32]:
    """Find the people in the maps of one picture.

    Args:
        maps: (78, h, w) what the network gives.
        most: So many people at most, the surest; -1 for all.

    Returns:
        (P, 25, 3) float32: x and y in pixels of the network's input, where the middle of the first pixel is 0; and the
        height of the heat map. A point that was not found is 0, 0, 0.
    """
    peaks = [_find_peaks(heat) for heat in maps[:N_PARTS]]
    people: list[_Person] = []
    for start, end, channel in LIMBS:
        for row_a, row_b, score in _join(peaks[start], peaks[end], maps[channel : channel + 2]):
            person = next((person for person in people if person.peaks.get(start) == row_a), None)
            if person is None:
                person = _Person({start: row_a}, float(peaks[start][row_a, 2]))
                people.append(person)
            person.peaks[end] = row_b
            person.score += float(peaks[end][row_b, 2]) + score
    found = sorted((person for person in people if person.is_one()), key=lambda person: -person.score)
    return _arrays(found[: most if most >= 0 else None], peaks)


def _arrays(people: list[_Person], peaks: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    points = np.zeros((len(people), N_PARTS, 3), np.float32)
    for row, person in enumerate(people):
        for part, peak in person.peaks.items():
            points[row, part] = peaks[part][peak]
    return points


def place_finely(heat: NDArray[np.float32], row: int, column: int) -> tuple[float, float]:
    """The top of the Gaussian through a maximum and its neighbours, which is what the networks are taught to draw.

    A parabola through the logarithms, along each axis (after Zhang et al. 2020, "Distribution-Aware Coordinate
    Representation for Human Pose Estimation"); OpenPose takes the centre of mass of the enlarged map instead, which
    is off by up to half a pixel.

    Args:
        heat: (h, w).
        row: Of the maximum.
        column: Of the maximum.

    Returns:
        x and y in pixels of the network's input, where the middle of the first pixel is 0.
    """
    x = column + _top(heat[row, max(0, column - 1) : column + 2])
    y = row + _top(heat[max(0, row - 1) : row + 2, column])
    return (x + 0.5) * STRIDE - 0.5, (y + 0.5) * STRIDE - 0.5


def _top(three: NDArray[np.float32]) -> float:
    """Where between -1/2 and 1/2 the top lies of which three heights are seen; 0 at the edge of a map."""
    if len(three) < 3:
        return 0.0
    before, middle, after = np.log(np.maximum(three, _LEAST_SHARE * three[1])).tolist()
    bend = 2 * middle - before - after
    return float(np.clip((after - before) / (2 * bend), -0.5, 0.5)) if bend > 0 else 0.0


def _find_peaks(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    """(P, 3) places and heights of the maxima of a map, the highest first."""
    rows, columns = np.nonzero(_is_peak(heat))
    heights = heat[rows, columns]
    best = np.argsort(-heights, kind="stable")[:_MAX_PEAKS]
    peaks = [(*place_finely(heat, int(rows[i]), int(columns[i])), heights[i]) for i in best]
    return np.array(peaks, np.float32).reshape(-1, 3)


def _is_peak(heat: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Higher than the neighbours before it, no lower than those after it: a level top counts once."""
    height, width = heat.shape
    around = np.pad(heat, 1, constant_values=-np.inf)
    peak = heat > _MIN_PEAK
    for number, (y, x) in enumerate((y, x) for y in range(3) for x in range(3) if (y, x) != (1, 1)):
        neighbour = around[y : y + height, x : x + width]
        peak &= heat > neighbour if number < 4 else heat >= neighbour
    return peak


def _join(
    starts: NDArray[np.float32], ends: NDArray[np.float32], fields: NDArray[np.float32]
) -> list[tuple[int, int, float]]:
    """Pairs of peaks that a limb joins, the surest first, each peak in one pair at most."""
    scores = _limb_scores(starts, ends, fields)
    pairs: list[tuple[int, int, float]] = []
    for flat in np.argsort(-scores, axis=None, kind="stable").tolist():
        row_a, row_b = divmod(flat, scores.shape[1])
        if scores[row_a, row_b] <= 0:
            break
        if all(row_a != a and row_b != b for a, b, _ in pairs):
            pairs.append((row_a, row_b, float(scores[row_a, row_b])))
    return pairs


def _limb_scores(
    starts: NDArray[np.float32], ends: NDArray[np.float32], fields: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(A, B) mean of the field along each line, 0 where it does not point along it (Cao et al. 2021, eq. 11)."""
    along = ends[None, :, :2] - starts[:, None, :2]
    length = np.linalg.norm(along, axis=-1)
    unit = along / np.maximum(length, _SHORTEST)[..., None]
    share = np.linspace(0, 1, _LOOKS)[:, None, None, None]
    places = (starts[:, None, :2] + share * along + 0.5) / STRIDE - 0.5
    limits = np.array(fields.shape[:0:-1]) - 1
    x, y = np.moveaxis(np.clip(np.rint(places), 0, limits).astype(int), -1, 0)
    seen = fields[0, y, x] * unit[..., 0] + fields[1, y, x] * unit[..., 1]
    points_along = seen > _MIN_ALONG
    count = points_along.sum(axis=0)
    mean = np.where(points_along, seen, 0).sum(axis=0) / np.maximum(count, 1)
    joined = (count >= _MIN_SHARE * _LOOKS) & (length > _SHORTEST)
    return np.where(joined, mean, 0).astype(np.float32)
