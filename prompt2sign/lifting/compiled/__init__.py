"""The inner loops of lifting as machine code, where numba is installed (`arrays.kernels`).

Each does what the NumPy code that asks for it does, operation by operation, in the same order and precision, without
fast-math: both give the same bits, so nothing that is made from them depends on which ran.
"""

from .arms import grid_cost, wrist_costs
from .fingers import pattern_costs
from .limits import angles
from .quality import distances
from .refine import grow, mend_all, take_apart
from .search import best_path
from .smooth import eliminate, substitute

__all__ = [
    "angles",
    "best_path",
    "distances",
    "eliminate",
    "grid_cost",
    "grow",
    "mend_all",
    "pattern_costs",
    "substitute",
    "take_apart",
    "wrist_costs",
]
