"""The German sentences of one transcript of the Public DGS Corpus, with the glosses signed meanwhile."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..annotations.eaf import Annotation, Transcript, read_tiers
from ..errors import FormatError

FPS = 50
#: `Ü` and `ä` as one character or as two: tiers were named on several machines.
_SENTENCES = "Deutsche_(?:Ü|U\u0308)bersetzung_([AB])"
_GLOSSES = "Lexem_Geb(?:ä|a\u0308)rde_([lr])_([AB])"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence.

    Attributes:
        line: Line of the transcript.
        signer: `A` or `B`.
        start_s: Start in seconds, that of the frame shown then.
        end_s: End in seconds, that of the frame shown then.
        german: Its translation.
        gloss: Glosses of both hands in order of time, those that lie in the sentence as a whole.
    """

    line: int
    signer: str
    start_s: float
    end_s: float
    german: str
    gloss: str


@dataclass(frozen=True, slots=True)
class BadSentence:
    """A sentence that cannot be used.

    Attributes:
        line: Line of the transcript.
        message: What is wrong with it.
    """

    line: int
    message: str


def read_sentences(path: Path) -> tuple[Sentence | BadSentence, ...]:
    """The sentences of both signers, those of A first; remembered, because a corpus is gone through several times.

    Faults of other tiers than that of the sentences (2 files refer to glosses that are not there) cost nothing but
    what they refer to.

    Raises:
        FormatError: It is no transcript.
        OSError: It cannot be read.
    """
    state = path.stat()
    return _read(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=1024)
def _read(path: Path, _size: int, _mtime_ns: int) -> tuple[Sentence | BadSentence, ...]:
    transcript = read_tiers(path)
    found: list[Sentence | BadSentence] = []
    tiers = sorted(((match[1], tier) for tier, match in transcript.matching(_SENTENCES)), key=lambda pair: pair[0])
    for signer, tier in tiers:
        signs = _signs(transcript, signer)
        found += [_sentence(annotation, signer, signs) for annotation in tier.annotations]
    names = {tier.name for _, tier in tiers}
    if not names and not any(True for _ in transcript.matching("Lexem_.*")):
        raise FormatError(f"{path}: has no tier Deutsche_Übersetzung_A or _B; it is no transcript of this corpus")
    return (*found, *(BadSentence(fault.line, fault.message) for fault in transcript.faults if fault.tier in names))


def _signs(transcript: Transcript, signer: str) -> list[Annotation]:
    """What both hands sign, in order of time; of two at once, that of the right hand first."""
    hands = {match[1]: tier.annotations for tier, match in transcript.matching(_GLOSSES) if match[2] == signer}
    return sorted((*hands.get("r", ()), *hands.get("l", ())), key=lambda sign: sign.start_s)


def _sentence(annotation: Annotation, signer: str, signs: list[Annotation]) -> Sentence:
    """Times widened to whole frames: the first is the one shown at the start, the last the one shown at the end."""
    start_s, end_s = annotation.start_s, annotation.end_s
    inside = [sign.value for sign in signs if sign.value and start_s <= sign.start_s and sign.end_s <= end_s]
    start_ms, end_ms = round(start_s * 1000), round(end_s * 1000)
    first, end = start_ms * FPS // 1000, -(-end_ms * FPS // 1000)
    gloss = re.sub(r"\s+", " ", " ".join(inside))
    return Sentence(annotation.line, signer, first / FPS, end / FPS, annotation.value, gloss)
