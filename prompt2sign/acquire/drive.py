"""Google Drive: the address of the file itself, and the pages that come instead of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlencode

_HOST = "drive.usercontent.google.com"
_FORM = "download-form"
_MAX_FIELDS = 20
#: Words of the page that says that a file was fetched too often lately.
_QUOTA = ("too many users have viewed or downloaded", "quota exceeded")


def direct_form(url: str) -> str:
    """The address that gives a shared file instead of a page about it; empty where `url` is of no such file."""
    found = re.fullmatch(
        r"https://drive\.google\.com/(?:file/d/([\w-]+)(?:/[^#]*)?(?:\?[^#]*)?|(?:uc|open)\?([^#]*))(?:#.*)?", url
    )
    if not found:
        return ""
    identity = found[1] or dict(parse_qsl(found[2])).get("id", "")
    return f"https://{_HOST}/download?{urlencode(_query(identity))}" if identity else ""


def confirmed(url: str, page: str) -> str:
    """The address behind the button of the page that warns of a file too big for the virus scan.

    The fields of its form are sent to the server that sent the page, wherever the form itself would lead.

    Args:
        url: That was asked.
        page: That came.

    Returns:
        The address to ask next; empty where this is not that page, or it is about another file.
    """
    form = _Form()
    form.feed(page)
    base, _, query = url.partition("?")
    if not form.fields.get("confirm") or form.fields.get("id") != dict(parse_qsl(query)).get("id"):
        return ""
    return f"{base}?{urlencode(form.fields)}"


def is_quota_page(page: str) -> bool:
    """Whether it says that the file was fetched too often lately."""
    return any(words in page.lower() for words in _QUOTA)


def _query(identity: str) -> dict[str, str]:
    return {"id": identity, "export": "download", "authuser": "0"}


class _Form(HTMLParser):
    """The hidden fields of the form, of which no more are taken than it could have."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = values.get("id") == _FORM
        elif tag == "input" and self._inside and values.get("name") and len(self.fields) < _MAX_FIELDS:
            self.fields[values["name"]] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
