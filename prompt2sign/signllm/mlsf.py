"""Multi-Language Switching Framework: an encoder-decoder group for each language, side by side in one model.

SignLLM (Fang et al. 2024), figure "MLSF" of the project page: groups share nothing, the user picks one, and a new
language is a new group. Each group here has its own vocabulary and its own scale of poses as well, so that adding a
language cannot move what the others say by one bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import nn

from ..errors import UsageError
from .batch import Batch, pad_tokens
from .model import Answer, Outcome, Request, timing_of
from .options import ModelOptions
from .text2pose import Noise, Text2Pose
from .vocabulary import Vocabulary


class MLSF(nn.Module):
    """A group for each language.

    Args:
        vocabularies: What each language's group reads, by code of the sign language.
        options: Size and kind of a group.
    """

    def __init__(self, vocabularies: Mapping[str, Vocabulary], options: ModelOptions) -> None:
        super().__init__()
        self.options = options
        self.vocabularies: dict[str, Vocabulary] = {}
        self.groups = nn.ModuleDict()
        for language, vocabulary in vocabularies.items():
            self.add(language, vocabulary)

    def add(self, language: str, vocabulary: Vocabulary) -> Text2Pose:
        """Append a group for one more language."""
        if language in self.groups:
            raise UsageError(f"the model has a group for {language} already")
        group = Text2Pose(len(vocabulary), self.options)
        self.groups[language] = group
        self.vocabularies[language] = vocabulary
        return group

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the sign languages it has a group for."""
        return tuple(self.groups)

    @property
    def parts(self) -> Mapping[str, nn.Module]:
        """The groups."""
        return {f"groups.{language}": group for language, group in self.groups.items()}

    def learn(self, batch: Batch, noise: Noise | None = None, gloss_only: bool = False) -> Outcome:
        """See `SignModel.learn`; all clips of a batch are of one language."""
        language = batch.languages[0]
        lesson = self.group(language).predict(batch.source, batch.motion, batch.lengths, noise)
        return Outcome(lesson, None, f"groups.{language}")

    @torch.no_grad()
    def answer(self, requests: Sequence[Request], max_frames: int | None = None) -> list[Answer]:
        """See `SignModel.answer`; all requests are for one language."""
        language = requests[0].language
        group, vocabulary = self.group(language), self.vocabularies[language]
        device = group.features.mean.device
        source = pad_tokens([vocabulary.encode(request.text) for request in requests]).to(device)
        motions = group.generate(source, max_frames, timing_of(requests, device))
        return [Answer(motion.float().cpu().numpy(), language, "") for motion in motions]

    def group(self, language: str) -> Text2Pose:
        """The group of one language.

        Raises:
            UsageError: There is none.
        """
        if language not in self.groups:
            raise UsageError(
                f"the model has no group for {language or 'no language'}; it has {', '.join(self.groups)}; "
                "`prompt2sign add-language` appends one"
            )
        return cast(Text2Pose, self.groups[language])
