"""The parallel decoder: how long each token lasts, then all frames at once.

Ours; SignLLM's decoder is the progressive one. Each token is given a duration, tokens are laid side by side on the
time axis, and each frame takes the tokens near it by Gaussian weights. Durations need no alignment: the weights are
differentiable, and only the whole length is known. Gaussian upsampling after Donahue et al. 2021 ("End-to-End
Adversarial Text-to-Speech", section 2.2) and Shen et al. 2020 ("Non-Attentive Tacotron", section 3.1). Nothing is
fed back, so no error builds up, and the rest pose and the noise of the progressive decoder have no meaning here.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .features import N_FEATURES
from .pose_decoder import Prediction, Timing
from .transformer import Decoder, Width, real_mask, wave

#: Frames that a token lasts before anything is learned, and at least where it is real.
_USUAL_FRAMES, _LEAST_FRAMES = 5.0, 1e-3
#: Width of a token's weights: this share of its duration, and never less than so many frames.
_SPREAD, _LEAST_SPREAD = 0.3, 0.5


class ParallelDecoder(nn.Module):
    """All frames at once."""

    def __init__(self, width: Width) -> None:
        super().__init__()
        last = nn.Linear(width.d_model, 1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.duration = nn.Sequential(nn.Linear(width.d_model, width.d_model), nn.ReLU(), last)
        self.place = nn.Linear(4, width.d_model)
        self.decoder = Decoder(width)
        self.leave = nn.Linear(width.d_model, N_FEATURES)

    def predict(
        self, memory: Tensor, real: Tensor, target: Tensor, lengths: Tensor, rest: Tensor, noise: Tensor | None
    ) -> Prediction:
        """See `PoseDecoder.predict`; `timing` is the absolute error of the logarithm of the length."""
        durations = self.durations(memory, real)
        said = durations.sum(1)
        frames = self._frames(memory, real, durations * (lengths / said)[:, None], lengths, target.shape[1])
        return Prediction(frames[:, :, None], (said.log() - lengths.log()).abs())

    @torch.no_grad()
    def generate(
        self, memory: Tensor, real: Tensor, rest: Tensor, max_frames: int, timing: Timing | None = None
    ) -> list[Tensor]:
        """See `PoseDecoder.generate`; of `timing` it takes the length alone."""
        durations = self.durations(memory, real)
        said = durations.sum(1)
        lengths = said.round().long().clamp(1, max_frames) if timing is None else timing.lengths
        frames = self._frames(memory, real, durations * (lengths / said)[:, None], lengths, int(lengths.max()))
        return [frames[i, : int(length)] for i, length in enumerate(lengths)]

    def durations(self, memory: Tensor, real: Tensor) -> Tensor:
        """(B, U) frames each token lasts, 0 where there is none."""
        said = _USUAL_FRAMES * functional.softplus(self.duration(memory)[..., 0] + 0.54)
        return (said + _LEAST_FRAMES) * real

    def _frames(self, memory: Tensor, real: Tensor, durations: Tensor, lengths: Tensor, n_frames: int) -> Tensor:
        """(B, T, 150)."""
        within = real_mask(lengths, n_frames)
        weights, offsets = self._weights(durations, within.shape[1])
        time = torch.arange(within.shape[1], device=memory.device) + 0.5
        offset = (weights * offsets).sum(2)
        lasts = weights @ durations[..., None]
        share = (time / lengths[:, None])[..., None]
        places = torch.cat([offset[..., None] / 10, offset[..., None] / lasts.clamp_min(1), lasts / 10, share], dim=-1)
        d = memory.shape[2]
        x = weights @ memory + self.place(places) + wave(offset, d) + wave(time, d)
        hidden = self.decoder(x, self.decoder.memory(memory), real, real=within)
        return self.leave(hidden)

    @staticmethod
    def _weights(durations: Tensor, n_frames: int) -> tuple[Tensor, Tensor]:
        """Weights (B, T, U) of the tokens at each frame, and how far the frame is from their middles, in frames."""
        middles = durations.cumsum(1) - durations / 2
        time = torch.arange(n_frames, device=durations.device) + 0.5
        offsets = time[None, :, None] - middles[:, None]
        spread = (_SPREAD * durations + _LEAST_SPREAD)[:, None]
        # A token weighs by its duration too, so that one that lasts no time shows nowhere.
        logits = durations.clamp_min(1e-9).log()[:, None] - spread.log() - (offsets / spread) ** 2 / 2
        return logits.softmax(2), offsets
