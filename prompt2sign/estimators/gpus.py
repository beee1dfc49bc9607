"""Which GPUs there are, and one of them for each process.

Estimators know nothing of this: a process that took a GPU sees no other (`CUDA_VISIBLE_DEVICES`, read by CUDA when it
is first used), and its programs see the same one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import MissingError, RunError

if TYPE_CHECKING:
    import filelock

_VISIBLE = "CUDA_VISIBLE_DEVICES"
#: How long a process waits for the GPU of one that was killed a moment ago.
_WAIT_S = 30.0


@lru_cache(maxsize=4)
def find_gpus(asked: tuple[int, ...] | None) -> tuple[str, ...]:
    """The GPUs to use, as `CUDA_VISIBLE_DEVICES` names them, one for each process.

    Args:
        asked: Their numbers; one that stands there twice gets two processes. None asks for all that the environment
            leaves visible, an empty one for none.

    Raises:
        MissingError: A GPU was asked for that is not there.
    """
    there = _there()
    if asked is None:
        visible = os.environ.get(_VISIBLE)
        return there if visible is None else tuple(name.strip() for name in visible.split(",") if _names_one(name))
    missing = sorted({str(number) for number in asked} - set(there))
    if missing and shutil.which("nvidia-smi"):
        raise MissingError(
            f"--gpus: there is no GPU {', '.join(missing)}; nvidia-smi sees "
            + (f"{', '.join(there)}" if there else "none: is the driver loaded, and the GPU passed into the container?")
        )
    return tuple(map(str, asked))


def _names_one(name: str) -> bool:
    return bool(name.strip()) and name.strip() != "-1"


def _there() -> tuple[str, ...]:
    """Numbers of the GPUs of this machine; empty where nvidia-smi is missing or fails."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    try:
        listed = subprocess.run([program, "-L"], capture_output=True, text=True, check=False, timeout=60).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ()
    lines = [line.split(":")[0].removeprefix("GPU ") for line in listed.splitlines() if line.startswith("GPU ")]
    return tuple(number for number in lines if number.isdecimal())


def take_gpu(folder: Path, gpus: tuple[str, ...]) -> str | None:
    """Keep one GPU for this process as long as it lives, and let it see no other.

    The locks are the kernel's: however a process ends, its GPU is free again. A second call gives the same GPU.

    Args:
        folder: Where the lock files lie, the same for all processes of a build.
        gpus: As `find_gpus` gives them.

    Returns:
        Name of the GPU, None where there are none.

    Raises:
        RunError: All are held by other processes of the build.
    """
    return _take(folder, gpus)[0]


@lru_cache(maxsize=1)
def _take(folder: Path, gpus: tuple[str, ...]) -> tuple[str | None, filelock.BaseFileLock | None]:
    if not gpus:
        return None, None
    import filelock

    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + _WAIT_S
    while time.monotonic() < deadline:
        for place, gpu in enumerate(gpus):
            lock = filelock.FileLock(folder / f".gpu-{place}.lock", timeout=0)
            try:
                lock.acquire()
            except filelock.Timeout:
                continue
            os.environ[_VISIBLE] = gpu
            return gpu, lock
        time.sleep(0.1)
    raise RunError(
        f"{folder}: all {len(gpus)} GPUs of this build are in use; end its other processes and start it again"
    )
