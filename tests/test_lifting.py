"""Lifting through its doors: on signing whose third dimension is known, and on keypoints as bad as they come."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from prompt2sign.errors import ClipRejected, MissingError
from prompt2sign.formats.keypoints import Keypoints
from prompt2sign.formats.motion import Motion
from prompt2sign.lifting import LIFTER, lift, lift_many
from prompt2sign.lifting.limits import limit_rate
from prompt2sign.options import LiftOptions
from prompt2sign.skeleton import (
    KEYPOINT_NAMES,
    KEYPOINTS_BODY,
    KEYPOINTS_LEFT_HAND,
    KEYPOINTS_RIGHT_HAND,
    LEFT_HAND,
    LEFT_WRIST,
    N_KEYPOINTS,
    NECK,
    NOSE,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    SKELETON,
)
from prompt2sign.synthetic.observed import LiftingTruth, lifting_truth
from prompt2sign.synthetic.scoring import Scores, score

from .made import knowing, made_keypoints, without

Array = NDArray[Any]
OPTIONS = LiftOptions()
#: None of them was tuned on.
SEEDS = range(2000, 2004)
JOINTS = list(SKELETON.from_keypoints)
HANDS = (LEFT_HAND, RIGHT_HAND)
KEYPOINTS_OF = {"left": KEYPOINTS_LEFT_HAND, "right": KEYPOINTS_RIGHT_HAND}
HAND_OF = {"left": LEFT_HAND, "right": RIGHT_HAND}
ALL = slice(None)


@lru_cache(maxsize=64)
def truth(seed: int, n_frames: int = 150, **how: Any) -> LiftingTruth:
    return lifting_truth(seed, n_frames, **how)


@lru_cache
def plain_motion() -> Motion:
    """What comes of a clip that many tests take something away from."""
    return lift(truth(2001, 60).keypoints, OPTIONS)


def mean_scores(options: LiftOptions = OPTIONS, **how: Any) -> Scores:
    return Scores(
        *np.mean([score(truth(s, **how).xyz, lift(truth(s, **how).keypoints, options).xyz) for s in SEEDS], 0)
    )


def apart(first: Array, second: Array) -> Array:
    """(T, J) distances."""
    return np.linalg.norm(first - second, axis=-1)


def of_root(xyz: Array, hand: slice) -> Array:
    return xyz[:, hand] - xyz[:, [hand.start]]


def sound(motion: Motion, keypoints: Keypoints) -> bool:
    """What holds for every motion, whatever it was made from."""
    lengths = motion.bone_lengths
    return (
        motion.xyz.shape == (keypoints.n_frames, 50, 3)
        and motion.xyz.dtype == np.float32
        and bool(np.isfinite(motion.xyz).all() and np.isfinite(list(motion.quality.values())).all())
        and np.ptp(lengths, axis=0).max() < 1e-6
        and lengths.min() > 0.01
        and lengths.max() < 2
        and np.abs(motion.xyz[:, NECK]).max() == 0
    )


# How near to the truth


def test_motion_is_near_the_truth_and_fingers_bend_the_right_way() -> None:
    found = mean_scores()
    assert found.joint_error < 0.11
    assert found.hand_error < 0.074
    assert found.wrist_depth_error < 0.085
    assert found.finger_signs > max(0.68, found.forward_share + 0.2)


def test_the_published_method_is_worse_and_knows_no_direction() -> None:
    ours, theirs = mean_scores(n_frames=60), mean_scores(LiftOptions(method="upstream"), n_frames=60)
    assert theirs.joint_error > 1.6 * ours.joint_error
    assert theirs.hand_error > ours.hand_error and theirs.wrist_depth_error > ours.wrist_depth_error
    assert theirs.finger_signs == theirs.forward_share


def test_a_quarter_of_the_hands_missing_costs_little() -> None:
    whole, lossy = mean_scores(), mean_scores(hand_dropout=0.25)
    assert lossy.joint_error < 1.3 * whole.joint_error
    assert lossy.finger_signs > whole.finger_signs - 0.12


def test_a_near_camera_does_less_harm_where_its_distance_is_told() -> None:
    blind, told = (mean_scores(LiftOptions(camera_distance=d), camera=6.0) for d in (None, 6.0))
    assert blind.joint_error < 0.175
    assert told.joint_error < 0.87 * blind.joint_error and told.hand_error < 0.9 * blind.hand_error
    motion = lift(truth(2000, camera=6.0).keypoints, LiftOptions(camera_distance=6.0))
    assert motion.quality["fit_error"] < 0.035, "it fits the picture that a camera far away would have taken"


def test_a_camera_far_away_is_as_good_as_none_told() -> None:
    keypoints = truth(2001, 60).keypoints
    assert apart(lift(keypoints, LiftOptions(camera_distance=1000)).xyz, lift(keypoints, OPTIONS).xyz).mean() < 5e-3


# What does not matter


@pytest.mark.parametrize("seed", SEEDS)
def test_every_motion_is_sound(seed: int) -> None:
    keypoints = truth(seed, 60).keypoints
    motion = lift(keypoints, OPTIONS)
    assert sound(motion, keypoints)
    assert motion.lifter == LIFTER and motion.fps == keypoints.fps
    xy, seen = keypoints.xyc[:, JOINTS, :2], keypoints.xyc[:, JOINTS, 2] >= OPTIONS.min_confidence
    assert np.array_equal(np.delete(motion.observed, NECK, axis=1), np.delete(seen, NECK, axis=1))
    miss = apart(motion.xyz[..., :2], (xy - xy[:, [NECK]]) / motion.scale_px)[seen & seen[:, [NECK]]]
    assert miss.mean() == pytest.approx(motion.quality["fit_error"], abs=2e-3) and miss.mean() < 0.03


def mirrored(keypoints: Keypoints) -> Keypoints:
    """The same signer in a mirror: left is right, in the picture and in the names."""
    swap = {"left": "right", "right": "left"}
    other = [KEYPOINT_NAMES.index("_".join(swap.get(w, w) for w in name.split("_"))) for name in KEYPOINT_NAMES]
    xyc = keypoints.xyc[:, other]
    xyc[..., 0] = keypoints.width - xyc[..., 0]
    world = None if keypoints.world is None else keypoints.world[:, other] * np.float32([-1, 1, 1])
    return replace(keypoints, xyc=xyc, world=world)


@pytest.mark.parametrize("distance", [None, 6.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_signer_in_a_mirror_moves_like_a_mirror_image(seed: int, distance: float | None) -> None:
    keypoints, options = knowing(truth(seed, 40, hand_dropout=0.3)), LiftOptions(camera_distance=distance)
    for shown in (keypoints, replace(keypoints, world=None), without(keypoints, ALL, KEYPOINTS_LEFT_HAND)):
        plain, mirror = lift(shown, options), lift(mirrored(shown), options)
        assert apart(plain.xyz, mirror.xyz[:, SKELETON.mirror] * np.float32([-1, 1, 1])).max() < 1e-4
        assert np.array_equal(plain.observed, mirror.observed[:, SKELETON.mirror])
        assert plain.quality["limit_rate"] == pytest.approx(mirror.quality["limit_rate"], abs=1e-5)


def test_neither_size_nor_place_of_the_picture_matters() -> None:
    keypoints, plain = truth(2001, 60).keypoints, plain_motion()
    twice = replace(keypoints, xyc=keypoints.xyc * np.float32([2, 2, 1]))
    assert lift(twice, OPTIONS).scale_px == pytest.approx(2 * plain.scale_px)
    assert apart(lift(twice, OPTIONS).xyz, plain.xyz).max() < 1e-5
    elsewhere = replace(keypoints, xyc=keypoints.xyc + np.float32([160, -90, 0]))
    assert apart(lift(elsewhere, OPTIONS).xyz, plain.xyz).max() < 1e-4


def test_a_higher_frame_rate_shows_the_same_motion() -> None:
    off, lost = [], []
    for seed in SEEDS:
        made = truth(seed, 200, fps=50.0, hand_dropout=0.1)
        every_second = replace(made.keypoints, xyc=made.keypoints.xyc[::2], fps=25.0)
        fine, coarse = lift(made.keypoints, OPTIONS).xyz[::2], lift(every_second, OPTIONS).xyz
        off.append(apart(fine, coarse).mean())
        lost.append(score(made.xyz[::2], coarse).finger_signs - score(made.xyz[::2], fine).finger_signs)
    assert np.mean(off) < 0.05
    assert np.mean(lost) < 0.05


def test_points_that_are_not_in_the_skeleton_do_not_matter() -> None:
    rest = np.setdiff1d(np.arange(N_KEYPOINTS), JOINTS)
    keypoints = truth(2001, 60).keypoints
    xyc = keypoints.xyc.copy()
    xyc[:, rest] = np.random.default_rng(0).uniform(0, 500, xyc[:, rest].shape)
    assert np.array_equal(lift(replace(keypoints, xyc=xyc), OPTIONS).xyz, plain_motion().xyz)


# What is not seen


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_hand_that_is_never_seen_is_plausible_and_leaves_the_other_alone(seed: int, side: str) -> None:
    keypoints = truth(seed, 60).keypoints
    whole, lacking = (lift(k, OPTIONS) for k in (keypoints, without(keypoints, ALL, KEYPOINTS_OF[side])))
    hand, other = HAND_OF[side], HAND_OF["right" if side == "left" else "left"]
    assert sound(lacking, keypoints) and lacking.scale_px == whole.scale_px
    assert not lacking.observed[:, hand].any() and lacking.quality[f"{side}_hand_rate"] == 0
    assert np.array_equal(lacking.observed[:, other], whole.observed[:, other])
    if whole.observed[:, other].any():
        assert apart(of_root(lacking.xyz, other), of_root(whole.xyz, other)).max() < 0.01
        assert apart(lacking.xyz, whole.xyz)[:, other].mean() < 0.02
    # The hand that nobody saw: as large as the other, in line with the forearm, fingers where fingers can be.
    ends = {child: bone for bone, (_, child) in enumerate(SKELETON.bones)}
    sizes = [lacking.bone_lengths[0, [ends[joint] for joint in range(h.start + 1, h.stop)]].sum() for h in HANDS]
    assert sizes[0] == pytest.approx(sizes[1], rel=1e-3)
    only_hand = lacking.xyz.copy()
    only_hand[:, other] = 0
    assert limit_rate(only_hand) < 0.04


def test_without_any_hand_both_are_relaxed() -> None:
    keypoints = without(truth(2001, 60).keypoints, ALL, slice(95, None))
    motion = lift(keypoints, OPTIONS)
    assert sound(motion, keypoints) and limit_rate(motion.xyz) < 0.08
    for hand, wrist in ((LEFT_HAND, LEFT_WRIST), (RIGHT_HAND, RIGHT_WRIST)):
        assert apart(motion.xyz[:, hand], motion.xyz[:, [wrist]]).max() < 0.8
    body = apart(motion.xyz, plain_motion().xyz)[:, :8]
    assert body.mean() < 0.08, "what hands say of forearms is missing"


@pytest.mark.parametrize("joint", range(RIGHT_HAND.start))
def test_a_joint_that_is_never_seen_keeps_its_place_in_the_body(joint: int) -> None:
    keypoints = without(truth(2001, 60).keypoints, ALL, JOINTS[joint])
    motion, whole = lift(keypoints, OPTIONS), plain_motion()
    assert sound(motion, keypoints)
    assert not motion.observed[:, joint].any() or joint == NECK
    # In the picture: one joint less may turn a hand round whose depth was uncertain.
    off = apart(motion.xyz[..., :2], whole.xyz[..., :2]).mean(axis=0)
    assert off[joint] < (0.2 if joint >= LEFT_HAND.start else 0.5)
    assert off.mean() < (0.02 if joint >= LEFT_HAND.start else 0.08)
    assert motion.quality["fit_error"] < whole.quality["fit_error"] + 0.02


def test_a_wrist_that_is_never_seen_is_where_the_hand_is() -> None:
    keypoints = without(truth(2001, 60).keypoints, ALL, [4, 7])
    motion = lift(keypoints, OPTIONS)
    assert motion.quality["fit_error"] < 0.03
    assert apart(motion.xyz, plain_motion().xyz)[:, [LEFT_WRIST, RIGHT_WRIST]].mean() < 0.25


def test_a_neck_that_is_never_seen_lies_between_the_shoulders() -> None:
    keypoints = truth(2001, 60).keypoints
    both = (keypoints.xyc[:, [2, 5], 2] >= OPTIONS.min_confidence).all(axis=1)
    motion = lift(without(keypoints, ALL, 1), OPTIONS)
    assert np.array_equal(motion.observed[:, NECK], both) and both.any()
    assert np.abs(motion.xyz[both][:, [2, 5], :2].mean(axis=1)).max() < 0.03


@pytest.mark.parametrize("missing", [[2], [5], [2, 5], [2, 3, 4, 5, 6, 7]])
def test_without_shoulders_the_signer_is_measured_by_the_rest(missing: list[int]) -> None:
    whole = plain_motion()
    keypoints = without(truth(2001, 60).keypoints, ALL, missing)
    motion = lift(keypoints, OPTIONS)
    assert sound(motion, keypoints) and motion.scale_px == pytest.approx(whole.scale_px, rel=0.25)
    width = np.linalg.norm(motion.xyz[:, 2] - motion.xyz[:, 5], axis=-1)
    assert width == pytest.approx(1.0, abs=0.25)


def test_gaps_are_filled_and_marked() -> None:
    gap = slice(20, 25)
    keypoints = without(truth(2001, 60).keypoints, gap, ALL)
    motion, whole = lift(keypoints, OPTIONS), plain_motion()
    assert sound(motion, keypoints) and not motion.observed[gap].any()
    seen_elsewhere = np.r_[0:20, 25:60]
    assert np.array_equal(motion.observed[seen_elsewhere], whole.observed[seen_elsewhere])
    assert apart(motion.xyz, whole.xyz)[gap].mean() < 0.15
    assert apart(motion.xyz, whole.xyz)[seen_elsewhere].mean() < 0.03


def test_a_hand_seen_for_three_frames_stays_with_its_arm() -> None:
    keypoints = truth(2001, 60).keypoints
    hand = without(keypoints, [*range(29), *range(32, 60)], KEYPOINTS_LEFT_HAND)
    arm = without(without(hand, [*range(29), *range(32, 60)], 6), [*range(29), *range(32, 60)], 7)
    for shown in (hand, arm):
        motion = lift(shown, OPTIONS)
        assert sound(motion, shown)
        assert apart(motion.xyz[:, LEFT_HAND], motion.xyz[:, [LEFT_WRIST]]).max() < 0.8
        assert np.abs(motion.xyz).max() < 2.6
        assert motion.quality["jitter"] < 0.03


def test_a_body_seen_once_rests() -> None:
    keypoints = without(truth(2001, 60).keypoints, [*range(30), *range(31, 60)], ALL)
    motion = lift(keypoints, OPTIONS)
    assert sound(motion, keypoints) and motion.observed.any(axis=1).nonzero()[0].tolist() == [30]
    assert apart(motion.xyz, motion.xyz[[30]]).max() < 0.05


@pytest.mark.parametrize("n_frames", [1, 2, 3, 4, 5])
def test_the_shortest_clips(n_frames: int) -> None:
    made = truth(2001, n_frames)
    for distance in (None, 6.0):
        motion = lift(made.keypoints, LiftOptions(camera_distance=distance))
        assert sound(motion, made.keypoints)
        assert score(made.xyz, motion.xyz).joint_error < 0.4
    assert motion.quality["jitter"] == 0 or n_frames > 2


def nobody(n_frames: int) -> Keypoints:
    return Keypoints(np.zeros((n_frames, N_KEYPOINTS, 3), np.float32), 25.0, 640, 480, "made")


@pytest.mark.parametrize(
    ("keypoints", "reason"),
    [
        (nobody(0), "no-frames"),
        (nobody(5), "no-body"),
        (without(made_keypoints(5), ALL, KEYPOINTS_BODY), "no-body"),
        (without(made_keypoints(5), ALL, [1, 2, 5]), "no-body"),
        (without(made_keypoints(5), ALL, [1, 2]), "no-body"),
        (replace(made_keypoints(5), xyc=made_keypoints(5).xyc * np.float32([0, 0, 1])), "no-body"),
        (replace(made_keypoints(5), xyc=made_keypoints(5).xyc * np.float32([1, 1, 0.1])), "no-body"),
        (replace(made_keypoints(5), xyc=made_keypoints(5).xyc * np.float32([1, 1, -1])), "no-body"),
        (replace(made_keypoints(5), xyc=np.full((5, N_KEYPOINTS, 3), np.nan, np.float32)), "no-body"),
    ],
    ids=["no frames", "nobody", "hands alone", "no neck", "half a neck", "one point", "faint", "negative", "nan"],
)
def test_nothing_to_measure_is_rejected_with_a_reason(keypoints: Keypoints, reason: str) -> None:
    with pytest.raises(ClipRejected) as caught:
        lift(keypoints, OPTIONS)
    assert caught.value.reason == reason and len(str(caught.value)) > 20


# Damage


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e7, -1e30, 3e38])
@pytest.mark.parametrize("axis", [0, 1])
def test_coordinates_that_are_none_count_as_not_seen(value: float, axis: int) -> None:
    keypoints = truth(2001, 60).keypoints
    damaged, lost = keypoints.xyc.copy(), keypoints.xyc.copy()
    damaged[3:50:3, ::5, axis] = value
    lost[3:50:3, ::5] = 0
    motion = lift(replace(keypoints, xyc=damaged), OPTIONS)
    assert sound(motion, keypoints)
    assert np.array_equal(motion.xyz, lift(replace(keypoints, xyc=lost), OPTIONS).xyz)


def test_confidence_beyond_any_is_just_certain() -> None:
    keypoints = truth(2001, 60).keypoints
    certain, more = (keypoints.xyc.copy() for _ in range(2))
    certain[20:30, ..., 2], more[20:30, ..., 2] = 1, 1e30
    first, second = (lift(replace(keypoints, xyc=xyc), OPTIONS) for xyc in (certain, more))
    assert np.array_equal(first.xyz, second.xyz)


def test_a_point_that_jumps_away_moves_little_else() -> None:
    keypoints = truth(2001, 60).keypoints
    xyc = keypoints.xyc.copy()
    xyc[30, KEYPOINTS_LEFT_HAND.start + 8, :2] += 500
    motion, whole = lift(replace(keypoints, xyc=xyc), OPTIONS), plain_motion()
    assert sound(motion, keypoints)
    off = apart(motion.xyz, whole.xyz)
    assert off[:20].max() < 0.05 and off[40:].max() < 0.05 and off[:, [*range(8), *range(29, 50)]].max() < 0.3


NUMBERS = st.floats(-1e4, 1e4, width=32) | st.sampled_from(
    np.float32([np.nan, np.inf, -np.inf, 3e38, -1e30, 0, 1]).tolist()
)


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 6), st.just(N_KEYPOINTS), st.just(3)),
        elements=NUMBERS,
        fill=st.sampled_from(np.float32([0, 1])),
    ),
    st.sampled_from([0.0, 1.0, 1e9]),
    st.sampled_from([None, 3.0, 6.0]),
    st.sampled_from([0.5, 25.0, 1e5]),
)
def test_any_numbers_give_a_sound_motion_or_a_rejection(
    xyc: Array, smoothing: float, distance: float | None, fps: float
) -> None:
    keypoints = Keypoints(xyc, fps, 640, 480, "made", world=xyc[..., ::-1].copy())
    try:
        with np.errstate(all="ignore"):
            motion = lift(keypoints, LiftOptions(smoothing=smoothing, camera_distance=distance))
    except ClipRejected:
        return
    assert np.isfinite(motion.xyz).all() and motion.n_frames == len(xyc)
    assert np.isfinite(list(motion.quality.values())).all()
    assert np.ptp(motion.bone_lengths, axis=0).max() < 1e-5


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1.0, 100.0]))
def test_noise_alone_gives_a_sound_motion(seed: int, smoothing: float) -> None:
    rng = np.random.default_rng(seed)
    xyc = rng.uniform(0, 800, (int(rng.integers(1, 12)), N_KEYPOINTS, 3)).astype(np.float32)
    xyc[..., 2] = rng.uniform(0, 1, xyc.shape[:2])
    keypoints = Keypoints(xyc, 25.0, 800, 800, "made")
    try:
        motion = lift(keypoints, LiftOptions(smoothing=smoothing))
    except ClipRejected:
        return
    assert np.isfinite(motion.xyz).all() and np.ptp(motion.bone_lengths, axis=0).max() < 1e-5
    # A chain of arm and hand, each bone at most 1.7 times an average signer's.
    assert np.abs(motion.xyz).max() < 5


@pytest.mark.parametrize("seed", [15, 16, 17])
def test_long_noise_and_a_world_of_it_give_a_sound_motion(seed: int) -> None:
    rng = np.random.default_rng(seed)
    xyc = rng.uniform(0, 800, (113, N_KEYPOINTS, 3)).astype(np.float32)
    xyc[..., 2] = rng.uniform(0.2, 1, xyc.shape[:2])
    for fps in (12.5, 25.0):
        keypoints = Keypoints(xyc, fps, 800, 800, "made", rng.normal(size=xyc.shape).astype(np.float32))
        assert sound(lift(keypoints, OPTIONS), keypoints)


# Options


def test_more_smoothing_means_less_jitter() -> None:
    jitter = [lift(made_keypoints(noise_px=4), LiftOptions(smoothing=s)).quality["jitter"] for s in (0, 1, 100)]
    assert jitter[1] < 0.5 * jitter[0] and jitter[2] < 0.6 * jitter[1]


def test_confidence_decides_what_is_seen() -> None:
    keypoints = without(made_keypoints(), 5, 4)
    keypoints.xyc[:, KEYPOINTS_LEFT_HAND, 2] = 0.5
    loose, tight = (lift(keypoints, LiftOptions(min_confidence=c)) for c in (0.0, 0.6))
    assert loose.observed[:, LEFT_HAND].all() and not tight.observed[:, LEFT_HAND].any()
    assert tight.observed[:, RIGHT_HAND].all()
    assert not loose.observed[5, RIGHT_WRIST], "a confidence of 0 is not seen, whatever the bound"


def test_what_is_trusted_more_is_kept_nearer() -> None:
    sure, unsure = made_keypoints(noise_px=0), made_keypoints(noise_px=0)
    for keypoints, confidence in ((sure, 1.0), (unsure, 0.2)):
        keypoints.xyc[20, 4, :2] += 30
        keypoints.xyc[20, 4, 2] = confidence
    plain, near, far = (lift(k, OPTIONS).xyz[20, RIGHT_WRIST, :2] for k in (made_keypoints(noise_px=0), sure, unsure))
    assert np.linalg.norm(near - plain) > 1.5 * np.linalg.norm(far - plain) > 0


# What estimators know of depth


def test_what_the_estimator_knows_of_depth_is_used() -> None:
    scores = [
        [score(truth(s).xyz, lift(keypoints, OPTIONS).xyz) for s in SEEDS for keypoints in [make(truth(s))]]
        for make in (lambda made: made.keypoints, knowing)
    ]
    blind, told = (Scores(*np.mean(of, axis=0)) for of in scores)
    assert told.finger_signs > blind.finger_signs + 0.03
    assert told.joint_error < blind.joint_error and told.hand_error < blind.hand_error
    assert told.wrist_depth_error < 0.93 * blind.wrist_depth_error


#: Points of the skeleton, and the bones between some of them.
PARTS = {
    "upper arms": [(2, 3), (5, 6)],
    "forearms": [(3, 4), (6, 7)],
    "palms": [(hand.start, hand.start + knuckle) for hand in HANDS for knuckle in (5, 9, 13, 17)],
    "fingers": [(hand.start + p, hand.start + p + 1) for hand in HANDS for p in range(5, 20) if p % 4],
}


@pytest.mark.parametrize("part", PARTS)
def test_hints_about_one_part_move_it_the_way_they_say(part: str) -> None:
    start, end = np.array(PARTS[part]).T
    silent = np.setdiff1d(np.arange(N_KEYPOINTS), np.array(JOINTS)[np.union1d(start, end)])
    errors = []
    for sign in (1, -1):
        for seed in SEEDS:
            made = truth(seed, 60)
            keypoints = knowing(made)
            assert keypoints.world is not None
            world = keypoints.world * np.float32([1, 1, sign])
            world[:, silent] = np.nan
            xyz = lift(replace(keypoints, world=world), OPTIONS).xyz
            errors.append(np.abs((xyz - made.xyz)[:, end, 2] - (xyz - made.xyz)[:, start, 2]).mean())
    told, misled = np.mean(errors[:4]), np.mean(errors[4:])
    assert told < 0.93 * misled


@pytest.mark.parametrize("value", [np.nan, 0.0, -5.0])
def test_a_world_that_says_nothing_changes_nothing(value: float) -> None:
    keypoints = truth(2001, 60).keypoints
    world = np.full_like(keypoints.xyc, value)
    assert np.array_equal(lift(replace(keypoints, world=world), OPTIONS).xyz, plain_motion().xyz)


def test_a_world_of_garbage_breaks_nothing() -> None:
    keypoints = truth(2001, 60).keypoints
    world = np.random.default_rng(0).normal(size=keypoints.xyc.shape).astype(np.float32)
    world[::7, ::3] = np.nan
    motion = lift(replace(keypoints, world=world), OPTIONS)
    assert sound(motion, keypoints) and motion.quality["fit_error"] < 0.03
    assert apart(motion.xyz, plain_motion().xyz).mean() < 0.15


# Many at once


def clips() -> list[Keypoints]:
    """Of several lengths, with and without depth, two alike but for their rate."""
    lengths = (20, 1, 2, 20, 15, 3, 20, 1)
    made = [knowing(lifting_truth(2000 + number, n, hand_dropout=0.2)) for number, n in enumerate(lengths)]
    shown = [keypoints if number % 2 else replace(keypoints, world=None) for number, keypoints in enumerate(made)]
    return [*shown, replace(shown[0], fps=50.0)]


@lru_cache
def one_by_one(distance: float | None) -> list[Motion]:
    return [lift(keypoints, LiftOptions(camera_distance=distance)) for keypoints in clips()]


@pytest.mark.parametrize("distance", [None, 6.0])
@pytest.mark.parametrize("device", [None, "cpu"])
def test_many_are_lifted_as_one_by_one(device: str | None, distance: float | None) -> None:
    if device:
        pytest.importorskip("torch", reason="lifting on a device of torch: pip install 'prompt2sign[train]'")
    together = lift_many(clips(), LiftOptions(camera_distance=distance), device)
    assert [motion.fps for motion in together] == [keypoints.fps for keypoints in clips()]
    for one, many in zip(one_by_one(distance), together, strict=True):
        assert one.scale_px == many.scale_px and one.lifter == many.lifter
        assert np.array_equal(one.observed, many.observed)
        assert apart(one.xyz, many.xyz).max() < 1e-5
        assert many.quality == pytest.approx(one.quality, abs=2e-6)


def test_no_clips_are_no_motions() -> None:
    assert lift_many([], OPTIONS) == []


def test_many_by_the_published_method() -> None:
    motions = lift_many([made_keypoints(n_frames=n) for n in (3, 2)], LiftOptions(method="upstream"))
    assert [motion.n_frames for motion in motions] == [3, 2]
    assert {motion.lifter for motion in motions} == {"upstream 1"}


def test_one_clip_of_many_that_shows_nobody_is_said_so() -> None:
    with pytest.raises(ClipRejected, match="never seen"):
        lift_many([made_keypoints(5), nobody(5)], OPTIONS)


def test_a_device_without_torch_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingError, match=r"pip install 'prompt2sign\[train\]'"):
        lift_many([made_keypoints(5)], OPTIONS, "cpu")
    assert lift_many([made_keypoints(5)], OPTIONS)[0].n_frames == 5


def test_the_same_keypoints_give_the_same_bytes() -> None:
    first, second = (lift(truth(2001, 60).keypoints, OPTIONS) for _ in range(2))
    assert first.xyz.tobytes() == second.xyz.tobytes() and first.quality == second.quality


def test_keypoints_are_left_as_they_are() -> None:
    keypoints = knowing(truth(2001, 20))
    assert keypoints.world is not None
    before = keypoints.xyc.tobytes(), keypoints.world.tobytes()
    lift(keypoints, LiftOptions(camera_distance=6))
    assert (keypoints.xyc.tobytes(), keypoints.world.tobytes()) == before


def test_the_nose_is_before_the_neck_and_arms_are_before_the_body() -> None:
    motion = lift(made_keypoints(), OPTIONS)
    assert (motion.xyz[:, NOSE, 2] >= 0).all() and (motion.xyz[:, NOSE, 1] < 0).all()
    assert np.median(motion.xyz[:, [LEFT_WRIST, RIGHT_WRIST], 2]) > 0.2
    assert np.abs(motion.xyz[:, RIGHT_SHOULDER, 2]).max() < 0.2


def test_a_signer_seen_from_the_side_is_measured_by_her_arms() -> None:
    made = truth(2001, 60)
    xyc = made.keypoints.xyc.copy()
    middle = xyc[:, [2, 5], 0].mean(axis=1, keepdims=True)
    xyc[:, [2, 5], 0] = middle + np.array([-1.0, 1.0])
    motion = lift(replace(made.keypoints, xyc=xyc), OPTIONS)
    assert 0.6 < motion.scale_px / lift(made.keypoints, OPTIONS).scale_px < 1.5


def test_perspective_needs_the_size_of_the_picture() -> None:
    with pytest.raises(ClipRejected, match="--size") as refused:
        lift(replace(truth(2001, 60).keypoints, width=0, height=0), LiftOptions(camera_distance=6))
    assert refused.value.reason == "no-size"
