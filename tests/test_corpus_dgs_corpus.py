"""Public DGS Corpus: its list of documents, its transcripts, and its keypoints."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt2sign.acquire.fetch import fetch
from prompt2sign.corpora.base import Source
from prompt2sign.corpora.dgs_corpus import DgsCorpus
from prompt2sign.corpora.dgs_index import INDEX, read_index
from prompt2sign.errors import ClipRejected, MissingError, UsageError
from prompt2sign.estimators import dgs_openpose
from prompt2sign.estimators.dgs_openpose import read_transcript
from prompt2sign.estimators.long_keypoints import is_long, read_long
from prompt2sign.languages import get_language
from prompt2sign.options import FetchOptions, SplitOptions
from prompt2sign.records import Clip, Rejection

from .corpora_made.dgs_corpus import BASE, BOTH, ONE, SILENT, make, page, write_openpose
from .corpora_made.elan import elan_file
from .server import Server

CORPUS = DgsCorpus()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make(tmp_path_factory.mktemp("dgs"))


def source_of(root: Path | None, **changes) -> Source:
    plain = Source(language=get_language("GSL"), root=root, text=None, keypoints=None, scratch=Path("unused"))
    return replace(plain, fetched=root, **changes)


def keypoints_of(root: Path) -> Source:
    return source_of(root, fetch=FetchOptions(variant="keypoints"))


def entries_of(source: Source) -> tuple[list[Clip], list[Rejection]]:
    found = list(CORPUS.clips(source))
    return [e for e in found if isinstance(e, Clip)], [e for e in found if isinstance(e, Rejection)]


# The list of documents ---------------------------------------------------------------------------------------------


def test_the_list_comes_first(tmp_path):
    assert CORPUS.wanted(source_of(None)) == CORPUS.wanted(source_of(tmp_path)) == (INDEX,)
    assert INDEX.url == "https://www.sign-lang.uni-hamburg.de/meinedgs/ling/start-name_en.html"


def test_what_the_list_names(made):
    both, one = f"videos/{BOTH}/{BOTH}", f"videos/{ONE}/{ONE}"
    videos = [file.path for file in CORPUS.wanted(source_of(made.root))[1:]]
    expected = [f"eaf/{BOTH}.eaf", f"{both}_1a1.mp4", f"{both}_1b1.mp4", f"eaf/{ONE}.eaf", f"{one}_1b1.mp4"]
    assert videos == [*expected, f"eaf/{SILENT}.eaf"]
    keypoints = CORPUS.wanted(keypoints_of(made.root))[1:]
    documents = (BOTH, ONE, SILENT)
    assert [f.path for f in keypoints] == [
        path for name in documents for path in (f"eaf/{name}.eaf", f"openpose/{name}_openpose.json.gz")
    ]
    assert all(file.url == BASE + file.path for file in keypoints)
    with pytest.raises(UsageError, match="no variant 'openpose'; it has videos, keypoints"):
        CORPUS.wanted(source_of(made.root, fetch=FetchOptions(variant="openpose")))


def test_a_hostile_list_names_nothing_else(tmp_path):
    rows = f"""
      <tr id="../../etc"><td><a href="../eaf/../../etc.eaf">x</a></td></tr>
      <tr id="{ONE}"><td><a href="https://evil.example/meinedgs/eaf/{ONE}.eaf">x</a>
        <a href="../eaf/{ONE}.eaf">x</a><a href="../eaf/{ONE}.eaf?x=1">x</a><a href="../eaf/{SILENT}.eaf">x</a>
        <a href="../../meinedgs/videos/{ONE}/{ONE}_1a1.mp4">x</a><a href="../videos/{ONE}/../../{ONE}_1b1.mp4">x</a>
        <a href="file:///videos/{ONE}/{ONE}_1b1.mp4">x</a><a href="//[">x</a>"""
    (tmp_path / "ling").mkdir()
    (tmp_path / INDEX.path).write_text(rows)
    assert [file.path for file in CORPUS.wanted(source_of(tmp_path))[1:]] == [
        f"eaf/{ONE}.eaf",
        f"videos/{ONE}/{ONE}_1a1.mp4",
    ]


@settings(max_examples=60, deadline=None)
@given(noise=st.text(alphabet="<>/=\"' -_.:[]trtdahefidl&;1234567890\n", max_size=300))
def test_no_page_breaks_the_reader(tmp_path_factory, noise):
    path = tmp_path_factory.getbasetemp() / "page.html"
    path.write_text(noise + page((ONE,)) + noise)
    try:
        assert all(name.document_id for name in read_index(path))
    except UsageError as error:
        assert "lists no document" in str(error)


def test_a_list_that_is_none(tmp_path):
    (tmp_path / "ling").mkdir()
    (tmp_path / INDEX.path).write_text("<html>We have moved.</html>")
    with pytest.raises(UsageError, match=r"lists no document; the page of the corpus may have changed.*--from"):
        CORPUS.wanted(source_of(tmp_path))


def test_only_the_documents_that_the_user_lists(made, tmp_path):
    chosen = tmp_path / "documents.txt"
    chosen.write_text(f"\ufeff# to try\n{ONE}\n\n{ONE}\n")
    source = source_of(made.root, text=chosen)
    assert [file.path for file in CORPUS.wanted(source)[1:]] == [f"eaf/{ONE}.eaf", f"videos/{ONE}/{ONE}_1b1.mp4"]
    clips, rejected = entries_of(source)
    assert [clip.clip_id for clip in clips] == [f"{ONE}-B_0-3500"] and len(rejected) == 1
    chosen.write_text("7777777\n")
    with pytest.raises(UsageError, match="has no document 7777777"):
        CORPUS.wanted(source)
    with pytest.raises(MissingError, match="has no transcript 7777777"):
        entries_of(source)
    chosen.write_text(f"{ONE}\n../{ONE}\n")
    with pytest.raises(UsageError, match=r"line 2: '../1413446' is no document"):
        CORPUS.wanted(source)


def test_fetched_as_published(made, tmp_path):
    with Server() as server:
        for url, path in made.served.items():
            server.serve(url, path)
        options = FetchOptions(mirrors=server.mirrors(), retries=0)
        source = source_of(tmp_path, fetch=options)
        fetch(lambda: CORPUS.wanted(source), tmp_path, options)
        asked = {request.url for request in server.requests}
    assert BASE + f"openpose/{ONE}_openpose.json.gz" not in asked
    assert [c.clip_id for c in entries_of(source)[0]] == [c.clip_id for c in entries_of(source_of(made.root))[0]]


# Transcripts -------------------------------------------------------------------------------------------------------


def test_sentences(made):
    clips, rejected = entries_of(source_of(made.root))
    assert (len(clips), len(rejected)) == (made.n_clips, made.n_rejected)
    video = f"videos/{BOTH}/{BOTH}_1a1.mp4"
    assert clips[1] == Clip(
        clip_id=f"{BOTH}-A_200-1700",
        language="GSL",
        corpus="dgs-corpus",
        text="Morgen wird das Wetter schön.",
        text_raw="Morgen wird das Wetter schön.",
        media=made.root / video,
        start_s=0.2,  # 0.210 lies in the frame that is shown from 0.200 on
        end_s=1.7,
        signer="1413451-A",
        gloss="MORGEN1B $INDEX1 WETTER1*",
        video=video,
    )
    assert [(clip.signer, clip.text) for clip in clips[2:]] == [
        ("1413451-A", "Ich fahre heim."),
        ("1413451-B", "Ja, genau."),
    ]
    assert clips[0].text == "Ein Hase trifft einen Igel."  # its tier's name is decomposed
    assert [entry.reason for entry in rejected] == ["video-missing", "text-missing", "text-missing"]
    assert "has no German translation" in rejected[-1].message


def test_signers_are_parted(made):
    options = SplitOptions(dev=0.4, test=0.0)
    clips, _ = entries_of(source_of(made.root, splits=options))
    of_signer = {clip.signer: {other.split for other in clips if other.signer == clip.signer} for clip in clips}
    assert all(len(splits) == 1 for splits in of_signer.values()) and {"dev"} in of_signer.values()


def test_transcripts_that_cannot_be_used(made, tmp_path):
    (tmp_path / "1234567.eaf").write_text("<html/>")
    (tmp_path / "1234568.eaf").write_text("<ANNOTATION_DOCUMENT>")
    (tmp_path / "notes.eaf").write_text("<ANNOTATION_DOCUMENT/>")
    elan_file(tmp_path / "1234569.eaf", {"Sprecher": [(0, 100, "hallo")]})
    elan_file(tmp_path / "1234570.eaf", {"Deutsche_Übersetzung_B": [(900, 300, "Rückwärts.")]})
    (tmp_path / "1234570_1b1.mp4").write_bytes(b"x")
    (tmp_path / "1234570_1c.mp4").write_bytes(b"x")
    clips, rejected = entries_of(source_of(tmp_path))
    assert not clips
    assert [(entry.clip_id.split(",")[0], entry.reason) for entry in rejected] == [
        ("1234567", "bad-transcript"),
        ("1234568", "bad-transcript"),
        ("1234569", "bad-transcript"),
        ("1234570", "bad-annotation"),
        ("notes", "bad-name"),
        ("1234570_1b1", "text-missing"),
    ]


def test_a_folder_of_something_else(tmp_path):
    for door in (entries_of, CORPUS.plan):
        with pytest.raises(UsageError, match=r"holds no video. Expected is"):
            door(source_of(tmp_path))
    (tmp_path / "1413446_1b1.mp4").write_bytes(b"x")
    with pytest.raises(UsageError, match="holds no transcript"):
        entries_of(source_of(tmp_path))
    (missing,) = CORPUS.plan(source_of(None)).missing
    assert BASE in missing and "--from" in missing


# Keypoints ---------------------------------------------------------------------------------------------------------


def test_clips_of_keypoints(made):
    clips, rejected = entries_of(keypoints_of(made.root))
    clip = next(clip for clip in clips if clip.text == "Ja, genau.")
    assert clip.keypoints == made.root / f"openpose/{BOTH}_openpose.json.gz" and is_long(clip.keypoints)
    assert (clip.keypoints_member, clip.fps, clip.media, clip.start_s) == ("b/20-145", 50.0, None, None)
    assert len(clips) == 5  # keypoints of signer A are there where the video is not
    assert [entry.clip_id.split(",")[0] for entry in rejected] == [BOTH, SILENT, f"openpose/{SILENT}"]
    assert any("300 MB" in note for note in CORPUS.plan(keypoints_of(made.root)).notes)


def test_a_part_of_a_recording(made):
    people, values = read_long(made.root / f"openpose/{ONE}_openpose.json.gz", "b/5-9")
    assert people.frames.tolist() == [0, 1, 2, 3] and people.n_frames == 4
    assert people.xyc[2, 30].tolist() == [107.0, 30.0, 0.5]  # camera 1, frame 7, point 30
    assert (people.width, people.height, values["n_missing_frames"]) == (1280, 720, 0)
    people, values = read_long(made.root / f"openpose/{ONE}_openpose.json.gz", "a/18-22")
    assert (people.n_frames, people.frames.tolist(), values["n_missing_frames"]) == (4, [0, 1], 2)


@pytest.mark.parametrize("member", ["a/20-30", "c/0-5", "0-5", "a/5-5", "a/-1-5", "../a/0-5", ""])
def test_a_part_that_is_not_there(made, member):
    with pytest.raises(ClipRejected) as rejected:
        read_long(made.root / f"openpose/{ONE}_openpose.json.gz", member)
    assert rejected.value.reason == "no-keypoints"


@pytest.mark.parametrize("chunk", [61, 1000, 1 << 20])
def test_pieces_of_any_length(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(dgs_openpose, "_CHUNK", chunk)
    path = tmp_path / "1234567_openpose.json.gz"
    write_openpose(path, 6, lacks=3)
    cameras = read_transcript(path)
    assert sorted(cameras) == ["a", "b"] and sorted(cameras["a"].frames) == [0, 1, 2, 4, 5]
    expected = [[[100.0 * 1 + 4, float(point), 0.5] for point in range(137)]]
    np.testing.assert_array_equal(cameras["b"].frames[4], np.array(expected, np.float32))


def zipped_json(path: Path, document: object) -> Path:
    text = document if isinstance(document, str) else json.dumps(document)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    return path


def test_facts_in_another_order(tmp_path):
    person = {"pose_keypoints_2d": [5.0, 6.0, 0.5] * 25}
    frames = {"7": {"note": 'a "} in it', "people": [person]}, "0": {"people": []}}
    cameras = [{"frames": frames, "extra": {"deep": [[{}]]}, "width": 640, "camera": "b1", "height": "tall"}]
    found = read_transcript(zipped_json(tmp_path / "x.json.gz", cameras))["b"]
    assert (found.width, found.height, sorted(found.frames), len(found.frames[0])) == (640, 0, [0, 7], 0)
    assert found.frames[7][0, 24].tolist() == [5.0, 6.0, 0.5]


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ({}, "no list of cameras"),
        ([1], "no camera of a signer"),
        ([{"camera": "c", "frames": {}}], "no camera of a signer"),
        ([[]], "no list of cameras"),
        ("", "cut off"),
        ('[{"camera": "a1"', "cut off"),
        ("[]]", "never opened"),
        ("[] and more", "cut off"),
        ([{"width": 3}], "camera without a name"),
        ([{"camera": "a1"}, {"camera": "a2"}], "two cameras of signer a"),
        ([{"camera": "a1", "frames": {"one": {"people": []}}}], "no number"),
        ([{"camera": "a1", "frames": {"1": []}}], "holds a list"),
        ([{"camera": "a1", "frames": {"1": {"people": 3}}}], "neither a list"),
        ([{"camera": "a1", "frames": {"1": {"people": [{"pose_keypoints_2d": [1.0, 2.0]}]}}}], "frame 1.*2 numbers"),
        ("[" * 100, "no list of cameras"),
        ('[{"camera":' + "[" * 100, "no list of cameras"),
    ],
)
def test_damaged_keypoints(tmp_path, document, fault):
    with pytest.raises(ClipRejected, match=fault) as rejected:
        read_transcript(zipped_json(tmp_path / "x.json.gz", document))
    assert rejected.value.reason == "bad-json"


def test_an_object_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(dgs_openpose, "_CHUNK", 1 << 16)
    monkeypatch.setattr(dgs_openpose.openpose_json, "MAX_JSON_BYTES", 1 << 16)
    with pytest.raises(ClipRejected, match="more than a frame can be"):
        read_transcript(zipped_json(tmp_path / "x.json.gz", '[{"camera": "' + "a" * (1 << 19)))


def test_a_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(dgs_openpose, "_MAX_BYTES", 1 << 20)
    with pytest.raises(ClipRejected, match="unzips to more than") as rejected:
        read_transcript(zipped_json(tmp_path / "x.json.gz", "[" + " " * (3 << 20)))
    assert rejected.value.reason == "too-large"


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_no_damage_breaks_the_reader(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp()
    whole = folder / "whole.json.gz"
    if not whole.exists():
        write_openpose(whole, 2)
    text = bytearray(gzip.decompress(whole.read_bytes()))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place : place + data.draw(st.integers(0, 4))] = data.draw(
            st.sampled_from([b"", b"{", b"]", b'"', b"9", b"\xff"])
        )
    packed = gzip.compress(bytes(text), mtime=0)
    damaged = folder / "damaged.json.gz"
    damaged.write_bytes(packed[: data.draw(st.sampled_from([len(packed), len(packed) - 9, 40]))])
    try:
        read_transcript(damaged)
    except ClipRejected as rejected:
        assert str(damaged) in str(rejected)
