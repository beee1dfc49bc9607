"""LSA-T: meta.csv with subtitles as Python literals, and ready clips named by their ids."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

from . import Made
from .material import written, zipped
from .signing import copy_film

HEADER = (
    "id,label,video,playlist,start,end,duration,splits,prev_delta,post_delta,signers_amount,infered_signer,"
    "infered_signer_confidence,movement_per_signer"
)
_FIRST = "resumen-semanal-01022020"
_ROWS = (
    (f"{_FIRST}_0", "hoy cocino sopa, mañana arroz. ¿qué tal?", 10.0, 11.4,
     [("hoy cocino sopa, mañana arroz.", 10.0, 10.5), ("¿qué tal?", 10.6, 11.4)], ""),
    (f"{_FIRST}_1", "los chicos juegan...", 20.0, 21.2, [("los chicos juegan...", 20.0, 21.2)], "2.5"),
    ("otro-video_0", "ella dice \"sí\", él no", 1.0, 2.0, [("ella dice \"sí\", él no", 1.0, 2.0)], "0.1"),
    (f"{_FIRST}_2", "", 30.0, 31.0, [("", 30.0, 31.0)], "1.0"),
    ("clip-que-falta_0", "sin video", 1.0, 2.0, [("sin video", 1.0, 2.0)], "1.0"),
    ("../../fuera", "fuera de la carpeta", 1.0, 2.0, [("fuera de la carpeta", 1.0, 2.0)], "1.0"),
)  # fmt: skip


def make(folder: Path) -> Made:
    root = folder / "lsa-t"
    for number, name in enumerate((f"{_FIRST}_0", f"{_FIRST}_1", "otro-video_0"), 1):
        copy_film(number, root / "clips" / f"{name}.mp4")
    written(root / "clips" / f"{_FIRST}_2.mp4", "named by a row without text")
    written(root / "clips" / "nadie_0.mp4", "named by no row")
    written(root / "meta.csv", _table())
    meta = Path(shutil.copyfile(root / "meta.csv", folder / "meta-served.csv"))
    served = {
        "https://drive.google.com/file/d/1Kgvv5AhJDuVNb8wUMXSUHrulBBcsymsg": meta,
        "https://drive.google.com/file/d/1Xa_Vu3NGJ0TvaIJ3XizLgx6KP2p1_L5x": zipped(
            root / "clips", folder / "served" / "clips.zip"
        ),
    }
    return Made(root, n_clips=3, n_rejected=4, served=served)


def _table() -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for name, label, start, end, splits, pause in _ROWS:
        video = name.rsplit("_", 1)[0]
        writer.writerow(
            (name, label, video, "cn", start, end, end - start, repr(splits), pause, "", 1, 0, "0.9", "[3.5]")
        )
    return f"{HEADER}\n{out.getvalue()}"
