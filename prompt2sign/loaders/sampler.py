"""Which clips make the next batch: by length, by group, for each rank, and from the middle of an epoch. No torch."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from .order import Limits, group_numbers, plan


class Draw(NamedTuple):
    """A clip that a sampler draws, where it was told how (`BatchSampler.set_epoch`).

    Attributes:
        position: Place in the dataset.
        prioritised: It was drawn for its reward, rather than as all are.
    """

    position: int
    prioritised: bool


class BatchSampler:
    """Batches of positions, of clips of like length; a pure function of seed, epoch and draws.

    Every clip comes once an epoch, unless weights or draws say otherwise. Ranks get equally many batches, of clips that
    no other rank gets, at every step of the same group and of about the same size, or else `side_by_side`. Where
    batches hold one clip each and the clips cannot be shared out evenly, fewer than `world` wait for another epoch.

    Args:
        lengths: (n,) frames of each clip.
        batch_clips: Clips of a batch at most.
        batch_frames: Frames of a batch at most, padding counted.
        seed: Of the run.
        groups: A label for each clip, as its language; a batch never mixes them. None: all are one group.
        weights: How often the clips of a group are drawn: 1 where not named, 0 never, 2 twice an epoch.
        rank: Which of the ranks this is.
        world: How many there are.
        side_by_side: Ranks take batches of different groups at a step, as long as several have some left.
        draws: As `set_epoch` takes them, for the first epoch.
        prioritised: Likewise.

    Attributes:
        epoch: The epoch, from 0.
        done: How many batches of it have been used. `batches` counts them; with a loader of your own, count yourself,
            for loaders ask for batches long before they are used.

    Raises:
        UsageError: A clip does not fit into a batch, a weight is no weight or of no group, a group has fewer clips than
            there are ranks.
    """

    def __init__(
        self,
        lengths: NDArray[np.int64],
        *,
        batch_clips: int,
        batch_frames: int,
        seed: int,
        groups: Sequence[str] | None = None,
        weights: Mapping[str, float] | None = None,
        rank: int = 0,
        world: int = 1,
        side_by_side: bool = False,
        draws: NDArray[np.int64] | None = None,
        prioritised: NDArray[np.bool_] | None = None,
    ) -> None:
        labels = [""] * len(lengths) if groups is None else list(groups)
        self._lengths = np.asarray(lengths, np.int64)
        self._limits, self._seed, self._rank = Limits(batch_clips, batch_frames, world), seed, rank
        self._side_by_side = side_by_side
        _check_clips(self._lengths, labels if not side_by_side else [""] * len(labels), self._limits, rank)
        _check_weights(weights or {}, labels)
        self._groups, self._weights = group_numbers(labels, weights or {})
        self.set_epoch(0, draws, prioritised)

    def __iter__(self) -> Iterator[list[Any]]:
        """The batches of this rank that are not done yet."""
        for step in self._steps[self.done :]:
            places = step[self._rank]
            drawn = self._draws[places].tolist()
            if self._prioritised is None:
                yield drawn
            else:
                yield [Draw(*pair) for pair in zip(drawn, self._prioritised[places].tolist(), strict=True)]

    def __len__(self) -> int:
        """Batches of each rank in the whole epoch."""
        return len(self._steps)

    def set_epoch(
        self, epoch: int, draws: NDArray[np.int64] | None = None, prioritised: NDArray[np.bool_] | None = None
    ) -> None:
        """Go to the start of an epoch.

        Args:
            epoch: Counts from 0.
            draws: (m,) int64 positions to use in it, with repetition, instead of every clip once.
            prioritised: (m,) bool, handed on to the batches.

        Raises:
            ValueError: Draws are no positions.
        """
        self.epoch, self.done = epoch, 0
        self._draws = np.arange(len(self._lengths)) if draws is None else np.asarray(draws, np.int64)
        self._prioritised = None if prioritised is None else np.asarray(prioritised, np.bool_)
        _check_draws(self._draws, self._prioritised, len(self._lengths))
        lengths, groups = self._lengths[self._draws], self._groups[self._draws]
        self._steps = plan(
            lengths, groups, self._weights, self._limits, self._seed, epoch, side_by_side=self._side_by_side
        )

    def state_dict(self) -> dict[str, int]:
        """Where the sampler stands, for JSON; the same on every rank. Draws are not in it."""
        return {"epoch": self.epoch, "done": self.done, "order": self._order()}

    def load_state_dict(
        self,
        state: Mapping[str, int],
        draws: NDArray[np.int64] | None = None,
        prioritised: NDArray[np.bool_] | None = None,
    ) -> None:
        """Go to where `state_dict` was taken; draws as they were given to `set_epoch` then.

        Raises:
            UsageError: The clips, draws, limits, seed or ranks are not those of then, so there is no such place.
        """
        self.set_epoch(state["epoch"], draws, prioritised)
        if state["order"] != self._order():
            raise UsageError(
                "the run cannot go on in the middle of its epoch: the clips, batch sizes, seed or number of processes "
                "are not those it was saved with; resume with the same options, or start a new run"
            )
        self.done = state["done"]

    def _order(self) -> int:
        """A checksum of the whole epoch, on all ranks."""
        crc = 0
        for step in self._steps:
            for batch in step:
                crc = zlib.crc32(np.append(self._draws[batch], -1).tobytes(), crc)
        return crc


def _check_clips(lengths: NDArray[np.int64], labels: Sequence[str], limits: Limits, rank: int) -> None:
    if len(labels) != len(lengths):
        raise ValueError(f"{len(labels)} groups for {len(lengths)} clips")
    if not 0 <= rank < limits.world:
        raise ValueError(f"rank {rank} of {limits.world}")
    if not len(lengths):
        raise UsageError("there is no clip to make batches of; look at the split and the languages")
    if lengths.max() > limits.frames:
        raise UsageError(
            f"a clip of {lengths.max()} frames does not fit into a batch of {limits.frames}; raise data.batch_frames "
            f"to {lengths.max()} at least, or lower data.max_frames"
        )
    names, counts = np.unique(np.asarray(labels, np.str_), return_counts=True)
    if counts.min() < limits.world:
        raise UsageError(
            f"{names[counts.argmin()] or 'the data'}: {counts.min()} clips for {limits.world} processes; use fewer "
            "processes, or leave the language out"
        )


def _check_weights(weights: Mapping[str, float], labels: Sequence[str]) -> None:
    if unknown := sorted(set(weights) - set(labels)):
        raise UsageError(
            f"data.weights names {', '.join(unknown)}, of which there is no clip; there is "
            f"{', '.join(sorted(set(labels)))}"
        )
    if wrong := {name: weight for name, weight in weights.items() if not (np.isfinite(weight) and weight >= 0)}:
        raise UsageError(f"data.weights: {wrong} are no weights; give 0 or more")
    if not any(weights.get(label, 1.0) for label in set(labels)):
        raise UsageError("data.weights are all 0, so there is nothing to learn; give one language more")


def _check_draws(draws: NDArray[np.int64], prioritised: NDArray[np.bool_] | None, n_clips: int) -> None:
    if not len(draws) or draws.min() < 0 or draws.max() >= n_clips:
        raise ValueError(f"draws must be positions from 0 to {n_clips - 1}, and some")
    if prioritised is not None and len(prioritised) != len(draws):
        raise ValueError(f"{len(prioritised)} flags for {len(draws)} draws")
