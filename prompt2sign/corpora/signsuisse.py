"""SignSuisse: the lexicon of the Swiss Federation of the Deaf, signs and example sentences in three languages."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from ..acquire.wanted import Wanted
from ..annotations.headings import with_headings
from ..annotations.names import strip_suffix
from ..annotations.table import BadRow, Row, open_table
from ..errors import ClipRejected, MissingError, UsageError
from ..records import Clip, Rejection
from .base import CorpusFacts, Plan, Source
from .files import ClipFiles, ReadyKeypoints, Videos, existing, require_language, require_root, walk
from .recordings import video_paths
from .rows import clip_name, read_split, read_text
from .splits import assign_splits
from .survey import survey, unique_ids

Part = Literal["sign", "example"]

_TABLE = re.compile(r"metadata_(train|dev|val|test)\.[ct]sv", re.IGNORECASE)
#: Codes of the column `signedLanguage` as the published table has them, and as tools that read it call them.
_LANGUAGES = {
    **dict.fromkeys(("dsgs", "ch-de", "sgg"), "DSGS"),
    **dict.fromkeys(("lsf-ch", "ch-fr", "ssr"), "LSF-CH"),
    **dict.fromkeys(("lis-ch", "ch-it", "slf"), "LIS-CH"),
}
_HEADINGS = {"signed": "signedLanguage", "example": "example", "sign_file": "video", "example_file": "exampleVideo"}
#: Where a part's file may lie, by the entry's id; the first that is there wins. The last place of a sign is anywhere.
_PLACES: dict[Part, tuple[str, ...]] = {
    "sign": ("video/{id}", "videos/{id}", "{id}_isolated", "{id}"),
    "example": ("exampleVideo/{id}", "example/{id}", "examples/{id}", "{id}_example"),
}
#: What poses published elsewhere call the two parts in the names they are hashed from.
_HASHED: dict[Part, str] = {"sign": "isolated", "example": "example"}
FACTS = CorpusFacts(
    name="signsuisse",
    title="SignSuisse lexicon, WMT-SLT 2023 release 2.0",
    languages=("DSGS", "LSF-CH", "LIS-CH"),
    unit="sign",
    licence="Non-commercial research; no redistribution, neither in original nor in edited form",
    access="request",
    access_rule=(
        "Ask SWISSUbase for it, https://www.swissubase.ch/en/catalogue/studies/20452/latest/datasets/2327/2685/files "
        "(register, non-commercial research; requests may be reviewed)."
    ),
    redistribute_motion=False,
    redistribute_video=False,
    home="https://www.wmt-slt.com/data",
    layout=(
        "a folder with metadata_train.csv or metadata_test.csv (columns id, name, signedLanguage, example; others as "
        "they come) and, anywhere in it, the videos: of a sign ID.mp4 or ID_isolated.mp4, of its example "
        "ID_example.mp4, or two folders video/ and example/ with ID.mp4 in each; columns `video` and `exampleVideo` "
        "go first where the table has them"
    ),
    numbers=(
        "18,221 entries in three languages, each with a sign and an example sentence: 17,221 to train, 1,000 to test"
    ),
    steps=(
        "Register at https://www.swissubase.ch/ and open study 20452, dataset 2327.",
        "Request the download of release 2.0; the team approves it, non-commercial research only.",
        "Unpack everything into one folder, metadata_train.csv and metadata_test.csv among it.",
        "prompt2sign build --lang dsgs --corpus signsuisse --from THAT_FOLDER (or lsf-ch, lis-ch)",
    ),
    keypoints=(
        "MediaPipe poses: those of the release, or https://datasets.sigma-sign-language.com/poses/holistic/"
        "signsuisse.tar (named ss and a hash of the entry's id); give either with --keypoints. OpenPose: none known."
    ),
    unknown=(
        "How SWISSUbase names the files and folders of the videos: the names under `layout` are tried, and columns "
        "`video` and `exampleVideo` where the table has them.",
        "Entries a language in the training part, sizes and checksums.",
        "Whether a number at the end of a headword (CONSEILLER 2) counts homographs or belongs to the word: "
        "the headword is kept as it stands.",
        "The licence of the website itself, whose owners allow one connection at a time: nothing is fetched from it.",
        "Who signs: no clip has a signer.",
    ),
)


class SignSuisseCorpus:
    """Two clips an entry, the sign and the example, in the order of the tables; entries of other languages are
    passed over."""

    @property
    def facts(self) -> CorpusFacts:
        """What is known before anything is read."""
        return FACTS

    def wanted(self, source: Source) -> Sequence[Wanted]:
        """Nothing: a person must ask for it."""
        return ()

    def plan(self, source: Source) -> Plan:
        """Count the clips and the bytes of their files."""
        return survey(lambda: self.clips(source), source)

    def clips(self, source: Source) -> Iterator[Clip | Rejection]:
        """Stream the clips, then a rejection for each file that no entry names.

        Raises:
            MissingError: Neither a folder nor keypoints were given, or there is no table.
            UsageError: The tables or the files are not there.
        """
        require_language(source, FACTS)
        files = _Files(_open_files(source))
        tables = _tables(source)
        yield from assign_splits(
            lambda: unique_ids(entry for table in tables for entry in _entries(table, files, source)),
            source.splits,
            published=True,
        )
        yield from files.of.unused()


def _open_files(source: Source) -> ClipFiles:
    files: ClipFiles
    if source.keypoints is not None:
        files = ReadyKeypoints(existing(source.keypoints, FACTS), source.scratch)
    else:
        files = Videos(require_root(source, FACTS), pictures=False)
    if not len(files):
        raise UsageError(f"{files.root}: holds no {files.noun}. Expected is {FACTS.layout}")
    return files


def _tables(source: Source) -> list[Path]:
    """The tables, that of the training part first."""
    place = source.text or source.root
    if place is None:
        raise MissingError(f"corpus signsuisse: give metadata_train.csv with --text. Expected is {FACTS.layout}")
    place = existing(place, FACTS)
    if place.is_file():
        return [place]
    found = [place / folder / name for folder, names in walk(place) for name in names if _TABLE.fullmatch(name)]
    if not found:
        raise UsageError(f"{place}: no metadata_train.csv or metadata_test.csv in it. Expected is {FACTS.layout}")
    return sorted(found, key=lambda path: (_split_of(path) == "test", path))


def _split_of(path: Path) -> str:
    """`train` for a table that does not say."""
    match = _TABLE.fullmatch(path.name)
    return read_split(match[1].lower()) if match else "train"


def _entries(path: Path, files: _Files, source: Source) -> Iterator[Clip | Rejection]:
    table = open_table(path, source.columns, needs=(("id",), ("name",)))
    for row in with_headings(table, _HEADINGS, needs=("signed", "example")).rows():
        place = f"{path.name}, line {row.line}"
        if isinstance(row, BadRow):
            yield Rejection(place, "bad-row", f"{place}: {row.message}")
            continue
        language = _LANGUAGES.get(row.get("signed").lower())
        if language is None:
            codes = ", ".join(sorted(_LANGUAGES))
            message = f"{place}: signedLanguage {row.get('signed')!r} is none of {codes}"
            yield Rejection(clip_name(row.get("id")) or place, "unknown-language", message)
        elif language == source.language.code:
            yield from _both_parts(row, place, _split_of(path), files, source)
        else:
            _leave_to_its_language(row, files)


def _both_parts(row: Row, place: str, split: str, files: _Files, source: Source) -> Iterator[Clip | Rejection]:
    entry = clip_name(row.get("id"))
    for part in _PLACES:
        name = entry if part == "sign" else f"{entry}_example"
        try:
            yield _clip(row, name, part, split, files, source)
        except ClipRejected as rejected:
            yield Rejection(name if entry else place, rejected.reason, f"{place}, {part}: {rejected}")


def _leave_to_its_language(row: Row, files: _Files) -> None:
    """Its files are no files without a text."""
    for part in _PLACES:
        with suppress(ClipRejected):
            _find(row, part, files)


def _clip(row: Row, name: str, part: Part, split: str, files: _Files, source: Source) -> Clip:
    if not row.get("id"):
        raise ClipRejected("id-missing", "the row has no id")
    text = read_text(row.cells.get("name" if part == "sign" else "example", ""), source.language)
    path = _find(row, part, files)
    return Clip(
        clip_id=name,
        language=source.language.code,
        corpus=FACTS.name,
        split=split,
        unit=part,
        **text,
        **files.of.clip_fields(path),
        gloss=text["text"] if part == "sign" else "",
        video=path,
    )


def _find(row: Row, part: Part, files: _Files) -> str:
    """The file of one part of an entry; the file of the example is never taken for the sign's."""
    names = [*_names(row, part)]
    path = files.first(names)
    if path is None or (part == "sign" and path == files.first(_names(row, "example"))):
        noun, tried = files.of.noun, ", ".join(filter(None, names))
        raise ClipRejected(f"{noun}-missing", f"no {noun} in {files.of.root} is called any of {tried}")
    return path


