"""What a stage is, and what makes a receipt stale."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from .. import __version__
from ..records import Clip, Receipt
from .work import WorkFolder

Needs = Literal["always", "if long", "never"]

#: Stages that take the output of another one besides that of the stage before.
BESIDE = {"visualise": "trim"}
#: Stages for people to look at: whatever comes of them, the release keeps the clip.
OPTIONAL = frozenset({"visualise"})


@dataclass(frozen=True, slots=True)
class Job:
    """One clip's work for one stage.

    Attributes:
        clip: The clip.
        source: Output of the stage before, None where there is none.
        target: Where to write the output; a temporary name, renamed once the stage has returned.
        beside: Output of the stage that `BESIDE` names, None where there is none.
    """

    clip: Clip
    source: Path | None
    target: Path
    beside: Path | None = None


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


class Stage(Hashable, Protocol):
    """One step over every clip: a pure function of the clip, the output before it, and the options.

    Attributes:
        name: As the command line calls it.
        version: Raised when the same input and options would give other bytes.
        folder: Folder of its outputs in the work folder.
        suffix: Suffix of its outputs, empty where it writes none.
        after: Name of the stage whose output it takes, empty where it takes none.
        workers: When it runs in worker processes. `always`, where native code reads files from outside: a crash then
            costs one clip. `if long`, where it reads only what an earlier stage wrote. `never`, where it is nothing.
        milliseconds_a_frame: Rough cost on one core, said before the first run on a machine.
    """

    name: str
    version: int
    folder: str
    suffix: str
    after: str
    workers: Needs
    milliseconds_a_frame: float

    @property
    def options(self) -> BaseModel:
        """What the user chose."""

    def applies(self, clip: Clip) -> bool:
        """Does this clip need the stage at all?"""

    def inputs(self, clip: Clip, state: str) -> list[Any]:
        """Whatever of the clip, and of its files by their `state`, the result depends on, besides the stage before."""

    def run(self, job: Job) -> Result:
        """Do the work.

        Raises:
            ClipRejected: The clip cannot be used.
        """


def fingerprint(stage: Stage, clip: Clip, state: str, before: Receipt | None) -> str:
    """Digest of everything a stage's result for a clip depends on.

    Args:
        stage: The stage.
        clip: The clip.
        state: Of the clip's files, as the manifest has it (`source_state`).
        before: Receipt of the stage before, None where there is none.
    """
    own = json.dumps([stage.inputs(clip, state), before.output_sha256 if before else ""])
    return hashlib.sha256((_same_for_all(stage) + own).encode()).hexdigest()


@lru_cache(maxsize=8)
def _same_for_all(stage: Stage) -> str:
    """What goes into the fingerprint of every clip."""
    return json.dumps([stage.name, stage.version, __version__, stage.options.model_dump(mode="json")], sort_keys=True)


def needs_before(stage: Stage, clip: Clip) -> bool:
    """Ready keypoints enter at `pose`: no video was trimmed before."""
    return bool(stage.after) and not (stage.after == "trim" and clip.keypoints is not None)


def is_valid(receipt: Receipt | None, expected: str, work: WorkFolder) -> bool:
    """Does this receipt still say what running the stage again would give? `expected` is its fingerprint by now."""
    if receipt is None or receipt.fingerprint != expected:
        return False
    if receipt.status != "done" or not receipt.output:
        return True
    status = _status(work.absolute(receipt.output))
    return status is not None and stat.S_ISREG(status.st_mode) and status.st_size == receipt.output_bytes


def path_state(path: Path) -> str:
    """Digest of the name, size and modification time of a file, or of every file directly in a folder.

    Content would be truer, but would read 290 GB of How2Sign at each start. A missing file has no state: the stage
    itself then says what is missing.
    """
    digest = hashlib.sha256(os.fsencode(path.name))
    for name, status in _files_in(path) if path.is_dir() else [(path.name, _status(path))]:
        if status is not None:
            digest.update(b"%b\0%d %d\n" % (os.fsencode(name), status.st_size, status.st_mtime_ns))
    return digest.hexdigest()


def _files_in(folder: Path) -> list[tuple[str, os.stat_result | None]]:
    """Names and states of the files directly in a folder, sorted by name."""
    with os.scandir(folder) as entries:
        found = sorted((entry.name, entry.path) for entry in entries)
    states = ((name, _status(path)) for name, path in found)
    return [(name, status) for name, status in states if status is not None and stat.S_ISREG(status.st_mode)]


def _status(path: str | Path) -> os.stat_result | None:
    """None for what is not there, and for a link that leads nowhere or in a circle."""
    try:
        return os.stat(path)  # noqa: PTH116 - a Path for each of a folder's files would cost more than the call
    except OSError:
        return None


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
