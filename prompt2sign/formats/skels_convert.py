"""Between the units of the two skels conventions and shoulder widths.

`progressive` is ours divided by 3, so nothing is lost either way. `prompt2sign` standardises every clip by its own
mean and deviation and keeps neither, so the way back finds the scale again from the shoulders. The way there follows
the tool's rule, but starts from motion round the neck where the tool starts from pixels: the sway of the whole body is
gone, and the tool's deviation also holds how far off the picture's diagonal a signer stands, which ours cannot know.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..skeleton import LEFT_SHOULDER, NECK, RIGHT_SHOULDER, SKELETON
from .skels import CONVENTIONS, Convention

Motion3D = NDArray[np.float32]
Observed = NDArray[np.bool_]


def to_convention(xyz: Motion3D, convention: str) -> Motion3D:
    """Motion in shoulder widths -> the convention's own unit.

    Args:
        xyz: (T, 50, 3), neck at the origin, in shoulder widths.
        convention: `progressive` or `prompt2sign`.

    Returns:
        (T, 50, 3) float32. No filler is ever written: a zero stays a zero.

    Raises:
        ValueError: `prompt2sign` has no scale for a clip whose joints all lie in one point.
    """
    return _TO[convention](xyz.astype(np.float64), CONVENTIONS[convention]).astype(np.float32)


def from_convention(xyz: Motion3D, observed: Observed, convention: str) -> Motion3D:
    """The convention's own unit -> shoulder widths, neck at the origin.

    Args:
        xyz: (T, 50, 3) as `read_skels` gives it.
        observed: (T, 50) as `observed_in` gives it; fillers are replaced by interpolation over time.
        convention: `progressive` or `prompt2sign`.

    Returns:
        (T, 50, 3) float32.

    Raises:
        ValueError: The shoulders, which give the scale, are never both there.
    """
    return _FROM[convention](xyz.astype(np.float64), observed, CONVENTIONS[convention]).astype(np.float32)


def observed_in(xyz: Motion3D, convention: str) -> Observed:
    """(T, 50) which joints are more than the convention's filler.

    The Prompt2Sign tool prints 0.01600 for every coordinate that is NaN or zero. One such coordinate may be chance or a
    true zero, all three of a joint are a joint that was not found. `progressive` files do not say what was found:
    there every joint counts as observed.
    """
    filler = CONVENTIONS[convention].filler
    if filler is None:
        return np.ones(xyz.shape[:2], dtype=np.bool_)
    return np.asarray(~np.all(xyz == np.float32(filler), axis=-1))


def _to_progressive(xyz: NDArray[np.float64], convention: Convention) -> NDArray[np.float64]:
    return xyz / convention.divisor


def _to_prompt2sign(xyz: NDArray[np.float64], convention: Convention) -> NDArray[np.float64]:
    """Standardise as the Prompt2Sign tool does (step h5->txt, `normalise`), then divide.

    x and y lose their own means over the clip; one deviation, taken round the mean of both, scales all three axes.
    """
    xy = xyz[..., :2]
    sigma = xy.std()
    if not sigma > 1e-9:
        raise ValueError("all its joints lie in one point, so the prompt2sign convention has no scale for it")
    mean = np.append(xy.mean(axis=(0, 1)), 0.0)
    return np.asarray((xyz - mean) / (sigma * convention.divisor))


def _from_progressive(xyz: NDArray[np.float64], observed: Observed, convention: Convention) -> NDArray[np.float64]:
    return (xyz - xyz[:, [NECK]]) * convention.divisor


def _from_prompt2sign(xyz: NDArray[np.float64], observed: Observed, convention: Convention) -> NDArray[np.float64]:
    both = observed[:, LEFT_SHOULDER] & observed[:, RIGHT_SHOULDER]
    widths = np.linalg.norm(xyz[both, LEFT_SHOULDER] - xyz[both, RIGHT_SHOULDER], axis=-1)
    if not widths.size or np.median(widths) == 0:
        raise ValueError("its shoulders, which give the scale, are never both there")
    xyz = _fill(xyz, observed)
    return np.asarray((xyz - xyz[:, [NECK]]) / np.median(widths))


def _fill(xyz: NDArray[np.float64], observed: Observed) -> NDArray[np.float64]:
    """Interpolate each joint over the frames where it is missing; one that is never there lies on its parent."""
    filled, frames = xyz.copy(), np.arange(len(xyz))
    root = SKELETON.parents.index(-1)
    for parent, joint in [(root, root), *SKELETON.bones]:
        seen = observed[:, joint]
        if not seen.any():
            filled[:, joint] = filled[:, parent]
            continue
        for axis in range(3):
            filled[:, joint, axis] = np.interp(frames, frames[seen], xyz[seen, joint, axis])
    return filled


_TO: dict[str, Callable[[NDArray[np.float64], Convention], NDArray[np.float64]]] = {
    "progressive": _to_progressive,
    "prompt2sign": _to_prompt2sign,
}
_FROM: dict[str, Callable[[NDArray[np.float64], Observed, Convention], NDArray[np.float64]]] = {
    "progressive": _from_progressive,
    "prompt2sign": _from_prompt2sign,
}
