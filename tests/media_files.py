"""Makes small real videos whose frames show their own number, with an encoder that is not the one under test."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, BLOCK, BITS = 96, 64, 16, 12
_GREY = ["-f", "rawvideo", "-pix_fmt", "gray"]


def ffmpeg(*arguments: str | Path, data: bytes = b"") -> bytes:
    """Run the encoder and give back what it writes to stdout."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *map(str, arguments)]
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def numbered_frame(number: int, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """A grey picture with the number in 12 black or white blocks, six a row."""
    frame = np.full((height, width), 128, dtype=np.uint8)
    for bit in range(BITS):
        y, x = bit // 6 * BLOCK, bit % 6 * BLOCK
        frame[y : y + BLOCK, x : x + BLOCK] = 235 if number >> bit & 1 else 20
    return frame


def read_number(frame: NDArray[np.uint8]) -> int:
    """The number a frame shows; (H, W) or (H, W, 3)."""
    grey = frame if frame.ndim == 2 else frame.mean(axis=2)
    blocks = [
        grey[bit // 6 * BLOCK + 4 : bit // 6 * BLOCK + 12, bit % 6 * BLOCK + 4 : bit % 6 * BLOCK + 12].mean()
        for bit in range(BITS)
    ]
    return sum(int(value > 128) << bit for bit, value in enumerate(blocks))


def numbered_video(
    path: Path, n_frames: int, rate: str = "25", *options: str, size: tuple[int, int] = (WIDTH, HEIGHT)
) -> Path:
    """A video of numbered frames: H.264 with B-frames and one keyframe in 250 unless the options say otherwise."""
    data = b"".join(numbered_frame(number, *size).tobytes() for number in range(n_frames))
    source = [*_GREY, "-s", f"{size[0]}x{size[1]}", "-r", rate, "-i", "-"]
    codec = ["-c:v", "libx264", "-preset", "veryfast", "-g", "250", "-bf", "3", "-pix_fmt", "yuv420p"]
    ffmpeg(*source, *([] if "-c:v" in options else codec), *options, path, data=data)
    return path


def numbers_in(path: Path, size: tuple[int, int] = (WIDTH, HEIGHT)) -> list[int]:
    """The numbers a player would show one after the other, decoded without the code under test."""
    data = ffmpeg("-i", path, "-fps_mode", "passthrough", *_GREY, "-")
    frames = np.frombuffer(data, dtype=np.uint8).reshape(-1, size[1], size[0])
    return [read_number(frame) for frame in frames]


def numbered_pictures(folder: Path, numbers: list[int], name: str = "images{:04d}.png") -> Path:
    """A folder of numbered pictures."""
    import cv2

    folder.mkdir(parents=True)
    for number in numbers:
        cv2.imwrite(str(folder / name.format(number)), numbered_frame(number))
    return folder
