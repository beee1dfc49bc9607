"""Pages of a video site, as plain as yt-dlp can read them: a `<video>` and its captions."""

from __future__ import annotations

from pathlib import Path

_SITE = "https://www.youtube.com"


def served_video(video: Path, captions: dict[str, Path], pages: Path) -> dict[str, Path]:
    """The page of a video, the video and its captions, each by the address where it is published.

    Args:
        video: The film, named by its id.
        captions: Caption files by their language.
        pages: Folder for the page.
    """
    pages.mkdir(parents=True, exist_ok=True)
    tracks = "".join(f'<track kind="captions" srclang="{tag}" src="media/{video.stem}.{tag}.vtt">' for tag in captions)
    page = pages / f"{video.stem}.html"
    page.write_text(
        f"<!DOCTYPE html><html><head><title>{video.stem}</title></head><body>"
        f'<video src="media/{video.name}" controls>{tracks}</video></body></html>',
        encoding="utf-8",
    )
    return {
        f"{_SITE}/watch?v={video.stem}": page,
        f"{_SITE}/media/{video.name}": video,
        **{f"{_SITE}/media/{video.stem}.{tag}.vtt": path for tag, path in captions.items()},
    }
