"""Tables, times and subtitles as people write them, and as nobody should."""

from __future__ import annotations

import csv
import io
import math
import tempfile
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt2sign.annotations.subtitles import BadCue, Cue, read_cues
from prompt2sign.annotations.table import BadRow, Row, open_table
from prompt2sign.annotations.times import parse_span, parse_time
from prompt2sign.errors import ClipRejected, UsageError


def table_of(tmp_path: Path, content: bytes | str, name: str = "t.csv", **options):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_table(path, **options)


def cells(table) -> list[dict[str, str]]:
    return [row.cells for row in table.rows()]


@pytest.mark.parametrize("delimiter", ["\t", ",", ";", "|"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiter_bom_and_line_ends(tmp_path, delimiter, bom, end):
    lines = [delimiter.join(row) for row in (["ID", "Sentence"], ["a", "Ja."], ["b", "Nein, ü"])]
    if delimiter == ",":
        lines[2] = 'b,"Nein, ü"'
    table = table_of(tmp_path, bom + end.join(lines).encode())
    assert cells(table) == [{"id": "a", "text": "Ja."}, {"id": "b", "text": "Nein, ü"}]


def test_usual_names_in_any_case_and_style(tmp_path):
    header = "Clip-ID;VIDEO NAME;Raw-Text;START_REALIGNED;end_s;Glosses;Speaker;Subset;FPS"
    table = table_of(tmp_path, f"{header}\n1;2;3;4;5;6;7;8;9\n")
    wanted = {"id", "video", "text", "start", "end", "gloss", "signer", "split", "fps"}
    assert cells(table) == [
        {
            meaning: str(n)
            for n, meaning in enumerate(("id", "video", "text", "start", "end", "gloss", "signer", "split", "fps"), 1)
        }
    ]
    assert set(table.columns) == wanted


def test_columns_named_by_options(tmp_path):
    table = table_of(tmp_path, "Datei;Satz\na;b\n", columns={"text": "Satz", "video": "Datei"})
    assert cells(table) == [{"video": "a", "text": "b"}]
    with pytest.raises(UsageError, match=r"no column 'Stz' for text; the columns are 'Datei', 'Satz'"):
        table_of(tmp_path, "Datei;Satz\na;b\n", columns={"text": "Stz"})
    with pytest.raises(UsageError, match="no meaning 'txt'; the meanings are id"):
        table_of(tmp_path, "Datei;Satz\na;b\n", columns={"txt": "Satz"})


def test_missing_column_lists_what_is_there_and_the_remedy(tmp_path):
    with pytest.raises(UsageError, match=r"t\.csv: no column for the text.*'id', 'Satz'.*--column text=HEADING"):
        table_of(tmp_path, "id,Satz\na,b\n", needs=(("id",), ("text",)))
    with pytest.raises(UsageError, match="no column for the id or name"):
        table_of(tmp_path, "text\na\n", needs=(("id", "name"),))


def test_quotes_newlines_and_doubled_quotes(tmp_path):
    table = table_of(tmp_path, 'id,text\na,"Er sagt: ""ja"",\nund geht"\nb,plain "inside" quotes\n')
    assert [(row.line, row.cells["text"]) for row in table.rows()] == [
        (2, 'Er sagt: "ja",\nund geht'),
        (4, 'plain "inside" quotes'),
    ]


@pytest.mark.parametrize("after", ["", 'c,"legal, text"\n', "c,plain\n" * 30_000])
def test_an_open_quote_costs_its_own_row_only(tmp_path, after):
    table = table_of(tmp_path, 'id,text\na,one\nb,"never closed\n' + after + "z,last\n")
    rows = list(table.rows())
    assert [row.line for row in rows if isinstance(row, BadRow)] == [3]
    assert len(rows) == 3 + after.count("\n")
    assert rows[-1] == Row(4 + after.count("\n"), {"id": "z", "text": "last"})


def test_open_quotes_in_every_line_take_no_time(tmp_path):
    table = table_of(tmp_path, "video,text,gloss\n" + 'a","",""\n' * 8000 + "a,b,c\n")
    began = time.perf_counter()
    *bad, good = table.rows()
    assert time.perf_counter() - began < 8
    assert good.get("text") == "b"
    assert len(bad) == 8000


def test_a_text_of_many_lines_is_one_cell(tmp_path):
    lines = "\n".join(f"line {number}" for number in range(150))
    assert cells(table_of(tmp_path, f'video,text\na,"{lines}"\n')) == [{"video": "a", "text": lines}]


def test_rows_of_the_wrong_length(tmp_path):
    rows = list(table_of(tmp_path, "id,text\na,b, c\nd,e,\nf\n,,\n\n").rows())
    assert [(type(row), row.line) for row in rows] == [(BadRow, 2), (BadRow, 3), (Row, 4)]
    assert "3 cells, but the header names 2 columns; a cell that holds a comma must stand in double" in rows[0].message
    assert rows[2].cells == {"id": "f"}


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("id,text\na,b\nc,größe\n".encode("latin-1"), r"line 3, byte 5 \(0xf6\)"),
        ("id,text\n".encode("utf-16"), r"line 1, byte 1 \(0xff\)"),
        ("id,text\n".encode("utf-16-le"), r"line 1, byte 2 \(0x00\)"),
        ("id,text\na,한국어\n".encode("cp949"), r"line 2, byte 3"),
    ],
)
def test_other_encodings_are_named_with_place_and_remedy(tmp_path, content, place):
    with pytest.raises(UsageError, match=rf"t\.csv: {place}.*iconv"):
        table_of(tmp_path, content)


