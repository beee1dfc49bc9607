"""What made corpora are made of: text files as they are published, and archives of what was made."""

from __future__ import annotations

import zipfile
from pathlib import Path


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    """A text file, its line ends as given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def zipped(folder: Path, target: Path) -> Path:
    """A zip of what is in a folder, in a fixed order."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder).as_posix())
    return target
