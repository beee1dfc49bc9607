"""The password cipher of old zips, as PKWARE's APPNOTE.TXT 6.3.10 describes it in section 6.1.

It keeps no secret; it lets archives be read whose password was published. Every byte depends on the one before, so it
goes byte by byte: a few megabytes a second in Python, some hundred as machine code where numba is installed, which
takes a second to start.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from importlib import import_module

import numpy as np

#: Random bytes that stand before an encrypted member, the last of them known from its checksum or time.
HEADER_BYTES = 12
#: From here on machine code is sooner, its start included.
WORTH_COMPILING_BYTES = 4 << 20

_FIRST_KEYS = (0x12345678, 0x23456789, 0x34567890)
_FACTOR = 134775813
_FULL = 0xFFFFFFFF
#: What one byte does to an empty CRC-32 register.
_CRC = [zlib.crc32(bytes([byte]), _FULL) ^ _FULL for byte in range(256)]

Keys = tuple[int, int, int]
#: Turns blocks of one member, in their order, into what they were before.
Decrypt = Callable[[bytes], bytes]


def cipher(password: bytes, n_bytes: int) -> Callable[[], Decrypt]:
    """What begins a new `Decrypt` for each member; `n_bytes` is how much there is to decrypt in all."""
    if not n_bytes:
        return lambda: bytes
    keys = _FIRST_KEYS
    for byte in password:
        keys = _turned(keys, byte)
    machine = _machine_code() if n_bytes >= WORTH_COMPILING_BYTES else None
    return lambda: _by_machine(keys, machine) if machine else _by_python(keys)


def _turned(keys: Keys, byte: int) -> Keys:
    """The keys after one byte of what is kept secret."""
    first, second, third = keys
    first = (first >> 8) ^ _CRC[(first ^ byte) & 0xFF]
    second = ((second + (first & 0xFF)) * _FACTOR + 1) & _FULL
    third = (third >> 8) ^ _CRC[(third ^ (second >> 24)) & 0xFF]
    return first, second, third


def _by_python(keys: Keys) -> Decrypt:
    first, second, third = keys

    def decrypt(block: bytes) -> bytes:
        # As `_turned`, written out: a call for every byte would take twice as long.
        nonlocal first, second, third
        crc, out = _CRC, bytearray(block)
        for position, byte in enumerate(block):
            mixed = third | 2
            plain = byte ^ ((mixed * (mixed ^ 1)) >> 8 & 0xFF)
            out[position] = plain
            first = (first >> 8) ^ crc[(first ^ plain) & 0xFF]
            second = ((second + (first & 0xFF)) * _FACTOR + 1) & _FULL
            third = (third >> 8) ^ crc[(third ^ (second >> 24)) & 0xFF]
        return bytes(out)

    return decrypt


def _by_machine(keys: Keys, kernel: Callable[..., None]) -> Decrypt:
    state, table = np.array(keys, np.uint32), np.array(_CRC, np.uint32)

    def decrypt(block: bytes) -> bytes:
        data = np.frombuffer(block, np.uint8).copy()
        kernel(data, state, table)
        return data.tobytes()

    return decrypt


def _machine_code() -> Callable[..., None] | None:
    try:
        module = import_module("prompt2sign.acquire.zip_crypto_compiled")
    except ImportError:
        return None
    kernel: Callable[..., None] = module.decrypt
    return kernel
