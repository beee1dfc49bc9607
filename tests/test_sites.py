"""Videos of sites: yt-dlp for real, against pages on this machine."""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from prompt2sign.acquire.sites import VideoResult, fetch_video, site_needs
from prompt2sign.acquire.wanted import SiteVideo
from prompt2sign.errors import FormatError, MissingError, UsageError
from prompt2sign.options import FetchOptions
from tests.media_files import ffmpeg
from tests.server import Mode, Server

pytest.importorskip("yt_dlp")
SITE = "https://videos.example/"
CLIP = (Path(__file__).parents[1] / "prompt2sign" / "sample" / "videos" / "sample-01.mp4").read_bytes()
MP4 = {"Content-Type": "video/mp4"}
CAPTIONS = b"WEBVTT\n\n00:00.000 --> 00:01.000\nbuenas noches\n"


@pytest.fixture
def site() -> Iterator[Server]:
    with Server() as server:
        server.serve(f"{SITE}clip.mp4", CLIP, headers=MP4)
        server.serve(f"{SITE}watch?v=-id", page("clip.mp4"))
        yield server


def page(*sources: str, tracks: str = "") -> bytes:
    videos = "".join(
        f"<video><source src='{source}' type='video/{source[-4:].strip('.')}'>{tracks}</video>" for source in sources
    )
    return f"<!doctype html><html><head><title>../../x %(id)s</title></head><body>{videos}</body></html>".encode()


def fetched(
    server: Server,
    folder: Path,
    address: str,
    path: str = "videos/-id",
    captions: tuple[str, ...] = (),
    **options: object,
) -> VideoResult:
    chosen = FetchOptions.model_validate({"mirrors": server.mirrors(), "pause_s": 0, "retries": 0, **options})
    return fetch_video(SiteVideo(path, SITE + address, captions), folder, chosen)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("path", ["videos/-id", "videos/a b %(title)s.x", "수어"])
def test_a_video_lies_where_it_was_wanted(site: Server, tmp_path: Path, path: str) -> None:
    told: list[int] = []
    options = FetchOptions(mirrors=site.mirrors(), pause_s=0)
    result = fetch_video(SiteVideo(path, f"{SITE}watch?v=-id"), tmp_path, options, told.append)
    assert result == VideoResult("done", paths=(f"{path}.mp4",))
    assert (tmp_path / f"{path}.mp4").read_bytes() == CLIP
    assert sum(told) == len(CLIP)
    assert files(tmp_path) == [f"{path}.mp4"]


def test_a_video_that_is_there_is_not_asked_for(site: Server, tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "-id.webm").write_bytes(b"mine")
    assert fetched(site, tmp_path, "watch?v=-id") == VideoResult("done", paths=("videos/-id.webm",))
    assert not site.requests


def test_captions_in_the_first_language_there_is(site: Server, tmp_path: Path) -> None:
    tracks = "".join(f"<track kind='subtitles' srclang='{one}' src='{one}.vtt'>" for one in ("en", "es-419"))
    site.serve(f"{SITE}told", page("clip.mp4", tracks=tracks))
    for language in ("en", "es-419"):
        site.serve(f"{SITE}{language}.vtt", CAPTIONS + language.encode())
    result = fetched(site, tmp_path, "told", captions=("es", "es-419", "en"))
    assert result.paths == ("videos/-id.mp4", "videos/-id.es-419.vtt")
    assert (tmp_path / "videos" / "-id.es-419.vtt").read_bytes() == CAPTIONS + b"es-419"
    assert fetched(site, tmp_path, "told", captions=("es", "es-419", "en")) == result
    site.requests.clear()
    lacking = fetched(site, tmp_path, "told", path="other", captions=("ko", "-en", ".*"))
    assert lacking == VideoResult("done", "", "no captions in ko, -en, .*", ("other.mp4",))
    assert not site.asked(f"{SITE}en.vtt")


