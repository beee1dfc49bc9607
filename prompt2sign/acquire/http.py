"""Requests over the web: https with roots that are known, few redirects, and every failure told apart."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from functools import cache, partial
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from itertools import islice
from socket import gaierror
from typing import Any
from urllib.request import getproxies, proxy_bypass

import certifi
import urllib3
from urllib3.exceptions import (
    HTTPError,
    InsecureRequestWarning,
    LocationParseError,
    ProxyError,
    SSLError,
)

from .. import __version__
from .hosts import host_of, is_loopback, redirected, require_safe, with_token
from .trouble import Trouble

#: Seconds until a server must have answered a connection, and until each next bytes must have come.
CONNECT_S = 20.0
SILENCE_S = 60.0
_MAX_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
AGENT = f"prompt2sign/{__version__}"
#: What went wrong, by the first kind that is found behind an error.
_WORDS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((ProxyError,), "the proxy cannot be reached or refuses it"),
    ((gaierror,), "no server of that name is known here"),
    ((TimeoutError,), "it was silent for too long"),
    ((ssl.SSLError,), "it could not be encrypted"),
    ((RemoteDisconnected, ConnectionResetError, IncompleteRead), "it broke off"),
    ((HTTPException,), "it does not answer as web servers do"),
)
_MAX_BEHIND = 9


class Client:
    """Connections to any number of servers, used from any number of threads.

    Roots are those of `certifi` and of this machine (`SSL_CERT_FILE` included); proxies those of the environment.

    Args:
        token: Key for the one server that takes it.
    """

    def __init__(self, token: str = "") -> None:
        self._token = token
        self._pool = cache(partial(_pool))

    def open(
        self, url: str, headers: Mapping[str, str], *, pinned: bool = False, verify: bool = True
    ) -> urllib3.BaseHTTPResponse:
        """Ask for an address and follow where it leads; the body has not been read.

        Args:
            url: Address.
            headers: Of the request, besides those every request has.
            pinned: A checksum of the content is known.
            verify: Verify who the server is.

        Returns:
            The last answer, whatever its status, its body not decoded; to be closed.

        Raises:
            Trouble: The server cannot be reached, is not who it says, or sends to where nobody should go.
        """
        for _ in range(_MAX_REDIRECTS + 1):
            require_safe(url, pinned)
            response = self._ask(with_token(url, self._token), headers, verify)
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or not location:
                return response
            response.close()
            url = redirected(url, location)
        raise Trouble("bad-redirect", f"{host_of(url)} was reached by more than {_MAX_REDIRECTS} redirects")

    def close(self) -> None:
        """Let go of idle connections."""
        self._pool.cache_clear()

    def _ask(self, url: str, headers: Mapping[str, str], verify: bool) -> urllib3.BaseHTTPResponse:
        try:
            return self._pool(_proxy(url), verify).request(
                "GET",
                url,
                headers={"User-Agent": AGENT, "Accept-Encoding": "identity", **headers},
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
                timeout=urllib3.Timeout(connect=CONNECT_S, read=SILENCE_S),
            )
        except (HTTPError, OSError, UnicodeError) as error:
            raise trouble_of(error, host_of(url)) from error


def trouble_of(error: Exception, host: str) -> Trouble:
    """A failure of the connection, in words; all pass but those of certificates and of the address itself."""
    if isinstance(error, SSLError) and isinstance(error.args[0], ssl.SSLCertVerificationError):
        return Trouble("certificate", f"{host} does not prove who it is ({error.args[0].verify_message})")
    if isinstance(error, LocationParseError | UnicodeError):
        return Trouble("bad-address", f"{host} is no name of a server")
    return Trouble("connection", f"the connection to {host} failed ({_words(error)})", passes=True)


def _words(error: BaseException) -> str:
    """What lies behind an error of the libraries, for people."""
    behind = list(islice(_behind(error), _MAX_BEHIND))
    for kinds, words in _WORDS:
        if any(isinstance(one, kinds) for one in behind):
            return words
    return next((one.strerror for one in behind if isinstance(one, OSError) and one.strerror), "for no reason given")


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those it was made from."""
    while error is not None:
        yield error
        held = next((one for one in error.args if isinstance(one, BaseException)), None)
        error = held or error.__cause__ or error.__context__


def _proxy(url: str) -> str:
    """The proxy for an address, empty for none; this machine is reached without."""
    return "" if is_loopback(url) or proxy_bypass(host_of(url)) else getproxies().get(url.split(":", 1)[0].lower(), "")


def _pool(proxy: str, verify: bool) -> urllib3.PoolManager:
    options: dict[str, Any] = {"num_pools": 32, "maxsize": 16, "ssl_context": _context(verify)}
    return urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)


def _context(verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if not verify:
        # Whoever fetches is told so, in words that say why it is safe.
        urllib3.disable_warnings(InsecureRequestWarning)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
