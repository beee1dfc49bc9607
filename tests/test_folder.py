"""Corpus `folder`: anyone's videos, keypoints, tables and subtitles, and whatever may be wrong with them."""

from __future__ import annotations

import os
import time
import unicodedata
from pathlib import Path

import pytest

from prompt2sign.corpora import get_corpus
from prompt2sign.corpora.base import Source
from prompt2sign.errors import MissingError, UsageError
from prompt2sign.languages import get_language
from prompt2sign.options import CueOptions
from prompt2sign.records import Clip, Rejection

FOLDER = get_corpus("folder")


def source_of(root: Path | None, language: str = "GSL", **options) -> Source:
    values = {"text": None, "keypoints": None, "scratch": Path("unused"), **options}
    return Source(language=get_language(language), root=root, **values)


def entries(root: Path | None, language: str = "GSL", **options) -> list[Clip | Rejection]:
    return list(FOLDER.clips(source_of(root, language, **options)))


def clips(*args, **options) -> list[Clip]:
    found = entries(*args, **options)
    assert all(isinstance(entry, Clip) for entry in found), found
    return found


def reasons(found: list[Clip | Rejection]) -> list[tuple[str, str]]:
    return [(entry.clip_id, "" if isinstance(entry, Clip) else entry.reason) for entry in found]


@pytest.fixture
def folder(tmp_path):
    """Makes a folder of named files: empty videos, tables with content."""

    def make(*names: str, **tables: str) -> Path:
        root = tmp_path / "corpus"
        root.mkdir(exist_ok=True)
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(b"12345")
        for name, content in tables.items():
            (root / name.replace("_", ".")).write_text(content, encoding="utf-8")
        return root

    return make


def test_every_column_reaches_the_clip(folder):
    root = folder(
        "a.mp4",
        texts_csv="id,video,text,start,end,gloss,signer,split\n"
        " s1 ,a.mp4, Größe  &amp; mehr ,1.5,00:00:04.250,GROSS MEHR,Anna,val\n",
    )
    assert clips(root) == [
        Clip(
            clip_id="s1",
            language="GSL",
            corpus="folder",
            split="dev",
            text="Größe & mehr",
            text_raw=" Größe  &amp; mehr ",
            media=root / "a.mp4",
            start_s=1.5,
            end_s=4.25,
            signer="Anna",
            gloss="GROSS MEHR",
            video="a.mp4",
        )
    ]


@pytest.mark.parametrize("suffix", ["mp4", "MP4", "mov", "mkv", "webm", "avi", "m4v", "MTS"])
@pytest.mark.parametrize("named", ["clip", "clip.SUFFIX", "./clip.SUFFIX", "deep/er/clip", "deep\\er\\clip.SUFFIX"])
def test_videos_by_name_with_and_without_folder_and_suffix(folder, suffix, named):
    root = folder(f"deep/er/clip.{suffix}" if "deep" in named else f"clip.{suffix}")
    folder(t_csv=f"video,text\n{named.replace('SUFFIX', suffix)},Ja.\n")
    (clip,) = clips(root)
    assert clip.media.suffix == f".{suffix}"
    assert clip.media.is_file()


def test_names_alone_find_videos_in_subfolders_and_name_the_clip(folder):
    root = folder("clips/b.mp4", "clips/a.mov", t_tsv="name\tframes\tsentence\nb\t3\tZwei.\na\t3\tEins.\n")
    assert [(c.clip_id, c.video, c.text, c.split) for c in clips(root)] == [
        ("b", "clips/b.mp4", "Zwei.", "train"),
        ("a", "clips/a.mov", "Eins.", "train"),
    ]


def test_parts_of_a_video_without_ids_get_their_times_as_id(folder):
    table = "video,text,start,end\nfilm.mp4,Eins.,0,1.5\nfilm.mp4,Zwei.,1.5,3\nfilm.mp4,Drei.,3,\nfilm.mp4,Alles.,,\n"
    root = folder("film.mp4", t_csv=table)
    assert [c.clip_id for c in clips(root)] == ["film_0-1500", "film_1500-3000", "film_3000-", "film"]


