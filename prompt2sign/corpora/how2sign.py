"""How2Sign: instructional English in American Sign Language, from ready clips, raw videos or ready keypoints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import ClipRejected, MissingError, UsageError
from ..records import Clip, Rejection
from .base import CorpusFacts, Plan, Source
from .files import ClipFiles, ReadyKeypoints, Videos, existing, require_language, require_root, walk
from .rows import read_split, read_text
from .survey import survey, unique_ids
from .table import BadRow, Row, open_table
from .times import parse_span

_SPLITS = ("train", "dev", "test")
_TABLE = re.compile(r"how2sign(_realigned)?_(train|val|test)\.[ct]sv", re.IGNORECASE)
_SIGNER = re.compile(r".{11}.*-(\d+)-rgb_(?:front|side)")
#: What the five published samples were probed with; OpenPose's JSON tells neither.
_FPS, _WIDTH, _HEIGHT = 24.0, 1280, 720
FACTS = CorpusFacts(
    name="how2sign",
    title="How2Sign",
    languages=("ASL",),
    unit="sentence",
    licence="CC-BY-NC-4.0",
    access="open",
    access_rule=(
        "Download from https://how2sign.github.io/ (no form, non-commercial research only): the re-aligned English "
        "translation, and raw videos (329 GB, best), ready clips (37 GB), or 2D keypoints (26 GB)."
    ),
    redistribute_motion=True,
    redistribute_video=True,
    download_bytes=37_224_886_625,
    home="https://how2sign.github.io/",
    citation=(
        "Duarte, Palaskar, Ventura, Ghadiyaram, DeHaan, Metze, Torres, Giro-i-Nieto: How2Sign: A Large-scale "
        "Multimodal Dataset for Continuous American Sign Language. CVPR 2021."
    ),
    layout=(
        "a folder with how2sign_realigned_{train,val,test}.csv and, anywhere in it, raw videos VIDEO_NAME.mp4 or ready "
        "clips SENTENCE_NAME.mp4; or ready keypoints with --keypoints, one folder, .pose or archive member a "
        "SENTENCE_NAME"
    ),
)


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

    def plan(self, source: Source) -> Plan:
        """Count the clips and the bytes of their files, and say how well text and video fit."""
        n_as_published = 0

        def watched() -> Iterator[Clip | Rejection]:
            nonlocal n_as_published
            for entry in self.clips(source):
                n_as_published += isinstance(entry, Clip) and entry.media is not None and entry.start_s is None
                yield entry

        plan = survey(watched)
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
        files = _open_files(source)
        annotations = _annotations(source)
        yield from unique_ids(entry for found in annotations for entry in _entries(found, files, source))
        # Side views show the same signing again; the tables name the front views.
        yield from (entry for entry in files.unused() if not entry.clip_id.endswith("-rgb_side"))

    def _notes(self, source: Source, n_as_published: int) -> Iterator[str]:
        annotations = _annotations(source)
        absent = [split for split in _SPLITS if split not in {found.split for found in annotations}]
        if absent and source.text is None:
            yield f"No table for {' and '.join(absent)}: only the other splits are built."
        original = [found.path.name for found in annotations if not found.aligned]
        if original and source.keypoints is None:
            yield f"Not re-aligned by name: {', '.join(original)}; the original times fit the signing badly."
        if n_as_published:
            yield (
                f"{n_as_published:,} ready clips are taken as they are; they were cut with the first, mis-aligned "
                "times. Raw videos with the re-aligned tables give better pairs."
            )
        if source.keypoints is not None:
            yield (
                "Published keypoints belong to the ready clips, cut with the first, mis-aligned times; OpenPose JSON "
                f"is taken as {_FPS:g} frames a second of {_WIDTH}x{_HEIGHT} pixels."
            )


def _open_files(source: Source) -> ClipFiles:
    files: ClipFiles
    if source.keypoints is not None:
        files = ReadyKeypoints(existing(source.keypoints, FACTS), source.scratch)
    else:
        files = Videos(require_root(source, FACTS), pictures=False)
    if not len(files):
        raise UsageError(f"{files.root}: holds no {files.noun}. Expected is {FACTS.layout}")
    return files


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


def _entries(annotation: _Annotation, files: ClipFiles, source: Source) -> Iterator[Clip | Rejection]:
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


def _clip(row: Row, name: str, annotation: _Annotation, files: ClipFiles, source: Source) -> Clip:
    signer = _SIGNER.fullmatch(name)
    return Clip(
        clip_id=name,
        language=source.language.code,
        corpus=FACTS.name,
        split=annotation.split or read_split(row.get("split")),
        unit=FACTS.unit,
        **_pixels(row, name, files),
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
        fields.update(fps=_FPS, width=_WIDTH, height=_HEIGHT)
    return fields
