"""What an estimator is, and how one is found by name."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from importlib import metadata, util
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import MissingError, UsageError

if TYPE_CHECKING:
    # A version is asked for at each start of a build: h5py and PyAV must not be loaded for it.
    from ..formats.keypoints import Keypoints
    from ..media import Frames


class Estimator(Protocol):
    """Finds 2D keypoints in a clip.

    Made once a process and used for many clips; what it says of a clip depends on that clip alone.

    Attributes:
        name: As `--estimator` takes it.
        version: Of the package that does the work.
    """

    name: str
    version: str

    def describe(self) -> dict[str, Any]:
        """What goes into the release: `name`, `version`, `weights` (file name to sha256), `settings`."""

    def estimate(self, video: Frames) -> tuple[Keypoints, dict[str, Any]]:
        """Keypoints of every frame, and measurements (JSON types).

        Raises:
            ClipRejected: `nobody` is to be seen, or the video cannot be read.
        """

    def close(self) -> None:
        """Let go of memory and devices."""


@dataclass(frozen=True)
class _Entry:
    module: str
    factory: str
    package: str
    extra: str


#: `--estimator` names. An entry names the module and its factory (called with `quality`), the package it stands on,
#: and the extra that installs it.
ESTIMATORS = {
    "mediapipe": _Entry("prompt2sign.estimators.mediapipe", "MediaPipeEstimator", "mediapipe", "mediapipe"),
}


def get_estimator(name: str, quality: str = "fast") -> Estimator:
    """The estimator called `name`, loaded.

    Args:
        name: One of `ESTIMATORS`.
        quality: `fast`, or `high` for a second, slower look where hands are missing.

    Raises:
        UsageError: There is no such estimator.
        MissingError: Its package is not installed.
    """
    require_installed(name)
    entry = _entry(name)
    factory = getattr(importlib.import_module(entry.module), entry.factory)
    estimator: Estimator = factory(quality)
    return estimator


def require_installed(name: str) -> None:
    """Nothing, where the estimator's package is there; imports nothing.

    Raises:
        UsageError: There is no such estimator.
        MissingError: Its package is not installed.
    """
    if installed_version(name) is None:
        raise MissingError(
            f'the estimator {name} needs a package: pip install "prompt2sign[{_entry(name).extra}]" '
            "(Python 3.11 or 3.12)"
        )


def installed_version(name: str) -> str | None:
    """Version of the package the estimator stands on, None where it is not installed; imports nothing.

    Raises:
        UsageError: There is no such estimator.
    """
    package = _entry(name).package
    return metadata.version(package) if util.find_spec(package) else None


def _entry(name: str) -> _Entry:
    if name not in ESTIMATORS:
        raise UsageError(f"no estimator is called {name!r}; there are: {', '.join(sorted(ESTIMATORS))}")
    return ESTIMATORS[name]
