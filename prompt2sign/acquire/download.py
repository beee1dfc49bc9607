"""One file over the web: tried until it is whole, or until nothing will make it so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import urllib3
from urllib3.exceptions import HTTPError

from ..formats.atomic import atomic_path
from ..options import FetchOptions
from .checks import DAMAGED_GZIP, HEAD, Digest, fault, gunzipped, is_gzip_name, is_page, is_pinned, may_be_page
from .drive import confirmed, is_quota_page
from .hosts import address_of, host_of
from .http import Client, trouble_of
from .pace import LONGEST_ASKED_S, Crawl, Pace, backoff_s
from .part import Note, Part
from .places import refused_of
from .ranges import content_range, note_of_answer, range_headers
from .report import Report
from .trouble import Trouble, of_status
from .wanted import RemoteFile

#: Bytes more than ever before that make up for the tries that failed: a long file may be cut off many times.
_PROGRESS_BYTES = 1 << 20
_PAGE_BYTES = 1 << 18
#: A text that gzip makes smaller than this is none that anybody wrote.
_MAX_RATIO = 200
#: What is taken where nobody says how long it is, and where a page gives a rounded size.
_UNANNOUNCED_BYTES, _ABOUT = 1 << 30, 4


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that came whole and is what was promised.

    Attributes:
        n_bytes: Its length.
        sha256: Of its bytes as they lie on the disk.
        etag: Its entity tag, empty where the server gave none.
        last_modified: Its date as the server wrote it, empty where it gave none.
    """

    n_bytes: int
    sha256: str
    etag: str
    last_modified: str


