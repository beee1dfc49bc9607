"""2D keypoints of one clip, in memory and as one h5 file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..skeleton import N_KEYPOINTS
from .h5 import add_frames, new_h5, open_h5, read_array, read_number, read_text, write_attributes

FORMAT = "prompt2sign-keypoints"
VERSION = 1
#: What lies beyond is damage: no picture is so large (pixels), and no body (metres).
MAX_PIXELS, MAX_METRES = 1e6, 100.0
_MAKER = "prompt2sign pose"
_AGAIN = f"run `{_MAKER}` again"


@dataclass(frozen=True)
class Keypoints:
    """2D keypoints of one clip in the 137-point layout of `prompt2sign.skeleton`.

    Attributes:
        xyc: (T, 137, 3) float32: pixels x (right) and y (down), confidence >= 0. A point that was not found is 0, 0, 0.
        fps: Frames per second.
        width: Picture width in pixels.
        height: Picture height in pixels.
        estimator: Who found them, name and version: `mediapipe 0.10.21`, `openpose 1.3`.
        world: (T, 137, 3) float32 metres where the estimator gives depth, else None: x right, y down, z towards the
            camera; the body relative to the middle of its hips, each hand relative to its own root; NaN for a point
            without depth (the face always).
    """

    xyc: NDArray[np.float32]
    fps: float
    width: int
    height: int
    estimator: str
    world: NDArray[np.float32] | None = None

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.xyc)


def write_keypoints(path: Path, keypoints: Keypoints) -> None:
    """Write one clip's keypoints to `path` (h5, version 1; layout in `schemas/keypoints-h5.md`).

    Raises:
        FormatError: Its arrays are such as `read_keypoints` refuses.
    """
    _check(path, keypoints)
    with new_h5(path, FORMAT, VERSION) as file:
        for name in ("xyc", "world"):
            values = getattr(keypoints, name)
            if values is not None:
                add_frames(file, name, values, "<f4")
        about = {name: getattr(keypoints, name) for name in ("fps", "width", "height", "estimator")}
        write_attributes(file, {"layout": "openpose-137", **about})


def read_keypoints(path: Path) -> Keypoints:
    """Read what `write_keypoints` wrote.

    Raises:
        FormatError: The file is not an h5 file, of another format or version, its arrays do not fit, or they hold
            infinite or impossibly large values; NaN is allowed in `world` alone.
    """
    with open_h5(path, FORMAT, VERSION, _MAKER) as file:
        xyc = read_array(file, "xyc", np.float32)
        world = read_array(file, "world", np.float32) if b"world" in file else None
        fps, width, height = (read_number(file, name) for name in ("fps", "width", "height"))
        estimator = read_text(file, "estimator")
        size = int(width), int(height)
    keypoints = Keypoints(xyc, fps, *size, estimator, world)
    _check(path, keypoints)
    return keypoints


def _check(path: Path, keypoints: Keypoints) -> None:
    xyc, world = keypoints.xyc, keypoints.world
    if xyc.ndim != 3 or xyc.shape[1:] != (N_KEYPOINTS, 3):
        raise FormatError(f"{path}: xyc is {xyc.shape}, expected (T, {N_KEYPOINTS}, 3); {_AGAIN}")
    if not (np.isfinite(xyc).all() and (np.abs(xyc[..., :2]) <= MAX_PIXELS).all()):
        raise FormatError(f"{path}: xyc holds what is no number, or beyond {MAX_PIXELS:,.0f} pixels; {_AGAIN}")
    if world is not None and world.shape != xyc.shape:
        raise FormatError(f"{path}: world is {world.shape}, but xyc {xyc.shape}; {_AGAIN}")
    if world is not None and (np.abs(world) > MAX_METRES).any():
        raise FormatError(f"{path}: world holds points beyond {MAX_METRES:,.0f} metres; {_AGAIN}")
