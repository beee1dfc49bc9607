"""From the address that a corpus publishes to the one that is asked."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from .drive import direct_form
from .trouble import Trouble

#: The only server that is ever given the key of `FetchOptions.token`.
_TOKEN_HOST = "zenodo.org"


def address_of(url: str, mirrors: Mapping[str, str]) -> str:
    """Where to fetch a published address from: a mirror, or the form of the address that gives the file itself.

    Args:
        url: As published; a mirror may be given for it or for its direct form.
        mirrors: Addresses to go to instead, by how published ones begin; the longest fitting beginning wins.
    """
    if (mirrored := _mirrored(url, mirrors)) != url:
        return mirrored
    return _mirrored(direct_form(url) or _dropbox(url), mirrors)


def host_of(url: str) -> str:
    """Its server, by which requests are counted; empty where it names none."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def shown(url: str) -> str:
    """An address for people, who may pass a message on: without all that keys can stand in."""
    scheme = re.match(r"[a-zA-Z][a-zA-Z0-9+.-]{0,20}:", url)
    return f"'{scheme[0] if scheme else ''}//{host_of(url)}'"


def require_safe(url: str, pinned: bool) -> None:
    """Refuse what could be read or changed on its way.

    Args:
        url: About to be asked.
        pinned: A checksum is known, so that a change would be seen.

    Raises:
        Trouble: It is neither https, nor plain http with a checksum or on this machine.
    """
    scheme = url.split(":", 1)[0].lower()
    if not host_of(url) or scheme not in {"http", "https"}:
        raise Trouble("bad-address", f"{shown(url)} is no address of a web server")
    if scheme == "http" and not pinned and not is_loopback(url):
        raise Trouble("plain-http", f"{host_of(url)} offers it without encryption, and no checksum of it is known")


def redirected(url: str, location: str) -> str:
    """The address that a redirect leads to.

    Args:
        url: Where it came from.
        location: Its header of that name.

    Raises:
        Trouble: It leads to a login, or to anything but https (this machine may send to itself).
    """
    try:
        target = urljoin(url, location)
    except ValueError:
        target = ""
    if host_of(target) == "accounts.google.com":
        raise Trouble("login-needed", "Google Drive asks for a login: its owners have not shared it with everybody")
    if not (target.lower().startswith("https://") or (is_loopback(url) and is_loopback(target))) or not host_of(target):
        raise Trouble("bad-redirect", f"{host_of(url)} sends on to {shown(location)}, which is not https")
    return target


def with_token(url: str, token: str) -> str:
    """The address with the key for it, where it is on the server whose keys these are.

    InvenioRDM, which Zenodo runs on, takes the key of an access link as `token` in the query of any request.
    """
    parts = urlsplit(url)
    if not token or parts.scheme != "https" or parts.hostname != _TOKEN_HOST:
        return url
    query = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key != "token"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("token", token)])))


def is_loopback(url: str) -> bool:
    """Whether it is this machine."""
    host = host_of(url)
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _mirrored(url: str, mirrors: Mapping[str, str]) -> str:
    fitting = max((start for start in mirrors if start and url.startswith(start)), key=len, default=None)
    return url if fitting is None else mirrors[fitting] + url[len(fitting) :]


def _dropbox(url: str) -> str:
    """The form of a shared link of Dropbox that gives the file instead of a page about it."""
    if host_of(url) not in {"dropbox.com", "www.dropbox.com"}:
        return url
    parts = urlsplit(url)
    query = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key != "dl"]
    return urlunsplit(parts._replace(scheme="https", query=urlencode([*query, ("dl", "1")])))
