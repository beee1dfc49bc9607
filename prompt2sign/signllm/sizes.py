"""The sizes of SignLLM: two layers each, as the paper has it, and widths that give its names' parameter counts.

The paper names 40M, 120M and 1B and says "two layers" (section 5); it names no width. These widths reproduce the names
for a group that reads 18,106 English words (the vocabulary of the authors' ASL data): 40.8 M, 115.4 M, 1,015 M with
the layers of Progressive Transformers.
"""

from __future__ import annotations

from .options import ModelOptions, Size
from .transformer import Width

_WIDTHS: dict[Size, tuple[int, int]] = {
    "tiny": (128, 4),
    "base-40M": (704, 11),
    "large-120M": (1280, 20),
    "super-1B": (4096, 32),
}
N_LAYERS = 2


def width_of(options: ModelOptions) -> Width:
    """Width, heads and layers of encoder and decoder."""
    d_model, n_heads = _WIDTHS[options.size]
    return Width(d_model, n_heads, N_LAYERS, options.dropout)
