"""One encoder-decoder: tokens in, motion out. A group of MLSF is one of these; so is gloss to pose."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .features import N_FEATURES, Features
from .options import ModelOptions
from .parallel import ParallelDecoder
from .pose_decoder import PoseDecoder, Prediction, Timing
from .progressive import ProgressiveDecoder
from .sizes import width_of
from .transformer import TextEncoder, real_mask

#: How much longer than the longest motion of its training a model may sign.
LONGER = 1.5


@dataclass(frozen=True)
class Noise:
    """Gaussian noise augmentation (Saunders et al. 2020, section 3.3).

    Attributes:
        rate: Times the deviation of the model's error in the epoch before.
        generator: Where it is drawn from.
    """

    rate: float
    generator: torch.Generator


@dataclass(frozen=True)
class Lesson:
    """A prediction beside what should have come.

    Attributes:
        prediction: What the decoder said.
        target: (B, T, 150) features of the true motion, 0 after its end.
        lengths: (B,) frames.
        features: The map back to joints.
    """

    prediction: Prediction
    target: Tensor
    lengths: Tensor
    features: Features


class Text2Pose(nn.Module):
    """Tokens to motion.

    Attributes:
        features: What the networks see of a pose.
        deviation: (150,) deviation of the error in the epoch before; 0 until an epoch has passed.
    """

    deviation: Tensor

    def __init__(self, n_tokens: int, options: ModelOptions) -> None:
        super().__init__()
        width = width_of(options)
        self.encoder = TextEncoder(n_tokens, width)
        self.decoder: PoseDecoder = (
            ParallelDecoder(width)
            if options.decoder == "parallel"
            else ProgressiveDecoder(width, options.future_frames, options.just_counter)
        )
        self.features = Features()
        self.register_buffer("deviation", torch.zeros(N_FEATURES))

    def predict(self, source: Tensor, motion: Tensor, lengths: Tensor, noise: Noise | None = None) -> Lesson:
        """Learn: (B, U) tokens, (B, T, 50, 3) shoulder widths, (B,) frames."""
        real = source != 0
        within = real_mask(lengths, motion.shape[1])
        target = self.features.encode(motion) * within[..., None]
        prediction = self.decoder.predict(
            self.encoder(source, real), real, target, lengths, self.features.rest, self._draw(noise, target)
        )
        return Lesson(prediction, target, lengths, self.features)

    @torch.no_grad()
    def generate(self, source: Tensor, max_frames: int | None = None, timing: Timing | None = None) -> list[Tensor]:
        """(B, U) tokens to motions (T, 50, 3) in shoulder widths; `timing.first` is (B, 50, 3) here.

        A motion that does not end is cut at `max_frames`, or at half as long again as the longest it has learned from.
        """
        real = source != 0
        max_frames = max_frames or int(LONGER * self.features.longest) + 1
        if timing is not None:
            timing = Timing(self.features.encode(timing.first), timing.lengths)
        memory = self.encoder(source, real)
        motions = self.decoder.generate(memory, real, self.features.rest, max_frames, timing)
        return [self.features.decode(motion) for motion in motions]

    def _draw(self, noise: Noise | None, target: Tensor) -> Tensor | None:
        if noise is None or not noise.rate:
            return None
        drawn = torch.randn(target.shape, generator=noise.generator, device=target.device, dtype=target.dtype)
        return drawn * self.deviation * noise.rate
