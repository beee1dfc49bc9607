"""What a trainer, a generator and an evaluator ask of a model, whichever mode it is in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .batch import Batch
from .options import ModelOptions
from .pose_decoder import Timing
from .text2pose import Lesson, Noise
from .vocabulary import Vocabulary

#: The part of Prompt2LangGloss that writes tokens; all other parts make motion.
GLOSS_PART = "prompt_to_gloss"


@dataclass(frozen=True)
class Request:
    """What somebody wants signed.

    Attributes:
        text: A sentence (MLSF) or a prompt (Prompt2LangGloss).
        language: Code of the sign language; Prompt2LangGloss finds it in the prompt and does not look here.
        first: (50, 3) true first frame and
        n_frames: true length, both for the published, leaky decoding alone.
    """

    text: str
    language: str = ""
    first: NDArray[np.float32] | None = None
    n_frames: int | None = None


@dataclass(frozen=True)
class Answer:
    """What the model made of it.

    Attributes:
        motion: (T, 50, 3) float32 shoulder widths.
        language: The sign language the model signed in; empty where its gloss named none.
        gloss: The gloss it wrote, without markers; empty where the mode has none.
    """

    motion: NDArray[np.float32]
    language: str
    gloss: str


@dataclass(frozen=True)
class Outcome:
    """What a batch taught.

    Attributes:
        lesson: Motion beside the truth; None while only gloss is learned.
        gloss: Cross-entropy of the gloss; None where the mode has none.
        part: Which part of the model `lesson` trains.
    """

    lesson: Lesson | None
    gloss: Tensor | None
    part: str


class SignModel(Protocol):
    """MLSF or Prompt2LangGloss."""

    options: ModelOptions
    vocabularies: dict[str, Vocabulary]

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the sign languages it knows."""
        ...

    @property
    def parts(self) -> Mapping[str, nn.Module]:
        """The parts that share no weight: each has its own gradient norm, and may be loaded alone."""
        ...

    def learn(self, batch: Batch, noise: Noise | None = None, gloss_only: bool = False) -> Outcome:
        """What there is to learn from a batch."""
        ...

    def answer(self, requests: Sequence[Request], max_frames: int | None = None) -> list[Answer]:
        """Sign. All requests in one batch; `max_frames` as for `Text2Pose.generate`."""
        ...


def timing_of(requests: Sequence[Request], device: torch.device) -> Timing | None:
    """What the requests give away of their references; None unless all of them do."""
    known = [(request.first, request.n_frames) for request in requests if request.first is not None]
    if len(known) < len(requests) or not known:
        return None
    first = torch.from_numpy(np.stack([frame for frame, _ in known])).to(device)
    return Timing(first, torch.tensor([n or 1 for _, n in known], device=device))


def count_parameters(module: nn.Module) -> int:
    """Weights that are learned."""
    return sum(weight.numel() for weight in module.parameters())
