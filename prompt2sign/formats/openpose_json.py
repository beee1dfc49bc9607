"""OpenPose's JSON, one file a frame, versions 1.2 and 1.3: read and written.

A file holds `people`, each with flat arrays x, y, confidence: body (25 points, or 18 in COCO order), face (70 or 68),
two hands (21); a part that was not looked for is an empty array or not there at all. AI-Hub's Korean corpora write
one person as a dictionary where OpenPose writes a list.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
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
#: The numbers of one person.
_PERSON = struct.Struct(f"{3 * N_KEYPOINTS}d")
#: Flags, which pass for 1 and 0 where numbers are packed, and what is in text in which they look otherwise: UTF-16.
_NEEDS_A_LOOK = (b"true", b"false", b"\0")
#: What a part of 137 points that was not looked for would hold, in their order.
_ABSENT = {key: [0.0] * (3 * (part.stop - part.start)) for key, part in _PART_KEYS.items()}


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


class Gatherer:
    """Takes in one frame after the other, and converts the numbers of many together.

    Each frame's numbers are packed as soon as it is parsed, while they are still at hand for the processor: Python
    takes four times as long to go through the objects of hundreds of frames afterwards.
    """

    def __init__(self) -> None:
        self._packed = bytearray()
        self._frames: list[NDArray[np.float32] | int] = []

    def add(self, document: dict[str, Any], name: str, data: bytes) -> None:
        """Take in one frame, which was parsed from `data`; raises as `parse_frame` does."""
        packed = None if any(word in data for word in _NEEDS_A_LOOK) else _packed(document)
        if packed is None:
            self._frames.append(parse_frame(document, name))
        else:
            self._frames.append(len(packed) // _PERSON.size)
            self._packed += packed

    def finish(self) -> list[NDArray[np.float32]]:
        """The people of each frame since the last time, as `parse_frame` gives them."""
        numbers = np.frombuffer(self._packed).reshape(-1, 3 * N_KEYPOINTS)
        anything: NDArray[np.bool_] = numbers.any(axis=1)
        rows, everybody = to_float32(numbers).reshape(-1, N_KEYPOINTS, 3), bool(anything.all())
        found, end = [], 0
        for frame in self._frames:
            if isinstance(frame, int):
                start, end = end, end + frame
                people = rows[start:end]
                found.append(people if everybody else people[anything[start:end]])
            else:
                found.append(frame)
        self._packed, self._frames = bytearray(), []
        return found


def _packed(document: dict[str, Any]) -> bytes | None:
    """The numbers of everybody in a frame, x, y, confidence of 137 points each; None where anything is unusual.

    Flags pass for numbers here: in a tenth of the time that a look at each number takes, the caller looks for them in
    the text.
    """
    people = document.get("people")
    if type(people) is not list or len(people) > MAX_PEOPLE:
        return None
    packed = b""
    for person in people:
        numbers = _usual_person(person)
        if numbers is None:
            return None
        try:
            packed += _PERSON.pack(*numbers)  # in a quarter of the time NumPy needs
        except struct.error:  # no number, or a whole one too large
            return None
    return packed


def _usual_person(person: object) -> list[Any] | None:
    """What the parts of one person hold who has those of 137 points, or none of a part."""
    if type(person) is not dict or _PLACES.keys().isdisjoint(person):
        return None
    numbers: list[Any] = []
    for key, absent in _ABSENT.items():
        part = person.get(key) or absent
        if type(part) is not list or len(part) != len(absent):
            return None
        numbers += part
    return numbers


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
