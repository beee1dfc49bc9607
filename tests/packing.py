"""Packs folders into archives of every kind that is unpacked, with writers that are not the code under test."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

Files = dict[str, bytes]
PASSWORD = "MdG3-invented"


def tar_bytes(files: Files) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o4777
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def zip_bytes(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as zipped:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type, info.external_attr = method, 0o104777 << 16
            zipped.writestr(info, data)
    return buffer.getvalue()


def seven_zip_bytes(files: Files, password: str | None = None) -> bytes:
    import py7zr

    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w", password=password) as packed:
        for name, data in files.items():
            packed.writestr(data, name)
    return buffer.getvalue()


def zstandard_bytes(data: bytes) -> bytes:
    from backports import zstd

    return bytes(zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1}))


def encrypted_zip_bytes(files: Files, password: str = PASSWORD) -> bytes:
    """A zip with the old cipher, which zipfile reads but does not write: its members are encrypted in place."""
    plain = zip_bytes(files)
    out, moved = bytearray(), {}
    with zipfile.ZipFile(io.BytesIO(plain)) as zipped:
        infos, start = zipped.infolist(), zipped.start_dir
    for info in infos:
        moved[info.header_offset] = len(out)
        header = plain[info.header_offset : _data_start(plain, info)]
        data = plain[_data_start(plain, info) :][: info.compress_size]
        secret = _encrypt(b"\x07" * 11 + struct.pack("<L", info.CRC)[3:] + data, password.encode())
        flags = struct.unpack_from("<H", header, 6)[0] | 1
        out += (
            header[:6] + struct.pack("<H", flags) + header[8:18] + struct.pack("<L", len(secret)) + header[22:] + secret
        )
    table = bytearray()
    for record in _records(plain, start):
        (flags,), (size,) = struct.unpack_from("<H", record, 8), struct.unpack_from("<L", record, 20)
        offset = moved[struct.unpack_from("<L", record, 42)[0]]
        struct.pack_into("<H", record, 8, flags | 1)
        struct.pack_into("<L", record, 20, size + 12)
        struct.pack_into("<L", record, 42, offset)
        table += record
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, len(infos), len(infos), len(table), len(out), 0)
    return bytes(out + table + end)


def split_zip(data: bytes, cuts: list[int]) -> list[bytes]:
    """A plain zip as a split one: a mark at its very beginning, and addresses by number of the file.

    Args:
        data: The zip.
        cuts: Where to cut it; 4 bytes are added before the first.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        infos, start = zipped.infolist(), zipped.start_dir
    edges = [0, *sorted(cut + 4 for cut in cuts)]

    def place(offset: int) -> tuple[int, int]:
        disk = max(index for index, edge in enumerate(edges) if edge <= offset)
        return disk, offset - edges[disk]

    table = bytearray()
    for record in _records(data, start):
        disk, offset = place(struct.unpack_from("<L", record, 42)[0] + 4)
        struct.pack_into("<H", record, 34, disk)
        struct.pack_into("<L", record, 42, offset)
        table += record
    disk, offset = place(start + 4)
    last = len(edges) - 1
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", last, disk, len(infos), len(infos), len(table), offset, 0)
    whole = b"PK\x07\x08" + data[:start] + table + end
    return [whole[begin:stop] for begin, stop in zip(edges, [*edges[1:], len(whole)], strict=True)]


def pieces(data: bytes, n_bytes: int) -> list[bytes]:
    return [data[begin : begin + n_bytes] for begin in range(0, len(data), n_bytes)]


#: Of each kind: the bytes of its files, in order.
KINDS: dict[str, Callable[[Files], list[bytes]]] = {
    "stored.zip": lambda files: [zip_bytes(files, zipfile.ZIP_STORED)],
    "zip": lambda files: [zip_bytes(files)],
    "password.zip": lambda files: [encrypted_zip_bytes(files)],
    "password.zip.001": lambda files: pieces(encrypted_zip_bytes(files), 61),
    "split.zip": lambda files: split_zip(zip_bytes(files), [20, 60]),
    "tar": lambda files: [tar_bytes(files)],
    "tar.001": lambda files: pieces(tar_bytes(files), 700),
    "tar.gz": lambda files: [gzip.compress(tar_bytes(files), mtime=0)],
    "tar.bz2": lambda files: [bz2.compress(tar_bytes(files))],
    "tar.xz": lambda files: [lzma.compress(tar_bytes(files))],
    "tar.zst": lambda files: [zstandard_bytes(tar_bytes(files))],
    "7z": lambda files: [seven_zip_bytes(files)],
    "password.7z": lambda files: [seven_zip_bytes(files, PASSWORD)],
}
#: Without the one whose key takes a second to make.
QUICK_KINDS = [kind for kind in KINDS if kind != "password.7z"]


def write(folder: Path, name: str, parts: list[bytes]) -> list[Path]:
    """The parts as files, named in their order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / (name if len(parts) == 1 else f"{name}.{number:03d}") for number in range(len(parts))]
    for path, data in zip(paths, parts, strict=True):
        path.write_bytes(data)
    return paths


def tree(folder: Path) -> Files:
    """What lies in a folder, links included as files of their own."""
    paths = (Path(at, name) for at, _, names in os.walk(folder) for name in names)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _data_start(data: bytes, info: zipfile.ZipInfo) -> int:
    n_name, n_extra = struct.unpack_from("<2H", data, info.header_offset + 26)
    return info.header_offset + 30 + int(n_name) + int(n_extra)


def _records(data: bytes, start: int) -> Iterator[bytearray]:
    while data[start : start + 4] == b"PK\x01\x02":
        size = 46 + sum(struct.unpack_from("<3H", data, start + 28))
        yield bytearray(data[start : start + size])
        start += size


def _encrypt(data: bytes, password: bytes) -> bytes:
    """The cipher forwards, by its definition: keys are turned by what is plain."""
    keys = [305419896, 591751049, 878082192]

    def turn(byte: int) -> None:
        keys[0] = zlib.crc32(bytes([byte]), keys[0] ^ 0xFFFFFFFF) ^ 0xFFFFFFFF
        keys[1] = ((keys[1] + keys[0] % 256) * 134775813 + 1) % 2**32
        keys[2] = zlib.crc32(bytes([keys[1] >> 24]), keys[2] ^ 0xFFFFFFFF) ^ 0xFFFFFFFF

    for byte in password:
        turn(byte)
    out = bytearray()
    for byte in data:
        mixed = keys[2] & 0xFFFF | 2
        out.append(byte ^ (mixed * (mixed ^ 1) >> 8) & 0xFF)
        turn(byte)
    return bytes(out)
