"""What lies in the way, what never ends, what was promised later, and what nobody else should read."""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from prompt2sign.acquire import download, http, pace, register
from prompt2sign.acquire.checks import is_page
from prompt2sign.acquire.fetch import fetch
from prompt2sign.acquire.hosts import redirected, require_safe
from prompt2sign.acquire.register import Entry, Register
from prompt2sign.acquire.trouble import Trouble
from prompt2sign.acquire.wanted import RemoteArchive, RemoteFile
from prompt2sign.errors import FormatError, MissingError, RunError
from prompt2sign.options import FetchOptions

from .acquiring import Told, fetch_all, noise, pinned, sha256
from .server import Mode, Server

URL, OTHER = "https://example.org/a.bin", "https://example.org/b.bin"
DATA = noise(50_000)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "FIRST_WAIT_S", 0.01)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        server.serve(URL, DATA)
        server.serve(OTHER, DATA)
        yield server


def _reason(folder: Path, path: str = "a.bin") -> str:
    return Register.read(folder).reason_of(path)


# --- what lies in the way -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.bin", "a.bin.part", "a.bin.part.json"])
def test_a_folder_where_a_file_belongs_stops_no_other(server: Server, tmp_path: Path, name: str) -> None:
    (tmp_path / name / "mine").mkdir(parents=True)
    with pytest.raises(MissingError, match=r"1 of the 2 files.*\n.*move away what is there"):
        fetch_all(server, tmp_path, [RemoteFile("a.bin", URL), RemoteFile("b.bin", OTHER)], files_at_once=1)
    assert (tmp_path / "b.bin").read_bytes() == DATA
    assert (tmp_path / name / "mine").is_dir()
    assert _reason(tmp_path) == "disk"


def test_a_file_where_a_folder_belongs_stops_no_other(server: Server, tmp_path: Path) -> None:
    (tmp_path / "sub").write_bytes(b"mine")
    with pytest.raises(MissingError, match=r"1 of the 2 files"):
        fetch_all(server, tmp_path, [RemoteFile("sub/a.bin", URL), RemoteFile("b.bin", OTHER)], files_at_once=1)
    assert (tmp_path / "b.bin").exists()


@pytest.mark.parametrize("name", ["a.bin.part", "a.bin.part.json"])
def test_nothing_is_written_through_a_link(server: Server, tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).symlink_to(victim)
    fetch_all(server, tmp_path / "in", [pinned("a.bin", URL, DATA)])
    assert victim.read_bytes() == b"precious"
    assert (tmp_path / "in/a.bin").read_bytes() == DATA
    assert not (tmp_path / "in/a.bin").is_symlink()


def test_a_linked_folder_is_not_followed(server: Server, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "in/sub").symlink_to(tmp_path / "outside")
    wanted = [RemoteFile("sub/a.bin", URL), RemoteFile("b.bin", OTHER), RemoteArchive((RemoteFile("z", URL),), "sub/z")]
    with pytest.raises(MissingError, match="is a link"):
        fetch_all(server, tmp_path / "in", wanted)
    assert list((tmp_path / "outside").iterdir()) == []
    assert (tmp_path / "in/b.bin").exists()


