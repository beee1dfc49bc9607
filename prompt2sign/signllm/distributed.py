"""Several processes, one model: `torchrun --nproc-per-node N -m prompt2sign train ...`.

Each process learns from its own batches, and the gradients of each part of the model are averaged over the processes
that touched it. With MLSF processes work on different languages at the same time, since groups share nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed, nn

from ..errors import MissingError


@dataclass(frozen=True)
class Ranks:
    """Which of how many processes this is, and where it computes.

    Attributes:
        rank: 0 writes files and talks.
        world: How many there are.
        device: The GPU of this process, or the CPU.
    """

    rank: int
    world: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Is this the process that writes?"""
        return self.rank == 0


@contextmanager
def ranks(device: str | None = None) -> Iterator[Ranks]:
    """Join the other processes that `torchrun` started, if it did and this one has not joined them already."""
    world, local = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("LOCAL_RANK", "0"))
    where = choose_device(device, local)
    if world == 1:
        yield Ranks(0, 1, where)
        return
    if where.type == "cuda":
        torch.cuda.set_device(where)
    joins = not distributed.is_initialized()
    if joins:
        distributed.init_process_group("nccl" if where.type == "cuda" else "gloo")
    try:
        yield Ranks(distributed.get_rank(), world, where)
    finally:
        if joins:
            distributed.destroy_process_group()


def choose_device(name: str | None, local: int = 0) -> torch.device:
    """The device called `cpu` or `cuda`, or the GPU where there is one; `local` is its number.

    Raises:
        MissingError: There is no GPU.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise MissingError("no GPU that this torch can use; leave out --device cuda, or install torch for your CUDA")
    found = name or ("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(f"cuda:{local}" if found == "cuda" else found)


def average_gradients(parts: Iterable[nn.Module], ranks: Ranks) -> None:
    """Give every process the mean gradient of each part over the processes that have one.

    A part that no process has touched is not sent round.
    """
    if ranks.world == 1:
        return
    learned = [[weight for weight in part.parameters() if weight.requires_grad] for part in parts]
    touched = [float(any(weight.grad is not None for weight in weights)) for weights in learned]
    for weights, n_ranks in zip(learned, gather_sum(torch.tensor(touched), ranks).tolist(), strict=True):
        if n_ranks:
            _average(weights, n_ranks)


def _average(weights: list[nn.Parameter], n_ranks: float) -> None:
    whole = torch.cat([(torch.zeros_like(w) if w.grad is None else w.grad).flatten() for w in weights])
    distributed.all_reduce(whole)
    sizes = [weight.numel() for weight in weights]
    for weight, gradient in zip(weights, (whole / n_ranks).split(sizes), strict=True):
        weight.grad = gradient.view_as(weight)


def share(value: float, ranks: Ranks) -> float:
    """What the leading process says."""
    if ranks.world == 1:
        return value
    told = torch.tensor([value], dtype=torch.float64, device=ranks.device)
    distributed.broadcast(told, 0)
    return float(told)


def anywhere(value: bool, ranks: Ranks) -> bool:
    """Is it so in any process?"""
    return bool(gather_sum(torch.tensor([float(value)]), ranks))


def wait(ranks: Ranks) -> None:
    """For all processes to come here."""
    if ranks.world > 1:
        distributed.barrier()


def gather_sum(values: torch.Tensor, ranks: Ranks) -> torch.Tensor:
    """The sum over all processes, written into `values`, wherever they lie."""
    if ranks.world > 1:
        moved = values.to(ranks.device)
        distributed.all_reduce(moved)
        values.copy_(moved)
    return values
