"""The named corpora: what they say of themselves, and their published layouts with all their traps."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import pytest

from prompt2sign.corpora import CORPORA, get_corpus
from prompt2sign.corpora.base import Source
from prompt2sign.errors import FormatError, MissingError, UsageError
from prompt2sign.languages import LANGUAGES, get_language
from prompt2sign.options import load_pipeline
from prompt2sign.records import Clip, Rejection

PHOENIX, HOW2SIGN, SAMPLE = map(get_corpus, ("phoenix14t", "how2sign", "sample"))


def source_of(root: Path | None, language: str = "GSL", **options) -> Source:
    values = {"text": None, "keypoints": None, "scratch": Path("unused"), **options}
    return Source(language=get_language(language), root=root, **values)


def reasons(found: list[Clip | Rejection]) -> list[tuple[str, str]]:
    return [(entry.clip_id, "" if isinstance(entry, Clip) else entry.reason) for entry in found]


def test_registry():
    assert list(CORPORA) == ["folder", "how2sign", "phoenix14t", "sample"]
    assert get_corpus(" How2Sign ") is HOW2SIGN
    with pytest.raises(UsageError, match=r"no corpus 'phoenix': did you mean phoenix14t[?].*folder, how2sign"):
        get_corpus("phoenix")


def test_default_corpora():
    found = {language.code: load_pipeline(language).corpus for language in LANGUAGES}
    assert found.pop("ASL") == "how2sign"
    assert found.pop("GSL") == "phoenix14t"
    assert set(found.values()) == {"folder"}


@pytest.mark.parametrize("name", CORPORA)
def test_facts_are_complete(name):
    facts = CORPORA[name].facts
    assert facts.name == name
    assert facts.title and facts.licence and facts.access_rule.endswith(".")
    assert set(facts.languages) <= {language.code for language in LANGUAGES}


@pytest.mark.parametrize("name", ["phoenix14t", "how2sign", "sample"])
def test_other_languages_are_refused(name, tmp_path):
    with pytest.raises(UsageError, match=f"corpus {name} is .*, not KSL.*`folder`"):
        list(CORPORA[name].clips(source_of(tmp_path, "KSL")))
    with pytest.raises(UsageError, match="not KSL"):
        CORPORA[name].plan(source_of(tmp_path, "KSL"))


@pytest.mark.parametrize(("name", "language"), [("phoenix14t", "GSL"), ("how2sign", "ASL")])
def test_without_a_folder_the_plan_says_how_to_get_it(name, language, tmp_path):
    (missing,) = CORPORA[name].plan(source_of(None, language)).missing
    assert "http" in missing and "GB" in missing and "--from" in missing
    with pytest.raises(MissingError):
        list(CORPORA[name].clips(source_of(None, language)))
    for door in (CORPORA[name].plan, lambda source: list(CORPORA[name].clips(source))):
        with pytest.raises(UsageError, match="there is no such file or folder"):
            door(source_of(tmp_path / "none", language))
        with pytest.raises(UsageError, match="Expected is"):
            door(source_of(tmp_path, language))


# PHOENIX-2014T ------------------------------------------------------------------------------------------------------

HEADER = "name|video|start|end|speaker|orth|translation\n"


def phoenix_row(name: str, text: str = "und nun das wetter .") -> str:
    return f"{name}|{name}/1/*.png|-1|-1|Signer08|JETZT WETTER|{text}\n"


@pytest.fixture
def phoenix(tmp_path) -> Path:
    """The published tree with one to two sentences a split; gives `PHOENIX-2014-T`."""
    home = tmp_path / "PHOENIX-2014-T-release-v3" / "PHOENIX-2014-T"
    (home / "annotations/manual").mkdir(parents=True)
    for split, names in {"train": ["t1", "t2"], "dev": ["d1"], "test": ["e1"]}.items():
        table = home / f"annotations/manual/PHOENIX-2014-T.{split}.corpus.csv"
        table.write_text(HEADER + "".join(map(phoenix_row, names)), encoding="utf-8")
        for name in names:
            frames = home / "features/fullFrame-210x260px" / split / name
            frames.mkdir(parents=True)
            for number in (1, 2):
                (frames / f"images{number:04d}.png").write_bytes(b"12345")
            (frames / "createDnnTrainingLabels-profile.py.lprof").write_bytes(b"")
    return home


def test_phoenix_clip(phoenix):
    clips = list(PHOENIX.clips(source_of(phoenix)))
    assert [(clip.clip_id, clip.split) for clip in clips] == [
        ("t1", "train"),
        ("t2", "train"),
        ("d1", "dev"),
        ("e1", "test"),
    ]
    assert clips[2] == Clip(
        clip_id="d1",
        language="GSL",
        corpus="phoenix14t",
        split="dev",
        text="und nun das wetter .",
        text_raw="und nun das wetter .",
        media=phoenix / "features/fullFrame-210x260px/dev/d1",
        fps=25.0,
        width=210,
        height=260,
        signer="Signer08",
        gloss="JETZT WETTER",
        video="d1",
    )


@pytest.mark.parametrize("place", ["../..", "..", ".", "annotations/manual", "features/fullFrame-210x260px/dev"])
def test_phoenix_is_found_from_anywhere_around(phoenix, place):
    assert len(list(PHOENIX.clips(source_of((phoenix / place).resolve())))) == 4


def test_phoenix_plan(phoenix):
    plan = PHOENIX.plan(source_of(phoenix))
    assert (plan.n_clips, plan.n_bytes, plan.missing, plan.notes) == (4, 40, (), ())
    (phoenix / "annotations/manual/PHOENIX-2014-T.dev.corpus.csv").unlink()
    (phoenix / "annotations/manual/PHOENIX-2014-T.test.corpus.csv").unlink()
    plan = PHOENIX.plan(source_of(phoenix))
    assert plan.n_clips == 2
    assert plan.notes == ("No annotation file for dev and test: only the other splits are built.",)


def test_phoenix_complex_glosses_where_there_are_no_others(phoenix):
    manual = phoenix / "annotations/manual"
    plain = manual / "PHOENIX-2014-T.train.corpus.csv"
    other = manual / "PHOENIX-2014-T.train-complex-annotation.corpus.csv"
    other.write_text(plain.read_text().replace("JETZT", "__ON__ JETZT"))
    assert next(iter(PHOENIX.clips(source_of(phoenix)))).gloss == "JETZT WETTER"
    plain.unlink()
    assert next(iter(PHOENIX.clips(source_of(phoenix)))).gloss == "__ON__ JETZT WETTER"


def test_phoenix_bad_rows(phoenix):
    table = phoenix / "annotations/manual/PHOENIX-2014-T.dev.corpus.csv"
    rows = [
        phoenix_row("gone"),
        phoenix_row("d1", " "),
        phoenix_row("d1", '"ja" sagt er'),
        phoenix_row("d1"),
        phoenix_row("../train/t1"),
        phoenix_row(".."),
        phoenix_row("d1/1"),
        phoenix_row(""),
        "a|b|c|d|e|f|g|h\n",
    ]
    table.write_text(HEADER + "".join(rows), encoding="utf-8")
    found = list(PHOENIX.clips(source_of(phoenix)))[2:-1]
    assert reasons(found) == [
        ("gone", "frames-missing"),
        ("d1", "text-missing"),
        ("d1", ""),
        ("d1", "duplicate-id"),
        ("../train/t1", "unsafe-path"),
        ("..", "unsafe-path"),
        ("d1/1", "unsafe-path"),
        ("PHOENIX-2014-T.dev.corpus.csv, line 9", "unsafe-path"),
        ("PHOENIX-2014-T.dev.corpus.csv, line 10", "bad-row"),
    ]
    assert found[2].text == '"ja" sagt er'
    assert "line 2" in found[0].message


def test_phoenix_frames_moved_to_match_the_column(phoenix):
    frames = phoenix / "features/fullFrame-210x260px/dev/d1"
    (frames / "1").mkdir()
    for picture in sorted(frames.glob("*.png")):
        picture.rename(frames / "1" / picture.name)
    clip = next(clip for clip in PHOENIX.clips(source_of(phoenix)) if clip.clip_id == "d1")
    assert clip.media == frames / "1"


def test_phoenix_archive(phoenix, tmp_path):
    archive, scratch = tmp_path / "phoenix-2014-T.v3.tar.gz", tmp_path / "work/source"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(phoenix.parent, arcname=phoenix.parent.name)
    shutil.rmtree(phoenix.parent)
    source = source_of(archive, scratch=scratch)
    plan = PHOENIX.plan(source)
    assert (plan.n_clips, plan.n_bytes) == (8_257, archive.stat().st_size)
    assert "unpacked" in plan.notes[0]
    assert not scratch.exists()
    clips = list(PHOENIX.clips(source))
    assert [clip.clip_id for clip in clips] == ["t1", "t2", "d1", "e1"]
    assert clips[0].media.is_relative_to(scratch)
    written = clips[0].media.stat().st_mtime_ns
    assert PHOENIX.plan(source).n_clips == 4
    assert list(PHOENIX.clips(source)) == clips
    assert clips[0].media.stat().st_mtime_ns == written


def test_phoenix_archive_that_climbs_out(tmp_path):
    archive = tmp_path / "evil.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        member = tarfile.TarInfo("../evil")
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    with pytest.raises(FormatError, match="evil"):
        list(PHOENIX.clips(source_of(archive, scratch=tmp_path / "deep/scratch")))
    assert not (tmp_path / "deep/evil").exists()


@pytest.mark.shared
def test_phoenix_real_annotations(shared_data, tmp_path):
    manual = tmp_path / "annotations/manual"
    manual.mkdir(parents=True)
    for name in ("PHOENIX-2014-T.test.corpus.csv", "PHOENIX-2014-T.train-complex-annotation.corpus.csv"):
        shutil.copy(shared_data / "phoenix14t" / name, manual)
    test = tmp_path / "features/fullFrame-210x260px/test"
    test.mkdir(parents=True)
    shutil.copytree(shared_data / "phoenix14t/frames", test, dirs_exist_ok=True)
    found = list(PHOENIX.clips(source_of(tmp_path)))
    assert len(found) == 7_096 + 642
    (clip,) = (entry for entry in found if isinstance(entry, Clip))
    assert {entry.reason for entry in found if isinstance(entry, Rejection)} == {"frames-missing"}
    assert clip.clip_id == "25October_2010_Monday_tagesschau-17"
    assert clip.text.startswith("regen und schnee lassen an den alpen in der nacht nach im norden und nordosten")
    assert clip.gloss.startswith("REGEN SCHNEE REGION VERSCHWINDEN NORD REGEN KOENNEN")
    assert (clip.split, clip.signer) == ("test", "Signer01")


# How2Sign -----------------------------------------------------------------------------------------------------------

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
    first, second = HOW2SIGN.clips(source_of(root, "ASL"))
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
    plan = HOW2SIGN.plan(source_of(root, "ASL"))
    assert (plan.n_clips, plan.n_bytes) == (2, 5)
    assert plan.notes == ("No table for train and test: only the other splits are built.",)


def test_how2sign_ready_clips_are_taken_whole_with_a_warning(how2sign):
    tables = {f"how2sign_realigned_{split}": how2sign_table() for split in ("train", "test")}
    root = how2sign(f"raw_videos/{FIRST}.mp4", "raw_videos/lonely_-1-8-rgb_front.mp4", "x/any-rgb_side.mp4",
                    f"frames/{SECOND}/0001.png",
                    how2sign_realigned_val=how2sign_table(*ROWS), **tables)  # fmt: skip
    found = list(HOW2SIGN.clips(source_of(root, "ASL")))
    assert reasons(found) == [
        (FIRST, ""),
        (SECOND, "video-missing"),
        ("raw_videos/lonely_-1-8-rgb_front", "text-missing"),
    ]
    assert (found[0].media, found[0].start_s, found[0].end_s) == (root / f"raw_videos/{FIRST}.mp4", None, None)
    assert "how2sign_realigned_val.csv, line 3" in found[1].message
    assert "1 ready clips are taken as they are; they were cut with the first, mis-aligned times" in " ".join(
        HOW2SIGN.plan(source_of(root, "ASL")).notes
    )


def test_how2sign_raw_video_wins_over_ready_clip(how2sign):
    root = how2sign(f"a/{VIDEO}.mp4", f"b/{FIRST}.mp4", how2sign_realigned_test=how2sign_table(*ROWS))
    first, second = HOW2SIGN.clips(source_of(root, "ASL"))
    assert first.media == second.media == root / f"a/{VIDEO}.mp4"
    assert first.split == "test"


def test_how2sign_realigned_table_wins_and_the_original_is_warned_of(how2sign):
    original = how2sign_table(how2sign_row(FIRST, "1", "2", "Yes."), times="START\tEND")
    root = how2sign(f"{VIDEO}.mp4", how2sign_val=original)
    (clip,) = HOW2SIGN.clips(source_of(root, "ASL"))
    assert (clip.start_s, clip.end_s) == (1.0, 2.0)
    assert "Not re-aligned by name: how2sign_val.csv" in " ".join(HOW2SIGN.plan(source_of(root, "ASL")).notes)
    how2sign(how2sign_realigned_val=how2sign_table(*ROWS))
    assert [clip.start_s for clip in HOW2SIGN.clips(source_of(root, "ASL"))] == [12.97, 20.65]


def test_how2sign_bad_rows(how2sign):
    rows = [
        how2sign_row(FIRST, "144", "142", "Yes."),
        how2sign_row(SECOND, "1", "2", ""),
        how2sign_row("x", "1", "2", "Yes.", video="../../secret.mp4"),
        how2sign_row(FIRST, "1", "2", "Yes."),
        how2sign_row(FIRST, "1", "2", "Again."),
    ]
    root = how2sign(f"{VIDEO}.mp4", how2sign_realigned_train=how2sign_table(*rows))
    assert reasons(list(HOW2SIGN.clips(source_of(root, "ASL")))) == [
        (FIRST, "bad-times"),
        (SECOND, "text-missing"),
        ("x", "unsafe-path"),
        (FIRST, ""),
        (FIRST, "duplicate-id"),
    ]


def test_how2sign_table_elsewhere_and_missing(how2sign, tmp_path):
    root = how2sign(f"{FIRST}.mp4")
    with pytest.raises(UsageError, match=r"no how2sign_realigned_\{train,val,test\}.csv in it"):
        list(HOW2SIGN.clips(source_of(root, "ASL")))
    table = tmp_path / "my_val_sentences.csv"
    table.write_text(how2sign_table(*ROWS))
    assert next(iter(HOW2SIGN.clips(source_of(root, "ASL", text=table)))).split == "dev"
    table = tmp_path / "mine.tsv"
    table.write_text(f"name\tsentence\tsplit\n{FIRST}\tYes.\ttest\n")
    (clip,) = HOW2SIGN.clips(source_of(root, "ASL", text=table))
    assert (clip.clip_id, clip.split, clip.signer) == (FIRST, "test", "1")


def test_how2sign_keypoints(how2sign, tmp_path):
    table = tmp_path / "how2sign_realigned_val.csv"
    table.write_text(how2sign_table(*ROWS))
    keypoints = tmp_path / "openpose_output"
    (keypoints / "json" / FIRST).mkdir(parents=True)
    (keypoints / "json" / FIRST / f"{FIRST}_000000000000_keypoints.json").write_text("{}")
    source = source_of(None, "ASL", text=table, keypoints=keypoints)
    found = list(HOW2SIGN.clips(source))
    assert reasons(found) == [(FIRST, ""), (SECOND, "keypoints-missing")]
    clip = found[0]
    assert (clip.keypoints, clip.keypoints_member, clip.media) == (keypoints, FIRST, None)
    assert (clip.start_s, clip.end_s, clip.fps, clip.width, clip.height) == (None, None, 24.0, 1280, 720)
    assert "mis-aligned" in " ".join(HOW2SIGN.plan(source).notes)
    inside = source_of(None, "ASL", text=table, keypoints=keypoints / "json")
    assert next(iter(HOW2SIGN.clips(inside))).keypoints == keypoints / "json" / FIRST


@pytest.mark.shared
def test_how2sign_real_table(shared_data, tmp_path):
    table = shared_data / "how2sign/how2sign_realigned_val.csv"
    names = {line.split("\t")[1] for line in table.read_text(encoding="utf-8").splitlines()[1:]}
    for name in names:
        (tmp_path / f"{name}.mp4").touch()
    clips = list(HOW2SIGN.clips(source_of(tmp_path, "ASL", text=table)))
    assert len(clips) == 1_741
    assert all(isinstance(clip, Clip) for clip in clips)
    assert (clips[0].clip_id, clips[0].start_s, clips[0].end_s) == (FIRST, 12.97, 19.52)
    assert clips[1].text == "I call it painting the wall."
    assert not any(clip.text.startswith('"') or '""' in clip.text for clip in clips)
    assert any('like an "i" you\'re' in clip.text for clip in clips)
    assert all(clip.signer.isdigit() for clip in clips)


# The embedded sample ------------------------------------------------------------------------------------------------


def test_sample():
    clips = list(SAMPLE.clips(source_of(None)))
    assert len(clips) == 10
    assert all(isinstance(clip, Clip) and clip.media.stat().st_size > 0 for clip in clips)
    splits = [clip.split for clip in clips]
    assert (splits.count("train"), splits.count("dev"), splits.count("test")) == (8, 1, 1)
    assert all(clip.text and clip.gloss and clip.signer for clip in clips)
    assert "invented" in SAMPLE.facts.access_rule
    assert SAMPLE.plan(source_of(None)).n_clips == 10
