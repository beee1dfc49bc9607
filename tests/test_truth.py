"""The whole pipeline, from pixels to motion, against the truth of the embedded sample."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import prompt2sign
from prompt2sign.skeleton import BODY, LEFT_HAND, LEFT_SHOULDER, NECK, RIGHT_HAND, RIGHT_SHOULDER
from prompt2sign.synthetic.truth import read_truth

from .made import run

HANDS = np.r_[np.arange(50)[LEFT_HAND], np.arange(50)[RIGHT_HAND]]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> prompt2sign.Release:
    folder = tmp_path_factory.mktemp("sample")
    places = ["--work", str(folder / "work"), "--out", str(folder / "release")]
    done = run("build", "--lang", "gsl", "--corpus", "sample", *places)
    assert done.code == 0, done.err
    return prompt2sign.open_release(folder / "release")


def errors(release: prompt2sign.Release) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance in the plane of the picture and in depth, (frames, 50) shoulder widths, over all clips."""
    truths = read_truth(Path(str(resources.files("prompt2sign"))) / "sample" / "truth.npz")
    plane, depth = [], []
    for clip in release:
        truth = truths[clip.clip_id]
        assert clip.n_frames == len(truth.xyz), "not a frame was lost or made up on the way"
        neck_px, neck_m = truth.pixels[:, [NECK]], truth.xyz[:, [NECK]]
        width_px, width_m = (
            np.median(np.linalg.norm(joints[:, LEFT_SHOULDER] - joints[:, RIGHT_SHOULDER], axis=-1))
            for joints in (truth.pixels, truth.xyz)
        )
        plane.append(np.linalg.norm(clip.motion[..., :2] - (truth.pixels - neck_px) / width_px, axis=-1))
        depth.append(np.abs(clip.motion[..., 2] - (truth.xyz - neck_m)[..., 2] / width_m))
    return np.concatenate(plane), np.concatenate(depth)


@pytest.mark.mediapipe
def test_pixels_to_motion_is_near_the_truth(release: prompt2sign.Release) -> None:
    plane, depth = errors(release)
    medians = {
        name: (float(np.median(plane[:, joints])), float(np.median(depth[:, joints])))
        for name, joints in (("body", np.arange(50)[BODY]), ("hands", HANDS))
    }
    print(f"median error in shoulder widths (plane of the picture, depth): {medians}")
    assert medians["body"][0] <= 0.10
    assert medians["hands"][0] <= 0.05


@pytest.mark.mediapipe
def test_the_estimator_finds_the_drawn_signer(release: prompt2sign.Release) -> None:
    rates = {
        name: np.average([clip.quality[name] for clip in release], weights=[clip.n_frames for clip in release])
        for name in ("body_rate", "left_hand_rate", "right_hand_rate")
    }
    assert rates["body_rate"] >= 0.99 and min(rates.values()) >= 0.90, rates


@pytest.mark.mediapipe
def test_the_release_of_the_sample_is_whole(release: prompt2sign.Release) -> None:
    assert [len(release.split(split)) for split in ("train", "dev", "test")] == [8, 1, 1]
    assert {clip.signer for clip in release} >= {"anna", "bruno"}
    assert run("validate", str(release.path)).code == 0
    for clip in release:
        assert np.ptp(bone_lengths(clip.motion), axis=0).max() < 1e-3
        assert clip.text in clip.prompts[0] and clip.gloss and clip.licence.licence == "Apache-2.0"


def bone_lengths(motion: NDArray[np.float32]) -> NDArray[np.float32]:
    start, end = prompt2sign.skeleton.SKELETON.bones.T
    return np.asarray(np.linalg.norm(motion[:, end] - motion[:, start], axis=-1))
