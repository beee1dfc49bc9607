"""The command line: parse, call, print; no logic of its own."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from ..errors import FATAL_ERRNOS, Prompt2SignError

_STOPPED = 130


class Stopped(BaseException):
    """Ctrl-C, a polite kill or a closed terminal.

    No Exception, and no KeyboardInterrupt either: nobody on the way out may swallow it.
    """


def main() -> NoReturn:
    """Run the command line; ends the process with a documented exit code (`docs/cli.md`)."""
    # Commands register themselves on `app`.
    from . import align, build, convert, fetch, info, model, plot, release, render, report  # noqa: F401
    from .app import app, settings

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as `nohup` wants it
        signal.signal(signal.SIGHUP, _stop)
    try:
        code = app(args=sys.argv[1:] or ["--help"], standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except Stopped:
        _complain("stopped. Nothing is lost: run the same command again and it goes on where it stopped", _STOPPED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if settings.debug:
            traceback.print_exc()
        _complain(*_explain(error))


def _explain(error: Exception) -> tuple[str, int]:
    if isinstance(error, Prompt2SignError):
        return str(error), error.exit_code
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        full = "; free some space and run the same command again" if error.errno in FATAL_ERRNOS else ""
        return f"{where}{error.strerror or error}{full}", 4
    if format_message := getattr(error, "format_message", None):  # the parser's own errors
        return f"{format_message()} (`prompt2sign COMMAND --help` shows the options)", 2
    return f"{type(error).__name__}: {error} (a fault of prompt2sign; `prompt2sign --debug ...` shows where)", 4


def _complain(message: str, code: int) -> NoReturn:
    from .app import settings

    if settings.json or "--json" in sys.argv:
        print(json.dumps({"error": message, "exit_code": code}, ensure_ascii=False))
    with suppress(OSError):  # the terminal may be gone
        print(f"prompt2sign: {message}", file=sys.stderr)
    sys.exit(code)


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise Stopped
