"""One small tree of errors.

Every message names the file or clip, says what is wrong, and what to do next. `exit_code` is what the command line
ends with; `docs/cli.md` documents the numbers.
"""

from __future__ import annotations

import errno


class Prompt2SignError(Exception):
    """Anything this package raises on purpose."""

    exit_code = 4


class UsageError(Prompt2SignError):
    """The command, an option, a pipeline file or the layout of an input folder is wrong."""

    exit_code = 2


class MissingError(Prompt2SignError):
    """Something needed is not there: a package, a corpus, an estimator, a file the user must bring."""

    exit_code = 3


class FormatError(Prompt2SignError):
    """A file does not hold what its format says. The message names the file."""

    exit_code = 4


class RunError(Prompt2SignError):
    """The run cannot go on: a full or read-only disk, a work folder in use, `--strict`."""

    exit_code = 4


class ClipRejected(Prompt2SignError):
    """This clip cannot be used, the run goes on.

    Attributes:
        reason: A short slug to count by, such as `past-the-end`.
        dropped: True where a filter the user asked for left the clip out, False where something is wrong with it.
    """

    exit_code = 1

    def __init__(self, reason: str, message: str, *, dropped: bool = False) -> None:
        super().__init__(message)
        self.reason = reason
        self.dropped = dropped

    def __reduce__(self) -> tuple[object, ...]:
        """Exceptions with more than one argument need this to travel between processes."""
        return _rebuild_rejected, (self.reason, str(self), self.dropped)


def _rebuild_rejected(reason: str, message: str, dropped: bool) -> ClipRejected:
    return ClipRejected(reason, message, dropped=dropped)


#: Operating system errors that no other clip could escape: the run stops instead of rejecting 35,000 clips one by one.
FATAL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE})
