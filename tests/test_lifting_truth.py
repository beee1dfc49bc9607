"""The ground truth of lifting: is it a body that signs, is it seen as estimators see, and is it hard enough?"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from prompt2sign.skeleton import (
    KEYPOINTS_LEFT_HAND,
    KEYPOINTS_RIGHT_HAND,
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NECK,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    SKELETON,
)
from prompt2sign.synthetic.observed import LiftingTruth, lifting_truth
from prompt2sign.synthetic.scoring import score

Array = NDArray[np.float64]
SEEDS = range(12)
#: Shoulder, elbow, wrist and hand of each side, and its sign of x.
SIDES = (
    (LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST, LEFT_HAND, 1.0),
    (RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, RIGHT_HAND, -1.0),
)


@lru_cache
def truth(seed: int) -> LiftingTruth:
    return lifting_truth(seed)


def in_trunk(made: LiftingTruth) -> Array:
    """(T, 50, 3) to the signer's left, up and forward."""
    return np.einsum("tji,tkj->tki", made.trunk, made.xyz)


def unit(vectors: Array) -> Array:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def dot(first: Array, second: Array) -> Array:
    return np.sum(first * second, axis=-1)


def bones(xyz: Array) -> Array:
    return np.linalg.norm(np.diff(xyz[:, SKELETON.bones], axis=2)[:, :, 0], axis=-1)


def palms(hand: Array, side: float) -> tuple[Array, Array]:
    """Along the fingers and out of the palm (T, 3), from root and knuckles; up, left, forward axes are right-handed."""
    along = unit(hand[:, 9] - hand[:, 0])
    return along, side * unit(np.cross(hand[:, 17] - hand[:, 5], along))


def finger_bends(hand: Array, side: float) -> tuple[Array, Array]:
    """Bends in degrees of first (T, 4) and of middle and last joints (T, 4, 2); backwards is negative."""
    along, out = palms(hand, side)
    steps = unit(np.diff(hand[:, 5:].reshape(-1, 4, 4, 3), axis=2))
    straight = unit(steps - dot(steps, out[:, None, None])[..., None] * out[:, None, None])
    forwards = np.where(dot(straight, along[:, None, None]) < 0, -1.0, 1.0)[..., None] * straight
    first = np.arctan2(dot(steps, out[:, None, None]), dot(steps, forwards))[:, :, 0]
    turn = np.cross(steps[:, :, :-1], steps[:, :, 1:])
    towards_palm = np.sign(dot(turn, np.cross(along, out)[:, None, None]))
    later = towards_palm * np.arctan2(np.linalg.norm(turn, axis=-1), dot(steps[:, :, :-1], steps[:, :, 1:]))
    return np.degrees(first), np.degrees(later)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([1, 2, 40]), st.sampled_from(["orthographic", 4.0, 12.0]))
def test_bodies_are_rigid_whatever_the_seed(seed: int, n_frames: int, camera: str | float) -> None:
    made = lifting_truth(seed, n_frames, camera=camera)  # type: ignore[arg-type]
    assert made.xyz.shape == (n_frames, 50, 3) and np.isfinite(made.xyz).all()
    assert np.ptp(bones(made.xyz), axis=0).max() < 1e-9
    assert np.abs(made.xyz[:, NECK]).max() == 0
    assert np.allclose(np.linalg.norm(made.xyz[:, LEFT_SHOULDER] - made.xyz[:, RIGHT_SHOULDER], axis=-1), 1.0)
    mirrored = SKELETON.mirror[SKELETON.bones[:, 1]]
    left_right = dict(zip(SKELETON.bones[:, 1].tolist(), bones(made.xyz)[0], strict=True))
    assert all(abs(left_right[m] - left_right[b]) < 1e-9 for m, b in zip(mirrored, SKELETON.bones[:, 1], strict=True))
    assert made.keypoints.xyc.shape == (n_frames, 137, 3) and np.isfinite(made.keypoints.xyc).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_joints_stay_within_their_limits(seed: int) -> None:
    xyz = in_trunk(truth(seed))
    for shoulder, elbow, wrist, hand, side in SIDES:
        upper, fore = unit(xyz[:, elbow] - xyz[:, shoulder]), unit(xyz[:, wrist] - xyz[:, elbow])
        assert np.degrees(np.arccos(dot(upper, fore))).max() < 145.5, "an elbow bends this far and no farther"
        along, _ = palms(xyz[:, hand], side)
        assert np.degrees(np.arccos(dot(along, fore))).max() < 78, "a hand goes on from the forearm"
        first, later = finger_bends(xyz[:, hand], side)
        assert first.min() > -20 and first.max() < 95
        assert later.min() > -1e-3 and later.max() < 106, "no finger bends backwards"
        assert np.abs(later[..., 1] - truth(seed).build.dip_share * later[..., 0]).max() < 1e-6


