"""The published method of lifting: its losses to the digit, its quirks, and what becomes of it in a Motion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from prompt2sign.errors import ClipRejected
from prompt2sign.estimators.importers import import_keypoints
from prompt2sign.formats.keypoints import Keypoints
from prompt2sign.lifting import lift
from prompt2sign.lifting.upstream import LIFTER, lift_upstream, reconstruct
from prompt2sign.lifting.upstream_descent import LEARNING_RATE, Descent, Unknowns
from prompt2sign.lifting.upstream_start import interpolate, normalise, prune
from prompt2sign.lifting.upstream_tree import LENGTH_OF_BONE
from prompt2sign.options import LiftOptions
from prompt2sign.skeleton import (
    KEYPOINTS_LEFT_HAND,
    LEFT_HAND,
    LEFT_SHOULDER,
    N_KEYPOINTS,
    NECK,
    NOSE,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    SKELETON,
)

from .made import made_keypoints, without

#: Weighted MSE, sum of lengths, mean squared step, total: what the tools themselves print on TensorFlow, by cycle.
PUBLISHED = {
    "2-3": {
        0: (0.0040226593, 7.1376052, 0.011983226, 0.012358587),
        10: (0.0027893141, 7.1194654, 0.011941183, 0.011102898),
        100: (0.0025228893, 7.1406589, 0.011652638, 0.010828812),
        1000: (0.001812347, 7.1956563, 0.0095815137, 0.0099661546),
    },
    "3-3": {
        0: (0.0023104013, 6.3386226, 0.012567419, 0.0099057658),
        10: (0.0018327243, 6.3292994, 0.012552067, 0.0094172312),
        100: (0.0016147891, 6.3453522, 0.01214424, 0.0091745658),
        1000: (0.0011165593, 6.3591504, 0.0095692622, 0.008432636),
    },
    "4-3": {
        0: (0.0040141875, 6.2818174, 0.0086387256, 0.011159878),
        10: (0.0029037858, 6.2649407, 0.0086399456, 0.010032721),
        100: (0.0024075708, 6.3095446, 0.0082575101, 0.0095428666),
        1000: (0.0013596588, 6.3959765, 0.0064540012, 0.0084010363),
    },
}
#: Enough cycles where the number does not matter.
FEW = 20


def joints(keypoints: Keypoints) -> np.ndarray:
    return keypoints.xyc[:, list(SKELETON.from_keypoints)]


@pytest.mark.shared
@pytest.mark.parametrize("clip", PUBLISHED)
def test_losses_are_those_of_the_tools_at_every_cycle(shared_data: Path, clip: str) -> None:
    name = f"_2FBDaOPYig_{clip}-rgb_front"
    keypoints, _ = import_keypoints(shared_data / "openpose_json", name, fps=24.0, width=1280, height=720)
    losses = reconstruct(joints(keypoints), loss_at=PUBLISHED[clip]).losses
    assert {cycle: tuple(of_cycle) for cycle, of_cycle in losses.items()} == {
        cycle: pytest.approx(of_cycle, rel=1e-5) for cycle, of_cycle in PUBLISHED[clip].items()
    }


def test_change_is_the_gradient_by_finite_differences() -> None:
    random = np.random.default_rng(0)
    start = Unknowns(random.normal(-1, 0.3, 25), random.normal(size=(3, 5)), random.normal(size=(3, 49, 5)))
    target, weight = random.normal(size=(2, 50, 5)), random.random((50, 5))
    changes = Descent(start, target, weight).changes()
    for number, (values, change) in enumerate(zip(start, changes, strict=True)):
        for place in random.choice(values.size, 12, replace=False):
            totals = []
            for nudge in (1e-5, -1e-5):
                moved = [part.copy() for part in start]
                moved[number].flat[place] += nudge
                totals.append(Descent(Unknowns(*moved), target, weight).losses().total)
            slope = (totals[0] - totals[1]) / 2e-5
            assert np.ravel(change)[place] == pytest.approx(-LEARNING_RATE * slope, rel=1e-6, abs=1e-12)


def test_loss_never_grows() -> None:
    losses = reconstruct(joints(made_keypoints()), n_iterations=60, loss_at=range(61)).losses
    totals = [of_cycle.total for of_cycle in losses.values()]
    assert len(totals) == 61 and np.diff(totals).max() < 0
    assert losses[60].total == pytest.approx(
        losses[60].weighted_mse + 0.001 * losses[60].lengths + 0.1 * losses[60].steps
    )


def test_bones_are_25_lengths_that_both_sides_share_and_time_leaves_alone() -> None:
    assert np.bincount(LENGTH_OF_BONE).tolist().count(2) == 24
    xyz = reconstruct(joints(made_keypoints()), FEW).xyz
    start, end = SKELETON.bones.T
    lengths = np.linalg.norm(xyz[:, end] - xyz[:, start], axis=-1)
    assert np.ptp(lengths, axis=0).max() < 1e-5
    other_side = [int(np.flatnonzero(end == SKELETON.mirror[joint])[0]) for joint in end]
    assert np.abs(lengths - lengths[:, other_side]).max() < 1e-5


def test_lengths_are_the_lower_median_of_both_sides() -> None:
    xyc = joints(made_keypoints(n_frames=1))
    xyc[..., 2] = 1
    xy = np.moveaxis(np.array(normalise(xyc[..., 0], xyc[..., 1])[:2]), 0, -1)[0]
    guess = reconstruct(xyc, 0).xyz[0]
    for start, end in SKELETON.bones[SKELETON.bones[:, 1] != NOSE]:
        looks = [
            np.linalg.norm(np.subtract(*xy[np.array(bone)])) for bone in ((start, end), SKELETON.mirror[[start, end]])
        ]
        assert np.linalg.norm(guess[end] - guess[start]) == pytest.approx(min(looks), rel=1e-5)


def test_the_nose_of_the_first_guess_is_shaken_by_the_noise_of_the_tools() -> None:
    xyc = joints(made_keypoints())
    xyc[..., 2] = 1
    x, y, _ = normalise(xyc[..., 0], xyc[..., 1])
    random = np.random.RandomState(1234)
    noise = np.stack([random.uniform(-0.001, 0.001, 40) for _ in range(3)], axis=-1)
    nose = np.stack([x[:, NOSE], y[:, NOSE], np.zeros(40)], axis=-1)
    assert reconstruct(xyc, 0).xyz[:, NOSE] == pytest.approx(nose + noise, abs=1e-6)


def test_every_bone_of_the_first_guess_points_forwards() -> None:
    xyz = reconstruct(joints(made_keypoints()), 0).xyz
    # The tree of the tools starts at the nose, so its one bone to the neck runs the other way than ours.
    start, end = SKELETON.bones[SKELETON.bones[:, 1] != NOSE].T
    assert (xyz[:, end, 2] > xyz[:, start, 2]).all() and (xyz[:, NECK, 2] > xyz[:, NOSE, 2]).all()


def test_missing_points_count_in_mean_and_deviation() -> None:
    x, y = np.array([[0, 300, 300]], np.float32), np.array([[0, 100, 100]], np.float32)
    normal_x, normal_y, unit_px = normalise(x, y)
    spread = np.sqrt(np.mean([0, 300**2, 300**2, 0, 100**2, 100**2]) - np.mean([0, 300, 300, 0, 100, 100]) ** 2)
    assert unit_px == pytest.approx(spread)
    assert normal_x[0] == pytest.approx((x[0] - 200) / spread)
    assert normal_y[0] == pytest.approx((y[0] - 200 / 3) / spread)


def test_uncertain_frames_are_emptied() -> None:
    x = np.ones((2, 50), np.float32)
    confidence = np.repeat(np.array([[0.29], [0.31]], np.float32), 50, axis=1)
    confidence[0, LEFT_HAND] = 1  # the body alone decides
    for values in prune(x, x, confidence):
        assert not values[0].any() and values[1].all()


def test_points_borrow_from_their_neighbours_until_confidence_is_enough() -> None:
    confidence = np.zeros((5, 50), np.float32)
    confidence[:, 0] = [0.5, 1, 0, 0.2, 0.6]
    x = np.repeat(np.arange(1, 6, dtype=np.float32)[:, None], 50, axis=1)
    of_x, of_y = interpolate(x, 10 * x, confidence)
    by_hand = [(0.5 * 1 + 2) / 1.5, 2, (2 + 0.2 * 4) / 1.2, (2 + 0.2 * 4 + 0.6 * 5) / 1.8]
    last = (0.6 * 5 + 0.2 * 4 + 2) / 1.8
    assert of_x[:, 0] == pytest.approx([*by_hand, last])
    assert of_y[:, 0] == pytest.approx(10 * of_x[:, 0])
    assert not of_x[:, 1].any(), "what is never found stays at 0"


def test_a_missing_hand_makes_both_collapse() -> None:
    def size_of_hands(keypoints: Keypoints) -> list[float]:
        xyz = lift_upstream(keypoints).xyz
        return [float(np.ptp(xyz[:, hand], axis=1).mean()) for hand in (LEFT_HAND, RIGHT_HAND)]

    assert min(size_of_hands(made_keypoints())) > 0.2
    assert max(size_of_hands(without(made_keypoints(), slice(None), KEYPOINTS_LEFT_HAND))) < 1e-3


def test_a_motion_has_the_frames_the_units_and_the_plane_of_its_clip() -> None:
    keypoints = made_keypoints(noise_px=0)
    motion = lift_upstream(keypoints)
    assert motion.xyz.shape == (40, 50, 3) and motion.xyz.dtype == np.float32
    assert motion.lifter == LIFTER and motion.fps == keypoints.fps
    assert np.abs(motion.xyz[:, NECK]).max() == 0 and motion.observed.all()
    xy = joints(keypoints)[..., :2]
    apart = np.linalg.norm(xy[:, RIGHT_SHOULDER] - xy[:, LEFT_SHOULDER], axis=-1)
    assert motion.scale_px == pytest.approx(np.median(apart))
    off = motion.xyz[..., :2] - (xy - xy[:, [NECK]]) / motion.scale_px
    assert np.linalg.norm(off, axis=-1).mean() == pytest.approx(motion.quality["fit_error"], abs=1e-5)
    assert motion.quality["fit_error"] < 0.1
    assert motion.quality["bone_deviation"] < 1e-4
    assert np.median(motion.xyz[..., 2]) > 0, "arms and hands come out towards the camera"


def test_frames_the_tools_drop_are_filled_in_and_marked() -> None:
    nose_lost = without(made_keypoints(), slice(10, 13), NOSE)
    nobody = without(nose_lost, slice(38, 40), slice(None))
    motion, result = lift_upstream(nobody), reconstruct(joints(nobody), FEW)
    dropped = [10, 11, 12, 38, 39]
    assert result.kept.tolist() == [frame for frame in range(40) if frame not in dropped]
    assert motion.n_frames == 40 and np.isfinite(motion.xyz).all()
    assert np.flatnonzero(~motion.observed.any(axis=1)).tolist() == dropped
    assert motion.observed[result.kept].all()
    assert motion.xyz[11] == pytest.approx((motion.xyz[9] + motion.xyz[13]) / 2, abs=1e-5)
    assert motion.xyz[39] == pytest.approx(motion.xyz[37], abs=1e-6), "the ends are held"


def test_emptied_frames_are_kept_and_marked() -> None:
    xyc = made_keypoints().xyc.copy()
    xyc[20, :8, 2] = 0.25
    motion = lift_upstream(replace(made_keypoints(), xyc=xyc))
    assert np.flatnonzero(~motion.observed.any(axis=1)).tolist() == [20]


def test_points_below_the_bound_are_not_seen_but_used() -> None:
    xyc = made_keypoints().xyc.copy()
    xyc[5, 4, 2] = 0.15
    motion, plain = (lift_upstream(replace(made_keypoints(), xyc=xyc), bound) for bound in (0.2, 0.1))
    assert not motion.observed[5, 4] and motion.observed.sum() == motion.observed.size - 1
    assert plain.observed.all() and np.array_equal(motion.xyz, plain.xyz)


def test_every_clip_starts_from_the_same_noise() -> None:
    first, second = (lift_upstream(made_keypoints()) for _ in range(2))
    assert first.xyz.tobytes() == second.xyz.tobytes() and first.quality == second.quality


def test_the_door_of_lifting_leads_here() -> None:
    keypoints = made_keypoints(n_frames=6)
    motion = lift(keypoints, LiftOptions(method="upstream"))
    assert motion.lifter == LIFTER and np.array_equal(motion.xyz, lift_upstream(keypoints).xyz)


@pytest.mark.parametrize("n_frames", [1, 2])
def test_the_shortest_clips(n_frames: int) -> None:
    keypoints = made_keypoints(n_frames=n_frames)
    motion = lift_upstream(keypoints)
    assert motion.n_frames == n_frames and np.isfinite(motion.xyz).all()
    losses = reconstruct(joints(keypoints), FEW, loss_at=(FEW,)).losses[FEW]
    assert np.isfinite(losses).all() and (losses.steps == 0) == (n_frames == 1)


def test_points_that_are_not_finite_cost_only_themselves() -> None:
    xyc = made_keypoints().xyc.copy()
    xyc[3, 4], xyc[5, 100] = np.nan, np.inf
    motion = lift_upstream(replace(made_keypoints(), xyc=xyc))
    lost = [(3, 4), (5, SKELETON.from_keypoints.index(100))]
    assert [tuple(place) for place in np.argwhere(~motion.observed)] == lost
    assert np.isfinite(motion.xyz).all()


def constant() -> Keypoints:
    xyc = np.full((5, N_KEYPOINTS, 3), 0.9, np.float32)
    xyc[..., :2] = 400
    return Keypoints(xyc, 25.0, 800, 600, "made")


def faint() -> Keypoints:
    return replace(made_keypoints(), xyc=made_keypoints().xyc * np.float32([1, 1, 0.3]))


def immense() -> Keypoints:
    return replace(made_keypoints(), xyc=made_keypoints().xyc * np.float32([1e30, 1e30, 1]))


def overweight() -> Keypoints:
    return replace(made_keypoints(), xyc=made_keypoints().xyc * np.float32([1, 1, 1e6]))


@pytest.mark.parametrize(
    ("keypoints", "reasons"),
    [
        (made_keypoints(n_frames=0), {"no-frames"}),
        (without(made_keypoints(), slice(None), slice(None)), {"no-body"}),
        (without(made_keypoints(), slice(None), NOSE), {"no-body"}),
        (faint(), {"no-body"}),
        # The deviation of a constant clip is 0 or, by rounding, next to it.
        (constant(), {"no-spread", "no-body"}),
        (immense(), {"no-spread"}),
        (overweight(), {"not-finite"}),
    ],
    ids=["no frames", "nobody", "no nose", "faint", "constant", "immense", "overweight"],
)
def test_what_makes_no_motion_is_rejected_with_a_reason(keypoints: Keypoints, reasons: set[str]) -> None:
    with pytest.raises(ClipRejected) as caught:
        lift_upstream(keypoints)
    assert caught.value.reason in reasons and len(str(caught.value)) > 20


def test_a_clip_that_is_emptied_whole_has_no_reconstruction() -> None:
    with pytest.raises(ClipRejected, match="upper body"):
        reconstruct(joints(faint()))


@settings(max_examples=15, deadline=None)
@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 4), st.just(N_KEYPOINTS), st.just(3)),
        elements=st.one_of(st.floats(0, 1e4, width=32), st.just(np.nan), st.floats(-10, 10, width=32)),
        fill=st.just(np.float32(1)),
    )
)
def test_any_numbers_give_a_finite_motion_or_a_rejection(xyc: np.ndarray) -> None:
    try:
        motion = lift_upstream(Keypoints(xyc, 25.0, 640, 480, "made"))
    except ClipRejected:
        return
    assert np.isfinite(motion.xyz).all() and np.isfinite(list(motion.quality.values())).all()
