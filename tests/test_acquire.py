"""Downloads from a real server on loopback: every trouble by which they fail in real life."""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import filelock
import pytest

from prompt2sign.acquire import http, pace, present
from prompt2sign.acquire.fetch import fetch
from prompt2sign.acquire.part import Part
from prompt2sign.acquire.register import Register
from prompt2sign.acquire.survey import survey
from prompt2sign.acquire.wanted import RemoteFile
from prompt2sign.errors import FormatError, MissingError, RunError
from prompt2sign.options import FetchOptions

from .acquiring import Told, fetch_all, noise, pinned, sha256
from .server import QUOTA_PAGE, Mode, Server

URL = "https://example.org/data/corpus.bin"
DATA = noise(300_000)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "FIRST_WAIT_S", 0.01)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


def _failure(server: Server, folder: Path, file: RemoteFile, **options: object) -> str:
    with pytest.raises(MissingError) as caught:
        fetch_all(server, folder, [file], **options)
    assert not (folder / file.path).exists()
    return str(caught.value)


def _row(folder: Path, path: str = "a.bin") -> tuple[str, str]:
    entry = Register.read(folder).get(path)
    assert entry is not None
    return entry.outcome, entry.reason


def test_a_file_comes_with_its_row(server: Server, tmp_path: Path) -> None:
    server.serve(URL, DATA, last_modified="Sat, 21 Nov 2026 10:00:00 GMT")
    told = Told()
    summary = fetch_all(server, tmp_path, [pinned("sub/a.bin", URL, DATA)], told)
    assert (tmp_path / "sub/a.bin").read_bytes() == DATA
    assert (summary.n_done, summary.n_new, summary.n_bytes, summary.n_failed) == (1, 1, len(DATA), 0)
    assert (told.begun, told.n_bytes, told.ended) == (
        [("sub/a.bin", len(DATA), 0)],
        len(DATA),
        [("sub/a.bin", "done", "")],
    )
    entry = Register.read(tmp_path).get("sub/a.bin")
    assert entry and (entry.url, entry.kind, entry.sha256, entry.n_bytes) == (URL, "file", sha256(DATA), len(DATA))
    assert entry.etag and entry.last_modified and entry.asked_at and entry.fetched_at and entry.attempts == 1
    assert sorted(path.name for path in (tmp_path / "sub").iterdir()) == ["a.bin"]
    assert server.requests[0].headers["Accept-Encoding"] == "identity"


def test_a_second_run_asks_nothing_and_reads_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve(URL, DATA)
    wanted = [pinned("a.bin", URL, DATA)]
    fetch_all(server, tmp_path, wanted)

    def never(path: Path, with_md5: bool = False) -> None:
        raise AssertionError(f"{path} was read again")

    monkeypatch.setattr(present, "digest_of", never)
    assert fetch_all(server, tmp_path, wanted).n_new == 0
    assert len(server.requests) == 1
    assert Register.read(tmp_path).get("a.bin").sha256 == sha256(DATA)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "trouble",
    [
        Mode(reset_after=100_000),
        Mode(cut_after=100_000),
        Mode(status=503),
        Mode(status=500),
        Mode(status=408),
        Mode(status=425),
        Mode(status=429, headers={"Retry-After": "0"}),
        Mode(length=len(DATA) + 5),
        Mode(length=len(DATA) - 5),
        Mode(reset_after=0),
        Mode(length="chunked", cut_after=100_000),
    ],
    ids=str,
)
def test_trouble_that_passes_is_tried_again(server: Server, tmp_path: Path, trouble: Mode) -> None:
    server.serve(URL, DATA, first=[trouble, trouble])
    fetch_all(server, tmp_path, [pinned("a.bin", URL, DATA)])
    assert (tmp_path / "a.bin").read_bytes() == DATA
    assert not list(tmp_path.glob("*.part*"))
    assert Register.read(tmp_path).get("a.bin").attempts == len(server.requests) == 3  # type: ignore[union-attr]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451, 501])
