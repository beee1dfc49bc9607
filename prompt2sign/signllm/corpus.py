"""Clips of a cache as batches of a model: which text each mode reads, and what its vocabularies learn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from ..loaders.cache import MotionCache
from ..loaders.torch import MotionItem, collate
from . import langgloss
from .batch import Batch, pad_tokens
from .mlsf import MLSF
from .model import Request, SignModel
from .options import TextOptions, TrainOptions
from .prompt2langgloss import Prompt2LangGloss
from .vocabulary import Vocabulary


class Spoken(Protocol):
    """What is read of a clip beside its motion."""

    @property
    def lang(self) -> str:
        """Code of the sign language."""

    @property
    def text(self) -> str:
        """The sentence."""

    @property
    def gloss(self) -> str:
        """Its gloss, empty where there is none."""

    @property
    def prompts(self) -> Sequence[str]:
        """Ways of asking for it."""


def build_model(cache: MotionCache, rows: NDArray[np.int64], options: TrainOptions) -> SignModel:
    """A new model for these clips: vocabularies from their text, weights from the seed of the run, poses measured."""
    torch.manual_seed(options.run.seed)
    langs = np.array(cache.column("lang"))[rows]
    by_language = {str(lang): rows[langs == lang] for lang in dict.fromkeys(langs)}
    if options.model.mode == "prompt2langgloss":
        model = Prompt2LangGloss(
            learn_vocabulary((prompt for row in rows for prompt in prompts_of(clip_of(cache, row))), options.text),
            Vocabulary.train([marked_gloss(clip_of(cache, row)) for row in rows], "marks"),
            list(by_language),
            options.model,
        )
        model.gloss_to_pose.features.measure(cache.motion(row) for row in rows)
        return model
    groups = MLSF({}, options.model)
    for language, own in by_language.items():
        add_group(groups, language, cache, own, options.text)
    return groups


def add_group(model: MLSF, language: str, cache: MotionCache, rows: NDArray[np.int64], options: TextOptions) -> None:
    """Append a group for `language` with a vocabulary and a scale of poses from its own clips."""
    vocabulary = learn_vocabulary((source_of(clip_of(cache, row), options) for row in rows), options)
    model.add(language, vocabulary).features.measure(cache.motion(row) for row in rows)


def learn_vocabulary(texts: Iterator[str], options: TextOptions) -> Vocabulary:
    """What the encoder will read."""
    return Vocabulary.train(texts, options.tokens, size=options.max_vocabulary, min_count=options.min_count)


def source_of(clip: Spoken, options: TextOptions) -> str:
    """What an MLSF group reads of a clip."""
    return (clip.gloss.strip() or clip.text) if options.source == "gloss" else clip.text


def prompts_of(clip: Spoken) -> Sequence[str]:
    """The ways of asking for a clip; its text where the release holds none."""
    return [prompt for prompt in clip.prompts if prompt.strip()] or (clip.text,)


def marked_gloss(clip: Spoken) -> str:
    """The language-marked gloss of a clip; the words of its text serve where there is no gloss."""
    return langgloss.mark(clip.gloss.strip() or clip.text, clip.lang)


def request_of(clip: Spoken, options: TrainOptions) -> Request:
    """What a user would ask to get this clip: always the first prompt, so that every validation asks the same."""
    if options.model.mode == "prompt2langgloss":
        return Request(prompts_of(clip)[0])
    return Request(source_of(clip, options.text), clip.lang)


@dataclass(frozen=True)
class Collate:
    """Items of the loader to a `Batch`; may travel to worker processes.

    Attributes:
        vocabularies: Those of the model.
        options: Of the run.
        epoch: Decides, with the seed, which prompt of a clip is read.
    """

    vocabularies: Mapping[str, Vocabulary]
    options: TrainOptions
    epoch: int

    def __call__(self, items: Sequence[MotionItem]) -> Batch:
        """Pad and tokenise."""
        read = self._prompt if self.options.model.mode == "prompt2langgloss" else self._text
        pairs = [read(item) for item in items]
        motion = collate(items)
        return Batch(
            positions=motion.positions,
            rows=motion.rows,
            prioritised=motion.prioritised,
            languages=tuple(motion.langs),
            source=pad_tokens([source for source, _ in pairs]),
            gloss=pad_tokens([gloss for _, gloss in pairs]),
            motion=motion.motion,
            lengths=motion.lengths,
        )

    def _text(self, item: MotionItem) -> tuple[list[int], list[int]]:
        text = source_of(item, self.options.text)
        return self.vocabularies[item.lang].encode(text, self.options.text.max_tokens), []

    def _prompt(self, item: MotionItem) -> tuple[list[int], list[int]]:
        prompts = prompts_of(item)
        chosen = prompts[np.random.default_rng((self.options.run.seed, self.epoch, item.row)).integers(len(prompts))]
        gloss = self.vocabularies["glosses"].encode(marked_gloss(item), self.options.text.max_tokens)
        return self.vocabularies["prompts"].encode(chosen, self.options.text.max_tokens), gloss


def too_long(cache: MotionCache, rows: NDArray[np.int64], model: SignModel, options: TrainOptions) -> int:
    """How many clips have a text that is cut."""
    limit = options.text.max_tokens
    clips = (clip_of(cache, row) for row in rows)
    if options.model.mode == "prompt2langgloss":
        prompts, glosses = model.vocabularies["prompts"], model.vocabularies["glosses"]
        return sum(
            glosses.too_long(marked_gloss(clip), limit) or any(prompts.too_long(p, limit) for p in prompts_of(clip))
            for clip in clips
        )
    return sum(model.vocabularies[clip.lang].too_long(source_of(clip, options.text), limit) for clip in clips)


@dataclass(frozen=True)
class _Row:
    lang: str
    text: str
    gloss: str
    prompts: Sequence[str]


def clip_of(cache: MotionCache, row: int) -> Spoken:
    """What is read of one row of a cache."""
    return _Row(*(cache.column(name)[row] for name in ("lang", "text", "gloss", "prompts")))
