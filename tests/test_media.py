"""Videos are probed, read and cut exactly to the frame, whatever the file is like."""

from __future__ import annotations

import errno
import hashlib
import math
import random
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from prompt2sign.errors import ClipRejected, UsageError
from prompt2sign.media import Pictures, Video, open_frames, probe, trim
from prompt2sign.media.rates import as_rate
from prompt2sign.media.timeline import timeline

from .media_files import (
    ffmpeg,
    numbered_frame,
    numbered_pictures,
    numbered_video,
    numbers_in,
    read_number,
)

KEEP_SOME = "select='lt(n,20)+gt(n,70)+not(mod(n,3))'"
KEPT = [n for n in range(120) if n < 20 or n > 70 or n % 3 == 0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="module")
def video(folder: Path) -> Path:
    return numbered_video(folder / "video.mp4", 300)


@pytest.fixture(scope="module")
def vfr_video(folder: Path) -> Path:
    return numbered_video(folder / "vfr.mp4", 120, "25", "-vf", KEEP_SOME, "-fps_mode", "vfr")


def rejected(reason: str, *args: object, **kwargs: object) -> str:
    function = kwargs.pop("by", trim)
    with pytest.raises(ClipRejected) as caught:
        function(*args, **kwargs)  # type: ignore[operator]
    assert caught.value.reason == reason, caught.value
    assert str(args[0]) in str(caught.value)
    assert str(caught.value).count(";") >= 1, "says what to do next"
    return str(caught.value)


@pytest.mark.parametrize("rate", ["24", "25", "30000/1001", "50", "24000/1001", "15"])
def test_probe_counts_frames_and_keeps_the_rate(folder: Path, rate: str) -> None:
    info = probe(numbered_video(folder / f"rate{rate.replace('/', '_')}.mp4", 31, rate))
    assert info.fps_fraction == Fraction(rate)
    assert (info.n_frames, info.width, info.height, info.vfr, info.truncated) == (31, 96, 64, False, False)
    assert info.duration_s == pytest.approx(31 / Fraction(rate))


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        ("mkv", ()),
        ("mov", ("-bf", "0")),
        ("ts", ()),
        ("avi", ()),
        ("avi", ("-c:v", "mpeg4", "-q:v", "3")),
        ("webm", ("-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-crf", "20", "-b:v", "0")),
        ("mp4", ("-g", "12", "-x264-params", "open-gop=1")),
        ("mp4", ("-g", "1")),
        ("mkv", ("-live", "1", "-g", "20")),
    ],
)
def test_containers_and_codecs_are_read_and_cut_alike(folder: Path, suffix: str, options: tuple[str, ...]) -> None:
    path = numbered_video(folder / f"c{len(options)}{sum(map(len, options))}.{suffix}", 90, "30000/1001", *options)
    assert [read_number(frame) for frame in Video(path).frames()] == list(range(90))
    assert probe(path).fps_fraction == Fraction(30000, 1001) and not probe(path).vfr
    for first, stop in ((0, 30), (37, 61), (59, 90)):
        report = trim(path, folder / "cut", start_s=first * 1001 / 30000, end_s=stop * 1001 / 30000)
        assert numbers_in(folder / "cut") == list(range(first, stop))
        assert (report.n_frames, report.fps) == (stop - first, 30000 / 1001)


@pytest.mark.parametrize("rate", ["24", "25", "30000/1001", "50"])
def test_any_segment_is_exact_to_the_frame(folder: Path, rate: str) -> None:
    fps, draw = Fraction(rate), random.Random(rate)
    path = numbered_video(folder / f"segments{fps.numerator}.mp4", 200, rate)
    for _ in range(8):
        start_s, end_s = sorted(round(draw.uniform(0, float(200 / fps)), 3) for _ in range(2))
        # A frame half a millisecond away from a rounded time belongs to the side it was rounded from.
        expected = [n for n in range(200) if start_s - 0.0006 <= n / fps < end_s - 0.0006]
        report = trim(path, folder / "segment", start_s=start_s, end_s=end_s)
        assert numbers_in(folder / "segment") == expected
        assert probe(folder / "segment").fps_fraction == fps
        assert report.start_s == pytest.approx(expected[0] / fps)
        assert report.end_s == pytest.approx((expected[-1] + 1) / fps)


