"""Which clips a release keeps: the quality numbers of their receipts, held against the user's bounds.

No stage: nothing is made, so that a bound can be moved up and down and only the release is written anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from ..options import KeepOptions
from ..records import Clip, Receipt

NAME = "keep"


def refusal(clip: Clip, quality: Mapping[str, Any], bounds: KeepOptions) -> Receipt | None:
    """Why the release leaves a clip out; None for a clip it keeps.

    Args:
        clip: The clip.
        quality: Its quality numbers by name (`lifting.quality.measure`).
        bounds: What the user asked for.

    Returns:
        A receipt of status `dropped`: `reason` is the first number out of bounds, `message` names all.
    """
    beyond = list(_beyond(quality, bounds))
    if not beyond:
        return None
    reasons, sentences = zip(*beyond, strict=True)
    message = f"{clip.clip_id}: {', '.join(sentences)}; change the bound to have it back"
    return Receipt(clip.clip_id, NAME, "dropped", fingerprint="", reason=reasons[0], message=message)


def _beyond(quality: Mapping[str, Any], bounds: KeepOptions) -> Iterator[tuple[str, str]]:
    """A slug and a clause for every bound the numbers do not meet; an unknown number meets none."""
    for option, bound in bounds:
        if bound is None:
            continue
        side, _, measure = option.partition("_")
        value = _value(quality, measure)
        if not (value <= bound if side == "max" else value >= bound):
            words, where = measure.replace("_", " "), "above" if side == "max" else "below"
            yield measure.replace("_", "-"), f"{words} {value:g} is {where} --{option.replace('_', '-')} {bound:g}"


def _value(quality: Mapping[str, Any], measure: str) -> float:
    if measure == "hand_rate":
        return max(_value(quality, "left_hand_rate"), _value(quality, "right_hand_rate"))
    return float(quality.get(measure, math.nan))