def test_the_palm_turns_with_the_forearm_only_as_far_as_it_can() -> None:
    for seed in SEEDS:
        xyz = in_trunk(truth(seed))
        for shoulder, elbow, wrist, hand, side in SIDES:
            upper, fore = unit(xyz[:, elbow] - xyz[:, shoulder]), unit(xyz[:, wrist] - xyz[:, elbow])
            neutral = side * unit(np.cross(upper, fore))
            across = unit(xyz[:, hand][:, 5] - xyz[:, hand][:, 17])
            raised = unit(-upper + dot(upper, fore)[:, None] * fore)
            turned = np.degrees(np.arctan2(dot(across, neutral), dot(across, raised)))
            assert np.abs(turned).max() < 125, "85 degrees of pronation, and what the bent wrist adds"


def test_fingers_and_palms_use_their_whole_range() -> None:
    firsts, laters, facing = [], [], []
    for seed in SEEDS:
        xyz = in_trunk(truth(seed))
        for *_, hand, side in SIDES:
            first, later = finger_bends(xyz[:, hand], side)
            firsts.append(first)
            laters.append(later[..., 0])
            facing.append(palms(xyz[:, hand], side)[1])
    assert np.percentile(np.concatenate(firsts), 2) < 5 and np.percentile(np.concatenate(firsts), 98) > 75
    assert np.percentile(np.concatenate(laters), 2) < 10 and np.percentile(np.concatenate(laters), 98) > 90
    outward, up, forward = np.abs(np.percentile(np.concatenate(facing), [5, 95], axis=0)).T
    assert min(*outward, *up, *forward) > 0.25, "palms look every way"


def test_hands_stay_out_of_head_and_trunk() -> None:
    for seed in SEEDS:
        xyz = in_trunk(truth(seed))
        for *_, wrist, hand, _ in SIDES:
            points = np.concatenate([xyz[:, [wrist]], xyz[:, hand]], axis=1)
            for middle, half in (((0, 0.62, 0.06), (0.22, 0.33, 0.28)), ((0, -0.85, -0.06), (0.50, 0.95, 0.34))):
                inside = np.linalg.norm((points - middle) / half, axis=-1)
                assert inside.min() > 0.93


def test_hands_cross_touch_and_leave_the_picture() -> None:
    crossed, at_face, at_chest, together, gone = [], [], [], [], []
    for seed in range(40):
        made = truth(seed)
        xyz = in_trunk(made)
        left, right = xyz[:, LEFT_HAND], xyz[:, RIGHT_HAND]
        crossed.append((xyz[:, LEFT_WRIST, 0] < xyz[:, RIGHT_WRIST, 0]).any())
        hands = np.concatenate([left, right], axis=1)
        face = np.linalg.norm((hands - [0, 0.62, 0.06]) / [0.22, 0.33, 0.28], axis=-1)
        chest = np.linalg.norm((hands - [0, -0.85, -0.06]) / [0.50, 0.95, 0.34], axis=-1)
        at_face.append(face.min() < 1.15)
        at_chest.append(chest.min() < 1.1)
        apart = np.linalg.norm(left[:, :, None] - right[:, None], axis=-1)
        together.append(apart.min() < 0.05)
        found = made.keypoints.xyc[:, [4, 7], 2] > 0
        beyond = made.pixels[:, [RIGHT_WRIST, LEFT_WRIST], 1] > made.keypoints.height + 20
        assert not found[beyond].any()
        gone.append(beyond.any())
    rates = {
        "crossed": np.mean(crossed), "face": np.mean(at_face), "chest": np.mean(at_chest),
        "together": np.mean(together), "gone": np.mean(gone),
    }  # fmt: skip
    assert all(0.02 < rate < 0.95 for rate in rates.values()), rates


