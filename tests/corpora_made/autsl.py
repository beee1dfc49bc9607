"""AUTSL: labels without a header, a class list with a byte order mark, colour and depth videos in pieces of zips."""

from __future__ import annotations

import shutil
from pathlib import Path

from prompt2sign.acquire.wanted import RemoteArchive, RemoteFile
from prompt2sign.corpora.autsl_files import files_of

from . import Made
from .material import written
from .old_zip import write_pieces
from .signing import copy_start

CLASSES = "\ufeffClassId,TR,EN\r\n0,abla,sister\r\n3,afiyet_olsun,enjoy_your_meal\r\n5,agac,tree\r\n"
_VIDEOS = {
    "train": ("signer0_sample1000", "signer12_sample7"),
    "val": ("signer1_sample2",),
    "test": ("signer34_sample1",),
}


def make(folder: Path) -> Made:
    root = folder / "autsl"
    for split, names in _VIDEOS.items():
        for number, name in enumerate(names, 2):
            copy_start(number, root / split / f"{name}_color.mp4")
            written(root / split / f"{name}_depth.mp4", "depth is not taken")
    written(root / "train" / "signer0_sample1001_color.mp4", "of a class that is not in the list")
    written(root / "train" / "signer0_sample1003_color.mp4", "without a label")
    train = ("signer0_sample1000,3", "signer12_sample7,5", "signer0_sample1001,226", "signer0_sample1002,0", "sample,5")
    written(root / "train_labels.csv", "".join(f"{row}\r\n" for row in train))
    written(root / "validation_labels.csv", "signer1_sample2,0\r\n")
    written(root / "test_labels.csv", "signer34_sample1,5\r\nsigner34_sample1\r\n")
    written(root / "SignList_ClassId_TR_EN.csv", CLASSES)
    return Made(root, n_clips=4, n_rejected=5, served=_served(root, folder / "served"))


def _served(root: Path, folder: Path) -> dict[str, Path]:
    """As published; whoever fetches it pins the checksums of these bytes (`pinned`)."""
    served: dict[str, Path] = {}
    for wanted in files_of("videos"):
        if isinstance(wanted, RemoteFile):
            folder.mkdir(exist_ok=True)
            served[wanted.url] = Path(shutil.copyfile(root / wanted.path, folder / wanted.path))
        elif isinstance(wanted, RemoteArchive):
            inside = folder / f"inside-{wanted.into}"
            shutil.copytree(root / wanted.into, inside / wanted.into)
            pieces = write_pieces(inside, folder / f"{wanted.into}.zip", wanted.password, len(wanted.parts))
            served.update((part.url, piece) for part, piece in zip(wanted.parts, pieces, strict=True))
    return served
