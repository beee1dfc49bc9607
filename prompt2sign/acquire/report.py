"""Whom fetching tells what it does."""

from __future__ import annotations

from typing import Protocol

from .wanted import Outcome


class Report(Protocol):
    """Told of everything that happens. Called from several threads at once; what it raises stops the fetching."""

    def say(self, line: str) -> None:
        """One line for people."""

    def begin(self, path: str, n_bytes: int | None, n_have: int) -> None:
        """A file begins to come, or to be unpacked: its size where that is known, and the bytes that were there.

        May come again for the same path: a file that changed at its server is begun anew.
        """

    def advance(self, path: str, n_bytes: int) -> None:
        """So many bytes more."""

    def end(self, path: str, outcome: Outcome, message: str) -> None:
        """What became of it, and why where it did not come."""


class Silent:
    """Tells nobody."""

    def say(self, line: str) -> None:
        """Nothing."""

    def begin(self, path: str, n_bytes: int | None, n_have: int) -> None:
        """Nothing."""

    def advance(self, path: str, n_bytes: int) -> None:
        """Nothing."""

    def end(self, path: str, outcome: Outcome, message: str) -> None:
        """Nothing."""
