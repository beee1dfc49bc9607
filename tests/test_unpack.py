"""Archives of every kind are unpacked whole or not at all."""

from __future__ import annotations

import io
import os
import shutil
import stat
import struct
import subprocess
import sys
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from prompt2sign.acquire import zip_crypto
from prompt2sign.acquire.unpack import unpack
from prompt2sign.errors import FormatError, MissingError, RunError, UsageError
from tests.packing import KINDS, PASSWORD, QUICK_KINDS, encrypted_zip_bytes, pieces, split_zip, tree, write, zip_bytes

pytest.importorskip("py7zr")
FILES = {
    "raw_videos/-a_1.mp4": bytes(range(256)) * 40,
    "raw_videos/b:c?.mp4": b"x" * 3000,
    "수어/ö.csv": b"id,text\n",
    "empty": b"",
}
_CHARACTERS = st.characters(blacklist_categories=("Cs", "Cc", "Cn", "Cf"), blacklist_characters="/\\")
_PART = st.text(_CHARACTERS, min_size=1, max_size=6).filter(lambda part: set(part) != {"."} and part[1:2] != ":")
_TREES = st.dictionaries(
    st.lists(_PART, min_size=1, max_size=3).map("/".join), st.binary(max_size=300), min_size=1, max_size=5
)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_what_was_packed(tmp_path: Path, kind: str) -> None:
    parts = write(tmp_path, kind, KINDS[kind](FILES))
    told: list[int] = []
    n_bytes = unpack(parts, tmp_path / "deep" / "into", password=PASSWORD, advance=told.append)
    assert tree(tmp_path / "deep" / "into") == FILES
    assert n_bytes == sum(told) == sum(map(len, FILES.values()))
    assert not list(tmp_path.rglob("*.unpacking"))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=_TREES)
def test_any_tree_comes_back_from_any_kind(tmp_path: Path, files: dict[str, bytes]) -> None:
    files = {unicodedata.normalize("NFC", name): data for name, data in files.items()}
    levels = {name[: i + len(part)] for name in files for i, part in _levels(name)}
    assume(len({level.casefold() for level in levels}) == len(levels))
    assume(not any(other.startswith(name + "/") for name in files for other in files))
    for kind in QUICK_KINDS:
        into = tmp_path / "into"
        unpack(write(tmp_path / "packed", kind, KINDS[kind](files)), into, password=PASSWORD)
        assert tree(into) == files, kind
        shutil.rmtree(into)


def _levels(name: str) -> list[tuple[int, str]]:
    starts, position = [], 0
    for part in name.split("/"):
        starts.append((position, part))
        position += len(part) + 1
    return starts


@pytest.mark.skipif(shutil.which("zip") is None, reason="Info-ZIP's zip is not installed")
@pytest.mark.parametrize("options", [[], ["-s", "64k"], ["-P", PASSWORD], ["-0", "-s", "64k"]])
def test_what_info_zip_writes(tmp_path: Path, options: list[str]) -> None:
    files = {f"videos/{i}é.mp4": np.random.default_rng(i).bytes(90_000) for i in range(3)} | {"a.csv": b"a" * 9000}
    for name, data in files.items():
        (tmp_path / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "src" / name).write_bytes(data)
    command = ["zip", "-qr", *options, "../packed.zip", "."]
    subprocess.run(command, cwd=tmp_path / "src", check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    parts = [*sorted(tmp_path.glob("packed.z[0-9]*")), tmp_path / "packed.zip"]
    assert len(parts) > 3 or "-s" not in options
    unpack(parts, tmp_path / "into", password=PASSWORD)
    assert tree(tmp_path / "into") == files


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.sets(st.integers(1, 10_600), min_size=1, max_size=6))
def test_a_split_zip_may_be_cut_anywhere(tmp_path: Path, cuts: set[int]) -> None:
    data = zip_bytes(FILES, zipfile.ZIP_STORED)
    cuts = {cut for cut in cuts if cut < zipfile.ZipFile(io.BytesIO(data)).start_dir}
    assume(cuts)
    unpack(write(tmp_path, "split.zip", split_zip(data, list(cuts))), tmp_path / "into")
    assert tree(tmp_path / "into") == FILES
    shutil.rmtree(tmp_path / "into")


def test_a_split_zip_says_which_parts_it_lacks(tmp_path: Path) -> None:
    parts = write(tmp_path, "split", split_zip(zip_bytes(FILES), [40, 90]))
    parts = [*parts[:2], parts[2].rename(tmp_path / "split.zip")]
    for given_parts in (parts[1:], parts[2:], [parts[0], parts[2]]):
        with pytest.raises(FormatError, match="split zip of 3 files"):
            unpack(given_parts, tmp_path / "into")
    with pytest.raises(FormatError):
        unpack([parts[1], parts[0], parts[2]], tmp_path / "into")
    parts[1].unlink()
    with pytest.raises(MissingError, match=r"split\.001"):
        unpack(parts, tmp_path / "into")


