"""How2Sign as its raw videos and re-aligned tables are published: a split zip of ten parts, two zips, three tables."""

from __future__ import annotations

import zipfile
from pathlib import Path

from . import Made
from .signing import copy_film, film
from .split_zip import write_split_zip

HEADER = "VIDEO_ID\tVIDEO_NAME\tSENTENCE_ID\tSENTENCE_NAME\tSTART_REALIGNED\tEND_REALIGNED\tSENTENCE\n"
#: Video, its film, signer.
TRAIN, VAL, TEST = ("-mAdE0n1y_0", 1, 3), ("--7E2sU6zP4", 2, 5), ("mAdE_0n1y-2", 3, 10)
_DRIVE = "https://drive.google.com/file/d/"
_TABLE_IDS = {
    "train": "1dUHSoefk9OxKJnHrHPX--I4tpm9QD0ok",
    "val": "1Vpag7VPfdTCCJSao8Pz14rlPfekRMggI",
    "test": "1AgwBZW26kFHS4CWNMQTCMPGkBPkH3qCu",
}
_TRAIN_IDS = (
    "1xWlMM2O3Gbp_8LK5FefoH0TVEmae6jIf",
    "1krtYdpK_LQFgEUCnHxoYAW7EyhLMLWq0",
    "1fXpWRNFhpuVm3ym7lT9vF_bnDjHkvP_K",
    "1IFetFt4AzsxNCMZ0VVpX7YRgFAm58X48",
    "1ZHuuun6Ae-AOLBns3LmuH7w8C9YCB4gH",
    "1FQQIPblk-oLH_vu7h2tDO0oJaZ3xkp5N",
    "19XNgERcolGAMPPgX-Gx_GebSTx3W4o0r",
    "1YN-SA9uzrogEdKeT6UdQUIcuGEyYJILg",
    "1SZQ2GzPLCkRqvsImAjULAPBiuAKi9DE9",
    "1Xe1T5okJiopMXUiH3sc0mdCWNDYSBopd",
)
_ZIP_IDS = {"val": "1fCkyuKSsc7gauljuL9sx_jBomf3N6i0g", "test": "1z0i6BBGHQ12ChY63hZH56QnczvQ0JfTb"}


def row(video: tuple[str, int, int], number: int, start: str, end: str, text: str) -> str:
    """One row as published; text is quoted where it holds a comma or a quote."""
    name, _, signer = video
    if set(text) & set(',;"'):
        text = '"' + text.replace('"', '""') + '"'
    view = f"-{signer}-rgb_front"
    return "\t".join((name, name + view, f"{name}_{number}", f"{name}_{number}{view}", start, end, text)) + "\n"


TABLES = {
    "train": HEADER
    + row(TRAIN, 0, "0.12", "1.4", "So today we bake bread, slowly.")
    + row(TRAIN, 1, "1.4", "2.52", '"Now," she says, "we wait."')
    + row(TRAIN, 2, "2.0", "3.0", "")
    + row(("nO_v1de0-11", 0, 3), 0, "0", "1", "This film was lost."),
    "val": HEADER + row(VAL, 10, "0.4", "1.96", "Fold the paper twice."),
    "test": HEADER + row(TEST, 4, "0", "1.25", "And that is all."),
}


def make(folder: Path) -> Made:
    """The unpacked copy in `How2Sign/`, and the files as Google Drive hands them out in `published/`."""
    root, published = folder / "How2Sign", folder / "published"
    published.mkdir(parents=True)
    for split, video in (("train", TRAIN), ("val", VAL), ("test", TEST)):
        table = root / f"sentence_level/{split}/text/en/raw_text/re_aligned/how2sign_realigned_{split}.csv"
        table.parent.mkdir(parents=True)
        table.write_text(TABLES[split], encoding="utf-8")
        name = f"{video[0]}-{video[2]}-rgb_front.mp4"
        copy_film(video[1], root / f"video_level/{split}/rgb_front/raw_videos/{name}")
    return Made(root, n_clips=4, n_rejected=2, served=_served(published))


def _served(published: Path) -> dict[str, Path]:
    served = {}
    for split, drive_id in _TABLE_IDS.items():
        table = published / f"how2sign_realigned_{split}.csv"
        table.write_text(TABLES[split], encoding="utf-8")
        served[_DRIVE + drive_id] = table
    member = f"raw_videos/{TRAIN[0]}-{TRAIN[2]}-rgb_front.mp4"
    parts = write_split_zip(published / "train_raw_videos", {member: film(TRAIN[1]).read_bytes()}, len(_TRAIN_IDS))
    served |= {_DRIVE + drive_id: part for drive_id, part in zip(_TRAIN_IDS, parts, strict=True)}
    for split, video in (("val", VAL), ("test", TEST)):
        archive = published / f"{split}_raw_videos.zip"
        with zipfile.ZipFile(archive, "w") as packed:
            packed.write(film(video[1]), f"raw_videos/{video[0]}-{video[2]}-rgb_front.mp4")
        served[_DRIVE + _ZIP_IDS[split]] = archive
    return served