def test_of_a_page_with_many_only_one_is_taken(site: Server, tmp_path: Path) -> None:
    site.serve(f"{SITE}list", page("clip.mp4", "second.webm", "third.mp4"))
    for name in ("second.webm", "third.mp4"):
        site.serve(SITE + name, CLIP, headers=MP4)
    assert fetched(site, tmp_path, "list").outcome == "done"
    assert files(tmp_path) == ["videos/-id.mp4"]
    assert not site.asked(f"{SITE}second.webm")


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        (Mode(status=403), "failed", "forbidden"),
        (Mode(status=404), "gone", "not-there"),
        (Mode(status=410), "gone", "not-there"),
        (Mode(status=429), "failed", "rate-limited"),
        (Mode(status=503), "failed", "network"),
        (Mode(reset_after=10), "failed", "network"),
        (Mode(), "failed", "no-video"),
    ],
)
def test_pages_that_give_no_video(site: Server, tmp_path: Path, answer: Mode, outcome: str, reason: str) -> None:
    site.serve(f"{SITE}none", b"<html>nothing to see</html>", mode=answer)
    result = fetched(site, tmp_path, "none")
    assert (result.outcome, result.reason, result.paths) == (outcome, reason, ())
    assert result.message
    assert "\x1b" not in result.message
    assert files(tmp_path) == []


def test_a_reset_is_completed_by_the_next_try(site: Server, tmp_path: Path) -> None:
    site.serve(f"{SITE}clip.mp4", CLIP, headers=MP4, first=[Mode(headers=MP4, reset_after=70_000)])
    assert fetched(site, tmp_path, "watch?v=-id").reason == "network"
    left = [path for path in files(tmp_path) if path.endswith(".part")]
    assert left and left[0].startswith("videos/-id.fetching/")
    assert fetched(site, tmp_path, "watch?v=-id").outcome == "done"
    assert (tmp_path / "videos" / "-id.mp4").read_bytes() == CLIP
    assert files(tmp_path) == ["videos/-id.mp4"]
    ranges = [request.headers.get("Range", "") for request in site.asked(f"{SITE}clip.mp4")]
    assert any(one.startswith("bytes=") and one != "bytes=0-" for one in ranges)


def test_a_reset_is_tried_again_at_once_where_retries_are_left(site: Server, tmp_path: Path) -> None:
    site.serve(f"{SITE}clip.mp4", CLIP, headers=MP4, first=[Mode(headers=MP4, reset_after=70_000)])
    assert fetched(site, tmp_path, "watch?v=-id", retries=2).outcome == "done"
    assert (tmp_path / "videos" / "-id.mp4").read_bytes() == CLIP


def test_what_is_no_video_is_refused(site: Server, tmp_path: Path) -> None:
    site.serve(f"{SITE}clip.mp4", b"not a video at all" * 100, headers=MP4)
    assert fetched(site, tmp_path, "watch?v=-id").reason == "not-a-video"
    assert files(tmp_path) == []


def test_segmented_video_without_another_program(site: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list names two segments, and one in a file of this machine, which must not be read."""
    (tmp_path / "clip.mp4").write_bytes(CLIP)
    segment = ffmpeg("-t", "0.4", "-i", tmp_path / "clip.mp4", "-c", "copy", "-f", "mpegts", "-")
    secret = tmp_path / "secret.txt"
    secret.write_bytes(b"secret")
    traps(tmp_path / "bin", monkeypatch)
    for name, extra in (("good", ""), ("bad", f"#EXTINF:1,\nfile://{secret}\n")):
        lines = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n1.ts\n#EXTINF:1,\n1.ts\n{extra}#EXT-X-ENDLIST\n"
        site.serve(f"{SITE}{name}.m3u8", lines.encode(), headers={"Content-Type": "application/vnd.apple.mpegurl"})
    site.serve(f"{SITE}1.ts", segment, headers={"Content-Type": "video/mp2t"})
    assert fetched(site, tmp_path / "out", "good.m3u8").paths == ("videos/-id.mp4",)
    assert (tmp_path / "out" / "videos" / "-id.mp4").read_bytes() == segment * 2
    assert fetched(site, tmp_path / "bad", "bad.m3u8").outcome == "failed"
    # It asks ffmpeg for its features whether or not it may use it.
    assert set((tmp_path / "trapped").read_text().splitlines()) <= {"ffmpeg -bsfs", "ffprobe -bsfs"}


def traps(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs on the PATH that tell when they are run."""
    folder.mkdir()
    for name in ("ffmpeg", "ffprobe", "avconv", "aria2c", "curl", "wget", "rtmpdump", "mplayer"):
        (folder / name).write_text(f"#!/bin/sh\necho {name} $* >> {folder.parent}/trapped\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "-o/etc/x", "ytsearch:sign language", "javascript:1", ""])
def test_addresses_that_are_none(tmp_path: Path, url: str) -> None:
    result = fetch_video(SiteVideo("videos/a", url), tmp_path, FetchOptions(pause_s=0))
    assert (result.outcome, result.reason) == ("failed", "bad-address")
    assert not list(tmp_path.iterdir())


def test_a_page_that_points_to_a_file_of_this_machine(site: Server, tmp_path: Path) -> None:
    (tmp_path / "secret.mp4").write_bytes(CLIP)
    site.serve(f"{SITE}local", page(f"file://{tmp_path}/secret.mp4"))
    assert fetched(site, tmp_path / "out", "local").outcome == "failed"
    assert files(tmp_path / "out") == []


def test_paths_stay_inside(tmp_path: Path) -> None:
    with pytest.raises(FormatError):
        fetch_video(SiteVideo("../a", f"{SITE}watch"), tmp_path / "folder", FetchOptions())


def test_cookies_are_sent_and_their_file_stays_as_it_is(site: Server, tmp_path: Path) -> None:
    cookies = tmp_path / "cookies.txt"
    text = "# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t4102444800\tkey\tinvented\n"
    cookies.write_text(text)
    site.serve(f"{SITE}watch?v=-id", page("clip.mp4"), headers={"Set-Cookie": "new=1; Path=/; Max-Age=99999"})
    assert fetched(site, tmp_path / "out", "watch?v=-id", cookies=cookies).outcome == "done"
    assert "key=invented" in site.requests[0].headers["Cookie"]
    assert cookies.read_text() == text


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"no cookies\tat all\n", b"# nothing\n"])
def test_cookies_that_cannot_be_read(site: Server, tmp_path: Path, content: bytes | None) -> None:
    cookies = tmp_path / "cookies.txt"
    if content is not None:
        cookies.write_bytes(content)
    with pytest.raises(UsageError, match=r"cookies\.txt"):
        fetched(site, tmp_path, "watch?v=-id", cookies=cookies)


