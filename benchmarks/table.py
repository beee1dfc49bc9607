"""One row of the table that `make bench` prints."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A figure beside its baseline, measured in the same run.

    Attributes:
        what: The thing measured.
        figure: Its value.
        baseline: What it is held against.
        baseline_figure: The baseline's value.
        unit: Of both.
        bound: What the ratio figure / baseline should not exceed, None where nothing was promised.
    """

    what: str
    figure: float
    baseline: str
    baseline_figure: float
    unit: str
    bound: float | None = None

    @property
    def ratio(self) -> float:
        """Figure over baseline."""
        return self.figure / self.baseline_figure


def cpu_seconds(action: Callable[[], object], repeat: int = 1) -> float:
    """Least processor time of an action, all threads of this process together."""
    times = []
    for _ in range(repeat):
        before = time.process_time()
        action()
        times.append(time.process_time() - before)
    return min(times)


def wall_seconds(action: Callable[[], object], repeat: int = 1) -> float:
    """Least wall time of an action."""
    times = []
    for _ in range(repeat):
        before = time.perf_counter()
        action()
        times.append(time.perf_counter() - before)
    return min(times)


def print_table(title: str, rows: list[Row]) -> None:
    """Print rows under a title."""
    print(f"\n{title}")
    for row in rows:
        bound = (
            "" if row.bound is None else f"  (bound {row.bound:g}: {'kept' if row.ratio <= row.bound else 'MISSED'})"
        )
        print(
            f"  {row.what}: {row.figure:.4g} {row.unit}; {row.baseline}: {row.baseline_figure:.4g} {row.unit}; "
            f"ratio {row.ratio:.4g}{bound}"
        )