def test_trouble_that_stays_is_said_at_once(server: Server, tmp_path: Path, status: int) -> None:
    server.serve(URL, DATA, status=status)
    message = _failure(server, tmp_path, RemoteFile("a.bin", URL))
    assert f"HTTP {status}" in message and URL in message and str(tmp_path / "a.bin") in message
    assert len(server.requests) == 1
    assert _row(tmp_path)[0] == ("gone" if status in {404, 410} else "failed")


def test_retries_end(server: Server, tmp_path: Path) -> None:
    server.serve(URL, DATA, status=503)
    assert "HTTP 503" in _failure(server, tmp_path, RemoteFile("a.bin", URL), retries=3)
    assert len(server.requests) == 4
    assert _row(tmp_path) == ("failed", "http-503")


def test_a_long_file_may_be_cut_off_more_often_than_there_are_retries(server: Server, tmp_path: Path) -> None:
    data = noise(6 << 20)
    server.serve(URL, data, cut_after=(1 << 20) + (1 << 18))
    fetch_all(server, tmp_path, [pinned("a.bin", URL, data)], retries=1)
    assert (tmp_path / "a.bin").read_bytes() == data
    assert len(server.requests) == 5


def test_waits_as_long_as_the_server_asks(server: Server, tmp_path: Path) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=3), usegmt=True)
    first = [Mode(status=429, headers={"Retry-After": "1"}), Mode(status=503, headers={"Retry-After": soon})]
    server.serve(URL, DATA, first=first)
    fetch_all(server, tmp_path, [pinned("a.bin", URL, DATA)])
    first_s, second_s, third_s = (request.at_s for request in server.requests)
    assert second_s - first_s >= 1.0
    assert third_s - second_s >= 0.2


def test_does_not_wait_an_hour(server: Server, tmp_path: Path) -> None:
    server.serve(URL, DATA, status=429, mode=Mode(headers={"Retry-After": "3600"}))
    assert "too many requests" in _failure(server, tmp_path, RemoteFile("a.bin", URL))
    assert len(server.requests) == 1


def test_silence_is_trouble_that_passes(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "SILENCE_S", 0.2)
    server.serve(URL, DATA, first=[Mode(wait_s=0.6)])
    fetch_all(server, tmp_path, [pinned("a.bin", URL, DATA)])
    assert (tmp_path / "a.bin").read_bytes() == DATA


def test_a_slow_drip_is_no_trouble(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "SILENCE_S", 0.3)
    server.serve(URL, DATA, bytes_a_second=500_000)
    fetch_all(server, tmp_path, [RemoteFile("a.bin", URL)])
    assert len(server.requests) == 1


def test_no_server(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"connection to 127\.0\.0\.1 failed"):
        fetch(lambda: [RemoteFile("a.bin", "http://127.0.0.1:9/x")], tmp_path, FetchOptions(retries=1))


# --- resuming -----------------------------------------------------------------------------------------------------


def test_the_next_run_completes_what_there_is(server: Server, tmp_path: Path) -> None:
    server.serve(URL, DATA, first=[Mode(cut_after=200_000)])
    _failure(server, tmp_path, RemoteFile("a.bin", URL), retries=0)
    n_kept = (tmp_path / "a.bin.part").stat().st_size
    assert n_kept == 200_000
    told = Told()
    fetch_all(server, tmp_path, [RemoteFile("a.bin", URL)], told)
    assert (tmp_path / "a.bin").read_bytes() == DATA
    assert server.requests[1].headers["Range"] == f"bytes={n_kept}-"
    assert server.requests[1].headers["If-Range"].startswith('"')
    assert told.begun == [("a.bin", len(DATA), n_kept)]
    assert Register.read(tmp_path).get("a.bin").sha256 == sha256(DATA)  # type: ignore[union-attr]


@pytest.mark.parametrize("heeds_condition", [True, False])
@pytest.mark.parametrize("tag", ["etag", "date"])
def test_a_file_that_changed_is_begun_anew(server: Server, tmp_path: Path, heeds_condition: bool, tag: str) -> None:
    """A server that heeds `If-Range` sends the whole; one that does not sends a part of another version."""
    other = noise(len(DATA), seed=2)
    versions = [
        Mode(etag='"1"' if tag == "etag" else "", last_modified=f"Sat, 2{i} Nov 2026 10:00:00 GMT") for i in (1, 2)
    ]
    server.serve(URL, DATA, mode=versions[0], cut_after=200_000)
    _failure(server, tmp_path, RemoteFile("a.bin", URL), retries=0)
    changes = {"etag": '"2"'} if tag == "etag" else {}
    server.serve(URL, other, mode=versions[1], conditional=heeds_condition, **changes)
    fetch_all(server, tmp_path, [RemoteFile("a.bin", URL)])
    assert (tmp_path / "a.bin").read_bytes() == other


