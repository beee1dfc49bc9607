"""Where wanted things go inside the folder of their corpus, whatever an index from outside calls them."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from ..annotations.names import VIDEO_SUFFIXES
from ..errors import FormatError
from .trouble import Trouble

#: Endings and names that fetching itself uses.
_OWN_SUFFIXES = (".part", ".part.json", ".refused", ".fetching", ".unpacking")
_OWN_NAMES = frozenset({"acquired.parquet", ".lock"})
#: What file systems take for one name, in bytes, less the longest ending of our own.
_MAX_NAME_BYTES = 240


def place(folder: Path, path: str) -> Path:
    """The file that a wanted path means.

    Args:
        folder: Folder of the corpus.
        path: Relative to it, parted by `/`.

    Raises:
        FormatError: It would lie outside the folder, or where fetching keeps its own files, or no disk could hold it.
    """
    if problem := _problem(path):
        raise FormatError(f"{folder}: a file is to be fetched to {path[:200]!r}: {problem}")
    return folder.joinpath(*path.split("/"))


def part_of(whole: Path) -> Path:
    """Where a file lies until it is whole."""
    return whole.with_name(f"{whole.name}.part")


def note_of(whole: Path) -> Path:
    """What is known of the bytes in the part."""
    return whole.with_name(f"{whole.name}.part.json")


def refused_of(whole: Path) -> Path:
    """Where a file is kept that came but was not what was promised."""
    return whole.with_name(f"{whole.name}.refused")


def unpacking_of(into: Path) -> Path:
    """Where an archive is unpacked until all of it is there: no name that a person would give a folder."""
    return into.with_name(f".{into.name}.unpacking")


def is_unpacked(into: Path) -> bool:
    """Whether an archive was unpacked into a folder; what a desktop hides in any folder it shows does not count."""
    return into.is_dir() and any(not path.name.startswith(".") for path in into.iterdir())


def video_at(target: Path) -> Path | None:
    """The video that is there, by its place without a suffix; captions and what is still coming do not count."""
    candidates = (target.with_name(target.name + suffix) for suffix in sorted(VIDEO_SUFFIXES))
    return next((file for file in candidates if file.is_file()), None)


def require_no_links(folder: Path, whole: Path) -> None:
    """Refuse a way that leads out of the folder, before anything is written.

    Raises:
        Trouble: A folder between `folder` and the file is a link.
    """
    for between in whole.relative_to(folder).parents:
        if (folder / between).is_symlink() and between.name:
            raise Trouble(
                "link", f"{folder / between} is a link, and nothing is written through links; put a folder there"
            )


def _problem(path: str) -> str:
    names = path.split("/")
    if not path or any(name in {"", ".", ".."} for name in names):
        return "names of files are relative, without `.` and `..`"
    if "\\" in path or not path.isprintable() or PurePosixPath(path).is_absolute():
        return "backslashes and invisible characters are not taken"
    if any(_n_bytes(name) > _MAX_NAME_BYTES for name in names) or _n_bytes(path) > 16 * _MAX_NAME_BYTES:
        return "it is too long"
    if path.casefold() in _OWN_NAMES or names[-1].casefold().endswith(_OWN_SUFFIXES):
        return "fetching keeps files of its own there"
    return ""


def _n_bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
