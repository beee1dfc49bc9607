"""Every frame of every cut is the right one, whatever the rate; and padding, cropping and other rates keep it so."""

from __future__ import annotations

import bisect
import hashlib
import math
import random
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from prompt2sign.errors import ClipRejected
from prompt2sign.media import probe, trim
from prompt2sign.media.crop import square_round

from .media_files import ffmpeg, numbered_pictures, numbered_video, read_number

N_FRAMES = 150
#: Milliseconds at which frame N comes: a clock that leaves frames out, one that trembles, one that changes its rate.
CLOCKS = {
    "gaps": ("40*(N+floor(N/7)*3)", lambda n: 40 * (n + n // 7 * 3)),
    "trembles": ("33*N+mod(N*N*7,23)", lambda n: 33 * n + n * n * 7 % 23),
    "changes": ("if(lt(N,70),N*20,1400+(N-70)*50)", lambda n: n * 20 if n < 70 else 1400 + (n - 70) * 50),
}
RATES = ("24", "25", "30000/1001", "50")


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, list[float]]]:
    """A video of each kind, and the time of each of its frames in seconds."""
    folder, found = tmp_path_factory.mktemp("videos"), {}
    for rate in RATES:
        path = numbered_video(folder / f"{Fraction(rate).numerator}.mp4", N_FRAMES, rate, "-g", "48")
        found[rate] = path, [float(n / Fraction(rate)) for n in range(N_FRAMES)]
    for name, (setpts, milliseconds) in CLOCKS.items():
        clock = ("-vf", f"settb=1/1000,setpts='{setpts}'", "-enc_time_base", "1/90000", "-fps_mode", "passthrough")
        path = numbered_video(folder / f"{name}.mkv", N_FRAMES, "25", *clock, "-g", "48")
        found[name] = path, [milliseconds(n) / 1000 for n in range(N_FRAMES)]
    return found


def numbers_of(path: Path) -> list[int]:
    """The numbers a file shows one after the other."""
    with av.open(str(path)) as container:
        return [read_number(luma_of(frame)) for frame in container.decode(video=0)]


def luma_of(frame: av.VideoFrame) -> NDArray[np.uint8]:
    plane = frame.planes[0]
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]


def latest(times_s: list[float], at_s: float) -> int:
    return max(0, bisect.bisect_right(times_s, at_s) - 1)


def shown_at(times_s: list[float], rate: Fraction, late_s: float, start_s: float, end_s: float) -> list[int]:
    """By definition: at each time of the grid in the clip, the latest frame that has come."""
    steps = range(math.ceil(end_s * rate) + 1)
    return [latest(times_s, k / rate + late_s) for k in steps if start_s - 0.0006 <= k / rate < end_s - 0.0006]


def segments(draw: random.Random, length_s: float, count: int) -> list[tuple[float, float]]:
    """Up to 0.7 s anywhere, rounded as annotations are."""
    starts = [draw.uniform(0, length_s - 0.25) for _ in range(count)]
    return [(round(s, 3), round(min(length_s, s + draw.uniform(0.1, 0.7)), 3)) for s in starts]


@pytest.mark.parametrize("rate", RATES)
def test_200_segments_of_a_constant_rate_are_exact(videos: object, tmp_path: Path, rate: str) -> None:
    path, times_s = videos[rate]  # type: ignore[index]
    for start_s, end_s in segments(random.Random(rate), float(N_FRAMES / Fraction(rate)), 200):
        expected = [n for n, time_s in enumerate(times_s) if start_s - 0.0006 <= time_s < end_s - 0.0006]
        trim(path, tmp_path / "cut", start_s=start_s, end_s=end_s, preset="ultrafast", crf=30)
        assert numbers_of(tmp_path / "cut") == expected, (start_s, end_s)


@pytest.mark.parametrize("clock", CLOCKS)
def test_70_segments_of_each_varying_rate_show_what_a_viewer_sees(videos: object, tmp_path: Path, clock: str) -> None:
    path, times_s = videos[clock]  # type: ignore[index]
    info = probe(path)
    assert info.vfr
    for start_s, end_s in segments(random.Random(clock), times_s[-1], 70):
        # A frame that is a quarter of a frame late is on time: that much trembling is no varying rate.
        expected = shown_at(times_s, info.fps_fraction, 0.25 / info.fps, start_s, end_s)
        trim(path, tmp_path / "cut", start_s=start_s, end_s=end_s, preset="ultrafast", crf=30)
        assert numbers_of(tmp_path / "cut") == expected, (start_s, end_s)


