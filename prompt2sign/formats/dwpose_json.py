"""DWPose JSON as Prompt2Sign's 2025 tools write it, one file a frame (`00000001.json`, counted from 1).

A file holds `num_persons` and `person_0`, `person_1`, ...; a person holds body (18 points in OpenPose's COCO order),
face (68) and hands (21), each as `<part>_keypoints` [[x, y], ...] and `<part>_scores`. Coordinates are divided by
the picture's width and height. Two traps, both measured:

- `body_scores` are no confidences: the tool overwrites them by a running index, and by -1 where a joint was below its
  threshold. Here -1 becomes "not found" and anything else 1.
- With several people the hands are mixed up: the detector stacks all left hands, then all right hands, and the tool
  hands them out in pairs. `untangle_hands` puts them back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from ..skeleton import (
    BODY_25,
    KEYPOINTS_FACE,
    KEYPOINTS_LEFT_HAND,
    KEYPOINTS_RIGHT_HAND,
    N_KEYPOINTS,
)
from .keypoints import Keypoints
from .openpose_json import OPENPOSE_18_PLACES, bad_json, flat_numbers, refuse_crowd, to_float32

_PLACES = {
    "body": OPENPOSE_18_PLACES,
    "face": np.arange(KEYPOINTS_FACE.start, KEYPOINTS_FACE.start + 68),
    "left_hand": np.arange(KEYPOINTS_LEFT_HAND.start, KEYPOINTS_LEFT_HAND.stop),
    "right_hand": np.arange(KEYPOINTS_RIGHT_HAND.start, KEYPOINTS_RIGHT_HAND.stop),
}
_HANDS = slice(KEYPOINTS_LEFT_HAND.start, KEYPOINTS_RIGHT_HAND.stop)
_WRISTS = [BODY_25.index("left_wrist"), BODY_25.index("right_wrist")]
_HAND_ROOTS = [KEYPOINTS_LEFT_HAND.start, KEYPOINTS_RIGHT_HAND.start]


def is_dwpose(document: dict[str, Any]) -> bool:
    """Does this look like a DWPose file rather than OpenPose's?"""
    return "num_persons" in document or "person_0" in document


def parse_frame(document: dict[str, Any], name: str) -> NDArray[np.float32]:
    """The people of one frame, hands as written.

    Args:
        document: The file, as `openpose_json.load_json` gives it.
        name: Names the file in messages.

    Returns:
        (P, 137, 3) x / width, y / height, confidence.

    Raises:
        ClipRejected: `bad-json`: the layout or a length is not DWPose's; `too-many-people`.
    """
    count = document.get("num_persons")
    people = [document[key] for key in (f"person_{i}" for i in range(len(document))) if key in document]
    if count != len(people) or not all(isinstance(person, dict) for person in people):
        raise bad_json(name, f"num_persons is {count!r}, but {len(people)} persons follow")
    refuse_crowd(len(people), name)
    xyc = np.zeros((len(people), N_KEYPOINTS, 3))
    for row, person in enumerate(people):
        for part, places in _PLACES.items():
            _fill_part(xyc[row], person, part, places, name)
    return to_float32(xyc)


def untangle_hands(frames: list[NDArray[np.float32]]) -> tuple[list[NDArray[np.float32]], bool]:
    """Give hands back to their owners where the tool mixed them up.

    With P people, hand number h of the file (left and right in turn) is number h of "all left, then all right".
    That order is taken for the whole clip where it brings hands nearer to the wrists than the order as written, so
    that files of a mended tool stay as they are.

    Args:
        frames: (P, 137, 3) of each frame, as `parse_frame` gives it.

    Returns:
        The frames, and whether the hands were reordered.
    """
    other = [_restack(people) if len(people) > 1 else people for people in frames]
    crowded = [t for t, people in enumerate(frames) if len(people) > 1]
    written, mended = (sum(_hand_distance(way[t]) for t in crowded) for way in (frames, other))
    return (other, True) if mended < written else (frames, False)


def write_dwpose_json(folder: Path, keypoints: Keypoints) -> None:
    """Write `%08d.json` for each frame, counted from 1, one person a frame.

    DWPose has 18 body points, 68 face points and no body confidence: the rest is lost.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scale = np.array([keypoints.width, keypoints.height], np.float64)
    for index, frame in enumerate(keypoints.xyc, start=1):
        person = {}
        for part, places in _PLACES.items():
            points = frame[places]
            person[f"{part}_keypoints"] = (points[:, :2] / scale).tolist()
            person[f"{part}_scores"] = points[:, 2].tolist()
        person["body_scores"] = [i if score > 0 else -1 for i, score in enumerate(person["body_scores"])]
        document = {"num_persons": 1, "person_0": person} if frame.any() else {"num_persons": 0}
        (folder / f"{index:08d}.json").write_bytes(orjson.dumps(document))


def _fill_part(
    xyc: NDArray[np.float64], person: dict[str, Any], part: str, places: NDArray[np.intp], name: str
) -> None:
    pairs, scores = person.get(f"{part}_keypoints") or [], person.get(f"{part}_scores") or []
    if not pairs and not scores:
        return
    if not isinstance(pairs, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise bad_json(name, f"{part}_keypoints is not an array of [x, y]")
    xy = flat_numbers([value for pair in pairs for value in pair], name, f"{part}_keypoints")
    score = flat_numbers(scores, name, f"{part}_scores")
    if len(pairs) != len(places) or len(score) != len(places):
        raise bad_json(name, f"{part} has {len(pairs)} points and {len(score)} scores, expected {len(places)} of each")
    xyc[places, :2] = xy.reshape(-1, 2)
    xyc[places, 2] = np.where(score == -1, 0, 1) if part == "body" else score


def _restack(people: NDArray[np.float32]) -> NDArray[np.float32]:
    """(P, 137, 3) with hand h of the file read as hand h of [all left, all right]."""
    hands = people[:, _HANDS].reshape(2, len(people), 21, 3)
    mended = people.copy()
    mended[:, _HANDS] = hands.swapaxes(0, 1).reshape(len(people), 42, 3)
    return mended


def _hand_distance(people: NDArray[np.float32]) -> float:
    """Sum of the distances from each hand to its wrist, where both were found."""
    wrists, roots = people[:, _WRISTS], people[:, _HAND_ROOTS]
    distance = np.linalg.norm(wrists[..., :2] - roots[..., :2], axis=-1)
    seen = (wrists[..., 2] > 0) & (roots[..., 2] > 0) & np.isfinite(distance)
    return float(distance[seen].sum())
