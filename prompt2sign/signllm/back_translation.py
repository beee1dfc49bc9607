"""The judge of a model that signs: motion back to text, after Sign Language Transformers (Camgoz et al. 2020).

A generated motion is as good as what can be read off it, so a network that reads motion writes its text, and BLEU and
the like compare that with the sentence. The judge must be independent of what it judges. It is trained on recorded
motion only, never on the output of a model: one that has seen a model's output learns to read that model's own code,
however unlike signing it is. (Read off recorded PHOENIX14T motion, honest judges reach BLEU-4 of 10 to 15; some papers
report more than 20 for generated motion, which only another way of judging explains.) What the judge makes of
held-out recorded motion is the ceiling and belongs beside every score. Scores of two judges cannot be compared;
`BackTranslator.fingerprint` says which one it was.

The loss is that paper's joint one: cross-entropy of the text plus CTC over glosses, over the words where a clip has no
gloss. One network reads all languages; the token that writing starts from says which language to write.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import RunError, UsageError
from .back_translator import BackTranslationOptions, BackTranslator, Motion, check_motion
from .batch import pad_tokens
from .token_decoder import teacher_inputs
from .vocabulary import PAD, UNK, Vocabulary

__all__ = ["BackTranslationOptions", "BackTranslator", "Signed", "fingerprint_clips", "train_back_translator"]
#: Batches whose clips are sorted by length together, so that little is padded.
_BUCKET = 8


@dataclass(frozen=True)
class Signed:
    """A recorded clip.

    Attributes:
        motion: (T, 50, 3) float32 shoulder widths.
        text: What is said.
        gloss: Its signs, if known.
        lang: Prompt2Sign code of the sign language.
    """

    motion: Motion
    text: str
    gloss: str | None
    lang: str


def train_back_translator(
    train: Sequence[Signed],
    dev: Sequence[Signed],
    options: BackTranslationOptions,
    *,
    seed: int,
    fps: float | None = None,
    report: Callable[[str], None] | None = None,
    device: torch.device | str = "cpu",
) -> BackTranslator:
    """Train a judge on recorded clips, and keep the weights that wrote the dev clips with the fewest wrong tokens.

    The same clips, options and seed give the same judge on the same machine.

    Args:
        train: Recorded clips, never generated ones.
        dev: Others, to know when to stop; without any the last weights are kept.
        options: Size and training.
        seed: Weights, order and augmentation.
        fps: Frames per second of the clips, so that motion of another rate can be refused.
        report: Called with a line at each look at the dev clips.
        device: Where to train.

    Raises:
        UsageError: No clip, or one without text.
        ClipRejected: A motion is empty, of another shape or not finite.
        RunError: The loss is no longer a number.
    """
    _check_clips(train, dev)
    device = torch.device(device)
    # Weights and dropout draw from torch's global generator; fork_rng gives it back as it was.
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        judge = _new_judge(train, options, fps).to(device)
        _Training(judge, train, dev, seed, report or (lambda line: None)).run()
    return judge.eval()


def fingerprint_clips(clips: Sequence[Signed]) -> str:
    """SHA-256 of the clips' motion, text, gloss and language, in their order."""
    digest = hashlib.sha256()
    for clip in clips:
        digest.update(repr((clip.text, clip.gloss, clip.lang, len(clip.motion))).encode())
        digest.update(np.ascontiguousarray(clip.motion, "<f4").tobytes())
    return digest.hexdigest()


