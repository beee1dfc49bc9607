"""What `openpose-dnn` needs, and what its results depend on; told without loading a network."""

from __future__ import annotations

import os
from importlib import metadata, util
from pathlib import Path
from typing import Any

from ..errors import MissingError, UsageError
from ..options import PoseOptions
from .openpose_flags import Flags, flags_of
from .openpose_models import check_models, hash_models, models_for

#: OpenCV comes under several names; the newest of those installed is what is imported, as a rule.
_DISTRIBUTIONS = ("opencv-python", "opencv-contrib-python", "opencv-python-headless", "opencv-contrib-python-headless")
_FIRST_WITHOUT_CAFFE = 5
#: Raised when the same networks would give other keypoints.
_VERSION = 1
#: What of OpenPose is done here, and at which values where there is no choice.
_KNOWN: Flags = {"model_pose": "BODY_25", "keypoint_scale": 0, "scale_number": 1, "hand_scale_number": 1}
_FREE = {"net_resolution", "hand", "hand_net_resolution", "face", "face_net_resolution", "number_people_max"}


def check(options: PoseOptions) -> None:
    """Nothing, where the networks' files are there and OpenCV reads them.

    Raises:
        MissingError: OpenCV or a file is missing, or is of a kind that cannot be used.
        UsageError: An option of OpenPose that is not done here.
    """
    flags = flags_here(options)
    version = opencv_version()
    if util.find_spec("cv2") is None or int(version.split(".")[0] or 0) >= _FIRST_WITHOUT_CAFFE:
        raise MissingError(
            f"openpose-dnn needs OpenCV 4, which reads Caffe's networks, and here is {version or 'none'}: "
            'pip install "opencv-python>=4.9,<5"'
        )
    check_models(models_folder(options), models_for(flags))


def identity(options: PoseOptions) -> Any:
    """What a result depends on, for fingerprints; None where a file is missing."""
    flags = flags_here(options)
    try:
        weights = hash_models(models_folder(options), models_for(flags))
    except (MissingError, OSError):
        return None
    return {"version": _VERSION, "opencv": opencv_version(), "weights": weights, "settings": flags}


def flags_here(options: PoseOptions) -> Flags:
    """OpenPose's flags, without those that have one value here.

    Raises:
        UsageError: One is asked for that is not done here.
    """
    flags = flags_of(options)
    foreign = [f"{name}={value}" for name, value in flags.items() if name not in _FREE and value != _KNOWN.get(name)]
    if foreign:
        raise UsageError(
            f"openpose-dnn looks at each picture once and knows nothing of {', '.join(foreign)}: take the presets "
            "fast or balanced, or OpenPose itself (--estimator openpose)"
        )
    return {name: value for name, value in flags.items() if name in _FREE}


def models_folder(options: PoseOptions) -> Path:
    """Folder of the networks: `openpose.models`, else `models` where OpenPose is.

    Raises:
        MissingError: Nobody says where.
    """
    if options.openpose.models:
        return options.openpose.models.absolute()
    home = options.openpose.folder or os.environ.get("OPENPOSE_HOME")
    if not home:
        raise MissingError(
            "openpose-dnn needs OpenPose's networks: say `--openpose DIR` (the folder that holds `models`), set "
            "OPENPOSE_HOME, or name `pose: {openpose: {models: DIR}}` in a --pipeline file"
        )
    return Path(home).absolute() / "models"


def opencv_version() -> str:
    """Version of OpenCV, empty where it is not installed."""
    found = []
    for name in _DISTRIBUTIONS:
        try:
            found.append(metadata.version(name))
        except metadata.PackageNotFoundError:
            continue
    return max(found, key=lambda version: [int(part) for part in version.split(".")[:3]], default="")
