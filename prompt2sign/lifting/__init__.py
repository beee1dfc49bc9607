"""2D keypoints to 3D motion."""

from __future__ import annotations

import numpy as np

from ..errors import ClipRejected
from ..formats.keypoints import Keypoints
from ..formats.motion import Motion
from ..options import LiftOptions
from ..skeleton import BODY, LEFT_HAND, RIGHT_HAND
from .fill import fill
from .normalise import Flags, Points, centre, pick_joints, shoulder_width
from .solve import bone_lengths, fit, initial_positions

LIFTER = "bone-lengths 1"


def lift(keypoints: Keypoints, options: LiftOptions) -> Motion:
    """Lift the keypoints of one clip to 3D motion.

    No frame is dropped, and nothing that was not seen moves scale or bone lengths.

    Args:
        keypoints: 2D keypoints, xyc (T, 137, 3).
        options: Confidence below which a point counts as not seen, smoothing, rounds.

    Returns:
        Motion (T, 50, 3) in shoulder widths around the neck, with `quality`: `fit_error` (mean distance in the plane of
        the picture between motion and what was seen), `jitter` (mean size of the second difference over time), and the
        share of joints observed: `body_rate`, `left_hand_rate`, `right_hand_rate`.

    Raises:
        ClipRejected: No frames, or no body in any of them.
    """
    if keypoints.n_frames == 0:
        raise ClipRejected("no-frames", "the clip has no frames")
    xy_px, confidence, seen = pick_joints(keypoints, options.min_confidence)
    width_px = shoulder_width(xy_px, seen)
    xy = centre(xy_px, seen, width_px)
    target = fill(xy, seen)
    lengths = bone_lengths(xy, seen)
    xyz = fit(
        initial_positions(target, lengths),
        target,
        np.where(seen, np.minimum(confidence, 1.0), 0.1),
        lengths,
        smoothing=options.smoothing,
        iterations=options.iterations,
    )
    return Motion(
        xyz=xyz.astype(np.float32),
        observed=seen,
        fps=keypoints.fps,
        scale_px=width_px,
        lifter=LIFTER,
        quality=_quality(xyz, target, seen),
    )


def _quality(xyz: Points, target: Points, seen: Flags) -> dict[str, float]:
    miss = np.linalg.norm(xyz[..., :2] - target, axis=-1)[seen]
    shake = np.linalg.norm(np.diff(xyz, n=2, axis=0), axis=-1) if len(xyz) > 2 else np.zeros(1)
    numbers = {
        "fit_error": miss.mean() if miss.size else 0.0,
        "jitter": shake.mean(),
        "body_rate": seen[:, BODY].mean(),
        "left_hand_rate": seen[:, LEFT_HAND].mean(),
        "right_hand_rate": seen[:, RIGHT_HAND].mean(),
    }
    return {name: round(float(value), 6) for name, value in numbers.items()}
