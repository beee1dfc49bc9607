"""Headers, addresses and pages from strangers: what they mean, and that nothing they hold breaks anything."""

from __future__ import annotations

import contextlib
import json
import string
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt2sign.acquire.checks import HEAD, is_page
from prompt2sign.acquire.drive import confirmed, direct_form, is_quota_page
from prompt2sign.acquire.hosts import address_of, is_loopback, redirected, require_safe, with_token
from prompt2sign.acquire.part import Note, Part
from prompt2sign.acquire.ranges import content_range, note_of_answer, range_headers
from prompt2sign.acquire.register import Entry, Register
from prompt2sign.acquire.trouble import Trouble, seconds_of
from prompt2sign.acquire.wanted import RemoteFile

from .server import confirm_page

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
counts = st.integers(0, 10**12)


@given(st.integers(0, 10**8))
def test_retry_after_in_seconds_and_as_a_date(seconds: int) -> None:
    assert seconds_of(str(seconds), NOW) == seconds
    assert seconds_of(format_datetime(NOW + timedelta(seconds=seconds), usegmt=True), NOW) == seconds
    assert seconds_of(format_datetime(NOW - timedelta(seconds=seconds), usegmt=True), NOW) == 0


@pytest.mark.parametrize("value", ["", "-5", "1.5", "soon", "9" * 40, "Mon, 99 Nov 2026 10:00:00 GMT", "٣"])
def test_retry_after_that_says_nothing(value: str) -> None:
    assert seconds_of(value, NOW) is None


@given(st.text())
def test_any_retry_after(value: str) -> None:
    seconds = seconds_of(value, NOW)
    assert seconds is None or seconds >= 0


@given(counts, counts, counts)
def test_content_range(start: int, more: int, rest: int) -> None:
    last, total = start + more, start + more + 1 + rest
    assert content_range(f"bytes {start}-{last}/{total}") == (start, total)
    assert content_range(f"bytes {start}-{last}/*") == (start, None)
    assert content_range(f"bytes */{total}") == (None, total)
    assert content_range(f"bytes {start}-{last}/{last}") == (None, None)


@given(st.text(alphabet=st.sampled_from("bytes =-/*0123456789٣x\n"), max_size=30))
def test_any_content_range(value: str) -> None:
    start, total = content_range(value)
    assert start is None or total is None or 0 <= start < total


@given(st.dictionaries(st.sampled_from(["ETag", "Last-Modified", "Content-Length", "Content-Range"]), st.text()))
def test_any_headers_of_an_answer(headers: dict[str, str]) -> None:
    note = note_of_answer("https://x/", headers, "Content-Range" in headers)
    assert note.n_total is None or note.n_total >= 0
    assert note.same_version(note)


def test_conditions() -> None:
    assert range_headers(0, Note("x", '"1"')) == {}
    assert range_headers(5, Note("x", '"1"', "date")) == {"Range": "bytes=5-", "If-Range": '"1"'}
    assert range_headers(5, Note("x", 'W/"1"', "date")) == {"Range": "bytes=5-", "If-Range": "date"}
    assert range_headers(5, Note("x", 'W/"1"')) == {"Range": "bytes=5-"}


keys = st.sampled_from(["address", "etag", "n_total", "encoding", "x"])
notes = st.dictionaries(keys, st.text() | st.integers() | st.none()).map(lambda note: json.dumps(note).encode())


@settings(max_examples=50)
@given(st.binary(max_size=200) | notes)
def test_any_note_beside_a_part(tmp_path_factory: pytest.TempPathFactory, note: bytes) -> None:
    whole = tmp_path_factory.mktemp("note") / "a"
    whole.with_name("a.part").write_bytes(b"12345")
    whole.with_name("a.part.json").write_bytes(note)
    assert Part(whole, "https://x/", pinned=False, with_md5=False).n_kept in {0, 5}


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.builds(
    Entry,
    path=texts, kind=st.sampled_from(["file", "part", "archive", "video"]), url=texts,
    outcome=st.sampled_from(["done", "gone", "failed", "refused"]), reason=texts, message=texts,
    n_bytes=st.none() | counts, sha256=texts, etag=texts, last_modified=texts,
    asked_at=st.none() | st.just(NOW), fetched_at=st.none() | st.just(NOW), attempts=st.integers(0, 2**31 - 1),
    tool=texts, mtime_ns=st.none() | counts,
), unique_by=lambda entry: entry.path, max_size=5))  # fmt: skip
def test_the_register_reads_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, entries: list[Entry]
) -> None:
    folder = tmp_path_factory.mktemp("register")
    register = Register.read(folder)
    for entry in entries:
        register.put(entry)
    again = Register.read(folder)
    assert again.entries() == register.entries() == sorted(entries, key=lambda entry: entry.path)
    assert all(again.reason_of(e.path) == ("" if e.outcome == "done" else e.reason) for e in entries)


def test_a_register_of_a_wanted_list_that_changed(tmp_path: Path) -> None:
    register = Register.read(tmp_path)
    register.put(Entry("a", "file", "https://x/1", outcome="done", reason="", message=""))
    register.expect([RemoteFile("a", "https://x/1"), RemoteFile("b", "https://x/2")])
    assert [entry.outcome for entry in register.entries()] == ["done", "failed"]
    register.expect([RemoteFile("a", "https://x/9")])
    assert register.reason_of("a") == "not-asked"


