"""How long a run has taken and will take, from its pace since it was started or went on, validations counted."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from .options import RunOptions

if TYPE_CHECKING:
    from .trainer import State

#: After so many steps the pace is known well enough to warn of a long run; the first one is slower than all others.
_KNOWN_AFTER = 3
#: Seconds from which on a run is long.
_LONG_S = 3600.0


class Pace:
    """A clock beside the steps.

    Args:
        options: How long the run may take.
    """

    def __init__(self, options: RunOptions) -> None:
        self._options = options
        self._started_s, self._first_step = time.monotonic(), 0

    def start(self, state: State) -> None:
        """Begin to measure at this state."""
        self._started_s, self._first_step = time.monotonic(), state.step

    def left_s(self, state: State) -> float:
        """Seconds to the end, of the steps or of the minutes, whichever is sooner."""
        taken = max(1, state.step - self._first_step)
        left = (time.monotonic() - self._started_s) / taken * (self._options.steps - state.step)
        if self._options.minutes is not None:
            left = min(left, 60 * self._options.minutes - state.seconds)
        return max(0.0, left)

    def words(self, state: State) -> str:
        """`after 0:00:12, 0:01:10 left`."""
        return f"after {_clock(state.seconds)}, {_clock(self.left_s(state))} left"

    def warning(self, state: State) -> str:
        """Once, after the first steps: that the run is a long one, and what would make it shorter; otherwise empty."""
        left = self.left_s(state)
        if state.step - self._first_step != _KNOWN_AFTER or left < _LONG_S:
            return ""
        return (
            f"at this pace {self._options.steps:,} steps take {left / 3600:,.1f} hours more; --minutes, --steps or a "
            "smaller --size make it shorter, and Ctrl-C stops it whenever you like"
        )


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
