"""The motion that benchmarks of formats run on: real skels, where they lie beside the checkout."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from prompt2sign.formats.skels import read_skels
from prompt2sign.synthetic.motion import signing_motion

from .clips import REAL

_SKELS = REAL.parent / "skels"
IS_REAL = _SKELS.is_dir()
_MADE_SEEDS = range(10)
#: Of an estimator, in shoulder widths.
_NOISE = 0.01


def description() -> str:
    """What the motion is, for a table's title."""
    if IS_REAL:
        return "real motion (skels)"
    return "SYNTHETIC motion: the real one, shared/data/skels, is not beside this checkout"


@cache
def motions() -> tuple[NDArray[np.float32], ...]:
    """(T, 50, 3) of each clip, in the unit of the `progressive` convention and on its grid of 1e-5."""
    if IS_REAL:
        return tuple(xyz for path in sorted(_SKELS.glob("*.skels")) for xyz in read_skels(path, "progressive"))
    return tuple((np.round(_made(seed) / 3, 5)).astype(np.float32) for seed in _MADE_SEEDS)


@cache
def many_motions(times: int = 40) -> tuple[NDArray[np.float32], ...]:
    """The clips over and over in shoulder widths, each time with other noise, so that none is a copy of another."""
    random = np.random.default_rng(0)
    return tuple(
        (3 * xyz + random.normal(0, 1e-3, xyz.shape)).astype(np.float32) for _ in range(times) for xyz in motions()
    )


def _made(seed: int) -> NDArray[np.float64]:
    """Synthetic signing as a release holds it: shoulder widths around the neck, with an estimator's noise."""
    joints = np.asarray(signing_motion(seed).xyz, np.float64)
    width = np.linalg.norm(joints[:, 2] - joints[:, 5], axis=-1).mean()
    noise = np.random.default_rng(seed).normal(0, _NOISE, joints.shape)
    return np.asarray((joints - joints[:, [1]]) / width + noise)
