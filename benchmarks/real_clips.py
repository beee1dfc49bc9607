"""What can be measured in real clips, whose true depth nobody knows: hidden joints, trembling, constant bones, and that
one hand does not disturb the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from prompt2sign.formats.keypoints import Keypoints
from prompt2sign.formats.motion import Motion
from prompt2sign.lifting import lift
from prompt2sign.lifting.upstream import lift_upstream
from prompt2sign.options import LiftOptions
from prompt2sign.skeleton import KEYPOINTS_LEFT_HAND, KEYPOINTS_RIGHT_HAND, LEFT_HAND, RIGHT_HAND, SKELETON

from .clips import clips
from .hidden_joints import Lift, error_of, hide, interpolate, jitter
from .table import Row, at_most

_SEEDS = (0, 1)
_GAPS = (1, 5)
#: Promises by gap: error of hidden joints, and jitter.
_BOUNDS = {5: (at_most(0.040), at_most(0.025))}
_UNIT = "shoulder widths"
_HANDS = {"left": (KEYPOINTS_LEFT_HAND, RIGHT_HAND), "right": (KEYPOINTS_RIGHT_HAND, LEFT_HAND)}


def ours(keypoints: Keypoints) -> Motion:
    """The default lift with its default options."""
    return lift(keypoints, LiftOptions())


def rows() -> list[Row]:
    """Hidden joints and jitter against both baselines; bone lengths and the other hand on their own."""
    return [*_hidden_rows(), *_bone_rows(), *_hand_rows()]


def _hidden_rows() -> list[Row]:
    rows = []
    for gap in _GAPS:
        (error, shake), (plain, _), (upstream, its_shake) = (
            _hidden(m, gap) for m in (ours, interpolate, lift_upstream)
        )
        what, bounds = f"hidden joints, gaps of {gap}", _BOUNDS.get(gap, (None, None))
        rows += [
            Row(what, error, "linear interpolation", plain, _UNIT),
            Row(what, error, "upstream method", upstream, _UNIT, bounds[0]),
            Row("    jitter of those motions", shake, "upstream method", its_shake, _UNIT, bounds[1]),
        ]
    return rows


def _hidden(method: Lift, gap: int) -> tuple[float, float]:
    """Error of hidden joints and jitter of the whole motion: means over clips and seeds."""
    scores = []
    for keypoints in clips().values():
        for seed in _SEEDS:
            shown, hidden = hide(keypoints, gap, seed)
            motion = method(shown)
            scores.append((error_of(motion, keypoints, hidden), jitter(motion)))
    error, shake = np.mean(scores, axis=0)
    return float(error), float(shake)


def _bone_rows() -> list[Row]:
    most = {method: max(_deviation(method(k)) for k in clips().values()) for method in (ours, lift_upstream)}
    what = "bone lengths, farthest from their mean"
    return [Row(what, most[ours], "upstream method", most[lift_upstream], _UNIT, at_most(1e-6))]


def _deviation(motion: Motion) -> float:
    """The farthest that any bone is from its mean length in any frame, in the motion's unit; from float32 positions."""
    xyz, (start, end) = motion.xyz.astype(np.float64), SKELETON.bones.T
    lengths = np.linalg.norm(xyz[:, end] - xyz[:, start], axis=-1)
    return float(np.abs(lengths - lengths.mean(axis=0)).max())


def _hand_rows() -> list[Row]:
    return [
        Row(
            f"{side} hand blanked: the other moves",
            _moved(ours, side),
            "upstream method",
            _moved(lift_upstream, side),
            _UNIT,
            at_most(0.01),
        )
        for side in _HANDS
    ]


def _moved(method: Lift, side: str) -> float:
    """Without a hand in the whole clip: the farthest any joint of the other one moves in any frame of any clip."""
    blank, other = _HANDS[side]
    distances = []
    for keypoints in clips().values():
        xyc = keypoints.xyc.copy()
        xyc[:, blank] = 0
        moved = method(replace(keypoints, xyc=xyc)).xyz[:, other] - method(keypoints).xyz[:, other]
        distances.append(np.linalg.norm(moved, axis=-1).max())
    return float(max(distances))
