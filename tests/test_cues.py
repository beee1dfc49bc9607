"""From cues to sentences: cleaned, joined, shifted, padded, and nothing lost on the way."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt2sign.annotations.cue_text import clean_text
from prompt2sign.annotations.cues import sentences
from prompt2sign.annotations.offsets import read_offsets
from prompt2sign.annotations.subtitles import BadCue, Cue, read_cues
from prompt2sign.errors import UsageError
from prompt2sign.languages import get_language
from prompt2sign.options import CueOptions, parse_pipeline

AS_IS = CueOptions(min_s=0)


def cues(*rows: tuple[float, float, str]) -> list[Cue | BadCue]:
    return [Cue(number, start, end, text, text) for number, (start, end, text) in enumerate(rows, 1)]


def texts(found: list[Cue | BadCue]) -> list[str]:
    return [" ".join(entry.text.split()) if isinstance(entry, Cue) else entry.reason for entry in found]


def times(found: list[Cue | BadCue]) -> list[tuple[float, float]]:
    return [(entry.start_s, entry.end_s) for entry in found if isinstance(entry, Cue)]


def run(rows: list[Cue | BadCue], lang: str = "asl", video: str = "a.mp4", **options: object) -> list[Cue | BadCue]:
    return list(sentences(rows, CueOptions(**options), video, get_language(lang)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Das ist gut.", "Das ist gut."),
        ("ANNA: Hallo", "Hallo"),
        ("DR. MEIER: Guten Tag", "Guten Tag"),
        ("- Hallo.\n- Tschüss.", "Hallo. Tschüss."),
        ("-¿Qué?\n-Nada.", "¿Qué? Nada."),
        (">> JOHN: hi there", "hi there"),
        ("&gt;&gt; hello &amp; bye", "hello &amp; bye"),
        ("- Anna: ja", "ja"),
        ("- 안나: 네", "네"),
        ("Wichtig: wir kommen", "Wichtig: wir kommen"),
        ("um 12:30 Uhr", "um 12:30 Uhr"),
        ("-5 Grad", "-5 Grad"),
        ("3 * 4 * 5", "3 * 4 * 5"),
        ("C# ist eine Sprache", "C# ist eine Sprache"),
        ("[Musik] Danke", "Danke"),
        ("(Applaus) Danke", "Danke"),
        ("(laughter) Thanks", "Thanks"),
        ("(rires) Merci", "Merci"),
        ("(risate) Grazie", "Grazie"),
        ("(aplausos) Gracias", "Gracias"),
        ("(박수) 감사합니다", "감사합니다"),
        ("(alkış) Teşekkürler", "Teşekkürler"),
        ("(DOOR CLOSES) Hello", "Hello"),
        ("【音楽】 네", "네"),
        ("*seufzt* Na gut", "Na gut"),
        ("Er (der Minister) sagte nein.", "Er (der Minister) sagte nein."),
        ("Hello. ♪ la la ♪ Bye.", "Hello. Bye."),
        ("Gebär\u00ad\ndensprache", "Gebärdensprache"),
        ("a\u200bb\u200e", "ab"),
        ("&lt;i&gt;kursiv&lt;/i&gt;", "kursiv"),
        ("{\\an8}oben", "oben"),
    ],
)
def test_what_was_said(written, said):
    assert " ".join(" ".join(clean_text(written).lines).split()) == said


@pytest.mark.parametrize(
    "written", ["♪ la la ♪", "la la ♪", "♪ eins\nzwei ♪", "# la la #", "[Musik]", "(lacht)", "...", "-"]
)
def test_nothing_was_said(written):
    assert clean_text(written).lines == ()
    assert texts(run(cues((0, 1, written)))) == ["no-speech"]


def test_plain_cues_stay_as_they_are():
    rows = cues((1, 2.5, "Guten Tag"), (2, 4, "Zwei\nZeilen"), (9, 10, "Nein."), (10, 11, "Nein."))
    assert run(rows) == rows


def test_uncleaned_on_request_and_raw_is_kept():
    rows = cues((0, 1, "ANNA: [lacht] Hallo"))
    assert texts(run(rows, clean=False)) == ["ANNA: [lacht] Hallo"]
    (found,) = run(rows)
    assert (found.text, found.text_raw) == ("Hallo", "ANNA: [lacht] Hallo")


def test_bad_cues_pass_through_in_their_place():
    rows = [*cues((0, 1, "Eins")), BadCue(2, "bad-times", "x"), Cue(3, 2, 3, "Drei", "Drei")]
    assert texts(run(rows)) == ["Eins", "bad-times", "Drei"]


def test_captions_that_roll_by_steps_are_said_once():
    rows = cues(
        (0, 2, "hello there"),
        (2, 2.01, "hello there"),
        (2.01, 4, "hello there\nhow are you"),
        (4, 4.01, "how are you"),
        (4.01, 6, "how are you\nfine"),
    )
    found = run(rows)
    assert texts(found) == ["hello there", "how are you", "fine"]
    assert times(found) == [(0, 2.01), (2.01, 4.01), (4.01, 6)]


def test_captions_that_roll_by_overlapping_are_cut():
    rows = cues(*((2.0 * n, 2.0 * n + 4, f"line {n}") for n in range(6)))
    assert times(run(rows)) == [(2.0 * n, 2.0 * n + (2 if n < 5 else 4)) for n in range(6)]
    assert times(run(rows[:2])) == [(0, 4), (2, 6)]  # two may speak at once


@pytest.mark.parametrize(
    ("lang", "rows", "joined"),
    [
        ("gsl", ["Heute", "scheint die Sonne.", "Morgen nicht."], ["Heute scheint die Sonne.", "Morgen nicht."]),
        ("gsl", ["Wir treffen z.B.", "Anna", "heute."], ["Wir treffen z.B. Anna heute."]),
        ("gsl", ["Am 3.", "März kommt er.", "Ja."], ["Am 3. März kommt er.", "Ja."]),
        ("asl", ["He came in 3.", "Then left."], ["He came in 3.", "Then left."]),
        ("asl", ["It is 3.", "5 percent."], ["It is 3. 5 percent."]),
        ("asl", ["I saw Dr.", "Smith.", "He waved."], ["I saw Dr. Smith.", "He waved."]),
        ("asl", ["J.", "Smith left."], ["J. Smith left."]),
        ("asl", ['He said "stop."', "We did."], ['He said "stop."', "We did."]),
        ("asl", ["“Why?”", "asked Anna."], ["“Why?” asked Anna."]),
        ("asl", ["Well...", "maybe not."], ["Well... maybe not."]),
        ("asl", ["Where are you", "- Here.", "Good."], ["Where are you", "Here.", "Good."]),
        ("ksl", ["오늘은", "날씨가 좋아요.", "내일은?"], ["오늘은 날씨가 좋아요.", "내일은?"]),
        ("tsl", ["Bugün 3.", "gün.", "Tamam."], ["Bugün 3. gün.", "Tamam."]),
        ("lsa", ["La Sra.", "Gómez habló.", "Sí."], ["La Sra. Gómez habló.", "Sí."]),
        ("lsf-ch", ["M.", "Dupont arrive.", "Oui."], ["M. Dupont arrive.", "Oui."]),
        ("lis-ch", ["Il sig.", "Rossi parla.", "Sì."], ["Il sig. Rossi parla.", "Sì."]),
        ("gsl", ["und morgen.", "dann regen."], ["und morgen.", "dann regen."]),
    ],
)
def test_sentences_are_joined(lang, rows, joined):
    timed = cues(*((2.0 * n, 2.0 * n + 1.5, text) for n, text in enumerate(rows)))
    assert texts(run(timed, lang, merge=True)) == joined


def test_joining_keeps_times_and_raw_and_stops_at_gaps_and_limits():
    rows = cues((0, 1, "eins"), (1.5, 2, "zwei"), (3.5, 4, "drei"))
    found = run(rows, merge=True)
    assert times(found) == [(0, 2), (3.5, 4)]
    assert found[0].text_raw == "eins\nzwei"
    assert len(run(rows, merge=True, max_gap_s=5)) == 1
    assert len(run(rows, merge=True, max_gap_s=5, max_s=3)) == 2
    assert len(run(rows, merge=True, max_gap_s=5, max_characters=9)) == 2


def test_limits_name_what_they_reject():
    rows = cues((0, 0.1, "kurz"), (1, 70, "lang"), (80, 82, "x" * 301), (90, 91, "gut"))
    found = run(rows)
    assert texts(found) == ["cue-too-short", "cue-too-long", "text-too-long", "gut"]
    assert found[0].message == "lasts 0.1 s, and cues.min_s is 0.2"


def test_padding_never_reaches_into_a_neighbour():
    rows = cues((1, 2, "eins"), (2.3, 3, "zwei"), (2.8, 5, "drei"), (5.1, 5.2, "zu kurz"), (9, 10, "[Musik]"))
    found = run(rows, pad_s=0.5, min_s=0.2)
    assert times(found) == [(0.5, 2.3), (2.0, 3.0), (2.8, 5.1)]
    assert times(run(cues((0.2, 1, "eins")), pad_s=0.5)) == [(0.0, 1.5)]


def test_offsets(tmp_path):
    rows = cues((1, 2, "eins"), (5, 6, "zwei"))
    assert times(run(rows, offset_s=1.25)) == [(2.25, 3.25), (6.25, 7.25)]
    found = run(rows, offset_s=-2.5)
    assert texts(found) == ["before-the-video", "zwei"]
    assert times(run(rows, offset_s=-1.5)) == [(0.0, 0.5), (3.5, 4.5)]
    table = tmp_path / "offsets.csv"
    table.write_text("video,offset_s,confidence\nb/film.mp4,2,0.9\na.mp4,,0.1\nc,-0.5,1\n", encoding="utf-8")
    options = {"offset_s": 1.0, "offsets": table}
    assert times(run(rows[:1], video="b/film.mp4", **options)) == [(3, 4)]
    assert times(run(rows[:1], video="b/film", **options)) == [(3, 4)]
    assert times(run(rows[:1], video="a.mp4", **options)) == [(2, 3)]  # nothing was told of it
    assert times(run(rows[:1], video="c.webm", **options)) == [(0.5, 1.5)]
    table.write_text("video,offset_s\na.mp4,7.25\n", encoding="utf-8")
    assert times(run(rows[:1], video="a.mp4", **options)) == [(8.25, 9.25)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("video,offset_s\na,nan\n", "line 2: offset_s is 'nan'"),
        ("video,offset_s\na,1e308\n", "a day at most"),
        ("video,offset_s\na,1\na,2\n", "line 3: a has two offsets, 1 and 2"),
        ("video,seconds\na,1\n", "no column 'offset_s'"),
        ("video,offset_s\na,1,2\n", "line 2: 3 cells"),
    ],
)
def test_bad_tables_of_offsets(tmp_path, content, message):
    table = tmp_path / "offsets.csv"
    table.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=r"offsets\.csv") as caught:
        run(cues((0, 1, "x")), offsets=table)
    assert message in str(caught.value)
    with pytest.raises(UsageError, match=r"none\.csv: the table of offsets cannot be read"):
        run(cues((0, 1, "x")), offsets=tmp_path / "none.csv")


def test_read_offsets_of_a_tab_separated_table(tmp_path):
    table = tmp_path / "offsets.tsv"
    table.write_text("video\toffset_s\nfilm.mp4\t-1,5\n", encoding="utf-8")
    assert read_offsets(table) == {"film": -1.5}


SPOKEN = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=40)
TIMED = st.tuples(st.integers(0, 100_000), st.integers(1, 70_000), SPOKEN)


@settings(max_examples=50, deadline=None)
@given(st.lists(TIMED, max_size=12), st.booleans(), st.booleans(), st.integers(-3000, 3000), st.integers(0, 2000))
def test_every_cue_is_accounted_for(rows, clean, merge, offset_ms, pad_ms):
    made = cues(*((start / 1000, (start + lasts) / 1000, text) for start, lasts, text in rows))
    options = {"clean": clean, "merge": merge, "offset_s": offset_ms / 1000, "pad_s": pad_ms / 1000}
    found = run(made, **options)
    assert [entry.line for entry in found] == sorted(entry.line for entry in found)
    for entry in found:
        if isinstance(entry, Cue):
            assert 0 <= entry.start_s < entry.end_s
            assert not clean or entry.text.strip()
    if not merge and not clean:
        assert [entry.line for entry in found] == [cue.line for cue in made]
    told = {line for entry in found for line in [entry.line]}
    raw = "\n".join(entry.text_raw for entry in found if isinstance(entry, Cue))
    # Cues that were joined and are rejected together are named by the first one's line.
    rejected_as_one = merge and any(isinstance(entry, BadCue) for entry in found)
    for cue in made:
        assert cue.line in told or cue.text_raw in raw or _repeats(cue, made) or rejected_as_one


def _repeats(cue: Cue, made: list[Cue | BadCue]) -> bool:
    return any(replace(other, line=0).text == cue.text and other.line != cue.line for other in made)


def test_a_hostile_line_takes_no_time():
    began = time.perf_counter()
    clean_text("(a b c d e f)" * 40_000)
    clean_text("-\n" * 40_000 + "a\n" * 40_000)
    assert time.perf_counter() - began < 8
    for text in ("a" * 50_000, "." * 50_000 + "x", "(" * 50_000, "♪" * 50_000, "[" * 50_000, " " * 50_000 + ":"):
        clean_text(text)
        run(cues((0, 1, text), (1.2, 2, text)), merge=True, max_characters=10**7)


def test_a_text_that_is_damage_is_not_cleaned():
    good, bad = run(cues((0, 1, "yes"), (2, 3, "(a b c d e f)\n" * 80_000)))
    assert isinstance(good, Cue)
    assert isinstance(bad, BadCue)
    assert (bad.line, bad.reason) == (2, "text-too-long")
    assert "1120000 characters" in bad.message


@pytest.mark.parametrize(
    ("section", "options"),
    [
        ("cues", {"offset_s": math.nan}), ("cues", {"offset_s": math.inf}), ("cues", {"offset_s": 1e9}),
        ("cues", {"max_s": math.inf}), ("shard", {"file_mb": math.inf}), ("trim", {"fps": 0.0001}),
        ("source", {"fps": 0.0001}), ("source", {"width": 10**9}), ("lift", {"smoothing": math.inf}),
        ("fetch", {"pause_s": math.inf}), ("fetch", {"rate_limit": math.nan}), ("keep", {"max_jitter": math.nan}),
    ],
)  # fmt: skip
def test_options_beyond_sense_are_refused(section, options):
    with pytest.raises(UsageError, match=section):
        parse_pipeline({"language": "ASL", section: options}, "mine.yaml")


def test_a_real_webvtt_of_a_video_site(tmp_path: Path):
    path = tmp_path / "v.vtt"
    path.write_text(
        "WEBVTT\nKind: captions\nLanguage: en\n\n"
        "00:00:00.160 --> 00:00:02.070 align:start position:0%\n \nso<00:00:00.480><c> today</c>\n\n"
        "00:00:02.070 --> 00:00:02.080 align:start position:0%\nso today\n \n\n"
        "00:00:02.080 --> 00:00:04.000 align:start position:0%\nso today\nwe&nbsp;sign [Music]\n",
        encoding="utf-8",
    )
    found = run(list(read_cues(path)))
    assert texts(found) == ["so today", "we sign"]
    assert times(found) == [(0.16, 2.08), (2.08, 4.0)]