def _names(row: Row, part: Part) -> Iterator[str]:
    """What the file may be called, the surest first."""
    entry, written = row.get("id"), row.get(f"{part}_file")
    if written:
        if "://" not in written and not written.startswith("/"):
            yield written
        yield re.split(r"[?#]", written)[0].rpartition("/")[2]
    if entry and "/" not in entry and "\\" not in entry:
        yield from (place.format(id=entry) for place in _PLACES[part])
        yield f"ss{hashlib.md5(f'signsuisse{entry}{_HASHED[part]}'.encode(), usedforsecurity=False).hexdigest()}"


class _Files:
    """The files, and every name that one of them answers to: most of the names tried are of none."""

    def __init__(self, of: ClipFiles) -> None:
        self.of = of
        if isinstance(of, Videos):
            paths: Iterable[str] = video_paths(of.root)
        else:
            from ..estimators.importers import list_members

            paths = list_members(of.root)
        whole = [form for path in paths for form in (path, strip_suffix(path, of.suffixes))]
        self._names = {_plain(form) for path in whole for form in (path, path.rpartition("/")[2])}

    def first(self, names: Iterable[str]) -> str | None:
        """The path of the first of these names that is there; raises as `ClipFiles.look_up` does."""
        known = (name for name in names if _plain(name) in self._names)
        return next(filter(None, map(self.of.look_up, known)), None)


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
