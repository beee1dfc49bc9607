"""KSL-77: class folders of videos, a label file of unknown kind, and the words a user wrote down."""

from __future__ import annotations

from pathlib import Path

from . import Made
from .material import written, zipped
from .signing import copy_start


def make(folder: Path) -> Made:
    root = folder / "ksl-77"
    videos = root / "video"
    copy_start(5, videos / "1" / "01_1.mp4")
    copy_start(2, videos / "1" / "02_1.mp4")
    copy_start(4, videos / "12" / "01_12.MP4")
    written(videos / "3" / "01_3.mp4", "a class that the table does not name")
    written(videos / "78" / "01_78.mp4", "no class of the corpus")
    written(root / "words.csv", "id,text\n1,안녕하세요\n12,고맙습니다\n")
    served = {
        "https://www.dropbox.com/s/8wse0lmxngysl2h/video.zip?dl=1": zipped(videos, folder / "served" / "video.zip"),
        "https://drive.google.com/file/d/1nFF_VsilnJv1jyshtdUKtoX_kNbwCk3w": written(
            folder / "served" / "label.txt", "1 안녕하세요\n12 고맙습니다\n"
        ),
    }
    return Made(root, n_clips=3, n_rejected=2, served=served)