@pytest.mark.parametrize(("source", "rate"), [("24", 25), ("25", 30), ("30000/1001", 25), ("50", 25), ("50", 12.5)])
def test_another_rate_shows_each_frame_at_its_time(videos: object, tmp_path: Path, source: str, rate: float) -> None:
    path, times_s = videos[source]  # type: ignore[index]
    report = trim(path, tmp_path / "cut", rate=rate)
    n_steps = math.ceil(N_FRAMES / Fraction(source) * Fraction(rate))
    expected = [min(N_FRAMES - 1, k * Fraction(source) // Fraction(rate)) for k in range(n_steps)]
    assert numbers_of(tmp_path / "cut") == expected
    assert (report.fps, report.n_frames, report.encoded) == (rate, n_steps, True)
    assert report.source_fps == float(Fraction(source))
    assert probe(tmp_path / "cut").fps == rate
    for start_s, end_s in segments(random.Random(source), times_s[-1], 10):
        trim(path, tmp_path / "cut", start_s=start_s, end_s=end_s, rate=rate)
        assert numbers_of(tmp_path / "cut") == shown_at(times_s, Fraction(rate), 1e-9, start_s, end_s)


@pytest.mark.parametrize("rate", [25.0, 29.97, 12.0])
@pytest.mark.parametrize("clock", CLOCKS)
def test_a_varying_rate_becomes_any_other(videos: object, tmp_path: Path, clock: str, rate: float) -> None:
    path, times_s = videos[clock]  # type: ignore[index]
    exact = Fraction(30000, 1001) if rate == 29.97 else Fraction(rate)
    if exact == probe(path).fps_fraction:
        pytest.skip("is its own")
    report = trim(path, tmp_path / "cut", rate=rate, end_s=times_s[-1])
    # Containers of milliseconds are half of one off.
    assert numbers_of(tmp_path / "cut") == shown_at(times_s, exact, 0.0006, 0, times_s[-1])
    assert report.vfr and report.source_fps == probe(path).fps


def test_30_to_25_leaves_out_every_sixth_frame(tmp_path: Path) -> None:
    trim(numbered_video(tmp_path / "30.mp4", 61, "30"), tmp_path / "cut", rate=25)
    assert numbers_of(tmp_path / "cut") == [n for n in range(61) if n % 6 != 5]


def test_the_rate_it_has_changes_nothing(videos: object, tmp_path: Path) -> None:
    for rate in RATES:
        path, _ = videos[rate]  # type: ignore[index]
        report = trim(path, tmp_path / "never", rate=round(float(Fraction(rate)), 2))
        assert not report.encoded and report.fps == float(Fraction(rate))
    path, _ = videos["gaps"]  # type: ignore[index]
    for name, rate in (("one", None), ("two", probe(path).fps)):
        trim(path, tmp_path / name, rate=rate)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_pictures_take_another_rate_too(tmp_path: Path) -> None:
    folder = numbered_pictures(tmp_path / "pictures", list(range(1, 31)))
    trim(folder, tmp_path / "cut", fps=25, rate=50, start_s=0.4, end_s=0.6)
    assert numbers_of(tmp_path / "cut") == [n for n in range(11, 16) for _ in range(2)]


def test_padding_ends_where_the_video_does(videos: object, tmp_path: Path) -> None:
    path, _ = videos["25"]  # type: ignore[index]
    spans = {(1.0, 2.0): range(13, 63), (0.2, 0.4): range(23), (5.0, 5.9): range(113, 150), (None, 0.4): range(23)}
    for (start_s, end_s), expected in spans.items():
        report = trim(path, tmp_path / "cut", start_s=start_s, end_s=end_s, pad_s=0.5)
        assert numbers_of(tmp_path / "cut") == list(expected)
        assert (report.start_s, report.end_s) == (expected.start / 25, pytest.approx(expected.stop / 25))
    assert not trim(path, tmp_path / "cut", pad_s=3).encoded
    assert not trim(path, tmp_path / "cut", start_s=0.5, end_s=5.9, pad_s=3).encoded


def test_padding_does_not_hide_wrong_times(videos: object, tmp_path: Path) -> None:
    path, _ = videos["25"]  # type: ignore[index]
    for start_s, end_s, reason in ((6.1, 7.0, "past-the-end"), (5.0, 6.2, "past-the-end"), (-0.2, 1.0, "bad-times")):
        with pytest.raises(ClipRejected) as caught:
            trim(path, tmp_path / "cut", start_s=start_s, end_s=end_s, pad_s=0.5)
        assert caught.value.reason == reason


def test_padding_reaches_into_a_truncated_video_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = numbered_video(tmp_path / "whole.mp4", 200, "25", "-movflags", "faststart").read_bytes()
    (tmp_path / "part.mp4").write_bytes(whole[: len(whole) * 6 // 10])
    n_frames = probe(tmp_path / "part.mp4").n_frames
    report = trim(tmp_path / "part.mp4", tmp_path / "cut", start_s=0.4, end_s=0.8, pad_s=0.2)
    assert report.n_frames == 20 < n_frames


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, NDArray[np.uint8]]:
    """A lossless video of 3 frames of noise, and its frames as (3, 72, 96) luma and (3, 2, 36, 48) colours."""
    path = tmp_path_factory.mktemp("noise") / "noise.mkv"
    data = np.random.default_rng(5).integers(16, 235, (3, 96 * 72 * 3 // 2), dtype=np.uint8)
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "96x72", "-r", "25", "-i", "-"]
    ffmpeg(*raw, "-c:v", "ffv1", path, data=data.tobytes())
    return path, data


def planes(path: Path, width: int, height: int) -> NDArray[np.uint8]:
    data = ffmpeg("-i", path, "-f", "rawvideo", "-pix_fmt", "yuv420p", "-")
    return np.frombuffer(data, np.uint8).reshape(-1, width * height * 3 // 2)


def padded(plane: NDArray[np.uint8], left: int, top: int, size: int, outside: int) -> NDArray[np.uint8]:
    around = np.pad(plane, ((0, 0), (200, 200), (200, 200)), constant_values=outside)
    return around[:, 200 + top : 200 + top + size, 200 + left : 200 + left + size]


@pytest.mark.parametrize(
    ("box", "left", "top", "size"),
    [
        ((0.25, 0.25, 0.75, 0.75), 24, 12, 48),  # wider than high
        ((0.25, 0, 0.5, 1), 0, 0, 72),  # higher than wide
        ((0.5, 0.5, 1, 1), 48, 30, 48),  # in the corner: black below
        ((0, 0, 1, 1), 0, -12, 96),
        ((-0.25, -0.5, 0.25, 0.25), -26, -36, 54),
        ((0.8, 0.8, 1.5, 1.5), 76, 48, 68),
        ((0.3, 0.1, 0.31, 0.9), 0, 8, 58),
    ],
)
def test_a_crop_is_a_square_round_the_box_with_black_outside(
    noise: tuple[Path, NDArray[np.uint8]], tmp_path: Path, box: tuple[float, ...], left: int, top: int, size: int
) -> None:
    path, data = noise
    report = trim(path, tmp_path / "cut.mp4", crop=box, crf=0)  # type: ignore[arg-type]
    assert (report.width, report.height, report.encoded) == (size, size, True)
    assert report.crop == (left / 96, top / 72, (left + size) / 96, (top + size) / 72)
    found = planes(tmp_path / "cut.mp4", size, size)
    luma = padded(data[:, : 96 * 72].reshape(3, 72, 96), left, top, size, 16)
    assert np.array_equal(found[:, : size * size].reshape(3, size, size), luma)
    for colour in range(2):
        plane = data[:, 96 * 72 + colour * 48 * 36 :][:, : 48 * 36].reshape(3, 36, 48)
        part = found[:, size * size + colour * size * size // 4 :][:, : size * size // 4]
        expected = padded(plane, left // 2, top // 2, size // 2, 128)
        assert np.array_equal(part.reshape(3, size // 2, size // 2), expected)


@given(*[st.floats(-1, 2)] * 4, st.integers(8, 400).map(lambda n: 2 * n), st.integers(8, 400).map(lambda n: 2 * n))
def test_the_square_holds_the_box_and_has_its_centre(
    left: float, top: float, right: float, bottom: float, width: int, height: int
) -> None:
    try:
        square = square_round(Path("v.mp4"), (left, top, right, bottom), width, height)
    except ClipRejected as error:
        assert error.reason == "bad-crop"
        small = max((right - left) * width, (bottom - top) * height) < 16
        assert small or left >= right or top >= bottom or left >= 1 or top >= 1 or right <= 0 or bottom <= 0
        return
    assert not {square.left % 2, square.top % 2, square.size % 2} - {0}
    longest = max((right - left) * width, (bottom - top) * height)
    assert -0.001 <= square.size - longest <= 2
    assert abs(square.left + square.size / 2 - (left + right) / 2 * width) <= 1
    assert abs(square.top + square.size / 2 - (top + bottom) / 2 * height) <= 1


@pytest.mark.parametrize(
    "box",
    [
        (math.nan, 0, 1, 1),
        (0, 0, math.inf, 1),
        (0.5, 0, 0.5, 1),
        (0.6, 0, 0.5, 1),
        (0, 0.5, 1, 0.2),
        (1.0, 0, 1.5, 1),
        (-0.5, 0, 0.0, 1),
        (0.4, 0.4, 0.41, 0.41),
        (100, 50, 400, 350),
        (0, 0, 640, 480),
    ],
)
def test_a_box_that_makes_no_sense_is_rejected(videos: object, tmp_path: Path, box: tuple[float, ...]) -> None:
    path, _ = videos["25"]  # type: ignore[index]
    with pytest.raises(ClipRejected, match="as shares of width and height") as caught:
        trim(path, tmp_path / "cut", crop=box)  # type: ignore[arg-type]
    assert caught.value.reason == "bad-crop" and str(path) in str(caught.value)
    assert not (tmp_path / "cut").exists()


def test_a_crop_keeps_time_padding_and_rate(videos: object, tmp_path: Path) -> None:
    path, times_s = videos["50"]  # type: ignore[index]
    report = trim(path, tmp_path / "cut", start_s=1.0, end_s=2.0, pad_s=0.2, rate=25, crop=(0, -0.25, 1, 1.25))
    assert (report.width, report.n_frames, report.fps) == (96, 35, 25.0)
    with av.open(str(tmp_path / "cut")) as container:
        pictures = [luma_of(frame)[16:80] for frame in container.decode(video=0)]
    assert [read_number(picture) for picture in pictures] == shown_at(times_s, Fraction(25), 1e-9, 0.8, 2.2)


def test_a_crop_of_all_is_none(tmp_path: Path) -> None:
    path = numbered_video(tmp_path / "square.mp4", 10, size=(96, 96))
    report = trim(path, tmp_path / "never", crop=(0, 0, 1, 1))
    assert (report.encoded, report.crop) == (False, None)


def test_a_crop_is_of_the_upright_picture(tmp_path: Path) -> None:
    plain = numbered_video(tmp_path / "plain.mp4", 5)
    ffmpeg("-display_rotation", "90", "-i", plain, "-c", "copy", tmp_path / "turned.mp4")
    report = trim(tmp_path / "turned.mp4", tmp_path / "cut", crop=(0, 0, 1, 2 / 3), crf=5)
    assert (report.width, report.height) == (64, 64)
    with av.open(str(tmp_path / "cut")) as container:
        found = luma_of(next(container.decode(video=0)))
    player = ffmpeg("-i", tmp_path / "turned.mp4", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-")
    expected = np.frombuffer(player, np.uint8, 96 * 64).reshape(96, 64)[:64]
    assert abs(found.astype(int) - expected).mean() < 3


def test_full_range_stays_full_range_and_its_black_is_black(tmp_path: Path) -> None:
    path = numbered_video(tmp_path / "full.mp4", 5, "25", "-vf", "scale=out_range=full", "-pix_fmt", "yuvj420p")
    trim(path, tmp_path / "cut", crop=(0, 0, 1, 1), crf=5)
    with av.open(str(tmp_path / "cut")) as container:
        frame = next(container.decode(video=0))
    assert frame.color_range == 2
    assert luma_of(frame)[:12].max() < 4


def test_same_input_gives_same_bytes(videos: object, tmp_path: Path) -> None:
    path, _ = videos["trembles"]  # type: ignore[index]
    digests = set()
    for name in ("one", "two"):
        trim(path, tmp_path / name, start_s=1, end_s=2, pad_s=0.3, crop=(0.1, 0.1, 0.9, 0.9), rate=25)
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(digests) == 1
