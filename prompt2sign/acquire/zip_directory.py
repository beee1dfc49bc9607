"""A zip's table of contents, also of a zip in several files.

Python's zipfile refuses zips that were split (`.z01`, `.z02`, `.zip`), in which every address is the number of a file
and an offset in it. What is read here is described in PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.12 (entries), 4.3.14 to
4.3.16 (the end), 4.5.3 (Zip64), 4.6.9 (Unicode names) and 8 (split archives).
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import FormatError
from .joined import Archive

_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_MAX_COMMENT = 0xFFFF
_LOCAL_HEADER_BYTES = 30
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF
_ZIP_64, _UNICODE_NAME = 0x0001, 0x7075
_UTF_8 = 1 << 11
#: Who writes UTF-8 without saying so: Unix and macOS.
_UNIX_HOSTS = (3, 19)


@dataclass(frozen=True, slots=True)
class Member:
    """One entry.

    Attributes:
        name: As it is to be read, and
        name_bytes: as it stands there.
        flags: General purpose bits.
        method: How it is packed: 0 not at all, 8 by deflate.
        time: Its time of day as DOS wrote it.
        crc: CRC-32 of its content.
        n_packed: Bytes in the archive.
        n_bytes: Bytes when unpacked.
        offset: Where its local header begins in the whole.
        mode: Kind of file as Unix gives it, 0 where it is not told.
    """

    name: str
    name_bytes: bytes
    flags: int
    method: int
    time: int
    crc: int
    n_packed: int
    n_bytes: int
    offset: int
    mode: int


def read_directory(archive: Archive) -> list[Member]:
    """The entries in their order.

    Raises:
        FormatError: Parts of the archive are missing.
        ValueError: There is no table of contents, it is damaged, or entries lie upon each other.
    """
    end = _find_end(archive)
    if end.split and end.n_volumes != len(archive.starts):
        raise FormatError(
            f"{archive.path}: belongs to a split zip of {end.n_volumes} files, and {len(archive.starts)} of them were "
            "given; bring the others (.z01, .z02, ...) beside it"
        )
    starts = archive.starts if end.split else (0,)
    if end.volume >= len(starts):
        raise ValueError("its table of contents lies in a part that does not exist")
    start = starts[end.volume] + end.offset
    # What stands before the archive in its file, such as a program that unpacks it: offsets do not know of it.
    shift = 0 if end.split else end.position - end.n_bytes - start
    if shift < 0 or start + shift + end.n_bytes > end.position:
        raise ValueError("its table of contents is not where it says")
    archive.file.seek(start + shift)
    members = list(_members(archive.file.read(end.n_bytes), [start + shift for start in starts]))
    _refuse_overlaps(members, end)
    return members


def _members(data: bytes, starts: list[int]) -> Iterator[Member]:
    position = 0
    while position < len(data):
        fields = _ENTRY.unpack_from(data, position)
        n_name, n_extra, n_comment = fields[10:13]
        name_start = position + _ENTRY.size
        extra_start = name_start + n_name
        position = extra_start + n_extra + n_comment
        if fields[0] != b"PK\x01\x02" or position > len(data):
            raise ValueError("its table of contents is damaged")
        extra = dict(_extra_fields(data[extra_start : extra_start + n_extra]))
        yield _member(fields, data[name_start:extra_start], extra, starts)


def _member(fields: tuple[int, ...], name: bytes, extra: dict[int, bytes], starts: list[int]) -> Member:
    _, made_by, _, flags, method, time, _, crc, n_packed, n_bytes, *_, volume, _, attributes, offset = fields
    sizes = _zip_64((n_bytes, n_packed, offset, volume), extra.get(_ZIP_64, b""))
    n_bytes, n_packed, offset, volume = sizes
    if volume >= len(starts):
        raise ValueError("an entry lies in a part that does not exist")
    host = made_by >> 8
    mode = stat.S_IFMT(attributes >> 16) if host in _UNIX_HOSTS else 0
    text = _name(name, flags, host, extra)
    return Member(text, name, flags, method, time, crc, n_packed, n_bytes, starts[volume] + offset, mode)


def _refuse_overlaps(members: list[Member], end: _End) -> None:
    """Entries that share their bytes are how small zips become huge (D. Fifield, A better zip bomb, 2019)."""
    if len(members) & _FULL_16 != end.n_members & _FULL_16:
        raise ValueError(f"{end.n_members} files are announced and {len(members)} listed")
    last_end = 0
    for offset, n_packed in sorted((member.offset, member.n_packed) for member in members):
        if offset < last_end:
            raise ValueError("files in it lie upon each other, or it lacks a part")
        last_end = offset + _LOCAL_HEADER_BYTES + n_packed
    if last_end > end.position:
        raise ValueError("files reach into its table of contents, or it lacks a part")


@dataclass(frozen=True, slots=True)
class _End:
    """What the end of a zip says of its table of contents.

    Attributes:
        position: Where the end itself begins in the whole.
        n_volumes: Files the archive was split into.
        split: It was.
        volume: In which of them the table begins, and
        offset: where in it.
        n_bytes: Size of the table.
        n_members: Its entries, or their number modulo 65536.
    """

    position: int
    n_volumes: int
    volume: int
    offset: int
    n_bytes: int
    n_members: int

    @property
    def split(self) -> bool:
        return self.n_volumes > 1


def _find_end(archive: Archive) -> _End:
    tail_start = max(0, archive.n_bytes - _END.size - _MAX_COMMENT - _LOCATOR_64.size)
    archive.file.seek(tail_start)
    tail = archive.file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        raise ValueError("its end is missing: it is cut off")
    _, last, volume, _, n_members, n_bytes, offset, n_comment = _END.unpack_from(tail, at)
    if at + _END.size + n_comment > len(tail):
        raise ValueError("its end is cut off")
    if at >= _LOCATOR_64.size and tail[at - _LOCATOR_64.size :].startswith(b"PK\x06\x07"):
        return _find_end_64(archive, tail_start + at - _LOCATOR_64.size)
    return _End(tail_start + at, last + 1, volume, offset, n_bytes, n_members)


def _find_end_64(archive: Archive, locator_position: int) -> _End:
    archive.file.seek(locator_position)
    _, volume, offset, n_volumes = _LOCATOR_64.unpack(archive.file.read(_LOCATOR_64.size))
    start = archive.starts[volume] if n_volumes > 1 and volume < len(archive.starts) else 0
    for position in (start + offset, locator_position - _END_64.size):
        archive.file.seek(max(0, position))
        data = archive.file.read(_END_64.size)
        if len(data) == _END_64.size and data.startswith(b"PK\x06\x06"):
            _, _, _, _, last, volume, _, n_members, n_bytes, offset = _END_64.unpack(data)
            return _End(position, last + 1, volume, offset, n_bytes, n_members)
    raise ValueError("its Zip64 end is missing, or it lacks a part")


def _extra_fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each extra field; what does not add up ends them."""
    while len(data) >= 4:
        number, size = struct.unpack_from("<2H", data)
        yield number, data[4 : 4 + size]
        data = data[4 + size :]


