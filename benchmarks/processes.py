"""Run the command line in a process of its own, and watch what it and its workers use. Linux's /proc tells."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_EVERY_S = 0.05
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """What one run of the command line used.

    Attributes:
        wall_s: From start to end, Python's own start included.
        cpu_s: Processor time of all its processes together.
        main_cpu_s: Of the main process alone.
        peak_mb: Most memory the main process ever held (VmHWM, which unlike `getrusage` is not inherited), MB.
        worker_mb: The same of its largest other process; 0 where there was none.
    """

    wall_s: float
    cpu_s: float
    main_cpu_s: float
    peak_mb: float
    worker_mb: float


def run_prompt2sign(*arguments: str | Path) -> Usage:
    """Run `prompt2sign ARGUMENTS` to its end.

    What a process used since it was last looked at, 0.05 s at most before its end, is lost.

    Raises:
        CalledProcessError: It did not end with 0; what it said stands in the message's `output`.
    """
    started = time.perf_counter()
    command = [sys.executable, "-m", "prompt2sign", *map(str, arguments)]
    seen: dict[int, tuple[float, float]] = {}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        seen |= {pid: usage for pid in _with_descendants(process.pid) if (usage := _usage(pid))}
        time.sleep(_EVERY_S)
    wall_s = time.perf_counter() - started
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    main_mb, main_cpu_s = seen.pop(process.pid)
    return Usage(
        wall_s=wall_s,
        cpu_s=main_cpu_s + sum(cpu_s for _, cpu_s in seen.values()),
        main_cpu_s=main_cpu_s,
        peak_mb=main_mb,
        worker_mb=max((mb for mb, _ in seen.values()), default=0.0),
    )


def _with_descendants(pid: int) -> Iterator[int]:
    yield pid
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = path.read_text().split()
        except OSError:  # the thread has just ended
            continue
        for child in children:
            yield from _with_descendants(int(child))


def _usage(pid: int) -> tuple[float, float] | None:
    """Peak memory in MB and processor seconds so far, None for a process that has just ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    peak_kb = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")]
    cpu_s = (int(times[11]) + int(times[12])) / _TICKS_A_SECOND
    return (peak_kb[0] * 1024 / 1e6, cpu_s) if peak_kb else None
