"""What there is of what is wanted, and what fetching the rest will take; nothing is asked of any server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .places import is_unpacked, part_of, place, video_at
from .register import Register
from .space import peak_bytes
from .wanted import RemoteArchive, RemoteFile, SiteVideo, Wanted


@dataclass(frozen=True, slots=True)
class Survey:
    """Counts and bytes of what is wanted.

    Attributes:
        n_present: Files that are there; an archive that was unpacked counts with all its parts.
        n_to_fetch: Files that are not.
        bytes_present: Length of those that are there, of an unpacked archive that of its files.
        bytes_to_fetch: Still to come of those that are not, as far as their sizes are known, less what came of them.
        n_unknown: Files to fetch of which no size is known.
        n_videos: Videos of video sites to fetch: neither there nor known to be gone.
        n_gone: Files and videos that were asked for and are gone.
        disk_bytes: Room that fetching and unpacking needs.
    """

    n_present: int
    n_to_fetch: int
    bytes_present: int
    bytes_to_fetch: int
    n_unknown: int
    n_videos: int
    n_gone: int
    disk_bytes: int


def survey(wanted: Sequence[Wanted], folder: Path, keep_archives: bool = False) -> Survey:
    """Look at names and lengths only; whether a file that is there is the right one is seen when it is fetched.

    Args:
        wanted: All that a corpus wants.
        folder: Of the corpus; need not exist.
        keep_archives: Archives stay after they were unpacked.

    Raises:
        FormatError: A name leads out of the folder, or the register cannot be read.
    """
    register = Register.read(folder)
    archives = [want for want in wanted if isinstance(want, RemoteArchive)]
    packed = [archive for archive in archives if not is_unpacked(place(folder, archive.into))]
    whole = [archive for archive in archives if is_unpacked(place(folder, archive.into))]
    files = [want for want in wanted if isinstance(want, RemoteFile)]
    files += [part for archive in packed for part in archive.parts]
    lengths = {file.path: _length(place(folder, file.path)) for file in files}
    absent = [file for file in files if lengths[file.path] is None]
    to_come = [remaining_bytes(file, folder) for file in absent]
    videos = [want for want in wanted if isinstance(want, SiteVideo) and not video_at(place(folder, want.path))]
    asked = [file.path for file in absent] + [video.path for video in videos]
    gone = [path for path in asked if (row := register.get(path)) and row.outcome == "gone"]
    return Survey(
        n_present=len(files) - len(absent) + sum(len(archive.parts) for archive in whole),
        n_to_fetch=len(absent),
        bytes_present=sum(length or 0 for length in lengths.values())
        + sum(_unpacked_bytes(register, archive) for archive in whole),
        bytes_to_fetch=sum(to_come),
        n_unknown=sum(not size_of(file) for file in absent),
        n_videos=sum(video.path not in gone for video in videos),
        n_gone=len(gone),
        disk_bytes=peak_bytes(to_come, [_before_and_after(archive) for archive in packed], keep_archives),
    )


def size_of(file: RemoteFile) -> int:
    """Bytes that a file will have at most, 0 where nothing is known."""
    return max(file.sizes, default=file.about_bytes)


def remaining_bytes(file: RemoteFile, folder: Path) -> int:
    """Bytes still to come of a file that is not there."""
    part = part_of(place(folder, file.path))
    return max(size_of(file) - (part.stat().st_size if part.exists() else 0), 0)


def _length(path: Path) -> int | None:
    """None where there is no file."""
    return path.stat().st_size if path.is_file() else None


def _unpacked_bytes(register: Register, archive: RemoteArchive) -> int:
    row = register.get(archive.into)
    return (row.n_bytes if row else None) or archive.unpacked_bytes


def _before_and_after(archive: RemoteArchive) -> tuple[int, int]:
    n_packed = sum(size_of(part) for part in archive.parts)
    return n_packed, archive.unpacked_bytes or n_packed
