"""OpenPose through its program, openpose.bin: one call a clip, its JSON parsed as it appears."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import ClipRejected
from ..formats.openpose_json import MAX_JSON_BYTES, Gatherer, load_json
from ..media import Frames
from ..skeleton import N_KEYPOINTS
from .clip_files import frame_name
from .json_frames import People, refuse_large
from .openpose_failure import OpenPoseFailed
from .openpose_flags import Flags, command_line
from .openpose_process import START_S, TiedProcess

#: How often is looked for new files: OpenPose writes some 20 a second.
_LOOK_S = 0.05


class BinaryDoor:
    """openpose.bin.

    Args:
        program: It.
        models: Folder of the networks.
        stall_s: Seconds without a frame after which it is ended.
        keep_json: Keep what it writes in folders here.
    """

    name = "binary"

    def __init__(self, program: Path, models: Path, stall_s: float, keep_json: Path | None = None) -> None:
        self._program, self._models, self._stall_s, self._keep_json = program, models, stall_s, keep_json

    def people(self, video: Frames, flags: Flags) -> People:
        """Everybody in every frame.

        Raises:
            OpenPoseFailed: It ended or was stuck, or what it left are no files.
            ClipRejected: `frames-differ`: it saw other frames than are in the video; `duplicate-frame`; or a file of
                its is no JSON, or too large.
        """
        if not video.path.is_file():
            raise ClipRejected("no-video-file", f"{video.path}: openpose.bin reads video files alone")
        with self._folder(video.path) as folder, TiedProcess(self._command(video.path, folder, flags)) as process:
            frames = _Json(folder, video, keeps=self._keep_json is not None)
            self._follow(process, frames)
            return frames.people(process)

    def close(self) -> None:
        """Nothing is held between clips."""

    def _command(self, path: Path, folder: Path, flags: Flags) -> list[str]:
        where = {"video": str(path.absolute()), "write_json": str(folder), "model_folder": f"{self._models}/"}
        return [str(self._program), *command_line({**where, "display": 0, "render_pose": 0, **flags})]

    def _follow(self, process: TiedProcess, frames: _Json) -> None:
        seen_at = time.monotonic() + START_S
        while True:
            status = process.poll()
            if status:
                raise process.failed()
            n_new = frames.read_new(ended=status == 0)
            if status == 0:
                return
            if n_new:
                seen_at = time.monotonic()
            elif time.monotonic() - seen_at > self._stall_s:
                raise process.stuck()
            time.sleep(_LOOK_S)

    @contextmanager
    def _folder(self, video: Path) -> Iterator[Path]:
        """Where it writes; what is kept gets its name when it is whole."""
        if self._keep_json is None:
            # What the program may have put in the place of the folder must not hide what is said of it.
            with tempfile.TemporaryDirectory(prefix="prompt2sign-openpose-", ignore_cleanup_errors=True) as folder:
                yield Path(folder)
            return
        # Videos of the same name may lie in several folders.
        kept = self._keep_json / f"{video.stem}-{sha256(str(video).encode()).hexdigest()[:8]}"
        partial = kept.with_name(f".{kept.name}.partial")
        _remove(partial)
        partial.mkdir(parents=True)
        try:
            yield partial
            shutil.rmtree(kept, ignore_errors=True)
            partial.rename(kept)
        finally:
            _remove(partial)


class _Json:
    """The files in a folder that OpenPose is writing into."""

    def __init__(self, folder: Path, video: Frames, *, keeps: bool) -> None:
        self._folder, self._video, self._keeps = folder, video, keeps
        self._gathered = Gatherer()
        self._frames: dict[int, NDArray[np.float32]] = {}
        self._seen, self._numbers = set[str](), set[int]()

    def read_new(self, *, ended: bool) -> int:
        """Parse the files that are whole: the last one is still being written, unless OpenPose has ended."""
        names = [name for name in _names_in(self._folder) if frame_name(name)]
        new = [name for name in (names if ended else names[:-1]) if name not in self._seen]
        numbers = [number for _, number in filter(None, map(frame_name, new))]
        for name, number in zip(new, numbers, strict=True):
            self._take(name, number)
        self._frames.update(zip(numbers, self._gathered.finish(), strict=True))
        return len(new)

    def people(self, process: TiedProcess) -> People:
        """Everybody, once OpenPose has ended."""
        if not self._frames:
            raise OpenPoseFailed("video", process.words(), process.poll())
        numbers, n_frames = sorted(self._frames), self._video.info.n_frames
        if numbers != list(range(n_frames)):
            raise self._differ(f"{len(numbers)} frames ({numbers[0]} to {numbers[-1]})")
        by_frame = [self._frames[number] for number in numbers]
        xyc = np.concatenate([*by_frame, np.zeros((0, N_KEYPOINTS, 3), np.float32)])
        return People(xyc, np.repeat(numbers, [len(people) for people in by_frame]), n_frames, "openpose")

    def _take(self, name: str, number: int) -> None:
        """Parse one file, which is taken away then unless it is to be kept."""
        if number >= self._video.info.n_frames:  # at once, for it might go on without end
            raise self._differ(f"a frame {number} (the first is 0)")
        if number in self._numbers:
            raise ClipRejected(
                "duplicate-frame",
                f"{self._video.path}: OpenPose wrote frame {number} twice, the second time as {name}; look at what "
                "openpose.bin is",
            )
        self._numbers.add(number)
        data = _content_of(self._folder / name)
        self._gathered.add(load_json(data, name), name, data)
        if self._keeps:
            self._seen.add(name)
        else:
            (self._folder / name).unlink(missing_ok=True)

    def _differ(self, wrote: str) -> ClipRejected:
        return ClipRejected(
            "frames-differ",
            f"{self._video.path}: OpenPose wrote {wrote} of the video's {self._video.info.n_frames}; convert the "
            "video, or take openpose.door: binding",
        )


def _remove(folder: Path) -> None:
    """A folder, or what the program has put in its place."""
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)
    else:
        folder.unlink(missing_ok=True)


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise OpenPoseFailed("output", "the folder it was to write into has gone", None) from error


def _content_of(path: Path) -> bytes:
    """A file's content; a link is not followed, and a pipe not waited for."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO):
            raise
        raise _no_file(path) from error
    try:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            raise _no_file(path)
        refuse_large(path.name, state.st_size, MAX_JSON_BYTES)
        return os.read(handle, MAX_JSON_BYTES)
    finally:
        os.close(handle)


def _no_file(path: Path) -> OpenPoseFailed:
    return OpenPoseFailed("output", f"{path.name} is no file but a folder, a link or a pipe, or has gone", None)