def test_the_same_span_twice_is_a_duplicate(folder):
    root = folder("film.mp4", t_csv="video,text,start,end\nfilm,Eins.,0,1\nfilm,Zwei.,0,1\n")
    assert reasons(entries(root)) == [("film_0-1000", ""), ("film_0-1000", "duplicate-id")]


def test_duplicate_ids_keep_the_first(folder):
    root = folder("a.mp4", "b.mp4", t_csv="id,video,text\nx,a,Eins.\nx,b,Zwei.\n")
    first, second = entries(root)
    assert (first.clip_id, first.text) == ("x", "Eins.")
    assert (second.clip_id, second.reason) == ("x", "duplicate-id")


@pytest.mark.parametrize(
    ("written", "split"),
    [("", "train"), ("Train", "train"), ("val", "dev"), ("VALID", "dev"), ("validation", "dev"), ("dev", "dev"),
     (" test ", "test")],
)  # fmt: skip
def test_splits(folder, written, split):
    root = folder("a.mp4", t_csv=f"name,text,split\na,Ja.,{written}\n")
    assert clips(root)[0].split == split


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("gone,Ja.,,,", "video-missing"),
        (",Ja.,,,", "video-missing"),
        ("a,,,,", "text-missing"),
        ("a,  &#32; ,,,", "text-missing"),
        ("a,Ja.,5,4,", "bad-times"),
        ("a,Ja.,-1,4,", "bad-times"),
        ("a,Ja.,nan,4,", "bad-times"),
        ("a,Ja.,x,,", "bad-times"),
        ("a,Ja.,,,fold7", "unknown-split"),
        ("a,Ja, ja.,,,", "bad-row"),
        ("../a,Ja.,,,", "unsafe-path"),
        ("../../etc/passwd,Ja.,,,", "unsafe-path"),
        ("x/../../a.mp4,Ja.,,,", "unsafe-path"),
        ("..\\a.mp4,Ja.,,,", "unsafe-path"),
        ("/etc/passwd,Ja.,,,", "unsafe-path"),
        ("C:\\a.mp4,Ja.,,,", "unsafe-path"),
        ("two,Ja.,,,", "ambiguous-name"),
        ("x" * 300 + ",Ja.,,,", "video-missing"),
    ],
)
def test_bad_rows_are_rejected_by_line_and_the_others_stay(folder, row, reason):
    root = folder("a.mp4", "good.mp4", "one/two.mp4", "other/two.mp4")
    folder(t_csv=f"video,text,start,end,split\n{row}\ngood,Gut.,,,\n")
    bad, good = (entry for entry in entries(root) if "no text names" not in getattr(entry, "message", ""))
    assert bad.reason == reason
    assert "t.csv, line 2" in bad.message
    assert good.clip_id == "good"


def test_absolute_paths_are_refused_even_inside(folder):
    root = folder("a.mp4")
    folder(t_csv=f"video,text\n{root}/a.mp4,Ja.\n")
    assert reasons(entries(root)) == [("a", "unsafe-path"), ("a", "text-missing")]


def test_videos_without_text_are_rejected_at_the_end(folder):
    root = folder("a.mp4", "sub/b.mov", ".hidden.mp4", "._a.mp4", "__MACOSX/a.mp4", t_csv="video,text\na,Ja.\n")
    assert reasons(entries(root)) == [("a", ""), ("sub/b", "text-missing")]


def test_links_must_not_leave_the_folder(folder, tmp_path):
    root = folder("in.mp4", t_csv="video,text\nout,Eins.\nlinked,Zwei.\nsub/secret.mp4,Drei.\nin,Vier.\n")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.mp4").write_bytes(b"x")
    (root / "out.mp4").symlink_to(tmp_path / "outside/secret.mp4")
    (root / "linked.mp4").symlink_to("in.mp4")
    (root / "sub").symlink_to(tmp_path / "outside")
    (root / "loop.mp4").symlink_to("loop.mp4")
    assert reasons(entries(root)) == [
        ("out", "unsafe-path"),
        ("linked", ""),
        ("sub/secret", "unsafe-path"),
        ("in", ""),
        ("loop", "text-missing"),
    ]