@pytest.mark.parametrize("name", ["a.bin", "a.bin.part", "a.bin.part.json"])
def test_a_pipe_is_not_waited_for(server: Server, tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    fetch_all(server, tmp_path, [pinned("a.bin", URL, DATA)])
    assert (tmp_path / "a.bin").read_bytes() == DATA


def test_a_lock_and_a_register_that_are_folders_or_links(server: Server, tmp_path: Path) -> None:
    (tmp_path / "1/.lock").mkdir(parents=True)
    with pytest.raises(RunError, match=r"\.lock: is in the way"):
        fetch_all(server, tmp_path / "1", [])
    (tmp_path / "2").mkdir()
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / "2/.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(RunError, match=r"\.lock: is in the way"):
        fetch_all(server, tmp_path / "2", [])
    (tmp_path / "3/acquired.parquet").mkdir(parents=True)
    with pytest.raises(FormatError, match="is no register"):
        fetch_all(server, tmp_path / "3", [])
    assert (tmp_path / "victim").read_bytes() == b"precious"


@pytest.mark.parametrize(
    "change",
    [
        {"attempts": None}, {"attempts": "x"}, {"attempts": 2**40}, {"n_bytes": "many"}, {"asked_at": "yesterday"},
        {"fetched_at": 5}, {"mtime_ns": 1.5}, {"tool": None}, {"path": 3}, {"outcome": "perhaps"}, {"version": 2},
    ],
    ids=str,
)  # fmt: skip
def test_a_register_with_a_wrong_cell(server: Server, tmp_path: Path, change: dict[str, object]) -> None:
    fetch_all(server, tmp_path, [RemoteFile("a.bin", URL)])
    path = tmp_path / "acquired.parquet"
    pq.write_table(pa.Table.from_pylist([row | change for row in pq.read_table(path).to_pylist()]), path)
    with pytest.raises(FormatError, match="move it away"):
        fetch_all(server, tmp_path, [RemoteFile("a.bin", URL)])


def test_a_register_from_before_a_column_came(server: Server, tmp_path: Path) -> None:
    wanted = [pinned("a.bin", URL, DATA)]
    fetch_all(server, tmp_path, wanted)
    path = tmp_path / "acquired.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["promise"]), path)
    assert fetch_all(server, tmp_path, wanted).n_new == 0
    entry = Register.read(tmp_path).get("a.bin")
    assert entry and entry.tool and sha256(DATA) in entry.promise


# --- a register of many rows --------------------------------------------------------------------------------------


def test_a_long_register_is_written_once_a_second_and_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "_LONG_S", 0.0)
    monkeypatch.setattr(register, "_PAUSE_S", 0.5)
    rows = Register.read(tmp_path)
    start_s, n_puts = time.monotonic(), 40
    written = set()
    for number in range(n_puts):
        rows.put(Entry(f"{number:02}", "file"))
        written.add((tmp_path / "acquired.parquet").stat().st_mtime_ns)
    assert len(written) <= 2 + (time.monotonic() - start_s) / 0.5
    rows.flush()
    assert len(Register.read(tmp_path).entries()) == n_puts
    rows.put(Entry("last", "file"))
    deadline_s = time.monotonic() + 20
    while Register.read(tmp_path).get("last") is None:
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def test_a_long_register_is_whole_when_a_run_ends_in_an_error(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "_LONG_S", 0.0)
    monkeypatch.setattr(register, "_PAUSE_S", 3600.0)
    asked = 0

    def wanted() -> list[RemoteFile]:
        nonlocal asked
        asked += 1
        if asked > 1:
            raise FormatError("an index that came is damaged")
        return [RemoteFile("a.bin", URL), RemoteFile("b.bin", OTHER)]

    with pytest.raises(FormatError, match="damaged"):
        fetch(wanted, tmp_path, FetchOptions(mirrors=server.mirrors()))
    assert [entry.outcome for entry in Register.read(tmp_path).entries()] == ["done", "done"]


# --- what never ends ----------------------------------------------------------------------------------------------


def test_comments_before_a_page_take_no_time() -> None:
    start_s = time.monotonic()
    assert not is_page(b"<!---->" * 146)
    assert not is_page(b"<?xml>" * 170)
    assert is_page(b"<!---->" * 140 + b"<html>")
    assert time.monotonic() - start_s < 1


def test_the_title_of_a_hostile_page_takes_no_time(server: Server, tmp_path: Path) -> None:
    server.serve(URL, b"<html>" + b"<title" * 40_000)
    start_s = time.monotonic()
    with pytest.raises(MissingError, match="web page"):
        fetch_all(server, tmp_path, [RemoteFile("a.bin", URL)])
    assert time.monotonic() - start_s < 5


@pytest.mark.parametrize("known", [{"sizes": (1000,)}, {"about_bytes": 2000}, {}])
def test_a_body_without_end(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: dict[str, object]
) -> None:
    monkeypatch.setattr(download, "_UNANNOUNCED_BYTES", 10_000)
    monkeypatch.setattr(download, "_PAGE_BYTES", 1000)
    server.serve(URL, noise(3_000_000), length="chunked")
    told = Told()
    with pytest.raises(MissingError, match="sends more than"):
        fetch_all(server, tmp_path, [RemoteFile("a.bin", URL, **known)], told)  # type: ignore[arg-type]
    assert _reason(tmp_path) == "too-long"
    assert told.n_bytes < 2_000_000
    assert len(server.requests) == 1
    assert not (tmp_path / "a.bin.part").exists()


def test_a_server_that_hardly_sends_anything(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "CRAWL_S", 0.3)
    monkeypatch.setattr(pace, "CRAWL_BYTES_A_SECOND", 100_000)
    server.serve(URL, DATA, bytes_a_second=5_000)
    with pytest.raises(MissingError, match="hardly sends anything"):
        fetch_all(server, tmp_path, [RemoteFile("a.bin", URL)], retries=1)
    assert (tmp_path / "a.bin.part").stat().st_size > 0
    server.serve(URL, DATA)
    fetch_all(server, tmp_path, [RemoteFile("a.bin", URL)])


# --- what was promised --------------------------------------------------------------------------------------------


def test_a_checksum_of_what_the_gzip_holds(server: Server, tmp_path: Path) -> None:
    """It may come packed in any way or not at all, whatever the lengths that a page once gave."""
    known = {"sizes": (7,), "unzipped_sha256": sha256(DATA).upper()}
    for number, content in enumerate([gzip.compress(DATA, 1), gzip.compress(DATA, 9), DATA]):
        server.serve(URL, content)
        fetch_all(server, tmp_path, [RemoteFile(f"{number}.tar.gz", URL, **known)])  # type: ignore[arg-type]
        assert (tmp_path / f"{number}.tar.gz").read_bytes() == content
        (tmp_path / f"own-{number}.tar.gz").write_bytes(content)
        fetch_all(server, tmp_path, [RemoteFile(f"own-{number}.tar.gz", URL, **known)])  # type: ignore[arg-type]
    assert len(server.requests) == 3


