"""Files that hold the keypoints of a whole recording each, found by the recording's name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .files import ClipFiles, walk


class LongKeypoints(ClipFiles):
    """Every file under a folder whose name ends with `ending`, by its name without it.

    Args:
        root: The folder.
        ending: Such as `_openpose.json.gz`.
    """

    noun = "keypoints"
    suffixes = ()

    def __init__(self, root: Path, ending: str) -> None:
        self._ending = ending
        names = (place + name for place, files in walk(root) for name in files if name.endswith(ending))
        super().__init__(root, (name.removesuffix(ending) for name in names))

    def clip_fields(self, path: str) -> dict[str, Any]:
        """The recording's file; which part of it the clip is, the corpus must say (`keypoints_member`)."""
        return {"keypoints": self.root / (path + self._ending)}
