"""Small copies of each corpus in its exact published layout, made anew: real videos, real archives, invented text."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Made:
    """One made corpus.

    Attributes:
        root: What a user would give with `--from`: the unpacked copy.
        n_clips: Clips that a build of it must give.
        n_rejected: Entries that cannot become clips, made so on purpose.
        served: The same as published: each address with a file of its bytes. Empty where a person brings the corpus.
    """

    root: Path
    n_clips: int
    n_rejected: int = 0
    served: dict[str, Path] = field(default_factory=dict)
