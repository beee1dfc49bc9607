"""PHOENIX-2014T as published: one tar.gz with tables that know no quotes, and folders of pictures."""

from __future__ import annotations

import tarfile
from pathlib import Path

from . import Made
from .signing import write_pictures

URL = "https://www-i6.informatik.rwth-aachen.de/ftp/pub/rwth-phoenix/2016/phoenix-2014-T.v3.tar.gz"
HEADER = "name|video|start|end|speaker|orth|translation\n"
#: Split, name, glosses, text; a text without pictures, and pictures without text.
SENTENCES = (
    ("train", "01April_2010_Thursday_heute-1", "MORGEN SONNE", "und morgen wird es sonnig"),
    ("train", "01April_2010_Thursday_heute-2", "WIND KOMMEN SCHNELL", 'der wind "brillant" genannt kommt schnell .'),
    ("train", "01April_2010_Thursday_heute-3", "REGEN", "diese bilder fehlen"),
    ("dev", "02May_2010_Sunday_tagesschau-4", "NORD KUEHL", "im norden bleibt es kühl"),
    ("dev", "02May_2010_Sunday_tagesschau-5", "NORD", ""),
    ("test", "03June_2011_Friday_tagesschau-6", "TSCHUESS", "machen sie es gut"),
)
_WITHOUT_PICTURES = "01April_2010_Thursday_heute-3"
_TREE = "PHOENIX-2014-T-release-v3/PHOENIX-2014-T"


def table_row(name: str, gloss: str, text: str) -> str:
    """One row as published: the column `video` leads nowhere."""
    return f"{name}|{name}/1/*.png|-1|-1|Signer08|{gloss}|{text}\n"


def make(folder: Path) -> Made:
    """The unpacked copy in `unpacked/`, and the archive beside it."""
    home = folder / "unpacked" / _TREE
    (home / "annotations/manual").mkdir(parents=True)
    for split in ("train", "dev", "test"):
        rows = [table_row(*row) for of_split, *row in SENTENCES if of_split == split]
        table = home / f"annotations/manual/PHOENIX-2014-T.{split}.corpus.csv"
        table.write_text(HEADER + "".join(rows), encoding="utf-8")
    for number, (split, name, _, _) in enumerate(SENTENCES):
        if name != _WITHOUT_PICTURES:
            frames = home / "features/fullFrame-210x260px" / split / name
            write_pictures(number % 5 + 1, frames, 20, 6, (210, 260))
            (frames / "createDnnTrainingLabels-profile.py.lprof").write_bytes(b"left behind")
    archive = folder / "phoenix-2014-T.v3.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(home.parent, home.parent.name)
    return Made(folder / "unpacked", n_clips=4, n_rejected=2, served={URL: archive})
