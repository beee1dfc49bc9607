"""Data as classic scripts, and as blocks of one page: what a browser loads from disk, where it refuses `fetch`.

Nothing a release says may become code: data is JSON, which a page reads into text alone, and no character in it can
end a script or a line of one. No name from a release is ever a key, so none can be `__proto__`.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import orjson
from numpy.typing import NDArray

#: What could end a script block, begin a comment in one, or end a line in an old browser.
_UNSAFE = {
    b"<": b"\\u003c",
    b">": b"\\u003e",
    b"&": b"\\u0026",
    b"\xe2\x80\xa8": b"\\u2028",
    b"\xe2\x80\xa9": b"\\u2029",
}


def to_json(value: Any) -> bytes:
    """JSON that may stand in a script; numbers that are none become null."""
    text = orjson.dumps(value)
    for character, escape in _UNSAFE.items():
        text = text.replace(character, escape)
    return text


def base64_of(values: NDArray[Any]) -> str:
    """The bytes of an array, little-endian types as they are."""
    return base64.b64encode(np.ascontiguousarray(values).data).decode()


class Chunks(Protocol):
    """Where named data goes."""

    def write(self, name: str, value: Any) -> None:
        """Keep JSON under a name that the page asks for."""


class ScriptFiles:
    """One file a name: `data/NAME.js`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, name: str, value: Any) -> None:
        """Write a script that hands the data over."""
        path = self._folder / f"{name}.js"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'p2s.receive("%s",%s);\n' % (name.encode(), to_json(value)))


class Blocks:
    """All data in one page, as blocks that no browser runs.

    Args:
        limit_bytes: A page larger than this is no use to anybody.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._blocks: list[bytes] = []
        self.n_bytes, self._limit = 0, limit_bytes

    def write(self, name: str, value: Any) -> None:
        """Keep a block.

        Raises:
            TooLarge: The page would become too large.
        """
        block = b'<script type="application/json" id="data:%s">%s</script>\n' % (name.encode(), to_json(value))
        self.n_bytes += len(block)
        if self.n_bytes > self._limit:
            raise TooLarge(f"more than {self._limit / 1e6:.0f} MB")
        self._blocks.append(block)

    def html(self) -> bytes:
        """All blocks."""
        return b"".join(self._blocks)


class TooLarge(Exception):
    """More data than one page holds."""
