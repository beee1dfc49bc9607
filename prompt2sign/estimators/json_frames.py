"""The JSON files of one clip, one a frame, become everybody in every frame: OpenPose's or DWPose's, told by content."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ClipRejected
from ..formats import dwpose_json, openpose_json
from ..formats.archive_reader import Entry
from ..formats.body_135 import usual_parts
from .clip_files import frame_name

#: Of numbered frames at least one in this many must be there; `--frame_step` of OpenPose stays well below.
_MAX_SPARSITY = 10
#: Coordinates that are all below this are parts of the picture, not pixels.
_MAX_NORMALISED = 2.0
#: People of all frames together: eleven hours of one person, or 1.6 GB.
_MAX_ROWS = 1_000_000
#: JSON whose numbers are converted together: some 400 frames of one person.
_TOGETHER_BYTES = 2 << 20


@dataclass(frozen=True)
class People:
    """Everybody in every frame of a clip, before the signer is chosen.

    Attributes:
        xyc: (N, 137, 3).
        frames: (N,) the frame of each, ascending.
        n_frames: Number of frames.
        estimator: Who found them.
        fps: As the file says, else 0; so `width` and `height`.
        space: (N, 137, 3) what the file says of depth, as `PosePeople.space`.
    """

    xyc: NDArray[np.float32]
    frames: NDArray[np.intp]
    n_frames: int
    estimator: str
    fps: float = 0.0
    width: int = 0
    height: int = 0
    space: NDArray[np.float32] | None = None


def read_frames(
    path: Path, files: Iterable[Entry], width: int | None, height: int | None
) -> tuple[People, dict[str, Any]]:
    """Read all frames of a clip.

    Args:
        path: The folder or archive they lie in, for messages.
        files: Its files in any order, at least one.
        width: Picture width in pixels; DWPose needs it.
        height: Picture height in pixels; DWPose needs it.

    Returns:
        Everybody, in pixels, and measurements for the receipt.

    Raises:
        ClipRejected: A file is wrong, the files are not of one clip, or too many are missing between them.
    """
    read = _JsonFrames(path)
    for entry in files:
        read.add(entry)
    read.finish()
    numbers = sorted(read.frames)
    first, n_frames = numbers[0], numbers[-1] - numbers[0] + 1
    if n_frames > _MAX_SPARSITY * len(numbers):
        raise ClipRejected(
            "too-sparse",
            f"{read.label}: its clip has {len(numbers)} files, numbered from {first} to {numbers[-1]}; most frames "
            "are missing. Check the numbers in the file names, or fetch the clip again",
        )
    values = {
        "kind": "dwpose-json" if read.is_dwpose else "openpose-json",
        "n_files": len(numbers),
        "n_missing_frames": n_frames - len(numbers),
        "first_index": first,
        "notes": [f"numbering starts at {first}, which became frame 0"] if first > 1 else [],
    }
    by_frame = [read.frames[number] for number in numbers]
    if read.is_dwpose:
        by_frame, values["hands_reordered"] = dwpose_json.untangle_hands(by_frame)
    elif not any(map(_in_pixels, by_frame)):
        _refuse_normalised(np.concatenate(by_frame), read.label)
    frames = np.repeat(np.array(numbers) - first, [len(people) for people in by_frame])
    xyc = np.concatenate(by_frame)
    if read.is_dwpose:
        _scale_to_pixels(xyc, width, height, read.label)
    return People(xyc, frames, n_frames, read.estimator), values


class _JsonFrames:
    """Takes in one JSON file after the other, in any order; `frames` are the people by frame number."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._stem: str | None = None
        self._n_people = self._n_bytes = 0
        self._numbers = set[int]()
        self._waiting: list[int] = []
        self._gathered = openpose_json.Gatherer()
        self.frames: dict[int, NDArray[np.float32]] = {}
        self.label = str(path)
        self.is_dwpose = False
        self.estimator = ""

    def add(self, entry: Entry) -> None:
        """Parse one file; its numbers are converted together with those of others.

        Raises:
            ClipRejected: It is too large, no keypoints, or does not belong to the same clip.
        """
        self.label = f"{self._path}/{entry.name}"
        number = self._number(entry)
        refuse_large(self.label, entry.size, openpose_json.MAX_JSON_BYTES)
        data = entry.read()
        document = usual_parts(openpose_json.load_json(data, self.label))
        self._same_kind(document)
        if self.is_dwpose:
            self._keep(number, dwpose_json.parse_frame(document, self.label))
            return
        self._gathered.add(document, self.label, data)
        self._waiting.append(number)
        self._n_bytes += entry.size
        if self._n_bytes >= _TOGETHER_BYTES:
            self.finish()

    def finish(self) -> None:
        """Convert what waits; raises as `add` does."""
        for number, people in zip(self._waiting, self._gathered.finish(), strict=True):
            self._keep(number, people)
        self._waiting, self._n_bytes = [], 0

    def _keep(self, number: int, people: NDArray[np.float32]) -> None:
        self.frames[number] = people
        self._n_people += len(people)
        if self._n_people > _MAX_ROWS:
            raise ClipRejected(
                "too-large", f"{self.label}: more than {_MAX_ROWS} people so far; cut the clip into shorter ones"
            )

    def _number(self, entry: Entry) -> int:
        parsed = frame_name(entry.name.rpartition("/")[2])
        if parsed is None or self._stem not in (None, parsed[0]):
            raise mixed_clips(self.label)
        self._stem, number = parsed
        if number in self._numbers:
            raise ClipRejected(
                "duplicate-frame", f"{self.label}: frame {number} stands twice in its clip; take one out"
            )
        self._numbers.add(number)
        return number

    def _same_kind(self, document: dict[str, Any]) -> None:
        is_dwpose = dwpose_json.is_dwpose(document)
        if not self.estimator:
            self.is_dwpose = is_dwpose
            version = document.get("version")
            self.estimator = "dwpose" if is_dwpose else "openpose"
            if isinstance(version, int | float) and not is_dwpose:
                self.estimator += f" {version}"
        elif is_dwpose != self.is_dwpose:
            raise mixed_clips(self.label)