def test_times_rounded_to_milliseconds_still_name_their_frames(folder: Path) -> None:
    path = numbered_video(folder / "rounded.mp4", 40, "30000/1001")
    for first, stop in ((1, 4), (2, 5), (5, 7), (8, 29)):
        times = {"start_s": round(first * 1001 / 30000, 3), "end_s": round(stop * 1001 / 30000, 3)}
        trim(path, folder / "segment", **times)
        assert numbers_in(folder / "segment") == list(range(first, stop))


def test_keyframes_are_chosen_anew(folder: Path) -> None:
    """A source of keyframes only must not make a clip ten times its size."""
    path = numbered_video(folder / "intra.mp4", 60, "25", "-g", "1")
    trim(path, folder / "clip", start_s=0.4)
    assert len(timeline(folder / "clip").keyframes) < 5 < len(timeline(path).keyframes)


def test_adjacent_segments_share_no_frame_and_lose_none(folder: Path, video: Path) -> None:
    cuts = [0.0, 1.237, 4.0, 4.44, 9.999, 12.0]
    found = []
    for start_s, end_s in pairwise(cuts):
        trim(video, folder / "part", start_s=start_s, end_s=end_s)
        found += numbers_in(folder / "part")
    assert found == list(range(300))


def test_times_count_from_the_beginning_of_the_file(folder: Path) -> None:
    late = numbered_video(folder / "late.mp4", 50, "25", "-output_ts_offset", "7.5")
    trim(late, folder / "part", start_s=1.0, end_s=1.4)
    assert numbers_in(folder / "part") == list(range(25, 35))


def test_a_file_cut_by_copying_shows_only_what_its_edit_list_shows(folder: Path, video: Path) -> None:
    ffmpeg("-ss", "3.48", "-i", video, "-t", "2", "-c", "copy", folder / "copied.mp4")
    shown = numbers_in(folder / "copied.mp4")
    assert shown[0] == 87 and probe(folder / "copied.mp4").n_frames == len(shown)
    assert [read_number(frame) for frame in Video(folder / "copied.mp4").frames()] == shown
    trim(folder / "copied.mp4", folder / "part", start_s=0.4, end_s=0.8)
    assert numbers_in(folder / "part") == list(range(97, 107))


def test_what_needs_no_cut_is_not_encoded(folder: Path, video: Path) -> None:
    for times in ({}, {"start_s": 0.0}, {"start_s": 0.0, "end_s": 12.0}, {"end_s": 12.08}):
        report = trim(video, folder / "never", **times)
        assert (report.encoded, report.n_frames, report.end_s) == (False, 300, 12.0)
    assert not (folder / "never").exists()


def test_varying_rate_is_resampled_to_what_a_viewer_sees(folder: Path, vfr_video: Path) -> None:
    seen = [max(n for n in KEPT if n <= step) for step in range(120)]
    info = probe(vfr_video)
    assert (info.vfr, info.n_frames, info.fps, info.duration_s) == (True, len(KEPT), 25.0, 4.8)
    report = trim(vfr_video, folder / "even")
    assert (report.vfr, report.encoded, report.n_frames) == (True, True, 120)
    assert numbers_in(folder / "even") == seen and not probe(folder / "even").vfr
    trim(vfr_video, folder / "even", start_s=1.0, end_s=3.5)
    assert numbers_in(folder / "even") == seen[25:88]


def test_two_rates_in_one_file_keep_every_frame(folder: Path) -> None:
    setpts = "settb=1/1000,setpts='if(lt(N,50),N*20,1000+(N-50)*40)'"
    path = numbered_video(
        folder / "two.mkv", 100, "50", "-vf", setpts, "-enc_time_base", "1/90000", "-fps_mode", "passthrough"
    )
    trim(path, folder / "even")
    assert probe(path).vfr and probe(path).fps == 50
    # How long the last frame stays is not in the file.
    assert numbers_in(folder / "even") == [*range(50), *(n for n in range(50, 100) for _ in range(2))][:-1]


