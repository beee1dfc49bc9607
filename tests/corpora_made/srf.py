"""SRF: two Zenodo records for those with a key, and public development and test parts."""

from __future__ import annotations

from pathlib import Path

from . import Made
from .broadcasts import N_BAD, N_SENTENCES, SUBTITLES, broadcast, public_parts, record
from .material import written, zipped


def make(folder: Path) -> Made:
    """One broadcast, and monolingual subtitles that belong to none."""
    root = folder / "srf"
    broadcast(root / "srf/parallel", "srf.2020-03-13", 3)
    written(root / "srf/monolingual/subtitles/srf.2019-01-01.srt", SUBTITLES)
    return Made(root, n_clips=N_SENTENCES, n_rejected=N_BAD)


def served_with_key(folder: Path) -> dict[str, Path]:
    """What there is for who has a key, with the same broadcast as `make` gives."""
    archive = zipped(make(folder).root, folder / "served" / "srf.zip")
    return {**record(folder / "served", "6637392", archive), **public_parts(folder / "served")}
