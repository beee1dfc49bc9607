"""Motion in, one place of memory a sign out: the encoder of back-translation.

Sign Language Transformers (Camgoz et al. 2020) attend to every frame. From a few hundred sentences a decoder does not
learn where in a hundred frames to look, and writes what its language model likes. Their second way, gloss first and
text from gloss, is learned quickly but throws everything else away. This reader stands between the two: connectionist
temporal classification (CTC, Graves et al. 2006) says where a sign begins, and each sign becomes one place that holds
the frames' mean *and* the gloss. The layers below CTC are convolutions that see a dozen frames: what a sign is does
not depend on a sentence's other signs, so pairs of signs that were never seen together are read as any other.

Shapes: B clips, T frames, N steps after the stride, S places, D width, G glosses.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .features import N_FEATURES, Features
from .transformer import Encoder, Width, positions, real_mask

BLANK = 0
_KERNEL = 5
#: So much a step counts in its place although CTC is sure that nothing is signed there: a place is never empty.
_LEAST_WEIGHT = 1e-3


@dataclass(frozen=True)
class Reading:
    """What was read.

    Attributes:
        memory: (B, S, D) for a decoder to attend to.
        real: (B, S) bool, False after a clip's last place.
        glosses: (B, N, G) logits; gloss 0 is CTC's blank.
        lengths: (B,) int64 steps of each clip.
    """

    memory: Tensor
    real: Tensor
    glosses: Tensor
    lengths: Tensor

    def ctc_loss(self, targets: list[list[int]]) -> Tensor:
        """Mean negative log-probability of the glosses, a clip's divided by their number.

        Args:
            targets: Glosses of each clip, without EOS. A clip too short for its glosses counts nothing.
        """
        device = self.glosses.device
        return functional.ctc_loss(
            self.glosses.float().log_softmax(-1).transpose(0, 1),
            torch.tensor([gloss for row in targets for gloss in row], dtype=torch.int64, device=device),
            self.lengths,
            torch.tensor([len(row) for row in targets], device=device),
            blank=BLANK,
            zero_infinity=True,
        )

    def best_path(self) -> list[list[int]]:
        """The likeliest gloss at each step, repeats merged, blanks left out (Graves et al. 2006, section 3.2)."""
        rows = zip(self.glosses.argmax(-1), self.lengths.tolist(), strict=True)
        merged = (torch.unique_consecutive(row[:length]).tolist() for row, length in rows)
        return [[gloss for gloss in row if gloss != BLANK] for row in merged]


class MotionReader(nn.Module):
    """Features and their differences, two convolutions, CTC, one place a sign, a transformer encoder.

    Args:
        n_glosses: G, the blank counted.
        width: Of the transformer encoder over places.
        stride: Frames a step.
        longest_place: Steps after which a place ends although no sign began. Where CTC has learned nothing, as when
            words do not follow the signing, places are just so long, and the decoder still has all of the motion.
    """

    def __init__(self, n_glosses: int, width: Width, stride: int, longest_place: int) -> None:
        super().__init__()
        d = width.d_model
        self.longest_place = longest_place
        self.features = Features()
        self.embed = nn.Linear(2 * N_FEATURES, d)
        self.first, self.second = _Convolution(d, stride, width.dropout), _Convolution(d, 1, width.dropout)
        self.ctc = nn.Linear(d, n_glosses)
        self.gloss = nn.Linear(n_glosses, d)
        self.encoder = Encoder(width)

    def forward(self, features: Tensor, lengths: Tensor) -> Reading:
        """Read.

        Args:
            features: (B, T, 150) from `self.features`; what comes after a clip's end does not matter.
            lengths: (B,) int64 frames, at least 1.
        """
        moved = functional.pad(features.diff(dim=1), (0, 0, 1, 0))
        x = functional.relu(self.embed(torch.cat([features, moved], dim=-1)))
        x = self.first(x, real_mask(lengths, x.shape[1]))
        lengths = (lengths - 1) // self.first.stride + 1
        real = real_mask(lengths, x.shape[1])
        x = x + self.second(x, real)
        glosses = self.ctc(x)
        # Without gradient: what a gloss is, CTC alone decides.
        chances = glosses.detach().softmax(-1)
        place, n_places = self._places(glosses, lengths)
        weight = (1 - chances[..., BLANK] + _LEAST_WEIGHT) * real
        x = _means(x + self.gloss(chances), place, weight, int(n_places.max()))
        x = x + positions(x.shape[1], x.shape[2], x.device)
        real_places = real_mask(n_places, x.shape[1])
        return Reading(self.encoder(x, real_places), real_places, glosses, lengths)

    def _places(self, glosses: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N) the place each step belongs to, and (B,) how many there are."""
        heard = glosses.argmax(-1)
        begins = (heard != BLANK) & (heard != functional.pad(heard[:, :-1], (1, 0), value=BLANK))
        step = torch.arange(heard.shape[1], device=heard.device)
        last_begin = torch.where(begins, step, 0).cummax(dim=1).values
        begins |= (step - last_begin) % self.longest_place == 0
        place = begins.cumsum(dim=1) - 1
        return place, place.gather(1, lengths[:, None] - 1)[:, 0] + 1


class _Convolution(nn.Module):
    """A convolution over time with norm, ReLU and dropout; what comes after a clip's end counts as zero."""

    def __init__(self, d_model: int, stride: int, dropout: float) -> None:
        super().__init__()
        self.stride = stride
        self.convolution = nn.Conv1d(d_model, d_model, _KERNEL, stride, _KERNEL // 2)
        self.norm, self.drop = nn.LayerNorm(d_model), nn.Dropout(dropout)

    def forward(self, x: Tensor, real: Tensor) -> Tensor:
        """(B, T, D), True where real, to (B, ceil(T / stride), D)."""
        x = self.convolution((x * real[..., None]).transpose(1, 2)).transpose(1, 2)
        return self.drop(functional.relu(self.norm(x)))


def _means(x: Tensor, place: Tensor, weight: Tensor, n_places: int) -> Tensor:
    """Weighted means (B, S, D) of the steps (B, N, D) of each place."""
    belongs = place[:, None] == torch.arange(n_places, device=x.device)[:, None]
    shares = belongs * weight[:, None]
    return (shares / shares.sum(-1, keepdim=True).clamp_min(_LEAST_WEIGHT)) @ x
