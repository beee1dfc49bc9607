"""OpenPose as the Public DGS Corpus publishes it: one gzipped JSON a transcript, all cameras, all frames.

    [{"camera": "a1", "width": 1280, "height": 720, "frames": {"0": {"people": [...]}, "1": ...}}, ...]

Unzipped it has a gigabyte or two, so that it is walked through piece by piece: a frame is parsed as soon as its last
bracket has come, and only its numbers are kept.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import ClipRejected
from ..formats import openpose_json
from ..formats.keypoints import MAX_PIXELS

#: A string, or a bracket outside of strings; a string whose end has not come yet is neither.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
#: The cameras that see one signer each; another one sees both.
_SIGNERS = re.compile(rb'"camera"\s*:\s*"[ab]')
_CHUNK = 1 << 20
_MAX_BYTES = 16 << 30
#: How deep things lie: the list of cameras, a camera, its `frames`, a frame. No frame has more in it than `_DEEPEST`.
_LIST, _CAMERA, _FRAMES, _FRAME, _DEEPEST = 1, 2, 3, 4, 64
_MAX_DIGITS = 9


@dataclass
class Camera:
    """What one camera saw.

    Attributes:
        width: Width of the picture in pixels, 0 where the file does not say.
        height: Height of the picture in pixels, 0 likewise.
        frames: (P, 137, 3) the people of each frame that the file has, by its number.
    """

    width: int = 0
    height: int = 0
    frames: dict[int, NDArray[np.float32]] = field(default_factory=dict)


def read_transcript(path: Path) -> dict[str, Camera]:
    """The cameras of the two signers, `a` and `b`: `a1` is the one of signer A.

    Raises:
        ClipRejected: `bad-json`: the file is damaged, cut off or not of this layout; `too-large`.
        OSError: The file cannot be read.
    """
    walk = _Walk(str(path))
    for piece in _pieces(path):
        walk.take(piece)
    return walk.finish()


def _pieces(path: Path) -> Iterator[bytes]:
    n_bytes = 0
    try:
        with gzip.open(path, "rb") as file:
            while piece := file.read(_CHUNK):
                n_bytes += len(piece)
                if n_bytes > _MAX_BYTES:
                    raise ClipRejected("too-large", f"{path}: unzips to more than {_MAX_BYTES >> 30} GB")
                yield piece
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise openpose_json.bad_json(str(path), f"is damaged or cut off ({error})") from error


class _Walk:
    """Goes through the JSON once.

    `_text` is what has come and was not used yet from `_begin` on: the beginning or end of a camera, or a frame.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._text = b""
        self._begin = self._at = self._depth = 0
        self._key = self._number = self._about = b""
        self._in_frames = False
        self._camera = Camera()
        self._cameras: dict[str, Camera] = {}

    def take(self, piece: bytes) -> None:
        """Go on by one piece."""
        self._text = self._text[self._begin :] + piece
        self._at, self._begin = self._at - self._begin, 0
        for token in _TOKEN.finditer(self._text, self._at):
            self._at = token.end()
            mark = token[0]
            if mark in b"[{":
                self._enter(mark, token.start())
            elif mark in b"]}":
                self._leave()
            else:
                self._key = mark
        if len(self._text) - self._begin > openpose_json.MAX_JSON_BYTES + _CHUNK:
            raise self._bad("holds more than a frame can be between two brackets")

    def finish(self) -> dict[str, Camera]:
        """The cameras of the signers, when all has come."""
        if self._depth or not self._at or self._text[self._at :].strip():
            raise self._bad("is cut off, or is no list of cameras")
        if not self._cameras:
            raise self._bad("holds no camera of a signer")
        return self._cameras

    def _enter(self, mark: bytes, start: int) -> None:
        self._depth += 1
        if mark != {_LIST: b"[", _CAMERA: b"{"}.get(self._depth, mark) or self._depth > _DEEPEST:
            raise self._bad("is no list of cameras with their frames")
        if self._depth == _CAMERA:
            self._camera, self._about, self._begin = Camera(), b"", start
        elif self._depth == _FRAMES and self._key == b'"frames"' and mark == b"{":
            self._about += self._text[self._begin : start] + b"{}"
            self._in_frames, self._begin = True, self._at
        elif self._depth == _FRAME and self._in_frames:
            self._number, self._begin = self._key, start

    def _leave(self) -> None:
        self._depth -= 1
        if self._depth < 0:
            raise self._bad("closes a bracket that was never opened")
        if self._depth == _FRAMES and self._in_frames:
            self._keep_frame(self._text[self._begin : self._at])
        elif self._depth == _CAMERA and self._in_frames:
            self._in_frames = False
        elif self._depth == _LIST:
            self._keep_camera(self._about + self._text[self._begin : self._at])
        else:
            return
        self._begin = self._at

    def _keep_frame(self, text: bytes) -> None:
        if b'"camera"' in self._about and not _SIGNERS.search(self._about):
            return
        number = self._number.strip(b'"')
        if not (number.isdigit() and len(number) <= _MAX_DIGITS):
            raise self._bad(f"calls a frame {number!r}, which is no number")
        document = openpose_json.load_json(text, self._name)
        self._camera.frames[int(number)] = openpose_json.parse_frame(document, f"{self._name}, frame {int(number)}")

    def _keep_camera(self, about: bytes) -> None:
        facts = openpose_json.load_json(about, self._name)
        name = facts.get("camera")
        if not isinstance(name, str):
            raise self._bad("has a camera without a name")
        signer = name[:1]
        if signer not in ("a", "b"):
            return
        if signer in self._cameras:
            raise self._bad(f"has two cameras of signer {signer}")
        self._camera.width, self._camera.height = _pixels(facts.get("width")), _pixels(facts.get("height"))
        self._cameras[signer] = self._camera

    def _bad(self, fault: str) -> ClipRejected:
        return openpose_json.bad_json(self._name, fault)


def _pixels(value: object) -> int:
    return value if isinstance(value, int) and 0 < value <= MAX_PIXELS else 0
