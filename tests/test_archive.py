"""Archives: what is read, what is refused, and what an unpacked folder promises."""

from __future__ import annotations

import contextlib
import gzip
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prompt2sign.errors import FormatError, MissingError, UsageError
from prompt2sign.formats import archive_reader
from prompt2sign.formats.archive import ArchiveIndex, extract, iter_members, plain_tar

FILES = {"a/one.txt": b"first", "a/two.txt": b"", "b/long-" + "n" * 120 + ".txt": b"x" * 5000, "c.txt": b"last"}
KINDS = ("tar", "tar.gz", "zip")


def tar_bytes(files: dict[str, bytes], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def zip_bytes(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, data in files.items():
            zipped.writestr(name, data)
    return buffer.getvalue()


def pack(folder: Path, kind: str, files: dict[str, bytes]) -> Path:
    data = {"tar": tar_bytes, "tar.gz": lambda f: gzip.compress(tar_bytes(f)), "zip": zip_bytes}[kind](files)
    path = folder / f"clips.{kind}"
    path.write_bytes(data)
    return path


def contents(path: Path) -> dict[str, bytes]:
    return {entry.name: entry.read() for entry in iter_members(path)}


def folder_of(name: str) -> str:
    return name.rpartition("/")[0]


@pytest.mark.parametrize("kind", KINDS)
def test_reads_what_was_packed(tmp_path: Path, kind: str) -> None:
    path = pack(tmp_path, kind, FILES)
    assert contents(path) == FILES
    assert {entry.name: entry.read() for entry in iter_members(path) if entry.read() is not None} == FILES, "twice"


@pytest.mark.parametrize("kind", KINDS)
def test_empty_archive_has_no_members(tmp_path: Path, kind: str) -> None:
    assert contents(pack(tmp_path, kind, {})) == {}


def test_kind_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    path = tmp_path / "gunzipped-on-the-way.tar.gz"
    path.write_bytes(tar_bytes(FILES))
    assert contents(path) == FILES


def test_folders_and_dots_in_names_are_harmless(tmp_path: Path) -> None:
    path = tmp_path / "clips.tar"
    with tarfile.open(path, "w") as tar:
        folder = tarfile.TarInfo("./a")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        tar.addfile(tarfile.TarInfo("./a/./b.txt"))
    assert contents(path) == {"a/b.txt": b""}


@pytest.mark.parametrize("name", ["../up", "a/../../up", "/etc/x", "C:\\x", "C:x", "..\\up", "\\\\host\\x", ".."])
@pytest.mark.parametrize("kind", KINDS)
def test_names_that_lead_outside_are_refused(tmp_path: Path, kind: str, name: str) -> None:
    path = pack(tmp_path, kind, {"fine.txt": b"", name: b"evil"})
    with pytest.raises(FormatError) as caught:
        extract(path, tmp_path / "target")
    assert str(path) in str(caught.value) and "refused" in str(caught.value)
    assert not (tmp_path / "target").exists() and not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize(
    ("type_", "word"),
    [
        (tarfile.SYMTYPE, "link"),
        (tarfile.LNKTYPE, "link"),
        (tarfile.CHRTYPE, "device"),
        (tarfile.BLKTYPE, "device"),
        (tarfile.FIFOTYPE, "pipe"),
    ],
)
def test_tar_links_and_devices_are_refused(tmp_path: Path, type_: bytes, word: str) -> None:
    path = tmp_path / "clips.tar"
    with tarfile.open(path, "w") as tar:
        info = tarfile.TarInfo("trap")
        info.type, info.linkname = type_, "/etc/passwd"
        tar.addfile(info)
    with pytest.raises(FormatError, match=f"'trap' is a .*{word}"):
        contents(path)


@pytest.mark.parametrize(("mode", "word"), [(stat.S_IFLNK, "link"), (stat.S_IFIFO, "pipe")])
def test_zip_links_and_pipes_are_refused(tmp_path: Path, mode: int, word: str) -> None:
    path = tmp_path / "clips.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        info = zipfile.ZipInfo("trap")
        info.external_attr = (mode | 0o777) << 16
        zipped.writestr(info, "/etc/passwd")
    with pytest.raises(FormatError, match=f"'trap' is a .*{word}"):
        contents(path)


def test_encrypted_zip_is_refused(tmp_path: Path) -> None:
    data = bytearray(zip_bytes({"a.txt": b"secret"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path = tmp_path / "clips.zip"
    path.write_bytes(data)
    with pytest.raises(FormatError, match="password"):
        contents(path)


def test_zip_member_without_a_name_is_refused(tmp_path: Path) -> None:
    data = zip_bytes({"\1\1": b"", "b": b""}).replace(b"\1\1", b"\0\0")  # zipfile ends names at a zero byte
    path = tmp_path / "clips.zip"
    path.write_bytes(data)
    with pytest.raises(FormatError, match="refused"):
        contents(path)


def test_rare_zip_method_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clips.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as zipped:
        zipped.writestr("a.txt", b"a")
    with pytest.raises(FormatError, match="rare method"):
        contents(path)


def test_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clips.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT, encoding="cp949") as tar:
        tar.addfile(tarfile.TarInfo("수어"))
    with pytest.raises(FormatError, match="UTF-8"):
        contents(path)


@pytest.mark.parametrize("kind", ["tar.gz", "zip"])
def test_bomb_is_refused_by_what_it_announces(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_reader, "MAX_FREE_BYTES", 100_000)
    path = pack(tmp_path, kind, {f"{i}.txt": bytes(1 << 20) for i in range(3)})
    with pytest.raises(FormatError, match="bomb"):
        extract(path, tmp_path / "target")
    assert not (tmp_path / "target").exists()
    if kind == "tar.gz":
        with pytest.raises(FormatError, match="bomb"):
            plain_tar(path, tmp_path / "scratch")
        assert not list((tmp_path / "scratch").iterdir())


def test_same_size_below_the_free_limit_is_no_bomb(tmp_path: Path) -> None:
    assert contents(pack(tmp_path, "zip", {"black.raw": bytes(1 << 20)})) == {"black.raw": bytes(1 << 20)}


def test_huge_member_and_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pack(tmp_path, "tar", FILES)
    with monkeypatch.context() as patch, pytest.raises(FormatError, match="announces 5000 bytes"):
        patch.setattr(archive_reader, "MAX_MEMBER_BYTES", 4999)
        contents(path)
    with monkeypatch.context() as patch, pytest.raises(FormatError, match="more than 3 members"):
        patch.setattr(archive_reader, "MAX_MEMBERS", 3)
        contents(path)


def test_header_that_asks_for_gigabytes_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 4 << 30
    path = tmp_path / "clips.tar.gz"
    path.write_bytes(gzip.compress(info.tobuf(tarfile.USTAR_FORMAT) + bytes(1 << 21)))
    with pytest.raises(FormatError, match=f"a header of {4 << 30} bytes"):
        contents(path)


@pytest.mark.parametrize("size", ["-512", "-1536", "-5120", "99999999999999999999"])
@pytest.mark.timeout(20)
def test_forged_sizes_end_in_an_error_not_in_a_loop(tmp_path: Path, size: str) -> None:
    path = tmp_path / "clips.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for i in range(3):
            info = tarfile.TarInfo(f"{i}.txt")
            info.pax_headers = {"size": size} if i else {}
            tar.addfile(info)
    with pytest.raises(FormatError):
        ArchiveIndex(path, folder_of)


def test_damaged_header_in_the_middle_is_not_the_end(tmp_path: Path) -> None:
    data = bytearray(tar_bytes({"a": b"1", "b": b"2", "c": b"3"}))
    data[1024:1100] = b"?" * 76
    path = tmp_path / "clips.tar"
    path.write_bytes(data)
    with pytest.raises(FormatError, match="damaged"):
        contents(path)


@pytest.mark.parametrize("kind", KINDS)
def test_cut_off_archive_is_told_wherever_it_is_cut(tmp_path: Path, kind: str) -> None:
    path = pack(tmp_path, kind, {"a": b"1" * 600, "b": b"2", "c": b"3" * 600})
    whole = path.read_bytes()
    last_member = 4608 if kind == "tar" else len(whole)  # a tar ends in padding that nobody misses
    assert kind != "tar" or not any(whole[last_member:])
    step = 64 if kind == "tar" else 7
    for n_bytes in range(0, last_member, step):
        path.write_bytes(whole[:n_bytes])
        with pytest.raises(FormatError, match=str(path)):
            contents(path)


@pytest.mark.parametrize("kind", KINDS)
def test_extract_is_all_or_nothing_and_done_once(tmp_path: Path, kind: str) -> None:
    path = pack(tmp_path, kind, FILES)
    target = extract(path, tmp_path / "deep" / "target")
    for name, data in FILES.items():
        assert (target / name).read_bytes() == data
    (target / "c.txt").write_bytes(b"proof that nothing was written again")
    assert extract(path, target) == target
    assert (target / "c.txt").read_bytes().startswith(b"proof")


def test_another_archive_is_unpacked_again(tmp_path: Path) -> None:
    target = extract(pack(tmp_path, "zip", {"old.txt": b"old"}), tmp_path / "target")
    extract(pack(tmp_path, "zip", {"new.txt": b"another"}), target)
    assert not (target / "old.txt").exists() and (target / "new.txt").exists()


def test_remains_of_a_killed_run_are_cleared(tmp_path: Path) -> None:
    remains = tmp_path / "target.partial"
    remains.mkdir()
    (remains / "half.txt").write_bytes(b"")
    target = extract(pack(tmp_path, "tar", FILES), tmp_path / "target")
    assert not remains.exists() and not (target / "half.txt").exists()


def test_a_folder_of_the_user_is_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "thesis.txt").write_bytes(b"precious")
    with pytest.raises(UsageError, match="move it elsewhere"):
        extract(pack(tmp_path, "tar", FILES), target)
    assert (target / "thesis.txt").exists()


@pytest.mark.parametrize("files", [{"a": b"", "./a": b""}, {"a": b"", "a/b": b""}, {"n" * 300: b""}])
def test_names_that_cannot_be_written_are_refused(tmp_path: Path, files: dict[str, bytes]) -> None:
    with pytest.raises(FormatError, match=r"another member|file system"):
        extract(pack(tmp_path, "tar", files), tmp_path / "target")


def test_two_archives_in_one_file_are_not_read_as_the_first(tmp_path: Path) -> None:
    path = tmp_path / "clips.tar"
    path.write_bytes(tar_bytes({"a": b"1"}) + tar_bytes({"b": b"2"}))
    with pytest.raises(FormatError, match="follows its end"):
        contents(path)


def test_missing_archive(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"gone\.tar"):
        contents(tmp_path / "gone.tar")


def test_plain_tar_gunzips_once(tmp_path: Path) -> None:
    path, scratch = pack(tmp_path, "tar.gz", FILES), tmp_path / "scratch"
    copy = plain_tar(path, scratch)
    assert copy.parent == scratch and contents(copy) == FILES
    before = copy.stat().st_mtime_ns
    assert plain_tar(path, scratch) == copy and copy.stat().st_mtime_ns == before
    for kind in ("tar", "zip"):
        other = pack(tmp_path, kind, FILES)
        assert plain_tar(other, scratch) == other
    assert list(scratch.iterdir()) == [copy]


@pytest.mark.parametrize("kind", KINDS)
def test_index_finds_groups_even_when_interleaved(tmp_path: Path, kind: str) -> None:
    files = {f"{clip}/{i}.txt": f"{clip}{i}".encode() for i in range(5) for clip in "abc"}
    index = ArchiveIndex(pack(tmp_path, kind, files), folder_of)
    assert index.groups() == ["a", "b", "c"]
    for clip in "cabbca":  # also backwards, also twice
        read = {entry.name: entry.read() for entry in index.files(clip)}
        assert read == {name: data for name, data in files.items() if name.startswith(clip)}


@pytest.mark.parametrize("kind", KINDS)
def test_index_reads_a_group_without_looking_at_the_others(tmp_path: Path, kind: str) -> None:
    looked_at: list[str] = []

    def group_of(name: str) -> str:
        looked_at.append(name)
        return folder_of(name)

    files = {f"{clip:02d}/{i}.txt": b"x" for clip in range(50) for i in range(4)}
    index = ArchiveIndex(pack(tmp_path, kind, files), group_of)
    looked_at.clear()
    assert len(list(index.files("49"))) == 4
    assert looked_at == [f"49/{i}.txt" for i in range(4)]
    scattered = {"a/0.txt": b"", **{f"b/{i}.txt": b"" for i in range(9)}, "a/1.txt": b""}
    index = ArchiveIndex(pack(tmp_path, kind, scattered), group_of)
    looked_at.clear()
    assert len(list(index.files("a"))) == 2 and looked_at == ["a/0.txt", "a/1.txt"]


FUZZED: dict[str, Callable[[], bytes]] = {
    "tar": lambda: tar_bytes(FILES),
    "tar.gz": lambda: gzip.compress(tar_bytes(FILES), mtime=0),
    "zip": lambda: zip_bytes(FILES),
}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_archives_never_give_another_error(tmp_path: Path, kind: str, data: st.DataObject) -> None:
    whole = bytearray(FUZZED[kind]())
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "fuzzed"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))] if data.draw(st.booleans()) else whole)
    try:
        contents(path)
    except FormatError as error:
        assert str(path) in str(error)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=3000))
