"""KSL-Guide (AI-Hub 103): Korean Sign Language for finding one's way, words and sentences from five sides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from ..acquire.wanted import Wanted
from ..errors import ClipRejected, UsageError
from ..records import Clip, Rejection, Unit
from .asked import variant_of
from .base import CorpusFacts, Plan, Source
from .files import ClipFiles, ReadyKeypoints, Videos, existing, require_root, walk
from .rows import clip_name, read_text
from .splits import assign_splits
from .survey import survey, unique_ids
from .word_list import WordList, own_words

_NAME = re.compile(r"(NIA_SL_((SEN|WORD|FS)\d+)_([A-Z]+\d+))_([FUDRL])", re.ASCII)
_TAKE = re.compile(r"NIA_SL_(?:SEN|WORD|FS)\d+_[A-Z]+\d+", re.ASCII)
_AVATAR = "SYN"
_ENDING = "_morpheme.json"
_SENTENCES = ("sentences.csv", "sentences.tsv")
_SPLIT_LIST = re.compile(r"NIA_SEN_(train|val)\.csv", re.IGNORECASE)
#: A sentence's file has a few hundred bytes.
_MAX_JSON_BYTES = 1 << 20
_MAX_LIST_BYTES = 64 << 20
#: As recorded; OpenPose's JSON tells neither.
_FPS, _WIDTH, _HEIGHT = 30.0, 1920, 1080
FACTS = CorpusFacts(
    name="ksl-guide",
    title="KSL-Guide (AI-Hub 103, sign language videos)",
    languages=("KSL",),
    unit="sentence",
    licence="terms of AI-Hub, for applicants who are Korean nationals",
    access="request",
    access_rule="By log-in and application at AI-Hub, data set 103, which takes Korean nationals only.",
    redistribute_motion=False,
    redistribute_video=False,
    home="https://aihub.or.kr/aihubdata/data/view.do?currMenu=115&topMenu=100&aihubDataSe=realm&dataSetSn=103",
    citation="Ham et al.: KSL-Guide. IEEE FG 2021.",
    layout=(
        "the unpacked folder: REAL/{SEN,WORD}/{video,morpheme,keypoint} with video NIA_SL_SEN0001_REAL01_F.mp4 and "
        "morpheme NIA_SL_SEN0001_REAL01_F_morpheme.json anywhere in it, and for the sentences a table sentences.csv "
        "at its top (or --text) with the columns id (SEN0001) and text (the Korean sentence); published keypoints "
        "with --keypoints, the folder `keypoint`"
    ),
    numbers=(
        "200,000 clips of 2,000 sentences and 300,000 clips of 3,000 words, 20 signers from 5 sides, besides avatars "
        "and finger spelling; 1920x1080 at 30 frames a second"
    ),
    steps=(
        "Log in at https://aihub.or.kr (Korean nationals only), apply for data set 103 and unpack what you get.",
        "Make sentences.csv with the columns id and text from the sentences you got with it.",
        "Give the folder with --from.",
    ),
    variants=(
        ("front", "the front view (F) alone"),
        ("all", "all five sides (F, U, D, R, L): five clips of the same signing"),
    ),
    keypoints=(
        "OpenPose, 25 body points, 70 of the face, 21 a hand, for each frame of each side, with a dictionary where "
        "OpenPose writes a list of people"
    ),
    unknown=(
        "Where the Korean sentences are: the morpheme files hold glosses alone, which are no Korean sentences. "
        "Without a table the sentences are rejected; the words need none.",
        "The terms of use.",
        "NIA_SEN_train.csv and NIA_SEN_val.csv are taken for the split where they are in the folder, by their column "
        "Filename, as other people's code reads them.",
        "That REAL01 to REAL20 are the 20 signers follows from the numbers of clips; it is stated nowhere.",
    ),
)


@dataclass(frozen=True, slots=True)
class _Recording:
    """What a file's name says.

    Attributes:
        name: Of the file, without its suffix: `NIA_SL_SEN0001_REAL01_F`.
        take: The same signing from all sides: `NIA_SL_SEN0001_REAL01`.
        item: What is signed: `SEN0001`.
        unit: Of a clip of it.
        signer: `REAL01`.
        side: `F`, `U`, `D`, `R` or `L`.
    """

    name: str
    take: str
    item: str
    unit: Unit
    signer: str
    side: str


class KslGuideCorpus:
    """A clip for each morpheme file, in the order of their paths: its glosses, and its video or keypoints."""

    @property
    def facts(self) -> CorpusFacts:
        """What is known before anything is read."""
        return FACTS

    def wanted(self, source: Source) -> Sequence[Wanted]:
        """Nothing: a person must apply for it."""
        variant_of(source, FACTS)
        return ()

    def plan(self, source: Source) -> Plan:
        """Count the clips and the bytes of their files, and say which sides they show."""
        plan = survey(lambda: self.clips(source), source)
        if plan.missing:
            return plan
        side = variant_of(source, FACTS)
        notes = ("Only the front view is built; `all` (--variant) takes all five sides.",) if side == "front" else ()
        return replace(plan, notes=(*plan.notes, *notes))

    def clips(self, source: Source) -> Iterator[Clip | Rejection]:
        """Stream the clips, then a rejection for each file without morphemes.

        Raises:
            MissingError: No folder was given.
            UsageError: It holds no morpheme file, or a table is damaged.
        """
        root = require_root(source, FACTS)
        labels = _morpheme_files(root)
        files = _open_files(source, root)
        front = variant_of(source, FACTS) == "front"
        sentences = own_words(source, root, _SENTENCES, FACTS)
        splits = _published_splits(root)
        yield from assign_splits(
            lambda: unique_ids(_entries(root, labels, files, sentences, splits, front, source)),
            source.splits,
            published=bool(splits),
        )
        yield from files.unused()


def _morpheme_files(root: Path) -> list[str]:
    found = [place + name for place, names in walk(root) for name in names if name.lower().endswith(_ENDING)]
    if not found:
        raise UsageError(f"{root}: no NAME{_ENDING} in it. Expected is {FACTS.layout}")
    return found


def _open_files(source: Source, root: Path) -> ClipFiles:
    if source.keypoints is not None:
        return ReadyKeypoints(existing(source.keypoints, FACTS), source.scratch)
    return Videos(root, pictures=False)


def _entries(
    root: Path,
    labels: list[str],
    files: ClipFiles,
    sentences: WordList | None,
    splits: dict[str, str],
    front: bool,
    source: Source,
) -> Iterator[Clip | Rejection]:
    for path in labels:
        name = clip_name(path.rpartition("/")[2][: -len(_ENDING)].encode("utf-8", "replace").decode())
        try:
            files.look_up(name)  # its video has a text, whatever becomes of it here
            recording = _recording(name)
            if front and recording.side != "F":
                continue
            clip = _clip(recording, root / path, files, sentences, source)
            yield replace(clip, split=splits.get(recording.take, "train"))
        except ClipRejected as rejected:
            yield Rejection(name, rejected.reason, f"{name}{_ENDING}: {rejected}")


def _recording(name: str) -> _Recording:
    match = _NAME.fullmatch(name)
    if match is None:
        raise ClipRejected("bad-name", "the name is not like NIA_SL_SEN0001_REAL01_F; rename it or take it out")
    take, item, kind, signer, side = match.groups()
    if signer.startswith(_AVATAR):
        raise ClipRejected("avatar", "a drawn figure signs here, no person; such recordings are left out", dropped=True)
    return _Recording(name, take, item, "sentence" if kind == "SEN" else "sign", signer, side)


def _clip(recording: _Recording, morphemes: Path, files: ClipFiles, sentences: WordList | None, source: Source) -> Clip:
    fields = files.clip_fields(files.find(recording.name))
    if "keypoints" in fields:
        fields.update(fps=_FPS, width=_WIDTH, height=_HEIGHT)
    gloss = " ".join(read_morphemes(morphemes))
    return Clip(
        clip_id=recording.name,
        language=source.language.code,
        corpus=FACTS.name,
        unit=recording.unit,
        **read_text(_text(recording, gloss, sentences), source.language),
        **fields,
        signer=recording.signer,
        gloss=gloss,
        video=recording.take,
    )


def _text(recording: _Recording, gloss: str, sentences: WordList | None) -> str:
    """The sentence or word of the user's table; a word is else its own gloss, while glosses make no sentence."""
    if sentences is not None and (recording.unit == "sentence" or recording.item.casefold() in sentences.words):
        return sentences.find(recording.item).text
    if recording.unit == "sign":
        return gloss
    raise ClipRejected(
        "text-missing", f"no table says which sentence {recording.item} is: give one with --text, or as sentences.csv"
    )


