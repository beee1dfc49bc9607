"""The numbers by which clips are compared, sorted and filtered, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..loaders import ReleaseClip
from ..skeleton import LEFT_WRIST, RIGHT_WRIST

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Measure:
    """One number a clip.

    Attributes:
        name: As the release's `quality` calls it, where it does.
        label: For people.
        unit: `share`, `width` (the unit of the motion), `speed` (that a second), `ratio`, or a word.
        worse: The end of the scale to look at first.
        matters: A smaller difference than this tells nothing; 0 for a number that does not say how good a clip is.
        option: The bound of `prompt2sign build` that filters by it, empty where there is none.
        says: What it is, in a sentence.
    """

    name: str
    label: str
    unit: str
    worse: Literal["high", "low"]
    matters: float
    option: str
    says: str

    def to_json(self) -> dict[str, Any]:
        """As the page takes it."""
        return {name: getattr(self, name) for name in ("name", "label", "unit", "worse", "matters", "option", "says")}


MEASURES = (
    Measure(
        "hand_rate", "Hand seen", "share", "low", 0.05, "min-hand-rate",
        "Share of joints seen of the hand that was seen more; many signs need one hand alone.",
    ),
    Measure("body_rate", "Body seen", "share", "low", 0.05, "min-body-rate", "Share of the body's joints seen."),
    Measure("left_hand_rate", "Left hand seen", "share", "low", 0.0, "", "Share of the left hand's joints seen."),
    Measure("right_hand_rate", "Right hand seen", "share", "low", 0.0, "", "Share of the right hand's joints seen."),
    Measure(
        "fit_error", "Fit error", "width", "high", 0.005, "max-fit-error",
        "Mean distance between the motion and what was seen, in the plane of the picture.",
    ),
    Measure(
        "jitter", "Jitter", "width", "high", 0.002, "max-jitter",
        "Mean second difference over time: how much the motion trembles from frame to frame.",
    ),
    Measure(
        "bone_deviation", "Bone deviation", "ratio", "high", 0.02, "max-bone-deviation",
        "Largest change of any bone's length, relative to its median.",
    ),
    Measure(
        "limit_rate", "Beyond anatomy", "share", "high", 0.01, "max-limit-rate",
        "Share of joint angles beyond what anatomy allows.",
    ),
    Measure("wrist_speed", "Wrist speed", "speed", "high", 0.0, "", "Mean speed of both wrists."),
    Measure(
        "top_speed", "Fastest joint", "speed", "high", 2.0, "",
        "Highest speed of any joint between two frames; a jump of the estimator stands out.",
    ),
    Measure("text_rate", "Characters a second", "number", "high", 0.0, "", "Length of the text against the duration."),
)  # fmt: skip


def measure_clip(clip: ReleaseClip) -> list[float]:
    """The numbers of a clip, one for each of `MEASURES`; NaN where unknown."""
    known = {**clip.quality, **_speeds(clip.motion, clip.fps)}
    hands = [clip.quality[name] for name in ("left_hand_rate", "right_hand_rate") if name in clip.quality]
    if hands:
        known["hand_rate"] = max(hands)
    if clip.n_frames and clip.fps > 0:
        known["text_rate"] = len(clip.text) / clip.duration_s
    return [known.get(measure.name, np.nan) for measure in MEASURES]


def _speeds(motion: Floats, fps: float) -> dict[str, float]:
    if len(motion) < 2:
        return {}
    step = np.diff(motion, axis=0)
    speed = np.sqrt(np.einsum("tji,tji->tj", step, step)) * fps
    return {"wrist_speed": float(speed[:, [LEFT_WRIST, RIGHT_WRIST]].mean()), "top_speed": float(speed.max())}


def badness(values: NDArray[np.float64]) -> tuple[Floats, NDArray[np.int8]]:
    """How far each clip lies out, and by which measure.

    A clip is as bad as its worst measure: its distance from the median towards the worse end, in units of the distance
    at which the worst tenth begins. 0 is a typical clip, 1 the edge of the worst tenth.

    Args:
        values: (n, len(MEASURES)), NaN where unknown.

    Returns:
        (n,) badness, at least 0, and (n,) the index of the measure; -1 where nothing is known.
    """
    far = np.full(values.shape, -np.inf)
    for column, measure in enumerate(MEASURES):
        known = np.isfinite(values[:, column])
        if measure.matters and known.any():
            outward = values[known, column] * (1 if measure.worse == "high" else -1)
            middle, edge = np.percentile(outward, (50, 90))
            far[known, column] = (outward - middle) / max(edge - middle, measure.matters)
    worst = np.where(np.isfinite(far.max(axis=1, initial=-np.inf)), far.argmax(axis=1), -1).astype(np.int8)
    return np.maximum(far.max(axis=1, initial=-np.inf), 0).astype(np.float32), worst
