"""The learning rate: a function of the step and, for the plateau of the original, of the validations so far."""

from __future__ import annotations

import math
from collections.abc import Mapping

from .options import OptimiserOptions

#: Where `cosine` ends, as a share of the highest rate.
COSINE_END = 0.1
#: What a plateau times the rate by (Progressive Transformers, `decrease_factor`).
PLATEAU_FACTOR = 0.7


def learning_rate(options: OptimiserOptions, step: int, n_steps: int) -> float:
    """The rate of one step, without what plateaus make of it.

    It climbs in a straight line over the steps of warm-up, of which the first already moves the weights. Then `cosine`
    falls along half a cosine to a tenth at step `n_steps` and stays there; the others stay.

    Args:
        options: Highest rate, schedule, steps of warm-up.
        step: Steps done so far.
        n_steps: Steps of the whole run.
    """
    rate = options.learning_rate * min(1.0, (step + 1) / max(1, options.warmup_steps))
    if options.schedule != "cosine":
        return rate
    share = (step - options.warmup_steps) / max(1, n_steps - options.warmup_steps)
    fall = (1 + math.cos(math.pi * min(1.0, max(0.0, share)))) / 2
    return rate * (COSINE_END + (1 - COSINE_END) * fall)


class Schedule:
    """The learning rate of a run.

    Args:
        options: Highest rate, schedule, warm-up, patience.
        n_steps: Steps of the whole run.
    """

    def __init__(self, options: OptimiserOptions, n_steps: int) -> None:
        self._options, self._n_steps = options, n_steps
        self._scale, self._best, self._stale = 1.0, math.inf, 0

    def rate(self, step: int) -> float:
        """The rate after so many steps."""
        return learning_rate(self._options, step, self._n_steps) * self._scale

    def validated(self, score: float) -> None:
        """Take the score of a validation, lower is better, NaN is no gain; only `plateau` minds.

        After `patience` in a row without gain the rate is lowered, and the count begins anew.
        """
        if self._options.schedule != "plateau":
            return
        self._stale = 0 if score < self._best else self._stale + 1
        self._best = score if score < self._best else self._best
        if self._stale >= self._options.patience:
            self._scale, self._stale = self._scale * PLATEAU_FACTOR, 0

    def state(self) -> dict[str, float]:
        """What `load_state` takes, JSON."""
        return {"scale": self._scale, "best": self._best, "stale": self._stale}

    def load_state(self, state: Mapping[str, float]) -> None:
        """Go on where `state` was taken."""
        self._scale, self._best, self._stale = state["scale"], state["best"], int(state["stale"])
