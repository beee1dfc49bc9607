"""YouTube-SL-25 as published: ids with languages and no header, and videos with captions on YouTube."""

from __future__ import annotations

from pathlib import Path

from . import Made
from .signing import copy_film
from .watch_page import served_video

URL = "https://storage.googleapis.com/gresearch/youtube-sl-25/youtube-sl-25-metadata.csv"
#: Per language of the list: id, film, language of its captions, and their text.
VIDEOS = {
    "ase": ("sL25_ase-01", 1, "en", "Look at the bright stars."),
    "gsg": ("sL25_gsg-01", 2, "de", "Die Straße ist naß und leer."),
    "sgg": ("sL25_sgg-01", 3, "de-CH", "Wir grüßen alle herzlich."),
    "ssr": ("sL25_ssr-01", 4, "fr", "Où est la gare, s'il vous plaît ?"),
    "slf": ("sL25_slf-01", 5, "it", "La città è già sveglia."),
    "aed": ("sL25_aed-01", 1, "es-419", "¿Mañana vienen los niños?"),
    "kvk": ("sL25_kvk-01", 2, "ko", "오늘은 날씨가 좋아요."),
    "tsm": ("sL25_tsm-01", 3, "tr", "İki kişi ılık çay içiyor."),
}
OTHERS = "sL25_bfi-01,bfi\nsL25_xxx-01,???\n"


def make(folder: Path) -> Made:
    """What was fetched in `youtube-sl-25/` for all eight languages; in each are one clip and two rejections."""
    root = folder / "youtube-sl-25"
    root.mkdir(parents=True)
    listed = root / "youtube-sl-25-metadata.csv"
    lines = [f"{video_id},{code}\n{code.upper()}-G0ne-00,{code}\n" for code, (video_id, *_) in VIDEOS.items()]
    listed.write_text("".join(lines) + OTHERS + "no comma in this line\n", encoding="utf-8")
    served = {URL: listed}
    for video_id, number, tag, text in VIDEOS.values():
        video = copy_film(number, root / f"videos/{video_id}.mp4")
        captions = root / f"videos/{video_id}.{tag}.vtt"
        captions.write_text(f"WEBVTT\n\n00:00:00.200 --> 00:00:01.800\n{text}\n", encoding="utf-8")
        served |= served_video(video, {tag: captions}, folder / "pages")
    return Made(root, n_clips=1, n_rejected=2, served=served)
