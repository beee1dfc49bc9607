"""How2Sign: instructional English in American Sign Language, from ready clips, raw videos or ready keypoints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..acquire.wanted import Wanted
from ..annotations.table import BadRow, Row, open_table
from ..annotations.times import parse_span
from ..errors import ClipRejected, MissingError, UsageError
from ..records import Clip, Rejection
from .asked import variant_of
from .base import CorpusFacts, Plan, Source
from .files import ClipFiles, ReadyKeypoints, Videos, existing, require_language, require_root, walk
from .how2sign_facts import FACTS, files_of
from .rows import read_fps, read_split, read_text
from .splits import assign_splits
from .survey import survey, unique_ids

_SPLITS = ("train", "dev", "test")
_TABLE = re.compile(r"how2sign(_realigned)?_(train|val|test)\.[ct]sv", re.IGNORECASE)
_KEYPOINTS = re.compile(r"(train|val|test)_2D_keypoints\.(?:tar\.gz|tgz|tar)", re.IGNORECASE)
_SIGNER = re.compile(r".{11}.*-(\d+)-rgb_(?:front|side)")
#: What the five published samples were probed with; OpenPose's JSON tells neither.
_FPS, _WIDTH, _HEIGHT = 24.0, 1280, 720


@dataclass(frozen=True, slots=True)
class _Annotation:
    """The table of one split."""

    split: str
    aligned: bool
    path: Path


class How2SignCorpus:
    """Clips in the order train, dev, test and, in each, of the table.

    A raw video cut by the table's times wins over a ready clip: ready clips were cut with the first, mis-aligned
    times. The middle number of a name is its signer.
    """

    @property
    def facts(self) -> CorpusFacts:
        """What is known before anything is read."""
        return FACTS

    def wanted(self, source: Source) -> Sequence[Wanted]:
        """The tables, and the videos, clips or keypoints of the variant asked for.

        Raises:
            UsageError: There is no such variant.
        """
        return files_of(variant_of(source, FACTS))

    def plan(self, source: Source) -> Plan:
        """Count the clips and the bytes of their files, and say how well text and video fit."""
        n_as_published = 0

        def watched() -> Iterator[Clip | Rejection]:
            nonlocal n_as_published
            for entry in self.clips(source):
                n_as_published += isinstance(entry, Clip) and entry.media is not None and entry.start_s is None
                yield entry

        plan = survey(watched, source)
        if plan.missing:
            return plan
        return replace(plan, notes=(*plan.notes, *self._notes(source, n_as_published)))

    def clips(self, source: Source) -> Iterator[Clip | Rejection]:
        """Stream the clips, then a rejection for each file that no row names.

        Raises:
            MissingError: Neither a folder nor keypoints were given.
            UsageError: The tables or the files are not there.
        """
        require_language(source, FACTS)
        return assign_splits(lambda: self._entries(source), source.splits, published=True)

    def _entries(self, source: Source) -> Iterator[Clip | Rejection]:
        files = _open_files(source)
        annotations = _annotations(source)
        yield from unique_ids(entry for found in annotations for entry in _entries(found, files, source))
        # Side views show the same signing again; the tables name the front views.
        unused = (entry for opened in dict.fromkeys(files.values()) for entry in opened.unused())
        yield from (entry for entry in unused if not entry.clip_id.endswith("-rgb_side"))

    def _notes(self, source: Source, n_as_published: int) -> Iterator[str]:
        annotations = _annotations(source)
        absent = [split for split in _SPLITS if split not in {found.split for found in annotations}]
        if absent and source.text is None:
            yield f"No table for {' and '.join(absent)}: only the other splits are built."
        original = [found.path.name for found in annotations if not found.aligned]
        if original and not _takes_keypoints(source):
            yield f"Not re-aligned by name: {', '.join(original)}; the original times fit the signing badly."
        if n_as_published:
            yield (
                f"{n_as_published:,} ready clips are taken as they are; they were cut with the first, mis-aligned "
                "times. Raw videos with the re-aligned tables give better pairs."
            )
        if _takes_keypoints(source):
            yield (
                "Published keypoints belong to the ready clips, cut with the first, mis-aligned times; OpenPose JSON "
                f"is taken as {_FPS:g} frames a second of {_WIDTH}x{_HEIGHT} pixels, unless the table has a column fps."
            )


def _takes_keypoints(source: Source) -> bool:
    return source.keypoints is not None or variant_of(source, FACTS) == "keypoints"


def _open_files(source: Source) -> Mapping[str, ClipFiles]:
    """The files of each split: mostly the same for all, but an archive a split where they come as published."""
    if source.keypoints is None and _takes_keypoints(source):
        return _published_keypoints(source)
    files: ClipFiles
    if source.keypoints is not None:
        files = ReadyKeypoints(existing(source.keypoints, FACTS), source.scratch)
    else:
        files = Videos(require_root(source, FACTS), pictures=False)
    if not len(files):
        raise UsageError(f"{files.root}: holds no {files.noun}. Expected is {FACTS.layout}")
    return dict.fromkeys(_SPLITS, files)


def _published_keypoints(source: Source) -> Mapping[str, ClipFiles]:
    root = require_root(source, FACTS)
    found = {
        read_split(match[1].lower()): root / folder / match[0]
        for folder, names in walk(root)
        for match in filter(None, map(_KEYPOINTS.fullmatch, names))
    }
    if not found:
        raise UsageError(
            f"{root}: no {{train,val,test}}_2D_keypoints.tar.gz in it; give unpacked keypoints with --keypoints"
        )
    return {split: ReadyKeypoints(path, source.scratch) for split, path in found.items()}


def _annotations(source: Source) -> list[_Annotation]:
    """The tables in the order of the splits, the re-aligned one where a split has both."""
    place = source.text or source.root
    if place is None:
        raise MissingError(f"corpus how2sign: the sentences are missing; give their table with --text. {FACTS.layout}")
    place = existing(place, FACTS)
    if place.is_file():
        return [_named_annotation(place)]
    found: dict[str, _Annotation] = {}
    for folder, names in walk(place):
        for match in filter(None, map(_TABLE.fullmatch, names)):
            new = _Annotation(read_split(match[2].lower()), bool(match[1]), place / folder / match[0])
            if new.split not in found or (new.aligned and not found[new.split].aligned):
                found[new.split] = new
    if not found:
        raise UsageError(f"{place}: no how2sign_realigned_{{train,val,test}}.csv in it; or give one with --text")
    return [found[split] for split in _SPLITS if split in found]


def _named_annotation(path: Path) -> _Annotation:
    """A table given by name; where that tells no split, its column `split` does."""
    split = re.search(r"(?<![a-z])(train|val|dev|test)(?![a-z])", path.stem.lower())
    return _Annotation(read_split(split[1]) if split else "", "realigned" in path.stem.lower(), path)


def _entries(annotation: _Annotation, files: Mapping[str, ClipFiles], source: Source) -> Iterator[Clip | Rejection]:
    table = open_table(annotation.path, source.columns, needs=(("id", "name"), ("text",)))
    for row in table.rows():
        place = f"{annotation.path.name}, line {row.line}"
        if isinstance(row, BadRow):
            yield Rejection(place, "bad-row", f"{place}: {row.message}")
            continue
        name = row.get("id") or row.get("name")
        try:
            yield _clip(row, name, annotation, files, source)
        except ClipRejected as rejected:
            yield Rejection(name or place, rejected.reason, f"{place}, {name}: {rejected}")


def _clip(row: Row, name: str, annotation: _Annotation, files: Mapping[str, ClipFiles], source: Source) -> Clip:
    signer = _SIGNER.fullmatch(name)
    split = annotation.split or read_split(row.get("split"))
    if split not in files:
        raise ClipRejected("keypoints-missing", f"there is no archive with the keypoints of {split}")
    return Clip(
        clip_id=name,
        language=source.language.code,
        corpus=FACTS.name,
        split=split,
        unit=FACTS.unit,
        **_pixels(row, name, files[split]),
        **read_text(row.cells.get("text", ""), source.language),
        signer=signer[1] if signer else row.get("signer"),
        gloss=row.get("gloss"),
        video=row.get("video") or name,
    )


def _pixels(row: Row, name: str, files: ClipFiles) -> dict[str, Any]:
    """Where a sentence is seen: the raw video and its times, or else the file named after the sentence."""
    ready = files.look_up(name)
    raw = files.look_up(row.get("video"))
    if isinstance(files, Videos) and raw is not None and (row.get("start") or row.get("end")):
        start_s, end_s = parse_span(row.get("start"), row.get("end"))
        return {**files.clip_fields(raw), "start_s": start_s, "end_s": end_s}
    fields = files.clip_fields(ready or files.find(name))
    if "keypoints" in fields:
        fields.update(fps=_fps(row), width=_WIDTH, height=_HEIGHT)
    return fields


def _fps(row: Row) -> float:
    """The table's own column, which users add when they probe the clips; else that of the published samples."""
    return read_fps(row) or _FPS
