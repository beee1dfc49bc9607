"""The language-marked gloss of Prompt2LangGloss: `<GSL_morgen> <GSL_regen>`.

The paper's supplement (table 10) writes the language before every word, `GSL morgen GSL regen`; its later text fuses
the two into one token. We write fused tokens, so that a word and its language cannot come apart, and read both.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import UsageError
from ..languages import LANGUAGES, get_language
from .vocabulary import lower_case

_CODES = frozenset(language.code for language in LANGUAGES)
#: No code holds a `_`, so the first one ends it whatever the word is; `LSF-CH` needs no rule of its own.
_MARK = re.compile(r"<([^<>_\s]+)_([^<>\s]+)>")
_TOKEN = re.compile(rf"{_MARK.pattern}|(\S+?)(?=<|\s|$)")


@dataclass(frozen=True)
class LangGloss:
    """What a marked gloss says.

    Attributes:
        language: Code of the language that most words are marked with; of equally frequent ones that of the first.
        words: All words, without their marks.
        counts: Words marked with each language, in order of appearance.
    """

    language: str
    words: tuple[str, ...]
    counts: tuple[tuple[str, int], ...]

    @property
    def tied(self) -> bool:
        """Is another language marked as often as `language`?"""
        most = max(count for _, count in self.counts)
        return sum(count == most for _, count in self.counts) > 1

    @property
    def text(self) -> str:
        """The words with one space between."""
        return " ".join(self.words)


def mark(gloss: str, lang: str) -> str:
    """Mark every word with its language.

    Words are cut at white space, lower case (as in `vocabulary.lower_case`) and lose the punctuation round them, so
    the words of a sentence serve where a corpus has no gloss. What is inside a word stays (`ix-1p`, `a+b`, `18:30`);
    `<`, `>` and `&` are written as in HTML. `read` gives the words back.

    Args:
        gloss: Gloss or sentence.
        lang: Code of its language, in any case.

    Returns:
        `<ASL_word> <ASL_word>`.

    Raises:
        UsageError: The text is empty, or there is no such language.
    """
    code = get_language(lang).code
    return " ".join(f"<{code}_{html.escape(word, quote=False)}>" for word in gloss_words(gloss))


def gloss_words(text: str) -> list[str]:
    """The words of a gloss or sentence as `mark` takes them; signs alone (`?!`) are kept where there is no word.

    Raises:
        UsageError: The text is empty.
    """
    whole = lower_case(text.encode("utf-8", "replace").decode()).split()
    if not whole:
        raise UsageError(f"the gloss {text!r} is empty: nothing to mark")
    return [word for word in map(_bare, whole) if word] or whole


def read(text: str) -> LangGloss:
    """Read a marked gloss, `<ASL_word> <ASL_word>` or `ASL word ASL word`; words without a mark are kept.

    In the second form a code is a code only in upper case, and the word after it is a word whatever it is.

    Raises:
        UsageError: No word is marked, a `<` or `>` belongs to no mark, or a mark names no language.
    """
    marked = list(_marked_words(text))
    counts = Counter(code for code, _ in marked if code is not None)
    if not counts:
        raise UsageError(f"{text!r}: no word is marked with a language; write `<ASL_hello>` or `ASL hello`")
    return LangGloss(_majority(counts), tuple(word for _, word in marked), tuple(counts.items()))


def language_of(tokens: Iterable[str]) -> str | None:
    """The language that most of some tokens are marked with; of equally frequent ones that of the first.

    Args:
        tokens: Fused tokens, such as a model writes; whatever is none is passed over. `read` also tells ties.

    Returns:
        Its code, or None where no token is marked with a language.
    """
    marks = (_MARK.fullmatch(token) for token in tokens)
    counts = Counter(found[1] for found in marks if found and found[1] in _CODES)
    return _majority(counts) if counts else None


def _majority(counts: Counter[str]) -> str:
    return max(counts, key=counts.__getitem__)  # of equals the first, in order of appearance


def _marked_words(text: str) -> Iterable[tuple[str | None, str]]:
    if stray := re.search(r"[<>]", _MARK.sub(" ", text)):
        raise UsageError(f"{text!r}: a `{stray[0]}` that belongs to no mark such as `<ASL_hello>`; write it as in HTML")
    code = None
    for found in _TOKEN.finditer(text):
        language, word, bare = found.groups()
        if bare is None:
            yield get_language(language).code, html.unescape(word)
            code = None
        elif code is None and bare in _CODES:
            code = bare
        else:
            yield code, html.unescape(bare)
            code = None


def _bare(word: str) -> str:
    """Without punctuation at either end; underscores belong to gloss (`__on__`), as do signs such as `+`."""
    start, end = 0, len(word)
    while start < end and _is_punctuation(word[start]):
        start += 1
    while end > start and _is_punctuation(word[end - 1]):
        end -= 1
    return word[start:end]


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character).startswith("P") and character != "_"
