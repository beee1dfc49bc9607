"""3D motion of one clip, in memory and as one h5 file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from h5py import h5g
from numpy.typing import NDArray

from ..errors import FormatError
from ..skeleton import SKELETON
from .h5 import (
    add_array,
    add_frames,
    new_h5,
    open_h5,
    read_array,
    read_number,
    read_numbers,
    read_text,
    write_attributes,
)

FORMAT = "prompt2sign-motion"
VERSION = 1
#: No joint is farther from the neck than this many shoulder widths: what is, was measured wrong.
MAX_REACH = 10.0


@dataclass(frozen=True)
class Motion:
    """3D motion of one clip on the 50-joint skeleton.

    Attributes:
        xyz: (T, 50, 3) float32, the neck at the origin of every frame, in shoulder widths: x to the right of the
            picture, y down, z towards the camera (the signs of OpenPose pixels and of the published skels).
        observed: (T, 50) bool, True where the estimator saw the joint, False where it was filled in.
        fps: Frames per second.
        scale_px: Shoulder width in pixels, 0 where the motion was never lifted from pixels.
        lifter: Who made it, name and version.
        quality: Numbers about the clip by name: fit error and jitter in shoulder widths, rates between 0 and 1.
    """

    xyz: NDArray[np.float32]
    observed: NDArray[np.bool_]
    fps: float
    scale_px: float
    lifter: str
    quality: dict[str, float] = field(default_factory=dict)

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.xyz)

    @property
    def bone_lengths(self) -> NDArray[np.float32]:
        """(T, 49) length of each bone of `SKELETON.bones` in each frame, in shoulder widths."""
        start, end = SKELETON.bones.T
        squares = (self.xyz.take(end, axis=1) - self.xyz.take(start, axis=1)) ** 2
        # Written out: over three numbers NumPy's own sum takes three times as long.
        lengths: NDArray[np.float32] = np.sqrt(squares[..., 0] + squares[..., 1] + squares[..., 2])
        return lengths


def write_motion(path: Path, motion: Motion) -> None:
    """Write one clip's motion to `path` (h5, version 1; layout in `schemas/motion-h5.md`)."""
    with new_h5(path, FORMAT, VERSION) as file:
        add_frames(file, "xyz", motion.xyz, "<f4")
        add_frames(file, "observed", motion.observed, "u1")
        lengths = motion.bone_lengths
        add_array(file, "bone_lengths", np.median(lengths, axis=0) if len(lengths) else np.zeros(49))
        about = {name: getattr(motion, name) for name in ("fps", "scale_px", "lifter")}
        write_attributes(file, {"skeleton": SKELETON.name, **about})
        write_attributes(h5g.create(file, b"quality"), motion.quality)


def read_motion(path: Path) -> Motion:
    """Read what `write_motion` wrote.

    Raises:
        FormatError: The file is not an h5 file, of another format or version, or its arrays do not fit.
    """
    with open_h5(path, FORMAT, VERSION, "prompt2sign lift") as file:
        xyz = read_array(file, "xyz", np.float32)
        observed = read_array(file, "observed", np.uint8).astype(bool)
        quality = read_numbers(h5g.open(file, b"quality"))
        fps, scale_px, lifter = read_number(file, "fps"), read_number(file, "scale_px"), read_text(file, "lifter")
    if xyz.ndim != 3 or xyz.shape[1:] != (SKELETON.count, 3) or observed.shape != xyz.shape[:2]:
        raise FormatError(
            f"{path}: xyz is {xyz.shape} and observed {observed.shape}, "
            f"expected (T, {SKELETON.count}, 3) and (T, {SKELETON.count})"
        )
    return Motion(xyz, observed, fps, scale_px, lifter, quality)
