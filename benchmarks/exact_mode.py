"""How exactly the upstream method is implemented here: its losses against those of Prompt2Sign's own code.

The figures are that code's, instrumented but otherwise unchanged, with TensorFlow 2.21 on the CPU; it was run once, and
not in this run. They can only be compared where the three real clips lie beside the checkout.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prompt2sign.lifting.upstream import reconstruct
from prompt2sign.skeleton import SKELETON

from .clips import REAL, clips
from .table import Row, at_most

_CYCLES = (0, 10, 100, 1000)
#: By clip, a row a cycle: weighted squared error, first and second regulariser, total (loss + 0.001 reg1 + 0.1 reg2).
_PUBLISHED = {
    "_2FBDaOPYig_2-3-rgb_front": [
        (0.0040226593, 7.1376052, 0.011983226, 0.012358587),
        (0.0027893141, 7.1194654, 0.011941183, 0.011102898),
        (0.0025228893, 7.1406589, 0.011652638, 0.010828812),
        (0.001812347, 7.1956563, 0.0095815137, 0.0099661546),
    ],
    "_2FBDaOPYig_3-3-rgb_front": [
        (0.0023104013, 6.3386226, 0.012567419, 0.0099057658),
        (0.0018327243, 6.3292994, 0.012552067, 0.0094172312),
        (0.0016147891, 6.3453522, 0.01214424, 0.0091745658),
        (0.0011165593, 6.3591504, 0.0095692622, 0.008432636),
    ],
    "_2FBDaOPYig_4-3-rgb_front": [
        (0.0040141875, 6.2818174, 0.0086387256, 0.011159878),
        (0.0029037858, 6.2649407, 0.0086399456, 0.010032721),
        (0.0024075708, 6.3095446, 0.0082575101, 0.0095428666),
        (0.0013596588, 6.3959765, 0.0064540012, 0.0084010363),
    ],
}


def rows() -> list[Row]:
    """Each clip's total loss after the last cycle, then the largest relative difference of any figure."""
    if not REAL.is_dir():
        return []
    losses = {name: _losses(name) for name in _PUBLISHED}
    published = {name: np.array(table) for name, table in _PUBLISHED.items()}
    apart = max(float(np.abs(losses[name] / published[name] - 1).max()) for name in published)
    return [
        *(
            Row(f"upstream method, total loss of {name[12:15]}", losses[name][-1, -1], "upstream's own code",
                published[name][-1, -1], "", None)
            for name in published
        ),
        Row("    all losses at 0, 10, 100, 1000 cycles", apart, "", None, "relative", at_most(1e-5)),
    ]  # fmt: skip


def _losses(name: str) -> NDArray[np.float64]:
    """(cycles, 4) of one clip."""
    xyc = clips()[name].xyc[:, list(SKELETON.from_keypoints)]
    by_cycle = reconstruct(xyc, _CYCLES[-1], loss_at=_CYCLES).losses
    return np.array([by_cycle[cycle] for cycle in _CYCLES])
