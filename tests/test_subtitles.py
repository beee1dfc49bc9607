"""SRT and WebVTT files, read from real bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt2sign.annotations.subtitles import BadCue, Cue, read_cues

SRT = "1\n00:00:01,000 --> 00:00:02,500\n<i>Guten Tag</i>\n\n2\n00:00:03,000 --> 00:00:04,000\nZwei\nZeilen\n"
VTT = (
    "WEBVTT - Titel\nKind: captions\n\nSTYLE\n::cue {}\n\nNOTE nichts\nmehr\n\n"
    "intro\n00:01.000 --> 00:02.500 line:0\n<v Anna>Guten Tag</v>\n\n00:03.000 --> 00:04.000\nZwei\nZeilen\n"
)


def read(folder: Path, content: str | bytes, name: str = "a.srt") -> list[tuple[object, ...]]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [
        (cue.start_s, cue.end_s, cue.text) if isinstance(cue, Cue) else (cue.line, cue.reason)
        for cue in read_cues(path)
    ]


@pytest.mark.parametrize("content", [SRT, VTT], ids=["srt", "vtt"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_both_formats_in_every_line_ending(tmp_path, content, newline, mark):
    assert read(tmp_path, mark + content.replace("\n", newline)) == [
        (1.0, 2.5, "Guten Tag"),
        (3.0, 4.0, "Zwei\nZeilen"),
    ]


def test_lines_with_a_space_belong_to_their_cue_in_webvtt(tmp_path):
    first, second = "00:01.000 --> 00:02.000\n \nso gut\n \n", "00:03.000 --> 00:04.000\nwie das\n"
    expected = [(1.0, 2.0, "so gut"), (3.0, 4.0, "wie das")]
    assert read(tmp_path, f"WEBVTT\n\n{first}\n{second}") == expected
    assert read(tmp_path, f"WEBVTT\n \n00:01.000 --> 00:02.000\nso gut\n \n{second}") == expected


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", []),
        ("1\nnichts\n", [(1, "bad-subtitle")]),
        ("1\n00:00:02,000 --> 00:00:01,000\nx\n", [(1, "bad-times")]),
        ("1\n1 --> 2\nx\n", [(1, "bad-times")]),
        ("1\n00:00:01,000 --> 00:00:02,000\n<i></i>\n", [(1, "text-missing")]),
        ("1\n00:00:01,000 --> 00:00:02,000\nx\n2\n00:00:03,000 --> 00:00:04,000\ny\n", [(1, "bad-subtitle")]),
        ("1\n00:00:01,000 --> 00:00:02,000\nf\xfcr\n".encode("latin-1"), [(1, "bad-subtitle")]),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, content, found):
    assert read(tmp_path, content) == found


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_cues_or_reasons(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("fuzz") / "a.vtt"
    for head in (b"", b"WEBVTT\n\n", b"1\n00:00:01,000 --> 00:00:02,000\n"):
        path.write_bytes(head + content)
        assert all(isinstance(cue, Cue | BadCue) for cue in read_cues(path))
