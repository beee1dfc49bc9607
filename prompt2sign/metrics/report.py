"""Tables of scores: systems in rows, measures in columns, and in words where a system does not beat the baselines."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from .bootstrap import interval
from .measure import Better, Measure

if TYPE_CHECKING:
    from rich.console import Group

#: The baselines of every table.
MEAN_POSE, NEAREST_NEIGHBOUR, GROUND_TRUTH = "mean pose held still", "nearest neighbour in text", "ground truth"
BASELINES = (MEAN_POSE, NEAREST_NEIGHBOUR)
#: These ratios to the truth are warned of outside of these bounds.
BOUNDED_RATIOS, RATIO_BOUNDS = ("total distance", "duration"), (0.8, 1.2)
#: What a terminal of 80 characters holds side by side, and what one looks at first.
KEY_MEASURES = ("DTW-MJE", "DTW-MJE hand shape", "total distance", "duration", "BLEU-4", "chrF")
_ARROWS = {"lower": "↓", "higher": "↑", "one": "→1"}


@dataclass(frozen=True)
class Score:
    """One number of one system.

    Attributes:
        name: The measure.
        value: NaN where there is none.
        low: Lower end of its interval; NaN where there is none.
        high: Upper end.
        unit: Empty for a plain number.
        better: Which way is better.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str
    better: Better

    def beats(self, other: Score) -> bool:
        """Better than another score; NaN beats nothing and is beaten by nothing."""
        return _badness(self) < _badness(other)


def score(measure: Measure, n_draws: int = 1000, seed: int = 27) -> Score:
    """A measure as a score, with its interval of 95 %."""
    low, high = interval(measure, n_draws=n_draws, seed=seed)
    return Score(measure.name, measure.value, low, high, measure.unit, measure.better)


@dataclass(frozen=True)
class Table:
    """Scores of systems.

    Attributes:
        title: What was evaluated, on what.
        rows: System -> its scores; not every system needs every measure.
        notes: Lines under the table.
        signatures: Of measures, how exactly they were taken.
    """

    title: str
    rows: Mapping[str, Sequence[Score]]
    notes: Sequence[str] = ()
    signatures: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[Score, ...]:
        """One score of each measure, in order of appearance."""
        found: dict[str, Score] = {}
        for one in chain.from_iterable(self.rows.values()):
            found.setdefault(one.name, one)
        return tuple(found.values())

    def find(self, system: str, name: str) -> Score | None:
        """The score of a system, None where it has none.

        Raises:
            UsageError: There is no such system.
        """
        if system not in self.rows:
            raise UsageError(f"the table has no row {system!r}; its rows are {', '.join(self.rows)}")
        return next((one for one in self.rows[system] if one.name == name), None)

    def to_rich(self, names: Sequence[str] = KEY_MEASURES) -> Group:
        """For a terminal of 80 columns: some measures without their intervals, and what they are in."""
        from rich.box import SIMPLE_HEAD
        from rich.console import Group
        from rich.table import Table as RichTable
        from rich.text import Text

        columns = [column for column in self.columns if column.name in names]
        table = RichTable(box=SIMPLE_HEAD, show_edge=False, padding=(0, 0))
        table.add_column("system", vertical="bottom")
        for column in columns:
            words = (*column.name.split(), _ARROWS[column.better])
            table.add_column(Text("\n".join(words)), justify="right", vertical="bottom", no_wrap=True)
        for system in self.rows:
            table.add_row(Text(system), *(_cell(self.find(system, column.name), False) for column in columns))
        return Group(Text(self.title, style="bold"), table, Text(_units(columns)))

    def to_markdown(self) -> str:
        """For a file; ends with a newline."""
        heads = ["system", *map(_head, self.columns)]
        rows = [heads, ["---", *["---:"] * len(self.columns)]]
        for system in self.rows:
            rows.append([system, *(_cell(self.find(system, column.name)) for column in self.columns)])
        lines = [" | ".join(["", *(cell.replace("|", "\\|") for cell in row), ""]).strip() for row in rows]
        notes = (*self.notes, *(f"{name}: `{signature}`" for name, signature in self.signatures.items()))
        return "\n".join([f"**{self.title}**", "", *lines, *(f"\n{note}" for note in notes)]) + "\n"

    def document(self) -> dict[str, Any]:
        """For a program, ready for JSON; a number that is none is None."""
        rows = {system: [_plain(asdict(one)) for one in scores] for system, scores in self.rows.items()}
        return {"title": self.title, "rows": rows, "signatures": dict(self.signatures), "notes": list(self.notes)}


def warnings(
    table: Table, system: str, baselines: Sequence[str] = BASELINES, leave_out: Collection[str] = ()
) -> list[str]:
    """Say where a system is no better than a baseline, or moves too much or too little.

    Args:
        table: With the rows of system and baselines.
        system: The row to judge.
        baselines: Rows it must beat in every measure that has a direction.
        leave_out: Measures that mean nothing here.

    Returns:
        At most a sentence a baseline and one on movement; empty where there is nothing to warn of.

    Raises:
        UsageError: The table lacks a row.
    """
    columns = [column for column in table.columns if column.name not in leave_out]
    found = [_beaten(table, system, baseline, columns) for baseline in baselines]
    return [sentence for sentence in (*found, _off(table, system, columns)) if sentence]


def counted(n: int, word: str) -> str:
    """`1 clip`, `1,200 clips`."""
    return f"{n:,} {word}{'' if n == 1 else 's'}"


def _beaten(table: Table, system: str, baseline: str, columns: Sequence[Score]) -> str | None:
    names = [column.name for column in columns if not _wins(table, system, baseline, column)]
    return f'{system} does not beat "{baseline}" in {", ".join(names)}' if names else None


def _wins(table: Table, system: str, baseline: str, column: Score) -> bool:
    """Better, or there is nothing to be better than."""
    own, other = table.find(system, column.name), table.find(baseline, column.name)
    return own is None or other is None or column.better == "one" or math.isnan(other.value) or own.beats(other)


def _off(table: Table, system: str, columns: Sequence[Score]) -> str | None:
    """Which ratios to the truth lie outside of the bounds; one without a value does as well."""
    low, high = RATIO_BOUNDS
    ratios = [table.find(system, column.name) for column in columns if column.name in BOUNDED_RATIOS]
    off = [f"{one.name} {_cell(one, False)}" for one in ratios if one and not low <= one.value <= high]
    return f"{system} is off in {', '.join(off)} (times the truth's; right is {low} to {high})" if off else None


def _badness(one: Score) -> float:
    if one.better == "one":
        return abs(one.value - 1)
    return one.value if one.better == "lower" else -one.value


def _head(one: Score) -> str:
    return " ".join(filter(None, (one.name, one.unit and f"({one.unit})", _ARROWS[one.better])))


def _units(columns: Sequence[Score]) -> str:
    """Names by unit, in order of appearance."""
    by_unit: dict[str, list[str]] = {}
    for column in columns:
        by_unit.setdefault(column.unit, []).append(column.name)
    return "; ".join(f"{', '.join(names)} ({unit})" for unit, names in by_unit.items() if unit)


def _cell(one: Score | None, with_interval: bool = True) -> str:
    if one is None or math.isnan(one.value):
        return "–"
    if math.isnan(one.low) or not with_interval:
        return _number(one.value)
    return f"{_number(one.value)} ({_number(one.low)} to {_number(one.high)})"


def _number(value: float) -> str:
    """Four significant digits at most three decimals, as a rule."""
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) >= 10 else f"{value:.3f}"


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in fields.items()
    }
