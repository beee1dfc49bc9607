"""ELAN annotation files (EAF): tiers of annotations with times in seconds.

A small reader of the format's description (ELAN Annotation Format 3.0, Max Planck Institute for Psycholinguistics). It
streams the XML, declares no entities and loads nothing from outside. What refers to something that is not there is a
fault of the file, named, and the rest is read: 2 of the 406 files of the Public DGS Corpus are like that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .eaf_times import resolve
from .eaf_xml import RawTier, parse


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotation.

    Attributes:
        annotation_id: As the file calls it, `a12`.
        start_s: Start in seconds; that of its parent, or its part of it, where it has no times of its own.
        end_s: End in seconds.
        value: Its text, without white space around it; may be empty.
        parent: Id of the annotation it belongs to, empty where it stands alone.
        line: Line of the file.
    """

    annotation_id: str
    start_s: float
    end_s: float
    value: str
    parent: str
    line: int


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier.

    Attributes:
        name: `TIER_ID`.
        participant: Who it is about, empty where the file does not say.
        annotator: Who wrote it, empty where the file does not say.
        kind: Name of its linguistic type.
        parent: Name of the tier above, empty where there is none.
        annotations: In order of time.
    """

    name: str
    participant: str
    annotator: str
    kind: str
    parent: str
    annotations: tuple[Annotation, ...]


@dataclass(frozen=True, slots=True)
class BadAnnotation:
    """An annotation that cannot be used.

    Attributes:
        line: Line of the file.
        tier: Name of its tier.
        message: What is wrong with it.
    """

    line: int
    tier: str
    message: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a file holds.

    Attributes:
        tiers: In the order of the file.
        media: Address of each recording as written, and the second of it at which time 0 of the annotations lies.
        faults: Annotations that are left out, in the order of the file.
    """

    tiers: tuple[Tier, ...]
    media: tuple[tuple[str, float], ...]
    faults: tuple[BadAnnotation, ...]

    def matching(self, pattern: str) -> Iterator[tuple[Tier, re.Match[str]]]:
        """Tiers whose whole name fits a regular expression, each with the match for its groups."""
        for tier in self.tiers:
            if match := re.fullmatch(pattern, tier.name):
                yield tier, match


def read_tiers(path: Path) -> Transcript:
    """Read an EAF file.

    Raises:
        FormatError: It is no EAF, is damaged or too large, or declares entities.
        OSError: It cannot be read.
    """
    document = parse(path)
    spans, faults = resolve(document)
    left_out = {id(raw) for raw, _ in faults}
    found: dict[str, list[Annotation]] = {}
    for raw in document.annotations:
        if id(raw) not in left_out:
            span = spans[raw.annotation_id]
            annotation = Annotation(raw.annotation_id, *span, raw.value, raw.parent, raw.line)
            found.setdefault(raw.tier, []).append(annotation)
    return Transcript(
        tuple(_tier(tier, found.get(tier.name, [])) for tier in document.tiers),
        tuple(document.media),
        tuple(BadAnnotation(raw.line, raw.tier, message) for raw, message in faults),
    )


def _tier(raw: RawTier, annotations: list[Annotation]) -> Tier:
    annotations.sort(key=lambda annotation: (annotation.start_s, annotation.end_s))
    return Tier(raw.name, raw.participant, raw.annotator, raw.kind, raw.parent, tuple(annotations))
