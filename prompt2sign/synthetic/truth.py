"""The true joints that lie beside the sample: written small, read back as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..skeleton import SKELETON
from .motion import Truth

#: Resolution of what is stored, metres and pixels: well under what any estimator can tell.
XYZ_STEP_M, PIXEL_STEP = 1e-4, 1 / 64


def write_truth(path: Path, clips: Mapping[str, Truth]) -> None:
    """Write the truth of clips, by clip id, as a `.npz` of 16-bit integers that needs no pickle."""
    arrays: dict[str, NDArray[Any]] = {"xyz_step_m": np.array(XYZ_STEP_M), "pixel_step": np.array(PIXEL_STEP)}
    for clip_id, truth in clips.items():
        arrays[f"{clip_id}/xyz"] = np.round(truth.xyz / XYZ_STEP_M).astype(np.int16)
        arrays[f"{clip_id}/pixels"] = np.round(truth.pixels / PIXEL_STEP).astype(np.int16)
        arrays[f"{clip_id}/signing"] = truth.signing
    np.savez_compressed(path, **arrays)


def read_truth(path: Path) -> dict[str, Truth]:
    """Read what `write_truth` wrote.

    Returns:
        By clip id: joints (T, 50, 3) in metres, their places in the picture (T, 50, 2) in pixels, and which frames
        are signing (T,). Frame i is frame i of the clip.

    Raises:
        FormatError: The file is no such `.npz`, or its arrays do not fit together.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        clips = {name.removesuffix("/xyz") for name in arrays if name.endswith("/xyz")}
        truths = {clip_id: _truth(arrays, clip_id) for clip_id in sorted(clips)}
    except (ValueError, KeyError, EOFError, BadZipFile) as error:
        raise FormatError(f"{path}: not a truth file of the sample ({error}); make it again") from error
    for clip_id, truth in truths.items():
        n_frames = len(truth.signing)
        if truth.xyz.shape != (n_frames, SKELETON.count, 3) or truth.pixels.shape != (n_frames, SKELETON.count, 2):
            raise FormatError(f"{path}: the arrays of {clip_id} do not fit together; make the file again")
    return truths


def _truth(arrays: Mapping[str, NDArray[Any]], clip_id: str) -> Truth:
    return Truth(
        arrays[f"{clip_id}/xyz"] * float(arrays["xyz_step_m"]),
        arrays[f"{clip_id}/pixels"] * float(arrays["pixel_step"]),
        arrays[f"{clip_id}/signing"],
    )