@pytest.mark.parametrize("content", [gzip.compress(noise(50_000, 2)), noise(50_000, 2)], ids=["gzip", "plain"])
def test_another_content_of_the_right_length(server: Server, tmp_path: Path, content: bytes) -> None:
    server.serve(URL, content)
    with pytest.raises(MissingError, match="SHA-256"):
        file = RemoteFile("a.tar.gz", URL, sizes=(len(content),), unzipped_sha256=sha256(DATA))
        fetch_all(server, tmp_path, [file])
    assert (tmp_path / "a.tar.gz.refused").exists()


def test_a_checksum_of_the_content_lets_a_broken_chain_be_used(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = gzip.compress(DATA, mtime=0)
    file = RemoteFile("a.tar.gz", URL, sizes=(len(packed),), unzipped_sha256=sha256(DATA), broken_chain=True)
    with Server("incomplete") as server:
        root = tmp_path_factory.mktemp("ca") / "ca.pem"
        root.write_bytes(server.ca)
        monkeypatch.setenv("SSL_CERT_FILE", str(root))
        server.serve(URL, packed)
        fetch_all(server, tmp_path, [file])
        assert (tmp_path / "a.tar.gz").read_bytes() == packed
        with pytest.raises(MissingError, match="SHA-256"):
            fetch_all(server, tmp_path, [replace(file, path="b.tar.gz", unzipped_sha256="0" * 64)])
    require_safe("http://example.org/x", pinned=download.is_pinned(file))


def test_a_checksum_that_was_corrected_is_applied_to_what_is_there(server: Server, tmp_path: Path) -> None:
    fetch_all(server, tmp_path, [RemoteFile("a.bin", URL)])
    fetch_all(server, tmp_path, [pinned("a.bin", URL, DATA)])
    for wrong in (
        RemoteFile("a.bin", URL, sha256=("0" * 64,)),
        RemoteFile("a.bin", URL, md5="0" * 32),
        RemoteFile("a.bin", URL, unzipped_sha256="0" * 64),
        RemoteFile("a.bin", URL, sizes=(5,)),
    ):
        with pytest.raises(MissingError, match="not the published one"):
            fetch_all(server, tmp_path, [wrong])
    assert (tmp_path / "a.bin").read_bytes() == DATA
    assert len(server.requests) == 1


# --- what nobody else should read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "location",
    [
        "http://zenodo.org/login?next=/x&token=KEY",
        "ftp://user:KEY@example.org/",
        "http://example.org/KEY#KEY",
        "data:KEY",
    ],
)
def test_a_redirect_that_is_refused_tells_no_keys(server: Server, tmp_path: Path, location: str) -> None:
    server.serve(URL, b"", redirect=location)
    with pytest.raises(MissingError, match="sends on to") as caught:
        fetch_all(server, tmp_path, [RemoteFile("a.bin", URL)])
    assert "KEY" not in str(caught.value)
    assert b"KEY" not in (tmp_path / "acquired.parquet").read_bytes()


def test_where_a_redirect_leads_is_still_said() -> None:
    with pytest.raises(Trouble, match=r"'http://zenodo\.org'"):
        redirected("https://zenodo.org/x", "http://zenodo.org/login?token=KEY")
    with pytest.raises(Trouble, match="'ftp://x'") as caught:
        require_safe("ftp://me:KEY@x/KEY", pinned=True)
    assert "KEY" not in str(caught.value)


# --- in words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (Mode(headers={f"X-{number}": "1" for number in range(120)}), "does not answer as web servers do"),
        (Mode(length="chunked", cut_after=1000), "it broke off"),
        (Mode(reset_after=0), "it broke off"),
        (Mode(wait_s=1), "silent for too long"),
    ],
    ids=["headers", "chunks", "reset", "silence"],
)
def test_connections_that_fail_are_told_in_words(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: Mode, words: str
) -> None:
    monkeypatch.setattr(http, "SILENCE_S", 0.3)
    server.serve(URL, DATA, mode=mode)
    with pytest.raises(MissingError, match=rf"the connection to 127\.0\.0\.1 failed \(.*{words}") as caught:
        fetch_all(server, tmp_path, [RemoteFile("a.bin", URL)], retries=0)
    assert not any(raw in str(caught.value) for raw in ("Error", "Exception", "Incomplete", "bytes read", "<"))


def test_a_refused_connection_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"failed \(Connection refused\)"):
        fetch(lambda: [RemoteFile("a.bin", "http://127.0.0.1:9/x")], tmp_path, FetchOptions(retries=0))