def read_morphemes(path: Path) -> list[str]:
    """The glosses of a morpheme file in the order of their times, in composed Hangul.

    Raises:
        ClipRejected: `bad-json`: it is damaged or holds something else.
    """
    try:
        if path.stat().st_size > _MAX_JSON_BYTES:
            raise ValueError("it is too large")
        signs = orjson.loads(path.read_bytes())["data"]
        timed = [(float(sign["start"]), " ".join(map(_name, sign["attributes"]))) for sign in signs]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ClipRejected("bad-json", f"holds no list `data` of signs with start and attributes ({error!r})") from None
    timed.sort(key=lambda sign: sign[0])
    if not timed:
        raise ClipRejected("bad-json", "`data` names no sign")
    return [gloss for _, gloss in timed]


def _name(attribute: dict[str, Any]) -> str:
    name = attribute["name"]
    if not isinstance(name, str) or not name.strip():
        raise ValueError("a sign without a name")
    return clip_name(name)


def _published_splits(root: Path) -> dict[str, str]:
    """The split of each take that the lists among the published model's files name; nothing where there are none."""
    splits: dict[str, str] = {}
    for place, names in walk(root):
        for match in filter(None, map(_SPLIT_LIST.fullmatch, names)):
            split = "train" if match[1].lower() == "train" else "dev"
            splits.update((take, split) for take in _listed_takes(root / place / match[0]))
    return splits


def _listed_takes(path: Path) -> list[str]:
    """Takes named in a list; its Korean cells, in whatever encoding, are of no use here."""
    if path.stat().st_size > _MAX_LIST_BYTES:
        raise UsageError(f"{path}: is too large for a list of recordings; take it out of the folder")
    return _TAKE.findall(path.read_bytes().decode("ascii", "replace"))
