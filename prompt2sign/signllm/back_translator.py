"""The back-translator: reads motion, writes text. `back_translation` says what for, and trains it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, model_validator
from torch import Tensor, nn

from ..errors import ClipRejected, UsageError
from ..options import Options
from ..skeleton import SKELETON
from . import back_file
from .motion_reader import MotionReader, Reading
from .token_decoder import TokenDecoder
from .transformer import Width
from .vocabulary import Vocabulary

Motion = NDArray[np.float32]
#: Clips and frames of a batch when translating; results do not depend on them.
_CLIPS, _FRAMES = 64, 20_000


class BackTranslationOptions(Options):
    """What the judge is and how it is trained; the defaults take about three minutes on one core."""

    d_model: int = Field(128, ge=8, le=2048, multiple_of=2)
    """Width."""
    n_heads: int = Field(4, ge=1, le=64)
    """Attention heads; divides the width."""
    encoder_layers: int = Field(1, ge=1, le=12)
    """Layers over the places of a clip."""
    decoder_layers: int = Field(1, ge=1, le=12)
    """Layers that write."""
    dropout: float = Field(0.1, ge=0, lt=1)
    """Share of values dropped in training."""
    stride: int = Field(2, ge=1, le=16)
    """Frames a step; a sign should last several steps."""
    longest_place: int = Field(8, ge=1)
    """Steps that one place of memory holds at most."""
    tokens: Literal["words", "subwords"] = "words"
    """What is written."""
    max_vocabulary: int = Field(32_000, ge=8)
    """At most so many entries."""
    max_tokens: int = Field(100, ge=2, le=4096)
    """Longer texts are cut in training; nothing longer is written."""
    ctc: float = Field(1.0, ge=0)
    """Weight of CTC beside the cross-entropy."""
    smoothing: float = Field(0.1, ge=0, lt=1)
    """Label smoothing."""
    history_dropout: float = Field(0.3, ge=0, lt=1)
    """Share of the words before that the decoder does not see, so that it looks at the motion."""
    noise: float = Field(0.1, ge=0)
    """Standard deviation of noise on the features, in theirs."""
    stretch: float = Field(0.25, ge=0, lt=1)
    """A clip is made faster or slower by up to this share."""
    learning_rate: float = Field(2e-3, gt=0)
    """Highest learning rate of AdamW; falls to 0 as a cosine."""
    warmup_steps: int = Field(100, ge=0)
    """Steps from 0 to the highest learning rate."""
    steps: int = Field(2_000, ge=1)
    """Steps at most."""
    batch_clips: int = Field(16, ge=1)
    """Clips a step."""
    validate_every: int = Field(200, ge=1)
    """Steps between two looks at the dev clips."""
    patience: int = Field(6, ge=1)
    """Looks without gain before training ends."""
    n_beams: int = Field(4, ge=1, le=64)
    """Answers weighed when translating; 1 takes the likeliest word each time."""
    length_penalty: float = Field(0.6, ge=0)
    """0 favours short answers, 1 judges by the mean."""

    @model_validator(mode="after")
    def _heads_fit(self) -> BackTranslationOptions:
        if self.d_model % self.n_heads:
            raise ValueError(f"n_heads {self.n_heads} does not divide d_model {self.d_model}")
        return self


class BackTranslator(nn.Module):
    """Reads motion, writes text.

    Args:
        options: Its size, and how it translates.
        languages: Codes of the languages it writes.
        text: Vocabulary of what it writes, all languages together.
        gloss: Vocabulary of what CTC hears.
        trained_on: `fingerprint_clips` of its training clips.
        fps: Frames per second of the motion it reads; None where its trainer was not told.
    """

    def __init__(
        self,
        options: BackTranslationOptions,
        languages: Sequence[str],
        text: Vocabulary,
        gloss: Vocabulary,
        trained_on: str,
        fps: float | None = None,
    ) -> None:
        super().__init__()
        self.options, self.languages, self.trained_on, self.fps = options, tuple(languages), trained_on, fps
        self.text_vocabulary, self.gloss_vocabulary = text, gloss
        self.reader = MotionReader(
            len(gloss), self._width(options.encoder_layers), options.stride, options.longest_place
        )
        self.writer = TokenDecoder(len(text), self._width(options.decoder_layers), n_starts=len(self.languages))

    def translate(self, motions: Sequence[Motion], languages: Sequence[str]) -> list[str]:
        """The text of each motion.

        Args:
            motions: (T, 50, 3) each, in shoulder widths, at the frame rate of the training clips.
            languages: The language to write, a code for each motion.

        Raises:
            ClipRejected: A motion is empty, of another shape or not finite.
            UsageError: A language that the judge was not trained on, or not one for each motion.
        """
        if len(motions) != len(languages):
            raise UsageError(f"{len(motions)} motions but {len(languages)} languages: give one for each")
        starts = torch.tensor([self.start_of(language) for language in languages])
        options, texts = self.options, [""] * len(motions)
        for rows, reading in self.read(motions):
            written = self.writer.beam(
                reading.memory, reading.real, options.n_beams, options.max_tokens, options.length_penalty,
                starts[rows].to(reading.memory.device),
            )  # fmt: skip
            for row, tokens in zip(rows, written, strict=True):
                texts[row] = self.text_vocabulary.decode(tokens)
        return texts

    def glosses(self, motions: Sequence[Motion]) -> list[str]:
        """The glosses CTC hears in each motion, in order, with spaces between.

        Raises:
            ClipRejected: A motion is empty, of another shape or not finite.
        """
        heard = [""] * len(motions)
        for rows, reading in self.read(motions):
            for row, path in zip(rows, reading.best_path(), strict=True):
                heard[row] = self.gloss_vocabulary.decode(path)
        return heard

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all that decides what it writes, weights included."""
        return back_file.fingerprint(self)

    def save(self, folder: Path) -> None:
        """Write the judge into a new folder, which is whole or not there.

        Raises:
            UsageError: The folder is there and not empty: no judge silently takes another's place.
            OSError: The disk is full and the like; nothing is left behind.
            MissingError: The package safetensors is not installed.
        """
        back_file.save(self, folder)

    @staticmethod
    def load(folder: Path) -> BackTranslator:
        """Read what `save` wrote.

        Raises:
            UsageError: There is none.
            FormatError: It is cut off, changed, something else, or of another version.
            MissingError: The package safetensors is not installed.
        """
        return back_file.load(folder)

    def start_of(self, language: str) -> int:
        """The token that writing in this language starts from.

        Raises:
            UsageError: The judge was not trained on it.
        """
        if language not in self.languages:
            raise UsageError(
                f"this back-translator was not trained on {language}, only on {', '.join(self.languages)}: "
                "train one on releases of all languages to be judged"
            )
        return len(self.text_vocabulary) + self.languages.index(language)

    @torch.no_grad()
    def read(self, motions: Sequence[Motion]) -> Iterator[tuple[list[int], Reading]]:
        """Read motions in batches of like length; gives which motions they are, and what was read.

        Raises:
            ClipRejected: A motion is empty, of another shape or not finite.
        """
        for i, motion in enumerate(motions):
            check_motion(motion, f"motion {i}")
        was_training = self.training
        self.eval()
        try:
            for rows in _by_length([len(motion) for motion in motions]):
                features, lengths = self.features([motions[row] for row in rows])
                yield rows, self.reader(features, lengths)
        finally:
            self.train(was_training)

    def features(self, motions: Sequence[Motion]) -> tuple[Tensor, Tensor]:
        """(B, T, 150) features, padded, and (B,) int64 frames of some motions."""
        device = self.writer.bias.device
        lengths = torch.tensor([len(motion) for motion in motions], device=device)
        # A copy: torch warns of arrays that are not writable, as those of a cache are not.
        tensors = [torch.from_numpy(np.array(motion, np.float32)) for motion in motions]
        padded = nn.utils.rnn.pad_sequence(tensors, batch_first=True)
        return self.reader.features.encode(padded.to(device)), lengths

    def _width(self, n_layers: int) -> Width:
        return Width(self.options.d_model, self.options.n_heads, n_layers, self.options.dropout)


def check_motion(motion: Motion, name: str) -> None:
    """Refuse what cannot be read; `name` is what messages call it.

    Raises:
        ClipRejected: It is empty, of another shape or not finite.
    """
    if motion.ndim != 3 or motion.shape[1:] != (SKELETON.count, 3):
        raise ClipRejected("wrong-shape", f"{name}: expected (frames, {SKELETON.count}, 3), found {motion.shape}")
    if not len(motion):
        raise ClipRejected("no-frames", f"{name}: has no frame, so there is nothing to read")
    if not np.isfinite(motion).all():
        raise ClipRejected("not-finite", f"{name}: holds NaN or infinity; a model that gives this has diverged")


def _by_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Rows in batches of like length, each within `_CLIPS` and, padding counted, `_FRAMES`."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: lengths[row]):
        if batch and (len(batch) == _CLIPS or (len(batch) + 1) * lengths[row] > _FRAMES):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
