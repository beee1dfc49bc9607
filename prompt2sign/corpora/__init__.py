"""Where clips come from: one file a corpus, found by name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from ..errors import UsageError
from .base import Corpus
from .folder import FolderCorpus
from .how2sign import How2SignCorpus
from .phoenix14t import Phoenix14TCorpus
from .sample import SampleCorpus

_ALL: tuple[Corpus, ...] = (FolderCorpus(), How2SignCorpus(), Phoenix14TCorpus(), SampleCorpus())

#: Every corpus by the name that `--corpus` takes.
CORPORA: Mapping[str, Corpus] = MappingProxyType({corpus.facts.name: corpus for corpus in _ALL})


def get_corpus(name: str) -> Corpus:
    """The corpus of this name, in any case.

    Raises:
        UsageError: No such corpus; the message names the nearest one.
    """
    wanted = name.strip().lower()
    if wanted in CORPORA:
        return CORPORA[wanted]
    near = difflib.get_close_matches(wanted, CORPORA, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}? " if near else ""
    raise UsageError(
        f"no corpus {name!r}: {hint}The corpora are {', '.join(CORPORA)} (`prompt2sign corpora` says more)"
    )
