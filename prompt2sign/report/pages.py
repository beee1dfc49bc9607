"""The page itself: markup, style and code of `page/`, as files beside it or all in one.

The page may load nothing but files from disk: its content security policy says so, and browsers hold it to that. In one
file, each script and style is allowed by its digest, so that nothing else in the page could ever run.
"""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from pathlib import Path

#: In the order in which they need each other.
SCRIPTS = ("data", "format", "charts", "overview", "quality", "compare", "list", "scene", "player", "main")
STYLE = "report.css"
_DISK = "'self' file:"
#: Never asked for by the page, whatever it shows.
_NEVER = "connect-src 'none'; base-uri 'none'; form-action 'none'; frame-src 'none'; object-src 'none'"


def write_pages(folder: Path) -> None:
    """Write `index.html`, and style and scripts under `page/`."""
    (folder / "page").mkdir()
    for name in (STYLE, *(f"{script}.js" for script in SCRIPTS)):
        (folder / "page" / name).write_bytes(_read(name))
    policy = f"script-src {_DISK}; style-src {_DISK}"
    style = f'<link rel="stylesheet" href="page/{STYLE}">'
    scripts = "\n".join(f'<script defer src="page/{script}.js"></script>' for script in SCRIPTS)
    (folder / "index.html").write_bytes(_page(policy, style.encode(), scripts.encode()))


def single_page(blocks: bytes) -> bytes:
    """The whole report as one page, from its blocks of data."""
    style = _read(STYLE)
    # One script: strict order without `defer`, which inline scripts do not know.
    code = b"\n".join(_read(f"{script}.js") for script in SCRIPTS)
    policy = f"script-src {_digest(code)}; style-src {_digest(style)}"
    return _page(policy, b"<style>%s</style>" % style, blocks + b"<script>%s</script>" % code)


def _page(policy: str, style: bytes, scripts: bytes) -> bytes:
    full = f"default-src 'none'; {policy}; img-src {_DISK}; media-src {_DISK}; {_NEVER}"
    page = _read("index.html")
    for mark, content in ((b"POLICY", full.encode()), (b"<!-- STYLE -->", style), (b"<!-- SCRIPTS -->", scripts)):
        page = page.replace(mark, content, 1)
    return page


def _digest(content: bytes) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}'"


def _read(name: str) -> bytes:
    return (resources.files(__package__) / "page" / name).read_bytes()
