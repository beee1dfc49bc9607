"""Files that are there already: of an earlier run, or put there by a person."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from .checks import HEAD, digest_of, fault, is_page, may_be_page, promise
from .register import Entry, done
from .trouble import Trouble
from .wanted import RemoteFile


def found(file: RemoteFile, path: Path, entry: Entry) -> Entry | None:
    """The row of a file that is there, whoever brought it; None where there is none.

    Its checksum is taken once: afterwards an unchanged length and time stand for it, as long as what was published of
    it is the same too. A file that changed was touched by a person, and is theirs from then on.

    Raises:
        Trouble: There is a file, but not the one that was promised. It is left as it is.
    """
    if not path.is_file():
        return None
    untouched = is_untouched(path, entry)
    if untouched and entry.promise == promise(file):
        return entry
    mtime_ns = path.stat().st_mtime_ns
    digest = digest_of(path, with_md5=bool(file.md5))
    with path.open("rb") as opened:
        page = is_page(opened.read(HEAD)) and not may_be_page(file.path)
    if problem := "it is a web page" if page else fault(file, path, digest, trusted=True):
        raise Trouble(
            "mismatch",
            f"the file there is not the published one: {problem}. Delete {path} to have it fetched",
            outcome="refused",
        )
    row = done(entry, digest.n_bytes, sha256=digest.sha256, mtime_ns=mtime_ns, promise=promise(file))
    row = replace(row, tool=entry.tool if untouched else "")
    return row if row.sha256 == entry.sha256 else replace(row, etag="", last_modified="")


def is_untouched(path: Path, entry: Entry) -> bool:
    """Whether a file is there and is the one in its row, as far as length and time tell."""
    if entry.outcome != "done" or not path.is_file():
        return False
    state = path.stat()
    return (entry.n_bytes, entry.mtime_ns) == (state.st_size, state.st_mtime_ns)