def test_a_trembling_clock_is_resampled_by_its_median(folder: Path) -> None:
    """A phone's 30 a second, each frame up to 0.4 of a frame late or early."""
    setpts = "settb=1/90000,setpts='3000*(N+0.8*random(0)-0.4)'"
    path = numbered_video(
        folder / "phone.mp4", 90, "30", "-vf", setpts, "-enc_time_base", "1/90000", "-fps_mode", "passthrough"
    )
    report = trim(path, folder / "even")
    assert report.vfr and report.fps == 30.0
    numbers = numbers_in(folder / "even")
    assert numbers == sorted(numbers) and max(abs(n - step) for step, n in enumerate(numbers)) <= 1


def test_a_broken_clock_is_rejected(folder: Path) -> None:
    setpts = "settb=1/1000,setpts='if(lt(N,5),N*40,100000+N*40)'"
    path = numbered_video(
        folder / "broken.mkv", 10, "25", "-vf", setpts, "-enc_time_base", "1/90000", "-fps_mode", "passthrough"
    )
    rejected("broken-timestamps", path, by=probe)


def test_same_input_gives_same_bytes(folder: Path, video: Path) -> None:
    digests = set()
    for name in ("one.mp4", "two.part"):
        trim(video, folder / name, start_s=2, end_s=4)
        digests.add(hashlib.sha256((folder / name).read_bytes()).hexdigest())
    assert len(digests) == 1


def test_the_users_options_and_disk(folder: Path, video: Path) -> None:
    trim(video, folder / "fine", start_s=1, preset="veryfast", crf=5)
    trim(video, folder / "coarse", start_s=1, preset="ultrafast", crf=40)
    assert (folder / "fine").stat().st_size > (folder / "coarse").stat().st_size
    with pytest.raises(UsageError, match="superfast"):
        trim(video, folder / "x", start_s=1, preset="quick")
    if Path("/dev/full").exists():
        with pytest.raises(OSError) as caught:
            trim(video, Path("/dev/full"), start_s=1)
        assert caught.value.errno == errno.ENOSPC


