"""What a corpus wants, with the sizes and checksums of a made copy instead of those of the published files."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import replace

from prompt2sign.acquire.wanted import RemoteArchive, RemoteFile, Wanted

from . import Made


def pinned(wanted: Sequence[Wanted], made: Made) -> tuple[Wanted, ...]:
    """The same records; each file that is served keeps the kinds of facts it has, as they are for the made bytes."""
    return tuple(
        replace(one, parts=tuple(_pinned(part, made) for part in one.parts))
        if isinstance(one, RemoteArchive)
        else _pinned(one, made)
        if isinstance(one, RemoteFile)
        else one
        for one in wanted
    )


def _pinned(file: RemoteFile, made: Made) -> RemoteFile:
    if file.url not in made.served:
        return file
    data = made.served[file.url].read_bytes()
    plain = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    return replace(
        file,
        about_bytes=len(data),
        sizes=(len(data),) if file.sizes else (),
        sha256=(hashlib.sha256(data).hexdigest(),) if file.sha256 else (),
        md5=hashlib.md5(data).hexdigest() if file.md5 else "",
        unzipped_sha256=hashlib.sha256(plain).hexdigest() if file.unzipped_sha256 else "",
    )
