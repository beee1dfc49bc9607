"""What a run wrote down: numbers by step, as JSON Lines, as a table, on the console, and for TensorBoard."""

from __future__ import annotations

import csv
import io
import json
import math
import numbers
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, SupportsFloat, TextIO

from ..formats.atomic import atomic_path

LINES, TABLE, BOARD = "log.jsonl", "log.csv", "tensorboard"


class RunLog:
    """Writes each line at once, so that a killed run has lost at most the last one; goes on where a log is there.

    `log.jsonl` holds an object a line: `step` and whatever numbers were written. `log.csv` is the same as a table
    whose columns come in order of appearance; where a line brings a new one, the table is written again with it.
    Infinite numbers and NaN are null in the first and empty in the second. A validation is a line of its own with the
    step it came after, so a step has two rows in the table, each with cells that are empty.

    Args:
        folder: Folder of the run.
        console: Takes a line for people; None for none.
        every: Steps of training a line; it holds the means over them. The console is told of the first step as well.
        n_steps: Of the whole run, for the console.
        tensorboard: Write for TensorBoard as well, where it is installed.

    Raises:
        OSError: The disk is full and the like.
    """

    def __init__(
        self,
        folder: Path,
        console: Callable[[str], object] | None = print,
        *,
        every: int = 1,
        n_steps: int | None = None,
        tensorboard: bool = True,
    ) -> None:
        self._folder, self._console = folder, console or (lambda _: None)
        self._every, self._n_steps = every, n_steps
        self._since: dict[str, tuple[float, int]] = {}
        self._silent = True
        self._board: Any = _open_board(folder / BOARD, self._console) if tensorboard else None
        folder.mkdir(parents=True, exist_ok=True)
        self._open()

    def step(
        self,
        step: int,
        epoch: int,
        values: Mapping[str, SupportsFloat],
        now: Mapping[str, SupportsFloat] | None = None,
        time: str = "",
    ) -> None:
        """Take what training says of a step; a line is written at each step that `every` divides.

        Args:
            step: Steps taken.
            epoch: Epochs finished.
            values: Written as their means since the last line.
            now: Written as they are.
            time: What the console is told of time.

        Raises:
            TypeError: One is no number.
        """
        for name, value in values.items():
            total, n = self._since.get(name, (0.0, 0))
            self._since[name] = total + _number(name, value), n + 1
        line = {"epoch": epoch, **{name: total / n for name, (total, n) in self._since.items()}, **(now or {})}
        if step % self._every == 0:
            self._since.clear()
            self._write(step, line, time)
        elif self._silent:
            self._show(step, line, time)
        self._silent = False

    def validation(self, step: int, values: Mapping[str, SupportsFloat]) -> None:
        """Write down what a validation after a step says, as `dev/...`.

        Raises:
            TypeError: One is no number.
        """
        self._write(step, {f"dev/{name}": value for name, value in values.items()})

    @property
    def since(self) -> dict[str, tuple[float, int]]:
        """What the next line will hold of the steps since the last one: sums, and of how many values."""
        return dict(self._since)

    def cut(self, step: int, since: Mapping[str, tuple[float, int]] | None = None) -> None:
        """Remove what lies beyond a step: a run that goes on from there writes it anew.

        Args:
            step: The last one that stays.
            since: `since` as it was after that step, so that the next line is that of a run which never stopped.
        """
        self._close_files()
        self._since = {name: (total, n) for name, (total, n) in (since or {}).items()}
        with atomic_path(self._folder / LINES) as partial, partial.open("w", encoding="utf-8") as file:
            kept = (line for line in read_log(self._folder / LINES) if line["step"] <= step)
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in kept)
        self._open()
        if self._board is not None:
            self._board.close()
            self._board = _open_board(self._folder / BOARD, self._console, purge_step=step + 1)

    def say(self, text: str) -> None:
        """A line for people alone."""
        self._console(text)

    def close(self) -> None:
        """Close all files."""
        self._close_files()
        if self._board is not None:
            self._board.close()

    def __enter__(self) -> RunLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, step: int, values: Mapping[str, SupportsFloat], time: str = "") -> None:
        plain = {name: _number(name, value) for name, value in values.items()}
        line = {"step": step} | {name: value if math.isfinite(value) else None for name, value in plain.items()}
        _append(self._lines, json.dumps(line, ensure_ascii=False))
        if set(line) <= set(self._columns):
            _append(self._table, _row(self._columns, line))
        else:
            self._close_files()
            self._open()
        for name, value in plain.items() if self._board is not None else ():
            self._board.add_scalar(name, value, step)
        self._show(step, plain, time)

    def _show(self, step: int, values: Mapping[str, SupportsFloat], time: str) -> None:
        plain = {name: _number(name, value) for name, value in values.items()}
        steps = (
            f"{step:>7,}"
            if self._n_steps is None
            else f"{step:,}/{self._n_steps:,}".rjust(2 * len(f"{self._n_steps:,}") + 1)
        )
        told = [f"step {steps}", time, *(f"{name} {_short(value)}" for name, value in plain.items())]
        self.say("  ".join(part for part in told if part))

    def _open(self) -> None:
        """Open the lines to append to, and the table, written anew from the lines."""
        path = self._folder / LINES
        self._columns = list(dict.fromkeys(["step", *(name for line in read_log(path) for name in line)]))
        with atomic_path(self._folder / TABLE) as partial, partial.open("w", encoding="utf-8") as file:
            file.write(_row(self._columns, {name: name for name in self._columns}) + "\n")
            file.writelines(_row(self._columns, line) + "\n" for line in read_log(path))
        self._table = (self._folder / TABLE).open("a", encoding="utf-8")
        self._lines = path.open("a", encoding="utf-8")
        if not _ends_a_line(path):
            _append(self._lines, "")

    def _close_files(self) -> None:
        self._lines.close()
        self._table.close()


def read_log(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a `log.jsonl`, one that a killed process left half written passed over; none where it is missing."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for text in file:
            try:
                line = json.loads(text)
            except (ValueError, RecursionError):
                continue
            if isinstance(line, dict) and isinstance(line.get("step"), int):
                yield line


def _open_board(folder: Path, console: Callable[[str], object], purge_step: int | None = None) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        console('nothing is written for TensorBoard, which is not installed: `pip install "prompt2sign[train]"`')
        return None
    return SummaryWriter(str(folder), purge_step=purge_step)


def _append(file: TextIO, line: str) -> None:
    file.write(line + "\n")
    file.flush()


def _ends_a_line(path: Path) -> bool:
    """False where a killed process left half a line, which the next one must not be joined to."""
    with path.open("rb") as file:
        if file.seek(0, io.SEEK_END) == 0:
            return True
        file.seek(-1, io.SEEK_END)
        return file.read() == b"\n"


def _number(name: str, value: SupportsFloat) -> float | int:
    if isinstance(value, numbers.Integral):
        return int(value)
    if not hasattr(value, "__float__"):
        raise TypeError(f"{name}: a log holds numbers, not {value!r}")
    return float(value)


def _row(columns: list[str], line: Mapping[str, Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(["" if line.get(name) is None else line[name] for name in columns])
    return text.getvalue()


def _short(value: float | int) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
