"""OpenPose's JSON, one file a frame, versions 1.2 and 1.3: read and written.

A file holds `people`, each with flat arrays x, y, confidence: body (25 points, or 18 in COCO order), face (70 or 68),
two hands (21); a part that was not looked for is an empty array or not there at all. AI-Hub's Korean corpora write
one person as a dictionary where OpenPose writes a list.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from ..errors import ClipRejected
from ..skeleton import (
    BODY_25_FROM_OPENPOSE_18,
    KEYPOINTS_BODY,
    KEYPOINTS_FACE,
    KEYPOINTS_LEFT_HAND,
    KEYPOINTS_RIGHT_HAND,
    N_KEYPOINTS,
)
from .keypoints import Keypoints

#: One frame of one person with all parts is about 6 kB.
MAX_JSON_BYTES = 8 << 20
#: More people in one frame, and it is no recording of a signer.
MAX_PEOPLE = 100

_SUFFIX = "_keypoints_2d"
_PART_KEYS = {
    "pose_keypoints_2d": KEYPOINTS_BODY,
    "face_keypoints_2d": KEYPOINTS_FACE,
    "hand_left_keypoints_2d": KEYPOINTS_LEFT_HAND,
    "hand_right_keypoints_2d": KEYPOINTS_RIGHT_HAND,
}
#: Where OpenPose's 18 body points go in BODY_25.
OPENPOSE_18_PLACES = np.array(sorted(BODY_25_FROM_OPENPOSE_18, key=lambda place: BODY_25_FROM_OPENPOSE_18[place]))
#: Where the points of each part go in the 137-point layout, by how many the file holds.
_PLACES = {
    "pose_keypoints_2d": {
        25: np.arange(25),
        18: OPENPOSE_18_PLACES,
    },
    "face_keypoints_2d": {70: np.arange(25, 95), 68: np.arange(25, 93)},
    "hand_left_keypoints_2d": {21: np.arange(95, 116)},
    "hand_right_keypoints_2d": {21: np.arange(116, 137)},
}
_NUMBERS = {int, float, type(None)}


def load_json(data: bytes, name: str) -> dict[str, Any]:
    """One JSON object, with Python's `NaN` and `Infinity` allowed as some tools write them.

    Args:
        data: The file's content.
        name: Names the file in messages.

    Raises:
        ClipRejected: `bad-json`: not JSON, cut off, or not an object.
    """
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            raise bad_json(name, f"is not JSON, or is cut off ({error})") from error
    if not isinstance(document, dict):
        raise bad_json(name, f"holds a {type(document).__name__} where an object with `people` was expected")
    return document


def bad_json(name: str, fault: str) -> ClipRejected:
    """The rejection of a clip for what one of its JSON files holds."""
    return ClipRejected("bad-json", f"{name}: {fault}. Make this file again or take the clip out")


def refuse_crowd(n_people: int, name: str) -> None:
    """Raise `ClipRejected` before memory is taken for more than `MAX_PEOPLE`."""
    if n_people > MAX_PEOPLE:
        raise ClipRejected(
            "too-many-people",
            f"{name}: holds {n_people} people, at most {MAX_PEOPLE} are looked at; run the estimator with "
            "--number_people_max 5",
        )


def flat_numbers(values: object, name: str, what: str) -> NDArray[np.float64]:
    """A JSON array of numbers; `null` becomes not-a-number.

    Raises:
        ClipRejected: `bad-json`: not an array, or something else than numbers in it.
    """
    if not isinstance(values, list) or not {*map(type, values)} <= _NUMBERS:
        raise bad_json(name, f"{what} is not an array of numbers")
    try:
        return np.array(values, dtype=np.float64)
    except OverflowError as error:
        raise bad_json(name, f"{what} holds a number without measure") from error


def parse_frames(documents: Sequence[dict[str, Any]], names: Sequence[str]) -> list[NDArray[np.float32]]:
    """The people of many frames: as `parse_frame` for each of them, but all their numbers are converted together.

    Files that are not all as OpenPose writes them are taken one by one, so that a message names the right one.
    """
    return _parse_together(documents) or [parse_frame(*one) for one in zip(documents, names, strict=True)]


def _parse_together(documents: Sequence[dict[str, Any]]) -> list[NDArray[np.float32]] | None:
    """None where anything is unusual, wrong or not."""
    by_frame: list[Any] = [document.get("people") for document in documents]
    if any(type(people) is not list or len(people) > MAX_PEOPLE for people in by_frame):
        return None
    people = [*chain.from_iterable(by_frame)]
    if any(type(person) is not dict or _PLACES.keys().isdisjoint(person) for person in people):
        return None
    xyc = np.zeros((len(people), N_KEYPOINTS, 3))
    for key in _PLACES:
        if not _fill_part(xyc, [person.get(key) or [] for person in people], key):
            return None
    anything: NDArray[np.bool_] = xyc.any(axis=(1, 2))
    ends = np.cumsum([0, *map(len, by_frame)])
    rows = to_float32(xyc)
    return [rows[start:end][anything[start:end]] for start, end in pairwise(ends)]


def _fill_part(xyc: NDArray[np.float64], parts: list[Any], key: str) -> bool:
    """Put one part of everybody where it belongs; False where the lists are not numbers of one usual length."""
    if any(type(part) is not list for part in parts):
        return False
    lengths = np.array([*map(len, parts)])
    length = int(lengths.max(initial=0))
    place = _PLACES[key].get(length // 3)
    values = [*chain.from_iterable(parts)]
    if np.any((lengths != length) & (lengths != 0)) or length % 3 or not {*map(type, values)} <= _NUMBERS:
        return False
    if length == 0:
        return True
    if place is None:
        return False
    # array takes a list of floats in half the time NumPy needs, and neither null nor what float cannot hold.
    with suppress(OverflowError, TypeError):
        xyc[np.ix_(lengths > 0, place)] = np.frombuffer(array("d", values)).reshape(-1, length // 3, 3)
        return True
    return False


def parse_frame(document: dict[str, Any], name: str) -> NDArray[np.float32]:
    """The people of one frame.

    Args:
        document: The file, as `load_json` gives it.
        name: Names the file in messages.

    Returns:
        (P, 137, 3) x, y, confidence as written; a part that is not there is zero. Persons without any number are
        left out.

    Raises:
        ClipRejected: `bad-json`: the layout or a length is not OpenPose's; `too-many-people`.
    """
    people = [person for person in _list_people(document, name) if person]
    refuse_crowd(len(people), name)
    xyc = np.zeros((len(people), N_KEYPOINTS, 3))
    for row, person in enumerate(people):
        _fill_person(xyc[row], person, name)
    anything: NDArray[np.bool_] = xyc.any(axis=(1, 2))
    return to_float32(xyc[anything])


def to_float32(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """What float32 cannot hold becomes infinite, without a warning."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def write_openpose_json(folder: Path, stem: str, keypoints: Keypoints) -> None:
    """Write `<stem>_%012d_keypoints.json` for each frame into `folder`, as OpenPose 1.3 does; numbered from 0.

    A frame without any point has no people. What OpenPose has no place for (fps, size, depth) is lost.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for index, frame in enumerate(keypoints.xyc):
        document = {"version": 1.3, "people": [_person(frame)] if frame.any() else []}
        target = folder / f"{stem}_{index:012d}_keypoints.json"
        target.write_bytes(orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY))


def _list_people(document: dict[str, Any], name: str) -> Iterable[dict[str, Any]]:
    people = document.get("people")
    if isinstance(people, dict):
        one_person = not people or any(key.endswith(_SUFFIX) for key in people)
        people = [people] if one_person else list(people.values())
    if not isinstance(people, list) or not all(isinstance(person, dict) for person in people):
        raise bad_json(name, "`people` is neither a list of persons nor one person")
    return people


def _fill_person(xyc: NDArray[np.float64], person: dict[str, Any], name: str) -> None:
    if not person.keys() & _PLACES.keys():
        raise bad_json(name, f"a person has none of {', '.join(_PLACES)} (OpenPose 1.2 and later write them)")
    for key, places in _PLACES.items():
        values = person.get(key)
        if not values:
            continue
        points = flat_numbers(values, name, key)
        place = places.get(points.size // 3)
        if place is None or points.size % 3:
            lengths = " or ".join(str(3 * count) for count in places)
            raise bad_json(name, f"{key} has {points.size} numbers, expected {lengths}, or none")
        xyc[place] = points.reshape(-1, 3)


def _person(frame: NDArray[np.float32]) -> dict[str, Any]:
    parts = {key: np.ascontiguousarray(frame[part]).reshape(-1) for key, part in _PART_KEYS.items()}
    return {"person_id": [-1], **parts, **{key.replace("_2d", "_3d"): [] for key in _PART_KEYS}}
