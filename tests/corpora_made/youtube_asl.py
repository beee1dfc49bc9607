"""YouTube-ASL as published: a list of ids, and videos with captions on YouTube."""

from __future__ import annotations

from pathlib import Path

from . import Made
from .signing import copy_film
from .watch_page import served_video

URL = "https://storage.googleapis.com/gresearch/youtube-asl/youtube_asl_video_ids.txt"
#: Id, its film, captions.
VIDEOS = {
    "-yTaSl_0001": (1, "en", "WEBVTT\nKind: captions\nLanguage: en\n\n"
        "00:00:00.200 --> 00:00:01.500\nGood morning,\neveryone &amp; welcome.\n\n"
        "00:00:01.800 --> 00:00:03.000\n<i>Is it cold?</i>\n\n"
        "00:00:03.100 --> 00:00:03.150\nToo short.\n"),
    "yTaSl-0002_": (2, "en-GB", "WEBVTT\n\n00:00:00.400 --> 00:00:01.900\nThe colour is grey.\n\n"
        "00:00:02.000 --> 00:00:03.000\n[Music]\n"),
    "yTaSl_SiLnt": (3, "", ""),
}  # fmt: skip
GONE = "yTaSl_G0ne0"
LIST = "-yTaSl_0001\nyTaSl-0002_\nyTaSl_SiLnt\n-yTaSl_0001\nyTaSl_G0ne0\n$(reboot)/..\n"


def make(folder: Path) -> Made:
    """What was fetched in `youtube-asl/`; the pages of the videos beside it."""
    root = folder / "youtube-asl"
    root.mkdir(parents=True)
    listed = root / "youtube_asl_video_ids.txt"
    listed.write_text(LIST, encoding="utf-8")
    served = {URL: listed}
    for video_id, (number, tag, text) in VIDEOS.items():
        video = copy_film(number, root / f"videos/{video_id}.mp4")
        captions = {tag: root / f"videos/{video_id}.{tag}.vtt"} if tag else {}
        for path in captions.values():
            path.write_text(text, encoding="utf-8")
        served |= served_video(video, captions, folder / "pages")
    # A cue that is too short, music, a video without captions, a line that stands twice, one gone, and one no id.
    return Made(root, n_clips=3, n_rejected=6, served=served)
