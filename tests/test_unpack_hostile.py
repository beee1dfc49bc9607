"""Archives made to do harm, and archives that were damaged on their way."""

from __future__ import annotations

import io
import random
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prompt2sign.acquire.unpack import unpack
from prompt2sign.acquire.unpack_tree import Tree
from prompt2sign.errors import FormatError, Prompt2SignError, RunError
from prompt2sign.formats import archive_reader
from tests.packing import KINDS, PASSWORD, QUICK_KINDS, pieces, seven_zip_bytes, tar_bytes, tree, write, zip_bytes

py7zr = pytest.importorskip("py7zr")
Pack = Callable[[dict[str, bytes]], bytes]
FILES = {"videos/a.mp4": bytes(range(256)) * 8, "videos/b.mp4": b"b" * 900, "text.csv": b"id,text\n1,ja\n"}
BAD_NAMES = [
    "../out.txt",
    "a/../../out.txt",
    "/etc/out.txt",
    "\\out.txt",
    "..\\out.txt",
    "C:\\out.txt",
    "c:out.txt",
    "a\nb.txt",
    "a\x1b[31m.txt",
    "a\u202egpj.txt",
    "n" * 256,
    "ü" * 130,
    "/".join("d" * 40),
    "/".join(["folder" * 30] * 8),
    ".",
    "..",
]


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("pack", [tar_bytes, zip_bytes, seven_zip_bytes], ids=["tar", "zip", "7z"])
def test_names_that_lead_elsewhere_or_that_no_disk_holds(
    tmp_path: Path, pack: Pack, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if pack is seven_zip_bytes and name == ".":
        pytest.skip("pathlib, through which py7zr writes names, makes it an empty one")
    with monkeypatch.context() as careless:
        careless.setattr(py7zr.SevenZipFile, "_sanitize_archive_arcname", lambda packed, arcname: arcname)
        careless.setattr(py7zr.py7zr, "check_archive_path", lambda arcname: True)
        data = pack({"good.txt": b"good", name: b"bad"})
    refused(tmp_path, data)


@pytest.mark.parametrize(
    ("first", "second"),
    [("a.txt", "a.txt"), ("a", "a/b"), ("a/b", "a"), ("A.txt", "a.txt"), ("D/x", "d/y"), ("é", "e\u0301")],
)
@pytest.mark.parametrize("pack", [tar_bytes, zip_bytes, seven_zip_bytes], ids=["tar", "zip", "7z"])
def test_two_members_for_one_path(tmp_path: Path, pack: Pack, first: str, second: str) -> None:
    refused(tmp_path, twice(pack, first) if first == second else pack({first: b"1", second: b"2"}))


def twice(pack: Pack, name: str) -> bytes:
    """An archive with one name two times: the second is written under another of the same length and renamed."""
    if pack is seven_zip_bytes:
        buffer = io.BytesIO()
        with py7zr.SevenZipFile(buffer, "w") as packed:
            packed.writestr(b"1", name)
            packed.writestr(b"2", name)
        return buffer.getvalue()
    if pack is zip_bytes:
        return zip_bytes({name: b"1", "#" * len(name): b"2"}).replace(b"#" * len(name), name.encode())
    return tar_bytes({name: b"1"})[:1024] + tar_bytes({name: b"2"})


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_tars(tmp_path: Path, kind: bytes) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo("link")
        info.type, info.linkname = kind, "/etc"
        tar.addfile(info)
        tar.addfile(tarfile.TarInfo("link/passwd"))
    refused(tmp_path, buffer.getvalue())


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_in_zips(tmp_path: Path, mode: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        info = zipfile.ZipInfo("link")
        info.create_system, info.external_attr = 3, (mode | 0o777) << 16
        zipped.writestr(info, "/etc")
    refused(tmp_path, buffer.getvalue())


def test_links_in_7z(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")
    with py7zr.SevenZipFile(tmp_path / "a.7z", "w") as packed:
        packed.write(tmp_path / "link", "link")
    refused(tmp_path, (tmp_path / "a.7z").read_bytes())


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.xz", "tar.bz2", "7z"])
def test_bombs_by_ratio(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_reader, "MAX_FREE_BYTES", 1 << 20)
    monkeypatch.setattr(archive_reader, "MAX_RATIO", 20)
    parts = write(tmp_path, kind, KINDS[kind]({"zeros": bytes(3 << 20)}))
    with pytest.raises(FormatError, match="bomb"):
        unpack(parts, tmp_path / "into")


@pytest.mark.parametrize("kind", ["zip", "tar", "7z"])
def test_the_ratio_is_that_of_all_parts_together(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_reader, "MAX_FREE_BYTES", 12_000)
    files = {"a.mp4": random.Random(0).randbytes(40_000)}
    unpack(write(tmp_path, "a.001", pieces(KINDS[kind](files)[0], 10)), tmp_path / "into")
    assert tree(tmp_path / "into") == files


def test_a_zip_whose_two_tables_disagree(tmp_path: Path) -> None:
    refused(tmp_path, zip_bytes({"some-name.mp4": b"1"}).replace(b"some-name", b"evil-name", 1))


def test_a_zip_that_gives_more_than_it_announces(tmp_path: Path) -> None:
    data = bytearray(zip_bytes({"zeros": bytes(8 << 20)}))
    table = data.index(b"PK\x01\x02")
    data[table + 24 : table + 28] = (1000).to_bytes(4, "little")
    told: list[int] = []
    with pytest.raises(FormatError):
        unpack(write(tmp_path, "a.zip", [bytes(data)]), tmp_path / "into", advance=told.append)
    assert sum(told) <= 1000


def test_what_is_written_is_counted_whatever_was_announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_reader, "MAX_FREE_BYTES", 1000)
    with Tree(tmp_path, tmp_path / "a.zip", 1, lambda n_bytes: None).create("a.bin") as sink:
        sink.write(bytes(900))
        with pytest.raises(FormatError, match="bomb"):
            sink.write(bytes(200))
    assert (tmp_path / "a.bin").stat().st_size == 900


def test_members_upon_each_other(tmp_path: Path) -> None:
    """Two entries for the same bytes, as the bombs of D. Fifield have thousands."""
    data = bytearray(zip_bytes({"one.bin": b"1" * 99, "two.bin": b"2" * 99}, zipfile.ZIP_STORED))
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    data[second + 42 : second + 46] = bytes(4)
    refused(tmp_path, bytes(data), "upon each other")


def test_too_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_reader, "MAX_MEMBERS", 5)
    for pack in (tar_bytes, zip_bytes, seven_zip_bytes):
        refused(tmp_path, pack({str(i): b"" for i in range(6)}), "more than 5 members")


def test_rare_methods_and_strong_encryption_are_named(tmp_path: Path) -> None:
    refused(tmp_path, zip_bytes(FILES, zipfile.ZIP_LZMA), "rare method")
    data = bytearray(zip_bytes({"a": b"1"}))
    data[data.index(b"PK\x01\x02") + 10] = 99
    refused(tmp_path, bytes(data), "AES")


@pytest.mark.parametrize("kind", [kind for kind in QUICK_KINDS if not kind.endswith(".001")])
def test_a_cut_archive_is_never_taken_for_whole(tmp_path: Path, kind: str) -> None:
    *rest, last = KINDS[kind](FILES)
    for left in (0, 1, len(last) // 2, len(last) - 1):
        if kind == "tar" and left >= len(tar_bytes(FILES)) - 8000:
            continue  # padding of zeros after the end mark is no loss
        parts = write(tmp_path / "cut", kind, [*rest, last[:left]])
        with pytest.raises(FormatError):
            unpack(parts, tmp_path / "into", password=PASSWORD)
        assert not list(tmp_path.glob("into*"))


def test_a_page_instead_of_an_archive(tmp_path: Path) -> None:
    for name in ("a.zip", "a.tar.gz", "a.7z"):
        parts = write(tmp_path, name, [b"<!DOCTYPE html><html>Too many users have viewed this file</html>"])
        with pytest.raises(FormatError, match=name):
            unpack(parts, tmp_path / "into")


_CHANGES = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=4)
#: Kinds whose checksums cover names as well as content.
_CHECKED = ("tar.gz", "tar.bz2", "tar.xz", "tar.zst")


@pytest.mark.parametrize("kind", QUICK_KINDS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=_CHANGES, cut=st.floats(0, 1) | st.none())
def test_damage_is_found_and_does_no_harm(
    tmp_path: Path, kind: str, changes: list[tuple[float, int]], cut: float | None
) -> None:
    whole = bytearray(b"".join(parts := KINDS[kind](FILES)))
    for where, value in changes:
        whole[int(where * (len(whole) - 1))] = value
    ends = [sum(map(len, parts[: i + 1])) for i in range(len(parts))]
    damaged = [bytes(whole[end - len(part) : end]) for end, part in zip(ends, parts, strict=True)]
    damaged[-1] = damaged[-1][: None if cut is None else int(cut * len(damaged[-1]))]
    box = tmp_path / "box"
    paths = write(box / "packed", kind, damaged)
    try:
        unpack(paths, box / "into", password=PASSWORD)
        found = tree(box / "into")
        if kind in _CHECKED:
            assert found == FILES
        if "tar" not in kind:
            assert set(found.values()) <= set(FILES.values())
    except Prompt2SignError as error:
        assert isinstance(error, FormatError | RunError), error
        assert {path.name for path in box.iterdir()} == {"packed"}
    assert [path.name for path in tmp_path.iterdir()] == ["box"]
    shutil.rmtree(box)


def refused(tmp_path: Path, data: bytes, words: str = "") -> None:
    """It is refused, with these words, and nothing is left or written elsewhere."""
    box = tmp_path / "box"
    (path,) = write(box, "hostile", [data])
    before = tree(box)
    with pytest.raises(FormatError, match=words or None):
        unpack([path], box / "into")
    assert tree(box) == before
    assert not (box / ".into.unpacking").exists()
