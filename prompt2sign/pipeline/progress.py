"""Progress of long work: bars on a terminal, plain lines elsewhere, nothing with `--json`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from ..records import Receipt

if TYPE_CHECKING:
    from rich.console import Console

    from ..acquire.report import Report
    from .stage import Stage

_LINE_EVERY_S = 5.0


class Progress(Protocol):
    """Told what happens during a build."""

    def say(self, line: str) -> None:
        """Tell people one thing."""

    def downloads(self) -> Report:
        """Whoever is to be told of files that are fetched."""

    def begin(self, stage: Stage, n_clips: int, cost: str) -> None:
        """A stage starts on so many clips; `cost` says what it will take."""

    def advance(self, receipt: Receipt) -> None:
        """A clip is through."""

    def end(self, seconds: float) -> None:
        """The stage is over, or was stopped."""


class Silent:
    """Says nothing."""

    def say(self, line: str) -> None:
        """Nothing."""

    def downloads(self) -> Report:
        """Nobody."""
        from ..acquire.report import Silent as SilentReport

        return SilentReport()

    def begin(self, stage: Stage, n_clips: int, cost: str) -> None:
        """Nothing."""

    def advance(self, receipt: Receipt) -> None:
        """Nothing."""

    def end(self, seconds: float) -> None:
        """Nothing."""


class Lines:
    """One line every few seconds: for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, line: str) -> None:
        """Print it."""
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def downloads(self) -> Report:
        """Lines too."""
        from .fetch_progress import FetchLines

        return FetchLines(self.say)

    def begin(self, stage: Stage, n_clips: int, cost: str) -> None:
        """Say what will be done."""
        self._name, self._total, self._done = stage.name, n_clips, 0
        self._started = self._last = time.monotonic()
        self.say(f"{stage.name}: {cost}")

    def advance(self, receipt: Receipt) -> None:
        """Count, and now and then say where we are; a rejected clip is said at once."""
        self._done += 1
        if receipt.status == "failed":
            self.say(f"  rejected ({receipt.reason}): {receipt.message}")
        now = time.monotonic()
        if now - self._last >= _LINE_EVERY_S and self._done < self._total:
            self._last = now
            left = (now - self._started) / self._done * (self._total - self._done)
            self.say(f"  {self._name}: {self._done:,} of {self._total:,} clips, {duration(left)} left")

    def end(self, seconds: float) -> None:
        """Say how long it took."""
        took = time.monotonic() - self._started
        self.say(f"  {self._name}: {self._done:,} of {self._total:,} clips in {duration(took)}")


class Bars:
    """A bar a stage with rate and time left, on a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, line: str) -> None:
        """Print it above the bar."""
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def downloads(self) -> Report:
        """A bar a file."""
        from .fetch_progress import FetchBars

        return FetchBars(self._console)

    def begin(self, stage: Stage, n_clips: int, cost: str) -> None:
        """Start a bar."""
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Bar

        self.say(f"{stage.name}: {cost}")
        self._frames, self._started = 0, time.monotonic()
        self._bar = Bar(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._task = self._bar.add_task(stage.name, total=n_clips, rate="")
        self._bar.start()

    def advance(self, receipt: Receipt) -> None:
        """Move the bar; a rejected clip is said at once."""
        if receipt.status == "failed":
            self.say(f"  rejected ({receipt.reason}): {receipt.message}")
        self._frames += receipt.values.get("n_frames", 0)
        rate = self._frames / max(1e-6, time.monotonic() - self._started)
        self._bar.update(self._task, advance=1, rate=f"{rate:,.0f} frames/s" if self._frames else "")

    def end(self, seconds: float) -> None:
        """Stop the bar where it is."""
        self._bar.stop()


def duration(seconds: float) -> str:
    """Seconds for people: `8 s`, `3 min`, `2.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def size(n_bytes: float) -> str:
    """Bytes for people: `3.2 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1000 or unit == "GB":
            break
        n_bytes /= 1000
    return f"{n_bytes:.0f} {unit}" if unit == "B" else f"{n_bytes:.1f} {unit}"
