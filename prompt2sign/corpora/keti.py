"""KETI: Korean Sign Language for emergencies, words and sentences from several sides, by its published list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..acquire.wanted import Wanted
from ..annotations.names import strip_suffix
from ..annotations.published_tables import open_by_heading
from ..annotations.table import BadRow, Row
from ..errors import ClipRejected, UsageError
from ..records import Clip, Rejection, Unit
from .asked import variant_of
from .base import CorpusFacts, Plan, Source
from .files import ClipFiles, ReadyKeypoints, Videos, existing, require_language, require_root, walk
from .rows import clip_name, read_text
from .splits import assign_splits
from .survey import survey, unique_ids

_LIST = "signlanguage_total.csv"
_SIGNER, _VIEW, _KIND, _FILE, _TEXT = "언어 제공자 ID", "방향", "타입(단어/문장)", "파일명", "한국어"
_UNITS: dict[str, Unit] = {"단어": "sign", "문장": "sentence"}
_FRONT = "정면"
_VIEWS = (_FRONT, "측면", "좌측면", "우측면")
_FPS, _WIDTH, _HEIGHT = 30.0, 1920, 1080
FACTS = CorpusFacts(
    name="keti",
    title="KETI Korean Sign Language Dataset",
    languages=("KSL",),
    unit="sentence",
    licence="not stated",
    access="request",
    access_rule="By request to its owners (sangkiko@keti.re.kr); there is no public address.",
    redistribute_motion=False,
    redistribute_video=False,
    home="https://arxiv.org/abs/1811.11436",
    citation=(
        "Ko, Kim, Jung, Cho: Neural Sign Language Translation based on Human Keypoint Estimation. 2019, arXiv "
        "1811.11436."
    ),
    layout=(
        f"a folder with {_LIST} (columns {_SIGNER}, {_VIEW}, {_KIND}, {_FILE}, {_TEXT}; or given with --text) and, "
        "anywhere in it, the videos it names, such as KETI_SL_0000000419.MOV or .MTS; keypoints of the same names with "
        "--keypoints"
    ),
    numbers=(
        "by its list 43,879 videos (34,777 of 419 words, 9,102 of sentences) by 30 signers from up to four sides; the "
        "paper counts 14,672 videos, 105 sentences, 419 words, 14 signers, 28 h, 1920x1080 at 30 frames a second"
    ),
    steps=("Write to sangkiko@keti.re.kr for the videos and the list, and give their folder with --from.",),
    variants=(
        ("front", "front views alone (16,373 by the list)"),
        ("all", "all sides: several clips of the same signing"),
    ),
    keypoints="by OpenPose, as the paper says; whether and where they can be had is not known",
    unknown=(
        "The licence, the tree of folders and the split of the paper: videos are found by the names in the list.",
        "Who signer `.` of the list is: as many rows as of signers 11 to 30 suggest one more person.",
    ),
)


@dataclass(frozen=True, slots=True)
class _Opened:
    """What the rows are read with."""

    path: Path
    files: ClipFiles
    source: Source
    front: bool


class KetiCorpus:
    """Clips in the order of the list; each row says whether it is a word or a sentence."""

    @property
    def facts(self) -> CorpusFacts:
        """What is known before anything is read."""
        return FACTS

    def wanted(self, source: Source) -> Sequence[Wanted]:
        """Nothing: a person must ask its owners."""
        variant_of(source, FACTS)
        return ()

    def plan(self, source: Source) -> Plan:
        """Count the clips and the bytes of their files, and say which views they show."""
        plan = survey(lambda: self.clips(source), source)
        if plan.missing:
            return plan
        front = variant_of(source, FACTS) == "front"
        notes = ("Only front views are built; `all` (--variant) takes the other sides too.",) if front else ()
        return replace(plan, notes=(*plan.notes, *notes))

    def clips(self, source: Source) -> Iterator[Clip | Rejection]:
        """Stream the clips, then, where all views are taken, a rejection for each file that no row names.

        Raises:
            MissingError: No folder was given.
            UsageError: The list or the files are not there.
        """
        files = _open_files(source)
        opened = _Opened(_list(source), files, source, variant_of(source, FACTS) == "front")
        yield from assign_splits(lambda: unique_ids(_entries(opened)), source.splits, published=False)
        if not opened.front:
            yield from files.unused()


def _open_files(source: Source) -> ClipFiles:
    require_language(source, FACTS)
    files: ClipFiles
    if source.keypoints is not None:
        files = ReadyKeypoints(existing(source.keypoints, FACTS), source.scratch)
    else:
        files = Videos(require_root(source, FACTS), pictures=False)
    if not len(files):
        raise UsageError(f"{files.root}: holds no {files.noun}. Expected is {FACTS.layout}")
    return files


def _list(source: Source) -> Path:
    if source.text is not None:
        return existing(source.text, FACTS)
    root = require_root(source, FACTS)
    for place, names in walk(root):
        if _LIST in names:
            return root / place / _LIST
    raise UsageError(f"{root}: no {_LIST} in it; give the list with --text. Expected is {FACTS.layout}")


def _entries(opened: _Opened) -> Iterator[Clip | Rejection]:
    for row in open_by_heading(opened.path, (_SIGNER, _VIEW, _KIND, _FILE, _TEXT)).rows():
        place = f"{opened.path.name}, line {row.line}"
        if isinstance(row, BadRow):
            yield Rejection(place, "bad-row", f"{place}: {row.message}")
            continue
        name = clip_name(strip_suffix(row.get(_FILE), Videos.suffixes)) or place
        try:
            if not opened.front or _view(row) == _FRONT:
                yield _clip(row, name, opened)
        except ClipRejected as rejected:
            yield Rejection(name, rejected.reason, f"{place}, {name}: {rejected}")


def _clip(row: Row, name: str, opened: _Opened) -> Clip:
    written = row.get(_FILE)  # of 43,879 names 33,012 have no suffix, and copies were converted
    stem = strip_suffix(written, Videos.suffixes)
    path = (opened.files.look_up(written) if written != stem else None) or opened.files.find(stem)
    fields = opened.files.clip_fields(path)
    unit = _UNITS.get(clip_name(row.get(_KIND)))
    if unit is None:
        raise ClipRejected("unknown-unit", f"{_KIND} is {row.get(_KIND)!r}, neither {' nor '.join(_UNITS)}")
    _view(row)
    if "keypoints" in fields:
        fields.update(fps=_FPS, width=_WIDTH, height=_HEIGHT)
    return Clip(
        clip_id=name,
        language=opened.source.language.code,
        corpus=FACTS.name,
        unit=unit,
        **read_text(row.cells.get(_TEXT, ""), opened.source.language),
        **fields,
        signer=row.get(_SIGNER),
        gloss=clip_name(row.get(_TEXT)) if unit == "sign" else "",
        video=name,
    )


def _view(row: Row) -> str:
    view = clip_name(row.get(_VIEW))
    if view not in _VIEWS:
        raise ClipRejected("unknown-view", f"{_VIEW} is {view!r}, none of {', '.join(_VIEWS)}")
    return view
