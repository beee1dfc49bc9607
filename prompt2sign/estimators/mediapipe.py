"""The embedded estimator: MediaPipe on the CPU, with the weights its wheel carries.

Pose finds the body in the whole picture; hands and face are then looked for in boxes that are fixed through the clip,
where they are larger and tracking survives. `quality="high"` asks Holistic about the hands that are still missing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats.keypoints import Keypoints
from ..media import Frames
from ..options import PoseOptions
from ..skeleton import (
    BODY_25_FROM_MEDIAPIPE,
    FACE_68_FROM_MEDIAPIPE,
    KEYPOINTS_BODY,
    KEYPOINTS_FACE,
    KEYPOINTS_LEFT_HAND,
    KEYPOINTS_RIGHT_HAND,
    N_KEYPOINTS,
)
from .mediapipe_body import BodyTrack, track_body
from .mediapipe_hands import GATE, SECOND_GATE, SECOND_LOOK, Hand, HandFinder, fill_from_holistic
from .quiet import native_stderr_silenced

_HANDS = (KEYPOINTS_LEFT_HAND, KEYPOINTS_RIGHT_HAND)


class MediaPipeEstimator:
    """MediaPipe Pose, Hands and Face Mesh; every clip gets graphs of its own, so that clips cannot touch each other.

    Args:
        options: Of these, `quality`: `fast`, or `high` to fill missing hands from Holistic (about twice the time).
    """

    name = "mediapipe"

    def __init__(self, options: PoseOptions) -> None:
        self.quality: str = options.quality
        self.version = metadata.version("mediapipe")
        with native_stderr_silenced():
            import cv2
            import mediapipe

        # The build runs one process a core.
        cv2.setNumThreads(1)
        self._package = Path(mediapipe.__file__).parent
        self._solutions: Any = mediapipe.solutions

    def describe(self) -> dict[str, Any]:
        """Name, version, weights and settings, for the release."""
        return {
            "name": self.name,
            "version": self.version,
            "weights": _weights(self._package, self.quality),
            "settings": {
                "quality": self.quality,
                "model_complexity": 1,
                "hand_gate": GATE,
                "second_look": SECOND_LOOK,
                "second_look_gate": SECOND_GATE,
            },
        }

    def estimate(self, video: Frames) -> tuple[Keypoints, dict[str, Any]]:
        """Keypoints of every frame.

        Returns:
            The keypoints, and measurements: `body_rate`, `face_rate`, `left_hand_rate`, `right_hand_rate` (share of
            frames) and `hands_tracked`, `hands_second_look`, `hands_filled` (counts).

        Raises:
            ClipRejected: `nobody` is to be seen, or the video cannot be read to its end.
        """
        with native_stderr_silenced():
            body = track_body(self._solutions, video)
            hands, faces, counts = self._look_closer(video, body)
            if self.quality == "high" and any(hand is None for sides in hands for hand in sides):
                counts["filled"] = fill_from_holistic(self._solutions, video, body, hands)
        xyc, world = _openpose(body, hands, faces)
        keypoints = Keypoints(
            xyc=xyc,
            fps=video.info.fps,
            width=video.info.width,
            height=video.info.height,
            estimator=f"{self.name} {self.version}",
            world=world,
        )
        sources = {f"hands_{source}": counts[source] for source in ("tracked", "second_look", "filled")}
        return keypoints, {**_rates(xyc), **sources}

    def close(self) -> None:
        """Nothing is held between clips."""

    def _look_closer(
        self, video: Frames, body: BodyTrack
    ) -> tuple[list[list[Hand | None]], list[NDArray[np.float32] | None], Counter[str]]:
        """Second pass: hands in the signing space, the face in the head's box."""
        size = (video.info.width, video.info.height)
        head, points = body.head_box(*size), body.nearest()
        finder = HandFinder(self._solutions, body.signing_box(*size), body.shoulder_px)
        hands, faces = [], []
        with closing(finder), self._solutions.face_mesh.FaceMesh() as mesh:
            for picture, joints in zip(video.frames(), points, strict=True):
                hands.append(finder.find(picture, joints))
                found = mesh.process(head.cut(picture)).multi_face_landmarks
                faces.append(head.points(found[0])[list(FACE_68_FROM_MEDIAPIPE)] if found else None)
        return hands, faces, finder.counts


def _openpose(
    body: BodyTrack, hands: list[list[Hand | None]], faces: list[NDArray[np.float32] | None]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Pixels with confidence and metres in the 137-point layout, both (T, 137, 3).

    A middle of two points is as visible as the less visible one. Hands and face come without a confidence of each
    point: it is 1. Metres are NaN where there are none, the face among them; the body's are relative to the middle of
    the hips, a hand's to its root.
    """
    xyc = np.zeros((len(hands), N_KEYPOINTS, 3), dtype=np.float32)
    world = np.full_like(xyc, np.nan)
    for joint, sources in BODY_25_FROM_MEDIAPIPE.items():
        points = body.xyv[:, sources]
        xyc[:, joint, :2] = points[:, :, :2].mean(axis=1)
        xyc[:, joint, 2] = points[:, :, 2].min(axis=1)
        world[:, joint] = body.world[:, sources].mean(axis=1)
    for number, (sides, face) in enumerate(zip(hands, faces, strict=True)):
        if face is not None:
            xyc[number, KEYPOINTS_FACE][:68] = np.hstack([face, np.ones((68, 1))])
        for side, hand in enumerate(sides):
            if hand is not None:
                xyc[number, _HANDS[side]] = np.hstack([hand[:, :2], np.ones((21, 1))])
                world[number, _HANDS[side]] = hand[:, 2:]
    return xyc, world


def _rates(xyc: NDArray[np.float32]) -> dict[str, float]:
    """Share of the frames in which each part is found."""
    parts = {
        "body_rate": KEYPOINTS_BODY,
        "face_rate": KEYPOINTS_FACE,
        "left_hand_rate": KEYPOINTS_LEFT_HAND,
        "right_hand_rate": KEYPOINTS_RIGHT_HAND,
    }
    return {name: float((xyc[:, part, 2].max(axis=1) > 0).mean()) for name, part in parts.items()}


def _weights(package: Path, quality: str) -> dict[str, str]:
    """SHA-256 of each network used, by its file name."""
    names = ["pose_detection", "pose_landmark_full", "palm_detection_full", "hand_landmark_full"]
    names += ["face_detection_short_range", "face_landmark"]
    names += ["hand_recrop"] if quality == "high" else []
    files = {path.stem: path for path in package.glob("modules/*/*.tflite")}
    return {files[name].name: hashlib.sha256(files[name].read_bytes()).hexdigest() for name in names}
