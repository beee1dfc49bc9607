"""From the cues of one video to sentences: cleaned, joined, shifted, padded, and those that cannot be used named.

Nothing disappears: a cue comes out as a sentence, as part of one, or as a `BadCue` with its reason:

| reason | what |
|---|---|
| `no-speech` | only music, sounds or names of speakers |
| `cue-too-short`, `cue-too-long` | beyond `min_s`, `max_s`, measured before padding |
| `text-too-long` | more than `max_characters` |
| `before-the-video` | an offset takes it out of the video |

and whatever the reader of the file found wrong. `text_raw` keeps what was written. What rolling captions say twice is
joined (`cue_times.unrolled`); other cues that overlap stay as they are: two people may speak at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ..languages import Language
from ..options import CueOptions
from .cue_text import clean_text
from .cue_times import Neighbours, unrolled
from .offsets import offset_of
from .sentence_ends import Ends, ends_of
from .subtitles import BadCue, Cue

#: Video sites write a time and two tags before each word, some 30 characters; short limits leave room for a note.
_RAW_PER_CHARACTER, _RAW_MIN = 30, 10_000


def sentences(
    cues: Iterable[Cue | BadCue], options: CueOptions, video: str, language: Language | None = None
) -> Iterator[Cue | BadCue]:
    """Sentences of one video, in the order of their lines in the file.

    Args:
        cues: As a file holds them, in any order of time.
        options: What to do.
        video: The video as `Clip.video` calls it, looked up in the table of `options.offsets`.
        language: Whose abbreviations end no sentence; without it, those of all.

    Yields:
        Cues with `text` to be read (`rows.read_text`) and times in the video, and what cannot be used.

    Raises:
        UsageError: The table of offsets cannot be read.
    """
    offset_s = offset_of(video, options)
    good, bad = _parted(_bounded(cue, options) for cue in cues)
    spoken, silent = _cleaned(good) if options.clean else (good, [])
    spoken.sort(key=lambda cue: (cue.start_s, cue.end_s))
    spoken = unrolled(spoken) if options.clean else spoken
    neighbours = Neighbours([(cue.start_s, cue.end_s) for cue in (*spoken, *silent)])
    if options.merge:
        spoken = _merged(spoken, options, language)
    bad += [BadCue(cue.line, "no-speech", f"{cue.text_raw!r} holds no speech") for cue in silent]
    entries = [_fitted(cue, neighbours, offset_s, options) for cue in spoken]
    yield from sorted([*entries, *bad], key=lambda entry: entry.line)


def _bounded(cue: Cue | BadCue, options: CueOptions) -> Cue | BadCue:
    """Nothing is taken out of a text that is damage: all that markup can be is some tags a word."""
    n_characters, limit = len(cue.text_raw) if isinstance(cue, Cue) else 0, _RAW_PER_CHARACTER * options.max_characters
    if n_characters <= max(limit, _RAW_MIN):
        return cue
    message = f"holds {n_characters} characters with its markup, and cues.max_characters is {options.max_characters}"
    return BadCue(cue.line, "text-too-long", message)


def _parted(cues: Iterable[Cue | BadCue]) -> tuple[list[Cue], list[BadCue]]:
    good: list[Cue] = []
    bad: list[BadCue] = []
    for cue in cues:
        if isinstance(cue, Cue):
            good.append(cue)
        else:
            bad.append(cue)
    return good, bad


def _cleaned(cues: Iterable[Cue]) -> tuple[list[Cue], list[Cue]]:
    """Cues with what was said alone, and those in which nothing was."""
    spoken, silent = [], []
    for cue in cues:
        lines = clean_text(cue.text).lines
        if lines:
            spoken.append(replace(cue, text="\n".join(lines)))
        else:
            silent.append(cue)
    return spoken, silent


def _merged(cues: Sequence[Cue], options: CueOptions, language: Language | None) -> list[Cue]:
    """Cues in order of time, joined until a sentence ends, somebody else speaks, a gap comes, or it gets too long."""
    ends = ends_of(language, cased=any(character.isupper() for cue in cues for character in cue.text))
    merged: list[Cue] = []
    for cue in cues:
        if merged and _belongs(merged[-1], cue, ends, options):
            merged[-1] = _joined(merged[-1], cue)
        else:
            merged.append(cue)
    return merged


def _belongs(before: Cue, after: Cue, ends: Ends, options: CueOptions) -> bool:
    both = _joined(before, after)
    return (
        after.start_s - before.end_s <= options.max_gap_s
        and both.end_s - both.start_s <= options.max_s
        and _n_characters(both.text) <= options.max_characters
        and not clean_text(after.text_raw).new_speaker
        and not ends.between(before.text, after.text)
    )


def _joined(first: Cue, second: Cue) -> Cue:
    return Cue(
        min(first.line, second.line),
        first.start_s,
        max(first.end_s, second.end_s),
        f"{first.text}\n{second.text}",
        f"{first.text_raw}\n{second.text_raw}",
    )


def _fitted(cue: Cue, neighbours: Neighbours, offset_s: float, options: CueOptions) -> Cue | BadCue:
    """The cue where it belongs in the video, or why it cannot be used."""
    fault = _fault(cue, offset_s, options)
    if fault is not None:
        return fault
    before_s, after_s = neighbours.room(cue.start_s, cue.end_s, options.pad_s)
    start_s = max(0.0, round(cue.start_s - before_s + offset_s, 6))
    return replace(cue, start_s=start_s, end_s=round(cue.end_s + after_s + offset_s, 6))


def _fault(cue: Cue, offset_s: float, options: CueOptions) -> BadCue | None:
    lasts_s, n_characters = round(cue.end_s - cue.start_s, 6), _n_characters(cue.text)
    if lasts_s < options.min_s:
        return BadCue(cue.line, "cue-too-short", f"lasts {lasts_s:g} s, and cues.min_s is {options.min_s:g}")
    if lasts_s > options.max_s:
        return BadCue(cue.line, "cue-too-long", f"lasts {lasts_s:g} s, and cues.max_s is {options.max_s:g}")
    if n_characters > options.max_characters:
        limit = f"cues.max_characters is {options.max_characters}"
        return BadCue(cue.line, "text-too-long", f"holds {n_characters} characters, and {limit}")
    if cue.end_s + offset_s <= 0:
        return BadCue(cue.line, "before-the-video", f"ends at {cue.end_s:g} s, and its offset is {offset_s:g} s")
    return None


def _n_characters(text: str) -> int:
    return len(" ".join(text.split()))
