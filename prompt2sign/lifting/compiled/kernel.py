"""How kernels are compiled: once, and kept where Python keeps its bytecode.

Numba knows that a kernel is out of date by its own file alone: who changes `angle`, or a constant of another module,
removes the cached files.
"""

from __future__ import annotations

from numba import njit

#: Decorates a kernel: arithmetic as it is written and as NumPy's, without fast-math, and no error on dividing by 0.
kernel = njit(cache=True, nogil=True, error_model="numpy")
