"""Where clips come from: one file a corpus, found by name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from ..errors import UsageError
from .autsl import AutslCorpus
from .base import Corpus
from .bosphorussign22k import BosphorusSign22kCorpus
from .dgs_corpus import DgsCorpus
from .focusnews import FocusNewsCorpus
from .folder import FolderCorpus
from .how2sign import How2SignCorpus
from .keti import KetiCorpus
from .ksl77 import Ksl77Corpus
from .ksl_guide import KslGuideCorpus
from .lsa64 import Lsa64Corpus
from .lsa_t import LsaTCorpus
from .openasl import OpenAslCorpus
from .phoenix14t import Phoenix14TCorpus
from .sample import SampleCorpus
from .signsuisse import SignSuisseCorpus
from .srf import SrfCorpus
from .youtube_asl import YouTubeAslCorpus
from .youtube_sl25 import YouTubeSl25Corpus

_ALL: tuple[Corpus, ...] = (
    FolderCorpus(),
    SampleCorpus(),
    How2SignCorpus(),
    OpenAslCorpus(),
    YouTubeAslCorpus(),
    YouTubeSl25Corpus(),
    Phoenix14TCorpus(),
    DgsCorpus(),
    SignSuisseCorpus(),
    FocusNewsCorpus(),
    SrfCorpus(),
    Lsa64Corpus(),
    LsaTCorpus(),
    Ksl77Corpus(),
    KslGuideCorpus(),
    KetiCorpus(),
    AutslCorpus(),
    BosphorusSign22kCorpus(),
)

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
