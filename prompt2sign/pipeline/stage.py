"""What a stage is, and what makes a receipt stale."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from .. import __version__
from ..records import Clip, Receipt
from .work import WorkFolder


@dataclass(frozen=True, slots=True)
class Job:
    """One clip's work for one stage.

    Attributes:
        clip: The clip.
        source: Output of the stage before, None where there is none.
        target: Where to write the output; a temporary name, renamed once the stage has returned.
    """

    clip: Clip
    source: Path | None
    target: Path


@dataclass(frozen=True, slots=True)
class Result:
    """What a stage gives back.

    Attributes:
        values: Measurements and small results, JSON types only.
        reuse: A file to use as the output as it is, where nothing had to be written.
        reuse_sha256: Content of that file.
    """

    values: dict[str, Any]
    reuse: Path | None = None
    reuse_sha256: str = ""


class Stage(Protocol):
    """One step over every clip: a pure function of the clip, the output before it, and the options.

    Attributes:
        name: As the command line calls it.
        version: Raised when the same input and options would give other bytes.
        folder: Folder of its outputs in the work folder.
        suffix: Suffix of its outputs, empty where it writes none.
        after: Name of the stage whose output it takes, empty where it takes none.
        parallel: Worth worker processes?
        milliseconds_a_frame: Rough cost on one core, said before the first run on a machine.
    """

    name: str
    version: int
    folder: str
    suffix: str
    after: str
    parallel: bool
    milliseconds_a_frame: float

    @property
    def options(self) -> BaseModel:
        """What the user chose."""

    def applies(self, clip: Clip) -> bool:
        """Does this clip need the stage at all?"""

    def inputs(self, clip: Clip) -> list[Any]:
        """Whatever of the clip the result depends on, besides the output of the stage before."""

    def run(self, job: Job) -> Result:
        """Do the work.

        Raises:
            ClipRejected: The clip cannot be used.
        """


def fingerprint(stage: Stage, clip: Clip, before: Receipt | None) -> str:
    """Digest of everything a stage's result for a clip depends on."""
    parts = [
        stage.name,
        stage.version,
        __version__,
        stage.options.model_dump(mode="json"),
        stage.inputs(clip),
        before.output_sha256 if before else "",
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def needs_before(stage: Stage, clip: Clip) -> bool:
    """Ready keypoints enter at `pose`: no video was trimmed before."""
    return bool(stage.after) and not (stage.after == "trim" and clip.keypoints is not None)


def is_valid(receipt: Receipt | None, stage: Stage, clip: Clip, before: Receipt | None, work: WorkFolder) -> bool:
    """Does this receipt still say what running the stage again would give?"""
    if receipt is None or receipt.fingerprint != fingerprint(stage, clip, before):
        return False
    if receipt.status != "done" or not receipt.output:
        return True
    output = work.absolute(receipt.output)
    return output.is_file() and output.stat().st_size == receipt.output_bytes


def path_state(path: Path) -> list[Any]:
    """Name, size and modification time of a file, or of every file directly in a folder.

    Content would be truer, but would read 290 GB of How2Sign at each start. A missing file has no state: the stage
    itself then says what is missing.
    """
    if path.is_dir():
        return [path.name, *(_file_state(entry) for entry in sorted(path.iterdir()) if _is_file(entry))]
    return _file_state(path) if path.exists() else [path.name]


def _file_state(path: Path) -> list[Any]:
    status = path.stat()
    return [path.name, status.st_size, status.st_mtime_ns]


def _is_file(path: Path) -> bool:
    """Not so for a link that leads in a circle."""
    try:
        return path.is_file()
    except OSError:
        return False


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
