"""The refinement of the upstream method: plain gradient descent on lengths, roots and directions.

The loss of Prompt2Sign's tools (after Zelinka & Kanis 2020), with its gradient written out where the tools
let TensorFlow derive it. Arrays lie joint by joint with time last, in the order of `JOINTS`: bones equally far from the
root are neighbours, so that each level of the tree is one operation.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .upstream_tree import JOINTS, LENGTH_OF_BONE, LEVELS, N_LENGTHS, Level

#: Float32; a test checks the gradient in float64.
Array = NDArray[np.floating[Any]]

LEARNING_RATE = 0.1
#: Weights in the loss: of the sum of the 25 lengths, and of the mean squared step from frame to frame.
LENGTHS_WEIGHT, STEPS_WEIGHT = 0.001, 0.1


class Unknowns(NamedTuple):
    """What is fitted.

    Attributes:
        log_lengths: (25,) logarithms of the lengths.
        roots: (3, T) the nose.
        directions: (3, 49, T) of any length but zero: only where they point to matters.
    """

    log_lengths: Array
    roots: Array
    directions: Array


class Losses(NamedTuple):
    """The loss and its parts.

    Attributes:
        weighted_mse: Sum over frames and joints of confidence times squared distance in the picture, divided by the
            number of joints in all frames.
        lengths: Sum of the 25 lengths.
        steps: Mean squared step of a joint from frame to frame in 3D; 0 for one frame, where upstream divides by 0.
        total: `weighted_mse` + 0.001 `lengths` + 0.1 `steps`.
    """

    weighted_mse: float
    lengths: float
    steps: float
    total: float


def refine(
    start: Unknowns, target: Array, weight: Array, n_iterations: int, loss_at: Collection[int] = ()
) -> tuple[Array, dict[int, Losses]]:
    """Descend from a first guess.

    Args:
        start: The first guess.
        target: (2, 50, T) x and y.
        weight: (50, T) confidence.
        n_iterations: Cycles.
        loss_at: After which numbers of cycles to measure the loss.

    Returns:
        (3, 50, T) the joints, and the losses by number of cycles.
    """
    descent = Descent(start, target, weight)
    losses = {}
    for cycle in range(n_iterations + 1):
        if cycle in loss_at:
            losses[cycle] = descent.losses()
        if cycle < n_iterations:
            descent.step()
    return descent.points(), losses


class Descent:
    """Gradient descent on one clip.

    Attributes:
        unknowns: Where it stands.
    """

    def __init__(self, start: Unknowns, target: Array, weight: Array, rate: float = LEARNING_RATE) -> None:
        """Set out.

        Args:
            start: The first guess, left as it is.
            target: (2, 50, T) x and y.
            weight: (50, T) confidence.
            rate: Learning rate.
        """
        log_lengths, roots, directions = start
        self.unknowns = Unknowns(log_lengths.copy(), roots.copy(), directions.copy())
        self._target, self._weight, self._rate = target, weight, rate
        n_frames, kind = target.shape[2], start.directions.dtype
        self._n_steps = max(n_frames - 1, 1)
        # Minus rate times the derivatives of the squares, so that the pulls below are what is to be added.
        self._data_weight = (-2 * rate / (n_frames * len(JOINTS)) * weight).astype(kind)
        self._steps_weight = kind.type(-2 * rate * STEPS_WEIGHT / (self._n_steps * len(JOINTS)))
        # A thousand rounds are too many to ask for memory in each.
        self._points, self._pull = (np.zeros((3, len(JOINTS), n_frames), kind) for _ in range(2))
        self._steps = np.empty_like(self._points)
        self._bones, self._work = np.empty_like(start.directions), np.empty_like(start.directions)
        self._lengths, self._stretch = np.empty((len(JOINTS) - 1, 1), kind), np.empty_like(self._bones[0])
        self._down = [_families(self._points, self._bones, level) for level in LEVELS]
        self._up = [_families(self._pull, self._bones, level) for level in reversed(LEVELS)]

    def points(self) -> Array:
        """(3, 50, T) the joints; each call writes over what the last one gave."""
        log_lengths, roots, directions = self.unknowns
        # Upstream adds 1e-10 to the norm, which float32 does not feel: directions begin with length 1 and never shrink.
        np.exp(log_lengths[LENGTH_OF_BONE], out=self._lengths[:, 0])
        np.sqrt(_dot(directions, directions), out=self._stretch)
        np.divide(self._lengths, self._stretch, out=self._stretch)
        np.multiply(directions, self._stretch, out=self._bones)
        self._points[:, 0] = roots
        for parents, children, bones in self._down:
            np.add(parents, bones, out=children)
        return self._points

    def losses(self) -> Losses:
        """The loss where it stands."""
        points = self.points().astype(np.float64)
        off = ((points[:2] - self._target) ** 2).sum(axis=0)
        mse = float((self._weight * off).sum() / off.size)
        lengths = float(np.exp(self.unknowns.log_lengths.astype(np.float64)).sum())
        steps = float((np.diff(points, axis=2) ** 2).sum() / (self._n_steps * len(JOINTS)))
        return Losses(mse, lengths, steps, mse + LENGTHS_WEIGHT * lengths + STEPS_WEIGHT * steps)

    def changes(self) -> Unknowns:
        """Minus the learning rate times the gradient; each call writes over what the last one gave."""
        self._pull_points(self.points())
        for parents, children, _ in self._up:
            np.add(parents, np.add.reduce(children, axis=2, keepdims=True), out=parents)
        pull, bones = self._pull[:, 1:], self._bones
        # Along the bone the pull changes its length, across the bone its direction.
        along = _dot(pull, bones)
        of_lengths = np.bincount(LENGTH_OF_BONE, weights=along.sum(axis=1), minlength=N_LENGTHS)
        of_lengths = of_lengths - self._rate * LENGTHS_WEIGHT * np.exp(self.unknowns.log_lengths)
        np.multiply(bones, along / self._lengths**2, out=self._work)
        np.subtract(pull, self._work, out=self._work)
        np.multiply(self._work, self._stretch, out=self._work)
        return Unknowns(of_lengths.astype(bones.dtype), self._pull[:, 0], self._work)

    def step(self) -> None:
        """One cycle."""
        for values, change in zip(self.unknowns, self.changes(), strict=True):
            np.add(values, change, out=values)

    def _pull_points(self, points: Array) -> None:
        """What the loss asks of each joint, if it were free."""
        np.subtract(points[:2], self._target, out=self._pull[:2])
        self._pull[:2] *= self._data_weight
        self._pull[2] = 0
        # Over all joints at once, as NumPy likes it. From the end of one joint to the start of the next is no step.
        line, steps, pull = points.reshape(-1), self._steps.reshape(-1)[:-1], self._pull.reshape(-1)
        np.subtract(line[1:], line[:-1], out=steps)
        self._steps[..., -1] = 0
        steps *= self._steps_weight
        pull[1:] += steps
        pull[:-1] -= steps


def _dot(first: Array, second: Array) -> Array:
    """(B, T) scalar products of vectors (3, B, T)."""
    product: Array = np.einsum("cbt,cbt->bt", first, second)
    return product


def _families(points: Array, bones: Array, level: Level) -> tuple[Array, Array, Array]:
    """Parents (3, P, 1, T), children and bones (3, P, children of each, T) of a level, as views."""
    ends, between = points[:, level.children], bones[:, level.bones]
    shape = (3, -1, level.fan, points.shape[2])
    return points[:, level.parents, None], ends.reshape(shape), between.reshape(shape)
