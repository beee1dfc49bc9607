"""A real policy gradient, to compare with the published loss. Ours, not the papers'.

The pose head becomes stochastic: around the predicted motion, in the space of its slowest cosine waves over time, it
draws from a Gaussian. Frame-by-frame noise would only tremble; slow waves make another motion. The reward is what
a user measures, minus the DTW-MJE against the reference; the baseline is the reward of the prediction itself
(self-critical, Rennie et al. 2017, section 3.2), so that a sample counts by how much better than the mean it is.
REINFORCE (Williams 1992): the gradient of -E[r] is -E[(r - b) grad log pi(a)].
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..metrics.dtw import dtw_many
from .options import LossOptions
from .text2pose import Lesson

#: Waves over time that the policy moves; the slowest has half a period a clip.
N_WAVES = 8


def policy_loss(lesson: Lesson, options: LossOptions, keep: Tensor, generator: torch.Generator | None) -> Tensor:
    """-(r - b) log pi(a), a mean over clips, samples and what a sample is made of.

    Args:
        lesson: The prediction is the mean of the policy.
        options: Samples a clip, their deviation in standardised units, and how many frames a reward skips.
        keep: (B,) bool, which clips count.
        generator: What samples are drawn from.
    """
    mean = lesson.prediction.frames[:, :, 0].float()
    waves = cosine_waves(lesson.lengths, mean.shape[1])
    coefficients = waves.transpose(1, 2) @ mean
    stride = options.policy_stride
    references = _motions(lesson, lesson.target, stride)
    baseline = _rewards(references, _motions(lesson, mean.detach(), stride))
    total = mean.new_zeros(())
    for _ in range(options.policy_samples):
        drawn = torch.randn(coefficients.shape, generator=generator, device=mean.device, dtype=mean.dtype)
        drawn = options.policy_deviation * drawn
        sampled = mean.detach() + waves @ drawn
        advantage = torch.from_numpy(_rewards(references, _motions(lesson, sampled, stride)) - baseline).to(mean)
        total = total - (_normal(advantage, keep) * log_policy(coefficients, drawn, options)).sum()
    return total / (options.policy_samples * keep.sum().clamp_min(1))


def log_policy(coefficients: Tensor, drawn: Tensor, options: LossOptions) -> Tensor:
    """(B,) log density, up to a constant, of what was drawn: a = stop(mean) + drawn, a Gaussian around the mean.

    Divided by the number of coefficients, so that its weight does not grow with the width of a pose.
    """
    action = coefficients.detach() + drawn
    return -((action - coefficients) ** 2).mean((1, 2)) / (2 * options.policy_deviation**2)


def cosine_waves(lengths: Tensor, n_frames: int) -> Tensor:
    """(B, T, 8) orthonormal cosine waves over the frames of each clip, 0 after its end (the DCT-II basis)."""
    time = torch.arange(n_frames, device=lengths.device)[None, :, None] + 0.5
    wave = torch.arange(N_WAVES, device=lengths.device)[None, None]
    length = lengths[:, None, None]
    basis = torch.cos(math.pi * time * wave / length) * torch.sqrt((1 + (wave > 0)) / length)
    return basis * (time < length) * (wave < length)


def _motions(lesson: Lesson, features: Tensor, stride: int) -> list[NDArray[np.float32]]:
    """Joints of every so manyth frame of each clip, (T, 50, 3)."""
    xyz = lesson.features.decode(features.detach().float()).cpu().numpy()
    return [motion[:length:stride] for motion, length in zip(xyz, lesson.lengths.tolist(), strict=True)]


def _rewards(references: list[NDArray[np.float32]], motions: list[NDArray[np.float32]]) -> NDArray[np.float64]:
    return -dtw_many(references, motions)


def _normal(advantage: Tensor, keep: Tensor) -> Tensor:
    """Advantages by their own deviation, so that the weight of the term means the same throughout training."""
    kept = advantage * keep
    return kept / (kept.pow(2).sum() / keep.sum().clamp_min(1)).sqrt().clamp_min(1e-6)
