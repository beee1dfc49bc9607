"""How far off the model was in the last epoch: what the Gaussian noise augmentation is made of."""

from __future__ import annotations

import torch
from torch import Tensor

from .features import N_FEATURES
from .losses import frame_errors
from .text2pose import Lesson
from .transformer import real_mask


class ErrorMeter:
    """Sums of squared errors by feature, for one part of a model over one epoch.

    Attributes:
        sums: (151,) float64: a sum of squares for each feature, then the number of frames.
    """

    def __init__(self) -> None:
        self.sums = torch.zeros(N_FEATURES + 1, dtype=torch.float64)

    def add(self, lesson: Lesson) -> None:
        """Count the frames of a batch."""
        errors = frame_errors(lesson.prediction, lesson.target).double()
        within = real_mask(lesson.lengths, errors.shape[1])[..., None]
        self.sums[:-1] += ((errors * within) ** 2).sum((0, 1)).cpu()
        self.sums[-1] += int(lesson.lengths.sum())

    def deviation(self) -> Tensor:
        """(150,) root mean square of the error of each feature."""
        return (self.sums[:-1] / self.sums[-1].clamp_min(1)).sqrt().float()
