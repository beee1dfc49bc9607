"""Boxes of signers, as corpora publish them."""

from __future__ import annotations

#: Left, top, right, bottom as shares of width and height.
Box = tuple[float, float, float, float]
_FAR_AWAY = 1e6


def read_box(value: object) -> Box | None:
    """A published box cut to the picture; None where it is none, or holds nothing of the picture.

    Args:
        value: What stood in a JSON file from outside; a box is four numbers, left, top, right, bottom, as shares of
            width and height. Signers at the edge have boxes that reach out of the picture.
    """
    if not isinstance(value, list) or len(value) != 4 or not all(map(_is_number, value)):
        return None
    left, top, right, bottom = (min(max(float(side), 0.0), 1.0) for side in value)
    return (left, top, right, bottom) if left < right and top < bottom else None


def _is_number(value: object) -> bool:
    """Not NaN, and no whole number too long for a float."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _FAR_AWAY
