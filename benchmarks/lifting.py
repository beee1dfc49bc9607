"""The lift against known truth, against the clock, and the upstream method against its published losses."""

from __future__ import annotations

from . import accuracy, exact_mode, lift_speed
from .table import Row


def rows() -> list[Row]:
    """Accuracy, speed, and how exact the exact mode is."""
    return [*accuracy.rows(), *lift_speed.rows(), *exact_mode.rows()]
