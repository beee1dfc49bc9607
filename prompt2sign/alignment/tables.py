"""`offsets.csv` and `suspects.csv`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..formats.atomic import atomic_path
from .run import Alignment, Offset
from .suspects import Suspect

OFFSETS, SUSPECTS = "offsets.csv", "suspects.csv"
_OFFSET_COLUMNS = ("video", "offset_s", "confidence", "n_cues", "method")
_SUSPECT_COLUMNS = (
    "clip_id", "video", "reason", "start_s", "end_s", "words", "words_per_s", "characters_per_s", "signing_s",
    "message",
)  # fmt: skip


def write_tables(alignment: Alignment, folder: Path) -> tuple[Path, Path]:
    """Write both tables into a folder; gives their paths.

    Raises:
        OSError: The disk is full or read-only.
    """
    offsets, suspects = folder / OFFSETS, folder / SUSPECTS
    _write(offsets, _OFFSET_COLUMNS, map(offset_row, alignment.offsets))
    _write(suspects, _SUSPECT_COLUMNS, map(suspect_row, alignment.suspects))
    return offsets, suspects


def offset_row(offset: Offset) -> dict[str, str | int | float | None]:
    """A row of `offsets.csv`; an offset that is not proposed is None."""
    values = (offset.video, offset.proposed_s, offset.fit.confidence, offset.fit.n_cues, offset.method)
    return dict(zip(_OFFSET_COLUMNS, values, strict=True))


def suspect_row(suspect: Suspect) -> dict[str, str | int | float | None]:
    """A row of `suspects.csv`; signing is None where it is not known."""
    clip = suspect.clip
    values = (
        clip.clip_id,
        clip.video,
        suspect.reason,
        round(clip.start_s, 3),
        round(clip.end_s, 3),
        clip.n_words,
        round(clip.n_words / clip.lasts_s, 2),
        round(clip.n_characters / clip.lasts_s, 2),
        None if clip.signing_s is None else round(clip.signing_s, 2),
        suspect.message,
    )
    return dict(zip(_SUSPECT_COLUMNS, values, strict=True))


def _write(path: Path, columns: Sequence[str], rows: Iterable[dict[str, str | int | float | None]]) -> None:
    with atomic_path(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