def _zip_64(values: tuple[int, int, int, int], extra: bytes) -> tuple[int, int, int, int]:
    """Unpacked size, packed size, offset and volume, those that did not fit taken from the extra field."""
    found = []
    for value, full, width in zip(values, (_FULL_32, _FULL_32, _FULL_32, _FULL_16), (8, 8, 8, 4), strict=True):
        if value == full and extra:
            if len(extra) < width:
                raise ValueError("a Zip64 entry is too short")
            value, extra = int.from_bytes(extra[:width], "little"), extra[width:]  # noqa: PLW2901
        found.append(value)
    return found[0], found[1], found[2], found[3]


def _name(name: bytes, flags: int, host: int, extra: dict[int, bytes]) -> str:
    """UTF-8 where it says so or a Unix wrote it and it is; otherwise DOS's code page."""
    unicode_name = extra.get(_UNICODE_NAME, b"")
    if len(unicode_name) > 5 and int.from_bytes(unicode_name[1:5], "little") == zlib.crc32(name):
        return unicode_name[5:].decode("utf-8")
    if flags & _UTF_8:
        return name.decode("utf-8")
    try:
        return name.decode("utf-8" if host in _UNIX_HOSTS else "cp437")
    except UnicodeDecodeError:
        return name.decode("cp437")
