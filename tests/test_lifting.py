"""Lifting through its one door, on made signers whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from prompt2sign.errors import ClipRejected
from prompt2sign.formats.keypoints import Keypoints
from prompt2sign.lifting import lift
from prompt2sign.options import LiftOptions
from prompt2sign.skeleton import KEYPOINTS_LEFT_HAND, LEFT_HAND, N_KEYPOINTS, NECK, RIGHT_HAND, SKELETON

from .made import made_keypoints, without

OPTIONS = LiftOptions()


def test_every_frame_stays_and_bones_keep_their_lengths() -> None:
    motion = lift(made_keypoints(), OPTIONS)
    assert motion.xyz.shape == (40, 50, 3) and motion.xyz.dtype == np.float32
    assert np.ptp(motion.bone_lengths, axis=0).max() < 1e-5
    assert np.abs(motion.xyz[:, NECK]).max() == 0
    assert motion.observed.all()


def test_motion_stays_where_it_was_seen() -> None:
    keypoints = made_keypoints()
    motion = lift(keypoints, OPTIONS)
    seen = keypoints.xyc[:, list(SKELETON.from_keypoints), :2]
    seen = (seen - seen[:, [NECK]]) / motion.scale_px
    assert np.median(np.linalg.norm(motion.xyz[..., :2] - seen, axis=-1)) < 0.03
    assert motion.quality["fit_error"] < 0.05


def test_the_unit_is_the_shoulder_width_whatever_the_size_of_the_picture() -> None:
    small, large = (lift(made_keypoints(width_px=w, noise_px=0), OPTIONS) for w in (50.0, 500.0))
    assert large.scale_px == pytest.approx(10 * small.scale_px, rel=1e-3)
    assert np.abs(small.xyz - large.xyz).max() < 1e-3


def test_a_hand_missing_for_the_whole_clip_leaves_the_rest_alone() -> None:
    whole = lift(made_keypoints(), OPTIONS)
    lacking = lift(without(made_keypoints(), slice(None), KEYPOINTS_LEFT_HAND), OPTIONS)
    rest = [joint for joint in range(50) if not LEFT_HAND.start <= joint < LEFT_HAND.stop]
    assert np.linalg.norm(whole.xyz[:, rest] - lacking.xyz[:, rest], axis=-1).mean() < 0.01
    assert lacking.scale_px == whole.scale_px
    assert not lacking.observed[:, LEFT_HAND].any() and lacking.observed[:, RIGHT_HAND].all()
    assert lacking.quality["left_hand_rate"] == 0
    ratio = lacking.bone_lengths[0] / np.maximum(whole.bone_lengths[0], 1e-6)
    assert ratio.min() > 0.5 and ratio.max() < 2, "the hand that was never seen still has the size of a hand"


def test_gaps_are_filled_and_marked() -> None:
    gap = slice(10, 15)
    whole, holed = (lift(k, OPTIONS) for k in (made_keypoints(), without(made_keypoints(), gap, slice(None))))
    assert holed.n_frames == 40
    assert not holed.observed[gap].any() and holed.observed[:10].all() and holed.observed[15:].all()
    assert np.linalg.norm(whole.xyz[gap] - holed.xyz[gap], axis=-1).mean() < 0.15


def test_one_frame_is_a_clip() -> None:
    motion = lift(made_keypoints(n_frames=1), OPTIONS)
    assert motion.n_frames == 1 and np.isfinite(motion.xyz).all()
    assert motion.quality["jitter"] == 0


@pytest.mark.parametrize("n_frames", [0, 5])
def test_nothing_seen_is_rejected_with_a_reason(n_frames: int) -> None:
    nothing = Keypoints(np.zeros((n_frames, N_KEYPOINTS, 3), np.float32), 25.0, 640, 480, "made")
    with pytest.raises(ClipRejected) as caught:
        lift(nothing, OPTIONS)
    assert caught.value.reason in ("no-frames", "no-body")


def test_numbers_that_are_not_finite_count_as_not_seen() -> None:
    xyc = made_keypoints().xyc.copy()
    xyc[3, 4] = np.nan
    xyc[5, 100] = np.inf
    motion = lift(replace(made_keypoints(), xyc=xyc), OPTIONS)
    assert np.isfinite(motion.xyz).all()
    assert not motion.observed[3, SKELETON.from_keypoints.index(4)]
    assert not motion.observed[5, SKELETON.from_keypoints.index(100)]


def test_more_smoothing_means_less_jitter() -> None:
    rough, smooth = (lift(made_keypoints(noise_px=4), LiftOptions(smoothing=s)) for s in (0.0, 1.0))
    assert smooth.quality["jitter"] < 0.5 * rough.quality["jitter"]


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 6), st.just(N_KEYPOINTS), st.just(3)),
        elements=st.floats(-1e4, 1e4, width=32),
        fill=st.just(np.float32(0)),
    )
)
def test_any_numbers_give_a_finite_motion_or_a_rejection(xyc: np.ndarray) -> None:
    try:
        motion = lift(Keypoints(xyc, 25.0, 640, 480, "made"), OPTIONS)
    except ClipRejected:
        return
    assert np.isfinite(motion.xyz).all()
    assert np.ptp(motion.bone_lengths, axis=0).max() < 1e-4
