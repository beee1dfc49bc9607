"""Zips: stored or deflated, with Zip64, split, or with the password of old (ZipCrypto)."""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from ..errors import FormatError
from ..formats.archive_reader import CHUNK, Entry, Tally, unsafe
from .joined import Archive
from .unpack_tree import Tree
from .zip_crypto import HEADER_BYTES, Decrypt, cipher
from .zip_directory import Member, read_directory

_ENCRYPTED, _STREAMED, _STRONG = 1 << 0, 1 << 3, 1 << 6
_STORED, _DEFLATED, _AES = 0, 8, 99
_LOCAL_HEADER = struct.Struct("<4s22x2H")


def unpack_zip(archive: Archive, tree: Tree) -> None:
    """Unpack a zip; raises `FormatError` as `unpack` does."""
    members = list(_files(archive, read_directory(archive)))
    tree.expect(sum(member.n_bytes for member, _ in members))
    n_encrypted = sum(member.n_packed for member, _ in members if member.flags & _ENCRYPTED)
    begin = cipher(archive.password.encode(), n_encrypted)
    for member, name in members:
        tree.write(Entry(name, member.n_bytes, partial(_content, archive, member, begin)))


def _files(archive: Archive, members: Iterable[Member]) -> Iterator[tuple[Member, str]]:
    """What is no folder, with its checked name."""
    tally = Tally(archive.path, archive.n_bytes)
    for member in members:
        if member.name.endswith("/") or (member.name.endswith("\\") and not member.n_bytes):  # `\` of Windows
            continue
        fault = _fault(member, archive.password)
        if fault:
            raise unsafe(archive.path, member.name, fault)
        yield member, tally.add(member.name, member.n_bytes)


def _fault(member: Member, password: str) -> str:
    if member.mode not in (0, stat.S_IFREG):
        return "is a link" if member.mode == stat.S_IFLNK else "is a device, pipe or socket"
    if member.flags & _STRONG or member.method == _AES:
        return "is encrypted by AES, which is not read here; unpack the archive with 7-Zip"
    if member.flags & _ENCRYPTED and not password:
        return "is encrypted, and no password was given"
    if member.method not in (_STORED, _DEFLATED):
        return f"is packed by a rare method (number {member.method})"
    return ""


def _content(archive: Archive, member: Member, begin: Callable[[], Decrypt]) -> Iterator[bytes]:
    """A member's bytes, counted and compared with its size and checksum."""
    packed = _packed(archive, member)
    if member.flags & _ENCRYPTED:
        packed = _decrypted(archive, member, packed, begin)
    n_bytes = crc = 0
    for chunk in _inflated(packed) if member.method == _DEFLATED else packed:
        n_bytes += len(chunk)
        crc = zlib.crc32(chunk, crc)
        if n_bytes > member.n_bytes:
            break
        yield chunk
    if n_bytes != member.n_bytes or crc != member.crc:
        why = "; the password may be another one" if member.flags & _ENCRYPTED else ""
        raise FormatError(
            f"{archive.path}: member {member.name!r} does not match its size or checksum{why}. Fetch the archive again"
        )


def _packed(archive: Archive, member: Member) -> Iterator[bytes]:
    file = archive.file
    file.seek(member.offset)
    magic, n_name, n_extra = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    if magic != b"PK\x03\x04" or file.read(n_name) != member.name_bytes:
        raise ValueError(f"{member.name} is not where the table of contents says")
    file.seek(n_extra, 1)
    left = member.n_packed
    while left:
        chunk = file.read(min(left, CHUNK))
        if not chunk:
            raise ValueError(f"it is cut off inside {member.name}")
        left -= len(chunk)
        yield chunk


def _decrypted(
    archive: Archive, member: Member, packed: Iterator[bytes], begin: Callable[[], Decrypt]
) -> Iterator[bytes]:
    decrypt = begin()
    # One byte tells a wrong password: the checksum's highest, or the time's where the checksum came later.
    expected = member.time >> 8 if member.flags & _STREAMED else member.crc >> 24
    first = decrypt(next(packed, b""))
    if len(first) < HEADER_BYTES or first[HEADER_BYTES - 1] != expected:
        raise FormatError(f"{archive.path}: member {member.name!r} has another password than the one given")
    yield first[HEADER_BYTES:]
    yield from map(decrypt, packed)


def _inflated(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Never more than a chunk at once, whatever the stream would give."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for chunk in packed:
        rest = chunk
        while rest and not inflater.eof:
            yield inflater.decompress(rest, CHUNK)
            rest = inflater.unconsumed_tail
    if not inflater.eof:
        yield inflater.flush()