def test_odd_sizes_lose_their_last_row_and_column(folder: Path) -> None:
    path = numbered_video(folder / "odd.mkv", 20, "25", "-c:v", "ffv1", "-pix_fmt", "bgr0", size=(97, 65))
    assert (probe(path).width, probe(path).height) == (97, 65)
    report = trim(path, folder / "even", start_s=0.2, end_s=0.6)
    assert (report.width, report.height) == (96, 64)
    assert numbers_in(folder / "even") == list(range(5, 15))


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_turned_videos_are_read_and_cut_upright(folder: Path, video: Path, degrees: int) -> None:
    path = folder / f"turned{degrees}.mp4"
    ffmpeg("-display_rotation", str(degrees), "-i", video, "-t", "1", "-c", "copy", path)
    size = (64, 96) if degrees % 180 else (96, 64)
    player = ffmpeg("-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    report = trim(path, folder / "upright", start_s=0.2, end_s=0.6)
    assert (report.width, report.height) == size == (probe(path).width, probe(path).height)
    for shown in (path, folder / "upright"):
        frame = next(Video(shown).frames())
        assert frame.shape == (size[1], size[0], 3) and frame.flags["C_CONTIGUOUS"]
    ours = next(Video(path).frames()).astype(int).ravel()
    assert abs(ours - list(player)).mean() < 3
    upright = next(Video(folder / "upright").frames())
    assert abs(upright.astype(int) - list(Video(path).frames())[5]).mean() < 3


def test_sound_is_left_out(folder: Path, video: Path) -> None:
    ffmpeg("-i", video, "-f", "lavfi", "-i", "sine=d=12", "-c:v", "copy", "-c:a", "aac", folder / "sound.mp4")
    assert [probe(folder / "sound.mp4").n_frames, trim(folder / "sound.mp4", folder / "x").encoded] == [300, False]
    trim(folder / "sound.mp4", folder / "x", start_s=1, end_s=2)
    assert numbers_in(folder / "x") == list(range(25, 50)) and b"mp4a" not in (folder / "x").read_bytes()


@pytest.mark.parametrize(
    ("start_s", "end_s", "reason"),
    [
        (12.0, None, "past-the-end"),
        (400.0, 401.0, "past-the-end"),
        (11.0, 12.2, "past-the-end"),
        (3.0, 3.0, "bad-times"),
        (4.0, 3.0, "bad-times"),
        (-1.0, 3.0, "bad-times"),
        (math.nan, 3.0, "bad-times"),
        (1.0, math.nan, "bad-times"),
        (math.inf, None, "bad-times"),
        (1.005, 1.03, "no-frames"),
    ],
)
def test_bad_times_are_rejected(folder: Path, video: Path, start_s: float, end_s: float, reason: str) -> None:
    rejected(reason, video, folder / "none", start_s=start_s, end_s=end_s)
    assert not (folder / "none").exists()


def test_an_end_a_little_past_the_last_frame_is_a_rounded_end(folder: Path, video: Path) -> None:
    report = trim(video, folder / "x", start_s=11, end_s=12.09)
    assert (report.n_frames, report.end_s) == (25, 12.0)


def test_files_that_are_no_videos_are_rejected(folder: Path) -> None:
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("not a video at all" * 100)
    (folder / "list.mp4").write_text("ffconcat version 1.0\nfile video.mp4\n")
    (folder / "playlist.mp4").write_text("#EXTM3U\n#EXTINF:1,\nvideo.mp4\n#EXT-X-ENDLIST\n")
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac", folder / "sound_only.mp4")
    ffmpeg("-f", "lavfi", "-i", "color=d=1", "-frames:v", "0", "-c:v", "libx264", folder / "zero.mkv")
    rejected("zero-bytes", folder / "empty.mp4", by=probe)
    rejected("missing-video", folder / "nowhere.mp4", by=probe)
    rejected("missing-video", folder / "nowhere.mp4", folder / "x")
    for name in ("text", "list", "playlist"):
        rejected("corrupt-video", folder / f"{name}.mp4", by=probe)
    rejected("no-video-stream", folder / "sound_only.mp4", by=probe)
    rejected("no-frames", folder / "zero.mkv", by=probe)


@pytest.mark.parametrize(("suffix", "options"), [("mp4", ("-movflags", "faststart")), ("mkv", ()), ("mp4", ())])
def test_truncated_files(folder: Path, suffix: str, options: tuple[str, ...]) -> None:
    whole = numbered_video(folder / f"whole.{suffix}", 200, "25", *options)
    path = folder / f"truncated{len(options)}.{suffix}"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    if suffix == "mp4" and not options:
        rejected("corrupt-video", path, by=probe)
        return
    assert probe(path).truncated and probe(path).n_declared == 200
    message = rejected("truncated-video", path, folder / "x")
    assert "of 200 frames" in message
    rejected("truncated-video", path, folder / "x", start_s=7.0, end_s=7.9)
    read = []
    with pytest.raises(ClipRejected, match="of 200 frames") as caught:
        read += [read_number(frame) for frame in Video(path).frames()]
    assert caught.value.reason == "truncated-video"
    trim(path, folder / "x", start_s=0.4, end_s=0.8)
    assert numbers_in(folder / "x") == list(range(10, 20))


def test_damage_rejects_the_clips_it_touches(folder: Path) -> None:
    whole = numbered_video(folder / "good.mp4", 200, "25", "-movflags", "faststart", "-g", "50")
    data = bytearray(whole.read_bytes())
    data[len(data) * 6 // 10 :][:400] = b""
    middle = len(data) * 6 // 10
    data[middle : middle + 400] = b"\x55" * 400
    path = folder / "damaged.mp4"
    path.write_bytes(data)
    with pytest.raises(ClipRejected, match="of 200 is damaged"):
        list(Video(path).frames())
    trim(path, folder / "x", start_s=0.4, end_s=0.8)
    assert numbers_in(folder / "x") == list(range(10, 20))


def test_a_video_can_be_read_again_and_left_early(video: Path) -> None:
    source = Video(video)
    assert read_number(next(source.frames())) == 0
    assert sum(1 for _ in source.frames()) == sum(1 for _ in source.frames()) == 300


def test_a_file_that_changes_is_probed_again(folder: Path) -> None:
    path = numbered_video(folder / "changes.mp4", 10)
    assert probe(path).n_frames == 10
    numbered_video(path, 20)
    assert probe(path).n_frames == 20


def test_strange_names_are_names(folder: Path) -> None:
    for name in ("-leading.mp4", "a:b %d.mp4", "수어 영상.mp4", "concat:x|y.mp4"):
        assert probe(numbered_video(folder / "plain.mp4", 5).rename(folder / name)).n_frames == 5


def test_pictures_become_a_clip(folder: Path) -> None:
    pictures = numbered_pictures(folder / "pictures", list(range(1, 31)))
    (pictures / "Thumbs.db").write_bytes(b"x")
    (pictures / "._images0001.png").write_bytes(b"x")
    (pictures / "cover.png").write_bytes(b"x")
    assert (open_frames(pictures, 25).info.n_frames, open_frames(pictures, 29.97).info.fps_fraction) == (
        30,
        Fraction(30000, 1001),
    )
    assert [read_number(frame) for frame in open_frames(pictures, 25).frames()] == list(range(1, 31))
    report = trim(pictures, folder / "x", fps=25)
    assert (report.encoded, report.n_frames, report.fps, probe(folder / "x").fps) == (True, 30, 25.0, 25.0)
    assert numbers_in(folder / "x") == list(range(1, 31))
    trim(pictures, folder / "x", fps=25, start_s=0.4, end_s=0.6)
    assert numbers_in(folder / "x") == list(range(11, 16))


def test_pictures_are_ordered_by_number_not_by_name(folder: Path) -> None:
    pictures = numbered_pictures(folder / "natural", list(range(8, 13)), "frame{}.jpg")
    assert [read_number(frame) for frame in Pictures(pictures, 25).frames()] == list(range(8, 13))


def test_bad_picture_folders_are_rejected(folder: Path) -> None:
    import cv2

    gap = numbered_pictures(folder / "gap", [1, 2, 4, 5])
    assert "number 3" in rejected("missing-pictures", gap, folder / "x", fps=25)
    rejected("no-rate", gap, folder / "x")
    rejected("no-rate", gap, folder / "x", fps=math.nan)
    (folder / "nothing").mkdir()
    rejected("no-frames", folder / "nothing", folder / "x", fps=25)
    mixed = numbered_pictures(folder / "mixed", [1, 2])
    cv2.imwrite(str(mixed / "other0003.png"), numbered_frame(3))
    rejected("mixed-pictures", mixed, folder / "x", fps=25)
    sizes = numbered_pictures(folder / "sizes", [1, 2])
    cv2.imwrite(str(sizes / "images0003.png"), numbered_frame(3, 128, 64))
    with pytest.raises(ClipRejected, match=r"images0003.png: is 128x64"):
        trim(sizes, folder / "x", fps=25)
    (numbered_pictures(folder / "bad", [1, 2]) / "images0002.png").write_bytes(b"\x89PNG")
    with pytest.raises(ClipRejected, match=r"images0002.png: cannot be read as a picture"):
        trim(folder / "bad", folder / "x", fps=25)
    rejected("past-the-end", numbered_pictures(folder / "short", [1, 2]), folder / "x", fps=25, end_s=3.0)


@pytest.mark.shared
def test_real_clips_are_used_as_they_are_and_cut_exactly(shared_data: Path, tmp_path: Path) -> None:
    path = sorted((shared_data / "how2sign" / "clips").glob("*.mp4"))[0]
    whole = list(Video(path).frames())
    assert not trim(path, tmp_path / "x").encoded and len(whole) == probe(path).n_frames
    report = trim(path, tmp_path / "x", start_s=1.0, end_s=1.5)
    cut = list(Video(tmp_path / "x").frames())
    assert report.n_frames == len(cut) == 12
    assert all(abs(a.astype(int) - b).mean() < 2 for a, b in zip(cut, whole[24:36], strict=True))


@pytest.mark.parametrize("fps", [1e-9, 0.0001, 0.1, 29.97, 999.9])
def test_no_rate_is_nothing(fps: float) -> None:
    assert as_rate(fps) > 0
