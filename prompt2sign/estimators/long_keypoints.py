"""Keypoints of whole recordings, one file each, from which clips are taken by the numbers of their frames.

Two corpora publish them so: the Public DGS Corpus (`ID_openpose.json.gz`, see `dgs_openpose`) and WMT-SLT
(`NAME.openpose.tar.xz`, a folder of OpenPose JSON files, one a frame). A file is read whole and the last one is
remembered: clips of one recording that follow each other cost one reading, a minute for half an hour of two cameras.
"""

from __future__ import annotations

import lzma
import tarfile
from collections.abc import Iterator
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ClipRejected
from ..formats import openpose_json
from ..formats.body_135 import usual_parts
from ..skeleton import N_KEYPOINTS
from .clip_files import frame_name
from .dgs_openpose import Camera, read_transcript
from .json_frames import People
from .long_names import parse_member

_DGS, _TAR = ".json.gz", ".tar.xz"
_MAX_BYTES = 16 << 30


def is_long(path: Path) -> bool:
    """Is this a file of a whole recording, by its name?"""
    return path.name.lower().endswith((_DGS, _TAR))


def read_long(path: Path, member: str) -> tuple[People, dict[str, Any]]:
    """Everybody in every frame of one clip of a recording, and measurements for the receipt.

    Args:
        path: The file.
        member: The clip, as `span_member` names it.

    Raises:
        ClipRejected: `no-keypoints`: the file, the camera or any frame of the clip is not there; `bad-json`.
        OSError: The file cannot be read.
    """
    span = parse_member(member)
    if span is None or not path.is_file():
        raise ClipRejected("no-keypoints", f"{path}: is not there, or {member!r} is no clip of it (`a/61-187`)")
    state = path.stat()
    cameras = _cameras(path, state.st_size, state.st_mtime_ns)
    name, first, end = span
    camera = cameras.get(name)
    if camera is None:
        raise ClipRejected("no-keypoints", f"{path}: holds cameras {', '.join(cameras)}, not {member!r}")
    there = [number for number in range(first, min(end, max(camera.frames, default=-1) + 1)) if number in camera.frames]
    if not there:
        raise ClipRejected("no-keypoints", f"{path}: has no frame of {member}; the recording is shorter")
    return _people(camera, there, first, end), {
        "kind": "openpose-recording",
        "n_files": 1,
        "n_missing_frames": end - first - len(there),
        "notes": [],
    }


def _people(camera: Camera, there: list[int], first: int, end: int) -> People:
    by_frame = [camera.frames[number] for number in there]
    xyc = np.concatenate([np.empty((0, N_KEYPOINTS, 3), np.float32), *by_frame])
    frames = np.repeat(np.array(there, dtype=np.intp) - first, [len(people) for people in by_frame])
    return People(xyc, frames, end - first, "openpose", width=camera.width, height=camera.height)


@lru_cache(maxsize=1)
def _cameras(path: Path, _size: int, _mtime_ns: int) -> dict[str, Camera]:
    if path.name.lower().endswith(_DGS):
        return read_transcript(path)
    return {"": Camera(frames=_read_tar(path))}


def _read_tar(path: Path) -> dict[int, NDArray[np.float32]]:
    frames: dict[int, NDArray[np.float32]] = {}
    for name, data in _json_files(path):
        parsed = frame_name(name.rpartition("/")[2])
        if parsed is None:
            continue
        if parsed[1] in frames:
            raise ClipRejected("duplicate-frame", f"{path}/{name}: frame {parsed[1]} stands twice in it")
        document = usual_parts(openpose_json.load_json(data, f"{path}/{name}"))
        frames[parsed[1]] = openpose_json.parse_frame(document, f"{path}/{name}")
    return frames


def _json_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of the files in a tar; nothing is written, so that no name in it can do harm."""
    try:
        with closing(_Guarded(path)) as file:
            tar = tarfile.open(fileobj=file, mode="r:")  # type: ignore[call-overload]  # noqa: SIM115
            while (member := tar.next()) is not None:
                tar.members = []  # tarfile remembers every member otherwise
                if member.isreg() and member.name.endswith(".json"):
                    if not 0 <= member.size <= openpose_json.MAX_JSON_BYTES:
                        raise ClipRejected("too-large", f"{path}/{member.name}: {member.size} bytes is no frame")
                    file.seek(member.offset_data)
                    yield member.name, file.read(member.size)
    except (tarfile.TarError, lzma.LZMAError, EOFError) as error:
        raise ClipRejected("bad-archive", f"{path}: is damaged or cut off ({error}); fetch it again") from error


class _Guarded:
    """An xz file as `tarfile` needs it, which refuses what a forged header may ask for."""

    def __init__(self, path: Path) -> None:
        self._file = lzma.open(path, "rb")  # noqa: SIM115
        self.tell, self.close = self._file.tell, self._file.close

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= openpose_json.MAX_JSON_BYTES:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self._file.read(size)

    def seek(self, offset: int) -> int:
        if not self._file.tell() - 1 <= offset <= _MAX_BYTES:
            raise tarfile.ReadError("its members do not follow each other")
        return self._file.seek(offset)
