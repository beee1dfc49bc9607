"""The progressive decoder: continuous, autoregressive, with a counter that says how far the motion is.

Saunders, Camgoz & Bowden 2020, "Progressive Transformers for End-to-End Sign Language Production", section 3.2: a
frame and its counter in, the next frame and its counter out. What differs is honesty: published decoding is given the
true first frame, the true counter of every frame and the true length. Here decoding starts from a rest pose, sees
its own counter, and ends where that says so; the published way is `timing`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .features import N_FEATURES
from .pose_decoder import Prediction, Timing, shift
from .transformer import Decoder, Width, positions


class ProgressiveDecoder(nn.Module):
    """Frame by frame.

    Args:
        width: Size of the stack.
        future_frames: Frames predicted at each step (ibid., section 3.3, "future prediction").
        just_counter: Show it the counter alone (ibid., "just counter").
    """

    def __init__(self, width: Width, future_frames: int = 1, just_counter: bool = False) -> None:
        super().__init__()
        self.future_frames, self.just_counter = future_frames, just_counter
        self.enter = nn.Linear(1 if just_counter else N_FEATURES + 1, width.d_model)
        self.drop = nn.Dropout(width.dropout)
        self.decoder = Decoder(width)
        self.leave = nn.Linear(width.d_model, N_FEATURES * future_frames + 1)

    def predict(
        self, memory: Tensor, real: Tensor, target: Tensor, lengths: Tensor, rest: Tensor, noise: Tensor | None
    ) -> Prediction:
        """See `PoseDecoder.predict`; `timing` is the squared error of the counter."""
        seen = shift(target, rest)
        if noise is not None:
            seen = seen + noise
        steps = torch.arange(target.shape[1], device=target.device)
        counters = steps / lengths[:, None]
        x = self._enter(seen, counters)
        hidden = self.decoder(x, self.decoder.memory(memory), real)
        frames, said = self._leave(hidden)
        wrong = (said - counters - 1 / lengths[:, None]) ** 2
        within = steps < lengths[:, None]
        return Prediction(frames, (wrong * within).sum(1) / lengths)

    @torch.no_grad()
    def generate(
        self, memory: Tensor, real: Tensor, rest: Tensor, max_frames: int, timing: Timing | None = None
    ) -> list[Tensor]:
        """See `PoseDecoder.generate`. With `timing` the first frame of the result is the true one."""
        n = len(memory)
        frame, counter = rest.expand(n, -1), torch.zeros(n, device=memory.device)
        lengths = torch.full((n,), max_frames, device=memory.device) if timing is None else timing.lengths
        motion: list[Tensor] = []
        cached, caches = self.decoder.memory(memory), self.decoder.caches()
        while len(motion) < int(lengths.max()):
            x = self._enter(frame[:, None], counter[:, None], start=len(motion))
            frames, said = self._leave(self.decoder(x, cached, real, caches=caches))
            frame = frames[:, 0, 0] if motion or timing is None else timing.first
            motion.append(frame)
            if timing is None:
                counter = torch.maximum(counter, said[:, 0].clamp(0, 1))
                ended = (counter >= 1 - 0.5 / len(motion)) & (lengths == max_frames)
                lengths = torch.where(ended, len(motion), lengths)
            else:
                counter = len(motion) / lengths
        whole = torch.stack(motion, dim=1)
        return [whole[i, : int(length)] for i, length in enumerate(lengths)]

    def _enter(self, frames: Tensor, counters: Tensor, start: int = 0) -> Tensor:
        """Frames (B, T, 150) and counters (B, T) to (B, T, D)."""
        seen = counters[..., None] if self.just_counter else torch.cat([frames, counters[..., None]], dim=-1)
        x: Tensor = self.enter(seen)
        return self.drop(x + positions(x.shape[1], x.shape[2], x.device, start))

    def _leave(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, D) to frames (B, T, N, 150) and counters (B, T)."""
        out = self.leave(hidden)
        return out[..., :-1].unflatten(-1, (self.future_frames, N_FEATURES)), out[..., -1]
