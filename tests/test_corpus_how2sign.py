"""How2Sign: raw videos, ready clips and keypoints, in the layouts in which they are published."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from prompt2sign.acquire.unpack import unpack
from prompt2sign.acquire.wanted import RemoteArchive, RemoteFile
from prompt2sign.corpora.base import Source
from prompt2sign.corpora.how2sign import How2SignCorpus
from prompt2sign.errors import UsageError
from prompt2sign.options import FetchOptions
from prompt2sign.records import Clip

from .corpora_made import asking
from .corpora_made import how2sign as made_how2sign
from .corpora_made.asking import check_wanted, counts, reasons

HOW2SIGN = How2SignCorpus()


def source_of(root: Path | None, **fields) -> Source:
    return asking.source_of(root, "ASL", **fields)


VIDEO = "-d5dN54tH2E-1-rgb_front"
FIRST, SECOND = "-d5dN54tH2E_0-1-rgb_front", "-d5dN54tH2E_1-1-rgb_front"


def how2sign_table(*rows: str, times: str = "START_REALIGNED\tEND_REALIGNED") -> str:
    return f"VIDEO_ID\tVIDEO_NAME\tSENTENCE_ID\tSENTENCE_NAME\t{times}\tSENTENCE\n" + "".join(rows)


def how2sign_row(sentence: str, start: str, end: str, text: str, video: str = VIDEO) -> str:
    return f"{video[:11]}\t{video}\t{sentence[:13]}\t{sentence}\t{start}\t{end}\t{text}\n"


ROWS = (
    how2sign_row(FIRST, "12.97", "19.52", '"He said ""yes"", then left."'),
    how2sign_row(SECOND, "20.65", "24.28", "I call it painting the wall."),
)


@pytest.fixture
def how2sign(tmp_path):
    def make(*files: str, **tables: str) -> Path:
        root = tmp_path / "How2Sign"
        for name in files:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(b"12345")
        for name, content in tables.items():
            folder = root / "sentence_level/x/text/en/raw_text"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.csv").write_text(content, encoding="utf-8")
        return root

    return make


def test_how2sign_raw_videos_are_cut(how2sign):
    root = how2sign(f"video_level/val/rgb_front/raw_videos/{VIDEO}.mp4", how2sign_realigned_val=how2sign_table(*ROWS))
    first, second = HOW2SIGN.clips(source_of(root))
    assert first == Clip(
        clip_id=FIRST,
        language="ASL",
        corpus="how2sign",
        split="dev",
        text='He said "yes", then left.',
        text_raw='He said "yes", then left.',
        media=root / f"video_level/val/rgb_front/raw_videos/{VIDEO}.mp4",
        start_s=12.97,
        end_s=19.52,
        signer="1",
        video=VIDEO,
    )
    assert second.media == first.media
    plan = HOW2SIGN.plan(source_of(root))
    assert (plan.n_clips, plan.n_bytes) == (2, 5)
    assert plan.notes == ("No table for train and test: only the other splits are built.",)


def test_how2sign_ready_clips_are_taken_whole_with_a_warning(how2sign):
    tables = {f"how2sign_realigned_{split}": how2sign_table() for split in ("train", "test")}
    root = how2sign(f"raw_videos/{FIRST}.mp4", "raw_videos/lonely_-1-8-rgb_front.mp4", "x/any-rgb_side.mp4",
                    f"frames/{SECOND}/0001.png",
                    how2sign_realigned_val=how2sign_table(*ROWS), **tables)  # fmt: skip
    found = list(HOW2SIGN.clips(source_of(root)))
    assert reasons(found) == [
        (FIRST, ""),
        (SECOND, "video-missing"),
        ("raw_videos/lonely_-1-8-rgb_front", "text-missing"),
    ]
    assert (found[0].media, found[0].start_s, found[0].end_s) == (root / f"raw_videos/{FIRST}.mp4", None, None)
    assert "how2sign_realigned_val.csv, line 3" in found[1].message
    assert "1 ready clips are taken as they are; they were cut with the first, mis-aligned times" in " ".join(
        HOW2SIGN.plan(source_of(root)).notes
    )


def test_how2sign_raw_video_wins_over_ready_clip(how2sign):
    root = how2sign(f"a/{VIDEO}.mp4", f"b/{FIRST}.mp4", how2sign_realigned_test=how2sign_table(*ROWS))
    first, second = HOW2SIGN.clips(source_of(root))
    assert first.media == second.media == root / f"a/{VIDEO}.mp4"
    assert first.split == "test"


def test_how2sign_realigned_table_wins_and_the_original_is_warned_of(how2sign):
    original = how2sign_table(how2sign_row(FIRST, "1", "2", "Yes."), times="START\tEND")
    root = how2sign(f"{VIDEO}.mp4", how2sign_val=original)
    (clip,) = HOW2SIGN.clips(source_of(root))
    assert (clip.start_s, clip.end_s) == (1.0, 2.0)
    assert "Not re-aligned by name: how2sign_val.csv" in " ".join(HOW2SIGN.plan(source_of(root)).notes)
    how2sign(how2sign_realigned_val=how2sign_table(*ROWS))
    assert [clip.start_s for clip in HOW2SIGN.clips(source_of(root))] == [12.97, 20.65]


def test_how2sign_bad_rows(how2sign):
    rows = [
        how2sign_row(FIRST, "144", "142", "Yes."),
        how2sign_row(SECOND, "1", "2", ""),
        how2sign_row("x", "1", "2", "Yes.", video="../../secret.mp4"),
        how2sign_row(FIRST, "1", "2", "Yes."),
        how2sign_row(FIRST, "1", "2", "Again."),
    ]
    root = how2sign(f"{VIDEO}.mp4", how2sign_realigned_train=how2sign_table(*rows))
    assert reasons(list(HOW2SIGN.clips(source_of(root)))) == [
        (FIRST, "bad-times"),
        (SECOND, "text-missing"),
        ("x", "unsafe-path"),
        (FIRST, ""),
        (FIRST, "duplicate-id"),
    ]


def test_how2sign_table_elsewhere_and_missing(how2sign, tmp_path):
    root = how2sign(f"{FIRST}.mp4")
    with pytest.raises(UsageError, match=r"no how2sign_realigned_\{train,val,test\}.csv in it"):
        list(HOW2SIGN.clips(source_of(root)))
    table = tmp_path / "my_val_sentences.csv"
    table.write_text(how2sign_table(*ROWS))
    assert next(iter(HOW2SIGN.clips(source_of(root, text=table)))).split == "dev"
    table = tmp_path / "mine.tsv"
    table.write_text(f"name\tsentence\tsplit\n{FIRST}\tYes.\ttest\n")
    (clip,) = HOW2SIGN.clips(source_of(root, text=table))
    assert (clip.clip_id, clip.split, clip.signer) == (FIRST, "test", "1")


def test_how2sign_keypoints(how2sign, tmp_path):
    table = tmp_path / "how2sign_realigned_val.csv"
    table.write_text(how2sign_table(*ROWS))
    keypoints = tmp_path / "openpose_output"
    (keypoints / "json" / FIRST).mkdir(parents=True)
    (keypoints / "json" / FIRST / f"{FIRST}_000000000000_keypoints.json").write_text("{}")
    source = source_of(None, text=table, keypoints=keypoints)
    found = list(HOW2SIGN.clips(source))
    assert reasons(found) == [(FIRST, ""), (SECOND, "keypoints-missing")]
    clip = found[0]
    assert (clip.keypoints, clip.keypoints_member, clip.media) == (keypoints, FIRST, None)
    assert (clip.start_s, clip.end_s, clip.fps, clip.width, clip.height) == (None, None, 24.0, 1280, 720)
    assert "mis-aligned" in " ".join(HOW2SIGN.plan(source).notes)
    inside = source_of(None, text=table, keypoints=keypoints / "json")
    assert next(iter(HOW2SIGN.clips(inside))).keypoints == keypoints / "json" / FIRST


@pytest.mark.shared
def test_how2sign_real_table(shared_data, tmp_path):
    table = shared_data / "how2sign/how2sign_realigned_val.csv"
    names = {line.split("\t")[1] for line in table.read_text(encoding="utf-8").splitlines()[1:]}
    for name in names:
        (tmp_path / f"{name}.mp4").touch()
    clips = list(HOW2SIGN.clips(source_of(tmp_path, text=table)))
    assert len(clips) == 1_741
    assert all(isinstance(clip, Clip) for clip in clips)
    assert (clips[0].clip_id, clips[0].start_s, clips[0].end_s) == (FIRST, 12.97, 19.52)
    assert clips[1].text == "I call it painting the wall."
    assert not any(clip.text.startswith('"') or '""' in clip.text for clip in clips)
    assert any('like an "i" you\'re' in clip.text for clip in clips)
    assert all(clip.signer.isdigit() for clip in clips)


@pytest.mark.parametrize(("variant", "n_bytes"), [("", 353e9), ("clips", 37.2e9), ("keypoints", 25.6e9)])
def test_how2sign_says_what_to_fetch(variant, n_bytes):
    wanted = HOW2SIGN.wanted(source_of(None, fetch=FetchOptions(variant=variant)))
    check_wanted(wanted)
    assert [file.path for file in wanted[:3]] == [
        f"text/how2sign_realigned_{split}.csv" for split in ("train", "val", "test")
    ]
    files = [file for one in wanted for file in (one.parts if isinstance(one, RemoteArchive) else (one,))]
    assert sum(max(file.sizes, default=file.about_bytes) for file in files) == pytest.approx(n_bytes, rel=0.01)
    if not variant:
        assert [Path(part.path).suffix for part in wanted[3].parts] == [*(f".z0{n}" for n in range(1, 10)), ".zip"]


def test_how2sign_has_no_other_variant():
    with pytest.raises(UsageError, match="no variant 'side'; it has videos, clips, keypoints"):
        HOW2SIGN.wanted(source_of(None, fetch=FetchOptions(variant="side")))


def test_how2sign_made_copy_as_fetched_and_as_brought(tmp_path):
    made = made_how2sign.make(tmp_path / "made")
    brought = list(HOW2SIGN.clips(source_of(made.root)))
    assert counts(brought) == (made.n_clips, made.n_rejected)
    assert [(entry.text, entry.start_s, entry.signer) for entry in brought if isinstance(entry, Clip)][1:3] == [
        ('"Now," she says, "we wait."', 1.4, "3"),
        ("Fold the paper twice.", 0.4, "5"),
    ]
    fetched = tmp_path / "downloads/how2sign"
    for one in HOW2SIGN.wanted(source_of(None)):
        if isinstance(one, RemoteFile):
            (fetched / one.path).parent.mkdir(parents=True, exist_ok=True)
            (fetched / one.path).write_bytes(made.served[one.url].read_bytes())
        else:
            unpack([made.served[part.url] for part in one.parts], fetched / one.into)
    assert reasons(HOW2SIGN.clips(source_of(fetched, fetched=fetched))) == reasons(brought)


def write_tar(path: Path, name: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = json.dumps({"version": 1.3, "people": []}).encode()
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo(f"openpose_output/json/{name}/{name}_000000000000_keypoints.json")
        member.size = len(frame)
        tar.addfile(member, io.BytesIO(frame))


def test_how2sign_published_keypoints_one_archive_a_split(how2sign, tmp_path):
    tables = {f"how2sign_realigned_{split}": how2sign_table(ROWS[n]) for n, split in enumerate(("train", "val"))}
    third = how2sign_row("-d5dN54tH2E_2-1-rgb_front", "30", "31", "No archive.")
    root = how2sign(**tables, how2sign_realigned_test=how2sign_table(third))
    write_tar(root / "keypoints/train_2D_keypoints.tar.gz", FIRST)
    write_tar(root / "keypoints/val_2D_keypoints.tar.gz", SECOND)
    source = source_of(root, scratch=tmp_path / "scratch", fetch=FetchOptions(variant="keypoints"))
    found = list(HOW2SIGN.clips(source))
    assert reasons(found) == [(FIRST, ""), (SECOND, ""), ("-d5dN54tH2E_2-1-rgb_front", "keypoints-missing")]
    assert found[0].keypoints != found[1].keypoints
    assert (found[0].keypoints_member, found[0].split, found[1].split, found[0].fps) == (FIRST, "train", "dev", 24.0)
    assert "no archive with the keypoints of test" in found[2].message
    assert "mis-aligned" in " ".join(HOW2SIGN.plan(source).notes)


def test_how2sign_variant_that_is_not_there(how2sign):
    root = how2sign(f"{VIDEO}.mp4", how2sign_realigned_val=how2sign_table(*ROWS))
    with pytest.raises(UsageError, match=r"2D_keypoints\.tar\.gz in it"):
        list(HOW2SIGN.clips(source_of(root, fetch=FetchOptions(variant="keypoints"))))


def test_how2sign_frame_rates_of_the_table_go_before_the_samples(how2sign, tmp_path):
    keypoints = tmp_path / "json"
    for name in (FIRST, SECOND):
        (keypoints / name).mkdir(parents=True)
        (keypoints / name / f"{name}_000000000000_keypoints.json").write_text("{}")
    table = tmp_path / "how2sign_realigned_train.csv"
    table.write_text(f"SENTENCE_NAME\tSENTENCE\tfps\n{FIRST}\tYes.\t29.97\n{SECOND}\tNo.\tnan\n")
    found = list(HOW2SIGN.clips(source_of(None, text=table, keypoints=keypoints)))
    assert reasons(found) == [(FIRST, ""), (SECOND, "bad-number")]
    assert found[0].fps == 29.97


def test_how2sign_rows_beyond_the_video_are_left_to_the_cutter(how2sign):
    """Facts 1.4: only whoever opens the video knows that it ends at 140 s."""
    root = how2sign(
        f"{VIDEO}.mp4", how2sign_realigned_val=how2sign_table(how2sign_row(FIRST, "142.64", "144.16", "Yes."))
    )
    (clip,) = HOW2SIGN.clips(source_of(root))
    assert (clip.start_s, clip.end_s) == (142.64, 144.16)
