"""The bytes of a file that has not come whole, kept from one try and one run to the next."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

from ..formats.atomic import atomic_path
from .checks import Digest, digest_of
from .places import note_of, part_of


@dataclass(frozen=True, slots=True)
class Note:
    """Which version of which file the bytes are of.

    Attributes:
        address: Where they came from.
        etag: Its entity tag, empty where the server gave none.
        last_modified: Its date as the server wrote it, empty where it gave none.
        n_total: Bytes of the whole, None where the server did not say.
        encoding: Encoding of the transfer that the bytes are in, empty for none.
    """

    address: str
    etag: str = ""
    last_modified: str = ""
    n_total: int | None = None
    encoding: str = ""

    @property
    def condition(self) -> str:
        """Value for `If-Range`: a strong entity tag, else a date, else nothing (RFC 9110 section 13.1.5)."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified

    def with_more_of(self, other: Note) -> Note:
        """This, with what only the other says: the answer to a part need not say everything again."""
        return replace(
            self,
            etag=self.etag or other.etag,
            last_modified=self.last_modified or other.last_modified,
            n_total=self.n_total or other.n_total,
        )

    def same_version(self, other: Note) -> bool:
        """Whether nothing that both say of the file differs."""
        said = ((self.etag, other.etag), (self.last_modified, other.last_modified), (self.n_total, other.n_total))
        return self.encoding == other.encoding and all(a == b for a, b in said if a and b)


class Part:
    """What there is of one file.

    Its note is on the disk before the first of its bytes, so that bytes are never taken for another version's.

    Args:
        whole: Where the file goes when it is whole.
        address: Where it comes from now.
        pinned: A checksum is known, which will tell if bytes of two versions were joined.
        with_md5: That checksum is an MD5.
    """

    def __init__(self, whole: Path, address: str, *, pinned: bool, with_md5: bool) -> None:
        self.path, self._note_path = part_of(whole), note_of(whole)
        self._pinned, self._with_md5 = pinned, with_md5
        self._digest: Digest | None = None
        self.note = _read_note(self._note_path) or Note(address)
        if self.note.address != address:
            self.note = Note(address)

    @property
    def n_kept(self) -> int:
        """Bytes that the file can be completed from; 0 where nothing says which version they are of."""
        usable = (self.note.condition or self._pinned) and self.path.is_file() and not self.path.is_symlink()
        return self.path.stat().st_size if usable else 0

    @property
    def digest(self) -> Digest:
        """Length and checksum of what there is."""
        if self._digest is None:
            self._digest = digest_of(self.path, self._with_md5)
        return self._digest

    def begin(self, note: Note) -> None:
        """Forget what there is: another version begins."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Whatever is there, a link to another file or a pipe among it, is not written into.
        self.path.unlink(missing_ok=True)
        self.path.touch(exist_ok=False)
        with atomic_path(self._note_path, sync=False) as path:
            path.write_text(json.dumps(asdict(note)), encoding="utf-8")
        self.note = note
        self._digest = Digest(self._with_md5)

    def open(self) -> BinaryIO:
        """To append to, by `write`."""
        return self.path.open("ab", buffering=0)

    def write(self, file: BinaryIO, data: bytes) -> None:
        """Append bytes."""
        digest = self.digest
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        digest.update(data)

    def drop(self) -> None:
        """Nothing of it is worth keeping."""
        self.path.unlink(missing_ok=True)
        self._note_path.unlink(missing_ok=True)
        self.note = Note(self.note.address)
        self._digest = None

    def finish(self, target: Path) -> None:
        """Name it `target`: on the disk first, so that no name stands for bytes that a power cut takes away."""
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
        self.path.replace(target)
        self._note_path.unlink(missing_ok=True)


def _read_note(path: Path) -> Note | None:
    """None where there is none, or a person or a power cut changed it."""
    if not path.is_file():
        return None
    try:
        values = json.loads(path.read_bytes())
        note = Note(**values)
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    texts = (note.address, note.etag, note.last_modified, note.encoding)
    sound = all(isinstance(text, str) and text.isprintable() for text in texts)
    return note if sound and isinstance(note.n_total, int | None) else None
