"""Zips with the old password cipher, cut into pieces, as AUTSL was published.

Python's zipfile reads such zips but cannot write them. The cipher is that of PKWARE's APPNOTE.TXT 6.3.10, section 6.1.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

_CRC = [zlib.crc32(bytes([byte]), 0xFFFFFFFF) ^ 0xFFFFFFFF for byte in range(256)]
_ENCRYPTED, _DOS_DATE = 1, 0x21


def write_pieces(folder: Path, target: Path, password: str, n_pieces: int) -> list[Path]:
    """`target.001`, ... which joined are a zip of what is in a folder, each member under a password."""
    data = _zip({path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.*"))}, password.encode())
    target.parent.mkdir(parents=True, exist_ok=True)
    size = -(-len(data) // n_pieces)
    pieces = [target.with_name(f"{target.name}.{n:03}") for n in range(1, n_pieces + 1)]
    for n, piece in enumerate(pieces):
        piece.write_bytes(data[n * size : (n + 1) * size])
    return pieces


def _zip(members: dict[str, Path], password: bytes) -> bytes:
    body, directory = b"", b""
    for name, path in members.items():
        plain = path.read_bytes()
        crc = zlib.crc32(plain)
        kept = _encrypt(bytes(11) + bytes([crc >> 24]) + plain, password)
        facts = struct.pack("<HHHHIIIHH", _ENCRYPTED, 0, 0, _DOS_DATE, crc, len(kept), len(plain), len(name), 0)
        directory += b"PK\1\2" + struct.pack("<HH", 20, 20) + facts + struct.pack("<HHHII", 0, 0, 0, 0, len(body))
        directory += name.encode()
        body += b"PK\3\4" + struct.pack("<H", 20) + facts + name.encode() + kept
    counts = (0, 0, len(members), len(members), len(directory), len(body), 0)
    return body + directory + b"PK\5\6" + struct.pack("<HHHHIIH", *counts)


def _encrypt(plain: bytes, password: bytes) -> bytes:
    keys = [0x12345678, 0x23456789, 0x34567890]

    def turn(byte: int) -> None:
        keys[0] = (keys[0] >> 8) ^ _CRC[(keys[0] ^ byte) & 0xFF]
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = (keys[2] >> 8) ^ _CRC[(keys[2] ^ (keys[1] >> 24)) & 0xFF]

    for byte in password:
        turn(byte)
    out = bytearray()
    for byte in plain:
        mixed = keys[2] | 2
        out.append(byte ^ ((mixed * (mixed ^ 1)) >> 8 & 0xFF))
        turn(byte)
    return bytes(out)
