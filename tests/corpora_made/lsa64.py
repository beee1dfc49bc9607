"""LSA64: `all/SIGN_SUBJECT_REPETITION.mp4` and no table."""

from __future__ import annotations

from pathlib import Path

from . import Made
from .material import written, zipped
from .signing import copy_start

_CLIPS = ("002_001_001", "023_010_001", "024_010_005")


def make(folder: Path) -> Made:
    root = folder / "lsa64"
    for number, name in enumerate(_CLIPS, 1):
        copy_start(number, root / "all" / f"{name}.mp4")
    written(root / "all" / "065_001_001.mp4", "a sign that is not in the list")
    written(root / "all" / "samples.mp4", "no name of the corpus")
    archive = zipped(root, folder / "served" / "lsa64.zip")
    address = "https://drive.google.com/file/d/1C7k_m2m4n5VzI4lljMoezc-uowDEgIUh"
    return Made(root, n_clips=len(_CLIPS), n_rejected=2, served={address: archive})
