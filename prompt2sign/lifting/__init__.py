"""2D keypoints to 3D motion.

keypoints -> joints in shoulder widths (`normalise`) -> gaps filled (`fill`) -> smoothed over time (`smooth`)
  -> bone lengths (`lengths`) -> depth of every bone (`arms`, `palm`, `fingers`) -> motion (`refine`)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import ClipRejected, MissingError
from ..formats.keypoints import Keypoints
from ..formats.motion import MAX_REACH, Motion
from ..options import LiftOptions
from .arrays import laid_out
from .normalise import Joints, joints_of
from .quality import measure
from .solve import Batch, solve, without_perspective

LIFTER = "anatomy 2"
DEFAULTS = LiftOptions()
#: Clips of one length that go to a device together.
_BATCH = 256


def lift(keypoints: Keypoints, options: LiftOptions = DEFAULTS) -> Motion:
    """Lift the keypoints of one clip to 3D motion.

    No frame is dropped, and nothing that was not seen moves scale or bone lengths.

    Args:
        keypoints: 2D keypoints, xyc (T, 137, 3).
        options: The method, the confidence below which a point counts as not seen, smoothing.

    Returns:
        Motion (T, 50, 3) in shoulder widths around the neck, with the numbers of `quality.measure`.

    Raises:
        ClipRejected: No frames, or no body in any of them.
    """
    return lift_many([keypoints], options)[0]


def lift_many(clips: Sequence[Keypoints], options: LiftOptions = DEFAULTS, device: str | None = None) -> list[Motion]:
    """Lift many clips, those of one length together.

    Args:
        clips: 2D keypoints.
        options: As for `lift`.
        device: A device of torch, as `cuda`; NumPy where None. Worth it for thousands of clips on a GPU; `upstream`
            takes none.

    Returns:
        A motion for each clip, in their order; the same as `lift` gives, to rounding, but where two answers are equally
        likely, as in a hand that is never seen.

    Raises:
        ClipRejected: As for `lift`.
        MissingError: A device is asked for and torch is not installed.
    """
    if options.method == "upstream":
        from .upstream import lift_upstream

        return [_checked(lift_upstream(clip, options.min_confidence)) for clip in clips]
    joints = [_joints(clip, options) for clip in clips]
    alike = defaultdict(list)
    for number, clip in enumerate(clips):
        # NumPy gains nothing from a batch.
        alike[clip.n_frames, clip.fps, number // _BATCH if device else number].append(number)
    motions: dict[int, Motion] = {}
    for (_, fps, _), numbers in alike.items():
        batch = _batch([joints[number] for number in numbers])
        solved = _solved(batch, fps, options, device)
        targets = batch.xy
        if options.camera_distance is not None:
            targets = without_perspective(batch.xy, batch.neck, solved[:, 2], options.camera_distance)
        for place, number in enumerate(numbers):
            motions[number] = _checked(_motion(solved[:, :, place], targets[:, :, place], joints[number], fps))
    return [motions[number] for number in range(len(clips))]


def _joints(clip: Keypoints, options: LiftOptions) -> Joints:
    if options.camera_distance is not None and not (clip.width > 0 and clip.height > 0):
        raise ClipRejected(
            "no-size", "perspective cannot be taken out of a picture whose size is not known: give --size too"
        )
    return joints_of(clip, options.min_confidence)


def _batch(clips: Sequence[Joints]) -> Batch:
    """Clips of one length as `solve` takes them: frames first, clips before joints."""
    return Batch(
        xy=laid_out(np.stack([clip.xy.swapaxes(1, 2) for clip in clips], axis=2)),
        seen=np.stack([clip.seen for clip in clips], axis=1),
        trust=np.stack([clip.trust for clip in clips], axis=1),
        hints=np.stack([clip.hints for clip in clips], axis=1),
        neck=np.stack([clip.neck for clip in clips], axis=2),
    )


def _solved(batch: Batch, fps: float, options: LiftOptions, device: str | None) -> NDArray[np.float64]:
    """(T, 3, B, 50) from `solve`, on NumPy or on a device of torch."""
    if device is None:
        return np.asarray(solve(batch, fps, options.smoothing, options.camera_distance))
    try:
        import torch
    except ImportError as error:
        raise MissingError("lifting on a device of torch needs it: pip install 'prompt2sign[train]'") from error
    on_device = Batch(*(torch.from_numpy(array).to(device) for array in batch))
    return np.asarray(solve(on_device, fps, options.smoothing, options.camera_distance).cpu())


def _motion(solved: NDArray[np.float64], target: NDArray[np.float64], joints: Joints, fps: float) -> Motion:
    """A motion from what was solved for one clip, (T, 3, 50), and where its joints were seen, (T, 2, 50)."""
    xyz = np.ascontiguousarray(solved.swapaxes(1, 2))
    return Motion(
        xyz=xyz.astype(np.float32),
        observed=joints.seen,
        fps=fps,
        scale_px=joints.width_px,
        lifter=LIFTER,
        quality=measure(xyz, target.swapaxes(1, 2), joints.seen),
    )


def _checked(motion: Motion) -> Motion:
    """A motion that can be one of a body.

    Raises:
        ClipRejected: Joints lie where no joint can.
    """
    reach = float(np.abs(motion.xyz).max())
    if not reach <= MAX_REACH:
        raise ClipRejected("wild-motion", f"a joint comes out {reach:.0f} shoulder widths from the neck")
    return motion
