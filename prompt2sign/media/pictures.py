"""A folder of numbered pictures, one a frame."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import ClipRejected
from .rates import as_rate
from .timeline import VideoInfo

#: `images0001.png`, `00001.jpg`, `name_fn000012-0.png`: the last number that is not a single-figure suffix counts.
_NUMBERED = re.compile(r"(?P<prefix>(?!\.).*?)(?P<number>\d+)(?P<suffix>(?:-\d)?\.(?:png|jpe?g))", re.IGNORECASE)


class Pictures:
    """A folder of numbered pictures.

    Args:
        folder: The folder; files that are no numbered pictures are passed over.
        fps: Frames per second, which pictures cannot tell.

    Raises:
        ClipRejected: `missing-video`, `no-frames`, `no-rate`, `missing-pictures` (a gap in the numbers),
            `mixed-pictures` (two numberings) or `corrupt-video`.
    """

    def __init__(self, folder: Path, fps: float | None) -> None:
        if not fps or not 0 < fps < 1000:
            raise ClipRejected(
                "no-rate", f"{folder}: pictures do not tell their frame rate; give it with --fps, or a column `fps`"
            )
        self.path = folder
        self.files = _numbered_files(folder)
        height, width = _read(self.files[0]).shape[:2]
        rate, n_frames = as_rate(fps), len(self.files)
        self._info = VideoInfo(width, height, rate, n_frames, float(n_frames / rate), vfr=False)

    @property
    def info(self) -> VideoInfo:
        """Size of the first picture, rate and number of pictures."""
        return self._info

    def frames(self, first: int = 0) -> Iterator[NDArray[np.uint8]]:
        """The pictures in the order of their numbers, from number `first` (0 is the first) on.

        Yields:
            (H, W, 3) uint8 RGB.

        Raises:
            ClipRejected: `corrupt-video` (a picture cannot be read) or `mixed-pictures` (of another size).
        """
        for path in self.files[first:]:
            picture = _read(path)
            if picture.shape[:2] != (self.info.height, self.info.width):
                raise ClipRejected(
                    "mixed-pictures",
                    f"{path}: is {picture.shape[1]}x{picture.shape[0]}, the first of its folder is "
                    f"{self.info.width}x{self.info.height}; a clip's pictures must have one size",
                )
            yield picture


def _numbered_files(folder: Path) -> list[Path]:
    """The pictures by number, without a gap."""
    if not folder.is_dir():
        raise ClipRejected("missing-video", f"{folder}: there is no such folder of pictures; check the name")
    found = {match: path for path in sorted(folder.iterdir()) if (match := _NUMBERED.fullmatch(path.name))}
    by_number = {int(match["number"]): path for match, path in found.items()}
    if not by_number:
        raise ClipRejected("no-frames", f"{folder}: no numbered pictures in this folder; name them like images0001.png")
    if len({(match["prefix"], match["suffix"]) for match in found}) > 1 or len(by_number) < len(found):
        raise ClipRejected(
            "mixed-pictures", f"{folder}: pictures of more than one name are mixed; keep one clip a folder"
        )
    missing = sorted(set(range(min(by_number), max(by_number))) - set(by_number))
    if missing:
        raise ClipRejected(
            "missing-pictures",
            f"{folder}: {len(missing)} of the numbered pictures are missing, the first is number {missing[0]}; "
            "unpack or copy the folder again",
        )
    return [by_number[number] for number in sorted(by_number)]


def _read(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3) RGB."""
    data = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if picture is None:
        raise ClipRejected("corrupt-video", f"{path}: cannot be read as a picture; fetch or copy it again")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)
