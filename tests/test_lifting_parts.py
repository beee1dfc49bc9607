"""The parts of lifting, each against a slow and plain way of doing the same, or against what must hold."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from prompt2sign.lifting.anthropometry import SPREAD, relaxed_hand, typical_lengths
from prompt2sign.lifting.arrays import angle, hint_cost, turn_of
from prompt2sign.lifting.depth import _FROM_PALM_TO_PALM, _PALM_JUMP, _PALM_TURN, _every_frame, _palm_changes
from prompt2sign.lifting.fill import fill
from prompt2sign.lifting.fingers import (
    _JUMP,
    _TURN,
    SAME_WAY,
    FingerBones,
    finger_bones,
    pattern_changes,
    pattern_costs,
)
from prompt2sign.lifting.lengths import BONE_TO, bone_lengths
from prompt2sign.lifting.limits import LIMITS, limit_rate
from prompt2sign.lifting.normalise import depth_hints, fill_in_time, shoulder_width
from prompt2sign.lifting.palm import KNUCKLES, Palms, both_palms, palm_depths, palm_hints
from prompt2sign.lifting.refine import build, refine
from prompt2sign.lifting.search import best_path, mean_on_grid
from prompt2sign.lifting.smooth import Smoother, strength_at
from prompt2sign.lifting.solve import without_perspective
from prompt2sign.skeleton import (
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
from prompt2sign.synthetic.handshapes import SHAPES, hand_points
from prompt2sign.synthetic.observed import lifting_truth

from .made import knowing

Array = NDArray[Any]
RANDOM = st.integers(0, 2**32 - 1).map(np.random.default_rng)
#: The least weight of a value; see `Smoother`.
LEAST = 1e-6


# Smoothing


def dense(weights: Array, values: Array, strength: float, tension: float) -> Array:
    """(T,) the minimum by its normal equations, written out."""
    n_frames = len(weights)
    steps, bends = (np.diff(np.eye(n_frames), order, axis=0) for order in (1, 2))
    matrix = np.diag(weights + LEAST) + tension * steps.T @ steps + strength * bends.T @ bends
    return np.linalg.solve(matrix, (weights + LEAST) * values)


@settings(max_examples=60, deadline=None)
@given(RANDOM, st.integers(1, 40), st.sampled_from([0, 0.3, 5, 400]), st.sampled_from([0, 0.02, 3]), st.booleans())
def test_smoothing_solves_its_equations(
    rng: np.random.Generator, n_frames: int, strength: float, tension: float, gaps: bool
) -> None:
    weights, values = rng.uniform(0.05, 1, (n_frames, 2, 3)), rng.normal(size=(n_frames, 2, 3))
    if gaps:
        weights[rng.random(weights.shape) < 0.5] = 0
        weights[0] = weights[-1] = 1
    smooth = Smoother(weights, strength, tension)(values)
    for series in np.ndindex(2, 3):
        by_hand = dense(weights[:, *series], values[:, *series], strength, tension)
        assert smooth[:, *series] == pytest.approx(by_hand, abs=1e-6)


def test_smoothing_leaves_straight_lines_and_goes_on_along_them() -> None:
    line = 3.0 * np.arange(20.0)[:, None]
    weights = np.ones((20, 1))
    assert Smoother(weights, 50.0)(line) == pytest.approx(line, abs=1e-5)
    weights[12:] = 0
    assert Smoother(weights, 50.0)(np.where(weights > 0, line, 0)) == pytest.approx(line, rel=1e-2, abs=1e-3)
    at_rest = Smoother(weights, 1.0, 1.0)(np.where(weights > 0, line, 0))[:, 0]
    assert np.ptp(at_rest[14:]) < 0.5 and abs(at_rest[-1] - 33) < 3, "tension: it comes to rest at the end"


@pytest.mark.parametrize("fps", [12.5, 50.0, 100.0])
def test_the_same_movement_is_smoothed_alike_at_any_rate(fps: float) -> None:
    def smoothed(rate: float) -> Array:
        times_s = np.arange(0, 8, 1 / rate)
        wave = np.sin(2 * np.pi * 1.5 * times_s)
        return np.abs(Smoother(np.ones(len(wave)), strength_at(rate, 1.0))(wave)).max()

    # A finer clock has more values a second to trust, in proportion to their number.
    assert smoothed(fps) == pytest.approx(smoothed(25.0), abs=0.03)


@pytest.mark.parametrize(("fps", "strength"), [(25.0, np.inf), (1e6, 1.0), (25.0, 1e30)])
def test_no_strength_is_too_much(fps: float, strength: float) -> None:
    rng = np.random.default_rng(0)
    weights = rng.uniform(0.2, 1, 150)
    weights[rng.random(150) < 0.3] = 0
    most = Smoother(weights, strength_at(fps, strength))(rng.normal(size=150))
    assert np.isfinite(most).all() and np.abs(np.diff(most, 2, axis=0)).max() < 1e-4


# Search


@settings(max_examples=60, deadline=None)
@given(RANDOM, st.integers(1, 6), st.integers(1, 3))
def test_the_best_path_is_the_best_of_all(rng: np.random.Generator, n_frames: int, n_states: int) -> None:
    cost, change = rng.normal(size=(n_frames, n_states, 2)), rng.normal(size=(n_frames - 1, 4, 2))
    which = rng.integers(0, 4, (n_states, n_states)).tolist()
    found = best_path(cost, change, which)
    assert found.shape == (n_frames, 2)

    def total(path: tuple[int, ...], place: int) -> float:
        moves = sum(change[t, which[a][b], place] for t, (a, b) in enumerate(itertools.pairwise(path)))
        return float(moves + sum(cost[t, state, place] for t, state in enumerate(path)))

    for place in range(2):
        paths = itertools.product(range(n_states), repeat=n_frames)
        assert tuple(found[:, place]) == min(paths, key=lambda path: total(path, place))


@settings(max_examples=40, deadline=None)
@given(RANDOM, st.integers(1, 4))
def test_the_mean_on_a_grid_is_that_over_all_paths(rng: np.random.Generator, n_frames: int) -> None:
    n, m = 3, 2
    cost = rng.normal(0, 2, (n_frames, n, m))
    down, across = (rng.dirichlet(np.ones(size), size) for size in (n, m))
    first, second = rng.normal(size=n), rng.normal(size=m)
    means = mean_on_grid(cost, (down, across), (first, second))
    weights, sums = 0.0, np.zeros((2, n_frames))
    for path in itertools.product(itertools.product(range(n), range(m)), repeat=n_frames):
        weight = np.exp(-sum(cost[t, i, j] for t, (i, j) in enumerate(path)))
        for (i, j), (next_i, next_j) in itertools.pairwise(path):
            weight *= down[i, next_i] * across[j, next_j]
        weights += weight
        sums += weight * np.array([[first[i] for i, _ in path], [second[j] for _, j in path]])
    assert np.stack(means) == pytest.approx(sums / weights, abs=1e-9)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@given(rng=RANDOM)
@settings(max_examples=20, deadline=None)
def test_the_mean_on_a_grid_survives_frames_that_contradict_one_another(rng: np.random.Generator, kind: type) -> None:
    nodes = np.linspace(-1.4, 1.4, 21, dtype=kind)
    moves = np.exp(-((nodes[:, None] - nodes) ** 2) / kind(2 * 0.15**2))
    moves /= moves.sum(axis=-1, keepdims=True)
    cost = np.full((40, 2, 21, 21), 500, kind)
    corner, clip = rng.choice([0, -1], (40, 2, 2)), np.arange(2)
    for t in range(40):
        cost[t, clip, corner[t, 0], corner[t, 1]] = 0
    means = np.stack(mean_on_grid(cost, (moves, moves), (nodes, nodes)))
    assert np.isfinite(means).all() and np.abs(means).max() <= 1.4 + 1e-5


# Filling


@settings(max_examples=30, deadline=None)
@given(RANDOM, st.integers(1, 12), st.floats(0, 1))
def test_filling_leaves_what_was_seen_and_bounds_the_rest(
    rng: np.random.Generator, n_frames: int, share: float
) -> None:
    xy = rng.uniform(-1.5, 1.5, (n_frames, 2, 2, 50))
    seen = rng.random((n_frames, 2, 50)) < share
    xy = np.where(seen[:, None], xy, np.nan)
    filled = fill(xy, seen, 1.0)
    assert np.array_equal(np.where(seen[:, None], filled, np.nan), xy, equal_nan=True)
    assert np.isfinite(filled).all() and np.abs(filled).max() < 15


def test_a_point_that_is_lost_moves_on_with_its_finger() -> None:
    times_s = np.arange(40) / 25
    xy = np.zeros((40, 2, 1, 50))
    xy[:, 0, 0, LEFT_HAND] = np.sin(4 * times_s)[:, None] + np.linspace(0, 0.3, 21)
    seen = np.ones((40, 1, 50), bool)
    tip = LEFT_HAND.start + 8
    seen[10:30, 0, tip] = False
    truth = xy.copy()
    xy[10:30, :, 0, tip] = 1e6
    assert np.abs(fill(xy, seen, 1.0) - truth).max() < 0.02


def test_gaps_are_bridged_alike_at_any_rate() -> None:
    def bridged(fps: float) -> Array:
        times_s = np.arange(0, 2, 1 / fps)
        xy, seen = np.zeros((len(times_s), 2, 1, 50)), np.ones((len(times_s), 1, 50), bool)
        tip = LEFT_HAND.start + 8
        xy[:, 0, 0, tip] = np.sin(5 * times_s)
        seen[(times_s > 0.6) & (times_s < 1.2), 0, tip] = False
        return fill(xy, seen, strength_at(fps, 1.0))[:: round(fps / 25), 0, 0, tip]

    assert np.abs(bridged(100.0) - bridged(25.0)).max() < 0.06
    assert np.abs(bridged(50.0) - bridged(25.0)).max() < 0.04


def test_what_is_never_seen_is_where_it_is_at_rest() -> None:
    xy = np.zeros((3, 2, 1, 50))
    seen = np.zeros((3, 1, 50), bool)
    seen[..., NECK] = True
    filled = fill(xy, seen, 1.0)[0, :, 0]
    lengths = np.linalg.norm(filled[:, SKELETON.bones[:, 1]] - filled[:, SKELETON.bones[:, 0]], axis=0)
    assert lengths[1:7] == pytest.approx(typical_lengths()[1:7], rel=0.02)
    assert filled[1, LEFT_WRIST] > filled[1, LEFT_ELBOW] > 0 and filled[0, LEFT_WRIST] > 0 > filled[0, RIGHT_WRIST]
    assert filled[0] == pytest.approx(-filled[0, SKELETON.mirror]) and filled[1] == pytest.approx(
        filled[1, SKELETON.mirror]
    )
    for hand, inwards in ((LEFT_HAND, -1), (RIGHT_HAND, 1)):
        thumb, little = filled[0, hand][4], filled[0, hand][20]
        assert inwards * (thumb - little) > 0.2, "thumbs of hanging hands are towards the body"


@settings(max_examples=30, deadline=None)
@given(RANDOM, st.integers(1, 9))
def test_a_signer_is_as_wide_as_the_shoulders_are_in_the_middle_of_the_frames_that_show_both(
    rng: np.random.Generator, n_frames: int
) -> None:
    xy, seen = rng.uniform(0, 9, (n_frames, 50, 2)), np.zeros((n_frames, 50), bool)
    xy[:, RIGHT_SHOULDER] -= [200, 0]
    seen[:, [LEFT_SHOULDER, RIGHT_SHOULDER]] = rng.random((n_frames, 2)) < 0.7
    seen[0, [LEFT_SHOULDER, RIGHT_SHOULDER]] = True
    both = seen[:, LEFT_SHOULDER] & seen[:, RIGHT_SHOULDER]
    widths = np.linalg.norm(xy[:, LEFT_SHOULDER] - xy[:, RIGHT_SHOULDER], axis=-1)
    assert shoulder_width(xy, seen) == pytest.approx(np.median(widths[both]))


@given(st.lists(st.booleans(), min_size=1, max_size=12).filter(any))
def test_filling_in_time_goes_straight_and_holds_the_ends(known: list[bool]) -> None:
    rows = np.flatnonzero(known)
    values = np.where(known, 2.0 * np.arange(len(known)) + 1, np.nan)[:, None]
    filled = fill_in_time(values, np.array(known))[:, 0]
    assert filled == pytest.approx(2.0 * np.clip(np.arange(len(known)), rows[0], rows[-1]) + 1)


# Angles


@pytest.mark.parametrize(("kind", "error"), [(np.float32, 6e-7), (np.float64, 3e-8)])
def test_angles_are_those_of_the_arctangent(kind: type, error: float) -> None:
    radians = np.linspace(-np.pi, np.pi, 10_001)
    for size in (1e-3, 1.0, 1e6):
        sine, cosine = (size * np.sin(radians)).astype(kind), (size * np.cos(radians)).astype(kind)
        assert np.abs(angle(sine, cosine) - np.arctan2(sine, cosine)).max() < error
    known = angle(np.array([0.0, 0.0, 1.0, -1.0, 0.0], kind), np.array([0.0, 1.0, 0.0, 0.0, -1.0], kind))
    assert known == pytest.approx([0.0, 0.0, np.pi / 2, -np.pi / 2, np.pi], abs=error)


@pytest.mark.parametrize(("kind", "error"), [(np.float32, 6e-7), (np.float64, 3e-8)])
def test_turns_are_those_of_the_arccosine_and_rounding_past_one_does_no_harm(kind: type, error: float) -> None:
    cosine = np.linspace(-1, 1, 10_001, dtype=kind)
    assert np.abs(turn_of(cosine) - np.arccos(cosine)).max() < error
    assert turn_of(np.array([1 + 1e-6, -1 - 1e-6], kind)) == pytest.approx([0, np.pi], abs=error)


# Lengths


def turning(lengths: Array, n_frames: int = 200, seed: int = 0) -> Array:
    """(T, 3, 1, 50) a tree of bones that turn every way, each through the plane of the picture."""
    rng = np.random.default_rng(seed)
    bones = rng.normal(size=(n_frames, 3, 1, 49))
    bones[:, 2] *= np.linspace(0, 1, n_frames)[:, None, None]
    return build(bones, lengths[None])


def test_lengths_come_back_from_turning_bones() -> None:
    typical = typical_lengths()
    for scale in (0.75, 1.0, 1.3):
        lengths = scale * typical
        found = bone_lengths(turning(lengths)[:, :2], np.ones((200, 1, 50), bool))[0]
        # Pulled towards the typical, at most by half; the shoulders are the unit, the roots no lengths.
        told = [bone for bone in range(49) if "root" not in SKELETON.names[SKELETON.bones[bone, 1]]][3:]
        assert (np.sign(found - typical)[told] == np.sign(scale - 1)).all() or scale == 1
        assert found[told] == pytest.approx(lengths[told], rel=0.15 if scale != 1 else 0.06)
        assert found[[BONE_TO[2], BONE_TO[5]]] == pytest.approx(typical[[BONE_TO[2], BONE_TO[5]]])


def test_a_hand_is_measured_on_its_own_and_lends_its_lengths() -> None:
    lengths, hands = (
        typical_lengths().copy(),
        [[BONE_TO[j] for j in range(h.start, h.stop)] for h in (LEFT_HAND, RIGHT_HAND)],
    )
    lengths[hands[0][1:]] *= 1.3
    xy, seen = turning(lengths)[:, :2], np.ones((200, 1, 50), bool)
    both = bone_lengths(xy, seen)[0]
    assert both[hands[0][1:]].sum() > 1.15 * both[hands[1][1:]].sum()
    seen[..., RIGHT_HAND] = False
    lent = bone_lengths(np.where(seen[:, None], xy, 55.0), seen)[0]
    assert lent[hands[0]] == pytest.approx(both[hands[0]]) and lent[hands[1]] == pytest.approx(both[hands[0]])
    seen[..., LEFT_HAND] = False
    assert bone_lengths(xy, seen)[0, hands[0] + hands[1]] == pytest.approx(typical_lengths()[hands[0] + hands[1]])


def test_both_arms_share_their_lengths_and_few_frames_say_nothing() -> None:
    xy = turning(1.2 * typical_lengths())[:, :2]
    seen = np.ones((200, 1, 50), bool)
    seen[..., [LEFT_ELBOW, LEFT_WRIST]] = False
    found = bone_lengths(xy, seen)[0]
    for left, right in ((LEFT_ELBOW, RIGHT_ELBOW), (LEFT_WRIST, RIGHT_WRIST)):
        assert found[BONE_TO[left]] == found[BONE_TO[right]] > 1.05 * typical_lengths()[BONE_TO[left]]
    seen[4:] = False
    assert bone_lengths(xy, seen)[0] == pytest.approx(typical_lengths())


@settings(max_examples=20, deadline=None)
@given(RANDOM, st.floats(0, 1))
def test_no_length_is_absurd(rng: np.random.Generator, share: float) -> None:
    xy = rng.uniform(-100, 100, (20, 2, 2, 50)) * rng.choice([1e-6, 1, 1e4])
    found = bone_lengths(xy, rng.random((20, 2, 50)) < share) / typical_lengths()
    told = [bone for bone in range(49) if "root" not in SKELETON.names[SKELETON.bones[bone, 1]]]
    assert np.isfinite(found).all() and (found[:, told] > 0.49).all() and (found[:, told] < 1.71).all()
    assert found.max() < 3.01, "not even from a wrist to the root of somebody else's hand"


# Palms and fingers


def turned(rng: np.random.Generator, n: int) -> Array:
    """(n, 3, 3) random rotations."""
    q, r = np.linalg.qr(rng.normal(size=(n, 3, 3)))
    q *= np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None]
    q[:, :, 0] *= np.linalg.det(q)[:, None]
    return q


def flat_palm(axes: Array, lengths: Array) -> Array:
    """(n, 3, 1, 2, 21) hands whose root and knuckles lie as `both_palms` takes them, by axes in the columns."""
    hands = np.zeros((len(axes), 3, 1, 2, 21))
    for knuckle, finger in zip(KNUCKLES, ("index", "middle", "ring", "little"), strict=True):
        place = lengths[knuckle] * np.array([np.sin(SPREAD[finger]), np.cos(SPREAD[finger]), 0])
        hands[..., knuckle] = (axes @ place)[:, :, None, None]
    return hands


HAND_LENGTHS = typical_lengths()[[BONE_TO[joint] for joint in range(RIGHT_HAND.start, RIGHT_HAND.stop)]]


@settings(max_examples=30, deadline=None)
@given(RANDOM)
def test_one_answer_for_a_palm_is_true_and_the_other_its_mirror_image(rng: np.random.Generator) -> None:
    # x right, y down, z towards the camera is a left-handed frame: thumb, along, palm are a rotation with one flip.
    axes = turned(rng, 8) * [1, 1, -1]
    lengths = np.broadcast_to(HAND_LENGTHS, (1, 2, 21))
    palms = both_palms(flat_palm(axes, HAND_LENGTHS)[:, :2], lengths)
    true = [axes[:, :, 0], axes[:, :, 1], np.cross(axes[:, :, 1], axes[:, :, 0])]
    missed = sum(np.abs(found - t[:, :, None, None, None]).max(axis=1) for found, t in zip(palms, true, strict=True))
    assert missed[:, 0].min(axis=-1).max() < 1e-6
    for axis, flip in zip(palms, ((1, 1, -1), (1, 1, -1), (-1, -1, 1)), strict=True):
        assert axis[..., 1] == pytest.approx(axis[..., 0] * np.array(flip)[:, None, None], abs=1e-9)
        assert np.linalg.norm(axis, axis=1) == pytest.approx(1)
    right = int(missed[0, 0, 0].argmin())
    picked = palms.pick(np.full((8, 1, 2), right))
    knuckles, _ = palm_depths(picked, lengths)
    if missed[:, 0, 0, right].max() < 1e-6:
        assert knuckles[:, 0, 0] == pytest.approx(flat_palm(axes, HAND_LENGTHS)[:, 2, 0, 0][:, KNUCKLES], abs=1e-6)


def test_the_palm_of_a_raised_right_hand_faces_the_camera() -> None:
    # Seen from the front, fingers up, thumb towards the middle of the body: to the right of the picture.
    hand = np.zeros((1, 2, 1, 2, 21))
    for knuckle, x in zip(KNUCKLES, (0.07, 0.01, -0.04, -0.09), strict=True):
        hand[0, :, 0, :, knuckle] = [[x], [-0.24]]
    palms = both_palms(hand, np.broadcast_to(HAND_LENGTHS, (1, 2, 21)))
    assert (palms.palm[:, 2] > 0.8).all() and (palms.thumb[:, 0] > 0.8).all() and (palms.along[:, 1] < -0.8).all()


@settings(max_examples=30, deadline=None)
@given(RANDOM, st.sampled_from([1e-9, 1e-3, 1.0, 1e4]))
def test_any_points_have_palms(rng: np.random.Generator, size: float) -> None:
    for axis in both_palms(size * rng.normal(size=(3, 2, 1, 2, 21)), np.broadcast_to(HAND_LENGTHS, (1, 2, 21))):
        assert np.isfinite(axis).all() and np.linalg.norm(axis, axis=1).max() < 1 + 1e-9


def test_hints_choose_the_palm_that_they_describe() -> None:
    axes = turned(np.random.default_rng(3), 20) * [1, 1, -1]
    hands, lengths = flat_palm(axes, HAND_LENGTHS), np.broadcast_to(HAND_LENGTHS, (1, 2, 21))
    palms = both_palms(hands[:, :2], lengths)
    hints = np.full((20, 1, 2, 21), np.nan)
    assert not palm_hints(palms, hints).any()
    hints[..., KNUCKLES] = (hands[:, 2] / HAND_LENGTHS)[..., KNUCKLES]
    best = palm_hints(palms, hints).argmin(axis=-1)
    missed = np.abs(palms.along - axes[:, :, 1][:, :, None, None, None]).max(axis=1)
    chosen = np.take_along_axis(missed, best[..., None], axis=-1)
    assert chosen.max() < 1e-6


def right_hand(name: str, axes: Array) -> Array:
    """(n, 3, 21) a hand shape in the axes (n, 3, 3) of hands: to the thumb, along, out of the palm."""
    return np.einsum("nij,kj->nik", axes, hand_points(SHAPES[name].vector()[None])[0])


def shaped(name: str, axes: Array) -> tuple[FingerBones, Array]:
    """Both hands of this shape as `finger_bones` sees them, and the true bones (n, 3, 5, 3)."""
    hand = right_hand(name, axes)
    lengths = np.zeros((1, 2, 21))
    true = np.diff(hand[..., 1:].reshape(len(axes), 3, 5, 4), axis=-1)
    lengths[..., 1:] = np.pad(np.linalg.norm(true, axis=1)[0], ((0, 0), (1, 0))).reshape(20)
    return finger_bones(np.stack([hand[:, :2]] * 2, axis=2)[:, :, None], lengths), true


def under_each_pattern(bones: FingerBones) -> Array:
    """(8, T, B, 2, 5, 3) the depths of the bones under each pattern, shoulder widths."""
    return np.stack([bones.depths_of(np.full(np.moveaxis(bones.depth[0], 0, 1).shape, number)) for number in range(8)])


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_one_of_the_patterns_of_a_finger_is_the_truth(name: str) -> None:
    bones, true = shaped(name, turned(np.random.default_rng(0), 10) * [1, 1, -1])
    flat = (bones.flat * bones.size)[:, :, :, :, 0, 1]
    assert flat == pytest.approx(true[:, :2].transpose(1, 3, 2, 0), abs=1e-9)
    depths = under_each_pattern(bones)
    missed = np.abs(depths[:, :, 0, 1] - true[:, 2]).max(axis=-1)
    assert missed.min(axis=0).max() < 1e-6
    assert np.array_equal(depths[0], -depths[7]), "the first pattern is the last, turned round"


@pytest.mark.parametrize("name", ["fist", "claw", "cup", "point"])
def test_the_true_pattern_of_bent_fingers_costs_least(name: str) -> None:
    axes = turned(np.random.default_rng(1), 60) * [1, 1, -1]
    bones, true = shaped(name, axes)
    palms = Palms(*(np.broadcast_to(axes[:, :, a, None, None, None], (60, 3, 1, 2, 1)) for a in range(3)))
    best = np.moveaxis(pattern_costs(bones, palms)[:, 0].argmin(axis=0), 0, 1)
    depth, true = bones.depths_of(best)[:, 0, 1, 1:], true[:, :, 1:]
    steep = np.abs(true[:, 2]) > 0.3 * np.linalg.norm(true, axis=1)
    assert (np.sign(depth) == np.sign(true[:, 2]))[steep].mean() > 0.9


def test_changes_of_fingers_cost_by_the_depth_they_turn() -> None:
    rng = np.random.default_rng(0)
    hands, lengths = rng.normal(0, 0.08, (4, 2, 1, 2, 21)), rng.uniform(0.1, 0.4, (1, 2, 21))
    bones = finger_bones(hands, lengths)
    depths = under_each_pattern(bones) / np.moveaxis(bones.size, (0, 1), (-1, -2))
    turns = depths[None, :, 1:] - depths[:, None, :-1]
    by_hand = np.minimum(np.sum((turns / _TURN) ** 2, axis=-1), _JUMP)
    assert np.moveaxis(pattern_changes(bones)[:, SAME_WAY], (1, 2, 3), (0, 1, 5)) == pytest.approx(by_hand, abs=1e-9)
    assert (by_hand == _JUMP).any() and (by_hand < _JUMP).any()


def test_changes_of_palms_cost_by_the_depth_they_turn() -> None:
    axes = turned(np.random.default_rng(0), 6)
    thumb, along, palm = (np.stack([axes[:, :, a], axes[:, :, a] * [1, 1, -1]], axis=-1) for a in range(3))
    palms = Palms(*(np.stack([axis[:, :, None]] * 2, axis=3) for axis in (thumb, along, palm)))
    changes = _palm_changes(palms)
    for t, now, before in np.ndindex(5, 2, 2):
        turns = [axis[t + 1, 2, now] - axis[t, 2, before] for axis in (thumb, along)]
        by_hand = min(sum((turn / _PALM_TURN) ** 2 for turn in turns), _PALM_JUMP)
        assert changes[t, _FROM_PALM_TO_PALM[before][now], 0] == pytest.approx(by_hand)


@pytest.mark.parametrize(("n_frames", "stride"), [(1, 1), (1, 3), (7, 1), (7, 2), (8, 2), (9, 4)])
def test_looks_now_and_then_are_joined_by_straight_lines(n_frames: int, stride: int) -> None:
    looks = np.random.default_rng(0).normal(size=(-(-n_frames // stride), 2, 2))
    frames = np.arange(n_frames) / stride
    joined = _every_frame(looks, stride, n_frames)
    for clip, side in np.ndindex(2, 2):
        by_hand = np.interp(frames, np.arange(len(looks)), looks[:, clip, side])
        assert joined[:, clip, side] == pytest.approx(by_hand)


def test_a_hint_costs_at_most_a_mistake_and_nothing_where_there_is_none() -> None:
    costs = hint_cost(np.zeros(4), np.array([np.nan, 0.0, 0.5, 100.0]), 0.5)
    assert costs.tolist() == [0.0, 0.0, 1.0, 9.0]


def test_hints_are_parts_of_lengths_and_none_across_origins() -> None:
    made = lifting_truth(2001, 20)
    seen = np.ones((20, 50), bool)
    seen[3, LEFT_WRIST] = False
    hints = depth_hints(knowing(made), seen)
    start, end = SKELETON.bones.T
    bones = made.xyz[:, end] - made.xyz[:, start]
    parts = bones[..., 2] / np.linalg.norm(bones, axis=-1)
    given_none = [BONE_TO[LEFT_HAND.start], BONE_TO[RIGHT_HAND.start]]
    assert np.isnan(hints[:, given_none]).all()
    assert np.isnan(hints[3, [BONE_TO[LEFT_WRIST]]]).all()
    told = ~np.isnan(hints)
    assert told.sum() == 20 * 47 - 1 and np.abs(hints - parts)[told].max() < 1e-4


# Making it fit


@settings(max_examples=20, deadline=None)
@given(RANDOM, st.integers(1, 5))
def test_mending_keeps_lengths_and_comes_nearer(rng: np.random.Generator, n_frames: int) -> None:
    lengths = typical_lengths() * rng.uniform(0.7, 1.4, (2, 49))
    first = build(rng.normal(size=(n_frames, 3, 2, 49)), lengths)
    target = first[:, :2] + rng.normal(0, 0.05, first[:, :2].shape)
    target[..., NECK] = 0
    before = first.copy()
    mended = refine(first, target, lengths)
    assert np.array_equal(first, before), "what is given is left as it is"
    for motion in (first, mended):
        bones = motion[..., SKELETON.bones[:, 1]] - motion[..., SKELETON.bones[:, 0]]
        assert np.abs(np.linalg.norm(bones, axis=1) - lengths).max() < 1e-12
        assert not motion[..., NECK].any()
    assert (
        np.linalg.norm(mended[:, :2] - target, axis=1).mean()
        < 0.9 * np.linalg.norm(first[:, :2] - target, axis=1).mean()
    )


def test_a_bone_of_which_nothing_is_known_has_its_length() -> None:
    lengths = typical_lengths()[None]
    joints = build(np.zeros((2, 3, 1, 49)), lengths)
    bones = joints[..., SKELETON.bones[:, 1]] - joints[..., SKELETON.bones[:, 0]]
    assert np.linalg.norm(bones, axis=1)[:, 0] == pytest.approx(np.repeat(lengths, 2, axis=0))


def test_what_fits_already_stays() -> None:
    made = lifting_truth(2001, 10).xyz
    xyz = made.transpose(0, 2, 1)[:, :, None].copy()
    lengths = np.linalg.norm(made[0, SKELETON.bones[:, 1]] - made[0, SKELETON.bones[:, 0]], axis=-1)[None]
    assert refine(xyz, xyz[:, :2], lengths) == pytest.approx(xyz, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(RANDOM, st.sampled_from([3.0, 6.0, 100.0]))
def test_perspective_is_taken_out_as_it_was_put_in(rng: np.random.Generator, distance: float) -> None:
    xyz = rng.uniform(-1.5, 1.5, (4, 3, 2, 50))
    xyz[..., NECK] = 0
    neck = rng.uniform(-2, 2, (4, 2, 2))
    seen = (xyz[:, :2] + neck[..., None]) / (1 - xyz[:, 2:] / distance)[:, 0][:, None]
    picture = seen - neck[..., None]
    assert without_perspective(picture, neck, xyz[:, 2], distance) == pytest.approx(xyz[:, :2], abs=1e-9)


# The average signer


def test_typical_bodies_are_alike_on_both_sides() -> None:
    typical = typical_lengths()
    for bone, (_, child) in enumerate(SKELETON.bones):
        assert typical[bone] == typical[BONE_TO[int(SKELETON.mirror[child])]] > 0
    assert typical[BONE_TO[2]] + typical[BONE_TO[5]] == pytest.approx(1.0), "the unit is the shoulder width"


def test_a_relaxed_hand_has_typical_proportions_and_bends_its_fingers_away_from_the_picture() -> None:
    hand = relaxed_hand()
    parents = np.array([0, *(0 if j % 4 == 0 else j for j in range(20))])
    looks = np.linalg.norm(hand - hand[:, parents], axis=0)[1:]
    bent = np.cos(np.radians([0, 20, 45, 60]))
    assert looks == pytest.approx(np.array(HAND_LENGTHS[1:]) * np.tile(bent, 5))
    assert (hand[0, [8, 12, 16, 20]] > 0.3).all() and (np.diff(hand[1, KNUCKLES]) < 0).all(), "thumb's side first"


def test_the_limits_that_costs_are_made_of_let_a_relaxed_hand_be() -> None:
    xyz = np.zeros((1, 50, 3))
    xyz[0, [2, 3, 4]] = [[-0.5, 0, 0], [-0.7, 0.8, 0], [-0.7, 1.5, 0]]
    ahead, aside = relaxed_hand()
    xyz[0, RIGHT_HAND] = xyz[0, RIGHT_WRIST] + np.stack([aside, ahead, 0 * ahead], axis=-1)
    xyz[0, [5, 6, 7]] = xyz[0, [2, 3, 4]] * [-1, 1, 1]
    xyz[0, LEFT_HAND] = xyz[0, RIGHT_HAND] * [-1, 1, 1]
    assert limit_rate(xyz) == 0
    assert {limit.joint for limit in LIMITS if limit.movement == "flexion" and limit.fingers} == {"1", "2", "3"}
