"""A web server on loopback that behaves as the corpora's real ones do, at their best and at their worst.

    with Server() as server:
        server.serve("https://example.org/data/corpus.zip", path_or_bytes)
        server.serve("https://example.org/flaky.zip", data, first=[Mode(status=503), Mode(reset_after=5000)])
        fetch(..., FetchOptions(mirrors=server.mirrors()))
        server.requests  # what was asked for, in order

An address is served whatever its scheme and host are: `mirrors()` says where each is to be found on this machine.
A file of Google Drive is served by the address that adapters write, `https://drive.google.com/file/d/ID`.
"""

from __future__ import annotations

import gzip
import http.server
import itertools
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

_BLOCK = 1 << 18
_DRIVE = re.compile(r"https://drive\.google\.com/file/d/([\w-]+)")

QUOTA_PAGE = (
    b"<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head><body><p class='uc-error-caption'>"
    b"Sorry, you can&#39;t view or download this file at this time.</p><p>Too many users have viewed or downloaded "
    b"this file recently.</p></body></html>"
)


@dataclass(frozen=True)
class Mode:
    """How one request is answered.

    Attributes:
        status: Answered instead of the content where it is not 200, with an empty page.
        headers: Sent as well (`{"Retry-After": "1"}`), instead of the server's own where they have one name.
        ranges: Heed `Range`.
        at_most: Bytes of a range that are given at once, fewer than were asked for.
        conditional: Heed `If-Range`.
        etag: The entity tag; None sends the one of the content, "" none.
        last_modified: Sent where it is not empty.
        reset_after: Bytes of the body after which the connection is reset; None sends all.
        cut_after: Bytes of the body after which the connection is closed in an orderly way.
        length: Content-Length that is claimed instead of the true one, or "none" or "chunked".
        bytes_a_second: Slow drip.
        wait_s: Silence before the answer.
        redirect: Location to send the client to.
        gzip: Send the content gzipped and say so, whatever the client asked for.
        confirm: Ask first, as Google Drive does for big files.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    at_most: int | None = None
    conditional: bool = True
    etag: str | None = None
    last_modified: str = ""
    reset_after: int | None = None
    cut_after: int | None = None
    length: int | Literal["none", "chunked"] | None = None
    bytes_a_second: float = 0.0
    wait_s: float = 0.0
    redirect: str = ""
    gzip: bool = False
    confirm: bool = False


@dataclass(frozen=True)
class Request:
    """One request as it came, its address as published, and when it came."""

    method: str
    url: str
    headers: dict[str, str]
    at_s: float = field(default_factory=time.monotonic)


@dataclass
class _Served:
    """Content at one address."""

    content: Path | bytes
    mode: Mode
    first: list[Mode]
    query: set[tuple[str, str]]


class Server:
    """Serves bytes and files; every address the same way until told otherwise.

    Args:
        tls: Certificate: "" serves plain http; `good` one that `ca` vouches for; `self-signed`; `incomplete`, whose
            issuer is not sent along.
    """

    def __init__(self, tls: Literal["", "good", "self-signed", "incomplete"] = "") -> None:
        self.requests: list[Request] = []
        self.ca = b""
        self._served: dict[str, list[_Served]] = {}
        self._hosts: set[str] = set()
        self._lock = threading.Lock()
        self._http = _Listener(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        self._scheme = "https" if tls else "http"
        if tls:
            context, self.ca = _certificate(tls)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def serve(
        self,
        url: str,
        content: Path | bytes,
        *,
        first: Sequence[Mode] = (),
        mode: Mode | None = None,
        **changes: object,
    ) -> None:
        """Serve content at an address, anew if there was any.

        Args:
            url: The published address.
            content: Bytes, or a file that is read at every request.
            first: How the first requests are answered, one each.
            mode: How the others are.
            changes: Fields of `Mode`, instead of a `mode`.
        """
        if drive := _DRIVE.match(url):
            url = f"https://drive.usercontent.google.com/download?id={drive[1]}"
        parts = urlsplit(url)
        served = _Served(content, replace(mode or Mode(), **changes), list(first), set(parse_qsl(parts.query)))  # type: ignore[arg-type]
        with self._lock:
            self._hosts.add(f"{parts.scheme}://{parts.netloc}/")
            others = self._served.setdefault(f"/{parts.netloc}{parts.path}", [])
            others[:] = [other for other in others if other.query != served.query] + [served]

    def mirrors(self) -> dict[str, str]:
        """For `FetchOptions.mirrors`: how each published host begins, and how it begins on this machine."""
        return {host: f"{self.base}/{urlsplit(host).netloc}/" for host in sorted(self._hosts)}

    def local(self, url: str) -> str:
        """Where a published address is on this machine."""
        return f"{self.base}/{url.split('://', 1)[1]}"

    @property
    def base(self) -> str:
        """Scheme, host and port of this server."""
        return f"{self._scheme}://127.0.0.1:{self._http.server_address[1]}"

    def asked(self, url: str) -> list[Request]:
        """The requests for one address, whatever their query."""
        address = url.split("://", 1)[1].split("?", 1)[0]
        return [request for request in self.requests if request.url.split("://", 1)[1].split("?", 1)[0] == address]

    def answer(self, path: str, request: Request) -> tuple[Path | bytes, Mode] | None:
        """Content and mode for a request, None where there is nothing; the most specific query wins."""
        parts = urlsplit(path)
        query = set(parse_qsl(parts.query))
        with self._lock:
            self.requests.append(request)
            fitting = [served for served in self._served.get(parts.path, ()) if served.query <= query]
            if not fitting:
                return None
            served = max(fitting, key=lambda one: len(one.query))
            return served.content, served.first.pop(0) if served.first else served.mode


class _Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    owner: Server

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are what these tests are about."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the terminal."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        self.path = self.path.removeprefix("http:/")  # a client that takes this server for its proxy says it all
        published = "https:/" + self.path
        found = self.server.owner.answer(self.path, Request(self.command, published, dict(self.headers.items())))
        if found is None:
            return self._send_page(404, b"<html>not here</html>", {}, body)
        content, mode = found
        time.sleep(mode.wait_s)
        if mode.redirect:
            status = mode.status if mode.status != 200 else 302
            return self._send_page(status, b"", {"Location": mode.redirect, **mode.headers}, body)
        if mode.status != 200:
            page = content if isinstance(content, bytes) and content.startswith(b"<") else b"<html>trouble</html>"
            return self._send_page(mode.status, page, mode.headers, body)
        if mode.confirm and dict(parse_qsl(urlsplit(self.path).query)).get("confirm") != "t":
            return self._send_page(200, confirm_page(self.path), {}, body)
        data = content if isinstance(content, bytes) else content.read_bytes()
        return self._send_content(gzip.compress(data, mtime=0) if mode.gzip else data, mode, body)

    def _send_page(self, status: int, page: bytes, headers: dict[str, str], body: bool) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "text/html", "Content-Length": str(len(page)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(page)

    def _send_content(self, data: bytes, mode: Mode, body: bool) -> None:
        etag = f'"{hash_of(data)}"' if mode.etag is None else mode.etag
        start, stop = self._range(len(data), etag, mode)
        if start is None:
            return self._send_page(416, b"", {"Content-Range": f"bytes */{len(data)}"}, body)
        partial = (start, stop) != (0, len(data)) or (
            "Range" in self.headers and stop > start and self._heeds(etag, mode)
        )
        headers = {"Content-Type": "text/html" if data.startswith(b"<") else "application/octet-stream"}
        headers |= {"Accept-Ranges": "bytes"} if mode.ranges else {}
        headers |= {"Content-Range": f"bytes {start}-{stop - 1}/{len(data)}"} if partial else {}
        headers |= {"ETag": etag} if etag else {}
        headers |= {"Last-Modified": mode.last_modified} if mode.last_modified else {}
        headers |= {"Content-Encoding": "gzip"} if mode.gzip else {}
        headers |= _length(mode, stop - start)
        self.send_response(206 if partial else 200)
        for name, value in {**headers, **mode.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self._send_body(memoryview(data)[start:stop], mode)

    def _heeds(self, etag: str, mode: Mode) -> bool:
        """Whether a range is given: `If-Range` names what is served now, or is not there."""
        condition = self.headers.get("If-Range")
        return mode.ranges and (condition is None or not mode.conditional or condition in {etag, mode.last_modified})

    def _range(self, n_bytes: int, etag: str, mode: Mode) -> tuple[int | None, int]:
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not found or not self._heeds(etag, mode):
            return 0, n_bytes
        start, stop = int(found[1]), min(int(found[2] or n_bytes - 1) + 1, n_bytes)
        stop = stop if mode.at_most is None else min(stop, start + mode.at_most)
        return (start, stop) if start < n_bytes else (None, 0)

    def _send_body(self, data: memoryview, mode: Mode) -> None:
        end = min((n for n in (mode.reset_after, mode.cut_after) if n is not None), default=len(data))
        step = max(int(mode.bytes_a_second / 50), 1) if mode.bytes_a_second else _BLOCK
        for begin in itertools.count(0, step):
            if begin >= min(end, len(data)):
                break
            piece = data[begin : min(begin + step, end)]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if mode.length == "chunked" else piece)
            time.sleep(0.02 if mode.bytes_a_second else 0)
        if end < len(data) and mode.reset_after is not None:
            self._reset()
        elif end < len(data) or mode.length not in {None, "chunked"}:
            self._hang_up()
        elif mode.length == "chunked":
            self.wfile.write(b"0\r\n\r\n")

    def _reset(self) -> None:
        """A connection that is closed with nothing waited for is reset: the client sees ECONNRESET."""
        self.wfile.flush()
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _hang_up(self) -> None:
        self.close_connection = True


def hash_of(data: bytes) -> str:
    """A short name for content, the same for the same."""
    import hashlib

    return hashlib.blake2b(data, digest_size=8).hexdigest()


def confirm_page(path: str) -> bytes:
    """The page that Google Drive shows before a file too big for its virus scan."""
    identity = dict(parse_qsl(urlsplit(path).query)).get("id", "")
    fields = {"id": identity, "export": "download", "authuser": "0", "confirm": "t", "uuid": "0-1-2", "at": "A:B&C"}
    inputs = "".join(f'<input type="hidden" name="{k}" value="{v.replace("&", "&amp;")}">' for k, v in fields.items())
    return (
        "<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title></head><body>"
        '<form id="download-form" action="https://drive.usercontent.google.com/download" method="get">'
        f'<input type="submit" id="uc-download-link" value="Download anyway"/>{inputs}</form></body></html>'
    ).encode()


def _length(mode: Mode, n_bytes: int) -> dict[str, str]:
    if mode.length == "chunked":
        return {"Transfer-Encoding": "chunked"}
    if mode.length == "none":
        return {"Connection": "close"}
    return {"Content-Length": str(n_bytes if mode.length is None else mode.length)}


def _certificate(kind: str) -> tuple[ssl.SSLContext, bytes]:
    """A server's context, and the root that vouches for it."""
    import trustme

    root = trustme.CA()
    issuer = root.create_child_ca() if kind == "incomplete" else trustme.CA() if kind == "self-signed" else root
    leaf = issuer.issue_cert("localhost", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if kind == "incomplete":
        _load_leaf_alone(leaf, context)
    else:
        leaf.configure_cert(context)
    return context, root.cert_pem.bytes()


def _load_leaf_alone(leaf: object, context: ssl.SSLContext) -> None:
    """The key and the first certificate, without the issuers that should come along."""
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(leaf.private_key_pem.bytes() + leaf.cert_chain_pems[0].bytes())  # type: ignore[attr-defined]
        file.flush()
        context.load_cert_chain(file.name)
