"""All measures of motion in one call, in the order of a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .dtw import SCALE_PROGRESSIVE, dtw_published, joint_error
from .measure import Measure, mean_of
from .movement import movement_measures


def motion_measures(references: Sequence[ArrayLike], hypotheses: Sequence[ArrayLike]) -> list[Measure]:
    """Measure motions against their references, clip by clip.

    Args:
        references: N motions (T, 50, 3) in shoulder widths.
        hypotheses: N motions of the same frame rate.

    Returns:
        `DTW` (published definition and scale, mean over clips), `DTW-MJE` of the whole, the body, the hands and the
        hands' shape (pooled over the steps of all paths, as the challenge does), and the ratios of `movement_measures`.

    Raises:
        UsageError: The lists are empty or differ in length, or a shape is wrong.
        ClipRejected: A clip has no frame, or holds a number that is not finite.
    """
    movement = movement_measures(references, hypotheses)
    pairs = list(zip(references, hypotheses, strict=True))
    published = [dtw_published(*pair, SCALE_PROGRESSIVE) for pair in pairs]
    errors = np.array([joint_error(*pair) for pair in pairs])
    names = ("DTW-MJE", "DTW-MJE body", "DTW-MJE hands", "DTW-MJE hand shape")
    return [
        mean_of("DTW", "", "lower", published),
        *(
            mean_of(name, "shoulder widths", "lower", values, errors[:, -1])
            for name, values in zip(names, errors.T, strict=False)
        ),
        *movement,
    ]
