"""Motion -> pictures -> video: what is seen, from where, and what any player finds in the file."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import av
import cv2
import imageio_ffmpeg
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from prompt2sign.drawing import VIEWS, Camera, draw, draw_together, frame_motions, write_video
from prompt2sign.drawing.figure import Limbs
from prompt2sign.drawing.shapes import SHIFT, flatten
from prompt2sign.errors import UsageError
from prompt2sign.formats.motion import MAX_REACH
from prompt2sign.skeleton import (
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NOSE,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    SKELETON,
)

from .making import make_motion, no_file_larger_than

SIZE = (256, 256)


def standing(n_frames: int = 1) -> np.ndarray:
    """A signer with the forearms raised, palms open towards the camera."""
    xyz = np.zeros((SKELETON.count, 3), np.float32)
    xyz[NOSE] = (0, -0.62, 0.15)
    sides = (
        (-1, RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, RIGHT_HAND),
        (1, LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST, LEFT_HAND),
    )
    for side, shoulder, elbow, wrist, hand in sides:
        xyz[shoulder], xyz[elbow], xyz[wrist] = (side * 0.5, 0, 0), (side * 0.7, 0.75, 0.1), (side * 0.75, 0.2, 0.5)
        xyz[hand.start] = xyz[wrist]
        for finger in range(5):
            for joint in range(4):
                offset = (side * 0.06 * (finger - 2), -0.1 * (joint + 1), 0.0)
                xyz[hand.start + 1 + 4 * finger + joint] = xyz[wrist] + np.float32(offset)
    return np.repeat(xyz[None], n_frames, axis=0)


def at(picture: np.ndarray, camera: Camera, point: np.ndarray) -> np.ndarray:
    """The colour at a point of the motion."""
    x, y, _ = np.rint(camera.project(point.astype(np.float64))).astype(int)
    return picture[y, x].astype(int)


def lit(picture: np.ndarray, blank: np.ndarray) -> int:
    return int((picture != blank).any(axis=-1).sum())


def test_every_frame_is_a_picture_of_its_own() -> None:
    motion = standing(3)
    motion[1, RIGHT_HAND, 1] -= 0.4
    pictures = list(draw(motion, (320, 200)))
    assert [(picture.shape, picture.dtype) for picture in pictures] == [((200, 320, 3), np.uint8)] * 3
    assert (pictures[0] == pictures[2]).all() and (pictures[0] != pictures[1]).any()
    pictures[0][:] = 0
    assert pictures[2].any()


def test_each_part_has_its_place_and_colour() -> None:
    motion = standing()
    camera = frame_motions([motion], SIZE)
    [picture] = draw(motion, SIZE)
    right = at(picture, camera, motion[0, [RIGHT_SHOULDER, RIGHT_ELBOW]].mean(axis=0))
    left = at(picture, camera, motion[0, [LEFT_SHOULDER, LEFT_ELBOW]].mean(axis=0))
    assert right[0] > right[2] + 80 and left[2] > left[0] + 80
    assert camera.project(motion[0, RIGHT_ELBOW].astype(float))[0] < SIZE[0] / 2
    head = at(picture, camera, motion[0, NOSE] - np.float32([0, 0.25, 0]))
    assert head.min() > 80
    fingers = [at(picture, camera, motion[0, LEFT_HAND.start + 3 + 4 * finger]) for finger in range(5)]
    gaps = [np.abs(a - b).max() for n, a in enumerate(fingers) for b in fingers[:n]]
    assert min(gaps) > 25


def test_what_is_nearer_is_brighter_and_thicker_and_in_front() -> None:
    near, far = standing(), standing()
    near[0, [RIGHT_ELBOW, RIGHT_WRIST], 2] = 0.9
    far[0, [RIGHT_ELBOW, RIGHT_WRIST], 2] = -0.4
    camera = frame_motions([near, far], SIZE)
    middle = near[0, [RIGHT_ELBOW, RIGHT_WRIST]].mean(axis=0)
    pictures = [next(draw_together([("", motion), ("", other)], SIZE)) for motion, other in ((near, far), (far, near))]
    bright, dark = (at(picture, camera, middle) for picture in pictures)
    assert bright[0] > dark[0] + 40
    for motion in (near, far):  # the left forearm across the right upper arm, before and behind it
        motion[0, LEFT_WRIST] = motion[0, [RIGHT_SHOULDER, RIGHT_ELBOW]].mean(axis=0)
        motion[0, LEFT_HAND] = motion[0, LEFT_WRIST]
    for depth, is_left in ((0.8, True), (-0.8, False)):
        near[0, LEFT_ELBOW, 2] = near[0, LEFT_WRIST, 2] = depth
        near[0, LEFT_HAND, 2] = depth
        near[0, RIGHT_ELBOW, 2] = 0.1
        [picture] = draw(near, SIZE)
        colour = at(picture, frame_motions([near], SIZE), near[0, LEFT_WRIST] + np.float32([0.1, 0, 0]))
        assert (colour[2] > colour[0]) == is_left


@pytest.mark.parametrize(
    ("view", "moved", "expected"),
    [
        ("front", (1, 0, 0), (1, 0, 0)),
        ("front", (0, 0, 1), (0, 0, 1)),
        ("side", (0, 0, 1), (-1, 0, 0)),
        ("side", (1, 0, 0), (0, 0, 1)),
        ("side", (0, 1, 0), (0, 1, 0)),
        ("top", (0, 0, 1), (0, 1, 0)),
        ("top", (0, 1, 0), (0, 0, -1)),
    ],
)
def test_each_view_looks_from_where_it_says(view: str, moved: tuple[int, ...], expected: tuple[int, ...]) -> None:
    camera = frame_motions([standing()], SIZE, view)
    step = camera.project(np.array(moved, float)) - camera.project(np.zeros(3))
    assert step == pytest.approx(np.array(expected) * [camera.scale, camera.scale, 1])


def test_the_camera_stands_still_and_widens_for_what_it_must_show() -> None:
    still, wide = standing(50), standing(50)
    wide[10:20, LEFT_WRIST, 0] = 2.2
    assert frame_motions([still], SIZE) == frame_motions([still[:1]], SIZE)
    assert frame_motions([wide], SIZE).scale < frame_motions([still], SIZE).scale
    for camera in (frame_motions([wide], SIZE), frame_motions([wide], (640, 200)), frame_motions([wide], (200, 640))):
        assert (camera.project(wide.astype(float))[..., :2] >= 0).all()
        assert (camera.project(wide.astype(float))[..., :2] < camera.size).all()
    wild = standing(2)
    wild[:, RIGHT_WRIST], wild[:, LEFT_WRIST] = 1e30, -1e30
    assert frame_motions([wild], SIZE).scale > 0.4 * frame_motions([still], SIZE).scale
    assert len(list(draw(wild, SIZE))) == 2


@settings(max_examples=25, deadline=None)
@given(
    hnp.arrays(np.float32, (2, SKELETON.count, 3), elements=st.floats(-MAX_REACH, MAX_REACH, width=32)),
    st.sampled_from(VIEWS),
)
def test_any_motion_is_drawn(motion: np.ndarray, view: str) -> None:
    assert len(list(draw(motion, (64, 48), view))) == 2


@settings(max_examples=200, deadline=None)
@given(
    hnp.arrays(np.float64, (1, 1, 2, 3), elements=st.floats(-2, 2)),
    hnp.arrays(np.float64, (1, 2), elements=st.floats(0.05, 0.5)),
)
def test_a_limb_is_the_hull_of_the_circles_at_its_ends(ends: np.ndarray, radii: np.ndarray) -> None:
    camera = frame_motions([standing()], (512, 512))
    [[(outline, _), (corners, _)]] = flatten(Limbs(ends, radii, np.ones((1, 3)), np.zeros(1)), camera)
    for shape in (outline, corners):
        hull = cv2.convexHull(shape.astype(np.int32))
        assert cv2.contourArea(shape.astype(np.float32)) >= 0.995 * cv2.contourArea(hull)
    points = camera.project(ends)[0, 0]
    for x, y, depth in points:
        reach = camera.scale * radii.min() * 0.8
        for angle in np.linspace(0, 2 * np.pi, 12):
            inside = np.float32([x + 0.9 * reach * np.cos(angle), y + 0.9 * reach * np.sin(angle)]) * 2**SHIFT
            assert cv2.pointPolygonTest(corners.astype(np.float32), [*map(float, inside)], False) >= 0, depth


def test_clips_stand_side_by_side_in_step_before_one_camera() -> None:
    long, short = standing(6), standing(3)
    long[:, LEFT_WRIST, 0] = 2.0
    pictures = list(draw_together([("generated", long), ("reference", short)], (128, 96)))
    assert len(pictures) == 6 and pictures[0].shape == (96, 256, 3)
    held = pictures[2][:, 128:]
    assert all((picture[:, 128:] == held >> 1).all() for picture in pictures[3:])
    assert all((picture[:, :128] == pictures[0][:, :128]).all() for picture in pictures)
    same = next(draw_together([("", long), ("", long)], (128, 96)))
    assert (same[:, :128] == same[:, 128:]).all()
    alone = next(draw(short, (128, 96)))
    assert (alone != held).any()  # on its own it is not so small


def test_a_title_is_written_and_fits() -> None:
    bare, titled = (next(draw(standing(), (128, 128), title=title)) for title in ("", "a title much too long " * 9))
    assert lit(titled, bare) > 50
    assert (titled[:, -3:] == bare[:, -3:]).all()


def test_what_cannot_be_drawn_is_refused() -> None:
    hole = standing(2)
    hole[1, 3, 1] = np.nan
    for motion in (hole, hole[:0], hole[0], standing()[:, :49]):
        with pytest.raises(UsageError, match="cannot be drawn"):
            draw(motion)
    with pytest.raises(UsageError, match="front, side, top"):
        draw(standing(), view="back")  # type: ignore[arg-type]
    for size in ((0, 100), (100, 100_000)):
        with pytest.raises(UsageError, match="pixels"):
            draw(standing(), size)
    for title in ("Grüezi", "two\nlines"):
        with pytest.raises(UsageError, match="ASCII"):
            draw(standing(), title=title)
    with pytest.raises(UsageError, match="at least one"):
        draw_together([])


def pictures_of(n_frames: int, width: int = 96, height: int = 64) -> list[np.ndarray]:
    ramp = np.linspace(0, 255, width, dtype=np.uint8)
    frames = []
    for frame in range(n_frames):
        picture = np.zeros((height, width, 3), np.uint8)
        picture[..., 0], picture[..., 1], picture[..., 2] = ramp, 30 * frame % 256, 128
        frames.append(picture)
    return frames


@settings(max_examples=12, deadline=None)
@given(n_frames=st.integers(1, 5), fps=st.sampled_from([12.5, 24.0, 25.0, 29.97, 50.0]))
def test_a_player_finds_what_was_written(tmp_path_factory: pytest.TempPathFactory, n_frames: int, fps: float) -> None:
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    assert write_video(path, iter(pictures_of(n_frames)), fps) == n_frames
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        rate = {29.97: Fraction(30000, 1001)}.get(fps, Fraction(fps))
        assert stream.average_rate == rate
        frames = list(container.decode(stream))
    assert [frame.time for frame in frames] == pytest.approx([n / float(rate) for n in range(n_frames)])
    for frame, picture in zip(frames, pictures_of(n_frames), strict=True):
        assert np.abs(frame.to_ndarray(format="rgb24").astype(int) - picture).mean() < 6


def test_browsers_can_play_it_and_ffmpeg_agrees(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    about = {"title": "오늘 날씨 — Bugün İstanbul\0da", "artist": "signllm tiny", "comment": "größer"}
    write_video(path, draw(standing(10), (65, 49)), 25.0, about)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(path)) as container:
        assert container.metadata["title"] == "오늘 날씨 — Bugün İstanbul da"
        assert (container.metadata["artist"], container.metadata["comment"]) == ("signllm tiny", "größer")
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-i",
        str(path),
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-",
    ]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    frames = np.frombuffer(raw, np.uint8).reshape(10, 50, 66, 3)  # odd sides grow
    assert np.abs(frames[0, :49, :65].astype(int) - next(draw(standing(), (65, 49)))).mean() < 8


def test_the_same_motion_gives_the_same_bytes(tmp_path: Path) -> None:
    motion = make_motion(8).xyz
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, draw(motion, (128, 128)), 25.0, {"title": "x"})
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_video_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    with pytest.raises(UsageError, match="no picture"):
        write_video(path, [], 25.0)
    with pytest.raises(UsageError, match="picture 1 is"):
        write_video(path, [*pictures_of(1), *pictures_of(1, 98)], 25.0)
    for fps in (0.0, 1e-4, -1.0, float("nan"), 1e9):
        with pytest.raises(UsageError, match="no rate"):
            write_video(path, pictures_of(1), fps)
    noise = np.random.default_rng(0).integers(0, 256, (12, 128, 128, 3), dtype=np.uint8)
    with no_file_larger_than(20_000), pytest.raises(OSError):
        write_video(path, noise, 25.0)
    assert not list(tmp_path.iterdir())


@pytest.mark.shared
def test_real_signing_stays_in_the_picture(shared_data: Path) -> None:
    from prompt2sign.estimators.importers import import_keypoints
    from prompt2sign.lifting import lift

    pose = min((shared_data / "how2sign" / "poses").glob("*.pose"), key=lambda path: path.stat().st_size)
    keypoints, _ = import_keypoints(pose, fps=None, width=None, height=None)
    motion = lift(keypoints).xyz
    for view in VIEWS:
        seen = frame_motions([motion], SIZE, view).project(motion.astype(np.float64))[..., :2]
        assert ((seen >= 0) & (seen < 256)).all(axis=-1).mean() > 0.999
    blank = next(draw(motion, SIZE))[0, 0]
    shares = [(picture != blank).any(axis=-1).mean() for picture in draw(motion[:20], SIZE)]
    assert all(0.15 < share < 0.7 for share in shares)
