"""Where a sentence ends, by punctuation and by what comes next."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..languages import Language
from .cue_words import ABBREVIATIONS, ORDINAL_POINT

_ENDS = ".!?…。！？"
_CLOSERS = "\"'’”“»›«‹)]）］」』 \t\n"
#: The word a text ends with is looked for in so many characters.
_LONGEST_WORD = 40
_LAST_WORD = re.compile(r"([\w.'’-]*?)\.$")
_FIRST = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True)
class Ends:
    """The rules of one spoken language.

    Attributes:
        abbreviations: Words whose point ends no sentence, in lower case without that point.
        ordinal_point: Is `3.` the third?
        cased: Does the text at hand have capitals? Only then does a small letter say that a sentence goes on.
    """

    abbreviations: frozenset[str]
    ordinal_point: bool
    cased: bool

    def between(self, before: str, after: str) -> bool:
        """Does a sentence end between two texts that follow one another?"""
        bare = before.rstrip(_CLOSERS)
        if not bare.endswith(tuple(_ENDS)) or self._goes_on(after):
            return False
        return not bare.endswith(".") or bare.endswith("..") or not self._is_short(bare[-_LONGEST_WORD:], after)

    def _goes_on(self, after: str) -> bool:
        first = _FIRST.search(after)
        return self.cased and first is not None and first[0].islower()

    def _is_short(self, before: str, after: str) -> bool:
        """Is the point one of an abbreviation, an initial, an ordinal, or of a number that goes on (`3.` `5`)?"""
        word = (_LAST_WORD.search(before) or [""] * 2)[1].casefold().lstrip("'’-")
        if word.isdecimal():
            return (self.ordinal_point and len(word) <= 2) or after.lstrip()[:1].isdecimal()
        return word in self.abbreviations or (len(word) == 1 and word.isalpha() and before[-2:-1].isupper())


def ends_of(language: Language | None, cased: bool) -> Ends:
    """The rules of a language; where it is not known, the abbreviations of all."""
    spoken = language.spoken_tag.partition("-")[0] if language else ""
    words = ABBREVIATIONS.get(spoken) or tuple(word for words in ABBREVIATIONS.values() for word in words)
    return Ends(frozenset(words if spoken != "ko" else ()), spoken in ORDINAL_POINT, cased)
