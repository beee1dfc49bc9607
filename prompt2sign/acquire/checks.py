"""Is it what was promised: lengths, checksums, and web pages that come instead of files."""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from .wanted import RemoteFile

BLOCK = 1 << 20
_BEFORE_PAGE = re.compile(rb"(?:<\?xml[^>]*>|<!--.*?-->)\s*", re.IGNORECASE | re.DOTALL)
_PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|body|title)\b", re.IGNORECASE)
#: Bytes from which a page is told.
HEAD = 1024
_GZIP = b"\x1f\x8b"
#: What `gunzipped` raises for bytes that are none.
DAMAGED_GZIP = (gzip.BadGzipFile, EOFError, zlib.error)


class Digest:
    """Length and checksums of bytes that pass by.

    Args:
        with_md5: Take the MD5 as well, which costs more than SHA-256 does.

    Attributes:
        n_bytes: How many passed.
    """

    def __init__(self, with_md5: bool = False) -> None:
        self.n_bytes = 0
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False) if with_md5 else None

    def update(self, data: bytes) -> None:
        """Take in more bytes."""
        self.n_bytes += len(data)
        self._sha256.update(data)
        if self._md5:
            self._md5.update(data)

    @property
    def sha256(self) -> str:
        """Of all that passed, hexadecimal."""
        return self._sha256.hexdigest()

    @property
    def md5(self) -> str:
        """Of all that passed, hexadecimal; empty where it was not to be taken."""
        return self._md5.hexdigest() if self._md5 else ""


def digest_of(path: Path, with_md5: bool = False) -> Digest:
    """Length and checksums of a file, read once from end to end."""
    return _digest(_blocks(path), with_md5)


def is_pinned(file: RemoteFile) -> bool:
    """Whether a checksum is known, by which a file may be trusted that came on an untrusted way."""
    return bool(_accepted(file) or file.md5)


def promise(file: RemoteFile) -> str:
    """All that was published by which a file is told, in one line; empty where nothing was.

    A file that fitted once need not be looked at again until this says something else.
    """
    return " ".join([*map(str, file.sizes), *file.sha256, file.md5, file.unzipped_sha256]).strip()


def fault(file: RemoteFile, path: Path, digest: Digest, *, trusted: bool) -> str:
    """What is wrong with a file that has come whole.

    A file whose gunzipped content has an accepted checksum is right as it is: there are servers that send a `.tar.gz`
    sometimes as it is and sometimes with its gzip taken for an encoding of the transfer, and lists of checksums that
    were made from either. Where only the checksum of that content was published, the length proves nothing: the same
    content can be packed in many ways.

    Args:
        file: What was promised.
        path: What came.
        digest: Of that.
        trusted: It came from the server itself; otherwise a length alone proves nothing.

    Returns:
        Words for people, empty where nothing is wrong.
    """
    if digest.n_bytes == 0 and 0 not in file.sizes:
        return "it is empty"
    accepted = _accepted(file)
    if digest.sha256 in accepted or (accepted and _gunzipped_sha256(path) in accepted):
        return ""
    if not accepted and file.md5:
        return "" if digest.md5 == file.md5.lower() else f"its MD5 is {digest.md5}, published is {file.md5}"
    if (trusted and digest.n_bytes in _sizes_without_checksum(file)) or not (accepted or file.sizes):
        return ""
    if digest.n_bytes not in file.sizes and file.sizes:
        return f"it has {digest.n_bytes:,} bytes, published are {' or '.join(f'{size:,}' for size in file.sizes)}"
    return f"its SHA-256 is {digest.sha256}, published is {' or '.join(sorted(accepted))}"


def is_page(head: bytes) -> bool:
    """Whether bytes begin as a web page does, whatever the server calls them."""
    rest = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:HEAD]
    # One step at a time: a pattern that could part the same comments in many ways would try them all.
    while before := _BEFORE_PAGE.match(rest):
        rest = rest[before.end() :]
    return bool(_PAGE.match(rest))


def may_be_page(path: str) -> bool:
    """Whether a file of this name is a web page itself."""
    return path.lower().endswith((".html", ".htm", ".xhtml"))


def is_gzip_name(path: str) -> bool:
    """Whether a file of this name is kept gzipped."""
    return path.lower().endswith((".gz", ".tgz"))


def gunzipped(path: Path) -> Iterator[bytes]:
    """The content of a gzip file of one or more members, in blocks of bounded size.

    Raises:
        DAMAGED_GZIP: It is no gzip, or damaged.
    """
    with gzip.open(path) as file:
        while block := file.read(BLOCK):
            yield block


def _accepted(file: RemoteFile) -> set[str]:
    """Of its bytes, or of what its gzip holds."""
    return {checksum.lower() for checksum in (*file.sha256, file.unzipped_sha256) if checksum}


def _gunzipped_sha256(path: Path) -> str:
    """Empty where it is no gzip."""
    with path.open("rb") as file:
        if file.read(2) != _GZIP:
            return ""
    try:
        return _digest(gunzipped(path)).sha256
    except DAMAGED_GZIP:
        return ""


def _sizes_without_checksum(file: RemoteFile) -> set[int]:
    if file.unzipped_sha256:
        return set()
    return {size for size, checksum in zip_longest(file.sizes, file.sha256) if size is not None and not checksum}


def _digest(blocks: Iterator[bytes], with_md5: bool = False) -> Digest:
    digest = Digest(with_md5)
    for block in blocks:
        digest.update(block)
    return digest


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block
