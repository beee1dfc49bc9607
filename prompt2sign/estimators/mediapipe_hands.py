"""Second pass over a clip: the hands, each given to the side whose wrist it hangs on.

MediaPipe's own left/right label is wrong too often to be used, so position decides: of all ways to give the hands found
to the two wrists of the body, the nearest one counts. A side that stays without a hand gets a second look at a small
cut round its wrist, where the palm detector sees it large.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..media import Frames
from .depth import FLATNESS, hand_metres, world_metres
from .mediapipe_body import WRISTS, BodyTrack, Box, box_in_picture

#: A tracked hand's root lies within this many shoulder widths of its wrist.
GATE = 0.6
#: A hand found by a second look must lie nearer, and not on the other hand.
SECOND_GATE, OTHER_GATE = 0.35, 0.15
#: Side of the square of the second look, in shoulder widths.
SECOND_LOOK = 1.0
# Of MediaPipe Pose: wrist, little finger and index finger of each side; their middle is about that of the palm.
_PALMS = ((15, 17, 19), (16, 18, 20))

#: (21, 5): picture pixels x, y; metres x, y, z relative to the hand's root, z towards the camera.
Hand = NDArray[np.float32]


@dataclass
class HandFinder:
    """Finds both hands frame by frame; made anew for each clip, because it tracks.

    Attributes:
        box: The signing space.
        shoulder_px: Shoulder width in pixels.
        counts: How many hands came from where: `tracked`, `second_look`.
    """

    solutions: Any
    box: Box
    shoulder_px: float
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        hands = self.solutions.hands.Hands
        self._tracker = hands(max_num_hands=2, model_complexity=1)
        self._looker = hands(static_image_mode=True, max_num_hands=1, model_complexity=1, min_detection_confidence=0.3)

    def close(self) -> None:
        """Let the graphs go."""
        self._tracker.close()
        self._looker.close()

    def find(self, picture: NDArray[np.uint8], body: NDArray[np.float32]) -> list[Hand | None]:
        """Left and right hand of the signer.

        Args:
            picture: (H, W, 3) RGB.
            body: (33, 2) points of the body in pixels.

        Returns:
            None where a hand is not found.
        """
        found = _hands(self._tracker.process(self.box.cut(picture)), self.box)
        sides = assign(found, body[list(WRISTS)], GATE * self.shoulder_px)
        self.counts["tracked"] += sum(hand is not None for hand in sides)
        for side in (0, 1):
            if sides[side] is None:
                sides[side] = self._look_again(picture, body, side, sides[1 - side])
        return sides

    def _look_again(
        self, picture: NDArray[np.uint8], body: NDArray[np.float32], side: int, other: Hand | None
    ) -> Hand | None:
        """Look for the hand of one side in a square round its palm."""
        centre, reach = body[list(_PALMS[side])].mean(axis=0), SECOND_LOOK * self.shoulder_px / 2
        height, width = picture.shape[:2]
        if not np.all((-reach < centre) & (centre < (width + reach, height + reach))):
            return None
        box = box_in_picture(centre - reach, centre + reach, width, height)
        for hand in _hands(self._looker.process(box.cut(picture)), box):
            if fits(hand, body[WRISTS[side]], other, self.shoulder_px):
                self.counts["second_look"] += 1
                return hand
        return None


def assign(found: list[Hand], wrists: NDArray[np.float32], gate_px: float) -> list[Hand | None]:
    """Give at most two hands to the two sides so that as many as can be lie near their wrist, and then the nearest.

    Args:
        found: The hands.
        wrists: (2, 2) left and right wrist in pixels.
        gate_px: A hand farther from a wrist is not that side's.

    Returns:
        Left and right hand, None where none was given.
    """
    best: tuple[int, float, list[Hand | None]] = (0, 0.0, [None, None])
    for order in ((0, 1), (1, 0)):
        sides: list[Hand | None] = [None, None]
        total = 0.0
        for hand, side in zip(found, order, strict=False):
            distance = float(np.linalg.norm(hand[0, :2] - wrists[side]))
            if distance <= gate_px:
                sides[side], total = hand, total - distance
        best = max(best, (sum(hand is not None for hand in sides), total, sides), key=lambda way: way[:2])
    return best[2]


def fits(hand: Hand, wrist: NDArray[np.float32], other: Hand | None, shoulder_px: float) -> bool:
    """Is a hand found by a second look on its own wrist, and not the other hand once more?"""
    near = float(np.linalg.norm(hand[0, :2] - wrist)) <= SECOND_GATE * shoulder_px
    return near and (other is None or float(np.linalg.norm(hand[0, :2] - other[0, :2])) > OTHER_GATE * shoulder_px)


def fill_from_holistic(solutions: Any, video: Frames, body: BodyTrack, sides: list[list[Hand | None]]) -> int:
    """Ask MediaPipe Holistic about the hands that are missing, and put those that fit into `sides`.

    Args:
        solutions: MediaPipe's.
        video: The clip.
        body: Its body.
        sides: (T, 2) hands, changed in place.

    Returns:
        How many were filled.
    """
    size, points, n_filled = (video.info.width, video.info.height), body.nearest(), 0
    with solutions.holistic.Holistic(model_complexity=1) as holistic:
        for number, picture in enumerate(video.frames()):
            found = holistic.process(picture)
            for side, landmarks in enumerate((found.left_hand_landmarks, found.right_hand_landmarks)):
                if sides[number][side] is None and landmarks is not None:
                    hand = _picture_hand(landmarks, size, body.pixels_a_metre)
                    if fits(hand, points[number, WRISTS[side]], sides[number][1 - side], body.shoulder_px):
                        sides[number][side] = hand
                        n_filled += 1
    return n_filled


def _hands(found: Any, box: Box) -> list[Hand]:
    pairs = zip(found.multi_hand_landmarks or [], found.multi_hand_world_landmarks or [], strict=True)
    return [_hand(box, landmarks, world_metres(world)) for landmarks, world in pairs]


def _hand(box: Box, landmarks: Any, metres: NDArray[np.float32]) -> Hand:
    """The model's metres have the hand's middle at the origin."""
    return np.hstack([box.points(landmarks), metres - metres[0]])


def _picture_hand(landmarks: Any, size: tuple[int, int], pixels_a_metre: float) -> Hand:
    """A hand of Holistic, which gives the points in the picture alone; their z is in widths of the picture."""
    width, height = size
    points = np.array([(point.x, point.y, point.z) for point in landmarks.landmark], dtype=np.float32)
    points *= np.array((width, height, width), dtype=np.float32)
    return np.hstack([points[:, :2], hand_metres(points, pixels_a_metre, FLATNESS)])
