"""How 2D skeletons are coloured: as OpenPose and as DWPose show them, which people know by sight.

Both take their colours from the wheel of hues. Which hue is whose, OpenPose says in `poseParametersRender.hpp`,
`handParameters.hpp` and `faceParameters.hpp` of its version 1.7; DWPose in its pictures (Yang et al. 2023, figure 1).
"""

from __future__ import annotations

import colorsys
from collections.abc import Iterator
from dataclasses import dataclass

from ..skeleton import (
    BODY_25,
    FACE_70,
    HAND,
    KEYPOINTS_BODY,
    KEYPOINTS_FACE,
    KEYPOINTS_LEFT_HAND,
    KEYPOINTS_RIGHT_HAND,
)

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Mark:
    """A stroke between two keypoints, or a dot where both are the same.

    Attributes:
        start: Keypoint of the 137-point layout.
        end: The other one.
        colour: RGB.
        width: Thickness, as a share of the root of the picture's area.
        oval: An ellipse instead of a line.
    """

    start: int
    end: int
    colour: Colour
    width: float
    oval: bool = False


#: OpenPose: hue of each body point in degrees; a stroke has that of its outer end.
_OPENPOSE_HUES = {
    "nose": 340, "neck": 0, "right_shoulder": 20, "right_elbow": 40, "right_wrist": 60, "left_shoulder": 80,
    "left_elbow": 100, "left_wrist": 120, "mid_hip": 0, "right_hip": 140, "right_knee": 160, "right_ankle": 180,
    "left_hip": 200, "left_knee": 220, "left_ankle": 240, "right_eye": 320, "left_eye": 280, "right_ear": 300,
    "left_ear": 260, "left_big_toe": 240, "left_small_toe": 240, "left_heel": 240, "right_big_toe": 180,
    "right_small_toe": 180, "right_heel": 180,
}  # fmt: skip
_OPENPOSE_LIMBS = (
    "neck-mid_hip neck-right_shoulder neck-left_shoulder right_shoulder-right_elbow right_elbow-right_wrist "
    "left_shoulder-left_elbow left_elbow-left_wrist mid_hip-right_hip right_hip-right_knee right_knee-right_ankle "
    "mid_hip-left_hip left_hip-left_knee left_knee-left_ankle neck-nose nose-right_eye right_eye-right_ear "
    "nose-left_eye left_eye-left_ear left_ankle-left_big_toe left_big_toe-left_small_toe left_ankle-left_heel "
    "right_ankle-right_big_toe right_big_toe-right_small_toe right_ankle-right_heel"
)
#: OpenPose: a colour a finger, thumb first, that grows lighter from the palm outwards; the root is grey.
_OPENPOSE_FINGERS: tuple[Colour, ...] = ((255, 0, 0), (255, 255, 0), (0, 255, 127), (0, 127, 255), (255, 0, 255))
_OPENPOSE_LIGHT = (100 / 255, 150 / 255, 200 / 255, 1.0)
_GREY, _WHITE, _BLUE = (100, 100, 100), (255, 255, 255), (0, 0, 255)
#: DWPose: strokes and points in their order, each 20 degrees of hue after the one before.
_DWPOSE_LIMBS = (
    "neck-right_shoulder neck-left_shoulder right_shoulder-right_elbow right_elbow-right_wrist "
    "left_shoulder-left_elbow left_elbow-left_wrist neck-right_hip right_hip-right_knee right_knee-right_ankle "
    "neck-left_hip left_hip-left_knee left_knee-left_ankle neck-nose nose-right_eye right_eye-right_ear nose-left_eye "
    "left_eye-left_ear"
)
_DWPOSE_POINTS = (*BODY_25[:8], *BODY_25[9:19])
_DWPOSE_HUE_STEP = 20
#: DWPose shows its limbs darker than their ends.
_DWPOSE_LIMB_LIGHT = 0.6
#: First and last point of each line of the face, and whether it is closed: jaw, brows, nose, eyes, lips.
_FACE_LINES = (
    (0, 16, False), (17, 21, False), (22, 26, False), (27, 30, False), (31, 35, False),
    (36, 41, True), (42, 47, True), (48, 59, True), (60, 67, True),
)  # fmt: skip
_PUPILS = (68, 69)


