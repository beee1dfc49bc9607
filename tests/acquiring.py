"""What the tests of fetching share: content, a report that remembers, and one call that fetches a list."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prompt2sign.acquire.fetch import Summary, fetch
from prompt2sign.acquire.wanted import Outcome, RemoteFile, Wanted
from prompt2sign.options import FetchOptions

from .server import Server


def noise(n_bytes: int, seed: int = 1) -> bytes:
    """Bytes that no two places of a file share."""
    return random.Random(seed).randbytes(n_bytes)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def pinned(path: str, url: str, data: bytes, **changes: Any) -> RemoteFile:
    """A file of which length and checksum are published."""
    return RemoteFile(path, url, sizes=(len(data),), sha256=(sha256(data),), **changes)


class Told:
    """A report that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.begun: list[tuple[str, int | None, int]] = []
        self.n_bytes = 0
        self.ended: list[tuple[str, Outcome, str]] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    def begin(self, path: str, n_bytes: int | None, n_have: int) -> None:
        self.begun.append((path, n_bytes, n_have))

    def advance(self, path: str, n_bytes: int) -> None:
        self.n_bytes += n_bytes

    def end(self, path: str, outcome: Outcome, message: str) -> None:
        self.ended.append((path, outcome, message))


def fetch_all(
    server: Server, folder: Path, wanted: Sequence[Wanted], told: Told | None = None, **options: Any
) -> Summary:
    """Fetch a fixed list from the server."""
    mirrors = server.mirrors() | options.pop("mirrors", {})
    return fetch(lambda: wanted, folder, FetchOptions(mirrors=mirrors, **options), told)
