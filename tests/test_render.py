"""`prompt2sign render`: the pictures of a clip in every format, style and view."""

from __future__ import annotations

import os
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from prompt2sign.drawing import frame_motions
from prompt2sign.errors import ClipRejected, MissingError, UsageError
from prompt2sign.formats.motion import write_motion
from prompt2sign.formats.shards import ShardWriter
from prompt2sign.outputs import Generated, write_motions
from prompt2sign.rendering import Look, Shown, beside, find_motions, render
from prompt2sign.rendering.grid import Panel, in_grid
from prompt2sign.rendering.looks import project
from prompt2sign.skeleton import LEFT_WRIST, RIGHT_WRIST, SKELETON
from prompt2sign.synthetic import compiled

from .made import files_of, run_here
from .making import make_motion, make_row

SMALL = Look(size=(96, 64))


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    writer = ShardWriter(folder / "train-00000.parquet")
    for number, n_frames in enumerate((6, 4, 3), start=1):
        writer.add(make_row(f"clip-{number}", seed=number, n_frames=n_frames))
    writer.finish()
    writer.publish()
    return folder


def waving(n_frames: int = 10, fps: float = 25.0) -> Shown:
    xyz = np.repeat(make_motion(1).xyz, n_frames, axis=0)
    xyz[:, RIGHT_WRIST, 0] += np.linspace(0, 1, n_frames, dtype=np.float32)
    return Shown("waving", "waving", xyz, fps)


def decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def read(path: Path) -> np.ndarray:
    picture = cv2.imread(str(path))
    assert picture is not None
    return picture[..., ::-1]


