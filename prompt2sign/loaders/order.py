"""Which clips come in which batch, in which order: pure functions of a seed and an epoch. NumPy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]

#: Batches at most that are sorted by length together. More pad less, fewer mix better.
_POOL_BATCHES = 32
#: Lengths count up to so much longer or shorter when sorted, and the first batch of a pool is of any size: else a small
#: corpus gives the same batches every epoch. (Of 1,000 clips 40 % of a batch then meet again in the next epoch
#: instead of all, for 3 % more padding.)
_JITTER = 0.05
#: Keep the draws of this module apart from each other, and from other users of the same seed.
_ENDLESS, _BATCHES = 101, 102


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a batch may be.

    Attributes:
        clips: Clips at most.
        frames: Frames at most, padding counted.
        world: Ranks that each take a batch at every step.
    """

    clips: int
    frames: int
    world: int = 1


def endless(count: int, start: int, stop: int, seed: Sequence[int]) -> Positions:
    """Numbers `start` to `stop` of an endless row of permutations of 0 ... count - 1, another one every time.

    Whoever takes such pieces one after another gets each number equally often, give or take one.
    """
    if not count:
        return np.array([], np.int64)
    blocks = range(start // count, -(-stop // count))
    row = [np.random.default_rng([*seed, _ENDLESS, block]).permutation(count) for block in blocks]
    if not row:
        return np.array([], np.int64)
    skipped = blocks.start * count
    return np.asarray(np.concatenate(row)[start - skipped : stop - skipped], np.int64)


def pick(
    groups: NDArray[np.int64], weights: Sequence[float], seed: int, epoch: int, at_least: int = 1
) -> list[Positions]:
    """The places of an epoch, shuffled, for each group: its size times its weight, all places equally often.

    Args:
        groups: (n,) group of each place.
        weights: Of each group; 1 takes every place once an epoch, 0 none, 2.5 each two or three times.
        seed: Of the run.
        epoch: Counts from 0.
        at_least: Places of a group whose weight is not 0.

    Returns:
        Places for each group, possibly none.
    """
    picked = []
    for group, weight in enumerate(weights):
        places = np.flatnonzero(groups == group)
        count = max(at_least, round(len(places) * weight)) if weight and len(places) else 0
        picked.append(places[endless(len(places), epoch * count, (epoch + 1) * count, [seed, group])])
    return picked


def plan(
    lengths: NDArray[np.int64],
    groups: NDArray[np.int64],
    weights: Sequence[float],
    limits: Limits,
    seed: int,
    epoch: int,
    *,
    side_by_side: bool = False,
) -> list[list[Positions]]:
    """The steps of an epoch: for each, a batch of places for each rank.

    Together they hold every place once. Only where batches hold one clip each can fewer clips than ranks be left over;
    these are left out.

    Args:
        lengths: (n,) frames at each place; none is beyond `limits.frames`.
        groups: (n,) group of each place, from 0.
        weights: Of each group, as `pick` takes them.
        limits: How large batches may be.
        seed: Of the run.
        epoch: Counts from 0.
        side_by_side: The ranks of a step take different groups, as long as several have batches left. Else all take
            the same, of like size.
    """
    random = np.random.default_rng([seed, _BATCHES, epoch])
    batches, planned = [], []
    for places in pick(groups, weights, seed, epoch, at_least=1 if side_by_side else limits.world):
        batches += [places[batch] for batch in _batches(lengths[places], limits, random)]
        if not side_by_side:
            planned += _of_one_group(_share_out(batches, limits.world, random), lengths, limits.world)
            batches = []
    if side_by_side:
        planned = _of_many_groups(_share_out(batches, limits.world, random), lengths, groups, limits.world)
    order = random.permutation(len(planned))
    return [[planned[i][rank] for rank in random.permutation(limits.world)] for i in order]


def _batches(lengths: NDArray[np.int64], limits: Limits, random: np.random.Generator) -> list[Positions]:
    """Cut places, in random order already, into batches of like length; the cuts move a little each time."""
    batches = []
    size = _POOL_BATCHES * limits.clips
    for start in range(0, len(lengths), size):
        pool = np.arange(start, min(start + size, len(lengths)))
        stretched = lengths[pool] * (1 + random.uniform(-_JITTER, _JITTER, len(pool)))
        first = int(random.integers(limits.clips)) + 1 if len(pool) > limits.clips else limits.clips
        batches += _cut(pool[np.argsort(stretched, kind="stable")], lengths, limits, first)
    return batches


def _of_one_group(batches: list[Positions], lengths: NDArray[np.int64], world: int) -> list[list[Positions]]:
    """Steps of batches of like size."""
    batches = sorted(batches, key=lambda batch: _size(batch, lengths))
    return [batches[start : start + world] for start in range(0, len(batches), world)]


def _of_many_groups(
    batches: list[Positions], lengths: NDArray[np.int64], groups: NDArray[np.int64], world: int
) -> list[list[Positions]]:
    """Steps of the largest batches left, each of another group while there are enough: who has most left goes first."""
    left: dict[int, list[Positions]] = {}
    for batch in sorted(batches, key=lambda batch: _size(batch, lengths)):
        left.setdefault(int(groups[batch[0]]), []).append(batch)
    planned = []
    for _ in range(len(batches) // world):
        step: list[Positions] = []
        while len(step) < world:
            fullest = sorted(filter(None, left.values()), key=len, reverse=True)
            step += [own.pop() for own in fullest[: world - len(step)]]
        planned.append(step)
    return planned


def _size(batch: Positions, lengths: NDArray[np.int64]) -> int:
    """Frames, padding counted."""
    return len(batch) * int(lengths[batch].max())


def group_numbers(labels: Sequence[str], weights: Mapping[str, float]) -> tuple[NDArray[np.int64], list[float]]:
    """Labels as numbers in alphabetical order, and the weight of each, 1 where none is named."""
    names, numbers = np.unique(np.asarray(labels, dtype=np.str_), return_inverse=True)
    return numbers.astype(np.int64), [float(weights.get(str(name), 1.0)) for name in names]


def _cut(places: Positions, lengths: NDArray[np.int64], limits: Limits, first: int) -> list[Positions]:
    """Cut a row of places after the `first` few, then wherever the next one would make a batch too large."""
    batches, start, longest = [], 0, 0
    for end, length in enumerate(lengths[places].tolist()):
        grown = max(longest, length)
        if end > start and (
            end - start >= (limits.clips if start else first) or (end - start + 1) * grown > limits.frames
        ):
            batches.append(places[start:end])
            start, grown = end, length
        longest = grown
    return [*batches, places[start:]] if len(places) else []


def _share_out(batches: list[Positions], world: int, random: np.random.Generator) -> list[Positions]:
    """Split the fullest batches until every rank gets equally many."""
    while len(batches) % world:
        fullest = max(range(len(batches)), key=lambda i: len(batches[i]))
        batch = batches.pop(fullest)
        if len(batch) == 1:
            kept = random.permutation(len(batches) + 1)[: (len(batches) + 1) // world * world]
            return [[*batches, batch][i] for i in sorted(kept)]
        batches += [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
    return batches