DIRECT = "https://drive.usercontent.google.com/download?id=1-a_B&export=download&authuser=0"


@pytest.mark.parametrize(
    "url",
    [
        "https://drive.google.com/file/d/1-a_B",
        "https://drive.google.com/file/d/1-a_B/",
        "https://drive.google.com/file/d/1-a_B/view?usp=sharing",
        "https://drive.google.com/file/d/1-a_B?usp=sharing#x",
        "https://drive.google.com/uc?export=download&id=1-a_B",
        "https://drive.google.com/open?id=1-a_B",
    ],
)
def test_drive_addresses(url: str) -> None:
    assert direct_form(url) == address_of(url, {}) == DIRECT


@pytest.mark.parametrize(
    "url",
    ["https://drive.google.com/drive/folders/1a", "https://drive.google.com.evil.org/file/d/1a", "https://x.org/",
     "https://drive.google.com/uc?export=download", "https://x.org/https://drive.google.com/file/d/1a", ""],
)  # fmt: skip
def test_other_addresses(url: str) -> None:
    assert direct_form(url) == ""
    assert address_of(url, {}) == url


def test_mirrors_of_drive() -> None:
    url = "https://drive.google.com/file/d/1-a_B"
    assert address_of(url, {url: "https://mirror.org/clips.zip"}) == "https://mirror.org/clips.zip"
    assert address_of(url, {"https://drive.usercontent.google.com/": "https://m.org/"}).startswith("https://m.org/down")


def test_dropbox() -> None:
    assert address_of("http://www.dropbox.com/s/8w/video.zip?dl=0", {}) == "https://www.dropbox.com/s/8w/video.zip?dl=1"
    assert address_of("https://www.dropbox.com/s/8w/v.zip", {}) == "https://www.dropbox.com/s/8w/v.zip?dl=1"


def test_the_form_of_drive() -> None:
    target = confirmed(DIRECT, confirm_page("/download?id=1-a_B").decode())
    parts = urlsplit(target)
    assert (parts.hostname, parts.path) == ("drive.usercontent.google.com", "/download")
    fields = {"id": "1-a_B", "export": "download", "authuser": "0", "confirm": "t", "uuid": "0-1-2", "at": "A:B&C"}
    assert parse_qs(parts.query) == {key: [value] for key, value in fields.items()}


def test_forms_that_are_not_drives() -> None:
    assert confirmed(DIRECT, confirm_page("/download?id=other").decode()) == ""
    assert confirmed(DIRECT, "<form><input name=id value=1-a_B><input name=confirm value=t></form>") == ""
    evil = '<form id="download-form" action="file:///etc"><input name=confirm value=t><input name=id value="1-a_B">'
    assert confirmed(DIRECT, evil).startswith("https://drive.usercontent.google.com/download?")


@given(st.text(alphabet=st.sampled_from('<form id="download-form"><input name=confirm value=t>&#x;!-'), max_size=200))
def test_any_page(page: str) -> None:
    assert confirmed(DIRECT, page) == "" or confirmed(DIRECT, page).startswith(DIRECT.split("?", maxsplit=1)[0])
    assert is_quota_page(page) is False


def test_the_key_goes_to_nobody_else() -> None:
    assert with_token("https://zenodo.org/api/records/1/files/a/content", "s3") == (
        "https://zenodo.org/api/records/1/files/a/content?token=s3"
    )
    assert with_token("https://zenodo.org/x?token=old&a=1", "s3") == "https://zenodo.org/x?a=1&token=s3"
    for url in ("http://zenodo.org/x", "https://zenodo.org.evil.org/x", "https://evil.org/zenodo.org", DIRECT):
        assert with_token(url, "s3") == url
    assert with_token("https://zenodo.org/x", "") == "https://zenodo.org/x"


def test_plain_http() -> None:
    require_safe("http://158.109.8.102/x", pinned=True)
    require_safe("http://127.0.0.1:80/x", pinned=False)
    with pytest.raises(Trouble, match="without encryption"):
        require_safe("http://158.109.8.102/x", pinned=False)


@given(st.text(alphabet=string.printable, max_size=60))
def test_any_address(text: str) -> None:
    is_loopback(text)
    address_of(text, {"https://": "https://m/"})
    try:
        require_safe(text, pinned=False)
        assert urlsplit(text).scheme in {"http", "https"}
    except Trouble:
        pass
    with contextlib.suppress(Trouble):
        assert redirected("https://x.org/a/b", text).lower().startswith("https://")


@pytest.mark.parametrize("head", [b"<!DOCTYPE html>", b"\n<html>", b"<!-- x -->\n<head>", b"<HTML", b"<body class=x>"])
def test_pages(head: bytes) -> None:
    assert is_page(head)


@pytest.mark.parametrize(
    "head", [b"", b"PK\x03\x04", b"<htmlish>", b"<?xml version='1.0'?><ANNOTATION_DOCUMENT>", b"a<html>"]
)
def test_files(head: bytes) -> None:
    assert not is_page(head)


@given(st.binary(max_size=HEAD))
def test_any_head(head: bytes) -> None:
    assert isinstance(is_page(head), bool)
