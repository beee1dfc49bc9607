"""Times as people write them: seconds, or clock time."""

from __future__ import annotations

import re

from ..errors import ClipRejected

_SECONDS = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_CLOCK = re.compile(r"(?:(\d{1,9}):)?([0-5]?\d):([0-5]?\d(?:[.,]\d*)?)", re.ASCII)

#: Four months: no recording lasts so long, and larger numbers are no times but damage.
MAX_S = 1e7


def parse_time(text: str) -> float | None:
    """Seconds from `12.5`, `12,5`, `2:03.5` or `01:02:03.456`; None where nothing is written.

    Raises:
        ValueError: Anything else, `nan` and `inf` among it.
    """
    text = text.strip()
    if not text:
        return None
    if _SECONDS.fullmatch(text):
        return float(text.replace(",", "."))
    clock = _CLOCK.fullmatch(text)
    if clock is None:
        raise ValueError(f"{text!r} is no time: write seconds (12.5) or HH:MM:SS.mmm")
    hours, minutes, seconds = clock.groups(default="0")
    return round(int(hours) * 3600 + int(minutes) * 60 + float(seconds.replace(",", ".")), 6)


def parse_span(start: str, end: str) -> tuple[float | None, float | None]:
    """Start and end of a clip in seconds; None where nothing is written.

    Raises:
        ClipRejected: `bad-times`: no number, not finite, negative, beyond `MAX_S`, or not in order.
    """
    try:
        span = parse_time(start), parse_time(end)
    except (ValueError, OverflowError) as error:
        raise ClipRejected("bad-times", str(error)) from None
    check_span(*span)
    return span


def check_span(start_s: float | None, end_s: float | None) -> None:
    """Refuse times that no video can have.

    Raises:
        ClipRejected: `bad-times`.
    """
    for value in (start_s, end_s):
        if value is not None and not 0 <= value <= MAX_S:
            raise ClipRejected(
                "bad-times", f"{value:g} s is no place in a video: times count from 0, up to {MAX_S:g} s"
            )
    if end_s is not None and end_s <= (start_s or 0.0):
        raise ClipRejected(
            "bad-times", f"the clip ends at {end_s:g} s, which is not after its start at {start_s or 0.0:g} s"
        )
