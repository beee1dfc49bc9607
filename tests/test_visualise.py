"""Keypoints over their video, or on black: what is drawn where, and what any player finds in the file."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import av
import cv2
import imageio_ffmpeg
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt2sign.drawing import STYLES, draw_keypoints
from prompt2sign.drawing.overlay import LARGEST_PX
from prompt2sign.drawing.styles_2d import Mark
from prompt2sign.errors import UsageError
from prompt2sign.formats.keypoints import Keypoints, write_keypoints
from prompt2sign.media import Video
from prompt2sign.options import VisualiseOptions
from prompt2sign.pipeline.stage import Job
from prompt2sign.pipeline.visualise import Visualise
from prompt2sign.records import Clip
from prompt2sign.skeleton import BODY_25, KEYPOINTS_FACE, KEYPOINTS_LEFT_HAND, KEYPOINTS_RIGHT_HAND, N_KEYPOINTS

from .made import build_arguments, files_of, made_corpus, made_keypoints, run_here
from .media_files import numbered_video

CLIP = Clip("clip", "GSL", "folder")


def points(width: int = 320, height: int = 240, **places: tuple[float, float, float]) -> Keypoints:
    """One frame with a few body points."""
    xyc = np.zeros((1, N_KEYPOINTS, 3), np.float32)
    for name, place in places.items():
        xyc[0, BODY_25.index(name)] = place
    return Keypoints(xyc, 25.0, width, height, "made")


def drawn(keypoints: Keypoints, **options) -> np.ndarray:
    (picture,) = draw_keypoints(keypoints, **options)
    return picture


def colour_at(picture: np.ndarray, x: float, y: float) -> tuple[int, ...]:
    return tuple(picture[round(y), round(x)].tolist())


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("openpose", [(255, 85, 0), (255, 170, 0), (255, 170, 0)]),
        ("dwpose", [(255, 170, 0), (255, 255, 0), (153, 102, 0)]),
    ],
)
def test_each_style_has_its_own_colours(style: str, expected: list[tuple[int, ...]]) -> None:
    """The right upper arm: shoulder, elbow, and the stroke between them.

    OpenPose: hues 20 and 40, the stroke has that of its outer end. DWPose: points 2 and 3 and limb 2 of its order, 20
    degrees each, the limb darker.
    """
    picture = drawn(points(right_shoulder=(100, 60, 0.9), right_elbow=(100, 180, 0.9)), style=style)
    np.testing.assert_allclose([colour_at(picture, 100, y) for y in (60, 180, 120)], expected, atol=2)
    assert colour_at(picture, 160, 120) == (0, 0, 0)


@pytest.mark.parametrize("style", sorted(STYLES))
def test_every_point_of_the_layout_has_its_place_in_a_style(style: str) -> None:
    used = {point for mark in STYLES[style] for point in (mark.start, mark.end)}
    hands = {*range(KEYPOINTS_LEFT_HAND.start, KEYPOINTS_RIGHT_HAND.stop)}
    face = {*range(KEYPOINTS_FACE.start, KEYPOINTS_FACE.start + 68)}
    assert hands | face <= used
    assert used >= set(range(25)) if style == "openpose" else not used & set(range(19, 25))
    fingers = [mark for mark in STYLES[style] if mark.start != mark.end and mark.start >= KEYPOINTS_LEFT_HAND.start]
    assert len(fingers) == 40 and isinstance(fingers[0], Mark)


def test_what_was_not_found_or_is_unsure_is_not_drawn() -> None:
    seen = points(right_shoulder=(100, 60, 0.9), right_elbow=(100, 180, 0.3))
    assert drawn(seen, min_confidence=0.2)[120, 100].any()
    unsure = drawn(seen, min_confidence=0.5)
    assert unsure[60, 100].any() and not unsure[120, 100].any() and not unsure[180, 100].any()
    assert not drawn(points(), min_confidence=0.0).any()


def test_strokes_grow_with_the_picture_and_with_thickness() -> None:
    def stroke_px(width: int, height: int, thickness: float = 1.0) -> int:
        arm = points(width, height, right_shoulder=(width / 2, 10, 1), right_elbow=(width / 2, height - 10, 1))
        return int((drawn(arm, thickness=thickness)[height // 2].max(axis=-1) > 127).sum())

    small, large = stroke_px(320, 240), stroke_px(1280, 960)
    assert large == pytest.approx(4 * small, abs=2)
    assert stroke_px(1280, 960, 2.0) == pytest.approx(2 * large, abs=3)


def test_over_a_frame_the_frame_shines_through_and_is_untouched_elsewhere() -> None:
    frame = np.full((240, 320, 3), 200, np.uint8)
    arm = points(left_shoulder=(100, 60, 1), left_elbow=(100, 180, 1))
    (picture,) = draw_keypoints(arm, [frame])
    np.testing.assert_allclose(picture[120, 100], 0.6 * np.array([85, 255, 0]) + 0.4 * 200, atol=2)
    assert (picture[:, 200:] == 200).all() and (frame == 200).all()


@given(
    x=st.floats(-1e6, 1e6, width=32),
    y=st.floats(-1e6, 1e6, width=32),
    width=st.integers(16, 400),
    height=st.integers(16, 300),
)
@settings(deadline=None, max_examples=40)
def test_points_anywhere_are_drawn_or_left_out(x: float, y: float, width: int, height: int) -> None:
    keypoints = points(width, height, nose=(x, y, 1), neck=(width / 2, height / 2, 1), mid_hip=(-x, y, 1))
    for style in STYLES:
        picture = drawn(keypoints, style=style)
        assert picture.shape == (height, width, 3) and picture[height // 2, width // 2].any()


def test_a_stroke_to_far_outside_is_left_out_and_one_to_just_outside_is_not() -> None:
    near, far = (drawn(points(neck=(100, 100, 1), nose=(100, y, 1))) for y in (-100, -900))
    assert near[50, 100].any() and not far[50, 100].any() and far[100, 100].any()


def test_a_huge_picture_is_shown_smaller() -> None:
    picture = drawn(points(20_000, 10_000, nose=(10_000, 5_000, 1)))
    assert picture.shape == (LARGEST_PX // 2, LARGEST_PX, 3)
    rows, columns = np.nonzero(picture.any(axis=-1))
    assert rows.mean() == pytest.approx(1023.5, abs=1) and columns.mean() == pytest.approx(2047.5, abs=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"style": "crayon"}, "no style 'crayon'"), ({"frames": [np.zeros((9, 9, 3), np.uint8)]}, r"\(9, 9, 3\)")],
)
def test_wrong_use_is_said(options, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        drawn(points(), **options)


@pytest.mark.parametrize("n_frames", [0, 2])
def test_frames_of_another_clip(n_frames: int) -> None:
    with pytest.raises(UsageError, match="another length"):
        list(draw_keypoints(points(), [np.zeros((240, 320, 3), np.uint8)] * n_frames))


def test_keypoints_without_a_size() -> None:
    with pytest.raises(UsageError, match="--size"):
        drawn(replace(points(), width=0, height=0))


class TestStage:
    def job(self, tmp_path: Path, n_frames: int = 8, over: bool = True) -> Job:
        video = numbered_video(tmp_path / "clip.mp4", n_frames, size=(128, 96))
        keypoints = replace(made_keypoints(n_frames), width=128, height=96)
        keypoints.xyc[..., :2] *= 0.15
        write_keypoints(tmp_path / "clip.h5", keypoints)
        return Job(CLIP, tmp_path / "clip.h5", tmp_path / "out.mp4", video if over else None)

    @pytest.mark.parametrize("background", ["over", "black"])
    def test_the_file_is_one_that_browsers_play(self, tmp_path: Path, background: str) -> None:
        job = self.job(tmp_path)
        result = Visualise(VisualiseOptions(background=background)).run(job)
        assert result.values == {"n_frames": 8, "background": background}
        with av.open(str(job.target)) as container:
            stream = container.streams.video[0]
            assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
            assert (stream.width, stream.height, stream.frames, stream.average_rate) == (128, 96, 8, 25)
        content = job.target.read_bytes()
        assert content.index(b"moov") < content.index(b"mdat")
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", job.target, "-f", "rawvideo"]
        decoded = subprocess.run([*command, "-pix_fmt", "rgb24", "-"], stdout=subprocess.PIPE, check=True).stdout
        pictures = np.frombuffer(decoded, np.uint8).reshape(8, 96, 128, 3)
        corners = pictures[:, -4:, -4:]
        assert (corners.mean() < 20) if background == "black" else (abs(corners.mean() - 128) < 20)
        assert np.ptp(pictures.astype(int), axis=-1).max() > 100  # the video is grey, the skeleton is not

    def test_the_same_bytes_each_time(self, tmp_path: Path) -> None:
        job = self.job(tmp_path)
        stage, files = Visualise(VisualiseOptions(background="over", style="dwpose")), []
        for _ in range(2):
            stage.run(job)
            files.append(job.target.read_bytes())
        assert files[0] == files[1]

    def test_without_a_video_it_is_drawn_on_black(self, tmp_path: Path) -> None:
        result = Visualise(VisualiseOptions(background="over")).run(self.job(tmp_path, over=False))
        assert result.values["background"] == "black"


class TestCommandLine:
    def test_a_build_with_it_gives_videos_and_the_same_release(self, tmp_path: Path) -> None:
        corpus = made_corpus(tmp_path, n_clips=2)
        plain = [*build_arguments(corpus, tmp_path / "work", tmp_path / "plain"), "--jobs", "1"]
        drawn_too = [*build_arguments(corpus, tmp_path / "work", tmp_path / "drawn"), "--jobs", "1"]
        assert run_here(*plain).code == 0
        done = run_here(*drawn_too, "--visualise", "over", "--visualise-style", "dwpose", "--json")
        assert done.code == 0, done.err
        stages = {row["stage"]: row for row in json.loads(done.out)["stages"]}
        assert stages["visualise"]["worked_on"] == 2 and stages["pose"]["worked_on"] == 0
        videos = sorted((tmp_path / "work/gsl/folder/visualised").glob("*.mp4"))
        assert [Video(path).info.n_frames for path in videos] == [12, 13]
        assert Video(videos[0]).info.width == 800
        assert files_of(tmp_path / "plain") == files_of(tmp_path / "drawn")

    def test_a_clip_that_cannot_be_drawn_stays_in_the_release(self, tmp_path: Path) -> None:
        corpus = made_corpus(tmp_path, n_clips=2)
        arguments = [*build_arguments(corpus, tmp_path / "work", tmp_path / "out"), "--jobs", "1"]
        size = arguments.index("--size")
        done = run_here(*arguments[:size], *arguments[size + 2 :], "--visualise", "black", "--json")
        result = json.loads(done.out)
        assert result["release"]["clips"] == 2
        again = run_here(*arguments[:size], *arguments[size + 2 :], "--json")
        assert json.loads(again.out)["release"]["already_there"]

    def test_pose_alone_draws_too_and_a_wrong_word_is_refused(self, tmp_path: Path) -> None:
        corpus = made_corpus(tmp_path, n_clips=1)
        arguments = build_arguments(corpus, tmp_path / "work", tmp_path / "out")
        arguments = ["pose", *arguments[1 : arguments.index("--out")], "--jobs", "1"]
        assert run_here(*arguments, "--visualise", "black").code == 0
        assert len(list((tmp_path / "work/gsl/folder/visualised").glob("*.mp4"))) == 1
        wrong = run_here(*arguments, "--visualise", "behind")
        assert wrong.code == 2 and "visualise.background" in wrong.err


def test_over_a_real_cut_of_the_sample(tmp_path: Path) -> None:
    """The trimmed clip of a build lies below the skeleton, not the whole recording."""
    sample = Path(__file__).resolve().parents[1] / "prompt2sign/sample/videos/sample-01.mp4"
    shutil.copy(sample, tmp_path / "clip.mp4")
    video = Video(tmp_path / "clip.mp4")
    info = video.info
    xyc = np.zeros((info.n_frames, N_KEYPOINTS, 3), np.float32)
    write_keypoints(tmp_path / "k.h5", Keypoints(xyc, info.fps, info.width, info.height, "nobody"))
    Visualise(VisualiseOptions(background="over")).run(Job(CLIP, tmp_path / "k.h5", tmp_path / "o.mp4", video.path))
    before, after = next(video.frames()), next(Video(tmp_path / "o.mp4").frames())
    assert np.abs(cv2.absdiff(before, after)).mean() < 6
