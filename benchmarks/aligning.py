"""How well offsets are found on made sessions whose offset is known, and what its confidence is worth."""

from __future__ import annotations

from typing import Any

import numpy as np

from prompt2sign.alignment import Fit, fit_offset, signing_activity

from .sessions import draw_session
from .table import Row, at_least, at_most

#: Seeds that nothing was tuned on.
_FIRST_SEED, _N_SESSIONS = 1000, 60
_MAX_OFFSET_S, _RIGHT_S, _SURE = 8.0, 0.5, 0.8


def rows(n_sessions: int = _N_SESSIONS) -> list[Row]:
    """Four minutes of usual signing, then sessions of every kind."""
    usual = [measure(seed) for seed in range(_FIRST_SEED, _FIRST_SEED + n_sessions // 2)]
    mixed = [measure(seed, **draw_kind(seed)) for seed in range(_FIRST_SEED, _FIRST_SEED + n_sessions)]
    return [*_figures("4 min, usual", usual, bounded=True), *_figures("any kind", mixed), *_calibration(mixed)]


def draw_kind(seed: int) -> dict[str, Any]:
    """Options of a session: 40 s to 5 min, short or long pauses, up to 40 % of cues or of signing alone."""
    rng = np.random.default_rng([seed, 5])
    return {
        "duration_s": float(rng.uniform(40, 300)),
        "jitter_s": float(rng.uniform(0.2, 0.4)),
        "unsigned": float(rng.uniform(0, 0.4)),
        "untold": float(rng.uniform(0, 0.4)),
        "hand_dropout": float(rng.uniform(0, 0.3)),
        "longest_pause_s": float(rng.choice([0.8, 2.0, 4.0])),
    }


def measure(seed: int, **kind: Any) -> tuple[float, Fit]:
    """Error of the offset found, in seconds (infinite where none was), and the fit."""
    session = draw_session(seed, **kind)
    fit = fit_offset(signing_activity(session.body, session.rate), session.cues_s, _MAX_OFFSET_S)
    error_s = np.inf if fit.offset_s is None else fit.offset_s - session.offset_s
    return float(error_s), fit


def _figures(kind: str, found: list[tuple[float, Fit]], bounded: bool = False) -> list[Row]:
    sure = np.array([error_s for error_s, fit in found if fit.confidence >= _SURE])
    size = np.abs(sure) if len(sure) else np.array([np.inf])
    return [
        Row(f"{kind}: error of sure offsets, median", float(np.median(size)), "", None, "s", at_most(0.2)),
        Row(f"{kind}: error of sure offsets, 95 %", float(np.percentile(size, 95)), "", None, "s", at_most(0.5)),
        Row(f"{kind}: bias of sure offsets", float(np.median(sure)) if len(sure) else np.inf, "", None, "s"),
        Row(
            f"{kind}: sessions with a sure offset",
            100 * len(sure) / len(found),
            "",
            None,
            "%",
            at_least(70) if bounded else None,
        ),
    ]


def _calibration(found: list[tuple[float, Fit]]) -> list[Row]:
    """Share that is right within half a second, by confidence, beside the mean confidence."""
    table = []
    for low, high in ((0.0, 0.5), (0.5, 0.8), (0.8, 0.95), (0.95, 1.0001)):
        among = [(abs(error_s) <= _RIGHT_S, fit.confidence) for error_s, fit in found if low <= fit.confidence < high]
        if among:
            right, told = (100 * float(np.mean(column)) for column in zip(*among, strict=True))
            name = f"right to {_RIGHT_S} s, confidence {low:g} to {min(high, 1):g} ({len(among)} sessions)"
            table.append(Row(name, right, "mean confidence", told, "%"))
    return table
