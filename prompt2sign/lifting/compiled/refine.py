"""Kernels of `refine`."""

from __future__ import annotations

import numpy as np

from ..arrays import TINY, Array
from .kernel import kernel


@kernel
def mend_all(joints: Array, goal: Array, sizes: Array, levels: Array, n_rounds: int, shares: Array) -> None:
    """The rounds of `refine.refine`, in place.

    Args:
        joints: (3, 50, n) from the neck outwards.
        goal: (2, 50, n).
        sizes: (50, n) of the bone that ends in each joint.
        levels: (L, 4) first parent of each level and the first after them, and so for the children.
        n_rounds: How many.
        shares: What a round pulls, and how much of its mending each child and each parent takes.
    """
    pull, of_child, of_parent = shares
    for _ in range(n_rounds):
        _pull(joints, goal, pull)
        for level in range(len(levels)):
            first_parent, end_parent = levels[level, 0], levels[level, 1]
            first_child, end_child = levels[level, 2], levels[level, 3]
            n_each = (end_child - first_child) // (end_parent - first_parent)
            for parent in range(first_parent, end_parent):
                first = first_child + (parent - first_parent) * n_each
                _mend(joints, sizes, parent, first, first + n_each, of_child, of_parent)
        _centre(joints)


@kernel
def _pull(joints: Array, goal: Array, pull: float) -> None:
    for axis in range(2):
        for joint in range(joints.shape[1]):
            for i in range(joints.shape[2]):
                joints[axis, joint, i] += pull * (goal[axis, joint, i] - joints[axis, joint, i])


@kernel
def _centre(joints: Array) -> None:
    for axis in range(3):
        for joint in range(joints.shape[1] - 1, -1, -1):
            for i in range(joints.shape[2]):
                joints[axis, joint, i] -= joints[axis, 0, i]


@kernel
def _mend(joints: Array, sizes: Array, parent: int, first: int, end: int, of_child: float, of_parent: float) -> None:
    for i in range(joints.shape[2]):
        above_x, above_y, above_z = joints[0, parent, i], joints[1, parent, i], joints[2, parent, i]
        sum_x = sum_y = sum_z = 0.0
        for child in range(first, end):
            x, y, z = joints[0, child, i] - above_x, joints[1, child, i] - above_y, joints[2, child, i] - above_z
            excess = 1 - sizes[child, i] / max(np.sqrt(x * x + y * y + z * z), TINY)
            x, y, z = x * excess, y * excess, z * excess
            joints[0, child, i] -= of_child * x
            joints[1, child, i] -= of_child * y
            joints[2, child, i] -= of_child * z
            sum_x, sum_y, sum_z = sum_x + x, sum_y + y, sum_z + z
        joints[0, parent, i] = above_x + of_parent * sum_x
        joints[1, parent, i] = above_y + of_parent * sum_y
        joints[2, parent, i] = above_z + of_parent * sum_z


@kernel
def take_apart(joints: Array, levels: Array) -> None:
    """Joints (3, 50, n) to bones from their parents, in place; levels as for `mend_all`."""
    for level in range(len(levels) - 1, -1, -1):
        first_parent, end_parent, first_child, end_child = levels[level]
        n_each = (end_child - first_child) // (end_parent - first_parent)
        for axis in range(3):
            for child in range(first_child, end_child):
                parent = first_parent + (child - first_child) // n_each
                for i in range(joints.shape[2]):
                    joints[axis, child, i] -= joints[axis, parent, i]


@kernel
def grow(bones: Array, sizes: Array, levels: Array) -> None:
    """`refine._grown` of bones (3, 50, n) and sizes (50, n), in place and in the order that they are in."""
    for bone in range(bones.shape[1]):
        for i in range(bones.shape[2]):
            x, y, z = bones[0, bone, i], bones[1, bone, i], bones[2, bone, i]
            length = np.sqrt(x * x + y * y + z * z)
            stretch = sizes[bone, i] / max(length, TINY)
            bones[0, bone, i], bones[1, bone, i] = x * stretch, y * stretch
            bones[2, bone, i] = z * stretch if length > TINY else sizes[bone, i]
    for level in range(len(levels)):
        first_parent, end_parent, first_child, end_child = levels[level]
        n_each = (end_child - first_child) // (end_parent - first_parent)
        for axis in range(3):
            for child in range(first_child, end_child):
                parent = first_parent + (child - first_child) // n_each
                for i in range(bones.shape[2]):
                    bones[axis, child, i] += bones[axis, parent, i]
