"""A program that OpenPose runs in: it ends with this process, and its last words are kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from . import tied
from .openpose_failure import OpenPoseFailed

#: Allowed for the first frame besides: to load the networks, and where OpenPose was not built for the very GPU, for the
#: driver to compile for it, which takes minutes.
START_S = 600.0
_LAST_WORDS_BYTES = 16 << 10
#: A pipe of this size takes a picture in a few steps rather than in dozens.
_PIPE_BYTES = 1 << 20
#: How long a program may take to end once it was asked to.
_END_S = 5.0


class TiedProcess:
    """A running program; a context manager that ends it and what it has started, come what may.

    Args:
        command: The program by its path, and its arguments.
        talks: Give it pipes for standard input and output; else it gets none.

    Attributes:
        stdin: Where `talks`.
        stdout: Where `talks`.
    """

    def __init__(self, command: list[str], *, talks: bool = False) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this object
        self._is_over = False
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(tied.__file__)), str(os.getpid()), *command],
            stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
            stdout=subprocess.PIPE if talks else self._errors,
            stderr=self._errors,
            bufsize=0,
            pipesize=_PIPE_BYTES if talks else -1,
            # What is called openpose.bin may be a script, whose OpenPose would outlive it: all of its group is ended.
            start_new_session=True,
        )

    @property
    def stdin(self) -> IO[bytes]:
        """Unbuffered."""
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        """Unbuffered."""
        assert self._process.stdout is not None
        return self._process.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def poll(self) -> int | None:
        """Exit status, negative for a signal; None while it runs."""
        status = self._process.poll()
        if status is not None:
            self.kill()
        return status

    def failed(self) -> OpenPoseFailed:
        """Why it has ended, or why it says no more; ends it, if need be."""
        try:
            status: int | None = self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            status = None
        self.kill()
        return OpenPoseFailed.of(self.words(), status)

    def stuck(self) -> OpenPoseFailed:
        """Kill it for being stuck."""
        self.kill()
        return OpenPoseFailed("stuck", self.words(), None)

    def words(self) -> str:
        """The end of what it wrote on its standard error."""
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - _LAST_WORDS_BYTES))
        return self._errors.read().decode("utf-8", "replace")

    def forget_words(self) -> None:
        """What it wrote belongs to a clip that is done; the file is shared with it, and so is the place in it."""
        self._errors.seek(0)
        self._errors.truncate()

    def kill(self) -> None:
        """Kill what still runs of it; a thread that writes to it then gets a BrokenPipeError."""
        # Once and as soon as its end is seen: later its number may be that of somebody else's group.
        if not self._is_over:
            self._is_over = True
            with suppress(ProcessLookupError, PermissionError):  # macOS says the second where only the dead are left
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def end(self) -> None:
        """Kill it, and close the pipes, which no other thread may be using."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None and not pipe.closed:
                pipe.close()
