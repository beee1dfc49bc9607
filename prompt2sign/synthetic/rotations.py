"""Rotations as matrices and quaternions (w, x, y, z), for whole motions at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def unit(vector: ArrayLike) -> Array:
    """(..., 3) the same direction with length 1."""
    array = np.asarray(vector, dtype=np.float64)
    length: Array = np.linalg.norm(array, axis=-1, keepdims=True)
    return array / length


def about(axis: str, angle: ArrayLike) -> Array:
    """(..., 3, 3) rotations by `angle` (...) radians about the world's `x`, `y` or `z`."""
    angle = np.asarray(angle, dtype=np.float64)
    first = {"x": 1, "y": 2, "z": 0}[axis]
    second = (first + 1) % 3
    matrix = np.broadcast_to(np.eye(3), (*angle.shape, 3, 3)).copy()
    matrix[..., first, first] = matrix[..., second, second] = np.cos(angle)
    matrix[..., second, first] = np.sin(angle)
    matrix[..., first, second] = -np.sin(angle)
    return matrix


def to_quaternion(matrix: Array) -> Array:
    """(..., 4) quaternions of rotation matrices (..., 3, 3); q and -q are the same rotation.

    Bar-Itzhack 2000, "New method for extracting the quaternion from a rotation matrix": the eigenvector of the
    largest eigenvalue, which has no special cases.
    """
    cross = np.stack(
        [
            matrix[..., 2, 1] - matrix[..., 1, 2],
            matrix[..., 0, 2] - matrix[..., 2, 0],
            matrix[..., 1, 0] - matrix[..., 0, 1],
        ],
        axis=-1,
    )
    trace = np.trace(matrix, axis1=-2, axis2=-1)
    symmetric = np.empty((*matrix.shape[:-2], 4, 4))
    symmetric[..., 0, 0] = trace
    symmetric[..., 0, 1:] = symmetric[..., 1:, 0] = cross
    symmetric[..., 1:, 1:] = matrix + np.swapaxes(matrix, -1, -2) - trace[..., None, None] * np.eye(3)
    vectors: Array = np.linalg.eigh(symmetric)[1]
    return vectors[..., :, -1]


def from_quaternion(quaternion: Array) -> Array:
    """(..., 3, 3) rotation matrices of quaternions (..., 4) of any length but 0."""
    w, x, y, z = np.moveaxis(unit(quaternion), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def nearest_signs(quaternions: Array) -> Array:
    """(K, 4) the same rotations, each with the sign that lies nearer to the one before, the first with w >= 0.

    Between neighbours so written, blending the four numbers turns the short way round.
    """
    aligned = quaternions.copy()
    reference = np.array([1.0, 0.0, 0.0, 0.0])
    for number in range(len(aligned)):
        if aligned[number] @ reference < 0:
            aligned[number] *= -1
        reference = aligned[number]
    return aligned
