"""The layers every model here is made of: pre-norm attention with fused kernels, and a cache for step-by-step decoding.

Pre-norm, sinusoidal positions, ReLU feed-forward of width 4d: the layers of Progressive Transformers (Saunders et
al. 2020), which SignLLM builds on. Shapes: B clips, U tokens, T frames, D width, H heads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class Width:
    """The size of a stack of layers.

    Attributes:
        d_model: Width D.
        n_heads: Attention heads; divides `d_model`.
        n_layers: Layers of the stack.
        dropout: Share of values dropped in training.
    """

    d_model: int
    n_heads: int
    n_layers: int
    dropout: float = 0.0


class Cache:
    """Keys and values of one attention layer, kept between steps of decoding."""

    def __init__(self) -> None:
        self.keys: Tensor | None = None
        self.values: Tensor | None = None

    def append(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Add (B, H, n, D/H) and return all there are."""
        self.keys = keys if self.keys is None else torch.cat([self.keys, keys], dim=2)
        self.values = values if self.values is None else torch.cat([self.values, values], dim=2)
        return self.keys, self.values


class Attention(nn.Module):
    """Multi-head attention through `scaled_dot_product_attention` (flash or memory-efficient where there is a GPU)."""

    def __init__(self, width: Width) -> None:
        super().__init__()
        self.n_heads, self.dropout = width.n_heads, width.dropout
        self.queries = nn.Linear(width.d_model, width.d_model)
        self.keys_values = nn.Linear(width.d_model, 2 * width.d_model)
        self.out = nn.Linear(width.d_model, width.d_model)

    def project(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, n, D) to keys and values (B, H, n, D/H)."""
        keys, values = self.keys_values(x).chunk(2, dim=-1)
        return self._heads(keys), self._heads(values)

    def forward(
        self, x: Tensor, keys_values: tuple[Tensor, Tensor], mask: Tensor | None = None, causal: bool = False
    ) -> Tensor:
        """Attend.

        Args:
            x: (B, n, D) what asks.
            keys_values: From `project`.
            mask: Bool, broadcastable to (B, H, n, m), True where attention is allowed; not with `causal`.
            causal: Nothing sees what comes after it.

        Returns:
            (B, n, D).
        """
        attended = functional.scaled_dot_product_attention(
            self._heads(self.queries(x)),
            *keys_values,
            attn_mask=mask,
            is_causal=causal,
            dropout_p=self.dropout if self.training else 0.0,
        )
        return self.out(attended.transpose(1, 2).flatten(2))

    def _heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)


class FeedForward(nn.Sequential):
    """Linear, ReLU, Linear; four times as wide inside."""

    def __init__(self, width: Width) -> None:
        d = width.d_model
        super().__init__(nn.Linear(d, 4 * d), nn.ReLU(), nn.Dropout(width.dropout), nn.Linear(4 * d, d))


class EncoderLayer(nn.Module):
    """Self-attention over all that is real, then a feed-forward."""

    def __init__(self, width: Width) -> None:
        super().__init__()
        self.norm_self, self.norm_feed = nn.LayerNorm(width.d_model), nn.LayerNorm(width.d_model)
        self.attention, self.feed = Attention(width), FeedForward(width)
        self.drop = nn.Dropout(width.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, n, D), with the mask of `key_mask`."""
        y = self.norm_self(x)
        x = x + self.drop(self.attention(y, self.attention.project(y), mask))
        return x + self.drop(self.feed(self.norm_feed(x)))


class DecoderLayer(nn.Module):
    """Self-attention (causal or over all that is real), attention to the encoder's memory, then a feed-forward."""

    def __init__(self, width: Width) -> None:
        super().__init__()
        self.norm_self, self.norm_cross, self.norm_feed = (nn.LayerNorm(width.d_model) for _ in range(3))
        self.attention, self.cross, self.feed = Attention(width), Attention(width), FeedForward(width)
        self.drop = nn.Dropout(width.dropout)

    def forward(
        self,
        x: Tensor,
        memory: tuple[Tensor, Tensor],
        memory_mask: Tensor,
        mask: Tensor | None = None,
        cache: Cache | None = None,
    ) -> Tensor:
        """One layer.

        Args:
            x: (B, n, D); with a `cache` the newest step alone, (B, 1, D).
            memory: Keys and values of the encoder's output, from `self.cross.project`.
            memory_mask: From `key_mask`.
            mask: From `key_mask` for attention in both directions; None for causal.
            cache: Keys and values of the steps before.
        """
        y = self.norm_self(x)
        keys_values = self.attention.project(y)
        if cache is not None:
            keys_values = cache.append(*keys_values)
        x = x + self.drop(self.attention(y, keys_values, mask, causal=mask is None and cache is None))
        x = x + self.drop(self.cross(self.norm_cross(x), memory, memory_mask))
        return x + self.drop(self.feed(self.norm_feed(x)))