class _Training:
    """One run: what is learned from, the optimiser, and the best weights so far."""

    def __init__(
        self,
        judge: BackTranslator,
        train: Sequence[Signed],
        dev: Sequence[Signed],
        seed: int,
        report: Callable[[str], None],
    ) -> None:
        self.judge, self.train, self.dev, self.report = judge, train, dev, report
        self.options, self.draws = judge.options, torch.Generator().manual_seed(seed)
        self.optimiser = torch.optim.AdamW(judge.parameters(), lr=self.options.learning_rate)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, self._rate)
        self.texts = [judge.text_vocabulary.encode(clip.text, self.options.max_tokens) for clip in train]
        self.glosses = [judge.gloss_vocabulary.encode(_signs(clip))[:-1] for clip in train]
        self.starts = torch.tensor([judge.start_of(clip.lang) for clip in train])

    def run(self) -> None:
        """Train to the end; the judge then has the best weights."""
        best, best_error, n_worse = {}, math.inf, 0
        batches = self._batches()
        for step in range(1, self.options.steps + 1):
            loss = self._step(next(batches), step)
            if not self.dev or (step % self.options.validate_every and step != self.options.steps):
                continue
            error = self._dev_error()
            self.report(f"back-translator, step {step}: loss {loss:.3f}, {error:.1%} of the dev tokens wrong")
            n_worse = 0 if error < best_error else n_worse + 1
            if not n_worse:
                best_error = error
                best = {name: value.clone() for name, value in self.judge.state_dict().items()}
            if n_worse == self.options.patience:
                break
        if best:
            self.judge.load_state_dict(best)
        else:
            self.report("back-translator: no dev clips, the last weights are kept")

    def _step(self, rows: list[int], step: int) -> float:
        self.judge.train()
        features, lengths = self.judge.features([self.train[row].motion for row in rows])
        features, lengths = stretched(features, lengths, self.options.stretch, self.draws)
        features = features + self._noise(features)
        reading = self.judge.reader(features, lengths)
        targets = pad_tokens([self.texts[row] for row in rows]).to(features.device)
        seen = self._forgotten(teacher_inputs(targets, self.starts[rows].to(targets.device)))
        logits = self.judge.writer(seen, reading.memory, reading.real)
        loss = self.judge.writer.loss(logits, targets, self.options.smoothing)
        loss = loss + self.options.ctc * reading.ctc_loss([self.glosses[row] for row in rows])
        if not loss.isfinite():
            raise RunError(f"back-translator: the loss is no number at step {step}; lower learning_rate")
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.judge.parameters(), 1.0)
        self.optimiser.step()
        self.schedule.step()
        return float(loss.detach())

    def _forgotten(self, tokens: Tensor) -> Tensor:
        """Tokens the decoder reads, some of them unknown; never the start, which says the language."""
        drawn = torch.rand(tokens.shape, generator=self.draws) < self.options.history_dropout
        drawn[:, 0] = False
        return torch.where(drawn.to(tokens.device) & (tokens != PAD), UNK, tokens)

    def _noise(self, features: Tensor) -> Tensor:
        noise = torch.randn(features.shape, generator=self.draws) * self.options.noise
        return noise.to(features.device)

    def _rate(self, step: int) -> float:
        warm = min(1.0, (step + 1) / max(1, self.options.warmup_steps))
        return warm * 0.5 * (1 + math.cos(math.pi * step / self.options.steps))

    def _batches(self) -> Iterator[list[int]]:
        """Rows of a step, for ever: each epoch all clips once, clips of like length together."""
        size = self.options.batch_clips
        while True:
            order = torch.randperm(len(self.train), generator=self.draws).tolist()
            for first in range(0, len(order), size * _BUCKET):
                rows = sorted(order[first : first + size * _BUCKET], key=lambda row: len(self.train[row].motion))
                batches = [rows[i : i + size] for i in range(0, len(rows), size)]
                yield from (batches[i] for i in torch.randperm(len(batches), generator=self.draws).tolist())

    def _dev_error(self) -> float:
        """Share of the dev texts' tokens that the greedy translations have wrong, at most all of a text.

        Without that bound, one answer that never ends would outweigh all others.
        """
        n_wrong, n_tokens = 0, 0
        for rows, reading in self.judge.read([clip.motion for clip in self.dev]):
            starts = torch.tensor([self.judge.start_of(self.dev[row].lang) for row in rows])
            device = reading.memory.device
            written = self.judge.writer.greedy(reading.memory, reading.real, self.options.max_tokens, starts.to(device))
            for row, tokens in zip(rows, written, strict=True):
                wanted = self.judge.text_vocabulary.encode(self.dev[row].text, self.options.max_tokens)[:-1]
                n_wrong, n_tokens = n_wrong + min(edits(tokens, wanted), len(wanted)), n_tokens + len(wanted)
        return n_wrong / n_tokens


def stretched(features: Tensor, lengths: Tensor, share: float, draws: torch.Generator) -> tuple[Tensor, Tensor]:
    """Each clip faster or slower by up to a share, by linear interpolation.

    Args:
        features: (B, T, F).
        lengths: (B,) int64 frames.
        share: A clip gets 1 - share to 1 + share times as long.
        draws: Decides.

    Returns:
        (B, T', F) and the new lengths; its last frame repeats after a clip's end.
    """
    factors = 1 + share * (2 * torch.rand(len(lengths), generator=draws) - 1)
    longer = (lengths * factors.to(lengths.device)).round().long().clamp_min(1)
    last = (lengths - 1)[:, None]
    frames = torch.arange(int(longer.max()), device=lengths.device)
    at = (frames * (last / (longer - 1).clamp_min(1)[:, None])).minimum(last)
    before = at.long()
    part = (at - before)[..., None]
    return _frames(features, before) * (1 - part) + _frames(features, (before + 1).minimum(last)) * part, longer


def edits(written: Sequence[int], wanted: Sequence[int]) -> int:
    """Levenshtein distance."""
    row = list(range(len(wanted) + 1))
    for i, token in enumerate(written, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(wanted, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (token != other))
    return row[-1]


def _frames(features: Tensor, at: Tensor) -> Tensor:
    return features.gather(1, at[..., None].expand(-1, -1, features.shape[-1]))


def _new_judge(train: Sequence[Signed], options: BackTranslationOptions, fps: float | None) -> BackTranslator:
    size = options.max_vocabulary
    text = Vocabulary.train([clip.text for clip in train], options.tokens, size=size)
    gloss = Vocabulary.train([_signs(clip) for clip in train], "words", size=size)
    languages = sorted({clip.lang for clip in train})
    judge = BackTranslator(options, languages, text, gloss, fingerprint_clips(train), fps)
    judge.reader.features.measure(clip.motion for clip in train)
    return judge


def _signs(clip: Signed) -> str:
    return clip.gloss if clip.gloss and clip.gloss.strip() else clip.text


def _check_clips(train: Sequence[Signed], dev: Sequence[Signed]) -> None:
    if not train:
        raise UsageError("back-translation: no clips to train on; is the train split empty?")
    for name, clips in (("train", train), ("dev", dev)):
        for i, clip in enumerate(clips):
            check_motion(clip.motion, f"{name} clip {i} ({clip.text[:40]!r})")
            if not clip.text.strip():
                raise UsageError(f"back-translation: {name} clip {i} has no text; leave it out")
    unknown = {clip.lang for clip in dev} - {clip.lang for clip in train}
    if unknown:
        raise UsageError(f"back-translation: dev clips in {', '.join(sorted(unknown))}, but none to train on")
