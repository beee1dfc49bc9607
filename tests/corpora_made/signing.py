"""A person signing, for corpora that are made: the drawn signer of the embedded sample."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from itertools import islice
from pathlib import Path

SAMPLE = Path(__file__).resolve().parents[2] / "prompt2sign" / "sample" / "videos"
#: Seconds that each of the five films has at least.
SECONDS = 3.6


def film(number: int) -> Path:
    """One of five short films, 480x360 at 25 fps, some 75 to 120 KB."""
    return SAMPLE / f"sample-{number:02d}.mp4"


def copy_film(number: int, path: Path) -> Path:
    """One of the films under another name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(film(number), path)
    return path


def copy_start(number: int, path: Path, n_frames: int = 12) -> Path:
    """The first frames of one of the films: for whole clips that an estimator is to look at."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_start(number, n_frames), path)
    return path


@cache
def _start(number: int, n_frames: int) -> Path:
    import av

    short = Path(tempfile.mkdtemp()) / "start.mp4"
    with av.open(str(film(number))) as whole, av.open(str(short), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 480, 360, "yuv420p"
        for frame in islice(whole.decode(video=0), n_frames):
            frame.pts = None
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return short


def write_pictures(number: int, folder: Path, first: int, n_frames: int, size: tuple[int, int]) -> None:
    """Some frames of a film as `images0001.png`, ... of a size, the way PHOENIX-2014T has them."""
    import av
    import cv2

    folder.mkdir(parents=True)
    with av.open(str(film(number))) as container:
        for place, frame in enumerate(container.decode(video=0)):
            if first <= place < first + n_frames:
                picture = cv2.resize(frame.to_ndarray(format="bgr24"), size, interpolation=cv2.INTER_AREA)
                # Sixteen shades a colour make small files.
                cv2.imwrite(str(folder / f"images{place - first + 1:04d}.png"), picture & 0xF0)
