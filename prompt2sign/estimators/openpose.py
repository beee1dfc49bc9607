"""OpenPose on a GPU: body (BODY_25), hands and face, through pyopenpose or openpose.bin.

Either runs in a process of its own, for whatever is wrong ends the process: an unknown option, a crash, a full GPU. A
clip that ended or hung OpenPose is tried once more, alone in a new one; one that did not fit into the GPU's memory with
a smaller body network, which its receipt says.
"""

from __future__ import annotations

from typing import Any, Protocol

from ..formats.keypoints import Keypoints
from ..media import Frames
from ..options import PoseOptions
from .importers import signer_of
from .json_frames import People
from .openpose_failure import OpenPoseFailed
from .openpose_flags import Flags, flags_of, with_less_memory
from .openpose_look import Installation, find_openpose, settings_of
from .openpose_models import hash_models, models_for


class Door(Protocol):
    """A way to OpenPose; `name` is as `openpose.door` has it."""

    name: str

    def people(self, video: Frames, flags: Flags) -> People:
        """Everybody in every frame.

        Raises:
            OpenPoseFailed: OpenPose ended or was stuck; the next call starts it anew.
            ClipRejected: The clip cannot be used.
        """

    def close(self) -> None:
        """End its process."""


class OpenPoseEstimator:
    """OpenPose, the signer chosen among the people it sees.

    Args:
        options: All pose options.

    Raises:
        MissingError: It is not there.
        UsageError: Options contradict each other.
    """

    name = "openpose"

    def __init__(self, options: PoseOptions) -> None:
        self._options, self._stall_s = options, options.openpose.stall_s
        self._installation = find_openpose(options.openpose)
        self._flags = flags_of(options)
        self._door = _open_door(self._installation, options)
        self.version = self._installation.version

    def describe(self) -> dict[str, Any]:
        """Name, version ("" where OpenPose does not tell), weights, settings and door, for the release."""
        return {
            "name": self.name,
            "version": self.version,
            "weights": hash_models(self._installation.models, models_for(self._flags)),
            "settings": {"door": self._door.name, **settings_of(self._options)},
        }

    def estimate(self, video: Frames) -> tuple[Keypoints, dict[str, Any]]:
        """Keypoints of every frame.

        Returns:
            The signer's keypoints, and measurements as `import_keypoints` gives them: `n_frames`, `n_empty_frames`,
            `n_absent_frames`, `n_people_max`, `n_unusable_points`, `notes`; and `net_resolution` where it had to be
            smaller than asked for.

        Raises:
            ClipRejected: `nobody`, `estimator-stuck`, `estimator-died`, `gpu-out-of-memory`, `unreadable-video`,
                `frames-differ`, or the video cannot be decoded.
            MissingError: OpenPose cannot run at all: its models, the GPU.
            UsageError: It does not know an option.
        """
        values: dict[str, Any] = {"kind": f"openpose-{self._door.name}", "n_missing_frames": 0, "notes": []}
        people = self._people(video, values)
        xyc, _ = signer_of(people, video.path, values)
        info = video.info
        return Keypoints(xyc, info.fps, info.width, info.height, f"{self.name} {self.version}".strip()), values

    def close(self) -> None:
        """End OpenPose's process."""
        self._door.close()

    def _people(self, video: Frames, values: dict[str, Any]) -> People:
        """Two tries; puts what had to be changed for the second into `values`."""
        flags = self._flags
        try:
            return self._door.people(video, flags)
        except OpenPoseFailed as failure:
            again = with_less_memory(flags) if failure.kind == "memory" else flags
            if not failure.worth_a_retry or again is None:
                raise self._as_error(failure, video, flags) from None
            if again != flags:
                values["net_resolution"] = again["net_resolution"]
                values["notes"].append(f"not enough GPU memory: net_resolution {again['net_resolution']}")
        try:
            return self._door.people(video, again)
        except OpenPoseFailed as failure:
            raise self._as_error(failure, video, again) from None
        finally:
            self._door.close()

    def _as_error(self, failure: OpenPoseFailed, video: Frames, flags: Flags) -> Exception:
        return failure.as_error(video.path, self._stall_s, str(flags["net_resolution"]))


def _open_door(installation: Installation, options: PoseOptions) -> Door:
    """The binding where it is there, for it loads the networks once."""
    if installation.binding is not None:
        from .openpose_binding import BindingDoor

        return BindingDoor(installation.binding, installation.models, options.openpose.stall_s)
    from .openpose_binary import BinaryDoor

    assert installation.program is not None
    return BinaryDoor(installation.program, installation.models, options.openpose.stall_s, options.openpose.keep_json)
