"""The loop of `zip_crypto` as machine code, where numba is installed; it gives the same bytes."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def decrypt(data: NDArray[np.uint8], keys: NDArray[np.uint32], table: NDArray[np.uint32]) -> None:
    """Decrypt a block in place.

    Args:
        data: (n,) bytes, on return as they were before they were encrypted.
        keys: (3,) the cipher's state before the block, on return after it.
        table: (256,) of CRC-32.
    """
    # In 64 bits throughout: numba would otherwise turn some of the sums into floating point.
    full, low = np.uint64(0xFFFFFFFF), np.uint64(0xFF)
    first, second, third = np.uint64(keys[0]), np.uint64(keys[1]), np.uint64(keys[2])
    for position in range(len(data)):
        mixed = (third | np.uint64(2)) & np.uint64(0xFFFF)
        plain = np.uint64(data[position]) ^ (((mixed * (mixed ^ np.uint64(1))) >> np.uint64(8)) & low)
        data[position] = plain
        first = (first >> np.uint64(8)) ^ np.uint64(table[(first ^ plain) & low])
        second = ((second + (first & low)) * np.uint64(134775813) + np.uint64(1)) & full
        third = (third >> np.uint64(8)) ^ np.uint64(table[(third ^ (second >> np.uint64(24))) & low])
    keys[0], keys[1], keys[2] = first, second, third
