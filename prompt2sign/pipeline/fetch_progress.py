"""Progress of downloads: a bar a file on a terminal, plain lines elsewhere. Files are fetched side by side, so all
methods may be called from several threads."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from .progress import duration, size

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

_LINE_EVERY_S = 10.0


@dataclass
class _File:
    """How far one file has come; `n_total` is None where the server does not say."""

    n_total: int | None
    n_had: int
    n_have: int
    started: float


class FetchLines:
    """A line when a file begins, one for all files every few seconds, and one for whatever did not come."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._lock = say, Lock()
        self._files: dict[str, _File] = {}
        self._last = time.monotonic()

    def say(self, line: str) -> None:
        """Pass it on."""
        with self._lock:
            self._say(f"  {line}")

    def begin(self, path: str, n_bytes: int | None, n_have: int) -> None:
        """Say what is fetched."""
        with self._lock:
            self._files[path] = _File(n_bytes, n_have, n_have, time.monotonic())
            had = f", {size(n_have)} of it from before" if n_have else ""
            self._say(f"  fetching {path} ({size(n_bytes) if n_bytes else 'size unknown'}{had})")

    def advance(self, path: str, n_bytes: int) -> None:
        """Count, and now and then say where we are."""
        with self._lock:
            if path in self._files:
                self._files[path].n_have += n_bytes
            if time.monotonic() - self._last >= _LINE_EVERY_S:
                self._last = time.monotonic()
                for name, file in self._files.items():
                    self._say(f"  {name}: {_how_far(file)}")

    def end(self, path: str, outcome: str, message: str) -> None:
        """Say what became of it."""
        with self._lock:
            file = self._files.pop(path, None)
            if outcome == "done":
                self._say(f"  {path}: whole" + (f", {size(file.n_have)}" if file else ""))
            else:
                self._say(f"  {path}: {outcome}: {message}")


def _how_far(file: _File) -> str:
    rate = (file.n_have - file.n_had) / max(1e-3, time.monotonic() - file.started)
    if not file.n_total:
        return f"{size(file.n_have)}, {size(rate)}/s"
    left = f", {duration((file.n_total - file.n_have) / rate)} left" if rate > 0 else ""
    return f"{size(file.n_have)} of {size(file.n_total)}, {size(rate)}/s{left}"


class FetchBars:
    """A bar a file, on a terminal."""

    def __init__(self, console: Console) -> None:
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._console, self._lock = console, Lock()
        self._tasks: dict[str, TaskID] = {}

    def say(self, line: str) -> None:
        """Print it above the bars."""
        self._console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)

    def begin(self, path: str, n_bytes: int | None, n_have: int) -> None:
        """One bar more."""
        with self._lock:
            if not self._tasks:
                self._bars.start()
            self._tasks[path] = self._bars.add_task(path, total=n_bytes, completed=n_have)

    def advance(self, path: str, n_bytes: int) -> None:
        """Move its bar."""
        with self._lock:
            if path in self._tasks:
                self._bars.advance(self._tasks[path], n_bytes)

    def end(self, path: str, outcome: str, message: str) -> None:
        """Take its bar away; say what did not come."""
        with self._lock:
            if path in self._tasks:
                self._bars.remove_task(self._tasks.pop(path))
            if not self._tasks:
                self._bars.stop()
        if outcome != "done":
            self.say(f"{path}: {outcome}: {message}")
