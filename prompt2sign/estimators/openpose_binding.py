"""OpenPose through pyopenpose, in a process of its own that keeps the networks loaded from clip to clip.

Pictures are decoded here, in a thread, while OpenPose looks at the one before: pyopenpose holds Python's lock while it
works, so that no thread of its own process could.
"""

from __future__ import annotations

import json
import select
import struct
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..media import Frames
from ..skeleton import N_KEYPOINTS
from . import openpose_child
from .json_frames import People
from .openpose_flags import Flags
from .openpose_process import START_S, TiedProcess

_SIZE, _COUNT = struct.Struct("<2I"), struct.Struct("<i")
_END_OF_CLIP = _SIZE.pack(0, 0)
_PERSON_BYTES = N_KEYPOINTS * 3 * 4


class BindingDoor:
    """pyopenpose.

    Args:
        folder: Where it lies; "" where Python finds it.
        models: Folder of the networks.
        stall_s: Seconds without a frame after which it is ended.
    """

    name = "binding"

    def __init__(self, folder: str, models: Path, stall_s: float) -> None:
        self._folder, self._models, self._stall_s = folder, models, stall_s
        self._process: TiedProcess | None = None
        self._flags: Flags = {}
        self._warm = False

    def people(self, video: Frames, flags: Flags) -> People:
        """Everybody in every frame.

        Raises:
            OpenPoseFailed: It ended or was stuck; the next call starts it anew.
            ClipRejected: The video cannot be decoded.
        """
        process = self._started(flags)
        frames = self._exchange(video, process)
        process.forget_words()
        numbers = np.repeat(np.arange(len(frames)), [len(people) for people in frames])
        xyc = np.concatenate([*frames, np.zeros((0, N_KEYPOINTS, 3), np.float32)])
        return People(xyc, numbers, len(frames), "openpose")

    def close(self) -> None:
        """End its process."""
        if self._process is not None:
            self._process.end()
            self._process = None

    def _started(self, flags: Flags) -> TiedProcess:
        """The process with these flags; they are the process's own, so that others need another."""
        if self._process is not None and (flags != self._flags or self._process.poll() is not None):
            self.close()
        if self._process is None:
            own = {"model_folder": f"{self._models}/", "render_pose": 0}
            # -P keeps this folder off Python's path, where our own `openpose` would stand in for OpenPose's.
            command = [sys.executable, "-P", openpose_child.__file__, self._folder, json.dumps({**own, **flags})]
            self._process, self._flags, self._warm = TiedProcess(command, talks=True), flags, False
        return self._process

    def _exchange(self, video: Frames, process: TiedProcess) -> list[NDArray[np.float32]]:
        """(P, 137, 3) of each frame of the clip."""
        feeder = _Feeder(video, process)
        feeder.start()
        try:
            frames = self._answers(process)
        except BaseException:
            process.kill()
            raise
        finally:
            feeder.join()
        if feeder.error is not None:
            raise feeder.error
        return frames

    def _answers(self, process: TiedProcess) -> list[NDArray[np.float32]]:
        """(P, 137, 3) of each frame of the clip."""
        frames: list[NDArray[np.float32]] = []
        while True:
            deadline = time.monotonic() + self._stall_s + (0 if self._warm else START_S)
            (n_people,) = _COUNT.unpack(self._read(process, _COUNT.size, deadline))
            if n_people < 0:
                return frames
            self._warm = True
            people = self._read(process, n_people * _PERSON_BYTES, deadline)
            frames.append(np.frombuffer(people, "<f4").reshape(-1, N_KEYPOINTS, 3))

    def _read(self, process: TiedProcess, n_bytes: int, deadline: float) -> bytes:
        data = b""
        while len(data) < n_bytes:
            ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise process.stuck()
            chunk = process.stdout.read(n_bytes - len(data))
            if not chunk:
                raise process.failed()
            data += chunk
        return data


class _Feeder(threading.Thread):
    """Decodes a clip and hands it over, one picture ahead; `error` is what stopped it."""

    def __init__(self, video: Frames, process: TiedProcess) -> None:
        super().__init__(daemon=True)
        self._video, self._process = video, process
        self.error: BaseException | None = None

    def run(self) -> None:
        # A pipe that breaks is the process's end, which whoever reads the answers tells better.
        with suppress(BrokenPipeError):
            try:
                for picture in self._video.frames():
                    self._give(_SIZE.pack(*picture.shape[:2]))
                    self._give(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR).data)
            except BrokenPipeError:
                raise
            except BaseException as error:
                self.error = error
            self._give(_END_OF_CLIP)

    def _give(self, data: bytes | memoryview) -> None:
        rest = memoryview(data).cast("B")
        while rest:
            rest = rest[self._process.stdin.write(rest) :]
