"""How yt-dlp is told what to do, and what it is kept from."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..options import FetchOptions
from .pace import backoff_s

#: Seconds between two requests for one video, and before captions; shorter where the user asks for shorter pauses.
_PAUSE_REQUESTS_S, _PAUSE_CAPTIONS_S = 0.75, 5.0
_TIMEOUT_S = 30.0
#: Domain, for its subdomains too, path, encrypted alone, when it ends, name, value.
_COOKIE = re.compile(r"(?:[^\t]*\t){4}(?:[0-9]+(?:\.[0-9]+)?)?\t[^\t]*\t[^\t]*")


class _Log:
    """Prints nothing: what stops a download is raised as well."""

    def debug(self, message: str) -> None: ...

    def warning(self, message: str) -> None: ...

    def error(self, message: str) -> None: ...


#: Nothing is printed.
QUIET: dict[str, Any] = {"quiet": True, "noprogress": True, "no_warnings": True, "logger": _Log(), "color": "no_color"}
#: Found on the PATH; it runs no other program.
RUNTIMES: dict[str, Any] = {"js_runtimes": {"deno": {}, "node": {}}}


def settings(
    work: Path, captions: tuple[str, ...], options: FetchOptions, cookies: io.StringIO | None
) -> dict[str, Any]:
    """The parameters of a `YoutubeDL` that fetches one video.

    Args:
        work: Folder that it writes into, whatever a site calls its videos.
        captions: Languages of the captions to write beside it.
        options: How.
        cookies: A browser's, in Netscape's format.
    """
    return {
        **QUIET,
        **RUNTIMES,
        "format": _format(options.video_height),
        # A site may offer another form next time: bytes of two must never be joined.
        "outtmpl": {"default": str(work).replace("%", "%%") + "/video.%(format_id).40s.%(ext)s"},
        "noplaylist": True,
        "playlist_items": "1",
        "overwrites": False,
        "continuedl": True,
        "updatetime": False,
        "cachedir": False,
        "fixup": "never",
        "ffmpeg_location": str(work / "no-ffmpeg"),
        "external_downloader": {"default": "native"},
        "writesubtitles": bool(captions),
        "subtitleslangs": [_literally(language) for language in captions],
        "subtitlesformat": "vtt/best",
        "cookiefile": cookies,
        "ratelimit": options.rate_limit * 1e6 if options.rate_limit else None,
        "sleep_interval_requests": min(_PAUSE_REQUESTS_S, options.pause_s),
        "sleep_interval_subtitles": min(_PAUSE_CAPTIONS_S, options.pause_s),
        "socket_timeout": _TIMEOUT_S,
        "retries": options.retries,
        "fragment_retries": options.retries,
        "extractor_retries": options.retries,
        "retry_sleep_functions": dict.fromkeys(("http", "fragment", "extractor"), lambda n: backoff_s(n + 1)),
    }


def _format(height: int) -> str:
    """Pictures alone before pictures with sound; H.264 before what is slower to decode; a height that no site tells is
    taken, and where all are larger the smallest. Streams that need another program are left out by their protocol."""
    web = "[protocol~='^(http|m3u8)']"
    low = f"[height<={height}]"
    wishes = (f"bv{low}[vcodec^=avc1]", f"bv*{low}[vcodec^=avc1]", f"bv{low}", f"bv*[height<=?{height}]", "wv*", "b")
    return "/".join(wish + web for wish in wishes)


def _literally(language: str) -> str:
    """Captions are chosen by regular expressions, where `-` in front would leave a language out."""
    return "".join(character if character.isalnum() else f"[{character}]" for character in language)


def read_cookies(path: Path) -> io.StringIO:
    """A browser's cookies, to be read and written to by yt-dlp without a change to the file.

    Raises:
        UsageError: There is no such file, or it is not in Netscape's format.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as a file of cookies; check fetch.cookies") from error
    lines = [line.removeprefix("#HttpOnly_") for line in text.split("\n")]
    rows = [line for line in lines if line.strip() and not line.startswith("#")]
    # Rows that yt-dlp cannot read it prints, with what they keep secret.
    if not rows or not all(_COOKIE.fullmatch(row) for row in rows):
        raise UsageError(
            f"{path}: is no file of cookies in Netscape's format, 7 columns parted by tabs with a number in the fifth; "
            "export it anew"
        )
    return io.StringIO(text)


class Progress:
    """From yt-dlp's totals of each file to bytes that came since."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self._advance = advance
        self._told: dict[str, int] = {}

    def __call__(self, status: dict[str, Any]) -> None:
        """As yt-dlp calls a `progress_hook`."""
        name, n_bytes = str(status.get("filename")), int(status.get("downloaded_bytes") or 0)
        new = n_bytes - self._told.get(name, 0)
        if new > 0:
            self._told[name] = n_bytes
            self._advance(new)
