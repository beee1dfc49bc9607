"""Opening a video file that may be anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from ..errors import ClipRejected

#: Containers that hold their pictures themselves. Playlists, concat scripts and picture patterns are left out: a file
#: of a corpus must not make us open other files or addresses.
_FORMATS = "mov,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,ogg,asf,mxf,m4v,h264,hevc,gif,mp3,wav,flac,aac"


@contextmanager
def open_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open the first video stream of a file; errors of the container or the codec reject the clip.

    Yields:
        The container and its video stream, set to decode in one thread: builds run one process a core.

    Raises:
        ClipRejected: `missing-video`, `zero-bytes`, `no-video-stream` or `corrupt-video`.
        OSError: The disk or the permissions failed, not the file.
    """
    _check_file(path)
    try:
        with av.open(f"file:{path.absolute()}", options={"format_whitelist": _FORMATS}) as container:
            stream = _video_stream(path, container)
            stream.thread_type = "NONE"
            yield container, stream
    except av.error.EOFError as error:
        raise ClipRejected("no-frames", f"{path}: ends before its first frame; export the video again") from error
    except av.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        raise corrupt(path, f"it cannot be read ({error.strerror})") from error


def corrupt(path: Path, what: str) -> ClipRejected:
    """The rejection of a file whose content is broken."""
    return ClipRejected("corrupt-video", f"{path}: {what}; fetch or export the video again")


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise ClipRejected("missing-video", f"{path}: there is no such video file; check the name and the folder")
    if path.stat().st_size == 0:
        raise ClipRejected("zero-bytes", f"{path}: the file is empty (0 bytes); fetch or copy it again")


def _video_stream(path: Path, container: InputContainer) -> VideoStream:
    """The first stream of moving pictures; the cover picture of a song is none."""
    if not len(container.streams):
        raise corrupt(path, "it holds no streams; its index, which lies at the end, may be missing")
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            return stream
    raise ClipRejected(
        "no-video-stream", f"{path}: holds no video stream (sound only?); bring the file with the pictures"
    )
