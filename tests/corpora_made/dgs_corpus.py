"""Public DGS Corpus: a page that lists documents, and each one's files at addresses of their own."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from . import Made
from .elan import elan_file
from .material import written
from .signing import copy_film

BASE = "https://www.sign-lang.uni-hamburg.de/meinedgs/"
BOTH, ONE, SILENT = "1413451-11105600-11163240", "1413446", "1429124"
#: What the page links to, cell by cell; a cell may be empty.
_CELLS = (
    "html/{id}_en.html", "", "formats/format3_en.html", "", "ilex/{id}.ilex", "eaf/{id}.eaf",
    "videos/{id}/{id}_1a1.mp4", "videos/{id}/{id}_1b1.mp4", "videos/{id}/{id}_1c.mp4", "srt/{id}_en.srt", "",
    "cmdi/{id}.cmdi", "openpose/{id}_openpose.json.gz",
)  # fmt: skip
_WITHOUT = {ONE: (6, 9), SILENT: (6, 7, 9)}


def make(folder: Path) -> Made:
    root = folder / "dgs-corpus"
    _transcripts(root / "eaf")
    for number, document, camera in ((1, BOTH, "1a1"), (2, BOTH, "1b1"), (3, BOTH, "1c"), (4, ONE, "1b1")):
        copy_film(number, root / f"videos/{document}/{document}_{camera}.mp4")
    for document in (BOTH, ONE, SILENT):
        write_openpose(root / f"openpose/{document}_openpose.json.gz", n_frames=20)
    written(root / "ling/start-name_en.html", page((BOTH, ONE, SILENT)))
    served = {BASE + path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*")) if path.is_file()}
    return Made(root, n_clips=4, n_rejected=3, served=served)


def _transcripts(folder: Path) -> None:
    elan_file(
        folder / f"{BOTH}.eaf",
        {
            "Deutsche_Übersetzung_A": [(210, 1700, "Morgen wird das Wetter schön."), (1800, 3500, "Ich fahre heim.")],
            "Translation_into_English_A": [(210, 1700, "Tomorrow the weather will be fine.")],
            "Lexem_Gebärde_r_A": [(220, 600, "MORGEN1B"), (700, 1000, "WETTER1*"), (1500, 1900, "ICH1")],
            "Lexem_Gebärde_l_A": [(610, 690, "$INDEX1")],
            "Deutsche_Übersetzung_B": [(400, 2900, "Ja,  genau."), (3000, 3200, "")],
            "Lexem_Gebärde_r_B": [(500, 900, "JA1A")],
        },
        {"Lexeme_Sign_r_A": [("a4", "TOMORROW1B"), ("a999", "a sign that is not there")]},
    )
    elan_file(
        folder / f"{ONE}.eaf",
        {
            "Deutsche_U\u0308bersetzung_A": [(100, 1000, "Den sieht man hier nicht.")],
            "Deutsche_U\u0308bersetzung_B": [(0, 3500, "Ein Hase trifft einen Igel.")],
        },
    )
    elan_file(folder / f"{SILENT}.eaf", {"Lexem_Gebärde_r_B": [(0, 400, "ICH1")]})


def page(documents: tuple[str, ...]) -> str:
    """The list of transcripts by name."""
    rows = "\n".join(map(_row, documents))
    return (
        "<!DOCTYPE html><html><head><title>Transcripts</title></head><body><table>\n<tr><th>Name</th></tr>\n"
        f'{rows}\n<tr id="totals"><td>3</td></tr></table><a href="../eaf/none.eaf">help</a></body></html>\n'
    )


def _row(document: str) -> str:
    cells = "".join(
        f'<td class="c{n}"><a href="../{path.format(id=document)}">x</a></td>'
        if path and n not in _WITHOUT.get(document, ())
        else "<td />"
        for n, path in enumerate(_CELLS)
    )
    return f'<tr id="{document}">{cells}</tr>'


def write_openpose(path: Path, n_frames: int, cameras: tuple[str, ...] = ("a1", "b1", "c"), lacks: int = -1) -> None:
    """Keypoints of a document: every coordinate says its camera, its frame and its point.

    Args:
        path: Where to.
        n_frames: Frames of each camera.
        cameras: Their names.
        lacks: A frame that is not there.
    """
    document = [
        {
            "id": path.name.split("_")[0],
            "camera": camera,
            "width": 1280,
            "height": 720,
            "frames": {str(frame): _frame(number, frame) for frame in range(n_frames) if frame != lacks},
        }
        for number, camera in enumerate(cameras)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(json.dumps(document, indent=1).encode(), mtime=0))


def _frame(camera: int, frame: int) -> dict:
    def part(first: int, n_points: int) -> list[float]:
        return [v for point in range(first, first + n_points) for v in (100.0 * camera + frame, float(point), 0.5)]

    person = {
        "pose_keypoints_2d": part(0, 25),
        "face_keypoints_2d": part(25, 70),
        "hand_left_keypoints_2d": part(95, 21),
        "hand_right_keypoints_2d": part(116, 21),
    }
    return {"version": 1.2, "people": [person] * (2 if camera == 2 else 1)}
