"""SignSuisse: tables of entries in three languages, and videos named after the entries; how is our choice."""

from __future__ import annotations

from pathlib import Path

from . import Made
from .material import written
from .signing import copy_start

HEADER = (
    "id,name,spokenLanguage,signedLanguage,category,definition,paraphrase,example,url,videoDuration,"
    "exampleVideoDuration\n"
)
_ENTRIES = {
    "dsgs": (
        ("900001", "ZEITUNG", "Ich lese die Zeitung."),
        ("900002", "GUTEN TAG", '"Er sagt &quot;guten Tag&quot;, immer."'),
    ),
    "lsf-ch": (("900011", "ÉCOLE", "L'école commence lundi."), ("900012", "FRANCE 2", "Je regarde France 2.")),
    "lis-ch": (("900021", "STAZIONE", "Lavoro vicino alla stazione."), ("900022", "UOVO", "Mangio un  uovo.")),
}


def make(folder: Path) -> Made:
    """For each of the languages two entries with their videos, one of the test part without any, and one without a
    text for its example."""
    root = folder / "signsuisse"
    train, test = HEADER, HEADER
    for number, (signed, entries) in enumerate(_ENTRIES.items()):
        for entry, name, example in entries:
            train += row(entry, name, signed, example)
            copy_start(1, root / f"videos/{entry}.mp4")
            copy_start(2, root / f"videos/{entry}_example.mp4")
        train += row(f"90003{number}", "HAUS", signed, "")
        copy_start(3, root / f"videos/90003{number}.mp4")
        test += row(f"90004{number}", "BAUM", signed, "Der Baum ist hoch.")
    written(root / "metadata_train.csv", train)
    written(root / "metadata_test.csv", test)
    return Made(root, n_clips=5, n_rejected=3)


def row(entry: str, name: str, signed: str, example: str) -> str:
    return f"{entry},{name},xx,{signed},Thema,Definition,Umschreibung,{example},https://example.org/{entry},2.5,5.8\n"
