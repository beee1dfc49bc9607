"""OpenASL: a table with clock times, boxes, and videos that come one by one or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt2sign.corpora.base import Source
from prompt2sign.corpora.boxes import read_box
from prompt2sign.corpora.openasl import OpenAslCorpus
from prompt2sign.errors import MissingError, UsageError
from prompt2sign.options import FetchOptions
from prompt2sign.records import Clip

from .corpora_made import Made, asking
from .corpora_made.asking import check_wanted, counts, reasons, videos_of
from .corpora_made.openasl import GONE, HEADER, make, row

OPENASL = OpenAslCorpus()


def source_of(root: Path | None, **fields) -> Source:
    return asking.source_of(root, "ASL", **fields)


@pytest.fixture
def made(tmp_path) -> Made:
    return make(tmp_path)


def test_made_copy(made):
    source = source_of(made.root)
    found = list(OPENASL.clips(source))
    assert counts(found) == (made.n_clips, made.n_rejected)
    assert found[1] == Clip(
        clip_id="-oPenAsl_01:00:00:01.480-00:00:03.000",
        language="ASL",
        corpus="openasl",
        split="train",
        text='"Welcome back," he said.',
        text_raw='"Welcome back," he said.',
        media=made.root / "videos/-oPenAsl_01.mp4",
        start_s=1.48,
        end_s=3.0,
        crop=(0.0, 0.0, 0.95, 1.0),
        video="-oPenAsl_01",
    )
    assert [clip.split for clip in found[:4]] == ["train", "train", "dev", "test"]
    assert (found[0].gloss, found[3].crop) == ("hello", None)
    assert [reason for _, reason in reasons(found)][4:] == ["video-missing", "bad-video-id", "bad-times"]
    assert "openasl-v1.0.tsv, line 6" in found[4].message
    plan = OPENASL.plan(source)
    assert plan.n_clips == 4
    assert "Clips without a box of the signer, which --crop published leaves as they are: 1." in plan.notes


def test_facts_say_that_nothing_made_from_it_may_be_shared():
    facts = OPENASL.facts
    assert (facts.licence, facts.redistribute_motion, facts.redistribute_video) == ("CC-BY-NC-ND-4.0", False, False)
    assert facts.unknown and facts.numbers == "98,417 sentences from 2,043 videos"


def test_what_to_fetch_grows_with_the_table(made, tmp_path):
    source = source_of(None, fetched=tmp_path / "nothing")
    check_wanted(OPENASL.wanted(source))
    assert videos_of(OPENASL.wanted(source)) == []
    source = source_of(None, fetched=made.root)
    wanted = OPENASL.wanted(source)
    check_wanted(wanted)
    assert sorted(videos_of(wanted)) == ["videos/-oPenAsl_01", "videos/oPen-Asl_02", f"videos/{GONE}"]
    assert {one.url for one in wanted[2:]} == {
        f"https://www.youtube.com/watch?v={Path(path).name}" for path in videos_of(wanted)
    }
    first = OPENASL.wanted(source_of(None, fetched=made.root, fetch=FetchOptions(max_videos=2)))
    assert videos_of(first) == videos_of(wanted)[:2]


def test_videos_that_were_never_asked_for_are_no_rejections(made):
    """Only where the folder was fetched: a folder that a user brings should hold all."""
    fetch = FetchOptions(max_videos=1)
    (asked,) = videos_of(OPENASL.wanted(source_of(None, fetched=made.root, fetch=fetch)))
    for video in ("-oPenAsl_01", "oPen-Asl_02"):
        if f"videos/{video}" != asked:
            (made.root / f"videos/{video}.mp4").unlink()
    source = source_of(made.root, fetched=made.root, fetch=fetch)
    missing = [entry.clip_id for entry in OPENASL.clips(source) if getattr(entry, "reason", "") == "video-missing"]
    assert all(Path(asked).name in clip_id for clip_id in missing)
    assert any("asked for 1 videos at most" in note for note in OPENASL.plan(source).notes)
    brought = OPENASL.clips(source_of(made.root, fetch=fetch))
    assert sum(reason == "video-missing" for _, reason in reasons(brought)) > len(missing)


def test_only_videos_of_the_table_given_by_hand_are_asked_for(made, tmp_path):
    table = tmp_path / "few.tsv"
    table.write_text(HEADER + row("oPen-Asl_02", "00:00:00.500", "00:00:01.900", "Snow.", "valid"))
    wanted = OPENASL.wanted(source_of(None, fetched=tmp_path / "nothing", text=table))
    assert videos_of(wanted) == ["videos/oPen-Asl_02"]
    found = list(OPENASL.clips(source_of(made.root, text=table)))
    assert reasons(found)[0] == ("oPen-Asl_02:00:00:00.500-00:00:01.900", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"He said ""no"", then left."', 'He said "no", then left.'),
        ('"No', '"No'),
        ('She said: "no"', 'She said: "no"'),
    ],
)
def test_quotes_are_read_as_written_or_as_doubled(made, text, expected):
    """It is not known whether the published table is quoted; neither way may a line be swallowed."""
    rows = [row("oPen-Asl_02", f"00:00:0{n}.500", f"00:00:0{n}.900", text, "train") for n in (0, 1)]
    (made.root / "openasl-v1.0.tsv").write_text("\ufeff" + HEADER + "".join(rows), encoding="utf-8")
    assert [entry.text for entry in OPENASL.clips(source_of(made.root)) if isinstance(entry, Clip)] == [expected] * 2


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (("x", "oPen-Asl_02", "0:00:01", "", "Yes."), "bad-times"),
        (("x", "oPen-Asl_02", "00:00:99.000", "00:01:99.000", "Yes."), "bad-times"),
        (("x", "oPen-Asl_02", "00:00:01.000", "00:00:02.000", " "), "text-missing"),
        (("x", "-x;reboot;.", "00:00:01.000", "00:00:02.000", "Yes."), "bad-video-id"),
        (("x", "", "00:00:01.000", "00:00:02.000", "Yes."), "bad-video-id"),
        (("x", "OPEN-ASL_02", "00:00:01.000", "00:00:02.000", "Yes."), "video-missing"),
        (("", "oPen-Asl_02", "00:00:01.000", "00:00:02.000", "Yes."), "bad-row"),
        (("x", "oPen-Asl_02", "00:00:01.000", "00:00:02.000", "Yes.", "", "", "everything"), "unknown-split"),
        (("x", "oPen-Asl_02", "1", "2", "Yes.", "", "", "test", "one", "more"), "bad-row"),
    ],
)
def test_rows_that_cannot_be_used(made, cells, reason):
    (made.root / "openasl-v1.0.tsv").write_text(HEADER + "\t".join(cells) + "\n", encoding="utf-8")
    (rejection, *_) = OPENASL.clips(source_of(made.root))
    assert rejection.reason == reason and "line 2" in rejection.message


def test_the_repository_as_cloned_is_found(made):
    (made.root / "data").mkdir()
    for name in ("openasl-v1.0.tsv", "bbox-v1.0.json"):
        (made.root / name).rename(made.root / "data" / name)
    found = list(OPENASL.clips(source_of(made.root)))
    assert counts(found) == (made.n_clips, made.n_rejected)
    assert found[0].crop is not None


def test_a_film_that_no_row_names_is_said(made):
    (made.root / "videos/holiday.mp4").write_bytes(b"x")
    assert reasons(OPENASL.clips(source_of(made.root)))[-1] == ("videos/holiday", "text-missing")


@pytest.mark.parametrize("content", ["[]", "{", "[" * 100_000, '"x"'])
def test_damaged_boxes(made, content):
    (made.root / "bbox-v1.0.json").write_text(content)
    with pytest.raises(UsageError, match=r"bbox-v1\.0\.json"):
        list(OPENASL.clips(source_of(made.root)))


@pytest.mark.parametrize("box", [None, [1, 2], [0.5, 0, 0.5, 1], ["0", "0", "1", "1"], [0, 0, 1, 10**400], {"x": 1}])
def test_a_box_that_is_none_leaves_the_clip_uncropped(made, box):
    (made.root / "bbox-v1.0.json").write_text(json.dumps({"-oPenAsl_01:00:00:00.120-00:00:01.480": box}))
    assert next(iter(OPENASL.clips(source_of(made.root)))).crop is None


@settings(deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists, max_leaves=6))
def test_boxes_lie_in_the_picture_or_are_none(value):
    box = read_box(value)
    assert box is None or (0 <= box[0] < box[2] <= 1 and 0 <= box[1] < box[3] <= 1)


def test_what_is_not_there_is_named(tmp_path):
    (missing,) = OPENASL.plan(source_of(None)).missing
    assert "--from" in missing and "bbox" in missing
    with pytest.raises(MissingError):
        list(OPENASL.clips(source_of(None)))
    with pytest.raises(UsageError, match=r"no openasl-v1\.0\.tsv in it\. Expected is a folder with"):
        list(OPENASL.clips(source_of(tmp_path)))
    (tmp_path / "openasl-v1.0.tsv").write_text("vid\tyid\tfrom\tto\n")
    with pytest.raises(UsageError, match="no column 'raw-text' for text"):
        list(OPENASL.clips(source_of(tmp_path)))
    with pytest.raises(UsageError, match="takes no --keypoints"):
        OPENASL.clips(source_of(tmp_path, keypoints=tmp_path))
