"""What every corpus says about itself and gives: facts, a plan, and its clips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from ..acquire.wanted import Wanted
from ..languages import Language
from ..options import CueOptions, FetchOptions, SplitOptions
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
        numbers: Its size in words: `35,000 sentences, 79 h, 11 signers`; what is not known is not in it.
        steps: What a person does to get it, one sentence each, where it does not come by itself.
        variants: Forms it is published in, the first by default: name and what it is.
        keypoints: Which ready keypoints are published, and what is known to be wrong with them.
        unknown: What could not be found out, one sentence each; never guessed.
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
    numbers: str = ""
    steps: tuple[str, ...] = ()
    variants: tuple[tuple[str, str], ...] = ()
    keypoints: str = ""
    unknown: tuple[str, ...] = ()


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
        fetched: Folder that `acquire` fills for this corpus; `root` is that folder where `--from` was not given and the
            corpus can be fetched.
        fetch: Options of fetching; of these a corpus heeds `variant` and `token`.
        cues: How subtitles become sentences.
        splits: How clips are parted.
    """

    language: Language
    root: Path | None
    text: Path | None
    keypoints: Path | None
    scratch: Path
    columns: dict[str, str] = field(default_factory=dict)
    fetched: Path | None = None
    fetch: FetchOptions = field(default_factory=FetchOptions)
    cues: CueOptions = field(default_factory=CueOptions)
    splits: SplitOptions = field(default_factory=SplitOptions)


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

    def wanted(self, source: Source) -> Sequence[Wanted]:
        """What to fetch into `source.fetched`, as far as it is known; nothing where a person must bring the corpus.

        Asked again after each round of fetching: an index that has come may name more files. Always the whole list,
        in a fixed order, whatever is there already.

        Raises:
            UsageError: There is no such variant.
        """

    def plan(self, source: Source) -> Plan:
        """Look at what is there; reads no video."""

    def clips(self, source: Source) -> Iterator[Clip | Rejection]:
        """Stream the clips in a fixed order, and whatever cannot become one with the reason.

        Raises:
            UsageError: The layout is not that of the corpus; the message says what was expected where.
        """
