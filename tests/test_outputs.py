"""Generated motion -> files, read back by readers that are not ours wherever there is one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import duckdb
import numpy as np
import polars
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prompt2sign
from prompt2sign.errors import ClipRejected, UsageError
from prompt2sign.formats.motion import read_motion
from prompt2sign.formats.skels import one_line, read_lines, read_skels
from prompt2sign.formats.skels_convert import from_convention, observed_in
from prompt2sign.outputs import SUFFIXES, Generated, check_targets, write_motions
from prompt2sign.release.skels_import import skels_rows
from prompt2sign.release.validate import validate_release
from prompt2sign.skeleton import LEFT_HAND, NECK, SKELETON

from .made import files_of, run_here
from .making import make_motion, no_file_larger_than

MODEL = "signllm mlsf tiny 3f9c0a12"
TEXTS = ("Das ist größer.", "오늘 날씨가 좋다", "Bugün İstanbul'da\nyağmur var")
HOSTILE = ("../x", "/etc/passwd", "a/b/../../c", "..", "한국어 영상", "x" * 300, "CON", "a\nb\tc", "-rf", "~")


def made(clip_id: str = "clip 1", n_frames: int = 5, seed: int = 0, **changes: Any) -> Generated:
    values: dict[str, Any] = {
        "clip_id": clip_id,
        "lang": "gsl",
        "text": TEXTS[seed % 3],
        "prompt": f"Wie sagt man „{TEXTS[seed % 3]}“?",
        "gloss": "",
        "motion": shoulder_wide(n_frames, seed),
        "fps": 25.0,
        "made_by": MODEL,
    }
    return Generated(**(values | changes))


def shoulder_wide(n_frames: int, seed: int) -> np.ndarray:
    """Random poses whose shoulders are one apart, as they are in our unit."""
    xyz = make_motion(n_frames, seed).xyz
    xyz[:, 2], xyz[:, 5] = (-0.5, 0, 0), (0.5, 0, 0)
    return xyz


def several(n_clips: int = 3) -> Iterator[Generated]:
    return (made(f"clip/{n}", n + 1, n) for n in range(n_clips))


def test_every_format_from_one_pass(tmp_path: Path) -> None:
    files = write_motions([tmp_path / f"out{suffix}" for suffix in SUFFIXES], iter([made()]))
    names = ["out.parquet", "out.skels", "out.text", "out.files", "out.prompt", "out.pose", "out.h5", "out.mp4"]
    assert [file.name for file in files] == names and sorted(files) == sorted(tmp_path.iterdir())


def test_a_shard_is_read_by_others(tmp_path: Path) -> None:
    path = tmp_path / "test-00000.parquet"
    clips = list(several())
    assert write_motions(path, iter(clips)) == [path]
    frame = polars.read_parquet(path)
    assert frame["clip_id"].to_list() == ["clip/0", "clip/1", "clip/2"] and frame["text"].to_list() == list(TEXTS)
    assert frame["lang"].unique().to_list() == ["GSL"] and frame["n_frames"].to_list() == [1, 2, 3]
    rows = pq.read_table(path).to_pylist()
    for row, clip in zip(rows, clips, strict=True):
        pose = np.array(row["pose"], np.float64).reshape(-1, SKELETON.count, 3) / 10_000
        assert np.abs(pose - clip.motion).max() <= 0.5001e-4
        assert not any(row["observed"]) and row["prompts"] == [clip.prompt]
    query = f"SELECT DISTINCT provenance.lifter, provenance.estimator, licence.redistribute_motion FROM '{path}'"
    assert duckdb.sql(query).fetchall() == [(MODEL, "generated", False)]


def test_a_shard_is_a_release_and_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "test-00000.parquet"
    write_motions(path, several())
    release = prompt2sign.open_release(path)
    clip = release[0]
    assert (clip.corpus, clip.split, clip.provenance.lifter) == ("generated", "test", MODEL)
    assert (clip.licence.licence, clip.licence.access) == ("unknown", "local") and MODEL in clip.licence.access_rule
    assert not clip.licence.redistribute_motion and not clip.licence.redistribute_video
    assert len(release.split("train")) == 0
    seen = run_here("inspect", str(path), "--json")
    assert seen.code == 0 and seen.json["clips"] == 3 and seen.json["groups"][0]["frames"] == 6
    assert run_here("inspect", str(path)).code == 0
    write_motions(path, [made(motion=make_motion(3).xyz + np.float32(0.01))], overwrite=True)
    assert not validate_release(tmp_path)


def test_the_neck_is_where_every_format_has_it() -> None:
    motion = make_motion(4).xyz
    moved = made(motion=motion + np.linspace(0, 0.2, 4, dtype=np.float32)[:, None, None]).motion
    assert (moved[:, NECK] == 0).all() and np.abs(moved - motion).max() < 1e-6


def test_what_is_known_of_the_terms_is_kept(tmp_path: Path) -> None:
    write_motions(tmp_path / "a.parquet", [made(licence="CC-BY-NC-SA-4.0", text="", fps=29.97)])
    [clip] = prompt2sign.open_release(tmp_path / "a.parquet")
    assert clip.licence.licence == "CC-BY-NC-SA-4.0" and not clip.licence.redistribute_motion
    assert (clip.text, clip.fps) == (made().prompt, 29.97)


@settings(max_examples=10, deadline=None)
@given(n_frames=st.integers(1, 5), seed=st.integers(0, 99), convention=st.sampled_from(["progressive", "prompt2sign"]))
def test_skels_come_back_within_their_step(
    tmp_path_factory: pytest.TempPathFactory, n_frames: int, seed: int, convention: str
) -> None:
    path = tmp_path_factory.mktemp("skels") / "test.skels"
    clips = [made("../a\nb", n_frames, seed), made("ü", 2, seed + 1)]
    files = write_motions(path, iter(clips), convention=convention)
    assert [file.suffix for file in files] == [".skels", ".text", ".files", ".prompt"]
    for xyz, clip in zip(read_skels(path, convention), clips, strict=True):
        back = from_convention(xyz, observed_in(xyz, convention), convention)
        # Half a step each for a joint and the neck; where the shoulders tell the scale, they err by a step too.
        if convention == "progressive":
            bound = 3e-5
        else:
            bound = 1e-5 / np.median(np.abs(xyz[:, 2, 0] - xyz[:, 5, 0])) * (1 + np.abs(clip.motion).max())
        assert np.abs(back - clip.motion).max() <= bound + 1e-6
    rows = list(skels_rows(path, "gsl", convention))
    assert [row.clip.clip_id for row in rows] == ["../a b", "ü"] and rows[0].prompts == (one_line(clips[0].prompt),)
    with pytest.raises(prompt2sign.errors.FormatError):
        list(read_skels(path, "prompt2sign" if convention == "progressive" else "progressive"))


def test_lines_of_skels_stay_parallel(tmp_path: Path) -> None:
    clips = [made("a", gloss="WETTER"), made("b", prompt="", seed=2), made("c", gloss="HEUTE\r\nSONNE", text="")]
    write_motions(tmp_path / "x.skels", clips)
    assert list(read_lines(tmp_path / "x.gloss")) == ["WETTER", "", "HEUTE SONNE"]
    assert list(read_lines(tmp_path / "x.text")) == [TEXTS[0], TEXTS[2].replace("\n", " "), "HEUTE SONNE"]
    write_motions(tmp_path / "x.skels", [made(prompt="")], overwrite=True)
    assert sorted(files_of(tmp_path)) == ["x.files", "x.skels", "x.text"]


@pytest.mark.parametrize("n_frames", [1, 2, 5])
def test_a_pose_file_is_read_by_the_field_s_library(tmp_path: Path, n_frames: int) -> None:
    library = pytest.importorskip("pose_format")
    clip = made(n_frames=n_frames)
    write_motions(tmp_path / "a.pose", [clip])
    pose = library.Pose.read((tmp_path / "a.pose").read_bytes())
    header = pose.header
    assert [(part.name, len(part.points), part.format) for part in header.components] == [
        ("BODY", 8, "XYZC"),
        ("LEFT_HAND", 21, "XYZC"),
        ("RIGHT_HAND", 21, "XYZC"),
    ]
    assert header.components[0].points[:3] == ["NOSE", "NECK", "RIGHT_SHOULDER"]
    assert header.components[2].points[8] == "INDEX_FINGER_TIP" and (header.dimensions.width, pose.body.fps) == (
        800,
        25,
    )
    assert pose.body.data.shape == (n_frames, 1, 50, 3) and (pose.body.confidence == 1).all()
    xyz = (np.asarray(pose.body.data)[:, 0] - [400, 300, 0]) / [200, 200, -200]
    assert np.abs(xyz - clip.motion).max() < 1e-5
    tip = header.get_point_index("LEFT_HAND", "INDEX_FINGER_TIP")
    assert tip == LEFT_HAND.start + 8
    limbs = [limb for part in header.components for limb in part.limbs]
    assert len(limbs) == 47  # all 49 bones but those between the wrists and the hands


def test_motion_h5_is_what_lift_would_write(tmp_path: Path) -> None:
    clip = made()
    write_motions(tmp_path / "a.h5", [clip])
    motion = read_motion(tmp_path / "a.h5")
    assert (motion.xyz == clip.motion).all() and (motion.fps, motion.lifter) == (25.0, MODEL)
    assert not motion.observed.any()


@pytest.mark.parametrize("n_frames", [1, 4])
def test_a_video_plays_and_says_its_text(tmp_path: Path, n_frames: int) -> None:
    write_motions(tmp_path / "a.mp4", [made(n_frames=n_frames, seed=1, fps=50.0)], size=(128, 96), view="side")
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height, stream.average_rate) == ("h264", 128, 96, 50)
        assert len(list(container.decode(stream))) == n_frames
        assert container.metadata["title"] == TEXTS[1] and container.metadata["artist"] == MODEL
        assert "not recorded" in container.metadata["comment"]


@pytest.mark.parametrize("suffix", [".mp4", ".pose", ".h5"])
def test_several_clips_become_a_folder_and_no_id_leaves_it(tmp_path: Path, suffix: str) -> None:
    clips = (made(name, 1) for name in HOSTILE)
    files = write_motions(tmp_path / "in" / f"out{suffix}", clips, size=(64, 64))
    assert [file.name[:6] for file in files] == [f"{n:05d}-" for n in range(1, len(HOSTILE) + 1)]
    assert files[0].name == f"00001-x{suffix}" and files[4].name == f"00005-한국어_영상{suffix}"
    assert all(file.is_file() and file.parent == tmp_path / "in" / "out" for file in files)
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(files)


def test_the_same_clips_give_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_motions([tmp_path / folder / f"out{suffix}" for suffix in SUFFIXES], several(2), size=(64, 64))
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b") and len(files_of(tmp_path / "a")) == 11


def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        write_motions(tmp_path / f"out{suffix}", [made()], size=(64, 64))
        with pytest.raises(UsageError, match="is there already"):
            write_motions(tmp_path / f"out{suffix}", [made()])
        write_motions(tmp_path / f"out{suffix}", [made(n_frames=2)], overwrite=True, size=(64, 64))
    assert prompt2sign.open_release(tmp_path / "out.parquet")[0].n_frames == 2
    (tmp_path / "out.skels").unlink()
    with pytest.raises(UsageError, match=r"out\.text"):
        write_motions(tmp_path / "out.skels", [made()])


def test_a_folder_of_several_clips_is_replaced_when_asked_and_keeps_other_files(tmp_path: Path) -> None:
    path = tmp_path / "out.h5"
    write_motions(path, several(3))
    for name in ("notes.txt", "0001.h5"):
        (tmp_path / "out" / name).write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        write_motions(path, several(2))
    write_motions(path, several(2), overwrite=True)
    kept = ["00001-clip_0.h5", "00002-clip_1.h5", "0001.h5", "notes.txt"]
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == kept
    (tmp_path / "more").write_text("a file")
    with pytest.raises(UsageError, match="is a file"):
        write_motions([tmp_path / "other.h5", tmp_path / "more.mp4"], several(2))
    assert not (tmp_path / "other").exists()


def test_targets_that_make_no_sense_are_refused_before_anything_is_generated(tmp_path: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()
    for paths, message in (
        ([tmp_path / "a.avi"], r"a\.avi(.|\n)*\.parquet(.|\n)*\.mp4"),
        ([tmp_path / "out"], "names no format"),
        ([tmp_path / "folder.mp4"], "is a folder"),
        ([tmp_path / "a.mp4"] * 2, "each of them once"),
        ([], "at least one path"),
    ):
        with pytest.raises(UsageError, match=message):
            check_targets(paths)
    with pytest.raises(UsageError, match="no skels convention"):
        write_motions(tmp_path / "a.skels", several(), convention="mine")
    with pytest.raises(UsageError, match="no clip"):
        write_motions(tmp_path / "a.skels", [])
    with pytest.raises(UsageError, match="two clips are called 'a'"):
        write_motions(tmp_path / "a.skels", [made("a"), made("b"), made("a")])
    assert [path.name for path in tmp_path.iterdir()] == ["folder.mp4"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"motion": np.full((3, 50, 3), np.nan, np.float32)}, "3 of its 3 frames.*earlier checkpoint"),
        ({"motion": np.full((3, 50, 3), 1e6, np.float32)}, "3 of its 3 frames"),
        ({"motion": np.zeros((0, 50, 3), np.float32)}, "motion of shape"),
        ({"motion": np.zeros((3, 49, 3), np.float32)}, "motion of shape"),
        ({"fps": float("inf")}, "no rate"),
        ({"fps": 0.0}, "no rate"),
        ({"clip_id": ""}, "has no id"),
        ({"text": "\ud800"}, "not Unicode"),
    ],
)
def test_a_clip_that_cannot_be_written_does_not_come_into_being(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ClipRejected, match=message):
        made(**changes)
    with pytest.raises(UsageError, match="no language"):
        made(lang="klingon")


def test_a_clip_that_fails_on_the_way_leaves_nothing(tmp_path: Path) -> None:
    def breaks() -> Iterator[Generated]:
        yield from several(3)
        raise RuntimeError("the model broke")

    paths = [tmp_path / f"out{suffix}" for suffix in SUFFIXES]
    with pytest.raises(RuntimeError, match="the model broke"):
        write_motions(paths, breaks(), size=(64, 64))
    assert not list(tmp_path.iterdir())
    flat = made("flat", motion=np.zeros((2, 50, 3), np.float32))
    with pytest.raises(ClipRejected, match=r"'flat'.*prompt2sign skels"):
        write_motions(paths[:2], [made(), flat], convention="prompt2sign")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    write_motions(path, [made()], size=(64, 64))
    before = files_of(tmp_path)
    long = made(n_frames=300)
    with no_file_larger_than(1000), pytest.raises(OSError):
        write_motions(path, [long], overwrite=True, size=(64, 64))
    assert files_of(tmp_path) == before


def test_clips_are_written_as_they_come(tmp_path: Path) -> None:
    asked: list[int] = []

    def coming() -> Iterator[Generated]:
        for number in range(6):
            if number > 3:  # two are looked at ahead; the others are on the disk by now
                partial = next((tmp_path / "out").glob(".00003-*.tmp"))
                assert partial.stat().st_size > 0
            asked.append(number)
            yield made(f"c{number}", 2)

    assert len(write_motions(tmp_path / "out.h5", coming())) == 6 and asked == list(range(6))
