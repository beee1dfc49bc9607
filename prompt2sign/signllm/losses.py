"""What is minimised, clip by clip.

SignLLM's reinforcement learning loss (Fang et al. 2024, section 4.4, eq. 3) asks for the parameters with the greatest
expected sum of rewards, the reward of a frame being its negative mean squared error. Nothing is sampled, so
maximising that sum *is* minimising the mean squared error: `rl` and `mse` have the same value and the same gradient
(tests/test_losses.py), and both are offered only so that this can be seen. `policy-gradient` (policy.py) is ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .options import LossOptions
from .policy import policy_loss
from .pose_decoder import Prediction
from .text2pose import Lesson
from .transformer import real_mask


@dataclass(frozen=True)
class Loss:
    """What a batch cost.

    Attributes:
        total: Scalar to minimise.
        clips: (B,) squared (or absolute) error of each clip, a mean over its frames and features, without gradient.
        parts: The terms of `total` by name, for the logs.
    """

    total: Tensor
    clips: Tensor
    parts: dict[str, Tensor]


def lesson_loss(
    lesson: Lesson,
    options: LossOptions,
    keep: Callable[[Tensor], Tensor] | None = None,
    generator: torch.Generator | None = None,
) -> Loss:
    """The loss of a batch of motion.

    Args:
        lesson: What was predicted, beside the truth.
        options: Which loss, which weights.
        keep: From the (B,) errors of the clips to (B,) bool, False for those that the Priority Learning Channel skips;
            all count where None.
        generator: What the policy gradient samples from.
    """
    clips = clip_errors(lesson, options.kind)
    weights = lesson.lengths * (1.0 if keep is None else keep(clips.detach()))
    parts = {"pose": _mean(clips, weights), "length": _mean(lesson.prediction.timing, weights)}
    total = parts["pose"] + options.length * parts["length"]
    if options.velocity:
        parts["velocity"] = _mean(_velocity_errors(lesson), weights)
        total = total + options.velocity * parts["velocity"]
    if options.kind == "policy-gradient":
        parts["policy"] = policy_loss(lesson, options, weights > 0, generator)
        total = total + options.policy * parts["policy"]
    return Loss(total, clips.detach(), parts)


def clip_errors(lesson: Lesson, kind: str) -> Tensor:
    """(B,) error of each clip: mean over its frames, their futures and the features."""
    predicted = lesson.prediction.frames
    target, there = futures(lesson.target, lesson.lengths, predicted.shape[2])
    if kind == "rl":
        return -(_rewards(predicted, target) * there).sum((1, 2)) / there.sum((1, 2))
    wrong = (predicted - target).abs() if kind == "l1" else (predicted - target) ** 2
    return (wrong.mean(-1) * there).sum((1, 2)) / there.sum((1, 2))


def futures(target: Tensor, lengths: Tensor, n_futures: int) -> tuple[Tensor, Tensor]:
    """(B, T, 150) to what each of N futures should be (B, T, N, 150), and (B, T, N) where there is one."""
    n_frames = target.shape[1]
    ahead = functional.pad(target, (0, 0, 0, n_futures - 1))
    stacked = torch.stack([ahead[:, n : n + n_frames] for n in range(n_futures)], dim=2)
    there = torch.stack(
        [real_mask((lengths - n).clamp_min(0), n_frames) for n in range(n_futures)],
        dim=2,
    )
    return stacked, there


def frame_errors(prediction: Prediction, target: Tensor) -> Tensor:
    """(B, T, 150) error of the next frame, for the noise augmentation."""
    return (prediction.frames[:, :, 0] - target).detach()


def _rewards(predicted: Tensor, target: Tensor) -> Tensor:
    """r = -(1/N) sum_i (y_i - yhat_i)^2 of each frame (ibid.)."""
    return -((target - predicted) ** 2).mean(-1)


def _velocity_errors(lesson: Lesson) -> Tensor:
    """(B,) mean squared error of the movement from frame to frame."""
    wrong = (lesson.prediction.frames[:, :, 0] - lesson.target).diff(dim=1) ** 2
    within = real_mask(lesson.lengths, lesson.target.shape[1])[:, 1:]
    return (wrong.mean(-1) * within).sum(1) / (lesson.lengths - 1).clamp_min(1)


def _mean(clips: Tensor, weights: Tensor) -> Tensor:
    return (clips * weights).sum() / weights.sum().clamp_min(1e-9)
