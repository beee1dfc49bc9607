"""The XML of an ELAN file as plain records, read in one stream; times are not worked out yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from ..errors import FormatError

#: An hour of dense annotation is a few megabytes.
MAX_EAF_BYTES = 256_000_000
_MAX_TIME_DIGITS = 12
_CHUNK_BYTES = 1 << 16
#: `TIME_UNITS` of the format, in seconds.
_UNITS_S = {"milliseconds": 1e-3, "PAL-frames": 1 / 25, "PAL-50-frames": 1 / 50, "NTSC-frames": 1001 / 30000}


@dataclass(slots=True)
class RawTier:
    """A tier's attributes, as written."""

    name: str
    participant: str
    annotator: str
    kind: str
    parent: str


@dataclass(slots=True)
class RawAnnotation:
    """An annotation as written: between two time slots, or under another annotation and after its sibling."""

    annotation_id: str
    tier: str
    line: int
    slots: tuple[str, str] | None = None
    parent: str = ""
    previous: str = ""
    value: str = ""


@dataclass(slots=True)
class Document:
    """A whole file.

    Attributes:
        slots: Time slots by id in seconds; None where one has no time of its own.
        tiers: In their order.
        annotations: In their order, tier by tier.
        constraints: Constraint of each linguistic type, `Symbolic_Subdivision` and the like, by the type's name.
        media: Address of each recording, and the second of it at which time 0 of the annotations lies.
    """

    slots: dict[str, float | None] = field(default_factory=dict)
    tiers: list[RawTier] = field(default_factory=list)
    annotations: list[RawAnnotation] = field(default_factory=list)
    constraints: dict[str, str] = field(default_factory=dict)
    media: list[tuple[str, float]] = field(default_factory=list)


def parse(path: Path) -> Document:
    """Read the file.

    Raises:
        FormatError: It is no EAF, is damaged or too large, or declares entities.
        OSError: It cannot be read.
    """
    if path.stat().st_size > MAX_EAF_BYTES:
        raise FormatError(f"{path}: is larger than {MAX_EAF_BYTES // 1_000_000} MB, which no transcript is")
    reader = _Reader(path)
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK_BYTES):
                reader.parser.Parse(chunk, False)
            reader.parser.Parse(b"", True)
        except (expat.ExpatError, ValueError, LookupError) as error:  # the last two: what encoding it says it is in
            raise FormatError(f"{path}: is no whole EAF file: {error}; fetch or export it again") from error
    if not reader.is_eaf:
        raise FormatError(f"{path}: is XML, but no ELAN file: it does not begin with ANNOTATION_DOCUMENT")
    return reader.document


class _Reader:
    """Takes the elements as they come."""

    def __init__(self, path: Path) -> None:
        self.document = Document()
        self.is_eaf = False
        self._path, self._unit_s = path, 1e-3
        self._text: list[str] | None = None
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.EntityDeclHandler = self._refuse
        self.parser.SkippedEntityHandler = self._refuse
        self.parser.ExternalEntityRefHandler = self._refuse

    def _refuse(self, *_: object) -> NoReturn:
        raise FormatError(f"{self._path}: declares or uses entities of its own, which ELAN never does; it is not read")

    def _start(self, name: str, about: dict[str, str]) -> None:
        self.is_eaf = self.is_eaf or name == "ANNOTATION_DOCUMENT"
        match name:
            case "HEADER":
                self._set_unit(about.get("TIME_UNITS", "milliseconds"))
            case "MEDIA_DESCRIPTOR":
                origin_s = self._time_s(about.get("TIME_ORIGIN", "0")) or 0.0
                self.document.media.append((about.get("MEDIA_URL", ""), origin_s))
            case "TIME_SLOT":
                self._slot(about)
            case "TIER":
                self._tier(about)
            case "LINGUISTIC_TYPE":
                self.document.constraints[about.get("LINGUISTIC_TYPE_ID", "")] = about.get("CONSTRAINTS", "")
            case "ALIGNABLE_ANNOTATION" | "REF_ANNOTATION":
                self._annotation(about)
            case "ANNOTATION_VALUE":
                self._text = []

    def _end(self, name: str) -> None:
        if name == "ANNOTATION_VALUE" and self._text is not None and self.document.annotations:
            self.document.annotations[-1].value = "".join(self._text).strip()
        self._text = None

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _set_unit(self, unit: str) -> None:
        if unit not in _UNITS_S:
            raise FormatError(f"{self._path}: counts time in {unit!r}; known are {', '.join(_UNITS_S)}")
        self._unit_s = _UNITS_S[unit]

    def _time_s(self, text: str) -> float | None:
        """None for what is no count: a slot with such a time is as good as not there."""
        whole = text.isascii() and text.isdecimal() and len(text) <= _MAX_TIME_DIGITS
        return round(int(text) * self._unit_s, 6) if whole else None

    def _slot(self, about: dict[str, str]) -> None:
        slot, text = about.get("TIME_SLOT_ID", ""), about.get("TIME_VALUE")
        time_s = None if text is None else self._time_s(text)
        if text is None or time_s is not None:
            self.document.slots[slot] = time_s

    def _tier(self, about: dict[str, str]) -> None:
        names = ("TIER_ID", "PARTICIPANT", "ANNOTATOR", "LINGUISTIC_TYPE_REF", "PARENT_REF")
        self.document.tiers.append(RawTier(*(about.get(name, "") for name in names)))

    def _annotation(self, about: dict[str, str]) -> None:
        if not self.document.tiers:
            raise FormatError(f"{self._path}: line {self.parser.CurrentLineNumber}: an annotation outside of any tier")
        slots = about.get("TIME_SLOT_REF1"), about.get("TIME_SLOT_REF2")
        self.document.annotations.append(
            RawAnnotation(
                about.get("ANNOTATION_ID", ""),
                self.document.tiers[-1].name,
                self.parser.CurrentLineNumber,
                (slots[0] or "", slots[1] or "") if slots != (None, None) else None,
                about.get("ANNOTATION_REF", ""),
                about.get("PREVIOUS_ANNOTATION", ""),
            )
        )
