"""The eight languages, in one table, and how their text is normalised."""

from __future__ import annotations

import difflib
import html
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from .errors import UsageError


@dataclass(frozen=True, slots=True)
class Language:
    """One sign language of Prompt2Sign.

    Attributes:
        code: Prompt2Sign code, upper case; never a BCP-47 or ISO code (`asl` there means Asilulu).
        sign_code: ISO 639-3 code of the sign language.
        spoken_tag: BCP-47 tag of the spoken language its text is in.
        name: English name of the sign language.
        native_name: Its name in the spoken language around it.
        spoken_name: English name of the spoken language.
    """

    code: str
    sign_code: str
    spoken_tag: str
    name: str
    native_name: str
    spoken_name: str

    @property
    def slug(self) -> str:
        """The code as folders and file names write it: `lsf-ch`."""
        return self.code.lower()


LANGUAGES = (
    Language("ASL", "ase", "en-US", "American Sign Language", "American Sign Language", "English"),
    Language("GSL", "gsg", "de-DE", "German Sign Language", "Deutsche Gebärdensprache", "German"),
    Language(
        "DSGS", "sgg", "de-CH", "Swiss-German Sign Language", "Deutschschweizer Gebärdensprache",
        "German of Switzerland",
    ),
    Language(
        "LSF-CH", "ssr", "fr-CH", "Swiss-French Sign Language",
        "Langue des signes de Suisse romande", "French of Switzerland",
    ),
    Language(
        "LIS-CH", "slf", "it-CH", "Swiss-Italian Sign Language",
        "Lingua dei segni della Svizzera italiana", "Italian of Switzerland",
    ),
    Language(
        "LSA", "aed", "es-AR", "Argentine Sign Language", "Lengua de Señas Argentina",
        "Spanish of Argentina",
    ),
    Language("KSL", "kvk", "ko-KR", "Korean Sign Language", "한국수어", "Korean"),
    Language("TSL", "tsm", "tr-TR", "Turkish Sign Language", "Türk İşaret Dili", "Turkish"),
)  # fmt: skip
_BY_CODE = {language.code: language for language in LANGUAGES}

#: What people call these languages elsewhere; only for hints, `DGS` alone would be taken for a misspelt `DSGS`.
_OTHER_NAMES = {
    "DGS": "GSL", "LSF": "LSF-CH", "LIS": "LIS-CH", "TID": "TSL", "TİD": "TSL", "LSFSR": "LSF-CH", "LIS-SI": "LIS-CH",
    "ENGLISH": "ASL", "GERMAN": "GSL", "KOREAN": "KSL", "TURKISH": "TSL", "SPANISH": "LSA",
}  # fmt: skip


def get_language(code: str) -> Language:
    """The language with this Prompt2Sign code, in any case, with `_` or `-`.

    Raises:
        UsageError: No such language; the message names the nearest one.
    """
    wanted = code.strip().upper().replace("_", "-")
    if wanted in _BY_CODE:
        return _BY_CODE[wanted]
    names = {word: language.code for language in LANGUAGES for word in _words(language)} | _OTHER_NAMES
    likeness, _, near = max((*_likeness(wanted, word), word) for word in names)
    hint = f"did you mean {names[near]}? " if likeness >= 0.5 else ""
    raise UsageError(
        f"no language {code!r}: {hint}The languages are {', '.join(_BY_CODE)} (`prompt2sign languages` says more)"
    )


def _likeness(wanted: str, word: str) -> tuple[float, bool]:
    """How like two words are; of equally like ones, typing mistakes rarely hit the first letter."""
    return difflib.SequenceMatcher(None, wanted, word).ratio(), word[:1] == wanted[:1]


def _words(language: Language) -> tuple[str, ...]:
    return (
        language.code,
        language.sign_code.upper(),
        language.name.upper(),
        language.native_name.upper(),
    )


#: Entities end with a semicolon here; HTML's old rule without one would turn `&para` into a paragraph sign.
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
#: White space and control characters, and the byte order mark that editors leave in the middle of joined files.
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ufeff]+")


def normalise_text(text: str, language: Language) -> str:
    """Normalise spoken-language text: mended encoding, HTML entities, NFC, white space, then the language's own rule.

    Case is left alone: a corpus that publishes lower case (PHOENIX) stays lower case, no other is made so.
    """
    text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), _mend_encoding(text))
    text = _BLANK.sub(" ", unicodedata.normalize("NFC", text)).strip()
    return _RULES.get(language.code, _unchanged)(text)


def lower(text: str, language: Language) -> str:
    """Lower case by the rules of the language: Turkish has a dotted and a dotless i."""
    if language.code == "TSL":
        text = unicodedata.normalize("NFC", text)  # a dot may stand apart from its I
        text = text.replace("İ", "i").replace("I", "ı")
    return text.lower()


def _mend_encoding(text: str) -> str:
    """Undo UTF-8 read as Latin-1 or cp1252, only where the round trip succeeds (`â\\x80\\x99` -> `’`)."""
    if not re.search(r"[ÂÃâ][\x80-\xbf€™œ]", text):
        return text
    for codec in ("latin-1", "cp1252"):
        try:
            return text.encode(codec).decode("utf-8")
        except UnicodeError:
            continue
    return text


def _unchanged(text: str) -> str:
    return text


def _swiss(text: str) -> str:
    """German of Switzerland has no sharp s."""
    return text.replace("ß", "ss").replace("ẞ", "SS")


def _unquoted(text: str) -> str:
    """Undo CSV quoting that was copied along with How2Sign's text: `"say ""yes"", then"`.

    Only where doubled quotes inside prove it; a sentence that is one quotation keeps its quotes.
    """
    inside = text[1:-1]
    quoted = len(text) > 2 and text[0] == text[-1] == '"' and '""' in inside
    return inside.replace('""', '"') if quoted and '"' not in inside.replace('""', "") else text


_RULES: dict[str, Callable[[str], str]] = {"ASL": _unquoted, "DSGS": _swiss}
