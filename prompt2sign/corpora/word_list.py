"""What each sign of a corpus of single signs is called: a small table `id,text`, the corpus' own or the user's."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..annotations.table import BadRow, open_table
from ..errors import ClipRejected, UsageError
from .base import CorpusFacts, Source
from .files import existing, is_own


@dataclass(frozen=True, slots=True)
class Word:
    """What one sign is called.

    Attributes:
        text: Its word in the spoken language, as written in the table.
        gloss: Its label where the table has a column of its own for it, else empty.
    """

    text: str
    gloss: str = ""


@dataclass(frozen=True, slots=True)
class WordList:
    """The words of a corpus by the numbers or names of its signs.

    Attributes:
        path: The table, for messages.
        words: By key; `key_of` makes keys.
    """

    path: Path
    words: Mapping[str, Word]

    def find(self, sign: str) -> Word:
        """The word of a sign.

        Raises:
            ClipRejected: `unknown-sign`: the table does not name it.
        """
        try:
            return self.words[key_of(sign)]
        except KeyError:
            raise ClipRejected("unknown-sign", f"{self.path.name} has no text for {sign!r}; add a row") from None


def key_of(sign: str) -> str:
    """Signs as keys: `007` and `7` are one, and so are names in another case or Unicode form."""
    composed = unicodedata.normalize("NFC", sign).strip().casefold()
    return str(int(composed)) if composed.isascii() and composed.isdigit() and len(composed) < 10 else composed


def own_words(source: Source, root: Path, names: tuple[str, ...], facts: CorpusFacts) -> WordList | None:
    """The words a user brought: the table given with `--text`, else the first of `names` at the top of the folder.

    Raises:
        UsageError: The table is not there or not readable.
    """
    if source.text is not None:
        return read_words(existing(source.text, facts), source.columns)
    found = next((root / name for name in names if is_own(root, root / name)), None)
    return read_words(found, source.columns) if found else None


def read_words(path: Path, columns: Mapping[str, str] | None = None) -> WordList:
    """Read a table with the columns `id` and `text`, and `gloss` where there is one.

    Raises:
        UsageError: It cannot be read, a row is damaged or has no text, or two rows disagree on a sign.
    """
    table = open_table(path, columns, needs=(("id",), ("text",)))
    words: dict[str, Word] = {}
    for row in table.rows():
        if isinstance(row, BadRow):
            raise UsageError(f"{path}, line {row.line}: {row.message}")
        key, word = key_of(row.get("id")), Word(row.get("text"), row.get("gloss"))
        if not key or not word.text:
            raise UsageError(
                f"{path}, line {row.line}: a row needs a sign's `id` and its `text`; complete or delete it"
            )
        if words.setdefault(key, word) != word:
            raise UsageError(f"{path}, line {row.line}: sign {row.get('id')!r} stands twice, with different words")
    return WordList(path, words)
