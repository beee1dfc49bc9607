"""Subtitle files, SRT and WebVTT, told apart by their content: cues with times and text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path

from ..errors import ClipRejected
from .times import parse_span

_TIMING = re.compile(r"\s*([\d:.,]+)\s*-->\s*([\d:.,]+)(?:\s.*)?", re.ASCII)
_MARKUP = re.compile(
    r"</?(?:i|b|u|s|c|v|em|strong|font|lang|ruby|rt)(?:[\s.][^<>]*)?>|<\d[\d:.]*>|\{\\[^{}]*\}", re.IGNORECASE
)
_HEADER = re.compile(r"(?:WEBVTT|NOTE|STYLE|REGION)(?:\s|$)")

Block = list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue.

    Attributes:
        line: Line of the file it begins on, from 1.
        start_s: Start in seconds.
        end_s: End in seconds.
        text: Its text without markup, lines parted by newlines.
        text_raw: Its text as written.
    """

    line: int
    start_s: float
    end_s: float
    text: str
    text_raw: str


@dataclass(frozen=True, slots=True)
class BadCue:
    """A cue that cannot be used.

    Attributes:
        line: Line of the file it begins on, from 1.
        reason: Slug: `text-missing`, `bad-times` or `bad-subtitle`.
        message: What is wrong with it.
    """

    line: int
    reason: str
    message: str


def read_cues(path: Path) -> Iterator[Cue | BadCue]:
    """Stream the cues of a file in its order; cues may overlap.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        first = file.readline()
        webvtt = first.startswith("WEBVTT")
        lines = enumerate((line.rstrip("\n") for line in chain([first], file)), 1)
        for block in _webvtt_blocks(lines) if webvtt else _blocks(lines):
            if not (webvtt and _is_header(block)):
                yield _cue(block)


def _blocks(lines: Iterable[tuple[int, str]]) -> Iterator[Block]:
    """Lines between blank ones."""
    for blank, group in groupby(lines, key=lambda numbered: not numbered[1].strip()):
        if not blank:
            yield list(group)


def _webvtt_blocks(lines: Iterable[tuple[int, str]]) -> Iterator[Block]:
    """Lines between empty ones: one with a space is a line of its cue, in the captions of video sites above the text.

    Careless files part cues by it all the same.
    """
    for empty, group in groupby(lines, key=lambda numbered: not numbered[1]):
        block = list(group)
        if empty or not any(line.strip() for _, line in block):
            continue
        careless = sum("-->" in line for _, line in block) > 1
        yield from _blocks(block) if careless else [block]


def strip_markup(text: str) -> str:
    """A text without the tags of SRT and WebVTT, their times inside of cues, and `{\\an8}` of other formats."""
    return _MARKUP.sub("", text)


def _is_header(block: Block) -> bool:
    """Title, comment or style of WebVTT; in careless files the title stands right above a cue."""
    return bool(_HEADER.match(block[0][1])) and not any("-->" in line for _, line in block)


def _cue(block: Block) -> Cue | BadCue:
    first = block[0][0]
    timings = [place for place, (_, line) in enumerate(block) if "-->" in line]
    if not timings or timings[0] > 1:
        return BadCue(first, "bad-subtitle", "no line with times such as `00:00:01.000 --> 00:00:02.500`")
    if len(timings) > 1:
        return BadCue(first, "bad-subtitle", f"no empty line before the cue of line {block[timings[1]][0]}")
    raw = "\n".join(line for _, line in block[timings[0] + 1 :])
    if any("\udc80" <= character <= "\udcff" for _, line in block for character in line):
        return BadCue(first, "bad-subtitle", "is not UTF-8; save the subtitle file as UTF-8")
    return _timed_cue(first, block[timings[0]][1], raw)


def _timed_cue(first: int, timing: str, raw: str) -> Cue | BadCue:
    match = _TIMING.fullmatch(timing)
    if match is None or not all(":" in time for time in match.groups()):
        return BadCue(first, "bad-times", f"{timing.strip()!r} are no times")
    try:
        start_s, end_s = parse_span(*match.groups())
    except ClipRejected as rejected:
        return BadCue(first, rejected.reason, str(rejected))
    assert start_s is not None and end_s is not None
    text = strip_markup(raw).strip()
    if not text:
        return BadCue(first, "text-missing", "the cue holds no text")
    return Cue(first, start_s, end_s, text, raw)
