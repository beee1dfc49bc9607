"""Tars, plain or compressed; walked through by the one reader that `formats` has for all tars."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from importlib import import_module
from typing import Any, BinaryIO, cast

from ..errors import MissingError
from ..formats.archive_reader import Tar
from .joined import Archive
from .unpack_tree import Tree


def unpack_tar(archive: Archive, tree: Tree) -> None:
    """Unpack a tar; raises `FormatError` as `unpack` does."""
    for entry in _AnyTar(archive).entries():
        tree.write(entry)


class _AnyTar(Tar):
    """A tar in any number of files and in any compression."""

    def __init__(self, archive: Archive) -> None:
        self._open(archive.path, _decompressed(archive), archive.n_bytes)


def _decompressed(archive: Archive) -> BinaryIO:
    magic = archive.file.read(6)
    archive.file.seek(0)
    for beginning, opener in _OPENERS.items():
        if magic.startswith(beginning):
            return cast(BinaryIO, opener(archive.file))
    return archive.file


def _zstandard(file: BinaryIO) -> Any:
    """In Python since 3.14; before that, of the package that py7zr uses too."""
    for module in ("compression.zstd", "backports.zstd"):
        try:
            return import_module(module).ZstdFile(file)
        except ModuleNotFoundError:
            continue
    raise MissingError('a .tar.zst needs a package; pip install "prompt2sign[download]"')


_OPENERS: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file, mode="rb"),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": _zstandard,
}
