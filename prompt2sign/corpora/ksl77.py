"""KSL-77: isolated words of Korean Sign Language, a folder of videos a word; the words come with a table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ..acquire.wanted import RemoteArchive, RemoteFile, Wanted
from ..errors import ClipRejected, UsageError
from ..records import Clip, Rejection
from .asked import refuse_keypoints
from .base import CorpusFacts, Plan, Source
from .files import Videos, is_own, require_root
from .recordings import open_recordings, recordings, video_paths
from .rows import clip_name, read_text
from .splits import assign_splits
from .survey import survey, unique_ids
from .word_list import Word, WordList, key_of, own_words

_N_CLASSES = 77
_WORDS = ("words.csv", "words.tsv")
#: The name under which the published label file is kept; the page tells neither its name nor its kind.
_LABEL = "label"
_LABEL_LINE = re.compile(r"\s*(\d{1,2})\s*[\s,;:.|=]\s*(\S.*?)\s*", re.ASCII)
#: A list of 77 words.
_MAX_LABEL_BYTES = 100_000
_BRING = (
    "give the words with --text: a table `id,text` with the class numbers 1 to 77 and their Korean words, or put it "
    "as words.csv into the folder"
)
FACTS = CorpusFacts(
    name="ksl-77",
    title="KSL-77: The Korean Sign Language Dataset for Action Recognition",
    languages=("KSL",),
    unit="sign",
    licence="not stated by its authors",
    access="open",
    access_rule=(
        "Fetched from Dropbox (about 5.3 GB, no form); the words of its classes are to be given by hand where the "
        "published label file does not tell them."
    ),
    redistribute_motion=False,
    redistribute_video=False,
    download_bytes=5_300_000_000,
    home="https://github.com/Yangseung/KSL",
    citation="Yang et al.: The Korean Sign Language Dataset for Action Recognition. MMM 2020.",
    layout=(
        "a folder with one folder a word, numbered 1 to 77, of videos (video/1/NAME.mp4), and words.csv with the "
        "columns id (the number) and text (the Korean word)"
    ),
    numbers="77 words of which 67 have videos, 1,228 videos (14 to 20 a word), 20 deaf signers",
    steps=("Make words.csv with the columns id (1 to 77) and text, the Korean word of each class.",),
    keypoints="none; pictures of 255x255 pixels and optical flow are published too and are not taken",
    unknown=(
        "Which word a class number stands for: the label file's format is not described; it is taken where it is a "
        "text of lines `NUMBER WORD`, and refused where it is a pickle, which would run code when it is read.",
        "How signers are named in the files, and the videos' rate and size.",
        "The licence: another project says CC BY-NC 4.0, the authors say nothing.",
        "The exact size of video.zip (another project says 5.3 GB) and its checksum.",
        "The training, validation and test lists: the page's links to them are empty.",
    ),
)


class Ksl77Corpus:
    """Clips in the order of the paths; a clip's folder is its class, whose word is its text."""

    @property
    def facts(self) -> CorpusFacts:
        """What is known before anything is read."""
        return FACTS

    def wanted(self, source: Source) -> Sequence[Wanted]:
        """The videos, and the label file whatever it is."""
        video = RemoteFile(
            "video.zip", "https://www.dropbox.com/s/8wse0lmxngysl2h/video.zip?dl=1", about_bytes=5_300_000_000
        )
        label = "https://drive.google.com/file/d/1nFF_VsilnJv1jyshtdUKtoX_kNbwCk3w"
        return (RemoteArchive((video,), into="video"), RemoteFile(_LABEL, label, optional=True))

    def plan(self, source: Source) -> Plan:
        """Count the clips and the bytes of their files; say what the words lack."""
        plan = survey(lambda: self.clips(source), source)
        if plan.missing:
            return plan
        words, why = _words(source, require_root(source, FACTS))
        if words is None:
            return replace(plan, missing=(f"The words of the classes: {why}; {_BRING}.",))
        absent = sum(str(number) not in words.words for number in range(1, _N_CLASSES + 1))
        notes = (f"{words.path.name} names no word for {absent} of the {_N_CLASSES} classes.",) if absent else ()
        return replace(plan, notes=(*plan.notes, *notes))

    def clips(self, source: Source) -> Iterator[Clip | Rejection]:
        """Stream the clips; without words every video is a rejection that says how to give them.

        Raises:
            MissingError: No folder was given.
            UsageError: It holds no video in a folder with a number, or the table of words is damaged.
        """
        refuse_keypoints(source, FACTS)
        root = require_root(source, FACTS)
        files = open_recordings(root, FACTS)
        if not any(_class_of(path) for path in video_paths(root)):
            raise UsageError(f"{root}: no folder of videos is numbered 1 to {_N_CLASSES}. Expected is {FACTS.layout}")
        words, why = _words(source, root)
        yield from assign_splits(
            lambda: unique_ids(recordings(files, lambda path: _clip(path, files, words, why, source))),
            source.splits,
            published=False,
        )


def _words(source: Source, root: Path) -> tuple[WordList | None, str]:
    """The words of the classes, or why there are none."""
    words = own_words(source, root, _WORDS, FACTS)
    return (words, "") if words else _label_words(root)


def _label_words(root: Path) -> tuple[WordList | None, str]:
    """The words of the published label file, where every line of it is a number and a word."""
    path = next((path for path in sorted(root.glob("*label*")) if is_own(root, path)), None)
    if path is None:
        return None, "there is neither a table of words nor the published label file"
    if path.stat().st_size > _MAX_LABEL_BYTES:
        return None, f"{path.name} is too large for a list of {_N_CLASSES} words"
    data = path.read_bytes()
    if data.startswith(b"\x80") or path.suffix.lower() in (".p", ".pkl", ".pickle"):
        return None, (
            f"{path.name} is a Python pickle, which can run any code when it is read and is not opened here; where "
            "you trust it, print it with Python yourself and save its numbers and words as a table"
        )
    matches = _label_lines(data)
    if matches is None:
        return None, f"{path.name} is no text with a class number and a word in every line"
    return WordList(path, {key_of(match[1]): Word(match[2]) for match in matches}), ""


def _label_lines(data: bytes) -> list[re.Match[str]] | None:
    try:
        lines = [line for line in data.decode("utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError:
        return None
    matches = [match for line in lines if (match := _LABEL_LINE.fullmatch(line))]
    numbers = {int(match[1]) for match in matches}
    fits = len(matches) == len(lines) == len(numbers) > 0 and numbers <= set(range(1, _N_CLASSES + 1))
    return matches if fits else None


def _class_of(path: str) -> str:
    """The number of the folder a video lies in; empty where that is no class."""
    folder = PurePosixPath(path).parent.name
    number = int(folder) if folder.isascii() and folder.isdigit() and len(folder) < 4 else 0
    return str(number) if 1 <= number <= _N_CLASSES else ""


def _clip(path: str, files: Videos, words: WordList | None, why: str, source: Source) -> Clip:
    sign = _class_of(path)
    if not sign:
        raise ClipRejected("unknown-sign", f"its folder is none of the numbers 1 to {_N_CLASSES}")
    if words is None:
        raise ClipRejected("text-missing", f"{why}; {_BRING}")
    word = words.find(sign)
    name = clip_name(f"{sign}/{PurePosixPath(path).stem}")
    return Clip(
        clip_id=name,
        language=source.language.code,
        corpus=FACTS.name,
        unit=FACTS.unit,
        **read_text(word.text, source.language),
        **files.clip_fields(path),
        gloss=word.gloss or word.text,
        video=name,
    )
