"""A zip cut into pieces as its authors publish one: `.z01`, `.z02`, ..., `.zip` (APPNOTE 8, "Splitting")."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

_SPANNED = b"PK\x07\x08"


def write_split_zip(base: Path, members: dict[str, bytes], n_parts: int) -> list[Path]:
    """Write `base.z01` ... `base.zip` with stored members and give the paths in their order.

    Offsets count from the beginning of the part that a header lies in, headers are never cut, the table of contents is
    whole in the last part.
    """
    parts = [bytearray(_SPANNED)] + [bytearray() for _ in range(n_parts - 1)]
    size = sum(map(len, members.values())) // n_parts
    disk, directory = 0, bytearray()
    for name, data in members.items():
        fields = struct.pack("<5H3L2H", 20, 0x800, 0, 0, 33, zlib.crc32(data), len(data), len(data), len(name), 0)
        if disk < n_parts - 1 and len(parts[disk]) >= size:
            disk += 1
        directory += b"PK\x01\x02" + struct.pack("<H", 20) + fields
        directory += struct.pack("<3H2L", 0, disk, 0, 0, len(parts[disk])) + name.encode()
        parts[disk] += b"PK\x03\x04" + fields + name.encode()
        done = 0
        while done < len(data):
            if disk < n_parts - 1 and len(parts[disk]) >= size:
                disk += 1
            room = size - len(parts[disk]) if disk < n_parts - 1 else len(data)
            parts[disk] += data[done : done + room]
            done += room
    last = n_parts - 1
    counts = struct.pack("<4H", last, last, len(members), len(members))
    end = b"PK\x05\x06" + counts + struct.pack("<2LH", len(directory), len(parts[last]), 0)
    parts[last] += directory + end
    paths = [base.with_suffix(f".z{number:02d}") for number in range(1, n_parts)] + [base.with_suffix(".zip")]
    for path, part in zip(paths, parts, strict=True):
        path.write_bytes(part)
    return paths
