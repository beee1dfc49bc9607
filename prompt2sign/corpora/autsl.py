"""AUTSL: 226 isolated signs of Turkish Sign Language by 43 signers, in published splits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..acquire.wanted import Wanted
from ..annotations.published_tables import open_by_heading, rows_without_header
from ..annotations.table import BadRow, Row
from ..errors import ClipRejected, UsageError
from ..records import Clip, Rejection
from .asked import variant_of
from .autsl_files import VIDEO_BYTES, files_of
from .base import CorpusFacts, Plan, Source
from .files import ClipFiles, ReadyKeypoints, Videos, existing, require_root, walk
from .rows import clip_name, read_split, read_text
from .splits import assign_splits
from .survey import survey, unique_ids
from .word_list import Word, WordList, key_of, own_words

_CLASSES = "SignList_ClassId_TR_EN.csv"
_SPLITS = ("train", "dev", "test")
_LABELS = re.compile(r"(?:autsl_)?(train|validation|val|test)_labels\.csv", re.IGNORECASE)
_NAME = re.compile(r"signer(\d+)_sample\d+", re.ASCII)
FACTS = CorpusFacts(
    name="autsl",
    title="AUTSL: Ankara University Turkish Sign Language Dataset",
    languages=("TSL",),
    unit="sign",
    licence="terms of the ChaLearn LAP 2021 challenge (https://competitions.codalab.org/competitions/27901#participate)",
    access="open",
    access_rule=(
        "Its server (158.109.8.102) has not answered since 2023: bring a copy with --from, name a mirror with the "
        "fetch option `mirrors`, or build from the poses others made, which come by themselves (variant holistic)."
    ),
    redistribute_motion=False,
    redistribute_video=False,
    download_bytes=VIDEO_BYTES,
    home="http://chalearnlap.cvc.uab.es/dataset/40/description/",
    citation=(
        "Sincan, Keles: AUTSL: A Large Scale Multi-Modal Turkish Sign Language Dataset and Baseline Methods. IEEE "
        "Access 8, 2020."
    ),
    layout=(
        f"a folder with {_CLASSES}, train_labels.csv, validation_labels.csv, test_labels.csv and, anywhere in it, "
        "videos signer0_sample1000_color.mp4; keypoints of the same names (signer0_sample1000.pose) with --keypoints; "
        "other words with --text, a table with the columns id (0 to 225) and text"
    ),
    numbers="36,302 videos of 226 signs by 43 signers (28,142 train, 4,418 dev, 3,742 test), 512x512 at 30 frames/s",
    steps=(
        "Ask colleagues, or whoever keeps the ChaLearn challenge's data, for a copy; one is on Kaggle "
        "(https://www.kaggle.com/datasets/ngphmng/autsl-dataset), whether by the owners' leave is not known.",
        "The pieces (.zip.001, .002, ...) joined in order are zip archives; passwords as published: train MdG3z6Eh1t, "
        "validation bhRY5B9zS2, test ds6Kvdus3o.",
        "Unpack them into one folder, put the tables beside them and give the folder with --from.",
    ),
    variants=(
        ("videos", f"colour videos; the archives ({VIDEO_BYTES / 1e9:.0f} GB) are from the server that stands still"),
        ("holistic", "MediaPipe Holistic poses made by sign-language-processing (about 15 GB)"),
        ("openpose", "OpenPose BODY_135 poses from the same place"),
    ),
    keypoints=(
        "MediaPipe Holistic and OpenPose BODY_135 (the person nearest to the middle) as .pose files, made by others; "
        "an early loader named them for train and validation only"
    ),
    unknown=(
        "Where the corpus is served today.",
        "Turkish letters of the words: the class list is without them (`agac` for `ağaç`), and they are not guessed; "
        "--text brings the right spelling.",
        "Some who unpacked the archives found videos damaged; such clips are rejected when they are read.",
        "Depth videos are not taken.",
    ),
)


@dataclass(frozen=True, slots=True)
class _Opened:
    """What the rows are read with: `published` are the words of the class list, `words` those that become text."""

    files: ClipFiles
    published: WordList
    words: WordList
    source: Source


class AutslCorpus:
    """Clips in the order train, dev, test and, in each, of its labels; text is the sign's Turkish word."""

    @property
    def facts(self) -> CorpusFacts:
        """What is known before anything is read."""
        return FACTS

    def wanted(self, source: Source) -> Sequence[Wanted]:
        """The tables, and the archives of the variant as they were published."""
        return files_of(variant_of(source, FACTS))

    def plan(self, source: Source) -> Plan:
        """Count the clips and the bytes of their files, and say what the words lack."""
        plan = survey(lambda: self.clips(source), source)
        if plan.missing:
            return plan
        return replace(plan, notes=(*plan.notes, *_notes(source)))

    def clips(self, source: Source) -> Iterator[Clip | Rejection]:
        """Stream the clips, then a rejection for each colour video or pose that no row names.

        Raises:
            MissingError: No folder was given.
            UsageError: The tables or the files are not there.
        """
        root = require_root(source, FACTS)
        labels = _label_files(root)
        files = _open_files(source, root)
        published = _class_list(root)
        opened = _Opened(files, published, own_words(source, root, (), FACTS) or published, source)
        yield from assign_splits(
            lambda: unique_ids(entry for split in labels for entry in _entries(split, labels[split], opened)),
            source.splits,
            published=True,
        )
        yield from (entry for entry in files.unused() if not entry.clip_id.endswith("_depth"))