@pytest.mark.parametrize("content", ["", "\n \n", "\ufeff", ";;;\n"])
def test_empty_tables(tmp_path, content):
    with pytest.raises(UsageError, match="is empty; the first line must name the columns"):
        table_of(tmp_path, content)


def test_unreadable_tables(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(UsageError, match=r"cannot be read|no file that can be read twice"):
            open_table(path)


def test_a_long_table_is_streamed(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("id,text\n" + "".join(f"clip-{n},Satz {n} von vielen\n" for n in range(20_000)))
    table = open_table(path)
    tracemalloc.start()
    try:
        assert sum(1 for _ in table.rows()) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(words, words), max_size=6), st.sampled_from("\t,;|"))
def test_what_csv_writes_is_read_back(rows, delimiter):
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator="\r\n").writerows([("id", "text"), *rows])
    with tempfile.TemporaryDirectory() as folder:
        table = table_of(Path(folder), file.getvalue())
        read = [(row.cells["id"], row.cells["text"]) for row in table.rows()]
    # Cells are compared without line ends, which text files translate, and rows without a letter are passed over.
    assert [tuple(map(str.split, row)) for row in read] == [
        tuple(map(str.split, row)) for row in rows if any(c == "_" or c.isalnum() for cell in row for c in cell)
    ]


@settings(max_examples=80, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.lists(st.sampled_from(["id", "text", ",", '"', '""', "\n", "\r", "a", "ü", "\t", ";", " ", "\0"])).map(
            lambda parts: "".join(parts).encode()
        ),
    )
)
def test_any_bytes_are_rows_or_a_usage_error(content):
    with tempfile.TemporaryDirectory() as folder:
        try:
            for row in table_of(Path(folder), content).rows():
                assert isinstance(row, Row | BadRow)
        except UsageError as error:
            assert "t.csv" in str(error)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", None), (" 12.5 ", 12.5), ("12,5", 12.5), ("7", 7.0), (".5", 0.5), ("1e-3", 0.001), ("-1", -1.0),
     ("2:03.5", 123.5), ("01:02:03.456", 3723.456), ("00:00:01,250", 1.25), ("100:00:00", 360000.0)],
)  # fmt: skip
def test_times(text, seconds):
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["nan", "inf", "x", "1:60", "1:2:3:4", "1_0", "١٢", "--1", "12.5s", "1.2.3", "0x10"])
def test_no_times(text):
    with pytest.raises(ValueError, match="is no time"):
        parse_time(text)


@pytest.mark.parametrize("span", [("5", "4"), ("5", "5"), ("-1", "4"), ("1", "-4"), ("nan", ""), ("", "inf"),
                                  ("1e999", ""), ("1", "1e307"), ("", "0"), ("9" * 400 + ":00:00", "")])  # fmt: skip
def test_bad_spans(span):
    with pytest.raises(ClipRejected) as caught:
        parse_span(*span)
    assert caught.value.reason == "bad-times"


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_span_is_in_order_or_rejected(start, end):
    try:
        start_s, end_s = parse_span(start, end)
    except ClipRejected:
        return
    for value in (start_s, end_s):
        assert value is None or (math.isfinite(value) and value >= 0)
    assert end_s is None or end_s > (start_s or 0)