def test_a_root_that_is_a_link_is_fine(folder, tmp_path):
    root = folder("a.mp4", t_csv="video,text\na,Ja.\n")
    (tmp_path / "link").symlink_to(root)
    assert [c.clip_id for c in clips(tmp_path / "link")] == ["a"]


@pytest.mark.parametrize(
    "clip_id", ["..", "../../x", "a/b", "a:b", "-rf", "x" * 300, "수어 영상", "a\\b", "CON", "'; --"]
)
def test_ids_are_any_text(folder, clip_id):
    root = folder("a.mp4", t_csv=f"id,video,text\n{clip_id},a.mp4,Ja.\n")
    assert clips(root)[0].clip_id == clip_id


@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
@pytest.mark.parametrize("in_table", ["NFC", "NFD"])
def test_hangul_in_either_form(folder, on_disk, in_table):
    name = "수어 영상"
    root = folder(unicodedata.normalize(on_disk, f"{name}/{name}.mp4"))
    folder(t_csv=f"video,text\n{unicodedata.normalize(in_table, f'{name}/{name}')},네.\n")
    (clip,) = clips(root, "KSL")
    assert clip.media.is_file()
    assert clip.clip_id == unicodedata.normalize("NFC", f"{name}/{name}")


def test_case_matters_only_where_it_decides(folder):
    root = folder("a.mp4", "A.mp4", "b.MP4", t_csv="video,text\nA.mp4,Eins.\na.mp4,Zwei.\nB.mp4,Drei.\n")
    assert [c.video for c in clips(root)] == ["A.mp4", "a.mp4", "b.MP4"]


def test_folders_of_pictures(folder):
    root = folder("p/clip/0001.png", "p/clip/0002.png", "p/clip/notes.txt", "q/1.jpg", "film/x.mp4", "film/x.jpg")
    folder(t_csv="name,text,fps\nclip,Ja.,25\nq,Nein.,\nx,Film.,30\n")
    clip, no_rate, film = entries(root)
    assert (clip.media, clip.fps, clip.video) == (root / "p/clip", 25.0, "p/clip")
    assert (no_rate.clip_id, no_rate.media, no_rate.fps) == ("q", root / "q", None), "--fps fills it in later"
    assert (film.media, film.fps) == (root / "film/x.mp4", None)


@pytest.mark.parametrize("fps", ["0", "-25", "nan", "inf", "viele"])
def test_frame_rates_that_are_none(folder, fps):
    root = folder("clip/0001.png", t_csv=f"name,text,fps\nclip,Ja.,{fps}\n")
    assert reasons(entries(root)) == [("clip", "bad-number")]


SRT = (
    "1\n00:00:01,000 --> 00:00:02,500\n<i>Guten Tag</i>\n\n2\n00:00:02,000 --> 00:00:04,000\n{x} nix\n\n3\n0 --> 1\nx\n"
)


def test_subtitles_beside_videos(folder):
    root = folder("b/film.mp4", "a.mkv", "empty.mp4", "silent.mp4", "twice.mp4", "frames/1.png")
    (root / "b/film.srt").write_text("\ufeff" + SRT.replace("\n", "\r\n"), encoding="utf-8")
    (root / "a.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:01.000\nHallo\n")
    (root / "empty.srt").write_text("")
    (root / "alone.srt").write_text(SRT)
    (root / "frames.srt").write_text(SRT)
    for suffix in ("srt", "vtt"):
        (root / f"twice.{suffix}").write_text("WEBVTT\n\n00:00.000 --> 00:01.000\nHallo\n")
    found = entries(root)
    assert reasons(found) == [
        ("a_0-1000", ""),
        ("alone", "video-missing"),
        ("empty", "text-missing"),
        ("frames_1000-2500", ""),
        ("frames_2000-4000", ""),
        ("frames, line 9", "bad-times"),
        ("twice_0-1000", ""),
        ("twice", "ambiguous-name"),
        ("b/film_1000-2500", ""),
        ("b/film_2000-4000", ""),
        ("b/film, line 9", "bad-times"),
        ("silent", "text-missing"),
    ]
    cue = found[8]
    assert (cue.start_s, cue.end_s, cue.text, cue.text_raw) == (1.0, 2.5, "Guten Tag", "<i>Guten Tag</i>")
    assert (cue.media, cue.video) == (root / "b/film.mp4", "b/film.mp4")
    assert f"{root / 'b/film.srt'}, line 9" in found[10].message