class Encoder(nn.Module):
    """A stack of encoder layers with a last norm."""

    def __init__(self, width: Width) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(width) for _ in range(width.n_layers))
        self.norm = nn.LayerNorm(width.d_model)

    def forward(self, x: Tensor, real: Tensor) -> Tensor:
        """(B, n, D) to the same, where `real` (B, n) is True."""
        for layer in self.layers:
            x = layer(x, key_mask(real))
        return self.norm(x)


class Decoder(nn.Module):
    """A stack of decoder layers with a last norm."""

    def __init__(self, width: Width) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(width) for _ in range(width.n_layers))
        self.norm = nn.LayerNorm(width.d_model)

    def memory(self, encoded: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Keys and values of the encoder's output for each layer: made once, used at every step."""
        return [cast(DecoderLayer, layer).cross.project(encoded) for layer in self.layers]

    def caches(self) -> list[Cache]:
        """An empty cache for each layer."""
        return [Cache() for _ in self.layers]

    def forward(
        self,
        x: Tensor,
        memory: list[tuple[Tensor, Tensor]],
        memory_real: Tensor,
        real: Tensor | None = None,
        caches: list[Cache] | None = None,
    ) -> Tensor:
        """(B, n, D) to the same.

        Args:
            x: Embedded inputs with their positions; with `caches` the newest step alone.
            memory: From `self.memory`.
            memory_real: (B, U) bool.
            real: (B, n) bool for attention in both directions; None for causal.
            caches: From `self.caches`, to decode step by step.
        """
        mask = None if real is None else key_mask(real)
        for i, layer in enumerate(self.layers):
            x = layer(x, memory[i], key_mask(memory_real), mask, None if caches is None else caches[i])
        return self.norm(x)


def key_mask(real: Tensor) -> Tensor:
    """(B, n) True where real, as a mask over keys: (B, 1, 1, n). A row without anything real sees its first place."""
    first = torch.zeros_like(real)
    first[:, 0] = ~real.any(dim=1)
    return (real | first)[:, None, None, :]


def positions(n: int, d_model: int, device: torch.device | str | None = None, start: int = 0) -> Tensor:
    """Sinusoidal positions (n, D), `start` first (Vaswani et al. 2017, section 3.5)."""
    return wave(torch.arange(start, start + n, device=device, dtype=torch.float32), d_model)


def wave(at: Tensor, d_model: int) -> Tensor:
    """Sinusoids of any real positions: (..., ) to (..., D)."""
    half = torch.arange(0, d_model, 2, device=at.device, dtype=torch.float32)
    angles = at[..., None] * torch.exp(half * (-math.log(10_000.0) / d_model))
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


def real_mask(lengths: Tensor, n: int | None = None) -> Tensor:
    """(B,) lengths to (B, n) bool, True where real; `n` is the longest unless given."""
    size = int(lengths.max()) if n is None else n
    return torch.arange(size, device=lengths.device)[None] < lengths[:, None]


class TokenEmbedding(nn.Module):
    """Tokens to vectors with positions; id 0 is padding. Scaled by sqrt(D), as in Vaswani et al. 2017, section 3.4."""

    def __init__(self, n_tokens: int, width: Width) -> None:
        super().__init__()
        self.table = nn.Embedding(n_tokens, width.d_model, padding_idx=0)
        nn.init.normal_(self.table.weight, std=width.d_model**-0.5)
        self.drop = nn.Dropout(width.dropout)

    def forward(self, tokens: Tensor, start: int = 0) -> Tensor:
        """(B, U) int64 to (B, U, D); `start` is the position of the first."""
        d = self.table.embedding_dim
        return self.drop(self.table(tokens) * math.sqrt(d) + positions(tokens.shape[1], d, tokens.device, start))


class TextEncoder(nn.Module):
    """Tokens to memory."""

    def __init__(self, n_tokens: int, width: Width) -> None:
        super().__init__()
        self.embedding, self.encoder = TokenEmbedding(n_tokens, width), Encoder(width)

    def forward(self, tokens: Tensor, real: Tensor) -> Tensor:
        """(B, U) int64 and (B, U) bool to (B, U, D)."""
        return self.encoder(self.embedding(tokens), real)