def test_zip64_and_a_program_before_the_zip(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped, zipped.open("big.bin", "w", force_zip64=True) as member:
        member.write(b"abc" * 1000)
    data = buffer.getvalue()
    (path,) = write(tmp_path, "a.zip", [b"#!/bin/sh\n" + _as_zip_64(data)])
    unpack([path], tmp_path / "into")
    assert tree(tmp_path / "into") == {"big.bin": b"abc" * 1000}


def _as_zip_64(data: bytes) -> bytes:
    """The same zip with sizes, offset and count moved to the records that archives beyond 4 GiB have."""
    end = data.rindex(b"PK\x05\x06")
    n, _, start = struct.unpack_from("<10xHLL", data, end)
    record = bytearray(data[start : start + 46])
    packed, whole = struct.unpack_from("<2L", record, 20)
    extra = struct.pack("<2H3Q", 1, 24, whole, packed, 0)
    struct.pack_into("<2L", record, 20, 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<L", record, 42, 0xFFFFFFFF)
    struct.pack_into("<H", record, 30, len(extra))
    table = bytes(record) + data[start + 46 : start + 46 + struct.unpack_from("<H", record, 28)[0]] + extra
    end_64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, n, n, len(table), start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, start + len(table), 1)
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return data[:start] + table + end_64 + locator + last


def test_names_of_macs_and_of_dos(tmp_path: Path) -> None:
    (path,) = write(tmp_path, "windows.zip", [_made_by(zip_bytes({"수어.txt": b"0"}), host=0)])
    unpack([path], tmp_path / "windows")
    assert tree(tmp_path / "windows") == {"수어.txt": b"0"}
    decomposed = "\u1109\u116e\u110b\u1165"  # as macOS writes 수어
    data = zip_bytes({"Zaehl/aXb.txt": b"1", "plain-long-name": b"2"})
    data = data.replace(b"aXb.txt", "aéb".encode("cp437") + b".txt")
    (path,) = write(tmp_path, "dos.zip", [_made_by(data, host=0)])
    unpack([path], tmp_path / "dos")
    assert "Zaehl/aéb.txt" in tree(tmp_path / "dos")
    data = zip_bytes({"x" * len(decomposed.encode()): b"3"}).replace(
        b"x" * len(decomposed.encode()), decomposed.encode()
    )
    (path,) = write(tmp_path, "mac.zip", [_made_by(data, host=3)])
    unpack([path], tmp_path / "mac")
    assert tree(tmp_path / "mac") == {"수어": b"3"}


def _made_by(data: bytes, host: int) -> bytes:
    """Without the flag for UTF-8, by a system of this number."""
    out, at = bytearray(data), data.index(b"PK\x01\x02")
    while out[at : at + 4] == b"PK\x01\x02":
        out[at + 5] = host
        at += 46 + sum(struct.unpack_from("<3H", out, at + 28))
    return bytes(out)


def test_modes_are_not_kept(tmp_path: Path) -> None:
    for kind in ("zip", "tar"):
        unpack(write(tmp_path, kind, KINDS[kind](FILES)), tmp_path / f"of-{kind}")
        for path in (tmp_path / f"of-{kind}").rglob("*"):
            assert path.is_dir() or stat.S_IMODE(path.stat().st_mode) & 0o7111 == 0, path


@pytest.mark.parametrize("kind", ["password.zip", "password.7z"])
def test_passwords(tmp_path: Path, kind: str) -> None:
    parts = write(tmp_path, kind, KINDS[kind](FILES))
    with pytest.raises(FormatError, match="no password was given"):
        unpack(parts, tmp_path / "into")
    with pytest.raises(FormatError, match="password"):
        unpack(parts, tmp_path / "into", password="another")
    assert not (tmp_path / "into").exists()


def test_python_and_machine_code_decrypt_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    files = {"a.bin": np.random.default_rng(0).bytes(60_000)}
    parts = write(tmp_path, "a.zip", pieces(encrypted_zip_bytes(files), 20_000))
    for limit in (0, 1 << 60):
        monkeypatch.setattr(zip_crypto, "WORTH_COMPILING_BYTES", limit)
        unpack(parts, tmp_path / str(limit), password=PASSWORD)
        assert tree(tmp_path / str(limit)) == files
    assert "prompt2sign.acquire.zip_crypto_compiled" in sys.modules


def test_what_a_killed_run_left_is_begun_anew(tmp_path: Path) -> None:
    left = tmp_path / ".into.unpacking"
    left.mkdir()
    (left / "half.mp4").write_bytes(b"half")
    parts = write(tmp_path, "a.zip", KINDS["zip"](FILES))
    (tmp_path / "into").mkdir()
    unpack(parts, tmp_path / "into")
    assert tree(tmp_path / "into") == FILES


def test_nothing_in_the_way_is_touched(tmp_path: Path) -> None:
    (tmp_path / "into").mkdir()
    (tmp_path / "into" / "mine.txt").write_bytes(b"mine")
    with pytest.raises(UsageError, match="in the way"):
        unpack(write(tmp_path, "a.zip", KINDS["zip"](FILES)), tmp_path / "into")
    assert tree(tmp_path / "into") == {"mine.txt": b"mine"}
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / ".linked.unpacking").symlink_to(outside)
    unpack([tmp_path / "a.zip"], tmp_path / "linked")
    assert tree(outside) == {}


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(n_bytes: int) -> None:
        raise KeyboardInterrupt

    for kind in ("zip", "tar.gz", "7z"):
        with pytest.raises(KeyboardInterrupt):
            unpack(write(tmp_path, kind, KINDS[kind](FILES)), tmp_path / "into", advance=interrupt)
        assert not (tmp_path / "into").exists()
        assert not (tmp_path / ".into.unpacking").exists()


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "7z"])
def test_a_disk_that_is_nearly_full_is_left_alone(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = write(tmp_path, kind, KINDS[kind](FILES))
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=200 << 20))
    with pytest.raises(RunError, match=r"0\.2 GB are free"):
        unpack(parts, tmp_path / "into")