def test_file_names_that_are_no_text(folder):
    root = folder("a.mp4", t_csv="video,text\na,Ja.\n")
    Path(os.fsdecode(os.fsencode(root) + b"/gr\xf6\xdfe.mp4")).write_bytes(b"x")
    found = entries(root)
    assert reasons(found) == [("a", ""), ("gr\ufffd\ufffde.mp4", "bad-name")]
    assert found[1].message.encode()


def test_wrong_use_says_what_to_do(folder, tmp_path):
    with pytest.raises(MissingError, match=r"--from.*--keypoints"):
        entries(None)
    assert "--from" in FOLDER.plan(source_of(None)).missing[0]
    with pytest.raises(UsageError, match=r"nowhere: there is no such file or folder.*subtitle"):
        entries(tmp_path / "nowhere")
    root = folder()
    with pytest.raises(UsageError, match=r"corpus: holds no video\. Expected is a folder of videos"):
        entries(root)
    folder("a.mp4")
    with pytest.raises(UsageError, match=r"there is no text: neither a CSV/TSV.*--text"):
        entries(root)
    with pytest.raises(UsageError, match=r"is a file; give the folder"):
        entries(root / "a.mp4")
    folder(one_csv="video,text\n", two_tsv="video\ttext\n")
    with pytest.raises(UsageError, match=r"holds 2 tables \(one.csv, two.tsv\).*--text"):
        entries(root)
    with pytest.raises(UsageError, match="no such file"):
        entries(root, text=root / "three.csv")
    assert reasons(entries(root, text=root / "one.csv")) == [("a", "text-missing")]


def test_columns_by_option(folder):
    root = folder("a.mp4", t_csv="Datei;Satz\na;Ja.\n")
    with pytest.raises(UsageError, match=r"--column text=HEADING"):
        entries(root)
    (clip,) = clips(root, columns={"text": "Satz", "video": "Datei"})
    assert (clip.clip_id, clip.text) == ("a", "Ja.")


def test_keypoints_alone(tmp_path):
    keypoints = tmp_path / "json"
    for name in ("a", "b", "c"):
        (keypoints / name).mkdir(parents=True)
        for frame in range(2):
            (keypoints / name / f"{name}_{frame:012d}_keypoints.json").write_text("{}")
    table = tmp_path / "t.csv"
    table.write_text("id,text,fps,width,height,start\na,Eins.,24,1280,720,\nb,Zwei.,,,,3\nx,Drei.,,,,\n")
    found = entries(None, text=table, keypoints=keypoints)
    assert reasons(found) == [
        ("a", ""),
        ("b", "times-with-keypoints"),
        ("x", "keypoints-missing"),
        ("c", "text-missing"),
    ]
    clip = found[0]
    assert (clip.keypoints, clip.keypoints_member, clip.media) == (keypoints / "a", "", None)
    assert (clip.fps, clip.width, clip.height) == (24.0, 1280, 720)
    plan = FOLDER.plan(source_of(None, text=table, keypoints=keypoints))
    assert (plan.n_clips, plan.n_bytes) == (1, 4)


