"""Unpack an archive from a stranger into a folder of its own, whole or not at all.

Zips (also split ones, and with a password), tars (plain, gzip, bzip2, xz, zstandard) and 7z; the kind is told by the
first bytes, not by the suffix. Names, links and announced sizes are checked as `formats.archive_reader` does for all
archives; what is written is counted by `unpack_tree`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..errors import FormatError, UsageError
from ..formats.archive_reader import telling
from ..formats.atomic import sync_files
from .joined import Archive, open_parts
from .places import is_unpacked, unpacking_of
from .unpack_tree import Tree

_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08", b"PK00")
_SEVEN_ZIP = b"7z\xbc\xaf"


def unpack(
    parts: Sequence[Path], into: Path, *, password: str = "", advance: Callable[[int], None] = lambda n_bytes: None
) -> int:
    """Unpack an archive into the new folder `into`.

    Files are written to `.<into>.unpacking`, which takes its final name when everything is there, every checksum holds
    and the disk has it; one left by a run that was killed is begun anew. Of members only names and content are kept: no
    modes, owners or times, no folders that hold nothing.

    Args:
        parts: The archive's files in order; several are one archive cut by bytes, or a split zip.
        into: Where to; it may be an empty folder, or not be there.
        password: Password of its members, empty where they have none.
        advance: Told again and again how many bytes were written since it was last told.

    Returns:
        Bytes written.

    Raises:
        FormatError: The archive is damaged, empty, of an unknown kind, wants another password, or is not safe to
            unpack.
        MissingError: A part is not there, or a package that this kind of archive needs.
        RunError: The disk is too small.
        UsageError: `into` holds something.
    """
    if into.exists() and not (into.is_dir() and next(into.iterdir(), None) is None):
        raise UsageError(
            f"{into}: is in the way of what {parts[0].name if parts else 'an archive'} unpacks to; move it"
        )
    with open_parts(parts, password) as archive, _whole_or_nothing(into) as folder:
        tree = Tree(folder, archive.path, archive.n_bytes, advance)
        with telling(archive.path), _in_memory(archive.path):
            _unpacker(archive, parts[-1].suffix)(archive, tree)
        tree.refuse_twins()
        if not is_unpacked(folder):
            raise FormatError(f"{archive.path}: there is no file in it; fetch it again")
        _sync(folder)
    return tree.n_bytes


@contextmanager
def _whole_or_nothing(into: Path) -> Iterator[Path]:
    unfinished = unpacking_of(into)
    _remove(unfinished)
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        unfinished.replace(into)
    except BaseException:
        _remove(unfinished)
        raise


def _sync(folder: Path) -> None:
    """Who is told that an archive was unpacked may delete it: wait until the disk has what was in it.

    In one go where the system can: to ask for five million files one by one would take an hour.
    """
    if hasattr(os, "sync"):
        os.sync()
    else:
        sync_files(folder)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _in_memory(path: Path) -> Iterator[None]:
    """A damaged header can ask for gigabytes."""
    try:
        yield
    except MemoryError as error:
        raise FormatError(
            f"{path}: cannot be unpacked in the memory there is; it is damaged, or was packed for larger machines"
        ) from error


def _unpacker(archive: Archive, last_suffix: str) -> Callable[[Archive, Tree], None]:
    """What unpacks this kind; modules of the other kinds are not imported."""
    magic = archive.file.read(4)
    archive.file.seek(0)
    if magic == _SEVEN_ZIP:
        from .unpack_7z import unpack_7z

        return unpack_7z
    # By its name the last part of one that came without the first: it can say itself what it lacks.
    if magic in _ZIP or last_suffix.lower() == ".zip":
        from .unpack_zip import unpack_zip

        return unpack_zip
    from .unpack_tar import unpack_tar

    return unpack_tar
