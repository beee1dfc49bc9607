"""OpenPose's networks: which files each part needs, whether they are there and whole, and what they hold.

Looked at before OpenPose is started, because it does not say when one is missing: pyopenpose answers every frame with
False, and its process ends well.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import MissingError
from .openpose_flags import Flags
from .weights import sha256_of

HOW_TO_GET = (
    "OpenPose's own download script (models/getModels.sh), or the places that docs/openpose.md names; they are for "
    "non-commercial research and cannot be shipped"
)


@dataclass(frozen=True)
class Model:
    """One network.

    Attributes:
        prototxt: Its description, below the folder of models.
        caffemodel: Its weights, below the folder of models.
        least_bytes: Weights of fewer bytes were cut off; the published ones are a few per cent larger.
    """

    prototxt: str
    caffemodel: str
    least_bytes: int


BODY_25 = Model("pose/body_25/pose_deploy.prototxt", "pose/body_25/pose_iter_584000.caffemodel", 100_000_000)
HAND = Model("hand/pose_deploy.prototxt", "hand/pose_iter_102000.caffemodel", 140_000_000)
FACE = Model("face/pose_deploy.prototxt", "face/pose_iter_116000.caffemodel", 145_000_000)


def models_for(flags: Flags) -> list[Model]:
    """The networks that these flags need."""
    return [BODY_25, *([HAND] if flags.get("hand") else []), *([FACE] if flags.get("face") else [])]


def check_models(folder: Path, models: list[Model]) -> None:
    """Nothing, where all files are there and of a size that can be.

    Raises:
        MissingError: Which are not, and how to get them.
    """
    faults = [fault for model in models for fault in _faults(folder, model)]
    if faults:
        lines = "\n".join(f"  {fault}" for fault in faults)
        raise MissingError(f"OpenPose's models in {folder} are not complete:\n{lines}\nGet them with {HOW_TO_GET}.")


def hash_models(folder: Path, models: list[Model]) -> dict[str, str]:
    """SHA-256 of the weights by file name; what each description holds is part of OpenPose."""
    return {Path(model.caffemodel).name: sha256_of(folder / model.caffemodel) for model in models}


def _faults(folder: Path, model: Model) -> list[str]:
    faults = []
    if not _n_bytes(folder / model.prototxt):
        faults.append(f"{model.prototxt} is missing (it comes with OpenPose's source)")
    n_bytes = _n_bytes(folder / model.caffemodel)
    if n_bytes is None:
        faults.append(f"{model.caffemodel} is missing")
    elif n_bytes < model.least_bytes:
        faults.append(
            f"{model.caffemodel} is cut off: {n_bytes:,} bytes, at least {model.least_bytes:,} were expected; "
            "download it again"
        )
    return faults


def _n_bytes(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
