"""The rows that `make bench` prints, what they promise, and the table they stand in."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True)
class Bound:
    """A promise about a row; made by `at_most`, `at_least`, `ratio_at_most`, `ratio_at_least`.

    Attributes:
        of: What must keep it: the row's own figure, or its ratio to the baseline.
        side: On which side of the limit it must stay.
        limit: In the row's unit, or a ratio.
    """

    of: Literal["figure", "ratio"]
    side: Literal["at most", "at least"]
    limit: float

    def __str__(self) -> str:
        return f"{'ratio ' * (self.of == 'ratio')}{self.side} {_number(self.limit)}"


def at_most(limit: float) -> Bound:
    """The figure itself must not exceed `limit`."""
    return Bound("figure", "at most", limit)


def at_least(limit: float) -> Bound:
    """The figure itself must reach `limit`."""
    return Bound("figure", "at least", limit)


def ratio_at_most(limit: float) -> Bound:
    """Figure over baseline must not exceed `limit`."""
    return Bound("ratio", "at most", limit)


def ratio_at_least(limit: float) -> Bound:
    """Figure over baseline must reach `limit`."""
    return Bound("ratio", "at least", limit)


@dataclass(frozen=True)
class Row:
    """A figure, as a rule beside a baseline measured in the same run.

    Attributes:
        what: The thing measured.
        figure: Its value.
        baseline: What it is held against; empty where it stands alone.
        baseline_figure: The baseline's value, None where there is no baseline.
        unit: Of both.
        bound: What was promised, None where nothing was.
    """

    what: str
    figure: float
    baseline: str
    baseline_figure: float | None
    unit: str
    bound: Bound | None = None

    @property
    def ratio(self) -> float | None:
        """Figure over baseline, None where there is no baseline, or it is 0."""
        return self.figure / self.baseline_figure if self.baseline_figure else None

    @property
    def missed(self) -> bool:
        """A bound is there and not kept; no figure and no number keep none."""
        if self.bound is None:
            return False
        value = self.figure if self.bound.of == "figure" else self.ratio
        if value is None:
            return True
        return not (value <= self.bound.limit if self.bound.side == "at most" else value >= self.bound.limit)


def cpu_seconds(action: Callable[[], object], repeat: int = 1) -> float:
    """Least processor time of an action, all threads of this process together."""
    return _least(time.process_time, action, repeat)


def wall_seconds(action: Callable[[], object], repeat: int = 1) -> float:
    """Least wall time of an action."""
    return _least(time.perf_counter, action, repeat)


def _least(clock: Callable[[], float], action: Callable[[], object], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        before = clock()
        action()
        times.append(clock() - before)
    return min(times)


def print_table(title: str, rows: Iterable[Row]) -> None:
    """Print rows under a title, one line each; wide, where the output is no terminal."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in ("what", "figure", "unit", "baseline", "its figure", "ratio", "bound"):
        table.add_column(name, justify="right" if name in ("figure", "its figure", "ratio") else "left")
    for row in rows:
        table.add_row(
            row.what, _number(row.figure), row.unit, row.baseline, _number(row.baseline_figure), _number(row.ratio),
            _verdict(row),
        )  # fmt: skip
    console = Console() if sys.stdout.isatty() else Console(width=170)
    console.print()
    console.print(table)


def _verdict(row: Row) -> Text:
    if row.bound is None:
        return Text()
    word = Text("MISSED", style="bold red") if row.missed else Text("kept", style="green")
    return Text.assemble(f"{row.bound}: ", word)


def _number(value: float | None) -> str:
    """Four significant digits, and never an exponent between a millionth and a billion."""
    if value is None:
        return ""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if value == 0 or abs(value) >= 1e-4 else f"{value:.2e}"
