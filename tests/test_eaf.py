"""ELAN files, made here: what is written comes back, and what is broken is named."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt2sign.annotations.eaf import Transcript, read_tiers
from prompt2sign.errors import FormatError

TYPES = (
    '<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="free" TIME_ALIGNABLE="true"/>'
    '<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="parts" CONSTRAINTS="Symbolic_Subdivision" TIME_ALIGNABLE="false"/>'
    '<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="same" CONSTRAINTS="Symbolic_Association" TIME_ALIGNABLE="false"/>'
    '<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="steps" CONSTRAINTS="Time_Subdivision" TIME_ALIGNABLE="true"/>'
)


def slots(*times: int | None) -> str:
    rows = (
        f'<TIME_SLOT TIME_SLOT_ID="t{n}"' + ("/>" if time is None else f' TIME_VALUE="{time}"/>')
        for n, time in enumerate(times)
    )
    return f"<TIME_ORDER>{''.join(rows)}</TIME_ORDER>"


def aligned(name: str, first: object, last: object, value: str = "") -> str:
    text = value.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{name}" TIME_SLOT_REF1="t{first}" TIME_SLOT_REF2="t{last}">'
        f"<ANNOTATION_VALUE>{text}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
    )


def child(name: str, parent: str, value: str = "", previous: str = "") -> str:
    after = f' PREVIOUS_ANNOTATION="{previous}"' if previous else ""
    return (
        f'<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="{name}" ANNOTATION_REF="{parent}"{after}>'
        f"<ANNOTATION_VALUE>{value}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
    )


def tier(name: str, *annotations: str, kind: str = "free", parent: str = "", who: str = "") -> str:
    above = f' PARENT_REF="{parent}"' if parent else ""
    return (
        f'<TIER TIER_ID={quoteattr(name)} LINGUISTIC_TYPE_REF="{kind}" PARTICIPANT="{who}"{above}>'
        f"{''.join(annotations)}</TIER>"
    )


def document(*parts: str, units: str = "milliseconds") -> str:
    media = '<MEDIA_DESCRIPTOR MEDIA_URL="file:///a.mp4" MIME_TYPE="video/mp4" TIME_ORIGIN="40"/>'
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<ANNOTATION_DOCUMENT FORMAT="3.0">'
        f'<HEADER TIME_UNITS="{units}">{media}</HEADER>{"".join(parts)}{TYPES}</ANNOTATION_DOCUMENT>'
    )


def read(folder: Path, *parts: str, **about: str) -> Transcript:
    path = folder / "a.eaf"
    path.write_text(document(*parts, **about), encoding="utf-8")
    return read_tiers(path)


def spans(transcript: Transcript) -> dict[str, tuple[float, float]]:
    return {a.annotation_id: (a.start_s, a.end_s) for tier in transcript.tiers for a in tier.annotations}


def test_times_come_from_slots_and_parents(tmp_path):
    found = read(
        tmp_path,
        slots(1000, 4000, 5500),
        tier("Deutsche_Übersetzung_A", aligned("a1", 0, 1, " Guten Tag & <mehr> "), aligned("a2", 1, 2), who="A"),
        tier("Gebärde_A", child("b2", "a1", "ZWEI", "b1"), child("b1", "a1", "EINS"), kind="parts", parent="X"),
        tier("Sign_A", child("c1", "b2", "TWO"), kind="same"),
    )
    assert spans(found) == {"a1": (1, 4), "a2": (4, 5.5), "b1": (1, 2.5), "b2": (2.5, 4), "c1": (2.5, 4)}
    assert [annotation.value for annotation in found.tiers[0].annotations] == ["Guten Tag & <mehr>", ""]
    assert [annotation.value for annotation in found.tiers[1].annotations] == ["EINS", "ZWEI"]
    assert (found.tiers[0].participant, found.tiers[1].parent, found.tiers[1].kind) == ("A", "X", "parts")
    assert (found.media, found.faults) == ((("file:///a.mp4", 0.04),), ())
    named = [(tier.name, match["who"]) for tier, match in found.matching(r"Deutsche_Übersetzung_(?P<who>\w)")]
    assert named == [("Deutsche_Übersetzung_A", "A")]


def test_slots_without_a_time_lie_evenly_between_those_with_one(tmp_path):
    steps = [aligned("a1", 0, 1), aligned("a2", 1, 2), aligned("a3", 2, 3)]
    assert spans(read(tmp_path, slots(0, None, None, 3000), tier("x", *steps, kind="steps"))) == {
        "a1": (0, 1),
        "a2": (1, 2),
        "a3": (2, 3),
    }
    own = [aligned("a1", 0, 1), aligned("a2", 2, 3)]
    assert spans(read(tmp_path, slots(0, None, None, 3000), tier("x", *own))) == {"a1": (0, 1.5), "a2": (1.5, 3)}


def test_other_units_of_time(tmp_path):
    found = read(tmp_path, slots(25, 50), tier("x", aligned("a1", 0, 1)), units="PAL-frames")
    assert spans(found) == {"a1": (1, 2)}
    with pytest.raises(FormatError, match="counts time in 'moons'"):
        read(tmp_path, units="moons")


def test_what_refers_to_nothing_is_named_and_the_rest_is_read(tmp_path):
    found = read(
        tmp_path,
        slots(0, 1000, 1000, None),
        '<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="t9" TIME_VALUE="-5"/></TIME_ORDER>',
        tier(
            "x",
            aligned("a1", 0, 1, "gut"),
            aligned("a2", 0, 7),
            aligned("a3", 1, 2),
            aligned("a1", 0, 1, "noch einmal"),
            aligned("a4", 9, 1),
            aligned("a5", 1, 3),
        ),
        tier("y", child("b1", "gone"), child("b2", "b3"), child("b3", "b2"), child("b4", "a1"), kind="same"),
    )
    assert spans(found) == {"a1": (0, 1), "b4": (0, 1)}
    assert [annotation.value for annotation in found.tiers[0].annotations] == ["gut"]
    assert sorted((fault.tier, fault.message.partition(",")[0]) for fault in found.faults) == [
        ("x", "it ends at 1 s"),
        ("x", "its time slots have no time"),
        ("x", "its time slots t0 and t7 are not both there"),
        ("x", "its time slots t9 and t1 are not both there"),
        ("x", "the id 'a1' stands twice"),
        ("y", "it belongs to annotation 'b2'"),
        ("y", "it belongs to annotation 'b3'"),
        ("y", "it belongs to annotation 'gone'"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no whole EAF file"),
        (b"<ANNOTATION_DOCUMENT><TIER", "is no whole EAF file"),
        (b"<html></html>", "is XML, but no ELAN file"),
        (b'<!DOCTYPE a [<!ENTITY b "bb">]><ANNOTATION_DOCUMENT/>', "entities"),
        (
            b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><ANNOTATION_DOCUMENT>&b;</ANNOTATION_DOCUMENT>',
            "ent",
        ),
        (b'<!DOCTYPE a SYSTEM "http://x/y.dtd"><ANNOTATION_DOCUMENT>&b;</ANNOTATION_DOCUMENT>', "entities"),
        (b'<?xml version="1.0" encoding="nonsense"?><ANNOTATION_DOCUMENT/>', "is no whole EAF file"),
        (b'<ANNOTATION_DOCUMENT><REF_ANNOTATION ANNOTATION_ID="a"/></ANNOTATION_DOCUMENT>', "outside of any tier"),
    ],
)
def test_what_is_no_eaf(tmp_path, content, message):
    path = tmp_path / "bad.eaf"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"bad\.eaf") as caught:
        read_tiers(path)
    assert message in str(caught.value)


def test_a_bomb_is_refused_before_it_grows(tmp_path):
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x" * 10}">' for n in range(9))
    path = tmp_path / "bomb.eaf"
    path.write_text(f"<!DOCTYPE a [{entities}]><ANNOTATION_DOCUMENT>&e8;</ANNOTATION_DOCUMENT>", encoding="utf-8")
    with pytest.raises(FormatError, match="entities"):
        read_tiers(path)


def test_deep_families_and_long_chains_are_read(tmp_path):
    generations = [tier("x0", aligned("a0", 0, 1))]
    generations += [tier(f"x{n}", child(f"a{n}", f"a{n - 1}"), kind="same") for n in range(1, 3000)]
    generations.append(
        tier("row", *(child(f"r{n}", "a0", "", f"r{n - 1}" if n else "") for n in range(3000)), kind="parts")
    )
    found = spans(read(tmp_path, slots(0, 3000), *generations))
    assert found["a2999"] == (0, 3)
    assert found["r2999"] == (2.999, 3)


VALUES = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=12)
LENGTHS = st.lists(st.tuples(st.integers(0, 500), st.integers(1, 5000), VALUES), max_size=6)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text("abcÄ_ ", min_size=1, max_size=6), LENGTHS, max_size=4))
def test_what_is_written_comes_back(tmp_path_factory, tiers):
    moments: list[int | None] = []
    written, expected, number = [], {}, 0
    for name, rows in tiers.items():
        now, annotations = 0, []
        for gap, lasts, value in rows:
            moments += [now + gap, now + gap + lasts]
            annotations.append(aligned(f"a{number}", len(moments) - 2, len(moments) - 1, value))
            expected[f"a{number}"] = (moments[-2] / 1000, moments[-1] / 1000, value.strip())  # type: ignore[operator]
            now, number = now + gap + lasts, number + 1
        written.append(tier(name, *annotations))
    found = read(tmp_path_factory.mktemp("eaf"), slots(*moments), *written)
    assert [tier.name for tier in found.tiers] == list(tiers)
    assert not found.faults
    assert {
        a.annotation_id: (a.start_s, a.end_s, a.value) for tier in found.tiers for a in tier.annotations
    } == expected


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_is_an_error_with_a_message_or_leaves_a_file(tmp_path_factory, data):
    whole = document(slots(0, 1000), tier("x", aligned("a1", 0, 1, "gut"), child("b", "a1"))).encode()
    place = data.draw(st.integers(0, len(whole)))
    damaged = whole[:place] + data.draw(st.binary(max_size=6)) + whole[place + data.draw(st.integers(0, 6)) :]
    path = tmp_path_factory.mktemp("eaf") / "a.eaf"
    path.write_bytes(damaged)
    try:
        read_tiers(path)
    except FormatError as error:
        assert "a.eaf" in str(error)
