"""Cues beside one another: captions that roll up, and room to pad."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from .subtitles import Cue

#: A file of at least so many cues, most of which overlap the next, shows a line on while the next one is spoken.
_ROLLING_MIN_CUES = 5
#: A cue this short only repeats what stands there already: the step of captions that roll.
_STEP_S = 0.15


def unrolled(cues: Sequence[Cue]) -> list[Cue]:
    """Captions that roll up, as video sites make them, with each line once.

    Lines that the cue before showed last and this one shows first are taken out of this one; a cue that only repeats
    is joined to the one before, which then lasts until both have ended. In a file that rolls by overlapping, each cue
    is cut where the next one begins.

    Args:
        cues: Cleaned, in order of time; lines parted by newlines.
    """
    found: list[Cue] = []
    shown: list[str] = []
    for cue in cues:
        lines = cue.text.split("\n")
        touches = bool(found) and cue.start_s <= found[-1].end_s + _STEP_S
        fresh = lines[_n_repeated(shown, lines) if touches else 0 :]
        if not fresh and not _only_repeats(found[-1], cue, len(shown) > len(lines)):
            fresh = lines
        if fresh:
            found.append(replace(cue, text="\n".join(fresh)))
        else:
            found[-1] = replace(found[-1], end_s=max(found[-1].end_s, cue.end_s))
        shown = lines
    return _cut_overlaps(found) if _rolls(found) else found


def _n_repeated(shown: Sequence[str], lines: Sequence[str]) -> int:
    """How many lines this cue begins with are those that the one before ended with."""
    counts = range(min(len(shown), len(lines)), 0, -1)
    return next((count for count in counts if list(shown[-count:]) == list(lines[:count])), 0)


def _only_repeats(before: Cue, cue: Cue, rolled: bool) -> bool:
    """Is it the same once more on the screen? Somebody may as well say `No.` twice."""
    return rolled or cue.start_s < before.end_s or cue.end_s - cue.start_s <= _STEP_S


def _rolls(cues: Sequence[Cue]) -> bool:
    overlapping = sum(first.end_s > second.start_s > first.start_s for first, second in pairwise(cues))
    return len(cues) >= _ROLLING_MIN_CUES and overlapping > (len(cues) - 1) / 2


def _cut_overlaps(cues: Sequence[Cue]) -> list[Cue]:
    starts = [cue.start_s for cue in cues]
    following = [bisect_right(starts, cue.start_s) for cue in cues]
    return [
        replace(cue, end_s=min(cue.end_s, starts[place])) if place < len(cues) else cue
        for cue, place in zip(cues, following, strict=True)
    ]


class Neighbours:
    """The cues of a video, to ask how far one may be padded.

    Args:
        spans: Start and end of every cue in seconds, in any order.
    """

    def __init__(self, spans: Sequence[tuple[float, float]]) -> None:
        by_start, by_end = sorted(spans), sorted(spans, key=lambda span: span[1])
        self._starts = [start_s for start_s, _ in by_start]
        self._latest_end = list(accumulate((end_s for _, end_s in by_start), max))
        self._ends = [end_s for _, end_s in by_end]
        self._earliest_start = list(accumulate((start_s for start_s, _ in reversed(by_end)), min))[::-1]

    def room(self, start_s: float, end_s: float, wanted_s: float) -> tuple[float, float]:
        """Seconds to pad before and after a cue, at most `wanted_s`, never into a cue that is not inside of it."""
        before = bisect_left(self._starts, start_s)
        after = bisect_right(self._ends, end_s)
        before_s = start_s - self._latest_end[before - 1] if before else wanted_s
        after_s = self._earliest_start[after] - end_s if after < len(self._ends) else wanted_s
        return min(wanted_s, max(0.0, before_s)), min(wanted_s, max(0.0, after_s))
