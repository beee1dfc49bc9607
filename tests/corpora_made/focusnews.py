"""FocusNews: one Zenodo record for those with a key, and public development and test parts."""

from __future__ import annotations

from pathlib import Path

from . import Made
from .broadcasts import N_BAD, N_SENTENCES, SUBTITLES, broadcast, public_parts, record
from .material import written, zipped


def make(folder: Path) -> Made:
    """Two broadcasts, and subtitles without a video. Without a key, nothing of it is served."""
    root = folder / "focusnews"
    broadcast(root / "focusnews", "focusnews.043", 1)
    broadcast(root / "focusnews", "focusnews.044", 2)
    written(root / "focusnews/subtitles/focusnews.045.srt", SUBTITLES)
    return Made(root, n_clips=2 * N_SENTENCES, n_rejected=2 * N_BAD + 1)


def served_with_key(folder: Path) -> dict[str, Path]:
    """What there is for who has a key, with the same broadcasts as `make` gives."""
    archive = zipped(make(folder).root, folder / "served" / "focusnews.zip")
    return {**record(folder / "served", "6631159", archive), **public_parts(folder / "served")}
