"""What one step learns from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Clips, padded to the longest.

    Attributes:
        positions: (B,) int64 which clips, by their place in the dataset.
        rows: (B,) int64 which clips, rows of the cache.
        prioritised: (B,) bool, True where the Priority Learning Channel drew the clip by its reward.
        languages: Sign language of each, by its Prompt2Sign code.
        source: (B, U) int64 tokens of the text or prompt, 0 after the end.
        gloss: (B, G) int64 tokens of the language-marked gloss; empty (B, 0) where the mode has none.
        motion: (B, T, 50, 3) float32 shoulder widths, 0 after the end.
        lengths: (B,) int64 frames.
    """

    positions: Tensor
    rows: Tensor
    prioritised: Tensor
    languages: tuple[str, ...]
    source: Tensor
    gloss: Tensor
    motion: Tensor
    lengths: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same with its motion and tokens on another device."""
        names = ("source", "gloss", "motion", "lengths")
        return replace(self, **{name: getattr(self, name).to(device, non_blocking=True) for name in names})


def pad_tokens(rows: list[list[int]]) -> Tensor:
    """(B, U) int64, 0 after the end of each."""
    padded = torch.zeros(len(rows), max(map(len, rows), default=0), dtype=torch.int64)
    for i, row in enumerate(rows):
        padded[i, : len(row)] = torch.tensor(row, dtype=torch.int64)
    return padded