def test_without_a_version_or_a_checksum_nothing_is_joined(server: Server, tmp_path: Path) -> None:
    server.serve(URL, DATA, etag="", cut_after=200_000)
    _failure(server, tmp_path, RemoteFile("a.bin", URL), retries=0)
    other = noise(len(DATA), seed=2)
    server.serve(URL, other, etag="")
    fetch_all(server, tmp_path, [RemoteFile("a.bin", URL)])
    assert (tmp_path / "a.bin").read_bytes() == other


def test_with_a_checksum_bytes_are_joined_and_begun_anew_where_they_do_not_fit(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes(DATA[:1000])
    (tmp_path / "b.bin.part").write_bytes(noise(1000, seed=3))
    server.serve(URL, DATA, etag="")
    fetch_all(server, tmp_path, [pinned("a.bin", URL, DATA)])
    assert [request.headers.get("Range") for request in server.requests] == ["bytes=1000-"]
    fetch_all(server, tmp_path, [pinned("b.bin", URL, DATA)])
    assert (tmp_path / "a.bin").read_bytes() == (tmp_path / "b.bin").read_bytes() == DATA
    assert [request.headers.get("Range") for request in server.requests[1:]] == ["bytes=1000-", None]


def test_the_same_version_of_another_file(server: Server, tmp_path: Path) -> None:
    """Entity tags are of one address: another may have the same."""
    server.serve(URL, DATA, etag='"1"', cut_after=200_000)
    _failure(server, tmp_path, RemoteFile("a.bin", URL), retries=0)
    other = noise(len(DATA), seed=2)
    server.serve(URL + ".v2", other, etag='"1"')
    fetch_all(server, tmp_path, [RemoteFile("a.bin", URL + ".v2")])
    assert (tmp_path / "a.bin").read_bytes() == other


def test_a_server_that_gives_less_than_was_asked_for(server: Server, tmp_path: Path) -> None:
    server.serve(URL, DATA, first=[Mode(cut_after=100_000)], at_most=90_000)
    fetch_all(server, tmp_path, [RemoteFile("a.bin", URL)])
    assert (tmp_path / "a.bin").read_bytes() == DATA
    assert len(server.requests) == 4


def test_a_server_without_ranges(server: Server, tmp_path: Path) -> None:
    server.serve(URL, DATA, first=[Mode(cut_after=200_000, ranges=False)], ranges=False)
    fetch_all(server, tmp_path, [RemoteFile("a.bin", URL)])
    assert (tmp_path / "a.bin").read_bytes() == DATA


def test_a_part_that_was_whole_already(server: Server, tmp_path: Path) -> None:
    """Killed between the last byte and the new name: the server has nothing after it (416)."""
    (tmp_path / "a.bin.part").write_bytes(DATA)
    server.serve(URL, DATA)
    fetch_all(server, tmp_path, [pinned("a.bin", URL, DATA)])
    assert (tmp_path / "a.bin").read_bytes() == DATA
    assert len(server.requests) == 1


def test_a_part_that_is_too_long(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes(DATA + b"more")
    server.serve(URL, DATA)
    fetch_all(server, tmp_path, [pinned("a.bin", URL, DATA)])
    assert (tmp_path / "a.bin").read_bytes() == DATA


@pytest.mark.parametrize(
    "note", [b"", b"[]", b"{", b'{"address": 3}', b'{"address": "x", "n_total": "9"}', b"[" * 9999]
)
def test_a_note_that_a_person_changed(server: Server, tmp_path: Path, note: bytes) -> None:
    (tmp_path / "a.bin.part").write_bytes(b"not of it")
    (tmp_path / "a.bin.part.json").write_bytes(note)
    server.serve(URL, DATA)
    fetch_all(server, tmp_path, [RemoteFile("a.bin", URL)])
    assert (tmp_path / "a.bin").read_bytes() == DATA


# --- is it what was promised --------------------------------------------------------------------------------------


def test_a_wrong_checksum_is_refused_and_kept_to_look_at(server: Server, tmp_path: Path) -> None:
    server.serve(URL, DATA)
    file = RemoteFile("a.bin", URL, sha256=(sha256(b"other"),))
    assert "a.bin.refused" in _failure(server, tmp_path, file)
    assert (tmp_path / "a.bin.refused").read_bytes() == DATA
    assert _row(tmp_path) == ("refused", "mismatch")
    assert len(server.requests) == 1


def test_a_wrong_length_is_refused_before_it_is_fetched(server: Server, tmp_path: Path) -> None:
    server.serve(URL, DATA)
    (tmp_path / "a.bin.part").write_bytes(b"precious")
    message = _failure(server, tmp_path, RemoteFile("a.bin", URL, sizes=(5, 6)), retries=1)
    assert "300,000 bytes, published are 5 or 6" in message
    assert (tmp_path / "a.bin.part").read_bytes() == b"precious"
    assert _row(tmp_path) == ("refused", "wrong-length")


def test_md5(server: Server, tmp_path: Path) -> None:
    server.serve(URL, DATA)
    fetch_all(server, tmp_path, [RemoteFile("a.bin", URL, md5=hashlib.md5(DATA).hexdigest())])
    assert "MD5" in _failure(server, tmp_path, RemoteFile("b.bin", URL, md5="0" * 32))


def test_no_length_and_nothing_known(server: Server, tmp_path: Path) -> None:
    """A connection that just ends may have ended too early."""
    server.serve(URL, DATA, length="none")
    assert "nobody can tell" in _failure(server, tmp_path, RemoteFile("a.bin", URL))
    fetch_all(server, tmp_path, [pinned("b.bin", URL, DATA)])
    server.serve(URL, DATA, length="chunked")
    fetch_all(server, tmp_path, [RemoteFile("c.bin", URL)])
    assert (tmp_path / "b.bin").read_bytes() == (tmp_path / "c.bin").read_bytes() == DATA


def test_an_empty_file(server: Server, tmp_path: Path) -> None:
    server.serve(URL, b"")
    assert "empty" in _failure(server, tmp_path, RemoteFile("a.bin", URL))


def test_a_tar_gz_known_by_its_content(server: Server, tmp_path: Path) -> None:
    """One list of checksums was made from the file as it is sent, another from what the gzip in it holds."""
    packed = gzip.compress(DATA, mtime=0)
    for number, (content, mode) in enumerate([(packed, Mode()), (DATA, Mode()), (DATA, Mode(gzip=True))]):
        server.serve(URL, content, mode=mode)
        fetch_all(server, tmp_path, [RemoteFile(f"{number}.tar.gz", URL, sha256=(sha256(DATA),))])
    assert [(tmp_path / f"{n}.tar.gz").read_bytes() for n in range(3)] == [packed, DATA, packed]
    other = gzip.compress(noise(9), mtime=0)
    server.serve(URL, other)
    assert "SHA-256" in _failure(server, tmp_path, RemoteFile("3.tar.gz", URL, sha256=(sha256(DATA),)))
    sizes = {"sizes": (len(other), len(DATA)), "sha256": ("", sha256(DATA))}
    fetch_all(server, tmp_path, [RemoteFile("4.tar.gz", URL, **sizes)])  # type: ignore[arg-type]


def test_an_encoding_that_was_not_asked_for_is_taken_off(server: Server, tmp_path: Path) -> None:
    server.serve(URL, b"id,text\n" * 9000, gzip=True, first=[Mode(gzip=True, reset_after=60)])
    fetch_all(server, tmp_path, [pinned("a.csv", URL, b"id,text\n" * 9000)])
    assert (tmp_path / "a.csv").read_bytes() == b"id,text\n" * 9000
    server.serve(URL, b"<!doctype html><title>Sorry</title>", gzip=True)
    assert "web page" in _failure(server, tmp_path, RemoteFile("b.csv", URL))
    server.serve(URL, bytes(5_000_000), gzip=True)
    assert "next to nothing" in _failure(server, tmp_path, RemoteFile("b.csv", URL))
    server.serve(URL, DATA, mode=Mode(headers={"Content-Encoding": "br"}))
    assert "br, which was not asked for" in _failure(server, tmp_path, RemoteFile("c.csv", URL))
    assert [path.name for path in tmp_path.iterdir() if ".part" in path.name] == []


@pytest.mark.parametrize(
    "page",
    [
        b"<!DOCTYPE html>\n<html><head><title>Under\n maintenance</title>",
        b"\xef\xbb\xbf \r\n<HTML lang=de><title>Under maintenance</title>",
        b'<?xml version="1.0"?>\n<!-- a --><html><title>Under maintenance</title>' + b" " * 5000,
    ],
)
def test_a_web_page_instead_of_the_file(server: Server, tmp_path: Path, page: bytes) -> None:
    (tmp_path / "a.zip.part").write_bytes(b"precious")
    server.serve(URL, page, mode=Mode(ranges=False, headers={"Content-Type": "application/zip"}))
    message = _failure(server, tmp_path, RemoteFile("a.zip", URL, md5="0" * 32))
    assert "sent a web page instead of the file (Under maintenance)" in message
    assert (tmp_path / "a.zip.part").read_bytes() == b"precious"
    assert _row(tmp_path, "a.zip") == ("refused", "web-page")


def test_a_web_page_that_is_wanted(server: Server, tmp_path: Path) -> None:
    server.serve(URL, b"<html>index</html>")
    fetch_all(server, tmp_path, [RemoteFile("index.html", URL)])
    assert (tmp_path / "index.html").read_bytes() == b"<html>index</html>"


# --- what is there already ----------------------------------------------------------------------------------------


def test_a_copy_that_a_person_put_there(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(DATA)
    (tmp_path / "b.bin").write_bytes(DATA)
    told = Told()
    summary = fetch_all(server, tmp_path, [pinned("a.bin", URL, DATA), RemoteFile("b.bin", URL)], told)
    assert (summary.n_done, server.requests) == (2, [])
    entry = Register.read(tmp_path).get("b.bin")
    assert entry and (entry.sha256, entry.tool, entry.asked_at) == (sha256(DATA), "", None)


def test_a_wrong_copy_is_named_and_left_alone(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"half of i")
    (tmp_path / "b.bin").write_bytes(b"<html>log in</html>")
    with pytest.raises(MissingError, match=r"9 bytes, published are 300,000.*Delete .*a\.bin") as caught:
        fetch_all(server, tmp_path, [pinned("a.bin", URL, DATA), RemoteFile("b.bin", URL)])
    assert "it is a web page" in str(caught.value)
    assert (tmp_path / "a.bin").read_bytes() == b"half of i"
    assert server.requests == []


def test_a_file_that_was_changed_afterwards_is_seen(server: Server, tmp_path: Path) -> None:
    server.serve(URL, DATA)
    fetch_all(server, tmp_path, [pinned("a.bin", URL, DATA)])
    (tmp_path / "a.bin").write_bytes(b"changed")
    with pytest.raises(MissingError, match="not the published one"):
        fetch_all(server, tmp_path, [pinned("a.bin", URL, DATA)])


# --- many files ---------------------------------------------------------------------------------------------------


def test_what_can_be_done_without_stops_nothing(server: Server, tmp_path: Path) -> None:
    server.serve(URL, DATA)
    wanted = [RemoteFile("no.bin", "https://example.org/none", optional=True), pinned("a.bin", URL, DATA)]
    summary = fetch_all(server, tmp_path, wanted)
    assert (summary.n_done, summary.n_gone) == (1, 1)
    assert Register.read(tmp_path).reason_of("no.bin") == "not-there"
    assert Register.read(tmp_path).reason_of("a.bin") == Register.read(tmp_path).reason_of("never") == ""


def test_everything_else_comes_before_it_is_said_what_did_not(server: Server, tmp_path: Path) -> None:
    urls = [f"https://example.org/{n}" for n in range(30)]
    for url in urls[25:]:
        server.serve(url, DATA)
    with pytest.raises(MissingError, match="25 of the 30 files") as caught:
        fetch_all(server, tmp_path, [RemoteFile(url[-2:].strip("/"), url) for url in urls])
    assert "and 5 more" in str(caught.value)
    assert sorted(path.name for path in tmp_path.glob("2*")) == ["25", "26", "27", "28", "29"]


def test_an_index_that_came_may_name_more(server: Server, tmp_path: Path) -> None:
    server.serve("https://example.org/index", b"one two")
    for name in ("one", "two"):
        server.serve(f"https://example.org/{name}", name.encode())

    def wanted() -> list[RemoteFile]:
        index = tmp_path / "index"
        names = index.read_text().split() if index.exists() else []
        return [RemoteFile(name, f"https://example.org/{name}") for name in ["index", *names]]

    summary = fetch(wanted, tmp_path, FetchOptions(mirrors=server.mirrors()))
    assert (summary.n_done, (tmp_path / "two").read_bytes()) == (3, b"two")


def test_no_host_gets_more_than_its_share(tmp_path: Path) -> None:
    busy, most, lock = {"a": 0, "b": 0}, {"a": 0, "b": 0, "all": 0}, threading.Lock()

    class Watch(Told):
        def begin(self, path: str, n_bytes: int | None, n_have: int) -> None:
            with lock:
                busy[path[0]] += 1
                most[path[0]] = max(most[path[0]], busy[path[0]])
                most["all"] = max(most["all"], sum(busy.values()))

        def end(self, path: str, outcome: object, message: str) -> None:
            with lock:
                busy[path[0]] -= 1

    with Server() as one, Server() as other:
        other_base = other.base.replace("127.0.0.1", "localhost")
        wanted = []
        for server, host in ((one, "a"), (other, "b")):
            for n in range(6):
                server.serve(f"https://{host}.org/{n}", DATA[:30_000], bytes_a_second=200_000)
                wanted.append(RemoteFile(f"{host}{n}", f"https://{host}.org/{n}"))
        mirrors = {"https://b.org/": f"{other_base}/b.org/"}
        fetch_all(one, tmp_path, wanted, Watch(), files_at_once=3, per_host=2, mirrors=mirrors)
    assert most["a"] <= 2 and most["b"] <= 2 and most["all"] == 3


def test_rate_limit(server: Server, tmp_path: Path) -> None:
    urls = [f"https://example.org/{n}" for n in range(3)]
    for url in urls:
        server.serve(url, DATA)
    fetch_all(server, tmp_path, [RemoteFile(url[-1], url) for url in urls], rate_limit=0.5)
    assert time.monotonic() - server.requests[0].at_s >= 1.6


def test_longest_mirror_wins(server: Server, tmp_path: Path) -> None:
    server.serve("https://good.org/x/corpus.bin", DATA)
    mirrors = {
        "https://example.org/": "https://bad.example/",
        "https://example.org/data/": server.local("https://good.org/x/"),
    }
    fetch_all(server, tmp_path, [pinned("a.bin", URL, DATA)], mirrors=mirrors)
    assert Register.read(tmp_path).get("a.bin").url == URL  # type: ignore[union-attr]


def test_two_at_once(server: Server, tmp_path: Path) -> None:
    with filelock.FileLock(tmp_path / ".lock"), pytest.raises(RunError, match="another prompt2sign"):
        fetch_all(server, tmp_path, [])


@pytest.mark.parametrize(
    "path",
    ["", "/etc/x", "../x", "a/../../x", "a//b", "a/./b", "a\\b", "a\0b", "a\nb", "x" * 300, "a/" * 3000 + "b",
     "acquired.parquet", ".lock", "a.part", "a.part.json", "a.refused", ".a.unpacking", "\ud800"],
)  # fmt: skip
def test_names_that_lead_elsewhere(server: Server, tmp_path: Path, path: str) -> None:
    with pytest.raises(FormatError, match="is to be fetched to"):
        fetch_all(server, tmp_path, [RemoteFile(path, URL)])
    assert server.requests == []


def test_one_place_for_two(server: Server, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="both want to be"):
        fetch_all(server, tmp_path, [RemoteFile("a", URL), RemoteFile("A", URL + "2")])
    with pytest.raises(FormatError, match="in 'a', which is"):
        fetch_all(server, tmp_path, [RemoteFile("A", URL), RemoteFile("a/b/c.bin", URL + "2")])


def test_no_room(server: Server, tmp_path: Path) -> None:
    server.serve(URL, DATA)
    wanted = [RemoteFile("a.bin", URL, about_bytes=10**18)]
    assert survey(wanted, tmp_path).disk_bytes == 10**18
    with pytest.raises(RunError, match=r"1,000,000,000\.0 GB, its disk has .* GB free"):
        fetch_all(server, tmp_path, wanted)
    assert server.requests == []
    assert _row(tmp_path) == ("failed", "not-asked")


def test_a_full_disk_stops_everything(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.serve(URL, DATA)
    monkeypatch.setattr(Part, "open", lambda part: Path("/dev/full").open("ab", buffering=0))  # noqa: SIM115
    with pytest.raises(OSError, match="No space left"):
        fetch_all(server, tmp_path, [RemoteFile("a.bin", URL)])


def test_survey(server: Server, tmp_path: Path) -> None:
    (tmp_path / "b.bin").write_bytes(DATA)
    (tmp_path / "c.bin.part").write_bytes(DATA[:100])
    wanted = [RemoteFile("a.bin", URL), RemoteFile("b.bin", URL), pinned("c.bin", URL, DATA)]
    seen = survey(wanted, tmp_path)
    assert (seen.n_present, seen.n_to_fetch, seen.n_unknown) == (1, 2, 1)
    assert (seen.bytes_present, seen.bytes_to_fetch, seen.disk_bytes) == (300_000, 299_900, 299_900)


def test_survey_of_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert survey([RemoteFile("a", URL, sizes=(7,))], tmp_path / "none").bytes_to_fetch == 7
    assert not (tmp_path / "none").exists()


def test_ctrl_c_ends_at_once_and_keeps_what_came(server: Server, tmp_path: Path) -> None:
    class Impatient(Told):
        def advance(self, path: str, n_bytes: int) -> None:
            super().advance(path, n_bytes)
            if self.n_bytes > 20_000:
                raise KeyboardInterrupt

    server.serve(URL, DATA, bytes_a_second=30_000)
    start_s = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        fetch_all(server, tmp_path, [RemoteFile("a.bin", URL), RemoteFile("b.bin", URL)], Impatient())
    assert time.monotonic() - start_s < 7
    assert (tmp_path / "a.bin.part").stat().st_size > 5_000
    assert _row(tmp_path)[0] == "failed"
    server.serve(URL, DATA)
    fetch_all(server, tmp_path, [RemoteFile("a.bin", URL), RemoteFile("b.bin", URL)])
    assert (tmp_path / "a.bin").read_bytes() == (tmp_path / "b.bin").read_bytes() == DATA


def test_a_register_that_is_none(server: Server, tmp_path: Path) -> None:
    (tmp_path / "acquired.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(FormatError, match="move it away"):
        fetch_all(server, tmp_path, [])


# --- Google Drive and its like ------------------------------------------------------------------------------------


def test_drive(server: Server, tmp_path: Path) -> None:
    server.serve("https://drive.google.com/file/d/small-1", DATA)
    server.serve("https://drive.google.com/file/d/big_2", DATA, confirm=True, first=[Mode(reset_after=0)])
    fetch_all(
        server,
        tmp_path,
        [
            RemoteFile("a.zip", "https://drive.google.com/file/d/small-1"),
            RemoteFile("b.zip", "https://drive.google.com/file/d/big_2/view?usp=sharing"),
        ],
    )
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes() == DATA
    assert any("confirm=t" in request.url and "at=A%3AB%26C" in request.url for request in server.requests)


def test_drive_resumes_behind_its_page(server: Server, tmp_path: Path) -> None:
    url = "https://drive.google.com/file/d/big"
    server.serve(url, DATA, confirm=True, cut_after=200_000)
    fetch_all(server, tmp_path, [RemoteFile("a.zip", url)])
    assert (tmp_path / "a.zip").read_bytes() == DATA
    assert [("confirm" in r.url, "Range" in r.headers) for r in server.requests] == [
        (False, False),
        (True, False),
        (False, True),
        (True, True),
    ]


@pytest.mark.parametrize("status", [200, 403, 429])
def test_drive_quota(server: Server, tmp_path: Path, status: int) -> None:
    url = "https://drive.google.com/file/d/popular"
    server.serve(url, QUOTA_PAGE, status=status)
    message = _failure(server, tmp_path, RemoteFile("a.zip", url))
    assert "try again in a day" in message and url in message and str(tmp_path / "a.zip") in message
    assert _row(tmp_path, "a.zip") == ("failed", "drive-quota")
    assert len(server.requests) == 1


def test_drive_asks_for_a_login(server: Server, tmp_path: Path) -> None:
    url = "https://drive.google.com/file/d/private"
    server.serve(url, b"", redirect="https://accounts.google.com/ServiceLogin")
    assert "not shared it with everybody" in _failure(server, tmp_path, RemoteFile("a.zip", url))


def test_redirects(server: Server, tmp_path: Path) -> None:
    server.serve("https://cdn.example/file", DATA)
    server.serve(URL, b"", redirect="/cdn.example/file", status=307)
    fetch_all(server, tmp_path, [RemoteFile("a.bin", URL)])
    server.serve(URL, b"", redirect="/example.org/data/corpus.bin")
    assert "more than 10 redirects" in _failure(server, tmp_path, RemoteFile("b.bin", URL))


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "http://example.com/x", "ftp://example.com/x", "https://", "//[", "data:,x"]
)
def test_redirects_that_nobody_should_follow(server: Server, tmp_path: Path, target: str) -> None:
    server.serve(URL, b"", redirect=target)
    assert "sends on to" in _failure(server, tmp_path, RemoteFile("a.bin", URL))


@pytest.mark.parametrize(
    "url", ["http://example.com/x", "file:///etc/passwd", "ftp://x/y", "https:///x", "x", "https://[/"]
)
def test_addresses_that_nobody_should_ask(tmp_path: Path, url: str) -> None:
    with pytest.raises(MissingError):
        fetch(lambda: [RemoteFile("a", url)], tmp_path, FetchOptions())
    assert _row(tmp_path, "a")[1] in {"plain-http", "bad-address"}


# --- certificates -------------------------------------------------------------------------------------------------


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    def trusted(server: Server) -> Server:
        path = tmp_path_factory.mktemp("ca") / "ca.pem"
        path.write_bytes(server.ca)
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        return server

    return trusted


def test_https(tmp_path: Path, trust) -> None:  # type: ignore[no-untyped-def]
    with Server("good") as server:
        server.serve(URL, DATA)
        fetch_all(trust(server), tmp_path, [RemoteFile("a.bin", URL)])
    assert (tmp_path / "a.bin").read_bytes() == DATA


@pytest.mark.parametrize("kind", ["self-signed", "incomplete"])
def test_a_server_that_does_not_prove_who_it_is(tmp_path: Path, trust, kind) -> None:  # type: ignore[no-untyped-def]
    with Server(kind) as server:
        trust(server)
        server.serve(URL, DATA)
        assert "does not prove who it is" in _failure(server, tmp_path, pinned("a.bin", URL, DATA))
        assert "does not prove" in _failure(server, tmp_path, RemoteFile("b.bin", URL, broken_chain=True))
        assert server.requests == []
        told = Told()
        fetch_all(server, tmp_path, [pinned("c.bin", URL, DATA, broken_chain=True)], told)
        assert (tmp_path / "c.bin").read_bytes() == DATA
        assert "if its checksum is the published one" in told.lines[0]
        wrong = RemoteFile("d.bin", URL, sizes=(len(DATA), 5), sha256=("", "0" * 64), broken_chain=True)
        assert "SHA-256" in _failure(server, tmp_path, wrong)


def test_a_proxy(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.serve("http://old.example/x", DATA)
    monkeypatch.setenv("http_proxy", server.base)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    fetch(lambda: [pinned("a.bin", "http://old.example/x", DATA)], tmp_path, FetchOptions())
    assert (tmp_path / "a.bin").read_bytes() == DATA
    assert server.requests[0].headers["Host"] == "old.example"
