"""What `wholebody` needs, and what its results depend on; told without loading a network."""

from __future__ import annotations

from importlib import metadata, util
from pathlib import Path
from typing import Any

from ..errors import MissingError, UsageError
from ..options import PoseOptions, WholeBodyOptions
from .gpus import find_gpus
from .weights import sha256_of

#: ONNX Runtime comes under several names, one for each kind of device; all are imported by the same one.
_DISTRIBUTIONS = ("onnxruntime-gpu", "onnxruntime")
#: Raised when the same network would give other keypoints.
_VERSION = 1


def check(options: PoseOptions) -> None:
    """Nothing, where ONNX Runtime and the networks' files are there.

    Raises:
        MissingError: ONNX Runtime or a file is missing.
        UsageError: No network was named.
    """
    if util.find_spec("onnxruntime") is None:
        raise MissingError(
            'the estimator wholebody needs ONNX Runtime: pip install "prompt2sign[wholebody]", or on a GPU pip '
            "install onnxruntime-gpu in its place. Never both: they share a folder, and the one for the CPU may win "
            "(rtmlib brings it along unless installed with --no-deps)"
        )
    if options.wholebody.pose is None:
        raise UsageError(
            "the estimator wholebody needs the file of a network of 133 points (RTMW, DWPose, RTMPose wholebody): "
            "--points-onnx rtmw.onnx, and --people-onnx yolox.onnx for one that finds people; in a --pipeline file "
            "`pose: {wholebody: {pose: rtmw.onnx, det: yolox.onnx}}`"
        )
    if options.gpus:
        _check_gpus(options.gpus)
    for name, path in _networks(options.wholebody).items():
        if not path.is_file():
            raise MissingError(
                f"wholebody.{name}: there is no file {path}; networks are not fetched, not even by name or address: "
                "bring the ONNX file yourself"
            )


def _check_gpus(gpus: tuple[int, ...]) -> None:
    """Refuse GPUs that were asked for by number and would be passed over."""
    if not find_gpus(None):
        raise MissingError(f"--gpus {', '.join(map(str, gpus))}: no GPU is seen here; leave it out, or say --gpus none")
    find_gpus(gpus)
    if "CUDAExecutionProvider" not in _providers():
        raise MissingError(
            "--gpus: this ONNX Runtime knows no CUDA: pip uninstall onnxruntime, then pip install onnxruntime-gpu"
        )


def _providers() -> list[str]:
    import onnxruntime

    return list(onnxruntime.get_available_providers())


def identity(options: PoseOptions) -> Any:
    """What a result depends on, for fingerprints: the files' content and the settings, not where or how they run.

    None where a file is missing.
    """
    chosen = options.wholebody
    if not all(path.is_file() for path in _networks(chosen).values()):
        return None
    return {
        "version": _VERSION,
        "onnxruntime": onnxruntime_version(),
        "weights": {name: sha256_of(path) for name, path in _networks(chosen).items()},
        "settings": settings_of(chosen),
    }


def settings_of(options: WholeBodyOptions) -> dict[str, Any]:
    """The options that a result depends on."""
    names = ("people", "det_input_size", "pose_input_size")
    return {name: options.model_dump(mode="json")[name] for name in names}


def onnxruntime_version() -> str:
    """Version of ONNX Runtime, empty where it is not installed."""
    for name in _DISTRIBUTIONS:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return ""


def _networks(options: WholeBodyOptions) -> dict[str, Path]:
    return {name: path for name, path in (("det", options.det), ("pose", options.pose)) if path is not None}