def _openpose() -> Iterator[Mark]:
    """Lines, brighter outwards on the hands; the face in white."""
    for start, end in _pairs(_OPENPOSE_LIMBS):
        yield Mark(BODY_25.index(start), BODY_25.index(end), _hue(_OPENPOSE_HUES[end]), 1 / 120)
    for point, name in enumerate(BODY_25):
        yield Mark(point, point, _hue(_OPENPOSE_HUES[name]), 1 / 85)
    for start_point, end_point in _face_strokes():
        yield Mark(start_point, end_point, _WHITE, 1 / 700)
    for pupil in _PUPILS:
        yield Mark(KEYPOINTS_FACE.start + pupil, KEYPOINTS_FACE.start + pupil, _WHITE, 1 / 300)
    for hand in (KEYPOINTS_LEFT_HAND, KEYPOINTS_RIGHT_HAND):
        for start_point, end_point in _finger_bones():
            colour = _openpose_finger(end_point)
            yield Mark(hand.start + start_point, hand.start + end_point, colour, 1 / 320)
        for point in range(len(HAND)):
            yield Mark(hand.start + point, hand.start + point, _openpose_finger(point), 1 / 240)


def _dwpose() -> Iterator[Mark]:
    """Ellipses for limbs; hands as a wheel of hues with blue points; the face in white dots."""
    for number, (start, end) in enumerate(_pairs(_DWPOSE_LIMBS)):
        colour = _hue(_DWPOSE_HUE_STEP * number, _DWPOSE_LIMB_LIGHT)
        yield Mark(BODY_25.index(start), BODY_25.index(end), colour, 1 / 64, oval=True)
    for number, name in enumerate(_DWPOSE_POINTS):
        point = KEYPOINTS_BODY.start + BODY_25.index(name)
        yield Mark(point, point, _hue(_DWPOSE_HUE_STEP * number), 1 / 64)
    for point in range(KEYPOINTS_FACE.start, KEYPOINTS_FACE.start + len(FACE_70) - len(_PUPILS)):
        yield Mark(point, point, _WHITE, 1 / 240)
    for hand in (KEYPOINTS_LEFT_HAND, KEYPOINTS_RIGHT_HAND):
        bones = list(_finger_bones())
        for number, (start_point, end_point) in enumerate(bones):
            colour = _hue(360 * number / len(bones))
            yield Mark(hand.start + start_point, hand.start + end_point, colour, 1 / 256)
        for point in range(hand.start, hand.stop):
            yield Mark(point, point, _BLUE, 1 / 160)


def _pairs(limbs: str) -> list[tuple[str, str]]:
    return [(start, end) for start, _, end in (limb.partition("-") for limb in limbs.split())]


def _hue(degrees: float, light: float = 1.0) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(degrees / 360, 1.0, light)
    return round(255 * red), round(255 * green), round(255 * blue)


def _finger_bones() -> Iterator[tuple[int, int]]:
    """Points of a hand that bones join, finger by finger from the root outwards."""
    for point in range(1, len(HAND)):
        yield (0 if point % 4 == 1 else point - 1), point


def _openpose_finger(point: int) -> Colour:
    if point == 0:
        return _GREY
    finger, joint = divmod(point - 1, 4)
    red, green, blue = (round(_OPENPOSE_LIGHT[joint] * part) for part in _OPENPOSE_FINGERS[finger])
    return red, green, blue


def _face_strokes() -> Iterator[tuple[int, int]]:
    for first, last, closed in _FACE_LINES:
        for point in range(first, last):
            yield KEYPOINTS_FACE.start + point, KEYPOINTS_FACE.start + point + 1
        if closed:
            yield KEYPOINTS_FACE.start + last, KEYPOINTS_FACE.start + first


#: Marks of each style, in the order in which they are painted: hands last.
STYLES: dict[str, tuple[Mark, ...]] = {"openpose": tuple(_openpose()), "dwpose": tuple(_dwpose())}
