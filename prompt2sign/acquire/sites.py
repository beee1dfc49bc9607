"""Videos of video sites, by yt-dlp: whole, without sound where that can be had, cut later and here.

yt-dlp works in a folder of its own beside the video's place and never learns its name, so nothing that a site says
decides where a file lies. It reads no configuration, fetches by no other program, and speaks http(s) alone; the
one program it may start is a JavaScript runtime, which YouTube has needed since yt-dlp 2025.11.12.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ..annotations.names import VIDEO_SUFFIXES
from ..errors import FATAL_ERRNOS, ClipRejected, MissingError, UsageError
from ..options import FetchOptions
from .hosts import address_of, host_of
from .places import place, video_at
from .site_errors import plain, refusal_of
from .site_settings import QUIET, RUNTIMES, Progress, read_cookies, settings
from .wanted import Outcome, SiteVideo

_CAPTION_SUFFIXES = (".vtt", ".srt", ".ttml")
_INSTALL = 'pip install "prompt2sign[download]"'


@dataclass(frozen=True, slots=True)
class VideoResult:
    """What became of a video.

    Attributes:
        outcome: `done`, `gone` for good, `failed` for now, or `refused`: what came is no video.
        reason: Short slug to count by, empty where it came. `unavailable` may mean gone or asked too often: it is to be
            believed when another run meets it again.
        message: Why, and what can be done; where it came, what is missing beside it.
        paths: What came, relative to the corpus' folder: the video, then its captions.
    """

    outcome: Outcome
    reason: str = ""
    message: str = ""
    paths: tuple[str, ...] = ()


def fetch_video(
    video: SiteVideo, folder: Path, options: FetchOptions, advance: Callable[[int], None] = lambda n_bytes: None
) -> VideoResult:
    """Fetch one video, and its captions where they are asked for; one that is there is left alone.

    What a failure leaves is kept in `<path>.fetching`, and completed by the next try.

    Args:
        video: Which.
        folder: The corpus' folder.
        options: How.
        advance: Told how many bytes came since it was last told.

    Raises:
        FormatError: The video's path would lie outside the folder.
        MissingError: yt-dlp is not installed.
        UsageError: The file with the cookies cannot be used.
        OSError: The disk is full, or cannot be written to.
    """
    target = place(folder, video.path)
    if present := video_at(target):
        return _done(video, folder, present)
    url = address_of(video.url, options.mirrors)
    if not host_of(url) or url.split(":")[0].lower() not in ("http", "https"):
        return VideoResult("failed", "bad-address", f"{video.url[:200]!r} is no address of a web page")
    work = target.with_name(target.name + ".fetching")
    if work.is_symlink():
        work.unlink()
    work.mkdir(parents=True, exist_ok=True)
    fault = _run(url, video, work, options, advance)
    result = _refused(fault) if fault else _take(video, folder, target, work)
    if result.outcome != "failed" or not any(work.iterdir()):
        shutil.rmtree(work, ignore_errors=True)
    return result


def site_needs() -> list[str]:
    """What this machine lacks to fetch from video sites, in words; empty where it lacks nothing."""
    try:
        from yt_dlp import YoutubeDL
    except ModuleNotFoundError:
        return [f"yt-dlp is not installed: {_INSTALL}"]
    lacks = []
    try:
        metadata.version("yt-dlp-ejs")
    except metadata.PackageNotFoundError:
        lacks.append('yt-dlp-ejs is not installed, which YouTube needs: pip install "yt-dlp[default]"')
    with YoutubeDL({**QUIET, **RUNTIMES}) as site:
        found = [runtime.info for runtime in site._js_runtimes.values() if runtime.info]
    if not any(info.supported for info in found):
        old = ", ".join(f"{info.name} {info.version} is too old" for info in found) or "none was found"
        lacks.append(f"YouTube needs a JavaScript runtime on the PATH, Deno 2.3 or Node.js 22 or newer; {old}")
    return lacks


def _run(url: str, video: SiteVideo, work: Path, options: FetchOptions, advance: Callable[[int], None]) -> str:
    """Let yt-dlp fetch into the folder `work`; gives what it says where it fails, else nothing."""
    try:
        from yt_dlp import YoutubeDL
        from yt_dlp.cookies import CookieLoadError
        from yt_dlp.utils import YoutubeDLError
    except ModuleNotFoundError as error:
        raise MissingError(f"{video.url}: videos of sites are fetched by yt-dlp; {_INSTALL}") from error
    cookies = read_cookies(options.cookies) if options.cookies else None
    try:
        with YoutubeDL(settings(work, video.subtitles, options, cookies)) as site:
            site.add_progress_hook(Progress(advance))
            site.download([url])
    except CookieLoadError as error:
        raise UsageError(f"{options.cookies}: is no file of cookies in Netscape's format ({error})") from error
    except YoutubeDLError as error:
        _raise_fatal(error)
        return str(error) or type(error).__name__
    return ""


def _raise_fatal(error: BaseException) -> None:
    """A full disk is not the video's fault: find it behind what yt-dlp made of it."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.errno in FATAL_ERRNOS:
            raise inner
        wrapped = getattr(inner, "exc_info", None)
        inner = inner.__cause__ or inner.__context__ or (wrapped[1] if wrapped else None)


def _refused(fault: str) -> VideoResult:
    refusal = refusal_of(fault)
    advice = f"; {refusal.advice}" if refusal.advice else ""
    return VideoResult(refusal.outcome, refusal.reason, plain(fault) + advice)


def _take(video: SiteVideo, folder: Path, target: Path, work: Path) -> VideoResult:
    """Give what yt-dlp made its name, captions first: the video's own name says that all is there."""
    files = [path for path in sorted(work.iterdir()) if path.suffix not in (".part", ".ytdl") and path.stat().st_size]
    captions = [path for path in files if path.suffix in _CAPTION_SUFFIXES]
    videos = [path for path in files if path not in captions]
    if not videos:
        return VideoResult("failed", "no-video", f"{video.url} gave no video; look at the page in a browser")
    from ..media.container import open_video

    try:
        with open_video(videos[0]):
            pass
    except ClipRejected as error:
        return VideoResult("refused", "not-a-video", f"what {video.url} gave cannot be read as a video: {error}")
    if caption := _first_caption(video.subtitles, captions):
        language, path = caption
        path.replace(target.with_name(f"{target.name}.{language}{path.suffix}"))
    suffix = videos[0].suffix if videos[0].suffix in VIDEO_SUFFIXES else ".mp4"
    videos[0].replace(target.with_name(target.name + suffix))
    return _done(video, folder, target.with_name(target.name + suffix))


def _first_caption(languages: tuple[str, ...], captions: list[Path]) -> tuple[str, Path] | None:
    for language in languages:
        for path in captions:
            if path.stem.endswith(f".{language}"):
                return language, path
    return None


def _done(video: SiteVideo, folder: Path, path: Path) -> VideoResult:
    beside = (
        path.with_name(f"{path.stem}.{language}{suffix}")
        for language in video.subtitles
        for suffix in _CAPTION_SUFFIXES
    )
    captions = [caption for caption in beside if caption.is_file()][:1]
    lacks = f"no captions in {', '.join(video.subtitles)}" if video.subtitles and not captions else ""
    return VideoResult("done", "", lacks, tuple(one.relative_to(folder).as_posix() for one in (path, *captions)))