class Download:
    """The way of one file from its server to its place.

    Args:
        file: What is wanted.
        whole: Where it goes; there only when it is whole and has passed its checks.
        client: To ask with.
        options: Mirrors and tries.
        pace: Shared with all others.
        report: Told of its bytes.

    Attributes:
        attempts: How often the server was asked.
    """

    def __init__(
        self, file: RemoteFile, whole: Path, client: Client, options: FetchOptions, pace: Pace, report: Report
    ) -> None:
        self.attempts = 0
        self._file, self._whole = file, whole
        self._client, self._retries, self._pace, self._report = client, options.retries, pace, report
        self._address = address_of(file.url, options.mirrors)
        self._host = host_of(self._address)
        self._pinned = is_pinned(file)
        self._part = Part(whole, self._address, pinned=self._pinned, with_md5=bool(file.md5) and not any(file.sha256))
        self._verified = True
        self._joined = False
        self._mismatched = False

    def run(self) -> Fetched:
        """Fetch it.

        Raises:
            Trouble: It did not come; what there is of it is kept for the next time.
            Stopped: Everything is to end; the same.
        """
        n_failed, n_best = 0, self._part.n_kept
        while True:
            try:
                return self._attempt()
            except Trouble as trouble:
                n_now = self._part.n_kept
                n_failed, n_best = (1, n_now) if n_now >= n_best + _PROGRESS_BYTES else (n_failed + 1, n_best)
                wait_s = backoff_s(n_failed) if trouble.wait_s is None else trouble.wait_s
                if not trouble.passes or n_failed > self._retries or wait_s > LONGEST_ASKED_S:
                    raise
                self._report.say(f"{self._file.path}: {trouble}; trying again in {wait_s:.0f} s")
                self._pace.wait(wait_s)

    def _attempt(self) -> Fetched:
        """One request, and what it leads to."""
        n_kept = self._part.n_kept
        if n_kept and n_kept == self._part.note.n_total:
            self._joined = True
            return self._finish()
        self.attempts += 1
        response, head = self._answer(self._address, n_kept, first=True)
        try:
            if response.status == 416:
                self._require_complete(response, n_kept)
            else:
                self._begin(response, n_kept)
                self._receive(response, head)
        finally:
            response.close()
        return self._finish()

    def _answer(self, url: str, n_kept: int, first: bool) -> tuple[urllib3.BaseHTTPResponse, bytes]:
        """An answer that holds the file or a part of it, and what was read of it to be sure."""
        response = self._ask(url, range_headers(n_kept, self._part.note))
        if response.status in {206, 416} and n_kept:
            return response, b""
        if response.status != 200:
            raise self._refusal(response)
        head = self._head(response)
        if not is_page(head) or may_be_page(self._file.path):
            return response, head
        page = self._page(response, head)
        if first and (target := confirmed(url, page)):
            return self._answer(target, n_kept, first=False)
        raise self._page_trouble(url, page)

    def _ask(self, url: str, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        """Verified; where that cannot be and a checksum will tell, without, from then on."""
        if self._verified:
            try:
                return self._client.open(url, headers, pinned=self._pinned)
            except Trouble as trouble:
                if trouble.reason != "certificate" or not (self._file.broken_chain and self._pinned):
                    raise
                self._report.say(
                    f"{self._file.path}: {trouble}; taken all the same if its checksum is the published one"
                )
                self._verified = False
        return self._client.open(url, headers, pinned=True, verify=False)

    def _begin(self, response: urllib3.BaseHTTPResponse, n_kept: int) -> None:
        """Compare what is offered with what there is and what was promised."""
        is_part = response.status == 206
        note = note_of_answer(self._address, response.headers, is_part)
        self._require_offer(note)
        if not is_part:
            self._part.begin(note)
        elif content_range(response.headers.get("Content-Range", ""))[0] != n_kept or not note.same_version(
            self._part.note
        ):
            self._part.drop()
            raise Trouble("changed", f"it changed at {self._host} while it was fetched", passes=True)
        else:
            self._part.note = self._part.note.with_more_of(note)
        self._joined = is_part
        self._bounded = note.n_total is not None or "Transfer-Encoding" in response.headers
        self._report.begin(self._file.path, note.n_total, n_kept if is_part else 0)

    def _require_offer(self, note: Note) -> None:
        if note.encoding not in {"", "gzip"}:
            raise Trouble("encoding", f"{self._host} sends it as {note.encoding}, which was not asked for")
        # One content can be gzipped in many ways: where its checksum will tell, the length need not.
        sizes = () if self._file.unzipped_sha256 else self._file.sizes
        if sizes and note.n_total is not None and not note.encoding and note.n_total not in sizes:
            raise Trouble(
                "wrong-length",
                f"{self._host} offers {note.n_total:,} bytes, published are "
                f"{' or '.join(f'{size:,}' for size in sizes)}",
                outcome="refused",
                passes=True,
            )

    def _receive(self, response: urllib3.BaseHTTPResponse, data: bytes) -> None:
        """Append the body to what there is."""
        most, crawl = self._most_bytes(), Crawl()
        with self._part.open() as file:
            while data or (data := crawl.timed(partial(self._read, response, self._pace.block))):
                self._part.write(file, data)
                if self._part.digest.n_bytes > most:
                    self._part.drop()
                    raise Trouble("too-long", f"{self._host} sends more than {most:,} bytes of it", outcome="refused")
                if crawl.hopeless:
                    raise Trouble("too-slow", f"{self._host} hardly sends anything", passes=True)
                self._report.advance(self._file.path, len(data))
                self._pace.take(len(data))
                data = b""
        n_bytes, n_total = self._part.digest.n_bytes, self._part.note.n_total
        if n_total is not None and n_bytes != n_total:
            if n_bytes > n_total:
                self._part.drop()
            raise Trouble("short-body", f"{self._host} sent {n_bytes:,} of {n_total:,} bytes", passes=True)
        if not self._bounded and not self._pinned and not self._file.sizes:
            raise Trouble("no-length", f"{self._host} does not say how long it is: nobody can tell if it is whole")

    def _most_bytes(self) -> int:
        """A body may have no end: where to stop, with room for what gzip adds."""
        known = max(self._file.sizes, default=0) or self._part.note.n_total
        most = known or _UNANNOUNCED_BYTES + _ABOUT * self._file.about_bytes
        return most + most // 16 + _PAGE_BYTES

    def _require_complete(self, response: urllib3.BaseHTTPResponse, n_kept: int) -> None:
        """Nothing comes after what there is: it is whole if that is how long it is, else of another version."""
        if content_range(response.headers.get("Content-Range", ""))[1] != n_kept:
            self._part.drop()
            raise Trouble("changed", f"it changed at {self._host} while it was fetched", passes=True)
        self._joined = True

    def _finish(self) -> Fetched:
        """Check what came, and give it its name."""
        if self._part.note.encoding and not is_gzip_name(self._file.path):
            return self._decode()
        digest = self._part.digest
        if problem := self._fault(self._part.path, digest):
            raise self._mismatch(problem)
        self._part.finish(self._whole)
        return self._fetched(digest)

    def _decode(self) -> Fetched:
        """Take off an encoding that was not asked for; a name ending in `.gz` keeps it."""
        digest = Digest(with_md5=True)
        try:
            with atomic_path(self._whole) as plain, plain.open("wb") as file:
                for block in gunzipped(self._part.path):
                    if digest.n_bytes == 0 and is_page(block):
                        raise Trouble("web-page", "a web page came instead of the file", outcome="refused")
                    file.write(block)
                    digest.update(block)
                    if digest.n_bytes > _MAX_RATIO * self._part.digest.n_bytes + _PAGE_BYTES:
                        raise Trouble("encoding", "its encoding holds next to nothing", outcome="refused")
                file.flush()
                if problem := self._fault(plain, digest):
                    raise Trouble("mismatch", problem, outcome="refused")
        except (*DAMAGED_GZIP, Trouble) as error:
            self._part.drop()
            raise error if isinstance(error, Trouble) else Trouble("encoding", f"it is damaged: {error}") from error
        fetched = self._fetched(digest)
        self._part.drop()
        return fetched

    def _fault(self, path: Path, digest: Digest) -> str:
        trusted = self._verified and not (self._file.broken_chain and self._joined)
        return fault(self._file, path, digest, trusted=trusted)

    def _mismatch(self, problem: str) -> Trouble:
        """Bytes that were joined from several answers get one more chance in one piece; others are kept to look at."""
        if self._joined and not self._mismatched:
            self._mismatched = True
            self._part.drop()
            return Trouble("mismatch", problem, outcome="refused", passes=True)
        refused = refused_of(self._whole)
        self._part.finish(refused)
        return Trouble("mismatch", f"{problem}; what came is kept as {refused}", outcome="refused")

    def _fetched(self, digest: Digest) -> Fetched:
        note = self._part.note
        return Fetched(digest.n_bytes, digest.sha256, note.etag, note.last_modified)

    def _head(self, response: urllib3.BaseHTTPResponse) -> bytes:
        head = b""
        while len(head) < HEAD and (data := self._read(response, HEAD)):
            head += data
        return head

    def _page(self, response: urllib3.BaseHTTPResponse, head: bytes = b"") -> str:
        """A page that came instead of the file, as much of it as matters; closes the answer."""
        try:
            while len(head) < _PAGE_BYTES and (data := self._read(response, _PAGE_BYTES)):
                head += data
        except Trouble:
            pass
        finally:
            response.close()
        return head.decode("utf-8", "replace")

    def _refusal(self, response: urllib3.BaseHTTPResponse) -> Trouble:
        status, retry_after = response.status, response.headers.get("Retry-After", "")
        page = self._page(response)
        return self._page_trouble("", page) if is_quota_page(page) else of_status(status, self._host, retry_after)

    def _page_trouble(self, url: str, page: str) -> Trouble:
        if is_quota_page(page):
            return Trouble(
                "drive-quota",
                "Google Drive has given it out too often lately: try again in a day, or log in with a browser, open "
                f"{self._file.url} and put the file at {self._whole}",
            )
        title = re.search(r"<title[^>]{0,200}>([^<]{1,200})", page, re.IGNORECASE)
        words = f" ({' '.join(title[1].split())})" if title else ""
        return Trouble("web-page", f"{host_of(url)} sent a web page instead of the file{words}", outcome="refused")

    def _read(self, response: urllib3.BaseHTTPResponse, n_bytes: int) -> bytes:
        try:
            return response.read1(n_bytes)
        except (HTTPError, OSError) as error:
            raise trouble_of(error, self._host) from error