def _scale_to_pixels(xyc: NDArray[np.float32], width: int | None, height: int | None, label: str) -> None:
    if not width or not height:
        raise ClipRejected(
            "no-size",
            f"{label}: DWPose coordinates are parts of the picture; give its size in pixels (width and height)",
        )
    magnitudes = _magnitudes(xyc)
    if len(magnitudes) and np.median(magnitudes) > _MAX_NORMALISED:
        raise ClipRejected(
            "wrong-scale", f"{label}: coordinates are not parts of the picture (0 to 1) as DWPose's; rescale them"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        xyc[..., :2] *= np.array([width, height], np.float32)


def _in_pixels(xyc: NDArray[np.float32]) -> bool:
    """Does one frame tell already that coordinates are no parts of the picture? The first one does, as a rule."""
    magnitudes = _magnitudes(xyc)
    return bool((magnitudes > _MAX_NORMALISED).any())


def _refuse_normalised(xyc: NDArray[np.float32], label: str) -> None:
    magnitudes = _magnitudes(xyc)
    if len(magnitudes) and magnitudes.max() <= _MAX_NORMALISED:
        raise ClipRejected(
            "wrong-scale",
            f"{label}: coordinates are parts of the picture, not pixels; run OpenPose with --keypoint_scale 0",
        )


def _magnitudes(xyc: NDArray[np.float32]) -> NDArray[np.float32]:
    """Absolute coordinates of the points that were found, as far as they are numbers."""
    values: NDArray[np.float32] = np.abs(xyc[xyc[..., 2] > 0][:, :2])
    finite: NDArray[np.float32] = values[np.isfinite(values)]
    return finite


def refuse_large(label: str, n_bytes: int, limit: int) -> None:
    """Raise `ClipRejected` for a file larger than its kind can be."""
    if n_bytes > limit:
        raise ClipRejected(
            "too-large", f"{label}: {n_bytes} bytes is more than such a file holds ({limit}); make it again"
        )


def mixed_clips(label: str) -> ClipRejected:
    """The rejection of a clip whose files do not belong together."""
    return ClipRejected(
        "mixed-clips", f"{label}: does not belong to the same clip as the files beside it; one folder a clip"
    )


def label_of(path: Path, entry: Entry) -> str:
    """What messages call a file inside a folder or archive."""
    return str(path) if path.name == entry.name else f"{path}/{entry.name}"
