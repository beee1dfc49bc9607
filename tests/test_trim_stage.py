"""The trim stage passes on what a clip is changed by, and by nothing else does its result grow old."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from prompt2sign.errors import ClipRejected
from prompt2sign.media import Span, probe
from prompt2sign.options import PoseOptions, TrimOptions
from prompt2sign.pipeline.stage import Job, Result, fingerprint
from prompt2sign.pipeline.stages import Trim
from prompt2sign.records import Clip

from .media_files import ffmpeg, numbered_video, numbers_in

SAMPLE = Path(__file__).parents[1] / "prompt2sign" / "sample" / "videos"
BOX = (0.0, -0.25, 1.0, 1.25)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return numbered_video(tmp_path_factory.mktemp("stage") / "v.mp4", 100, "50")


def clip_of(media: Path, **values: Any) -> Clip:
    return Clip("one", "ASL", "made", media=media, **values)


def run(clip: Clip, target: Path, **options: Any) -> Result:
    return Trim(TrimOptions(**options)).run(Job(clip, None, target))


def fingerprint_of(clip: Clip, **options: Any) -> str:
    return fingerprint(Trim(TrimOptions(**options)), clip, "state", None)


def test_a_receipt_says_rate_and_crop_where_they_were_asked_for(video: Path, tmp_path: Path) -> None:
    clip = clip_of(video, start_s=1.0, end_s=1.4, crop=BOX)
    plain = run(clip, tmp_path / "a", crf=10).values
    assert not {"crop", "source_fps"} & set(plain) and (plain["n_frames"], plain["fps"]) == (20, 50.0)
    values = run(clip, tmp_path / "b", crop="published", fps=25, pad_s=0.2).values
    assert (values["crop"], values["source_fps"], values["fps"]) == (BOX, 50.0, 25.0)
    assert (values["n_frames"], values["width"], values["height"], values["vfr"]) == (20, 96, 96, False)
    assert json.loads(json.dumps(values))["crop"] == list(BOX)
    assert probe(tmp_path / "b").fps == 25
    none_published = run(clip_of(video, start_s=1.0), tmp_path / "c", crop="published")
    assert none_published.values["crop"] is None and numbers_in(tmp_path / "c") == list(range(50, 100))


def test_a_whole_video_is_used_as_it_is_unless_it_is_changed(video: Path, tmp_path: Path) -> None:
    assert run(clip_of(video), tmp_path / "x", pad_s=1, crop="published", fps=50).reuse == video
    assert run(clip_of(video, crop=BOX), tmp_path / "x").reuse == video
    assert run(clip_of(video, crop=BOX), tmp_path / "x", crop="published").reuse is None
    assert run(clip_of(video), tmp_path / "x", fps=25).reuse is None


def test_a_bad_box_rejects_only_where_boxes_are_used(video: Path, tmp_path: Path) -> None:
    clip = clip_of(video, crop=(9.0, 0.0, 12.0, 3.0))
    assert run(clip, tmp_path / "x").reuse == video
    with pytest.raises(ClipRejected, match="as shares"):
        run(clip, tmp_path / "x", crop="published")


def test_only_options_that_change_a_clip_make_it_anew(video: Path) -> None:
    whole, cut, boxed = clip_of(video), clip_of(video, start_s=1.0), clip_of(video, crop=BOX)
    for clip in (whole, cut, boxed):
        same = fingerprint_of(clip)
        assert (fingerprint_of(clip, pad_s=0.5) == same) == (clip is not cut)
        assert (fingerprint_of(clip, crop="published") == same) == (clip is not boxed)
        assert len({fingerprint_of(clip, crop="signer"), fingerprint_of(clip, fps=25), same}) == 3
        assert fingerprint_of(clip, crf=20) != same != fingerprint_of(clip, preset="fast")
    assert fingerprint_of(cut, pad_s=0.5) != fingerprint_of(cut, pad_s=0.6)
    assert fingerprint_of(boxed, crop="published") != fingerprint_of(
        clip_of(video, crop=(0, 0, 1, 1)), crop="published"
    )


def test_a_build_from_before_these_options_stays_valid(video: Path) -> None:
    stage = Trim(TrimOptions())
    assert stage.options.model_dump() == {"preset": "superfast", "crf": 18}
    assert stage.inputs(clip_of(video, start_s=1.0), "state") == ["state", 1.0, None, None]


@pytest.fixture(scope="module")
def aside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's signer in the right third of a wide picture, but in the left one for a sixth of the time."""
    path = tmp_path_factory.mktemp("signer") / "aside.mp4"
    x = "x='if(between(n,20,29),40,900)':y=120"
    canvas = ["-f", "lavfi", "-i", "color=gray:s=1440x540:r=25", "-i", SAMPLE / "sample-01.mp4"]
    ffmpeg(*canvas, "-filter_complex", f"[0][1]overlay={x}:shortest=1", "-frames:v", "60", path)
    return path


def test_the_signer_is_found_and_kept(aside: Path, tmp_path: Path) -> None:
    pytest.importorskip("mediapipe")
    result = run(clip_of(aside, start_s=0.0, end_s=2.0), tmp_path / "cut", crop="signer")
    left, top, right, bottom = result.values["crop"]
    # The overlaid picture of 480 x 360 begins at 900, 120; its person sits in the middle.
    assert 860 <= left * 1440 <= 1050 and 1230 <= right * 1440 <= 1440 and top >= 0 and bottom <= 1
    assert result.values["width"] == result.values["height"] == pytest.approx((right - left) * 1440)
    assert probe(tmp_path / "cut").n_frames == 50
    again = run(clip_of(aside, start_s=0.0, end_s=2.0), tmp_path / "again", crop="signer")
    assert again.values == result.values
    assert (tmp_path / "cut").read_bytes() == (tmp_path / "again").read_bytes()


def test_no_joint_is_lost_by_the_crop(tmp_path: Path) -> None:
    pytest.importorskip("mediapipe")
    from prompt2sign.estimators.base import get_estimator
    from prompt2sign.estimators.signer_box import find_signer_box
    from prompt2sign.media import Video

    path = tmp_path / "wide.mp4"
    ffmpeg("-i", SAMPLE / "sample-02.mp4", "-frames:v", "50", "-vf", "pad=960:480:240:60:gray", path)
    box = find_signer_box(path, Span())
    keypoints, _ = get_estimator(PoseOptions()).estimate(Video(path))
    x, y, seen = keypoints.xyc[..., 0] / 960, keypoints.xyc[..., 1] / 480, keypoints.xyc[..., 2] > 0.5
    assert box is not None and (box[2] - box[0]) * 960 <= 480 + 1e-6
    hands_and_head = seen & (y < (60 + 360) / 480)
    hands_and_head[:, 8:15] = hands_and_head[:, 19:25] = False  # hips and legs are not kept on purpose
    for values, low, high in ((x, box[0], box[2]), (y, box[1], box[3])):
        assert values[hands_and_head].min() > low and values[hands_and_head].max() < high


def test_where_nobody_is_seen_the_picture_stays_whole(video: Path, tmp_path: Path) -> None:
    pytest.importorskip("mediapipe")
    result = run(clip_of(video), tmp_path / "x", crop="signer")
    assert (result.reuse, result.values["crop"]) == (video, None)
