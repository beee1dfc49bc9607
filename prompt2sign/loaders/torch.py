"""Batches of motion for any torch trainer.

    cache = open_cache(["releases/gsl"], "cache")    # of prompt2sign.loaders: decoded once, then mapped into memory
    dataset = MotionDataset(cache, cache.rows(split="train"))
    sampler = BatchSampler(dataset.lengths, batch_clips=32, batch_frames=20_000, seed=27, groups=dataset.langs)
    for epoch in range(100):
        sampler.set_epoch(epoch)
        for batch in batches(dataset, sampler):
            batch.motion, batch.real           # (B, T, 50, 3), and (B, T): False in the padding
            ...                                # save sampler.state_dict() in a checkpoint, at any batch

After `sampler.load_state_dict` the loop goes on with the batch that would have come next.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ..skeleton import SKELETON
from .cache import MotionCache
from .sampler import BatchSampler, Draw

__all__ = ["BatchSampler", "Draw", "MotionBatch", "MotionDataset", "MotionItem", "batches", "collate"]

#: Batches that are made ahead of the one in use.
_AHEAD = 2
#: A batch, of whatever kind its maker makes.
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class MotionItem:
    """One clip.

    Attributes:
        position: Place in the dataset: what samplers count by.
        row: Row of the cache.
        motion: (T, 50, 3) float32, a read-only view of the cache.
        observed: (T, 50) bool, likewise.
        lang: Prompt2Sign code.
        text: Normalised sentence.
        gloss: Empty where there is none.
        prompts: Ways of asking for the sentence.
        prioritised: It was drawn for its reward.
    """

    position: int
    row: int
    motion: NDArray[np.float32]
    observed: NDArray[np.bool_]
    lang: str
    text: str
    gloss: str
    prompts: tuple[str, ...]
    prioritised: bool = False


@dataclass(frozen=True, slots=True)
class MotionBatch:
    """B clips, T frames, those past the end of a clip zero and not observed.

    Attributes:
        positions: (B,) int64 places in the dataset.
        rows: (B,) int64 rows of the cache.
        motion: (B, T, 50, 3) float32, shoulder widths.
        observed: (B, T, 50) bool.
        lengths: (B,) int64 frames of each clip.
        prioritised: (B,) bool, drawn for their reward.
        langs: Prompt2Sign code of each clip.
        texts: Sentence of each clip.
        glosses: Gloss of each clip, empty where there is none.
        prompts: Prompts of each clip.
    """

    positions: Tensor
    rows: Tensor
    motion: Tensor
    observed: Tensor
    lengths: Tensor
    prioritised: Tensor
    langs: tuple[str, ...]
    texts: tuple[str, ...]
    glosses: tuple[str, ...]
    prompts: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def real(self) -> Tensor:
        """(B, T) bool, False past the end of a clip: the mask of the padding."""
        return torch.arange(self.motion.shape[1], device=self.lengths.device) < self.lengths[:, None]

    def to(self, device: torch.device | str) -> MotionBatch:
        """The same on a device; does not wait where the batch lies in pinned memory."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> MotionBatch:
        """The same in page-locked memory, from which a GPU reads while the CPU goes on."""
        return self._each(lambda tensor: tensor.pin_memory())

    def _each(self, change: Callable[[Tensor], Tensor]) -> MotionBatch:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        changed: dict[str, Any] = {name: change(x) for name, x in values.items() if isinstance(x, Tensor)}
        return replace(self, **changed)


class MotionDataset(Dataset[MotionItem]):
    """Clips of a cache, by position.

    Args:
        cache: From `open_cache`.
        rows: Its rows, as `MotionCache.rows` gives them.

    Attributes:
        cache: The cache.
        rows: (n,) int64.
        lengths: (n,) int64 frames of each clip.
        langs: Prompt2Sign code of each clip.
    """

    def __init__(self, cache: MotionCache, rows: NDArray[np.int64]) -> None:
        self.cache, self.rows = cache, rows
        self.lengths: NDArray[np.int64] = cache.lengths[rows]
        self.langs: list[str] = [cache.column("lang")[row] for row in rows]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: int | Draw) -> MotionItem:
        """The clip at a position."""
        position, prioritised = key if isinstance(key, Draw) else (int(key), False)
        row, cache = int(self.rows[position]), self.cache
        return MotionItem(
            position=position,
            row=row,
            motion=cache.motion(row),
            observed=cache.observed(row),
            lang=self.langs[position],
            text=cache.column("text")[row],
            gloss=cache.column("gloss")[row],
            prompts=tuple(cache.column("prompts")[row]),
            prioritised=prioritised,
        )


def collate(items: Sequence[MotionItem]) -> MotionBatch:
    """Pad clips to the longest."""
    lengths = [len(item.motion) for item in items]
    motion = torch.empty(len(items), max(lengths), SKELETON.count, 3)
    observed = torch.empty(len(items), max(lengths), SKELETON.count, dtype=torch.bool)
    for xyz, seen, item, length in zip(motion.numpy(), observed.numpy(), items, lengths, strict=True):
        xyz[:length], seen[:length] = item.motion, item.observed
        xyz[length:], seen[length:] = 0.0, False
    return MotionBatch(
        positions=torch.tensor([item.position for item in items]),
        rows=torch.tensor([item.row for item in items]),
        motion=motion,
        observed=observed,
        lengths=torch.tensor(lengths),
        prioritised=torch.tensor([item.prioritised for item in items]),
        langs=tuple(item.lang for item in items),
        texts=tuple(item.text for item in items),
        glosses=tuple(item.gloss for item in items),
        prompts=tuple(item.prompts for item in items),
    )


@overload
def batches(dataset: MotionDataset, sampler: BatchSampler, *, workers: int = 0) -> Iterator[MotionBatch]: ...
@overload
def batches(
    dataset: MotionDataset, sampler: BatchSampler, collate: Callable[[Sequence[MotionItem]], Made], workers: int = 0
) -> Iterator[Made]: ...
def batches(
    dataset: MotionDataset, sampler: BatchSampler, collate: Callable[..., Any] = collate, workers: int = 0
) -> Iterator[Any]:
    """The batches of the epoch that are not done yet, made ahead of their use; `sampler.done` counts along.

    Args:
        dataset: The clips.
        sampler: Which, and in which order.
        collate: Makes a batch of items; one of your own may make what it likes.
        workers: Processes that make batches; 0 makes them in one thread, which suits a cache in memory.
    """
    for batch in (
        _in_processes(dataset, sampler, collate, workers) if workers else _in_thread(dataset, sampler, collate)
    ):
        sampler.done += 1
        yield batch


def _in_thread(dataset: MotionDataset, sampler: BatchSampler, collate: Callable[..., Made]) -> Iterator[Made]:
    waiting: deque[Any] = deque()
    with ThreadPoolExecutor(1) as thread:
        for keys in list(sampler):
            waiting.append(thread.submit(lambda keys: collate([dataset[key] for key in keys]), keys))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _in_processes(
    dataset: MotionDataset, sampler: BatchSampler, collate: Callable[..., Made], workers: int
) -> Iterator[Made]:
    # A generator of its own: without one the loader would draw from torch's global one, and change what follows.
    own = torch.Generator()
    yield from DataLoader(dataset, batch_sampler=list(sampler), num_workers=workers, collate_fn=collate, generator=own)
