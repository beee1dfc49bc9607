"""The published method of lifting, with its constants and its quirks: for comparison, and to reproduce its data.

    pixels -> `normalise` -> `prune` -> `interpolate` (`upstream_start`)
      -> `initialise` (`upstream_guess`) -> `refine` (`upstream_descent`)

The losses of Prompt2Sign's tools come out at every cycle to 1e-5 of themselves. What to know before using it:

- It drops frames without a nose; a `Motion` has all frames, and these are filled in.
- Points that were not found count as points at (0, 0) in the mean and the deviation that everything is divided by.
- A point that is less than sure is a mean over its neighbours in time.
- Both sides share one length a bone: a hand that is never found makes both collapse into their roots.
- Nothing measures depth: every bone points forwards, and the loss then only smooths it.
- A thousand cycles of plain gradient descent stay near the first guess.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import ClipRejected
from ..formats.keypoints import Keypoints
from ..formats.motion import Motion
from ..skeleton import NECK, NOSE, SKELETON
from .normalise import centre, fill_in_time, pick_joints, shoulder_width
from .quality import measure
from .upstream_descent import Losses, Unknowns, refine
from .upstream_guess import initialise
from .upstream_start import Array, interpolate, normalise, prune
from .upstream_tree import JOINTS

LIFTER = "upstream 1"
#: Cycles of gradient descent.
N_ITERATIONS = 1000


class Reconstruction(NamedTuple):
    """What the tools make of one clip; T' of its T frames.

    Attributes:
        xyz: (T', 50, 3) float32 in the tools' unit: x right and y down from the mean of all points of the clip.
        kept: (T',) which frames these are.
        emptied: (T',) the frames whose body was too uncertain: all of them is filled in.
        unit_px: Pixels a unit.
        losses: By cycle, where they were asked for.
    """

    xyz: Array
    kept: NDArray[np.intp]
    emptied: NDArray[np.bool_]
    unit_px: float
    losses: dict[int, Losses]


def reconstruct(xyc: Array, n_iterations: int = N_ITERATIONS, loss_at: Collection[int] = ()) -> Reconstruction:
    """Run the method on one clip.

    Args:
        xyc: (T, 50, 3) float32: x, y in pixels, confidence; a point that was not found is 0, 0, 0.
        n_iterations: Cycles of gradient descent; 0 gives the first guess.
        loss_at: After which numbers of cycles to measure the loss.

    Raises:
        ClipRejected: `no-body`: no frame has a nose, or none a body the method trusts; `no-spread`: all points are one.
    """
    kept = np.flatnonzero(xyc[:, NOSE, 0])
    if not kept.size:
        raise ClipRejected("no-body", "no frame shows the nose, and the upstream method drops those without")
    x, y, confidence = np.moveaxis(np.ascontiguousarray(xyc[kept]), -1, 0)
    x, y, unit_px = normalise(x, y)
    x, y, confidence = prune(x, y, confidence)
    if not confidence.any():
        raise ClipRejected("no-body", "in no frame is the upper body sure enough for the upstream method")
    target, weight = _joint_by_joint(*interpolate(x, y, confidence)), _joint_by_joint(confidence)[0]
    points, losses = refine(Unknowns(*initialise(target)), target, weight, n_iterations, loss_at)
    xyz = np.empty((len(kept), len(JOINTS), 3), np.float32)
    xyz[:, JOINTS] = points.transpose(2, 1, 0)
    return Reconstruction(xyz, kept, ~confidence.any(axis=1), unit_px, losses)


def lift_upstream(keypoints: Keypoints, min_confidence: float = 0.2) -> Motion:
    """Lift the keypoints of one clip as Prompt2Sign's tools do, and bring the result to the units of a `Motion`.

    The unit is the median distance of the shoulders in the picture, over the frames that show both. The tools do not
    say where their z points to; it is kept as it is, and as all of it is positive, arms and hands come out in front of
    the body. Frames that the tools drop are interpolated over time, so that there, only, bones change their lengths;
    these and the frames they empty count as not observed.

    Args:
        keypoints: 2D keypoints, xyc (T, 137, 3); points that are not finite count as not found.
        min_confidence: Below it a point counts as not seen, in what is said of the motion; the method uses all.

    Returns:
        Motion (T, 50, 3) in shoulder widths around the neck, with the numbers of `quality.measure`.

    Raises:
        ClipRejected: No frames, no body, or points that the method makes no finite numbers of.
    """
    if keypoints.n_frames == 0:
        raise ClipRejected("no-frames", "the clip has no frames")
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        result = reconstruct(_picked(keypoints))
    xy_px, _, seen = pick_joints(keypoints, min_confidence)
    used = np.zeros(keypoints.n_frames, np.bool_)
    used[result.kept] = ~result.emptied
    seen &= used[:, None]
    width_px = shoulder_width(xy_px, seen)
    xyz = _on_all_frames(result, keypoints.n_frames) * (result.unit_px / width_px)
    if not np.isfinite(xyz).all():
        raise ClipRejected("not-finite", "its numbers are so large or uneven that the upstream method overflows")
    return Motion(
        xyz=xyz.astype(np.float32),
        observed=seen,
        fps=keypoints.fps,
        scale_px=width_px,
        lifter=LIFTER,
        quality=measure(xyz, centre(xy_px, seen, width_px), seen),
    )


def _picked(keypoints: Keypoints) -> Array:
    """(T, 50, 3) the joints among the 137 points."""
    xyc = keypoints.xyc[:, list(SKELETON.from_keypoints)]
    usable = np.isfinite(xyc).all(axis=-1, keepdims=True) & (xyc[..., 2:] >= 0)
    return np.where(usable, xyc, 0).astype(np.float32)


def _joint_by_joint(*values: Array) -> Array:
    """(N, 50, T) of N arrays (T, 50), in the order of `JOINTS`."""
    return np.ascontiguousarray(np.stack(values)[:, :, JOINTS].swapaxes(1, 2))


def _on_all_frames(result: Reconstruction, n_frames: int) -> NDArray[np.float64]:
    """(T, 50, 3) around the neck; what was dropped is interpolated over time."""
    xyz = np.zeros((n_frames, *result.xyz.shape[1:]))
    xyz[result.kept] = result.xyz - result.xyz[:, [NECK]]
    known = np.isin(np.arange(n_frames), result.kept)
    return fill_in_time(xyz.reshape(n_frames, -1), known).reshape(xyz.shape)
