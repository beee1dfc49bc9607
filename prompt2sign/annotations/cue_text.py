"""What was said, out of a cue's text: without music, sounds in brackets, names of speakers and invisible characters.

Where it cannot be told whether something was said, it stays: a remark in round brackets is taken out only where it is a
sound, a name in capitals, or all there is.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .cue_words import SOUNDS
from .subtitles import strip_markup

_NOTES = "♩♪♫♬🎵🎶🎼"
_MUSIC = re.compile(
    # From note to note, or to the end; a line that ends with its only note; a line between number signs.
    rf"[{_NOTES}]+[^{_NOTES}]*(?:[{_NOTES}]+|\Z)|^[^{_NOTES}\n]*[{_NOTES}]+[ \t]*$|^[ \t]*\#[ \t][^\#]*\#[ \t]*$",
    re.MULTILINE,
)
_REMARK = re.compile(r"\[[^][]*\]|\{[^{}]*\}|【[^【】]*】|［[^［］]*］|〔[^〔〕]*〕|\*[ \t]?[^\W\d_][^*\n]*\*")
_ROUND = re.compile(r"\(([^()]*)\)|（([^（）]*)）")
_SOUND = re.compile(rf"(?<!\w)(?:{'|'.join(SOUNDS)})", re.IGNORECASE)
_SOUND_WORDS_MAX = 5
_BLANK = " \t\n-–—."
#: Two arrows, or a dash before a capital, an opening sign or a letter without case: a number keeps its minus.
_CHANGE = re.compile(r"^[ \t]*(?:(?:>>+|＞＞+)[ \t]*)?(?:[-–—‐•][ \t]*(?=[^\W\d_]|[¿¡\"'„“«‹(\[])|[-–—‐•][ \t]+)?")
_ARROWS = re.compile(">>+|＞＞+")
_NAMED = re.compile(r"[ \t]*([^:：]{1,40})[:：](?:[ \t]+|$)")
_NAME = re.compile(r"[^\W\d_][\w.'’-]*(?: [^\W\d_][\w.'’-]*){0,3}")
_ENTITIES = {"&gt;": ">", "&lt;": "<", "&nbsp;": " ", "&shy;": "\u00ad", "&lrm;": "", "&rlm;": ""}
_ENTITY = re.compile("|".join(_ENTITIES))
#: A soft hyphen holds its word together, also over a line's end; the others only say how text runs.
_INVISIBLE = re.compile(r"\u00ad[ \t]*\n?|[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


class Said(NamedTuple):
    """What a cue says.

    Attributes:
        lines: Its lines, empty where nothing was said.
        new_speaker: Does it begin with a sign that somebody else speaks?
    """

    lines: tuple[str, ...]
    new_speaker: bool


def clean_text(text: str) -> Said:
    """What was said.

    Args:
        text: Of a cue, lines parted by newlines; markup and HTML entities may be in it.
    """
    text = strip_markup(_ENTITY.sub(lambda found: _ENTITIES[found[0]], text))
    text = _REMARK.sub("", _MUSIC.sub("", _INVISIBLE.sub("", text)))
    text = _without_sounds(text)
    found = [said for said in map(_said_line, text.splitlines()) if re.search(r"\w", said[0])]
    return Said(tuple(line for line, _ in found), bool(found) and found[0][1])


def _without_sounds(text: str) -> str:
    """Without what stands in round brackets and is a sound, a name in capitals, or all there is."""
    bare = text.strip(_BLANK)
    first = text.find(bare)

    def kept(found: re.Match[str]) -> str:
        inside = (found[1] or found[2] or "").strip()
        is_all = found.start() <= first and found.end() >= first + len(bare)
        return "" if is_all or not inside or _is_sound(inside) else found[0]

    return _ROUND.sub(kept, text)


def _is_sound(text: str) -> bool:
    return len(text.split()) <= _SOUND_WORDS_MAX and bool(_SOUND.search(text) or _is_shouted(text))


def _said_line(line: str) -> tuple[str, bool]:
    """A line without what marks its speaker, and whether there was such a mark."""
    marked = _CHANGE.match(line)
    rest = line[marked.end() :] if marked else line
    changed = rest.strip() != line.strip()
    named = _NAMED.match(rest)
    if named and _is_name(named[1].strip()) and (changed or _is_shouted(named[1])):
        rest, changed = rest[named.end() :], True
    return " ".join(_ARROWS.sub(" ", rest).split()), changed


def _is_shouted(text: str) -> bool:
    """Capitals alone, two at least."""
    return text.isupper() and sum(character.isalpha() for character in text) >= 2


def _is_name(text: str) -> bool:
    """Up to four words, each with a capital where its writing has any."""
    return bool(_NAME.fullmatch(text)) and not any(word[0].islower() for word in text.split())