def _open_files(source: Source, root: Path) -> ClipFiles:
    files: ClipFiles
    variant = variant_of(source, FACTS)
    if source.keypoints is not None:
        files = ReadyKeypoints(existing(source.keypoints, FACTS), source.scratch)
    elif variant != "videos":
        files = ReadyKeypoints(existing(root / variant, FACTS), source.scratch)
    else:
        files = Videos(root, pictures=False)
    if not len(files):
        raise UsageError(f"{files.root}: holds no {files.noun}. {FACTS.access_rule} Expected is {FACTS.layout}")
    return files


def _label_files(root: Path) -> dict[str, Path]:
    """The label table of each split that is there, in the order of the splits."""
    found: dict[str, Path] = {}
    for place, names in walk(root):
        for match in filter(None, map(_LABELS.fullmatch, names)):
            found.setdefault(read_split(match[1]), root / place / match[0])
    if not found:
        raise UsageError(f"{root}: no {{train,validation,test}}_labels.csv in it. Expected is {FACTS.layout}")
    return {split: found[split] for split in _SPLITS if split in found}


def _class_list(root: Path) -> WordList:
    path = next((root / place / _CLASSES for place, names in walk(root) if _CLASSES in names), None)
    if path is None:
        raise UsageError(f"{root}: no {_CLASSES} in it, the words of the signs. Expected is {FACTS.layout}")
    words = {}
    for row in open_by_heading(path, ("ClassId", "TR")).rows():
        if isinstance(row, BadRow):
            raise UsageError(f"{path}, line {row.line}: {row.message}")
        words[key_of(row.get("ClassId"))] = Word(row.get("TR").replace("_", " "), row.get("TR"))
    return WordList(path, words)


def _notes(source: Source) -> Iterator[str]:
    absent = [split for split in _SPLITS if split not in _label_files(require_root(source, FACTS))]
    if absent:
        yield f"No labels for {' and '.join(absent)}: only the other splits are built."
    if source.text is None:
        yield (
            "Text is the Turkish word of the class list, which is written without Turkish letters (`agac` for "
            "`ağaç`); a table of well spelt words is taken with --text."
        )


def _entries(split: str, path: Path, opened: _Opened) -> Iterator[Clip | Rejection]:
    for row in rows_without_header(path, ("sample", "class")):
        place = f"{path.name}, line {row.line}"
        if isinstance(row, BadRow):
            yield Rejection(place, "bad-row", f"{place}: {row.message}")
            continue
        name = clip_name(row.get("sample")) or place
        try:
            yield _clip(row, name, split, opened)
        except ClipRejected as rejected:
            yield Rejection(name, rejected.reason, f"{place}, {name}: {rejected}")


def _clip(row: Row, name: str, split: str, opened: _Opened) -> Clip:
    match = _NAME.fullmatch(name)
    if match is None:
        raise ClipRejected("bad-name", "the sample is not named like signer0_sample1000")
    path = opened.files.look_up(f"{name}_color") or opened.files.find(name)
    label = opened.published.find(row.get("class"))
    word = opened.words.find(row.get("class"))
    return Clip(
        clip_id=name,
        language=opened.source.language.code,
        corpus=FACTS.name,
        split=split,
        unit=FACTS.unit,
        **read_text(word.text, opened.source.language),
        **opened.files.clip_fields(path),
        signer=match[1],
        gloss=word.gloss or label.gloss,
        video=name,
    )
