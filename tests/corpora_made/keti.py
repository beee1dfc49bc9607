"""KETI: the list as its owners write it (BOM, CRLF, empty columns at the end) and videos of cameras of two makes."""

from __future__ import annotations

from pathlib import Path

from ..media_files import ffmpeg
from . import Made
from .material import written
from .signing import copy_film

HEADER = "번호,언어 제공자 ID,취득연도,방향,타입(단어/문장),파일명,한국어,,"
_ROWS = (
    "419,1,2017,정면,단어,KETI_SL_0000000419.MOV,화재,,",
    "838,1,2017,측면,단어,KETI_SL_0000000838.MTS,화재,,",
    "8614,2,2017,정면,문장,KETI_SL_0000008614.MTS,화상을 입었어요,,",
    "10481,11,2018,정면,단어,KETI_SL_0000010481,해(연),,",
    "386,.,2018,정면,문장,KETI_SL_RES_0000000386.MOV,조금만 기다리세요,,",
    "900,1,2017,정면,단어,KETI_SL_0000000900.MOV,,,",
    "901,1,2017,정면,낱말,KETI_SL_0000000901.MOV,불,,",
    "902,1,2017,위,단어,KETI_SL_0000000902.MOV,불,,",
    "903,1,2017,정면,단어,KETI_SL_0000000903.MOV,불,,",
)


def make(folder: Path) -> Made:
    root = folder / "keti"
    videos = root / "영상"
    copy_film(5, videos / "KETI_SL_0000000419.MOV")
    copy_film(2, videos / "KETI_SL_RES_0000000386.MOV")
    copy_film(4, videos / "KETI_SL_0000010481.mp4")
    for name in ("KETI_SL_0000000838", "KETI_SL_0000008614"):
        ffmpeg("-i", videos / "KETI_SL_0000000419.MOV", "-c", "copy", "-f", "mpegts", videos / f"{name}.MTS")
    for name in ("KETI_SL_0000000900", "KETI_SL_0000000901", "KETI_SL_0000000902"):
        written(videos / f"{name}.MOV", "named by a row that cannot be used")
    written(root / "signlanguage_total.csv", "\ufeff" + "\r\n".join((HEADER, *_ROWS)) + "\r\n")
    return Made(root, n_clips=4, n_rejected=4)
