"""What the networks see of a pose: hands relative to their wrists, everything standardised.

In shoulder widths around the neck a fingertip moves with its arm, and the shape of a hand is a small difference
between large numbers. Relative to the wrist it stands by itself. The map is linear and loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..skeleton import LEFT_HAND, LEFT_WRIST, RIGHT_HAND, RIGHT_WRIST, SKELETON

N_FEATURES = SKELETON.count * 3
#: No part is scaled up further than this, shoulder widths: what hardly moves must not weigh most.
SMALLEST_SCALE = 0.02
_HANDS = ((LEFT_WRIST, LEFT_HAND), (RIGHT_WRIST, RIGHT_HAND))


class Features(nn.Module):
    """The map between joints and features; its numbers are buffers, so they travel with the weights.

    Attributes:
        mean: (50, 3) mean of each coordinate, hands relative to their wrists.
        scale: (50, 1) standard deviation, one number for the body and one for the hands.
        rest: (150,) features of the pose that decoding starts from.
        longest: Frames of the longest motion it was measured on.
    """

    mean: Tensor
    scale: Tensor
    rest: Tensor
    longest: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(SKELETON.count, 3))
        self.register_buffer("scale", torch.ones(SKELETON.count, 1))
        self.register_buffer("rest", torch.zeros(N_FEATURES))
        self.register_buffer("longest", torch.zeros((), dtype=torch.int64))

    def measure(self, motions: Iterable[NDArray[np.float32]]) -> None:
        """Take mean, scale, rest pose (the mean first frame) and length from training motion, (T, 50, 3) each."""
        total, squares, first = (torch.zeros(SKELETON.count, 3, dtype=torch.float64) for _ in range(3))
        n_frames = n_clips = longest = 0
        for motion in motions:
            x = _relative(torch.from_numpy(motion.astype(np.float64)))
            total, squares = total + x.sum(0), squares + (x**2).sum(0)
            first, n_frames, n_clips = first + x[0], n_frames + len(x), n_clips + 1
            longest = max(longest, len(x))
        mean = total / n_frames
        variance = (squares / n_frames - mean**2).clamp_min(0)
        scale = torch.empty(SKELETON.count, 1, dtype=torch.float64)
        hands = torch.zeros(SKELETON.count, dtype=torch.bool)
        for _, hand in _HANDS:
            hands[hand] = True
        for part in (hands, ~hands):
            scale[part] = variance[part].mean().sqrt().clamp_min(SMALLEST_SCALE)
        self.mean.copy_(mean)
        self.scale.copy_(scale)
        self.rest.copy_(((first / n_clips - mean) / scale).flatten())
        self.longest.fill_(longest)

    def encode(self, xyz: Tensor) -> Tensor:
        """(..., 50, 3) shoulder widths to (..., 150) features."""
        return ((_relative(xyz) - self.mean) / self.scale).flatten(-2)

    def decode(self, features: Tensor) -> Tensor:
        """(..., 150) features to (..., 50, 3) shoulder widths."""
        x = features.unflatten(-1, (SKELETON.count, 3)) * self.scale + self.mean
        parts = [x[..., : LEFT_HAND.start, :]]
        parts += [x[..., hand, :] + x[..., wrist : wrist + 1, :] for wrist, hand in _HANDS]
        return torch.cat(parts, dim=-2)


def _relative(xyz: Tensor) -> Tensor:
    parts = [xyz[..., : LEFT_HAND.start, :]]
    parts += [xyz[..., hand, :] - xyz[..., wrist : wrist + 1, :] for wrist, hand in _HANDS]
    return torch.cat(parts, dim=-2)
