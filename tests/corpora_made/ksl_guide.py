"""KSL-Guide: REAL/{SEN,WORD}/{video,morpheme}, names as macOS packs them, and the sentences a user wrote down."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

from . import Made
from .material import written
from .signing import copy_film


def morphemes(name: str, *glosses: str) -> str:
    """A morpheme file, its signs out of order as nothing promises one."""
    signs = [
        {"start": 1.167 + n, "end": 1.856 + n, "attributes": [{"name": unicodedata.normalize("NFD", gloss)}]}
        for n, gloss in enumerate(glosses)
    ]
    meta = {"url": f"{name}.mp4", "name": f"{name}.mp4", "duration": 4.2, "exportedOn": "2020/11/04"}
    return json.dumps({"metaData": meta, "data": signs[::-1]}, ensure_ascii=False)


def make(folder: Path) -> Made:
    root = folder / "ksl-guide" / unicodedata.normalize("NFD", "수어 영상")
    recordings = (
        ("SEN", "NIA_SL_SEN0001_REAL01_F", ("여기", "버스")),
        ("SEN", "NIA_SL_SEN0001_REAL01_L", ("여기", "버스")),
        ("SEN", "NIA_SL_SEN0002_REAL02_F", ("곳", "내리다")),
        ("SEN", "NIA_SL_SEN0003_REAL01_F", ("문장", "없다")),
        ("WORD", "NIA_SL_WORD1501_REAL01_F", ("화장실",)),
    )
    for number, (kind, name, glosses) in enumerate(recordings, 1):
        copy_film(number, root / "REAL" / kind / "video" / f"{name}.mp4")
        written(root / "REAL" / kind / "morpheme" / f"{name}_morpheme.json", morphemes(name, *glosses))
    written(root / "REAL" / "WORD" / "video" / "NIA_SL_WORD1502_REAL01_F.mp4", "its morphemes are damaged")
    written(root / "REAL" / "WORD" / "morpheme" / "NIA_SL_WORD1502_REAL01_F_morpheme.json", '{"data": [')
    written(root / "REAL" / "WORD" / "video" / "NIA_SL_WORD1503_REAL01_F.mp4", "without morphemes")
    written(root / "SYN" / "SEN" / "morpheme" / "NIA_SL_SEN0001_SYN01_F_morpheme.json", morphemes("x", "여기"))
    written(root / "sentences.csv", "id,text\nSEN0001,여기 버스가 있어요.\nSEN0002,어디에서 내려요?\n")
    lists = root / "03.AI" / "NIA_SEN_"
    written(Path(f"{lists}train.csv"), ",Filename,Kor\n0,NIA_SL_SEN0001_REAL01_F.mp4,여기 버스\n", "cp949")
    written(Path(f"{lists}val.csv"), ",Filename,Kor\n0,NIA_SL_SEN0002_REAL02_F.mp4,곳 내리다\n", "cp949")
    return Made(root, n_clips=3, n_rejected=4)