def test_a_clip_of_a_release_becomes_a_video(release: Path, tmp_path: Path) -> None:
    out = tmp_path / "clip.mp4"
    done = run_here("render", str(release), "clip-1", "--out", str(out), "--size", "128x96", "--json")
    assert done.code == 0, done.err
    assert done.json == {"path": str(out), "frames": 6, "fps": 25.0, "size": [128, 96]}
    with av.open(str(out)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert container.metadata["title"].startswith("ein satz")
    frames = decoded(out)
    assert len(frames) == 6 and frames[0].shape == (96, 128, 3)
    assert out.read_bytes().index(b"moov") < out.read_bytes().index(b"mdat")


@pytest.mark.parametrize("name", ["a.mp4", "a.gif", "a.png", "a"])
def test_the_same_motion_gives_the_same_bytes(name: str, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        render([waving()], tmp_path / folder / name, SMALL)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    assert files_of(tmp_path / "one")


def test_gif_folder_and_strip_show_the_same_pictures(tmp_path: Path) -> None:
    n_pictures = {name: render([waving()], tmp_path / name, SMALL).n_frames for name in ("a.gif", "a", "a.png")}
    assert n_pictures == {"a.gif": 10, "a": 10, "a.png": 8}
    pictures = [read(file) for file in sorted((tmp_path / "a").iterdir())]
    assert sorted(file.name for file in (tmp_path / "a").iterdir())[::9] == ["00001.png", "00010.png"]
    animation = decoded(tmp_path / "a.gif")
    assert len(animation) == 10
    assert max(np.abs(a.astype(int) - b).mean() for a, b in zip(animation, pictures, strict=True)) < 3
    assert b"NETSCAPE2.0" in (tmp_path / "a.gif").read_bytes(), "it repeats"
    strip = read(tmp_path / "a.png")
    assert strip.shape == (64, 8 * 96, 3)
    assert (strip[:, :96] == pictures[0]).all() and (strip[:, -96:] == pictures[-1]).all()


def test_gif_keeps_the_time_of_the_clip(tmp_path: Path) -> None:
    for fps in (12.0, 25.0, 30.0):
        render([waving(31, fps)], tmp_path / "a.gif", SMALL, overwrite=True)
        with av.open(str(tmp_path / "a.gif")) as container:
            times = [frame.time for frame in container.decode(video=0)]
        assert times[30] == pytest.approx(30 / fps, abs=0.011)


def test_another_rate_keeps_the_seconds(tmp_path: Path) -> None:
    done = render([waving(26, 25.0)], tmp_path / "a.mp4", SMALL, fps=10.0)
    assert (done.n_frames, done.fps) == (11, 10.0)
    assert len(decoded(tmp_path / "a.mp4")) == 11


def test_views_and_clips_stand_in_a_grid_in_step(release: Path, tmp_path: Path) -> None:
    out = tmp_path / "grid"
    done = run_here(
        *("render", str(release), "clip-1", "clip-2", "clip-3", "--out", str(out), "--size", "64x48", "--json")
    )
    assert done.json["size"] == [128, 96] and done.json["frames"] == 6
    last = read(out / "00006.png")
    assert (last[48:, 64:] == 0).all(), "a row that is not full ends black"
    held = read(out / "00004.png")[:48, 64:]
    assert (last[:48, 64:] == held >> 1).all(), "a clip that is over stands still in half the light"
    several = run_here(
        *("render", str(release), "clip-1", "--view", "front", "--view", "side", "--view", "top"),
        *("--out", str(tmp_path / "views.png"), "--pictures", "2", "--size", "64x64", "--json"),
    )
    assert several.json["size"] == [192, 64]
    strip = read(tmp_path / "views.png")
    assert strip.shape == (64, 384, 3)
    assert (strip[:, :64] != strip[:, 64:128]).any()


def test_a_generated_motion_stands_beside_its_reference(release: Path, tmp_path: Path) -> None:
    clips = [
        Generated(f"clip-{number}", "GSL", "satz", "", "", make_motion(5, seed=9).xyz, 25.0, "test 1")
        for number in (2, 1)
    ]
    write_motions(tmp_path / "made.parquet", clips)
    shown = beside(find_motions(release, ["clip-1"]), tmp_path / "made.parquet")
    assert [(one.name, one.label) for one in shown] == [("clip-1", "reference"), ("clip-1", "generated")]
    done = run_here(
        *("render", str(release), "clip-1", "--beside", str(tmp_path / "made.parquet"), "--json"),
        *("--out", str(tmp_path / "both.mp4"), "--size", "96x96"),
    )
    assert done.json["size"] == [192, 96] and done.json["frames"] == 6
    with pytest.raises(UsageError, match="clip-3"):
        beside(find_motions(release, ["clip-3"]), tmp_path / "made.parquet")
    write_motion(tmp_path / "one.h5", make_motion(5))
    alone = beside(find_motions(release, ["clip-3"]), tmp_path / "one.h5")
    assert [one.label for one in alone] == ["reference", "generated"]


@pytest.mark.parametrize("style", ["openpose", "dwpose"])
def test_conditioning_pictures_are_black_with_joints_where_they_project(style: str, tmp_path: Path) -> None:
    shown = waving()
    render([shown], tmp_path / "a", Look(style=style, size=(256, 256)))
    camera = frame_motions([shown.motion], (256, 256))
    for number in (0, 9):
        picture = read(tmp_path / "a" / f"{number + 1:05d}.png")
        assert (picture == 0).all(axis=-1).mean() > 0.8
        for joint in (RIGHT_WRIST, LEFT_WRIST):
            x, y = np.rint(camera.project(shown.motion[number].astype(float))[joint, :2]).astype(int)
            assert picture[y - 1 : y + 2, x - 1 : x + 2].max() > 60
    keypoints = project(shown, camera)
    seen = np.zeros(137, bool)
    seen[list(SKELETON.from_keypoints)] = True
    assert (keypoints.xyc[..., 2] == seen).all(), "legs and face are not made up"


def test_a_background_is_what_was_asked_for(tmp_path: Path) -> None:
    write_motion(tmp_path / "clip.h5", make_motion(3))
    done = run_here(
        *("render", str(tmp_path / "clip.h5"), "--out", str(tmp_path / "a"), "--background", "#d0E0f0"),
        *("--size", "64x64"),
    )
    assert done.code == 0, done.err
    assert (read(tmp_path / "a" / "00001.png")[0, 0] == (0xD0, 0xE0, 0xF0)).all()
    refused = run_here(
        *("render", str(tmp_path / "clip.h5"), "--out", str(tmp_path / "b"), "--background", "white"),
        *("--style", "dwpose"),
    )
    assert refused.code == 2 and "black" in refused.err


def test_labels_of_any_script_do_no_harm() -> None:
    blank = np.zeros((64, 96, 3), np.uint8)
    labels = ["", "Grüße 오늘 $", "x" * 300]
    pictures = [next(in_grid([Panel(label, iter([blank]))], 1, 1)) for label in labels]
    assert pictures[0].max() == 0 and pictures[1].max() > 200 and pictures[2][:, -3:].max() == 0


def test_what_cannot_be_shown_is_refused_before_anything_is_drawn(release: Path, tmp_path: Path) -> None:
    write_motion(tmp_path / "clip.h5", make_motion(3))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("x")
    (tmp_path / "there.mp4").write_bytes(b"x")
    (tmp_path / "pictures").mkdir()
    (tmp_path / "link").symlink_to("pictures")
    (tmp_path / "dangling.mp4").symlink_to("nothing.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "rel" / "data").mkdir(parents=True)
    (tmp_path / "rel" / "release.json").write_text("{}")
    h5 = str(tmp_path / "clip.h5")
    for arguments, message in (
        ((str(release), "--out", "a.mp4"), "say which of its 3 clips, such as clip-1 clip-2 clip-3"),
        ((str(release), "clip-9", "--out", "a.mp4"), "clip-9"),
        ((h5, "clip-1", "--out", "a.mp4"), "one clip"),
        ((h5, "--out", "a.avi"), "names no format"),
        ((h5, "--out", "there.mp4"), "--overwrite"),
        ((h5, "--out", "mine", "--overwrite"), "more than numbered pictures"),
        ((h5, "--out", "a.mp4", "--size", "big"), "WIDTHxHEIGHT"),
        ((h5, "--out", "a.mp4", "--size", "9x9"), "pixels"),
        ((h5, "--out", "a.mp4", "--view", "back"), "front, side, top"),
        ((h5, "--out", "a.mp4", "--fps", "0"), "no rate"),
        ((h5, "--out", "a.mp4", "--background", "sky"), "#rrggbb"),
        ((h5, "--out", "a.mp4", "--avatar", "--style", "dwpose"), "two looks"),
        ((h5, "--out", "a.png", "--pictures", "3", "--size", "8000x64"), "too much"),
        ((h5, "--out", "a.mp4", "--size", f"{'9' * 5000}x64"), "WIDTHxHEIGHT"),
        ((h5, "--out", "link", "--overwrite"), "is a link"),
        ((h5, "--out", "dangling.mp4"), "is a link"),
        ((h5, "--out", "pipe.mp4", "--overwrite"), "no ordinary file"),
        ((h5, "--out", str(tmp_path / "rel" / "data" / "a.png")), "lies in the release"),
        ((h5, "--out", str(tmp_path / "rel" / "new" / "pictures")), "lies in the release"),
        ((str(tmp_path / "nothing.h5"), "--out", "a.mp4"), "no such file"),
        ((str(tmp_path / "nothing"), "--out", "a.mp4"), "nothing is there"),
        ((str(tmp_path / "there.mp4"), "--out", "a.mp4"), "give a release"),
    ):
        here = {"a.mp4", "a.avi", "a.png", "there.mp4", "mine", "link", "dangling.mp4", "pipe.mp4"}
        done = run_here("render", *(str(tmp_path / part) if part in here else part for part in arguments))
        assert done.code == 2 and message in done.err, (arguments, done.err)
    assert not (tmp_path / "a.mp4").exists()
    assert sorted(files_of(tmp_path / "rel")) == ["release.json"]
    assert (tmp_path / "mine" / "diary.txt").read_text() == "x"


def test_a_motion_that_diverged_is_refused(tmp_path: Path) -> None:
    motion = make_motion(3)
    motion.xyz[1, 3, 0] = np.nan
    write_motion(tmp_path / "clip.h5", motion)
    with pytest.raises(ClipRejected, match="no motion that can be drawn"):
        find_motions(tmp_path / "clip.h5")


def test_replacing_a_folder_leaves_no_old_picture(tmp_path: Path) -> None:
    render([waving(9)], tmp_path / "a", SMALL)
    render([waving(3)], tmp_path / "a", SMALL, overwrite=True)
    assert sorted(file.name for file in (tmp_path / "a").iterdir()) == ["00001.png", "00002.png", "00003.png"]


def test_folders_of_the_users_beside_the_pictures_stay(tmp_path: Path) -> None:
    for name in (".a.tmp", ".a.partial", ".a.old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "diary.txt").write_text("x")
    before = files_of(tmp_path)
    for n_frames in (2, 1):
        render([waving(n_frames)], tmp_path / "a", SMALL, overwrite=True)
        after = files_of(tmp_path)
        assert {name: after[name] for name in before} == before
        assert len(after) == len(before) + n_frames
    assert len(list(tmp_path.iterdir())) == 4


def test_what_comes_into_a_folder_while_it_is_drawn_anew_stays(tmp_path: Path) -> None:
    render([waving(2)], tmp_path / "a", SMALL)
    (tmp_path / "diary.txt").write_text("x")
    with pytest.raises(UsageError, match="more than numbered"):
        render(
            *([waving(2)], tmp_path / "a", SMALL),
            overwrite=True,
            announce=lambda _: (tmp_path / "diary.txt").rename(tmp_path / "a" / "diary.txt") and None,
        )
    assert sorted(files_of(tmp_path)) == ["a/00001.png", "a/00002.png", "a/diary.txt"]


def test_a_grid_has_no_more_columns_than_pictures(tmp_path: Path) -> None:
    done = render([waving(2), waving(2)], tmp_path / "a", SMALL, columns=20)
    assert done.size == (192, 64)
    assert read(tmp_path / "a" / "00001.png").shape == (64, 192, 3)


def test_a_strip_of_more_pictures_than_frames_has_them_all(tmp_path: Path) -> None:
    assert render([waving(3)], tmp_path / "a.png", SMALL, n_pictures=10**10).n_frames == 3


def test_what_is_announced_is_what_will_be_drawn(tmp_path: Path) -> None:
    announced: list[int] = []
    sides = Look(size=(32, 32), views=("front", "side"))
    render([waving(26), waving(13)], tmp_path / "a", sides, fps=5, announce=announced.append)
    render([waving(26)], tmp_path / "a.png", SMALL, n_pictures=4, announce=announced.append)
    assert announced == [2 * (6 + 3), 4]


def test_the_avatar_draws_only_what_is_shown(release: Path, tmp_path: Path) -> None:
    pytest.importorskip("numba", reason="drawing needs the render extra")
    done = run_here(
        *("render", str(release), "clip-1", "--avatar", "--fps", "5", "--size", "32x32", "--out", str(tmp_path / "a"))
    )
    assert done.code == 0 and "drawing 2 pictures of the signer" in done.err
    assert len(files_of(tmp_path / "a")) == 2


def test_without_numba_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        compiled.compiled(lambda: None)

    monkeypatch.setitem(__import__("sys").modules, "numba", None)
    monkeypatch.setattr("prompt2sign.synthetic.avatar.film", refuse)
    with pytest.raises(MissingError, match=r"prompt2sign\[render\]"):
        render([waving()], tmp_path / "a.mp4", Look(style="avatar"))
    assert not list(tmp_path.iterdir())


def test_the_avatar_is_drawn_in_its_colours(tmp_path: Path) -> None:
    pytest.importorskip("numba", reason="drawing needs the render extra")
    shown = waving(2)
    render([shown], tmp_path / "a", Look(style="avatar", size=(96, 96), signer="bruno", background=(40, 90, 200)))
    first, second = (read(tmp_path / "a" / f"0000{number}.png").astype(int) for number in (1, 2))
    assert np.abs(first[2, 2] - (40, 90, 200)).max() < 30
    assert (np.abs(first - second).max(axis=-1) > 30).sum() > 20, "the arm must move"


def test_an_eye_socket_carves_nothing_out_of_nothing() -> None:
    pytest.importorskip("numba", reason="drawing needs the render extra")
    from prompt2sign.synthetic.avatar import perform_motion
    from prompt2sign.synthetic.body import build_scene
    from prompt2sign.synthetic.field import FAR, scene_distance
    from prompt2sign.synthetic.figure import SIGNERS

    avatar = perform_motion(waving(1).motion, 25.0, SIGNERS["anna"])
    scene = build_scene(avatar.motion, 0, avatar.signer)
    [socket, _] = np.flatnonzero(scene.blend < 0)
    # Seen from the side, a tile may hold the socket and no other part of the head.
    assert scene_distance(scene, np.array([socket]), 1, *scene.start[socket]) == (FAR, -1)
