"""The real OpenPose, where there is one: OPENPOSE_HOME leads to it, its models and a GPU. Run with `-m openpose`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from prompt2sign.errors import Prompt2SignError
from prompt2sign.estimators.base import get_estimator, look_of
from prompt2sign.media import Video, trim
from prompt2sign.options import OpenPoseOptions, PoseOptions

SAMPLE = Path(__file__).resolve().parents[1] / "prompt2sign" / "sample" / "videos"
pytestmark = [pytest.mark.openpose, pytest.mark.long]


def real(door: str) -> PoseOptions:
    options = PoseOptions(estimator="openpose", openpose=OpenPoseOptions.model_validate({"door": door}))
    try:
        look_of("openpose").check(options)
    except Prompt2SignError as error:
        pytest.skip(f"no OpenPose to try: {str(error).splitlines()[0]}")
    return options


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Video:
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    trim(SAMPLE / "sample-01.mp4", path, start_s=1.6, end_s=2.08)
    return Video(path)


@pytest.mark.parametrize("door", ["binding", "binary"])
def test_the_sample_is_seen(door: str, clip: Video) -> None:
    estimator = get_estimator(real(door))
    keypoints, values = estimator.estimate(clip)
    again, _ = estimator.estimate(clip)
    estimator.close()
    assert keypoints.n_frames == clip.info.n_frames == again.n_frames and values["n_people_max"] >= 1
    assert (keypoints.xyc[:, [0, 1, 2, 5], 2] > 0.1).mean() > 0.9, "head, neck and shoulders"
    assert keypoints.xyc == pytest.approx(again.xyc, abs=0.5)


def test_both_doors_see_the_same(clip: Video) -> None:
    found = []
    for door in ("binding", "binary"):
        estimator = get_estimator(real(door))
        found.append(estimator.estimate(clip)[0].xyc)
        estimator.close()
    sure = (found[0][..., 2] > 0.3) & (found[1][..., 2] > 0.3)
    apart = np.linalg.norm(found[0][sure][:, :2] - found[1][sure][:, :2], axis=-1)
    assert np.median(apart) < 2, "other decoders of the same video"