def test_random_bytes_are_no_archive(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "fuzzed"
    path.write_bytes(data)
    with pytest.raises(FormatError):
        contents(path)


ODD_NAMES = ("a/b.json", "ä/ü_1.json", "x" * 99, "x" * 100, "d/" * 60 + "long.json", "p" * 90 + "/" + "q" * 90)


@pytest.mark.parametrize("kind", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_members_are_those_that_tarfile_reads(tmp_path: Path, kind: int) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=kind) as tar:
        for size, name in enumerate(ODD_NAMES):
            info = tarfile.TarInfo(name)
            info.size, info.mtime = 1000 * size, 1.5
            tar.addfile(info, io.BytesIO(bytes([size]) * info.size))
    found = [(entry.name, entry.read()) for entry in iter_members(path)]
    assert found == [(name, bytes([size]) * 1000 * size) for size, name in enumerate(ODD_NAMES)]


def test_a_header_with_one_wrong_byte_is_refused_or_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        info = tarfile.TarInfo("clip/clip_000000000001_keypoints.json")
        info.size = 700
        tar.addfile(info, io.BytesIO(b"z" * 700))
    whole = path.read_bytes()
    for position in range(512):
        for byte in (0, ord(" "), ord("0"), whole[position] ^ 0x11):
            path.write_bytes(whole[:position] + bytes([byte]) + whole[position + 1 :])
            with contextlib.suppress(FormatError):
                assert [(entry.name, entry.read()) for entry in iter_members(path)] == [(info.name, b"z" * 700)]
