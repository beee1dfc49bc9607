"""What an estimator is, and how one is found by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata, util
from typing import TYPE_CHECKING, Any, Protocol, cast

from ..errors import MissingError, UsageError
from ..options import PoseOptions

if TYPE_CHECKING:
    # Estimators are looked at on each start of a build: h5py and PyAV must not be loaded for it.
    from ..formats.keypoints import Keypoints
    from ..media import Frames


class Estimator(Protocol):
    """Finds 2D keypoints in a clip.

    Made once a process and used for many clips; what it says of a clip depends on that clip alone. One that runs on a
    GPU takes the first that it sees: `gpus` lets each process see one.

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


class Look(Protocol):
    """A first look at an estimator that loads nothing: a module with these functions, or `Package`."""

    def check(self, options: PoseOptions) -> None:
        """Nothing, where all that it needs is there.

        Raises:
            MissingError: A package, a program or a file is missing; the message says how to get it.
            UsageError: Its options do not fit together.
        """

    def identity(self, options: PoseOptions) -> Any:
        """Whatever its results depend on (JSON types): settings, and version or weights. None where it is missing."""


@dataclass(frozen=True)
class Package:
    """The look at an estimator that is a Python package with its weights.

    Attributes:
        package: Its name, for `import` and for pip alike.
        extra: Of prompt2sign, that installs it.
    """

    package: str
    extra: str

    def check(self, options: PoseOptions) -> None:
        """As `Look.check`."""
        if self.version() is None:
            raise MissingError(
                f'the estimator {options.estimator} needs a package: pip install "prompt2sign[{self.extra}]" '
                "(Python 3.11 or 3.12)"
            )

    def identity(self, options: PoseOptions) -> Any:
        """As `Look.identity`: the version."""
        return self.version()

    def version(self) -> str | None:
        """None where it is not installed."""
        return metadata.version(self.package) if util.find_spec(self.package) else None


def _never(_: PoseOptions) -> bool:
    return False


def _always(_: PoseOptions) -> bool:
    return True


@dataclass(frozen=True)
class Entry:
    """How an estimator is found; modules are those of this folder.

    Attributes:
        module: Where its factory is.
        factory: Its name there; called with all pose options.
        look: The first look at it: a `Package`, or a module with the functions of `Look`.
        on_gpus: Does it want a GPU for each process, under these options?
    """

    module: str
    factory: str
    look: str | Package
    on_gpus: Callable[[PoseOptions], bool] = _never


#: `--estimator` names.
ESTIMATORS = {
    "mediapipe": Entry("mediapipe", "MediaPipeEstimator", Package("mediapipe", extra="mediapipe")),
    "openpose": Entry("openpose", "OpenPoseEstimator", "openpose_look", _always),
    "openpose-dnn": Entry("openpose_dnn", "OpenPoseDnnEstimator", "openpose_dnn_look"),
    "wholebody": Entry(
        "wholebody", "WholeBodyEstimator", "wholebody_look", lambda options: options.wholebody.device != "cpu"
    ),
}


def get_estimator(options: PoseOptions) -> Estimator:
    """The estimator that these options name, loaded.

    Raises:
        UsageError: There is no such estimator, or its options do not fit together.
        MissingError: It is not installed, or its weights are missing.
    """
    entry = _entry(options.estimator)
    look_of(options.estimator).check(options)
    estimator: Estimator = getattr(_module(entry.module), entry.factory)(options)
    return estimator


def look_of(name: str) -> Look:
    """The first look at an estimator, which imports nothing heavy.

    Raises:
        UsageError: There is no such estimator.
    """
    look = _entry(name).look
    return look if isinstance(look, Package) else cast(Look, _module(look))


def runs_on_gpus(options: PoseOptions) -> bool:
    """Does the estimator that these options name want a GPU for each of its processes?

    Raises:
        UsageError: There is no such estimator.
    """
    return _entry(options.estimator).on_gpus(options)


def require_installed(name: str) -> None:
    """As `Look.check`, with the options left as they are."""
    look_of(name).check(PoseOptions(estimator=name))


def installed_version(name: str) -> str | None:
    """Version of the package that an estimator is, None where it is none or not installed; imports nothing.

    Raises:
        UsageError: There is no such estimator.
    """
    look = _entry(name).look
    return look.version() if isinstance(look, Package) else None


def _module(name: str) -> Any:
    return importlib.import_module(f"{__package__}.{name}")


def _entry(name: str) -> Entry:
    if name not in ESTIMATORS:
        raise UsageError(f"no estimator is called {name!r}; there are: {', '.join(sorted(ESTIMATORS))}")
    return ESTIMATORS[name]
