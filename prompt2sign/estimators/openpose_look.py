"""Where OpenPose is, and whether a build can use it; starts nothing and loads nothing.

It has two doors: pyopenpose, its Python binding, and openpose.bin, its program.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from importlib.machinery import all_suffixes
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import MissingError, UsageError
from ..options import OpenPoseOptions, PoseOptions
from .gpus import find_gpus
from .openpose_flags import flags_of, preset_of
from .openpose_models import check_models, hash_models, models_for

_PROGRAM = "openpose.bin"
#: Below the folder of OpenPose, as its build and its `make install` leave them.
_PROGRAM_PLACES = ("build/examples/openpose", "bin", "examples/openpose", "")
_BINDING_PLACES = ("build/python", "python", "")
_LIBRARY_PLACES = ("build/src/openpose", "lib", "src/openpose")

_THREE_WAYS = """Get it in one of three ways:
  1. the image of docker/Dockerfile.openpose (docker/README.md), which holds both;
  2. build it as docs/openpose.md says, then `--openpose DIR` or OPENPOSE_HOME=DIR;
  3. take another estimator: `--estimator mediapipe` needs nothing, `--keypoints DIR` takes JSON that OpenPose wrote
     elsewhere."""


@dataclass(frozen=True)
class Installation:
    """What was found.

    Attributes:
        binding: Folder to put on Python's path for pyopenpose; "" where it can be imported as it is, None where it is
            not there or not wanted.
        program: openpose.bin, None where it is not there or not wanted.
        models: Folder of the networks.
        version: As its library's file name tells, "" where it does not.
    """

    binding: str | None
    program: Path | None
    models: Path
    version: str


def check(options: PoseOptions) -> None:
    """Nothing, where OpenPose, its networks and a GPU are there.

    Raises:
        MissingError: What is missing, and how to get it.
        UsageError: Options contradict each other.
    """
    installation = find_openpose(options.openpose)
    check_models(installation.models, models_for(flags_of(options)))
    if options.gpus != () and not find_gpus(options.gpus):
        raise MissingError(
            "OpenPose needs a GPU, and none is seen (nvidia-smi -L; in a container: docker run --gpus all). A build of "
            "OpenPose for CPUs takes some 20 s a frame; if that is what you have, say --gpus none"
        )


def identity(options: PoseOptions) -> Any:
    """Flags and weights; not the door, for both give the same numbers but for the last digit."""
    flags = flags_of(options)
    try:
        return [flags, hash_models(find_openpose(options.openpose).models, models_for(flags))]
    except (MissingError, OSError):
        return None


def settings_of(options: PoseOptions) -> dict[str, Any]:
    """What a release says of OpenPose's options."""
    return {"preset": preset_of(options), **flags_of(options)}


def find_openpose(options: OpenPoseOptions) -> Installation:
    """Look for OpenPose: `openpose.folder`, else OPENPOSE_HOME, else Python's path and PATH.

    Raises:
        MissingError: Neither door is there, or not the one asked for.
        UsageError: JSON is to be kept, but not by the program, which alone writes any.
    """
    if options.keep_json and options.door == "binding":
        raise UsageError("openpose.keep_json: only OpenPose's program writes JSON; take openpose.door: binary")
    home = _home(options)
    binding = _find_binding(home) if options.door != "binary" and not options.keep_json else None
    program = _find_program(home) if options.door != "binding" else None
    if binding is None and program is None:
        raise MissingError(_not_found(options, home))
    return Installation(binding, program, find_models(options, program), _find_version(home, program))


def _home(options: OpenPoseOptions) -> Path | None:
    home = options.folder or (Path(os.environ["OPENPOSE_HOME"]) if os.environ.get("OPENPOSE_HOME") else None)
    return home.absolute() if home else None


def _find_binding(home: Path | None) -> str | None:
    for place in _BINDING_PLACES if home else ():
        assert home is not None
        if _holds_binding(home / place / "openpose") or _holds_binding(home / place):
            return str(home / place)
    package = find_spec("openpose")  # other packages are called so as well
    inside = package.submodule_search_locations if package else None
    return "" if find_spec("pyopenpose") or any(_holds_binding(Path(place)) for place in inside or ()) else None


def _holds_binding(folder: Path) -> bool:
    """Is there a pyopenpose that this Python can load, not one that was built for another?"""
    return any((folder / f"pyopenpose{suffix}").is_file() for suffix in all_suffixes())


def _find_program(home: Path | None) -> Path | None:
    for place in _PROGRAM_PLACES if home else ():
        assert home is not None
        if os.access(home / place / _PROGRAM, os.X_OK):
            return home / place / _PROGRAM
    on_path = shutil.which(_PROGRAM)
    return Path(on_path) if on_path else None


def find_models(options: OpenPoseOptions, program: Path | None = None) -> Path:
    """The folder of networks: as the options say, else `models` in OpenPose's folder, as far as that is known."""
    home = _home(options)
    if options.models:
        return options.models.absolute()
    if home is None and program is not None:
        beside = [parent / "models" for parent in program.resolve().parents if (parent / "models").is_dir()]
        return beside[0] if beside else program.parent / "models"
    return (home or Path.cwd()) / "models"


def _find_version(home: Path | None, program: Path | None) -> str:
    """`1.7.0` of `libopenpose.so.1.7.0`: neither door tells its version."""
    roots = [home] if home else list(program.resolve().parents)[:4] if program else []
    for root in roots:
        for place in _LIBRARY_PLACES:
            for library in sorted((root / place).glob("libopenpose.so.*.*")):
                if match := re.fullmatch(r"libopenpose\.so\.(\d+(?:\.\d+)+)", library.name):
                    return match.group(1)
    return ""


def _not_found(options: OpenPoseOptions, home: Path | None) -> str:
    python = ".".join(map(str, sys.version_info[:2]))
    wanted = {
        "auto": f"neither pyopenpose for Python {python} nor {_PROGRAM}",
        "binding": f"no pyopenpose for Python {python} (openpose.door: binding)",
        "binary": f"no {_PROGRAM} (openpose.door: binary)",
    }["binary" if options.keep_json else options.door]
    where = (
        f"in {home}, on Python's path or on PATH" if home else "on Python's path or on PATH; OPENPOSE_HOME is not set"
    )
    return f"OpenPose was not found: {wanted} {where}. {_THREE_WAYS}"
