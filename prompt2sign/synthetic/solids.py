"""The solid parts of a body, out of which hands are kept."""

from __future__ import annotations

import numpy as np

from .rotations import Array

#: Head and trunk as ellipsoids: middle and half axes, shoulder widths, outward, up and forward of the neck joint.
#: A face 0.15 m wide, 0.23 m high and 0.19 m deep, a trunk 0.21 m deep; 0.35 m a shoulder width. Our choice.
MIDDLES = np.array([[0.0, 0.62, 0.06], [0.0, -0.85, -0.06]])
HALF_AXES = np.array([[0.22, 0.33, 0.28], [0.50, 0.95, 0.34]])


def depth_inside(points: Array) -> Array:
    """(...) how far forward points (..., 3) must move to be before head and trunk; 0 for those outside."""
    away = (points[..., None, :] - MIDDLES) / HALF_AXES
    across = np.sum(away[..., :2] ** 2, axis=-1)
    front = MIDDLES[:, 2] + HALF_AXES[:, 2] * np.sqrt(np.maximum(1.0 - across, 0.0))
    lacking = np.where(across < 1.0, front - points[..., None, 2], 0.0)
    depth: Array = np.clip(lacking, 0.0, None).max(axis=-1)
    return depth
