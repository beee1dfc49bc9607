"""The estimator `openpose-dnn`: OpenPose's own networks in OpenCV, for those who have the weights and no OpenPose.

Bodies of every frame first, then the signer among them, then the signer's hands and face: a network a part, about a
second each on one core, is too dear for passers-by.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import MissingError
from ..formats.keypoints import Keypoints
from ..media import Frames
from ..options import PoseOptions
from ..skeleton import (
    HAND,
    KEYPOINTS_BODY,
    KEYPOINTS_FACE,
    KEYPOINTS_LEFT_HAND,
    KEYPOINTS_RIGHT_HAND,
    N_KEYPOINTS,
)
from .importers import signer_of
from .json_frames import People
from .openpose_dnn_crops import as_input, face_box, find_points, hand_box
from .openpose_dnn_look import check, flags_here, models_folder, opencv_version
from .openpose_models import BODY_25, FACE, Model, hash_models, models_for
from .openpose_models import HAND as HAND_MODEL
from .part_affinity import N_MAPS, group_people

_SIXTEEN = 16
_N_FACE = KEYPOINTS_FACE.stop - KEYPOINTS_FACE.start


class OpenPoseDnnEstimator:
    """OpenPose's networks, loaded once.

    Args:
        options: `openpose` says where the models are, and how large pictures are looked at.

    Raises:
        MissingError: A file is missing, or this OpenCV does not read it.
        UsageError: An option of OpenPose that is not done here.
    """

    name = "openpose-dnn"

    def __init__(self, options: PoseOptions) -> None:
        check(options)
        self.flags, self.version = flags_here(options), opencv_version()
        self._folder = models_folder(options)
        # The build runs one process a core.
        cv2.setNumThreads(1)
        self._nets = {model: _load(self._folder, model) for model in models_for(self.flags)}

    def describe(self) -> dict[str, Any]:
        """Name, version, weights and settings, for the release."""
        return {
            "name": self.name,
            "version": self.version,
            "weights": hash_models(self._folder, list(self._nets)),
            "settings": dict(self.flags),
        }

    def estimate(self, video: Frames) -> tuple[Keypoints, dict[str, Any]]:
        """Keypoints of every frame.

        Returns:
            The keypoints, and measurements: `n_empty_frames` (nobody), `n_absent_frames` (somebody, but not the
            signer), `n_people_max`.

        Raises:
            ClipRejected: `nobody` is to be seen, or the video cannot be read to its end.
            MissingError: A network is not OpenPose's.
        """
        bodies = [self._bodies(picture) for picture in video.frames()]
        frames = np.repeat(np.arange(len(bodies)), [len(found) for found in bodies])
        xyc = np.zeros((len(frames), N_KEYPOINTS, 3), np.float32)
        if len(xyc):
            xyc[:, KEYPOINTS_BODY] = np.concatenate(bodies)
        about = f"{self.name} opencv {self.version}"
        values: dict[str, Any] = {"n_missing_frames": 0}
        signer, _ = signer_of(People(xyc, frames, len(bodies), about), video.path, values)
        for picture, points in zip(video.frames(), signer, strict=True):
            self._look_closer(picture, points)
        info = video.info
        return Keypoints(signer, info.fps, info.width, info.height, about), values

    def close(self) -> None:
        """Nothing is held but the networks, which go with the estimator."""

    def _bodies(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(P, 25, 3) everybody, pixels of the picture."""
        height, width = picture.shape[:2]
        columns, rows = input_size(str(self.flags["net_resolution"]), width, height)
        scale = min(columns / width, rows / height)
        fitted = np.zeros((rows, columns, 3), np.uint8)
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        fitted[: inner[1], : inner[0]] = cv2.resize(picture, inner, interpolation=cv2.INTER_AREA)
        maps = self._forward(BODY_25, N_MAPS, as_input(fitted))
        people = group_people(maps, int(self.flags["number_people_max"]))
        found = people[..., 2] > 0
        people[found, :2] = (people[found, :2] + 0.5) * (np.array([width, height]) / inner) - 0.5
        return people

    def _look_closer(self, picture: NDArray[np.uint8], points: NDArray[np.float32]) -> None:
        """Hands and face of one person, put into `points`, (137, 3)."""
        body = points[KEYPOINTS_BODY]
        if self.flags["hand"]:
            size, forward = _side(self.flags["hand_net_resolution"]), partial(self._forward, HAND_MODEL, len(HAND) + 1)
            for side, place in (("left", KEYPOINTS_LEFT_HAND), ("right", KEYPOINTS_RIGHT_HAND)):
                if box := hand_box(body, side):
                    points[place] = find_points(picture, box, size, forward, len(HAND), mirrored=side == "left")
        if self.flags["face"] and (box := face_box(body)):
            size, forward = _side(self.flags["face_net_resolution"]), partial(self._forward, FACE, _N_FACE + 1)
            points[KEYPOINTS_FACE] = find_points(picture, box, size, forward, _N_FACE)

    def _forward(self, model: Model, n_maps: int, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n_maps, h, w) what a network gives for (3, H, W)."""
        net = self._nets[model]
        try:
            net.setInput(planes[None])
            maps = np.asarray(net.forward(), np.float32)
        except cv2.error as error:
            raise MissingError(_not_openpose(self._folder / model.prototxt, str(error))) from error
        if maps.ndim != 4 or maps.shape[1] != n_maps:
            raise MissingError(_not_openpose(self._folder / model.prototxt, f"it gives {maps.shape}"))
        of_picture: NDArray[np.float32] = maps[0]
        return of_picture


def input_size(resolution: str, width: int, height: int) -> tuple[int, int]:
    """`net_resolution` for a picture: width and height in multiples of 16; -1 follows from the picture's shape."""
    columns, rows = (float(side) for side in resolution.split("x"))
    if columns == -1:
        columns = rows * width / height
    elif rows == -1:
        rows = columns * height / width
    return _sixteenths(columns), _sixteenths(rows)


def _sixteenths(side: float) -> int:
    return max(_SIXTEEN, _SIXTEEN * round(side / _SIXTEEN))


def _side(resolution: object) -> int:
    """Hands and faces are looked at in squares."""
    return min(int(side) for side in str(resolution).split("x") if side != "-1")


def _load(folder: Path, model: Model) -> Any:
    try:
        return cv2.dnn.readNetFromCaffe(str(folder / model.prototxt), str(folder / model.caffemodel))
    except cv2.error as error:
        raise MissingError(_not_openpose(folder / model.caffemodel, str(error))) from error


def _not_openpose(path: Path, why: str) -> str:
    reason = " ".join(why.split())[:200]
    return f"{path}: OpenCV cannot use it as OpenPose's network ({reason}); download the file again"
