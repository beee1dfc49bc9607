"""Decimals with five digits after the point, printed and parsed as whole arrays: no Python object a number.

A number below 100 is eight characters wide without its sign, `aa.bbbbb`: one 64-bit word. So printing is two look-ups a
number, and parsing picks one word a number out of the text.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Digits after the point.
DECIMALS = 5
#: Numbers are counted in units of the last digit, and stay below this: two digits before the point.
TOO_LARGE = 10 ** (DECIMALS + 2)

_SPACE, _MINUS, _POINT, _ZERO = b" -.0"
#: What each of the eight characters is worth.
_WORTH = np.array([10**6, 10**5, 0, 10**4, 10**3, 10**2, 10, 1], np.float32)

#: One number as it is printed, its sign and a space; what is not needed is 0.
_PRINTED = np.dtype([("sign", "u1"), ("digits", "<u8"), ("space", "u1")])
#: `aa.bb` and then nothing, by the first four digits and without a zero in front; nothing and `bbb`, by the last three.
_FIRST_WORDS = np.frombuffer(
    b"".join(
        (b"%02d.%02d" % divmod(number, 100)).removeprefix(b"0").rjust(5, b"\0") + bytes(3) for number in range(10_000)
    ),
    "<u8",
)
_LAST_WORDS = np.frombuffer(b"".join(b"\0\0\0\0\0%03d" % number for number in range(1_000)), "<u8")


def print_decimals(numbers: NDArray[np.int32], last_decimals: int) -> bytes:
    """Print a table of numbers as one line, a space between them and a line feed at the end.

    Every number gets the same ten bytes; then those that are 0 are left out.

    Args:
        numbers: (T, N) in units of the fifth digit, all below `TOO_LARGE` in size.
        last_decimals: Digits after the point of the last column, which is never negative, up to five.

    Returns:
        ASCII; zero has no sign, and no number more zeros than one before the point.
    """
    first, last = np.divmod(np.abs(numbers), np.int32(1_000))
    text = np.empty(numbers.shape, _PRINTED)
    text["sign"] = (numbers < 0) * np.uint8(_MINUS)
    text["digits"] = _FIRST_WORDS[first] | _LAST_WORDS[last]
    text["digits"][:, -1] &= np.uint64((1 << 8 * (3 + last_decimals)) - 1)
    text["space"] = _SPACE
    text["space"][-1, -1] = ord("\n")
    return text.tobytes().translate(None, b"\0")


def parse_decimals(line: bytes, n_columns: int, last_decimals: int) -> NDArray[np.float32] | None:
    """The inverse of `print_decimals`.

    Args:
        line: The text, with or without line ends.
        n_columns: N.
        last_decimals: Digits after the point of the last column.

    Returns:
        (T, N) whole numbers in units of the fifth digit, exact, -0.0 where the text says so; None where a single
        character is not as `print_decimals` writes it.
    """
    # Two characters in front, so that every number has eight up to its end, and eight behind.
    text = b"  " + line.rstrip(b"\r\n") + b" " * 8
    characters = np.frombuffer(text, np.uint8)
    points = np.flatnonzero(characters == _POINT)
    if not len(points) or len(points) % n_columns:
        return None
    ends = points + 1 + DECIMALS
    ends[n_columns - 1 :: n_columns] += last_decimals - DECIMALS
    if ends[-1] != len(text) - 8 or np.any(characters[ends] != _SPACE):
        return None
    starts = np.concatenate([[2], ends[:-1] + 1])
    negative = characters[starts] == _MINUS
    n_digits = points - starts - negative
    # Windows of eight characters, one beginning at each: those that end with the fifth digit.
    windows: NDArray[np.uint64] = np.ndarray(len(text) - 7, "<u8", text, strides=(1,))
    digits = windows[points - 2].view(np.uint8).reshape(-1, 8) - np.uint8(_ZERO)
    digits[:, 2] = 0
    digits[n_digits == 1, 0] = 0
    digits[n_columns - 1 :: n_columns, 3 + last_decimals :] = 0
    if n_digits.min() < 1 or n_digits.max() > 2 or digits.max() > 9:
        return None
    # All whole numbers below 2^24: float32 adds them up without an error, in whatever order.
    numbers = digits.astype(np.float32) @ _WORTH
    np.negative(numbers, out=numbers, where=negative)
    return np.asarray(numbers.reshape(-1, n_columns))