def test_movements_have_holds_and_the_pace_of_signing() -> None:
    speed = np.concatenate(
        [np.linalg.norm(np.diff(truth(seed).xyz[:, [LEFT_WRIST, RIGHT_WRIST]], axis=0), axis=-1) for seed in SEEDS]
    )
    assert 0.5 < 25 * speed.mean() < 1.5
    assert 25 * np.percentile(speed, 15) < 0.2 and 25 * np.percentile(speed, 97) > 2


@given(st.integers(0, 10**9))
@settings(max_examples=8, deadline=None)
def test_the_same_seed_gives_the_same_bytes(seed: int) -> None:
    first, second = (lifting_truth(seed, 25, camera=6.0, hand_dropout=0.3) for _ in range(2))
    assert first.xyz.tobytes() == second.xyz.tobytes()
    assert first.keypoints.xyc.tobytes() == second.keypoints.xyc.tobytes()
    assert lifting_truth(seed + 1, 25).xyz.tobytes() != first.xyz.tobytes()


def test_cameras_losses_and_noise_show_one_and_the_same_motion() -> None:
    plain, lossy, far = lifting_truth(7), lifting_truth(7, hand_dropout=0.25), lifting_truth(7, camera=6.0, noise=0.0)
    assert (plain.xyz == lossy.xyz).all() and (plain.xyz == far.xyz).all()
    seen = lossy.keypoints.xyc[..., 2] > 0
    assert (plain.keypoints.xyc[seen] == lossy.keypoints.xyc[seen]).all()


def test_pictures_show_the_truth() -> None:
    joints = list(SKELETON.from_keypoints)
    for camera, distance in (("orthographic", np.inf), (6.0, 6.0)):
        made = lifting_truth(3, camera=camera, noise=0.0)  # type: ignore[arg-type]
        xyc = made.keypoints.xyc[:, joints]
        found = xyc[..., 2] > 0
        assert np.abs(xyc[..., :2] - made.pixels)[found].max() < 1e-3
        middle = np.array([made.keypoints.width, made.keypoints.height]) / 2
        straight = (made.pixels - middle) * (1 - made.xyz[..., 2:] / distance)
        offset = straight - straight[:, [NECK]]
        width_px = np.linalg.norm(offset[0, LEFT_SHOULDER]) / np.linalg.norm(made.xyz[0, LEFT_SHOULDER, :2])
        assert np.allclose(offset, made.xyz[..., :2] * width_px, atol=1e-6)
        absent = np.setdiff1d(np.arange(137), joints)
        assert not made.keypoints.xyc[:, absent].any() and not xyc[~found].any()


@pytest.mark.parametrize(
    "wrong", [{"n_frames": 0}, {"camera": 1.5}, {"noise": -1.0}, {"hand_dropout": 1.1}, {"fps": 0.0}]
)
def test_what_cannot_be_made_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        lifting_truth(0, **wrong)  # type: ignore[arg-type]


def test_noise_has_its_size_lasts_and_shows_in_the_confidence() -> None:
    errors, confidences, lasting = [], [], []
    for seed in SEEDS:
        made = truth(seed)
        xyc = made.keypoints.xyc[:, list(SKELETON.from_keypoints)].astype(float)
        width_px = np.linalg.norm(made.pixels[0, LEFT_SHOULDER] - made.pixels[0, RIGHT_SHOULDER]) / np.linalg.norm(
            (made.xyz[0, LEFT_SHOULDER] - made.xyz[0, RIGHT_SHOULDER])[:2]
        )
        found = xyc[..., 2] > 0
        error = np.where(found[..., None], xyc[..., :2] - made.pixels, np.nan) / width_px
        errors.append(error[found])
        confidences.append(xyc[..., 2][found])
        lasting.append((error[1:] * error[:-1])[found[1:] & found[:-1]])
    error, size = np.concatenate(errors), np.linalg.norm(np.concatenate(errors), axis=-1)
    median_axis = 1.4826 * np.median(np.abs(error))
    assert 0.009 < median_axis < 0.020
    assert error.std() > 1.15 * median_axis, "heavier tails than the normal distribution"
    assert 0.08 < np.median(np.concatenate(lasting)) / median_axis**2 < 0.9
    assert np.corrcoef(size, np.concatenate(confidences))[0, 1] < -0.3
    assert np.min(np.concatenate(confidences)) > 0 and np.max(np.concatenate(confidences)) < 1


