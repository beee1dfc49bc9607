"""A camera far away that stands still: joints in shoulder widths -> pixels and depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError

View = Literal["front", "side", "top"]
#: Width and height of a picture, pixels.
Size = tuple[int, int]

#: Rows: which way in the motion's axes (x right, y down, z towards the front) the picture's x, its y and the way
#: towards the camera lie. `side` stands at the signer's left, `top` hangs above with the signer's front below.
_AXES: dict[str, list[list[float]]] = {
    "front": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "side": [[0, 0, -1], [0, 1, 0], [1, 0, 0]],
    "top": [[1, 0, 0], [0, 0, 1], [0, -1, 0]],
}
VIEWS = tuple(_AXES)
#: The signing space, shoulder widths: elbow to elbow, from above the head to the lap; always in the picture.
_SPACE = np.array([[-1.45, -1.15, -0.6], [1.45, 1.75, 1.5]])
#: Motion that goes beyond it widens the picture up to here; what is farther out was measured or predicted wrong.
_WIDEST = np.array([[-2.6, -2.0, -2.2], [2.6, 3.2, 2.8]])
#: A joint in a single frame of a long clip does not move the camera: so many per cent are left out at each end.
_STRAY_PERCENT = 0.05
_SMALLEST_PX, _LARGEST_PX = 16, 8192


@dataclass(frozen=True)
class Camera:
    """Where the picture's axes lie, and how large a shoulder width is in it.

    Attributes:
        view: One of `VIEWS`.
        size: Width and height of the picture, pixels.
        scale: Pixels of a shoulder width.
        neck: (x, y) of the neck in the picture, pixels.
    """

    view: View
    size: Size
    scale: float
    neck: tuple[float, float]

    def project(self, xyz: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points -> the picture.

        Args:
            xyz: (..., 3) shoulder widths around the neck.

        Returns:
            (..., 3): x and y in pixels, and how near to the camera, shoulder widths (the neck's depth is 0).
        """
        seen: NDArray[np.float64] = xyz @ np.array(_AXES[self.view]).T
        seen[..., :2] = seen[..., :2] * self.scale + self.neck
        return seen


def frame_motions(motions: Sequence[NDArray[np.float32]], size: Size, view: View = "front") -> Camera:
    """One camera for whole clips: it shows the signing space, and more where the motions need it.

    Args:
        motions: (T, 50, 3) each, shoulder widths around the neck; finite.
        size: Width and height of the picture, pixels.
        view: `front`, `side` (from the signer's left) or `top`.

    Raises:
        UsageError: No such view, or no size for a picture.
    """
    if view not in _AXES:
        raise UsageError(f"no view {view!r}; choose one of {', '.join(VIEWS)}")
    if not all(_SMALLEST_PX <= side <= _LARGEST_PX for side in size):
        raise UsageError(f"a picture of {size[0]} x {size[1]} pixels; sides go from {_SMALLEST_PX} to {_LARGEST_PX}")
    corners = _box(motions) @ np.array(_AXES[view]).T
    low, high = corners[:, :2].min(axis=0), corners[:, :2].max(axis=0)
    scale = float(np.min(np.array(size) / (high - low)))
    x, y = np.array(size) / 2 - scale * (low + high) / 2
    return Camera(view, size, scale, (float(x), float(y)))


def _box(motions: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """(2, 3) opposite corners of what must be seen."""
    low, high = _SPACE
    for motion in motions:
        ends = np.percentile(motion.reshape(-1, 3), [_STRAY_PERCENT, 100 - _STRAY_PERCENT], axis=0)
        low, high = np.minimum(low, ends[0] - 0.1), np.maximum(high, ends[1] + 0.1)
    return np.stack([np.maximum(low, _WIDEST[0]), np.minimum(high, _WIDEST[1])])
