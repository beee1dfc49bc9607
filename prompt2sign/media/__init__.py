"""Videos and folders of pictures: probe, read frames, cut exactly.

Everything goes through PyAV, whose wheels carry the codecs: no ffmpeg program is needed.
"""

from pathlib import Path

from .crop import Box
from .cut import Cut, Span, find_cut
from .pictures import Pictures
from .timeline import VideoInfo, probe
from .trim import TrimReport, trim
from .video import Frames, Video

__all__ = [
    "Box",
    "Cut",
    "Frames",
    "Pictures",
    "Span",
    "TrimReport",
    "Video",
    "VideoInfo",
    "find_cut",
    "open_frames",
    "probe",
    "trim",
]


def open_frames(path: Path, fps: float | None = None) -> Frames:
    """A video file, or a folder of numbered pictures.

    Args:
        path: File or folder.
        fps: Frames per second of the pictures; a video knows its own.

    Raises:
        ClipRejected: It cannot be used; see `Video` and `Pictures`.
    """
    return Pictures(path, fps) if path.is_dir() else Video(path)
