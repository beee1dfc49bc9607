"""Motion as the page takes it: whole numbers, their change from frame to frame, deflated.

A thousandth of a shoulder width is a fifth of a pixel on the screen; changes over time are small, so that the high
bytes of all numbers, kept together, are nearly all alike. Browsers inflate it themselves (`DecompressionStream`).
"""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: The finest step, in shoulder widths (or the unit of imported skels) and in pixels.
STEP_3D, STEP_2D = 1e-3, 0.25
_LARGEST = 32_000
#: Real motion comes out at 53 % of its size; level 6 takes twice as long for 50 %.
_LEVEL = 3


def track(values: NDArray[Any], seen: NDArray[np.bool_], fps: float, finest: float) -> dict[str, Any]:
    """Points over time.

    Args:
        values: (T, P, D) coordinates.
        seen: (T, P) which points were seen.
        fps: Frames per second.
        finest: Size of a step, where that suffices for 16 bits.

    Returns:
        `frames`, `fps`, `points`, `axes`, `step`, and two strings: `values` and `seen` (a bit a point).
    """
    step = max(finest, float(np.abs(values).max(initial=0.0)) / _LARGEST)
    whole = np.rint(values / step).astype("<i2")
    change = np.diff(whole, axis=0, prepend=np.zeros_like(whole[:1]))
    planes = np.ascontiguousarray(change).reshape(-1).view(np.uint8).reshape(-1, 2).T
    return {
        "frames": len(values),
        "fps": fps,
        "points": values.shape[1],
        "axes": values.shape[2],
        "step": step,
        "values": _deflated(planes.tobytes()),
        "seen": _deflated(np.packbits(seen, bitorder="little").tobytes()),
    }


def _deflated(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, _LEVEL)).decode()