@pytest.mark.parametrize("share", [0.0, 0.25, 0.6, 1.0])
def test_as_many_hands_are_lost_as_were_asked_for_and_in_runs(share: float) -> None:
    for seed in range(4):
        whole, lossy = lifting_truth(seed).keypoints.xyc, lifting_truth(seed, hand_dropout=share).keypoints.xyc
        for hand in (KEYPOINTS_LEFT_HAND, KEYPOINTS_RIGHT_HAND):
            lost = ~(lossy[:, hand, 2] > 0).any(axis=1)
            already = ~(whole[:, hand, 2] > 0).any(axis=1)
            assert share - 0.01 <= lost.mean() <= share + already.mean() + 0.01
            if share == 0.25:
                assert np.abs(np.diff(lost.astype(int))).sum() < lost.sum(), "runs, not single frames"


def test_the_truth_is_not_easy() -> None:
    flat_errors, forward, median_errors = [], [], []
    for seed in range(1000, 1012):
        made = truth(seed)
        flat = made.xyz * [1, 1, 0]
        found = score(made.xyz, flat)
        flat_errors.append(found.joint_error)
        forward.append(found.forward_share)
        median_errors.append(score(made.xyz, always_forward(made.xyz)).joint_error)
    assert np.mean(flat_errors) > 0.45
    assert 0.5 < np.mean(forward) < 0.75
    assert np.mean(median_errors) > 0.2, "the published first guess, without noise"


def always_forward(xyz: Array) -> Array:
    """Each bone as long as it looks in half of the frames, depth always towards the camera."""
    lifted = xyz * [1, 1, 0]
    for parent, child in SKELETON.bones:
        apparent = np.linalg.norm((xyz[:, child] - xyz[:, parent])[:, :2], axis=-1)
        lifted[:, child, 2] = lifted[:, parent, 2] + np.sqrt(np.maximum(np.median(apparent) ** 2 - apparent**2, 0))
    return lifted


def test_scores_say_what_they_measure() -> None:
    xyz = truth(0).xyz
    same = score(xyz, xyz)
    assert same.joint_error == same.hand_error == same.wrist_depth_error == 0
    assert same.finger_signs == 1
    moved = score(xyz, xyz + np.array([1.0, 2.0, 3.0]))
    assert moved.joint_error < 1e-12, "necks are laid on each other"
    mirrored = score(xyz, xyz * [1, 1, -1])
    assert mirrored.finger_signs == 0
    assert mirrored.wrist_depth_error == pytest.approx(2 * np.abs(xyz[:, [LEFT_WRIST, RIGHT_WRIST], 2]).mean())
    pushed = xyz.copy()
    pushed[:, LEFT_HAND] += [0.0, 0.0, 0.5]
    assert score(xyz, pushed).hand_error < 1e-12
    assert score(xyz, pushed).joint_error == pytest.approx(0.5 * 21 / 50)
    with pytest.raises(ValueError, match="truth is"):
        score(xyz, xyz[1:])


def test_only_bones_well_out_of_the_picture_are_asked_for_their_sign() -> None:
    angles = np.radians([20.0, 40.0])
    directions = np.stack([np.cos(angles), np.zeros(2), np.sin(angles)], axis=-1)
    xyz = np.arange(50)[None, :, None] * directions[:, None]
    assert score(xyz, xyz * np.array([[[1, 1, -1]], [[1, 1, 1]]])).finger_signs == 1
    assert score(xyz, xyz * np.array([[[1, 1, 1]], [[1, 1, -1]]])).finger_signs == 0
    assert np.isnan(score(xyz[:1], xyz[:1]).finger_signs)
