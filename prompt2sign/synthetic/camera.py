"""The pinhole camera that looks at the signer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera on the z axis that looks straight back along it, without distortion.

    Attributes:
        width: Picture width in pixels.
        height: Picture height in pixels.
        distance_m: From the camera to the plane of the shoulders (z = 0).
        eye_level_m: Height of the camera over the neck joint.
        view_height_m: What the picture shows from bottom to top, in the plane of the shoulders.
    """

    width: int = 480
    height: int = 360
    distance_m: float = 2.3
    eye_level_m: float = -0.085
    view_height_m: float = 1.08

    @property
    def focal_px(self) -> float:
        """Focal length in pixels."""
        return self.height / self.view_height_m * self.distance_m

    def project(self, xyz: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., 2) picture coordinates in pixels of world points (..., 3) in metres.

        Pixel (column i, row j) covers [i, i + 1) x [j, j + 1): its centre is at (i + 0.5, j + 0.5).
        """
        x, y, z = np.moveaxis(xyz, -1, 0)
        scale = self.focal_px / (self.distance_m - z)
        return np.stack([self.width / 2 + scale * x, self.height / 2 - scale * (y - self.eye_level_m)], axis=-1)
