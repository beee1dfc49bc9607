"""OpenASL as published: a table and a JSON of boxes in git, the videos on YouTube."""

from __future__ import annotations

import json
from pathlib import Path

from . import Made
from .signing import copy_film
from .watch_page import served_video

RAW = "https://raw.githubusercontent.com/chevalierNoir/OpenASL/main/data/"
HEADER = "vid\tyid\tstart\tend\traw-text\ttokenized-text\tgloss\tsplit\n"
VIDEOS = {"-oPenAsl_01": 1, "oPen-Asl_02": 2}
GONE = "oPenAslG0ne"


def row(yid: str, start: str, end: str, text: str, split: str, gloss: str = "") -> str:
    """One row as published; its id is made of the video and the times, with colons."""
    return "\t".join((f"{yid}:{start}-{end}", yid, start, end, text, text.lower(), gloss, split)) + "\n"


ROWS = (
    row("-oPenAsl_01", "00:00:00.120", "00:00:01.480", "Hello, everyone!", "train", "hello"),
    row("-oPenAsl_01", "00:00:01.480", "00:00:03.000", '"Welcome back," he said.', "train"),
    row("oPen-Asl_02", "00:00:00.500", "00:00:01.900", 'They call it "snow."', "valid"),
    row("oPen-Asl_02", "00:00:02.000", "00:00:03.500", "See you tomorrow.", "test"),
    row(GONE, "00:00:01.000", "00:00:02.000", "This film was taken down.", "train"),
    row("../../../up", "00:00:01.000", "00:00:02.000", "This is no id.", "train"),
    row("oPen-Asl_02", "00:00:04.000", "00:00:04.000", "This takes no time.", "test"),
)
BOXES = {
    "-oPenAsl_01:00:00:00.120-00:00:01.480": [0.1, 0.05, 0.9, 1.0],
    "-oPenAsl_01:00:00:01.480-00:00:03.000": [-0.05, 0.0, 0.95, 1.04],
    "oPen-Asl_02:00:00:00.500-00:00:01.900": [0.2, 0.0, 0.8, 1.0],
}


def make(folder: Path) -> Made:
    """What was fetched in `openasl/`; the pages of the videos beside it."""
    root = folder / "openasl"
    root.mkdir(parents=True)
    table, boxes = root / "openasl-v1.0.tsv", root / "bbox-v1.0.json"
    table.write_text(HEADER + "".join(ROWS), encoding="utf-8")
    boxes.write_text(json.dumps(BOXES), encoding="utf-8")
    served = {RAW + table.name: table, RAW + boxes.name: boxes}
    for video_id, number in VIDEOS.items():
        served |= served_video(copy_film(number, root / f"videos/{video_id}.mp4"), {}, folder / "pages")
    return Made(root, n_clips=4, n_rejected=3, served=served)
