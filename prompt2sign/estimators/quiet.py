"""Keeping native libraries from writing on the user's terminal."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import Prompt2SignError


@contextmanager
def native_stderr_silenced() -> Iterator[None]:
    """Hold back what C and C++ code writes to standard error; Python's own `sys.stderr` keeps working.

    mediapipe's wheel logs a dozen warnings a clip before its logger can be configured, and has no switch for it. If
    the block fails unexpectedly, what was held back is printed, for it may say why.
    """
    sys.stderr.flush()
    terminal, python_stderr = os.dup(2), sys.stderr
    with tempfile.TemporaryFile() as held, os.fdopen(terminal, "w", buffering=1, closefd=True) as still_visible:
        os.dup2(held.fileno(), 2)
        if _writes_to_fd_2(python_stderr):
            sys.stderr = still_visible
        try:
            yield
        except Prompt2SignError:
            raise
        except Exception:
            held.seek(0)
            os.write(terminal, held.read())
            raise
        finally:
            sys.stderr = python_stderr
            os.dup2(terminal, 2)


def _writes_to_fd_2(stream: object) -> bool:
    try:
        return stream.fileno() == 2  # type: ignore[attr-defined, no-any-return]
    except (AttributeError, OSError, ValueError):
        return False
