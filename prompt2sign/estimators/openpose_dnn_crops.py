"""Where hands and face are, by the body, and where their points are in a cut-out.

Boxes as OpenPose 1.7 draws them: `handDetector.cpp` (Simon et al. 2017, "Hand Keypoint Detection in Single Images using
Multiview Bootstrapping") and `faceDetector.cpp`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..skeleton import BODY_25
from .part_affinity import place_finely

#: A point of the body below is not leaned on.
_MIN_CONFIDENCE = 0.25
#: A hand lies beyond the wrist by this share of the forearm; its box is so many forearms, or upper arms, wide.
_BEYOND, _FOREARMS, _UPPER_ARMS = 0.33, 1.5, 1.5 * 0.9
_SMALLEST_PX = 4.0

#: (78 or so, h, w) maps for a (3, H, W) input.
Forward = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True)
class Box:
    """A square in the picture, pixels.

    Attributes:
        left: Its left side.
        top: Its upper side.
        side: Its width and height.
    """

    left: float
    top: float
    side: float


def hand_box(body: NDArray[np.float32], side: str) -> Box | None:
    """Where a hand must be.

    Args:
        body: (25, 3) pixels and confidence.
        side: `left` or `right`, the signer's own.

    Returns:
        The box, None where the arm is not seen.
    """
    shoulder, elbow, wrist = (body[BODY_25.index(f"{side}_{joint}")] for joint in ("shoulder", "elbow", "wrist"))
    if min(shoulder[2], elbow[2], wrist[2]) <= _MIN_CONFIDENCE:
        return None
    middle = wrist[:2] + _BEYOND * (wrist[:2] - elbow[:2])
    return _box(middle, max(_FOREARMS * _apart(wrist, elbow), _UPPER_ARMS * _apart(elbow, shoulder)))


def face_box(body: NDArray[np.float32]) -> Box | None:
    """Where the face must be: the mean of what neck and nose, the eyes and the ears say.

    Args:
        body: (25, 3) pixels and confidence.

    Returns:
        The box, None where neither of these pairs is seen.
    """
    said = [box for box in (_by_neck(body), _by_pair(body, "eye", 3.0), _by_pair(body, "ear", 2.0)) if box is not None]
    if not said:
        return None
    return _box(np.mean([middle for middle, _ in said], axis=0), float(np.mean([side for _, side in said])))


def find_points(
    picture: NDArray[np.uint8], box: Box, size: int, forward: Forward, n_points: int, mirrored: bool = False
) -> NDArray[np.float32]:
    """The points of a hand or face in its box.

    Args:
        picture: (H, W, 3) uint8 RGB.
        box: Where it is.
        size: Width and height of the network's input, pixels.
        forward: The network: (3, size, size) to (n_points + 1, size / 8, size / 8), the last one the background.
        n_points: Number of points.
        mirrored: Show it the other way round: the network of hands knows right ones.

    Returns:
        (n_points, 3) float32 pixels of the picture and height of the heat map.
    """
    scale = box.side / size
    # From the middle of a pixel of the cut-out to the picture.
    x_scale, x_start = (-scale, box.left + box.side - scale / 2) if mirrored else (scale, box.left + scale / 2)
    to_picture = np.array([[x_scale, 0, x_start - 0.5], [0, scale, box.top + scale / 2 - 0.5]])
    cut = cv2.warpAffine(picture, to_picture, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    points = np.zeros((n_points, 3), np.float32)
    for point, heat in enumerate(forward(as_input(np.asarray(cut, np.uint8)))[:n_points]):
        row, column = (int(place) for place in np.unravel_index(int(heat.argmax()), heat.shape))
        if heat[row, column] > 0:
            points[point] = (*(to_picture @ [*place_finely(heat, row, column), 1]), heat[row, column])
    return points


def as_input(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(H, W, 3) RGB -> (3, H, W), blue first, -0.5 to 0.5: what OpenPose's networks were taught."""
    return np.ascontiguousarray(picture[..., ::-1].transpose(2, 0, 1), np.float32) / 256 - 0.5


def _by_neck(body: NDArray[np.float32]) -> tuple[NDArray[np.float32], float] | None:
    neck, nose = _point(body, "neck"), _point(body, "nose")
    if neck is None or nose is None:
        return None
    eyes_ears = {side: [_point(body, f"{side}_{part}") for part in ("eye", "ear")] for side in ("left", "right")}
    whole = {side: [point for point in points if point is not None] for side, points in eyes_ears.items()}
    seen = {side: len(points) for side, points in whole.items()}
    if sorted(seen.values()) == [0, 2]:
        # In profile one eye and its ear are seen.
        eye, ear = whole["left"] or whole["right"]
        side = 0.85 * (_apart(nose, eye) + _apart(nose, ear) + _apart(neck, nose))
        return np.mean([eye[:2], ear[:2], nose[:2]], axis=0), side
    return (neck[:2] + nose[:2]) / 2, 2 * _apart(neck, nose)


def _by_pair(body: NDArray[np.float32], part: str, sides: float) -> tuple[NDArray[np.float32], float] | None:
    left, right = _point(body, f"left_{part}"), _point(body, f"right_{part}")
    if left is None or right is None:
        return None
    return (left[:2] + right[:2]) / 2, sides * _apart(left, right)


def _point(body: NDArray[np.float32], name: str) -> NDArray[np.float32] | None:
    point: NDArray[np.float32] = body[BODY_25.index(name)]
    return point if point[2] > _MIN_CONFIDENCE else None


def _apart(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(a[:2] - b[:2]))


def _box(middle: NDArray[np.float32], side: float) -> Box | None:
    if side < _SMALLEST_PX:
        return None
    return Box(float(middle[0]) - side / 2, float(middle[1]) - side / 2, side)
