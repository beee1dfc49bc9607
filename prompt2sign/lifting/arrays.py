"""Small array helpers that work alike on NumPy and torch (the Python array API standard).

Inside the solver, time comes first and the clips of a batch have an axis of their own: points and vectors are
(T, C, B, ...) with C = 2 or 3 components, everything else (T, B, ...). Frames that only pad a clip to the length of
its batch carry no weight.
"""

from __future__ import annotations

import itertools
import math
import sys
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device
from array_api_compat import numpy as numpy_namespace

#: An array of any library.
Array = Any
#: A length under which a direction means nothing.
TINY = 1e-9
#: What a hint costs that is plainly mistaken.
_MISTAKE = 9.0
#: Factors of the odd powers of a tangent, the highest first, but for the first power.
ARCTAN = (
    0.0028662257,
    -0.0161657367,
    0.0429096138,
    -0.07528964,
    0.1065626393,
    -0.1420889944,
    0.1999355085,
    -0.3333314528,
)
_KERNELS = f"{__package__}.compiled"
#: Each clip asks for kernels fifteen to twenty times.
_ASKED, _WORTH_IT = itertools.count(), 1000

# glibc gives the top of its heap back to the system as soon as it is free, and asks for it anew, page by page: a fifth
# of the time of a lift. Who frees a large block once is taken for one that goes on doing so (M_TRIM_THRESHOLD in
# mallopt(3)); the block itself is never touched.
np.empty(1 << 24, np.uint8)


def namespace(*arrays: Array) -> Any:
    """The array library of `arrays`: NumPy or torch, under the names of the standard."""
    return numpy_namespace if isinstance(arrays[0], np.ndarray) else array_namespace(*arrays)


def kernels(array: Array) -> ModuleType | None:
    """The inner loops as machine code (`compiled`), where they are to be had and worth it; they give the same bits.

    They work on NumPy's arrays, and need numba, which takes as long to import as they save on some sixty clips: so a
    process turns to them when it has lifted that many, or at once where somebody imported them.
    """
    if not isinstance(array, np.ndarray):
        return None
    return _compiled() if _KERNELS in sys.modules or next(_ASKED) >= _WORTH_IT else None


@cache
def _compiled() -> ModuleType | None:
    try:
        return import_module(_KERNELS)
    except ImportError:
        return None


def constant(values: Any, like: Array) -> Array:
    """`values` as an array of the library, type and device of `like`."""
    # A copy, because torch would share even what must not be written to.
    return namespace(like).asarray(np.array(values), dtype=like.dtype, device=device(like))


def laid_out(values: Array) -> Array:
    """A copy in which the last axes lie together in memory: axes that were only swapped make inner loops short."""
    laid = namespace(values).empty(values.shape, dtype=values.dtype, device=device(values))
    laid[...] = values
    return laid


def dot(first: Array, second: Array) -> Array:
    """(T, ...) the scalar products of vectors (T, C, ...)."""
    total = first[:, 0] * second[:, 0]
    for component in range(1, first.shape[1]):
        total = total + first[:, component] * second[:, component]
    return total


def norm(vectors: Array) -> Array:
    """(T, ...) the lengths of vectors (T, C, ...)."""
    return namespace(vectors).sqrt(dot(vectors, vectors))


def unit(vectors: Array) -> Array:
    """(T, C, ...) vectors of length 1; what has no length stays as it is."""
    length = norm(vectors)
    return vectors / namespace(vectors).where(length > TINY, length, 1.0)[:, None]


def angle(sine: Array, cosine: Array) -> Array:
    """(...) radians from -pi to pi, as arctan2 to 5e-7: in a fraction of its time, and to the same bits anywhere.

    The series is that of Abramowitz and Stegun, "Handbook of Mathematical Functions", 4.4.49, for the angle from half a
    right angle.
    """
    xp = namespace(sine)
    rise, run = xp.abs(sine), xp.abs(cosine)
    run += rise
    ratio = rise / xp.maximum(run, TINY)
    ratio *= 2.0
    ratio -= 1.0
    square = ratio * ratio
    value = square * ARCTAN[0]
    for factor in ARCTAN[1:]:
        value += factor
        value *= square
    value += 1.0
    value *= ratio
    value = math.pi / 4 - value
    return xp.copysign(math.pi / 2 - xp.copysign(value, cosine), sine)


def turn_of(cosine: Array) -> Array:
    """(...) radians from 0 to pi between directions, from the cosine: arccos by `angle`."""
    xp = namespace(cosine)
    return angle(xp.sqrt(xp.maximum((1.0 - cosine) * (1.0 + cosine), 0.0)), cosine)


def chosen(values: Array, index: Array) -> Array:
    """(...) of `values` (..., S), the ones numbered by `index` (...)."""
    xp = namespace(values)
    states = xp.arange(values.shape[-1], device=device(values))
    return xp.sum(xp.where(index[..., None] == states, values, 0.0), axis=-1)


def within(values: Array, low: float, high: float) -> Array:
    """Values no less than one bound and no more than another, in a tenth of the time of the standard's `clip`."""
    xp = namespace(values)
    return xp.minimum(xp.maximum(values, low), high)


def outside(values: Array, low: float, high: float) -> Array:
    """By how much values lie outside a range; 0 within."""
    xp = namespace(values)
    return xp.maximum(xp.maximum(values - high, low - values), 0.0)


def hint_cost(values: Array, hints: Array, error: float) -> Array:
    """Squares of how many errors values lie from hints, at most that of a plain mistake; 0 where no hint (NaN) is."""
    xp = namespace(values)
    square = ((values - xp.where(xp.isnan(hints), values, hints)) / error) ** 2
    return xp.minimum(square, _MISTAKE)
