"""The estimator `wholebody`: RTMW, RTMPose or DWPose networks on ONNX Runtime, on a GPU or the CPU.

One network finds people, another their 133 points, both in batches, while the next frames are decoded. Whoever is the
signer is chosen afterwards, as for imported keypoints.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats.keypoints import Keypoints
from ..media import Frames
from ..options import PoseOptions
from ..skeleton import KEYPOINTS_LEFT_HAND, KEYPOINTS_RIGHT_HAND
from .importers import signer_of
from .json_frames import People
from .weights import sha256_of
from .wholebody_ahead import batches_ahead
from .wholebody_look import check, onnxruntime_version, settings_of
from .wholebody_map import N_WHOLE_BODY, openpose_from_whole_body
from .wholebody_network import Network
from .wholebody_people import Box, find_people
from .wholebody_points import find_points

#: A hand is counted as seen where its points are this sure in the middle.
_SEEN = 0.3
#: Frames of a batch, of which two are in memory at a time.
_MOST_BYTES = 1 << 29


class WholeBodyEstimator:
    """Networks of the user's, loaded once.

    Args:
        options: `wholebody` names the files.

    Raises:
        MissingError: ONNX Runtime, a file or the GPU that was asked for is missing.
        UsageError: A file is no network of the kind it should be.
    """

    name = "wholebody"

    def __init__(self, options: PoseOptions) -> None:
        check(options)
        self.options = options.wholebody
        self.version = onnxruntime_version()
        chosen = self.options
        assert chosen.pose is not None
        device = "cpu" if chosen.device == "auto" and options.gpus == () else chosen.device
        self._points = Network(chosen.pose, device, chosen.batch, chosen.pose_input_size)
        self._people = None
        if chosen.det is not None:
            self._people = Network(chosen.det, device, chosen.batch, chosen.det_input_size)

    def describe(self) -> dict[str, Any]:
        """Name, version, weights and settings, for the release."""
        files = [path for path in (self.options.det, self.options.pose) if path is not None]
        return {
            "name": self.name,
            "version": self.version,
            "weights": {path.name: sha256_of(path) for path in files},
            "settings": {**settings_of(self.options), "provider": self._points.provider},
        }

    def estimate(self, video: Frames) -> tuple[Keypoints, dict[str, Any]]:
        """Keypoints of every frame.

        Returns:
            The keypoints, and measurements: `n_empty_frames` (nobody), `n_absent_frames` (somebody, but not the
            signer), `n_people_max`, `left_hand_rate`, `right_hand_rate`.

        Raises:
            ClipRejected: `nobody` is to be seen, or the video cannot be read to its end.
            UsageError: A network is not of the kind it should be.
        """
        found: list[NDArray[np.float32]] = []
        frames: list[int] = []
        n_frames = 0
        info = video.info
        together = max(1, min(self.options.batch, _MOST_BYTES // (3 * info.width * info.height)))
        for pictures in batches_ahead(video.frames(), together):
            points, rows = self._look(pictures)
            found.append(points)
            frames += [n_frames + row for row in rows]
            n_frames += len(pictures)
        about = f"{self.name} onnxruntime {self.version}"
        people = People(np.concatenate(found), np.array(frames, np.intp), n_frames, about)
        values: dict[str, Any] = {"n_missing_frames": 0}
        xyc, _ = signer_of(people, video.path, values)
        return Keypoints(xyc, info.fps, info.width, info.height, about), {**values, **_rates(xyc)}

    def close(self) -> None:
        """Nothing is held but the networks, which go with the estimator."""

    def _look(self, pictures: Sequence[NDArray[np.uint8]]) -> tuple[NDArray[np.float32], list[int]]:
        """(N, 137, 3) everybody in some frames, and the row of `pictures` of each."""
        boxes = find_people(self._people, pictures, self.options.people) if self._people else _whole(pictures)
        rows = [row for row, of_frame in enumerate(boxes) for _ in of_frame]
        if not rows:
            return openpose_from_whole_body(np.zeros((0, N_WHOLE_BODY, 3), np.float32)), rows
        flat = [box for of_frame in boxes for box in of_frame]
        points = find_points(self._points, [pictures[row] for row in rows], flat)
        return openpose_from_whole_body(points), rows


def _whole(pictures: Sequence[NDArray[np.uint8]]) -> list[list[Box]]:
    """Without a network for people the picture is the signer's box."""
    return [[np.array([0, 0, picture.shape[1], picture.shape[0]], np.float64)] for picture in pictures]


def _rates(xyc: NDArray[np.float32]) -> dict[str, float]:
    hands = (("left", KEYPOINTS_LEFT_HAND), ("right", KEYPOINTS_RIGHT_HAND))
    return {f"{side}_hand_rate": float((np.median(xyc[:, hand, 2], axis=1) >= _SEEN).mean()) for side, hand in hands}
