"""Writes tokens one after the other while it looks at an encoder's memory: gloss from a prompt, text from motion.

The decoder of Vaswani et al. 2017 with the output layer tied to the embedding (Press and Wolf 2017). Ids are those of
`vocabulary`: 0 padding, 2 the start, 3 the end. Shapes: B clips, U tokens, N places of the memory, D width, V tokens of
the vocabulary, K beams.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .transformer import Decoder, TokenEmbedding, Width
from .vocabulary import BOS, EOS, PAD


class TokenDecoder(nn.Module):
    """A language model over tokens that attends to a memory.

    Args:
        n_tokens: V, the size of the vocabulary.
        width: Size of the stack.
        n_starts: So many further tokens may stand at the start in place of BOS (ids V, V + 1, ...), to say which
            language to write. They are read, never written.
    """

    def __init__(self, n_tokens: int, width: Width, n_starts: int = 0) -> None:
        super().__init__()
        self.n_tokens = n_tokens
        self.embedding = TokenEmbedding(n_tokens + n_starts, width)
        self.decoder = Decoder(width)
        self.bias = nn.Parameter(torch.zeros(n_tokens))

    def forward(self, tokens_in: Tensor, memory: Tensor, memory_real: Tensor) -> Tensor:
        """What follows each token, all places at once.

        Args:
            tokens_in: (B, U) int64 from `teacher_inputs`.
            memory: (B, N, D) from an encoder.
            memory_real: (B, N) bool.

        Returns:
            (B, U, V) logits.
        """
        return self._logits(self.decoder(self.embedding(tokens_in), self.decoder.memory(memory), memory_real))

    @staticmethod
    def loss(logits: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
        """Mean cross-entropy over the tokens that are not padding.

        Args:
            logits: (B, U, V) from `forward`.
            targets: (B, U) int64, each row ending with EOS and then padding.
            smoothing: Share of the probability spread over all tokens (Szegedy et al. 2016, section 7).
        """
        return functional.cross_entropy(logits.transpose(1, 2), targets, ignore_index=PAD, label_smoothing=smoothing)

    @torch.no_grad()
    def greedy(
        self, memory: Tensor, memory_real: Tensor, max_tokens: int, starts: Tensor | None = None
    ) -> list[list[int]]:
        """The likeliest token at each step.

        A row that has ended leaves the batch and costs nothing more.

        Args:
            memory: (B, N, D) from an encoder.
            memory_real: (B, N) bool.
            max_tokens: Longest answer.
            starts: (B,) int64, the token each row starts with; BOS unless given.

        Returns:
            Ids without start and end.
        """
        written: list[list[int]] = [[] for _ in range(len(memory))]
        rows = torch.arange(len(memory), device=memory.device)
        tokens = _starts(memory, starts)
        steps = _Steps(self, memory, memory_real)
        for _ in range(max_tokens):
            if not len(rows):
                break
            tokens = steps.next(tokens).argmax(-1)
            going = tokens != EOS
            if not going.all():
                tokens, rows = tokens[going], rows[going]
                steps.keep(going.nonzero()[:, 0])
            for row, token in zip(rows.tolist(), tokens.tolist(), strict=True):
                written[row].append(token)
        return written

    @torch.no_grad()
    def beam(
        self,
        memory: Tensor,
        memory_real: Tensor,
        n_beams: int,
        max_tokens: int,
        length_penalty: float = 0.6,
        starts: Tensor | None = None,
    ) -> list[list[int]]:
        """The likeliest of several answers kept at each step; a clip whose answers have all ended leaves the batch.

        An answer of n tokens, its end counted, scores its log-probability / ((5 + n) / 6)^length_penalty (Wu et al.
        2016, equation 14). One that ran into `max_tokens` is scored as it stands.

        Args:
            memory: (B, N, D) from an encoder.
            memory_real: (B, N) bool.
            n_beams: Answers kept a clip; one beam is `greedy`.
            max_tokens: Longest answer.
            length_penalty: 0 favours short answers, 1 judges by the mean.
            starts: (B,) int64, the token each row starts with; BOS unless given.

        Returns:
            Ids of the best answer a clip, without start and end.
        """
        answers: list[list[int]] = [[] for _ in range(len(memory))]
        clips = torch.arange(len(memory), device=memory.device)
        steps = _Steps(self, memory.repeat_interleave(n_beams, 0), memory_real.repeat_interleave(n_beams, 0))
        beams = _Beams(_starts(memory, starts), n_beams, length_penalty)
        for n in range(1, max_tokens + 1):
            if not len(clips):
                break
            steps.reorder(beams.extend(steps.next(beams.last), n))
            going = ~beams.ended.all(dim=1) & (n < max_tokens)
            for i in (~going).nonzero()[:, 0].tolist():
                answers[int(clips[i])] = beams.best(i)
            if not going.all():
                clips = clips[going]
                steps.keep(beams.keep(going))
        return answers

    def _logits(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.embedding.table.weight[: self.n_tokens], self.bias)


def teacher_inputs(targets: Tensor, starts: Tensor | None = None) -> Tensor:
    """What the decoder reads when it learns to write `targets`: the start, then all but the last.

    Args:
        targets: (B, U) int64, each row ending with EOS and then padding.
        starts: (B,) int64; BOS unless given.
    """
    return torch.cat([_starts(targets, starts)[:, None], targets[:, :-1]], dim=1)


class _Steps:
    """Decoding step by step: the memory's keys and values, and those of the steps before."""

    def __init__(self, decoder: TokenDecoder, memory: Tensor, memory_real: Tensor) -> None:
        self.decoder, self.real, self.n_done = decoder, memory_real, 0
        self.memory = decoder.decoder.memory(memory)
        self.caches = decoder.decoder.caches()

    def next(self, tokens: Tensor) -> Tensor:
        """(B,) the newest tokens to (B, V) log-probabilities of the next; padding and BOS are never written."""
        x = self.decoder.embedding(tokens[:, None], start=self.n_done)
        x = self.decoder.decoder(x, self.memory, self.real, caches=self.caches)
        self.n_done += 1
        logits = self.decoder._logits(x[:, 0]).float()
        logits[:, [PAD, BOS]] = -torch.inf
        return logits.log_softmax(-1)

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows alone, in this order."""
        self.real = self.real[rows]
        self.memory = [(keys[rows], values[rows]) for keys, values in self.memory]
        self.reorder(rows)

    def reorder(self, rows: Tensor) -> None:
        """Let each row go on from the steps of another row with the same memory."""
        for cache in self.caches:
            if cache.keys is not None and cache.values is not None:
                cache.keys, cache.values = cache.keys[rows], cache.values[rows]


class _Beams:
    """The K answers a clip that are being written.

    Attributes:
        tokens: (B, K, n) int64, after an end only EOS.
        sums: (B, K) log-probability of those that have not ended.
        scores: (B, K) the same with the length penalty, of ended ones as they ended.
        ended: (B, K) bool.
    """

    def __init__(self, starts: Tensor, n_beams: int, length_penalty: float) -> None:
        self.power = length_penalty
        self.tokens = starts[:, None, None].expand(-1, n_beams, 1)
        # All beams start alike: only the first may be extended at the first step.
        self.sums = torch.full((len(starts), n_beams), -torch.inf, device=starts.device)
        self.sums[:, 0] = 0.0
        self.scores, self.ended = self.sums, torch.zeros_like(self.sums, dtype=torch.bool)

    @property
    def last(self) -> Tensor:
        """(B * K,) the newest token of each answer."""
        return self.tokens[..., -1].flatten()

    def extend(self, log_probabilities: Tensor, n: int) -> Tensor:
        """Write the n-th token of each answer; ended ones stay as they are.

        Args:
            log_probabilities: (B * K, V) of the next token.
            n: Tokens an answer has after this one.

        Returns:
            (B * K,) the row that each answer goes on from.
        """
        n_clips, n_beams = self.sums.shape
        sums = self.sums[..., None] + log_probabilities.unflatten(0, (n_clips, n_beams))
        scores = sums / ((5 + n) / 6) ** self.power
        # An ended answer has one continuation, itself, under the score it ended with.
        scores[self.ended] = -torch.inf
        scores[..., EOS] = torch.where(self.ended, self.scores, scores[..., EOS])
        self.scores, chosen = scores.flatten(1).topk(n_beams)
        beam, token = chosen // scores.shape[-1], chosen % scores.shape[-1]
        self.sums = sums.flatten(1).gather(1, chosen)
        self.tokens = torch.cat([_take(self.tokens, beam), token[..., None]], dim=-1)
        self.ended = token == EOS
        return (beam + torch.arange(n_clips, device=beam.device)[:, None] * n_beams).flatten()

    def best(self, i: int) -> list[int]:
        """The best answer of clip i, without start and end."""
        tokens: list[int] = self.tokens[i, int(self.scores[i].argmax()), 1:].tolist()
        return tokens[: tokens.index(EOS)] if EOS in tokens else tokens

    def keep(self, clips: Tensor) -> Tensor:
        """Go on with the clips where (B,) is True; gives their (rows,) of before."""
        rows = torch.arange(self.sums.numel(), device=clips.device).unflatten(0, tuple(self.sums.shape))[clips]
        self.tokens, self.sums = self.tokens[clips], self.sums[clips]
        self.scores, self.ended = self.scores[clips], self.ended[clips]
        return rows.flatten()


def _take(tokens: Tensor, beam: Tensor) -> Tensor:
    return tokens.gather(1, beam[..., None].expand(-1, -1, tokens.shape[-1]))


def _starts(like: Tensor, starts: Tensor | None) -> Tensor:
    return torch.full((len(like),), BOS, device=like.device) if starts is None else starts
