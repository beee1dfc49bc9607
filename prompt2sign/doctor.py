"""What this machine has and lacks."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path

from .pipeline.progress import size


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: The thing.
        ok: It is there and works.
        found: What was found.
        remedy: What to do where it is not ok.
        needed: A build cannot do without it.
    """

    what: str
    ok: bool
    found: str
    remedy: str = ""
    needed: bool = True


def examine() -> list[Finding]:
    """Look at everything a build may use."""
    return [
        _python(),
        *(_package(name) for name in ("numpy", "pyarrow", "h5py", "pandas", "joblib")),
        _video(),
        _package(
            "mediapipe",
            what="estimator mediapipe",
            remedy='pip install "prompt2sign[mediapipe]" (Python 3.11 or 3.12); ready keypoints need no estimator',
            needed=False,
        ),
        _openpose(),
        _package(
            "onnxruntime",
            what="ONNX Runtime, for the estimator wholebody",
            remedy='pip install "prompt2sign[wholebody]"',
            needed=False,
        ),
        _package("pose_format", what=".pose files", remedy='pip install "prompt2sign[pose]"', needed=False),
        _video_sites(),
        _package("py7zr", what="7z archives", remedy='pip install "prompt2sign[download]"', needed=False),
        _gpu(),
        _disk(),
    ]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", sys.version_info >= (3, 11), version, "install Python 3.11 or 3.12")


def _package(name: str, what: str = "", remedy: str = "", needed: bool = True) -> Finding:
    """Import it: pip resolves sets of packages that do not import together."""
    what, remedy = what or name, remedy or f"pip install --force-reinstall {name}"
    return _tried(what, lambda: (import_module(name), metadata.version(name.replace("_", "-")))[1], remedy, needed)


def _video() -> Finding:
    def h264() -> str:
        import av

        av.codec.Codec("libx264", "w")
        return f"PyAV {av.__version__} with its own FFmpeg and libx264"

    return _tried("video", h264, "pip install --force-reinstall av", needed=True)


def _video_sites() -> Finding:
    """yt-dlp, and what it needs to get past the scripts of video sites."""
    from .acquire.sites import site_needs

    lacking = site_needs()
    found = "; ".join(lacking) or f"yt-dlp {metadata.version('yt-dlp')}"
    return Finding("video sites", not lacking, found, "corpora that are on YouTube need it", needed=False)


def _openpose() -> Finding:
    """By OPENPOSE_HOME, Python's path and PATH, with all its parts; options may lead elsewhere."""
    from .errors import Prompt2SignError
    from .estimators.openpose_look import check, find_openpose
    from .options import PoseOptions

    options = PoseOptions(estimator="openpose")
    try:
        check(options)
    except Prompt2SignError as error:
        # What is missing, without the ways to get it, which are longer than all else that is said here.
        found = re.split(r"\.?\s+Get (?:it|them) ", str(error))[0]
        return Finding("estimator openpose", False, found, "docs/openpose.md says how to get it", needed=False)
    installation = find_openpose(options.openpose)
    doors = {"pyopenpose": installation.binding is not None, "openpose.bin": installation.program is not None}
    found = " and ".join(name for name, there in doors.items() if there)
    return Finding("estimator openpose", True, f"{found} {installation.version}".strip(), needed=False)


def _tried(what: str, attempt: Callable[[], str], remedy: str, needed: bool) -> Finding:
    try:
        return Finding(what, True, attempt(), remedy, needed)
    except ModuleNotFoundError:
        return Finding(what, False, "not installed", remedy, needed)
    except Exception as error:
        return Finding(what, False, f"{type(error).__name__}: {error}", remedy, needed)


def _gpu() -> Finding:
    program = shutil.which("nvidia-smi")
    if program is None:
        return Finding("GPU", False, "none seen; the embedded estimator runs on the CPU", needed=False)
    query = [program, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    names = subprocess.run(query, capture_output=True, text=True, check=False, timeout=20).stdout.strip()
    return Finding("GPU", bool(names), names.replace("\n", "; ") or "nvidia-smi sees none", needed=False)


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free
    return Finding("disk", free > 2e9, f"{size(free)} free here", "free some space, or give --work on another disk")