def test_keypoints_in_an_archive(tmp_path):
    import io
    import tarfile

    archive = tmp_path / "json.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("a", "b"):
            member = tarfile.TarInfo(f"openpose_output/json/{name}/{name}_000000000000_keypoints.json")
            member.size = 2
            tar.addfile(member, io.BytesIO(b"{}"))
    table = tmp_path / "t.csv"
    table.write_text("id,text\na,Eins.\nb,Zwei.\n")
    found = clips(None, text=table, keypoints=archive, scratch=tmp_path / "scratch")
    assert [c.keypoints_member for c in found] == ["a", "b"]
    assert found[0].keypoints.is_file()


def test_plan_counts_and_weighs_each_file_once(folder):
    root = folder("film.mp4", "p/1.png", "p/2.png", t_csv="video,text,start,end,fps\n"
                  "film,Eins.,0,1,\nfilm,Zwei.,1,2,\np,Drei.,,,25\nx,Vier.,,,\nfilm,Fünf.,9,8,\n")  # fmt: skip
    plan = FOLDER.plan(source_of(root))
    assert (plan.n_clips, plan.n_bytes, plan.missing) == (3, 15, ())
    assert plan.notes == (
        "2 entries cannot become clips: bad-times 1, video-missing 1; rejected.parquet will name each",
    )


def test_the_order_is_that_of_the_table_and_stays(folder):
    names = [f"{n * 7919 % 101:03d}" for n in range(100)]
    root = folder(*(f"{name}.mp4" for name in sorted(names)))
    folder(t_csv="video,text\n" + "".join(f"{name},Satz.\n" for name in names))
    assert [c.clip_id for c in clips(root)] == names
    assert entries(root) == entries(root)


def test_ten_thousand_rows_of_one_film_are_quick(folder):
    root = folder("film.mp4", t_csv="video,text,start,end\n" + "".join(
        f"film,Satz {n}.,{n},{n + 1}\n" for n in range(10_000)))  # fmt: skip
    began = time.perf_counter()
    assert sum(1 for _ in FOLDER.clips(source_of(root))) == 10_000
    assert time.perf_counter() - began < 10


@pytest.mark.parametrize(
    ("column", "value"),
    [("width", "1e300"), ("height", "0.5"), ("fps", "0.0001"), ("fps", "1e4"), ("width", "nan"), ("fps", "-1")],
)
def test_numbers_that_no_picture_has(folder, column, value):
    root = folder("a/images1.png", "b/images1.png", texts_csv=f"video,text,{column}\na,Eins.,{value}\nb,Zwei.,100\n")
    assert reasons(entries(root)) == [("a", "bad-number"), ("b", "")]


def test_times_beyond_any_video_cost_their_row(folder):
    root = folder("a.mp4", texts_csv="video,text,start,end\na,Eins.,1,1e307\na,Zwei.,1,2\n")
    assert reasons(entries(root)) == [("a", "bad-times"), ("a_1000-2000", "")]


CUE = "1\n00:00:01,000 --> 00:00:02,000\nHallo.\n"


def test_pipes_and_broken_links_are_no_files(folder):
    root = folder("good.mp4", "b.mp4", good_srt=CUE, pipe_srt=CUE, link_srt=CUE)
    os.mkfifo(root / "pipe.mp4")
    (root / "link.mp4").symlink_to(root / "nowhere.mp4")
    os.mkfifo(root / "b.srt")
    found = reasons(entries(root))
    assert found[:4] == [("b", "no-file"), ("good_1000-2000", ""), ("link", "no-file"), ("pipe", "no-file")]
    assert FOLDER.plan(source_of(root)).n_clips == 1


