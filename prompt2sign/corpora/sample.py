"""Corpus `sample`: a few sentences of a drawn signer, part of this package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path

from ..acquire.wanted import Wanted
from ..annotations.table import open_table
from ..errors import MissingError
from ..records import Clip, Rejection
from .asked import variant_of
from .base import CorpusFacts, Plan, Source
from .files import Videos, require_language
from .rows import table_clips
from .survey import survey, unique_ids

FACTS = CorpusFacts(
    name="sample",
    title="The embedded sample: a drawn signer with invented signs",
    languages=("GSL",),
    unit="sentence",
    licence="Apache-2.0",
    access="open",
    access_rule=(
        "It is part of this package. Its signs are invented and its signers are drawn: it shows that a build works, "
        "it teaches no one to sign."
    ),
    redistribute_motion=True,
    redistribute_video=True,
)


class SampleCorpus:
    """Clips in the order of the sample's table."""

    @property
    def facts(self) -> CorpusFacts:
        """What is known before anything is read."""
        return FACTS

    def wanted(self, source: Source) -> Sequence[Wanted]:
        """Nothing. It is there already."""
        variant_of(source, FACTS)
        return ()

    def plan(self, source: Source) -> Plan:
        """Count the clips and the bytes of their videos."""
        return survey(lambda: self.clips(source), source)

    def clips(self, source: Source) -> Iterator[Clip | Rejection]:
        """Stream the clips.

        Raises:
            MissingError: The package was installed without its sample.
            UsageError: The language is not GSL.
        """
        require_language(source, FACTS)
        folder = _folder()
        table = open_table(folder / "sentences.tsv", needs=(("id",), ("text",), ("video",)))
        yield from unique_ids(table_clips(table, Videos(folder), source.language, FACTS))


def _folder() -> Path:
    folder = Path(str(resources.files("prompt2sign") / "sample"))
    if not (folder / "sentences.tsv").is_file():
        raise MissingError(
            f"{folder}: the embedded sample is not there; install the package again, unpacked: "
            "`pip install --force-reinstall --no-deps prompt2sign`"
        )
    return folder