SRT = """1
00:00:01,000 --> 00:00:02,500
<i>Guten Tag</i>,
{\\an8}meine Damen

2
00:00:02,000 --> 00:00:04,000 X1:100
Überlappt & bleibt < hier
"""
VTT = """WEBVTT - Titel
Kind: captions

STYLE
::cue { color: red }

NOTE
nichts

einleitung
00:01.000 --> 00:02.500 align:start
<v Anna>Guten <c.gelb>Tag</c></v>

01:00:02.000 --> 01:00:04.000
<00:00:03.000>Später
"""


def cues_of(tmp_path: Path, content: bytes | str) -> list[Cue | BadCue]:
    path = tmp_path / "film.srt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_cues(path))


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_srt_and_vtt_whatever_the_suffix(tmp_path, bom, end):
    found = cues_of(tmp_path, (bom + SRT).replace("\n", end).encode())
    assert [(c.line, c.start_s, c.end_s, c.text) for c in found] == [
        (1, 1.0, 2.5, "Guten Tag,\nmeine Damen"),
        (6, 2.0, 4.0, "Überlappt & bleibt < hier"),
    ]
    assert found[0].text_raw == "<i>Guten Tag</i>,\n{\\an8}meine Damen"
    found = cues_of(tmp_path, (bom + VTT).replace("\n", end).encode())
    assert [(c.start_s, c.end_s, c.text) for c in found] == [(1.0, 2.5, "Guten Tag"), (3602.0, 3604.0, "Später")]


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("1\n00:00:01,000 --> 00:00:02,000\n\n", 1, "text-missing"),
        ("1\n00:00:01,000 --> 00:00:02,000\n<i> </i>\n", 1, "text-missing"),
        ("\n\n1\n00:00:03,000 --> 00:00:02,000\nx\n", 3, "bad-times"),
        ("1\nfoo --> bar\nx\n", 1, "bad-times"),
        ("1\n3 --> 4\nx\n", 1, "bad-times"),
        ("text without times\n", 1, "bad-subtitle"),
        ("NOTE of no WebVTT\n", 1, "bad-subtitle"),
        ("1\n00:00:01,000 --> 00:00:02,000\nx\n2\n00:00:03,000 --> 00:00:04,000\ny\n", 1, "bad-subtitle"),
        ("1\n00:00:01,000 --> 00:00:02,000\ngröße\n".encode("latin-1"), 1, "bad-subtitle"),
    ],
)
def test_bad_cues_are_named_and_the_others_stay(tmp_path, content, line, reason):
    content = content.encode() if isinstance(content, str) else content
    bad, good = cues_of(tmp_path, content + b"\n9\n00:01:01,000 --> 00:01:02,000\ngut\n")
    assert isinstance(bad, BadCue)
    assert (bad.line, bad.reason) == (line, reason)
    assert isinstance(good, Cue)
    assert good.text == "gut"


pieces = st.sampled_from(["WEBVTT", "\n", "\n\n", "00:00:01.000", " --> ", "00:02.5", "1", "<b>", "{\\an8}", "NOTE",
                          "ü", "-->", "\r", "\udcff"])  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(
    st.one_of(st.binary(max_size=200), st.lists(pieces).map(lambda p: "".join(p).encode("utf-8", "surrogateescape")))
)
def test_any_bytes_are_cues_or_named_faults(content):
    with tempfile.TemporaryDirectory() as folder:
        for cue in cues_of(Path(folder), content):
            if isinstance(cue, Cue):
                assert cue.text.strip() == cue.text != ""
                assert 0 <= cue.start_s < cue.end_s < math.inf
            else:
                assert cue.message and cue.line >= 1


@pytest.mark.shared
def test_real_tables(shared_data):
    ksl = open_table(shared_data / "ksl/signlanguage_total.csv", {"video": "파일명", "text": "한국어"})
    rows = list(ksl.rows())
    assert len(rows) == 43_879
    assert rows[0].cells == {"video": "KETI_SL_0000000419.MOV", "text": "화재"}
    suisse = list(open_table(shared_data / "signsuisse/metadata_test.csv", {"text": "example", "video": "id"}).rows())
    assert len(suisse) == 1000
    assert suisse[0].cells["text"].startswith("Über eine Meldung auf dem iPhone werde ich aufgefordert, dieses")
    assert not any(isinstance(row, BadRow) for row in (*rows, *suisse))