def test_links_out_of_the_folder_are_not_followed(folder, tmp_path):
    root = folder("a.mp4", "b.mp4", b_srt=CUE)
    (tmp_path / "secret.srt").write_text(CUE)
    (root / "a.srt").symlink_to(tmp_path / "secret.srt")
    assert reasons(entries(root))[:2] == [("a", "unsafe-path"), ("b_1000-2000", "")]
    (tmp_path / "secret.csv").write_text("video,text\na,geheim\n")
    (root / "texts.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(UsageError, match=r"texts\.csv: is a link that leads out"):
        entries(root)
    assert len([one for one in entries(root, text=root / "texts.csv") if isinstance(one, Clip)]) == 1


def test_what_was_fetched_is_nobodys_own(folder, tmp_path):
    fetched = tmp_path / "lsa-t"
    fetched.mkdir()
    folder("a.mp4", a_srt=CUE).rename(fetched / "clips")
    assert len(clips(fetched / "clips")) == 1
    (fetched / "acquired.parquet").write_bytes(b"")
    (tmp_path / "mine").symlink_to(fetched / "clips")
    for options in ({"root": fetched / "clips"}, {"root": tmp_path / "mine"}, {"root": None, "keypoints": fetched}):
        with pytest.raises(UsageError, match="--corpus lsa-t"):
            entries(**options)


def test_offsets_that_fit_no_video(folder, tmp_path):
    root = folder("a.mp4", "s/b.mp4", a_srt=CUE)
    (root / "s/b.srt").write_text(CUE)
    table = tmp_path / "offsets.csv"
    source = source_of(root, cues=CueOptions(offsets=table))
    table.write_text("video,offset_s\na,1\ns/b.mp4,2\n")
    assert FOLDER.plan(source).notes == ()
    table.write_text("video,offset_s\na,1\nb,2\nother,\n")
    (note,) = FOLDER.plan(source).notes
    assert note.startswith("1 of the 2 offsets")
    assert "'b'" in note
    table.write_text("video,offset_s\nA.mpeg,1\nb,2.5\n")
    with pytest.raises(UsageError, match="none of its 2 offsets is of a video that has clips here"):
        FOLDER.plan(source)


def test_offsets_of_a_table_of_times(folder, tmp_path):
    root = folder("a.mp4", texts_csv="video,text,start,end\na,Eins.,1,2\n")
    (tmp_path / "offsets.csv").write_text("video,offset_s\na,1\n")
    with pytest.raises(UsageError, match="offsets move subtitles"):
        FOLDER.plan(source_of(root, cues=CueOptions(offsets=tmp_path / "offsets.csv")))


@pytest.mark.shared
def test_real_clips_with_their_index(shared_data):
    found = entries(shared_data / "how2sign", "ASL", text=shared_data / "how2sign/index.tsv")
    good = [entry for entry in found if isinstance(entry, Clip)]
    assert len(good) == 33
    assert [entry.reason for entry in found if isinstance(entry, Rejection)] == ["video-missing"] * 39
    assert good[0].clip_id == "_0-JkwZ9o4Q_10-5-rgb_front"
    assert good[0].text == "Now, you can get all three on your first roll."
    assert good[6].text == 'with "Lips and More".'
    with pytest.raises(UsageError, match="holds 2 tables"):
        entries(shared_data / "how2sign", "ASL")


@pytest.mark.shared
def test_real_pose_files_as_keypoints(shared_data):
    options = {"text": shared_data / "how2sign/index.tsv", "keypoints": shared_data / "how2sign/poses"}
    found = clips(None, "ASL", **options)
    assert len(found) == 72
    assert found[0].keypoints == shared_data / "how2sign/poses/_0-JkwZ9o4Q_10-5-rgb_front.pose"


@pytest.mark.shared
def test_real_openpose_folders_as_keypoints(shared_data, tmp_path):
    table = tmp_path / "t.tsv"
    table.write_text("".join(f"{a}\t{b}\t{c}\n" for a, b, c in [
        ("name", "sentence", "fps"),
        ("_2FBDaOPYig_2-3-rgb_front", "So we are heating up the oil.", "24"),
        ("_2FBDaOPYig_3-3-rgb_front", "I bought this at the store.", "24"),
        ("_2FBDaOPYig_4-3-rgb_front", "So what is happening.", "24"),
    ]))  # fmt: skip
    found = clips(None, "ASL", text=table, keypoints=shared_data / "openpose_json")
    assert [(c.keypoints.name, c.fps) for c in found] == [(c.clip_id, 24.0) for c in found]
    assert len(found) == 3
