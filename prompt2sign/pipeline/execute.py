"""Run one stage on one clip, in whatever process: temporary name, fsync, rename, receipt."""

from __future__ import annotations

import hashlib
import os
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import (
    FATAL_ERRNOS,
    ClipRejected,
    FormatError,
    MissingError,
    RunError,
    UsageError,
)
from ..records import Clip, Receipt
from .stage import Job, Result, Stage


@dataclass(frozen=True, slots=True)
class Task:
    """A stage, a clip, and where things lie; everything a worker needs.

    Attributes:
        stage: The stage with its options.
        clip: The clip.
        source: Output of the stage before, None where there is none.
        output: Where the output belongs.
        root: The work folder, so that the receipt can name the output relative to it.
        fingerprint: Of the result to come.
        beside: A second output to work from, see `Job`.
    """

    stage: Stage
    clip: Clip
    source: Path | None
    output: Path
    root: Path
    fingerprint: str
    beside: Path | None = None


def execute(task: Task) -> Receipt:
    """Do the work and say how it went; raises only what would hit every other clip as well.

    Raises:
        RunError: The disk is full or read-only, or the process may open no more files.
        MissingError: A package or a file of weights is missing.
        UsageError: An option makes no sense.
    """
    started = time.perf_counter()
    temporary = task.output.with_name(f".{task.output.name}.{os.getpid()}.tmp")
    try:
        if task.stage.suffix:
            task.output.parent.mkdir(parents=True, exist_ok=True)
        result = task.stage.run(Job(task.clip, task.source, temporary, task.beside))
        output = _keep(task, temporary, result)
        return _receipt(task, started, status="done", values=result.values, **output)
    except ClipRejected as error:
        status = "dropped" if error.dropped else "failed"
        return _receipt(task, started, status=status, reason=error.reason, message=_naming_the_clip(task, error))
    except FormatError as error:
        return _receipt(task, started, status="failed", reason="bad-file", message=_naming_the_clip(task, error))
    except (RunError, MissingError, UsageError):
        raise
    except ImportError as error:
        raise MissingError(f"{task.stage.name}: {error}. `prompt2sign doctor` says what to install") from error
    except MemoryError:
        message = f"{task.clip.clip_id}: not enough memory; run it alone with --jobs 1 --only"
        return _receipt(task, started, status="failed", reason="out-of-memory", message=message)
    except Exception as error:
        _raise_if_fatal(error, task)
        message = f"{task.clip.clip_id}: {task.stage.name} failed: {type(error).__name__}: {error}"
        values = {"traceback": traceback.format_exc()}
        return _receipt(task, started, status="failed", reason="unexpected", message=message, values=values)
    finally:
        temporary.unlink(missing_ok=True)


def _keep(task: Task, temporary: Path, result: Result) -> dict[str, Any]:
    """Give the output its name, only when it is whole and on disk."""
    if result.reuse is not None:
        size = result.reuse.stat().st_size
        return {
            "output": str(result.reuse.absolute()),
            "output_sha256": result.reuse_sha256,
            "output_bytes": size,
        }
    if not task.stage.suffix:
        return {}
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
        digest, size = hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
    temporary.replace(task.output)
    relative = str(task.output.relative_to(task.root))
    return {"output": relative, "output_sha256": digest, "output_bytes": size}


def _naming_the_clip(task: Task, error: Exception) -> str:
    clip_id = task.clip.clip_id
    return str(error) if clip_id in str(error) else f"{clip_id}: {error}"


def _receipt(task: Task, started: float, **fields: Any) -> Receipt:
    seconds = round(time.perf_counter() - started, 4)
    return Receipt(task.clip.clip_id, task.stage.name, fingerprint=task.fingerprint, seconds=seconds, **fields)


def _raise_if_fatal(error: Exception, task: Task) -> None:
    """A full disk is not the clip's fault: stop the run instead of rejecting clip after clip."""
    full = "No space left on device" in str(error) or "Read-only file system" in str(error)
    if full or getattr(error, "errno", None) in FATAL_ERRNOS:
        raise RunError(
            f"{task.clip.clip_id}: {task.stage.name} cannot write into {task.output.parent}: {error}. "
            "Free some space or give another --work, then run the same command again: it goes on where it stopped"
        ) from error
