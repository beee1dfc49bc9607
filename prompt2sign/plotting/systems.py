"""Systems side by side: scores with their intervals, from the tables that `prompt2sign evaluate` writes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FormatError, UsageError
from .figures import COLOURS, PAGE_IN, is_drawable, new_figure, plain, told_apart

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TABLE = "evaluation.json"
_COLUMNS = 3
_ARROWS = {"lower": "lower is better", "higher": "higher is better", "one": "1 is best"}
#: Plotted where nobody says what: those of a table that a reader looks at first.
FIRST_CHOICE = ("DTW-MJE", "DTW-MJE hand shape", "total distance", "duration", "BLEU-4", "chrF")

Rows = dict[str, list[dict[str, Any]]]


def systems(evaluations: Sequence[Path], names: Sequence[str] = ()) -> Figure:
    """A panel a measure, a bar with its interval of 95 % a system.

    Args:
        evaluations: Folders that `evaluate` wrote, or their `evaluation.json`; of several, a system's name is led by
            that of its folder, and of those it lies in where two are alike.
        names: Measures as the table has them; left out, those a reader looks at first.

    Raises:
        UsageError: No evaluation, one twice, no table in one, or no such measure in any.
        FormatError: A table is damaged.
        MissingError: matplotlib is not installed.
    """
    if not evaluations:
        raise UsageError("name at least one evaluation")
    rows = _rows_of_all([one.parent if one.name == TABLE else one for one in evaluations])
    there = list(dict.fromkeys(score["name"] for scores in rows.values() for score in scores))
    wanted = list(names) or [name for name in FIRST_CHOICE if name in there] or there
    if unknown := [name for name in wanted if name not in there]:
        raise UsageError(f"no table has {', '.join(unknown)}; there are {', '.join(there)}")
    columns = min(_COLUMNS, len(wanted))
    n_rows = -(-len(wanted) // columns)
    with new_figure(PAGE_IN, n_rows * (0.2 * len(rows) + 0.8)) as figure:
        grid = figure.subplots(n_rows, columns, squeeze=False, sharey=True).ravel()
        for axes, name in zip(grid, wanted, strict=False):
            _bars(axes, name, rows)
        for axes in grid[len(wanted) :]:
            axes.set_visible(False)
    return figure


def _rows_of_all(evaluations: Sequence[Path]) -> Rows:
    """Of several, under names led by the folder's."""
    names = told_apart(evaluations)
    if twice := [name for name in names if names.count(name) > 1]:
        raise UsageError(f"{twice[0]} is named twice; name each evaluation once")
    rows: Rows = {}
    for name, evaluation in zip(names, evaluations, strict=True):
        lead = f"{name}: " if len(evaluations) > 1 else ""
        rows |= {f"{lead}{system}": scores for system, scores in _rows(evaluation).items()}
    return rows


def _bars(axes: Axes, name: str, rows: Rows) -> None:
    unit, better = "", ""
    for place, (_, scores) in enumerate(rows.items()):
        score = next((one for one in scores if one["name"] == name), None)
        if score is None or score["value"] is None:
            continue
        unit, better = score.get("unit") or "", _ARROWS.get(score.get("better", ""), "")
        axes.barh(place, score["value"], height=0.7, color=COLOURS[place % len(COLOURS)])
        low, high = score.get("low"), score.get("high")
        if low is not None and high is not None:
            axes.plot([low, high], [place, place], color="black", linewidth=0.8, solid_capstyle="butt")
    axes.set_yticks(range(len(rows)), [plain(system) for system in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_title(plain(f"{name} ({unit})" if unit else name))
    axes.set_xlabel(better)
    axes.grid(True, axis="x")


def _rows(evaluation: Path) -> Rows:
    path = evaluation / TABLE if evaluation.is_dir() else evaluation
    if not path.is_file():
        raise UsageError(f"{path}: is not there; give the folder that `prompt2sign evaluate --out` wrote")
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
        checked = {str(system): [_score(score) for score in scores] for system, scores in rows.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FormatError(f"{path}: is no table of `prompt2sign evaluate` ({error}); evaluate again") from error
    return checked


def _score(score: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {key: score.get(key) for key in ("value", "low", "high")}
    if wrong := [key for key, value in numbers.items() if value is not None and not is_drawable(value)]:
        raise ValueError(f"{wrong[0]} is no number that can be drawn")
    return {
        **numbers,
        "name": str(score["name"]),
        "unit": str(score.get("unit", "")),
        "better": str(score.get("better")),
    }
