"""What both pose decoders promise, so that a model may hold either."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


@dataclass(frozen=True)
class Prediction:
    """What a decoder says of a batch whose true motion it was told.

    Attributes:
        frames: (B, T, N, 150) features: at each frame t what t, t+1, ... t+N-1 will be; N is 1 without future
            prediction.
        timing: (B,) error of the length of each clip, in the decoder's own terms (a squared or absolute error).
    """

    frames: Tensor
    timing: Tensor


@dataclass(frozen=True)
class Timing:
    """What the published evaluation tells the model of the reference ("oracle timing"; `facts` in docs/training.md).

    Attributes:
        first: (B, 150) features of the true first frame.
        lengths: (B,) true number of frames.
    """

    first: Tensor
    lengths: Tensor


class PoseDecoder(Protocol):
    """Memory of a text to motion, in features."""

    def predict(
        self, memory: Tensor, real: Tensor, target: Tensor, lengths: Tensor, rest: Tensor, noise: Tensor | None
    ) -> Prediction:
        """Learn.

        Args:
            memory: (B, U, D) from the text encoder.
            real: (B, U) bool.
            target: (B, T, 150) features of the true motion, zero after its end.
            lengths: (B,) int64 frames.
            rest: (150,) the pose to start from.
            noise: (B, T, 150) to add to the frames the decoder sees, or None.
        """
        ...

    def generate(
        self, memory: Tensor, real: Tensor, rest: Tensor, max_frames: int, timing: Timing | None = None
    ) -> list[Tensor]:
        """Motion for each text, (T, 150) each, of a length the model finds itself unless `timing` tells it."""
        ...


def shift(target: Tensor, first: Tensor) -> Tensor:
    """(B, T, 150) one frame later, `first` (150,) or (B, 150) before it."""
    start = first.expand(target.shape[0], -1)[:, None]
    return torch.cat([start, target[:, :-1]], dim=1)
