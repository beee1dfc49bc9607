"""How trainings went: numbers by step, from the logs of their runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import FormatError, UsageError
from .figures import COLUMN_IN, PAGE_IN, is_drawable, new_figure, plain, told_apart

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOG = "log.jsonl"
_COLUMNS = 3
#: Plotted where nobody says what.
_FIRST_CHOICE = ("loss", "dev/DTW-MJE")


def training_curves(runs: Sequence[Path], names: Sequence[str] = (), *, smooth: int = 1) -> Figure:
    """A panel a number, a line a run.

    Args:
        runs: Folders of runs, or their `log.jsonl`.
        names: As the logs have them, such as `loss` or `dev/DTW-MJE`; left out, the loss and the validation's error,
            or whatever the logs hold.
        smooth: Mean over so many lines of a log.

    Raises:
        UsageError: No run, no log in one, or no such number in any.
        FormatError: A log holds nothing that can be plotted.
        MissingError: matplotlib is not installed.
    """
    if not runs or smooth < 1:
        raise UsageError("training curves need a run, and a smoothing of 1 at least")
    labels = told_apart([run.parent if run.name == LOG else run for run in runs])
    logs = [list(_lines(run)) for run in runs]
    there = list(dict.fromkeys(name for lines in logs for line in lines for name in line if _is_number(line, name)))
    wanted = list(names) or [name for name in _FIRST_CHOICE if name in there] or there
    if unknown := [name for name in wanted if name not in there]:
        raise UsageError(f"no log has {', '.join(unknown)}; there are {', '.join(there)}")
    columns = min(_COLUMNS, len(wanted))
    n_rows = -(-len(wanted) // columns)
    with new_figure(COLUMN_IN if columns == 1 else PAGE_IN, 1.8 * n_rows) as figure:
        grid = figure.subplots(n_rows, columns, squeeze=False).ravel()
        for axes, name in zip(grid, wanted, strict=False):
            for label, lines in zip(labels, logs, strict=True):
                course = np.array([[line["step"], line[name]] for line in lines if _is_number(line, name)], float)
                if len(course):
                    steps, values = _smoothed(course.reshape(-1, 2), smooth).T
                    axes.plot(steps, values, label=plain(label), marker="." if len(steps) < 2 else None)
            axes.set_title(plain(name))
            axes.set_xlabel("step")
            axes.grid(True)
        for axes in grid[len(wanted) :]:
            axes.set_visible(False)
        if len(runs) > 1:
            grid[0].legend()
    return figure


def _lines(run: Path) -> Iterator[dict[str, Any]]:
    """Lines with a step; one that a killed run left half written is passed over."""
    path = run / LOG if run.is_dir() else run
    if not path.is_file():
        raise UsageError(f"{path}: is not there; give the folder of a run that `prompt2sign train` made")
    n_found = 0
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(line, dict) and _is_number(line, "step", even="step"):
            n_found += 1
            yield line
    if not n_found:
        raise FormatError(f"{path}: holds no line with a step; is it the log of a run?")


def _is_number(line: dict[str, Any], name: str, even: str = "") -> bool:
    return is_drawable(line.get(name)) and (name == even or name not in ("step", "epoch"))


def _smoothed(course: np.ndarray[tuple[int, ...], np.dtype[np.float64]], width: int) -> Any:
    """Each value the mean of the last `width` there are."""
    totals = np.cumsum(np.vstack([np.zeros(2), course]), axis=0)
    ends = np.arange(1, len(course) + 1)
    starts = np.maximum(ends - width, 0)
    return np.column_stack([course[:, 0], (totals[ends, 1] - totals[starts, 1]) / (ends - starts)])