@pytest.mark.parametrize("row", ["a.org\tTRUE\t/\tTRUE\t-1\tkey\tKEY", "a.org\tTRUE\t/\tTRUE\tKEY", "a.org\vKEY"])
def test_cookies_are_never_printed(site: Server, tmp_path: Path, row: str, capfd: pytest.CaptureFixture[str]) -> None:
    """yt-dlp would print the rows that it cannot read."""
    cookies = tmp_path / "cookies.txt"
    cookies.write_text(f"# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tkey\tinvented\n{row}\n")
    with pytest.raises(UsageError, match=r"cookies\.txt") as caught:
        fetched(site, tmp_path, "watch?v=-id", cookies=cookies)
    assert "KEY" not in f"{caught.value}{capfd.readouterr()}"


def test_a_work_folder_that_is_a_link(site: Server, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos/-id.fetching").symlink_to(tmp_path / "outside")
    assert fetched(site, tmp_path, "watch?v=-id").outcome == "done"
    assert files(tmp_path) == ["videos/-id.mp4"]


def test_a_full_disk_and_ctrl_c_come_through(site: Server, tmp_path: Path) -> None:
    options = FetchOptions(mirrors=site.mirrors(), pause_s=0, retries=3)
    for trouble in (OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), ZeroDivisionError()):

        def fail(n_bytes: int, trouble: BaseException = trouble) -> None:
            raise trouble

        with pytest.raises(type(trouble)):
            fetch_video(SiteVideo("videos/a", f"{SITE}watch?v=-id"), tmp_path, options, fail)
    assert not (tmp_path / "videos" / "a.mp4").exists()


def test_the_rate_is_kept(site: Server, tmp_path: Path) -> None:
    start_s = time.monotonic()
    assert fetched(site, tmp_path, "watch?v=-id", rate_limit=0.1).outcome == "done"
    assert time.monotonic() - start_s > len(CLIP) / 0.1e6 * 0.5


def test_without_yt_dlp(site: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yt_dlp", None)
    with pytest.raises(MissingError, match=r"prompt2sign\[download\]"):
        fetched(site, tmp_path, "watch?v=-id")
    assert site_needs() == ['yt-dlp is not installed: pip install "prompt2sign[download]"']


@pytest.mark.parametrize(("version", "fine"), [("v22.1.0", True), ("v20.20.2", False), (None, False)])
def test_the_javascript_runtime_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str | None, fine: bool
) -> None:
    if version:
        (tmp_path / "node").write_text(f"#!/bin/sh\necho {version}\n")
        (tmp_path / "node").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    needs = site_needs()
    assert (not needs) is fine
    assert fine or (version or "none was found").lstrip("v") in needs[0]
