"""What every corpus says about itself and gives: facts, a plan, and its clips."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from ..languages import Language
from ..records import Clip, Rejection, Unit

Access = Literal["open", "request", "local"]


@dataclass(frozen=True, slots=True)
class CorpusFacts:
    """What is known of a corpus before anything is fetched.

    Attributes:
        name: As `--corpus` takes it.
        title: Full name.
        languages: Prompt2Sign codes it serves; empty for any language.
        unit: What one clip is.
        licence: SPDX identifier, or words where there is none.
        access: `open` to anyone, by `request` to its owners, or `local` (the user's own).
        access_rule: One sentence: how a person gets it.
        redistribute_motion: May poses made from it be published?
        redistribute_video: May its videos be published?
        download_bytes: Size before download, None where unknown or nothing is downloaded.
        home: Home page, empty where there is none.
        citation: How its owners want it cited, empty where they do not say.
        layout: What the folder given with `--from` must look like, for messages and `prompt2sign corpora NAME`.
    """

    name: str
    title: str
    languages: tuple[str, ...]
    unit: Unit
    licence: str
    access: Access
    access_rule: str
    redistribute_motion: bool
    redistribute_video: bool
    download_bytes: int | None = None
    home: str = ""
    citation: str = ""
    layout: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a corpus lies on this machine, as the user said.

    Attributes:
        language: The language asked for.
        root: `--from`: the folder or archive of the corpus; None where the corpus needs none.
        text: `--text`: a CSV/TSV with the sentences, where the corpus takes one.
        keypoints: `--keypoints`: ready keypoints, where the corpus takes them instead of videos.
        scratch: A folder the adapter may unpack archives into; kept between runs.
        columns: Names of the columns of `text` by what they mean (`{"text": "Satz"}`), for unusual headers.
    """

    language: Language
    root: Path | None
    text: Path | None
    keypoints: Path | None
    scratch: Path
    columns: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a build will find and do, said before it starts.

    Attributes:
        n_clips: Clips as far as can be told without reading videos.
        n_bytes: Bytes that will be read.
        missing: What the user must bring or mend, one sentence each; the build stops when there is any.
        notes: What the user should know before the build starts, one sentence each; nothing stops.
    """

    n_clips: int
    n_bytes: int
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Corpus(Protocol):
    """A public source of one or more languages, or the user's own folder."""

    @property
    def facts(self) -> CorpusFacts:
        """What is known before anything is read."""

    def plan(self, source: Source) -> Plan:
        """Look at what is there; reads no video."""

    def clips(self, source: Source) -> Iterator[Clip | Rejection]:
        """Stream the clips in a fixed order, and whatever cannot become one with the reason.

        Raises:
            UsageError: The layout is not that of the corpus; the message says what was expected where.
        """
