"""What goes wrong with a request, told apart by whether it passes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ..errors import FATAL_ERRNOS
from .wanted import Outcome

#: Statuses that another try may not meet, besides 500 and above (RFC 9110 section 15; 425: RFC 8470; 429: RFC 6585).
_PASSING = frozenset({408, 425, 429})
#: Of 500 and above, those that say that the server will never do it: not implemented, wrong version of HTTP.
_LASTING = frozenset({501, 505})


class Trouble(Exception):
    """A file that did not come.

    Attributes:
        reason: A short slug to count by.
        outcome: What becomes of the file if nothing else helps.
        passes: Another try may succeed.
        wait_s: How long the server asks to wait before that, None where it does not say.
    """

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        outcome: Outcome = "failed",
        passes: bool = False,
        wait_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.outcome: Outcome = outcome
        self.passes = passes
        self.wait_s = wait_s


def of_status(status: int, host: str, retry_after: str = "") -> Trouble:
    """What a status that is no success means, in words.

    Args:
        status: Of HTTP, 400 or more, or one that was not asked for.
        host: Who sent it.
        retry_after: Its header of that name, empty where there is none.
    """
    if status in {404, 410}:
        return Trouble("not-there", f"{host} no longer has it (HTTP {status})", outcome="gone")
    if status == 401:
        return Trouble("login-needed", f"{host} asks for a login or a key (HTTP 401)")
    if status == 403:
        return Trouble("forbidden", f"{host} refuses to give it (HTTP 403): it may need a key or ask for consent first")
    passes = status in _PASSING or (status >= 500 and status not in _LASTING)
    words = "has had too many requests" if status == 429 else "is in trouble" if passes else "did not give it"
    return Trouble(f"http-{status}", f"{host} {words} (HTTP {status})", passes=passes, wait_s=seconds_of(retry_after))


@contextmanager
def of_disk() -> Iterator[None]:
    """Make what the disk refuses for one file a `Trouble` of that file; what no other could escape stays as it is."""
    try:
        yield
    except OSError as error:
        if error.errno in FATAL_ERRNOS:
            raise
        place = error.filename2 or error.filename or "the disk"
        words = f"{place}: {error.strerror or error}; move away what is there, or let this user write there"
        raise Trouble("disk", words) from error


def seconds_of(retry_after: str, now: datetime | None = None) -> float | None:
    """Seconds to wait by a `Retry-After` header (RFC 9110 section 10.2.3): a number of seconds or a date.

    Args:
        retry_after: The header's value.
        now: The present, with a time zone; that of this machine where it is not given.

    Returns:
        Seconds, never below 0; None where the value says neither.
    """
    text = retry_after.strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    try:
        then = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return max((then - (now or datetime.now(UTC))).total_seconds(), 0.0)
