"""Prompt2LangGloss: a prompt to language-marked gloss to motion, one encoder-decoder each, shared by all languages.

SignLLM (Fang et al. 2024), figures of the project page and table 10 of its 2023 supplement: nobody names the
language, the prompt tells it, and the marker on each gloss carries it to the second stage. How the two stages are
trained together the paper does not say: here they share no weight, and the second learns from the true gloss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from . import langgloss
from .batch import Batch, pad_tokens
from .model import GLOSS_PART, Answer, Outcome, Request, timing_of
from .options import ModelOptions
from .sizes import width_of
from .text2pose import Noise, Text2Pose
from .token_decoder import TokenDecoder, teacher_inputs
from .transformer import TextEncoder
from .vocabulary import EOS, Vocabulary

#: No gloss is longer than this many tokens.
MAX_GLOSSES = 100


class PromptToGloss(nn.Module):
    """Prompt tokens to gloss tokens."""

    def __init__(self, n_prompt_tokens: int, n_gloss_tokens: int, options: ModelOptions) -> None:
        super().__init__()
        width = width_of(options)
        self.encoder = TextEncoder(n_prompt_tokens, width)
        self.decoder = TokenDecoder(n_gloss_tokens, width)

    def loss(self, prompt: Tensor, gloss: Tensor) -> Tensor:
        """Cross-entropy of (B, G) gloss tokens that end with the end token, given (B, U) prompt tokens."""
        real = prompt != 0
        return self.decoder.loss(self.decoder(teacher_inputs(gloss), self.encoder(prompt, real), real), gloss)

    def write(self, prompt: Tensor) -> list[list[int]]:
        """The likeliest gloss tokens of each prompt, one step at a time."""
        real = prompt != 0
        return self.decoder.greedy(self.encoder(prompt, real), real, MAX_GLOSSES)


class Prompt2LangGloss(nn.Module):
    """Both stages.

    Args:
        prompts: Vocabulary of the prompts.
        glosses: Vocabulary of the marked glosses.
        languages: Codes of the sign languages it is trained on.
        options: Size and kind of the stages.
    """

    def __init__(
        self, prompts: Vocabulary, glosses: Vocabulary, languages: Sequence[str], options: ModelOptions
    ) -> None:
        super().__init__()
        self.options, self._languages = options, tuple(languages)
        self.vocabularies = {"prompts": prompts, "glosses": glosses}
        self.prompt_to_gloss = PromptToGloss(len(prompts), len(glosses), options)
        self.gloss_to_pose = Text2Pose(len(glosses), options)

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the sign languages it is trained on."""
        return self._languages

    @property
    def parts(self) -> Mapping[str, nn.Module]:
        """The two stages."""
        return {GLOSS_PART: self.prompt_to_gloss, "gloss_to_pose": self.gloss_to_pose}

    def learn(self, batch: Batch, noise: Noise | None = None, gloss_only: bool = False) -> Outcome:
        """See `SignModel.learn`."""
        gloss = self.prompt_to_gloss.loss(batch.source, batch.gloss)
        lesson = None if gloss_only else self.gloss_to_pose.predict(batch.gloss, batch.motion, batch.lengths, noise)
        return Outcome(lesson, gloss, "gloss_to_pose")

    @torch.no_grad()
    def answer(self, requests: Sequence[Request], max_frames: int | None = None) -> list[Answer]:
        """See `SignModel.answer`."""
        device = self.gloss_to_pose.features.mean.device
        prompts = pad_tokens([self.vocabularies["prompts"].encode(request.text) for request in requests])
        written = self.prompt_to_gloss.write(prompts.to(device))
        glosses = pad_tokens([[*ids, EOS] for ids in written])
        motions = self.gloss_to_pose.generate(glosses.to(device), max_frames, timing_of(requests, device))
        return [self._answer(ids, motion) for ids, motion in zip(written, motions, strict=True)]

    def _answer(self, ids: list[int], motion: Tensor) -> Answer:
        """A model at the beginning of its training may write no gloss at all."""
        written = self.vocabularies["glosses"].decode(ids)
        read = langgloss.read(written) if written else None
        xyz = motion.float().cpu().numpy()
        return Answer(xyz, read.language, read.text) if read else Answer(xyz, "", "")
