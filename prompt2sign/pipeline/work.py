"""The work folder: where everything between the corpus and the release is kept, so that a build can go on."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import RunError


class WorkFolder:
    """`WORK/<language>/<corpus>/` with one folder a stage, the ledger, and a lock.

    Attributes:
        root: The folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def ledger(self) -> Path:
        """The manifest and the receipts (SQLite)."""
        return self.root / "ledger.sqlite"

    @property
    def source(self) -> Path:
        """Where corpora unpack their archives."""
        return self.root / "source"

    def output(self, folder: str, clip_id: str, suffix: str) -> Path:
        """Where a stage puts its output for one clip."""
        return self.root / folder / (safe_name(clip_id) + suffix)

    def relative(self, path: Path) -> str:
        """`path` as receipts keep it: relative inside the work folder, absolute outside."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    def absolute(self, path: str) -> Path:
        """The inverse of `relative`."""
        return self.root / path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one build.

        Raises:
            RunError: Another build holds it, or the folder cannot be written.
        """
        import filelock

        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self.root / ".lock", timeout=0)
            with lock:
                self._sweep()
                yield
        except filelock.Timeout:
            raise RunError(
                f"{self.root}: another build is at work in this folder; wait for it, or give another --work"
            ) from None

    def _sweep(self) -> None:
        """Remove what a killed build left half-written."""
        for path in self.root.glob("*/.*.tmp"):
            path.unlink(missing_ok=True)


def safe_name(clip_id: str) -> str:
    """A file name for any clip id: readable, at most 200 bytes, unique even where case or Unicode form is ignored.

    The digest makes it unique; the ledger and the manifest lead back to the id.
    """
    readable = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", clip_id))[:48].lstrip(".-")
    return f"{readable}-{hashlib.sha256(clip_id.encode()).hexdigest()[:12]}"
