"""OpenPose's model BODY_135: body, hands and face found together, all of a person in one flat array.

Its points and their order are those of OpenPose's own table (`POSE_BODY_135_BODY_PARTS` in
https://github.com/CMU-Perceptual-Computing-Lab/openpose, src/openpose/pose/poseParameters.cpp): 25 of the body in an
order of their own, 20 of the left hand, 20 of the right, 70 of the face. It has no neck, no middle of the hips and no
roots of the hands. As in the other models, the neck is the middle of the shoulders and the third that of the hips; a
hand's root is the wrist. `upper_neck` and `head_top` have no place in the 137 points and are left out.
"""

from __future__ import annotations

from typing import Any

N_POINTS = 135
_LEFT_HAND, _RIGHT_HAND, _FACE = slice(25, 45), slice(45, 65), slice(65, 135)
_LEFT_WRIST, _RIGHT_WRIST = 9, 10
#: Where the points of BODY_25 are taken from, in their order; of a pair, the middle.
_BODY_25: tuple[int | tuple[int, int], ...] = (
    0, (5, 6), 6, 8, 10, 5, 7, 9, (11, 12), 12, 14, 16, 11, 13, 15, 2, 1, 4, 3, 19, 20, 21, 22, 23, 24,
)  # fmt: skip

Point = list[float]


def usual_parts(document: dict[str, Any]) -> dict[str, Any]:
    """One frame with its people in the parts that OpenPose usually writes.

    Args:
        document: One frame of OpenPose's JSON.

    Returns:
        The same document where no person of it is of BODY_135; it is never changed itself.
    """
    people = document.get("people")
    if not isinstance(people, list) or not any(map(_is_body_135, people)):
        return document
    return {**document, "people": [_parts(person) if _is_body_135(person) else person for person in people]}


def _is_body_135(person: object) -> bool:
    flat = person.get("pose_keypoints_2d") if isinstance(person, dict) else None
    return isinstance(flat, list) and len(flat) == 3 * N_POINTS and {*map(type, flat)} <= {int, float}


def _parts(person: dict[str, Any]) -> dict[str, Any]:
    flat: list[float] = person["pose_keypoints_2d"]
    points = [flat[start : start + 3] for start in range(0, len(flat), 3)]
    body = [points[of] if isinstance(of, int) else _middle(points[of[0]], points[of[1]]) for of in _BODY_25]
    return {
        "pose_keypoints_2d": _flat(body),
        "face_keypoints_2d": _flat(points[_FACE]),
        "hand_left_keypoints_2d": _flat([points[_LEFT_WRIST], *points[_LEFT_HAND]]),
        "hand_right_keypoints_2d": _flat([points[_RIGHT_WRIST], *points[_RIGHT_HAND]]),
    }


def _middle(one: Point, other: Point) -> Point:
    """Not found where one of the two is not; as sure as the less sure."""
    confidence = min(one[2], other[2])
    if not confidence > 0:
        return [0.0, 0.0, 0.0]
    return [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2, confidence]


def _flat(points: list[Point]) -> list[float]:
    return [number for point in points for number in point]
