"""DTW, movement, Frechet distance: by hand, against plain loops, and what must hold for any clip."""

from __future__ import annotations

import builtins
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt2sign.errors import ClipRejected, UsageError
from prompt2sign.formats.skels import read_skels
from prompt2sign.metrics import alignment
from prompt2sign.metrics.alignment import BOTH, HYPOTHESIS, REFERENCE, Fill, align, fill_by_cells, fill_by_rows
from prompt2sign.metrics.baselines import held_still, mean_pose
from prompt2sign.metrics.dtw import (
    SCALE_PROGRESSIVE,
    cut_at_counter,
    dtw_many,
    dtw_mje,
    dtw_published,
    joint_error,
    pooled,
)
from prompt2sign.metrics.frechet import (
    FEATURES,
    MIN_CLIPS,
    explain,
    frechet,
    gaussian_distance,
    halves,
    window_features,
)
from prompt2sign.metrics.motion import motion_measures
from prompt2sign.metrics.movement import movement, movement_measures, total_distance
from prompt2sign.skeleton import LEFT_HAND, LEFT_WRIST, RIGHT_HAND, RIGHT_WRIST
from prompt2sign.synthetic.motion import signing_motion

FPS = 25.0
FILLS = pytest.mark.parametrize("fill", [fill_by_rows, fill_by_cells, alignment._fill()])


def clip(n_frames: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n_frames, 50, 3)).cumsum(axis=0).astype(np.float32) / 10


def made_signing(seed: int) -> np.ndarray:
    xyz = np.asarray(signing_motion(seed, fps=FPS).xyz)
    width = np.linalg.norm(xyz[:, 2] - xyz[:, 5], axis=-1).mean()
    return ((xyz - xyz[:, [1]]) / width * [1, -1, 1]).astype(np.float32)


def plain_dtw(costs: list[list[float]]) -> float:
    """The textbook's recursion on a table of costs, with nothing of the code under test."""
    table: dict[tuple[int, int], float] = {}
    for i, row in enumerate(costs):
        for j, cost in enumerate(row):
            before = [table[k] for k in ((i - 1, j - 1), (i - 1, j), (i, j - 1)) if k in table]
            table[i, j] = cost + (min(before) if before else 0.0)
    return table[len(costs) - 1, len(costs[0]) - 1]


def costs_of(first: np.ndarray, second: np.ndarray, power: int) -> list[list[float]]:
    return [[sum(abs(x - y) ** power for x, y in zip(a, b, strict=True)) ** (1 / power) for b in second] for a in first]


# Alignment


@FILLS
def test_a_table_filled_by_hand(fill: Fill) -> None:
    total, moves = fill(np.array([[0.0], [1.0], [3.0]]), np.array([[0.0], [3.0]]), True)
    # costs 0 3 / 1 2 / 3 0; totals 0 3 / 1 2 / 4 1
    assert total == 1.0
    assert moves.tolist() == [[BOTH, HYPOTHESIS], [REFERENCE, BOTH], [REFERENCE, BOTH]]


def test_the_path_is_read_back_from_the_moves() -> None:
    found = align(np.array([[0.0], [1.0], [3.0]]), np.array([[0.0], [3.0]]), "cityblock")
    assert [steps.tolist() for steps in found.path()] == [[0, 1, 2], [0, 0, 1]]


@FILLS
def test_of_equally_cheap_ways_the_shortest_is_taken(fill: Fill) -> None:
    _, moves = fill(np.zeros((4, 2)), np.zeros((4, 2)), False)
    assert (np.diag(moves) == BOTH).all()
    assert moves[1:, 0].tolist() == [REFERENCE] * 3
    assert moves[0, 1:].tolist() == [HYPOTHESIS] * 3


@FILLS
@settings(max_examples=25, deadline=None)
@given(lengths=st.tuples(st.integers(1, 20), st.integers(1, 20)), seed=st.integers(0, 99), cityblock=st.booleans())
def test_it_equals_the_plain_recursion(fill: Fill, lengths: tuple[int, int], seed: int, cityblock: bool) -> None:
    random = np.random.default_rng(seed)
    first, second = (random.normal(size=(n, 4)) for n in lengths)
    total, moves = fill(first, second, cityblock)
    assert total == pytest.approx(plain_dtw(costs_of(first, second, 1 if cityblock else 2)), rel=1e-9)
    rows, columns = alignment.Alignment(total, moves).path()
    assert (rows[0], columns[0], rows[-1], columns[-1]) == (0, 0, len(first) - 1, len(second) - 1)
    steps = set(zip(np.diff(rows).tolist(), np.diff(columns).tolist(), strict=True))
    assert steps <= {(0, 1), (1, 0), (1, 1)}
    gaps = first[rows] - second[columns]
    along = np.abs(gaps).sum() if cityblock else np.linalg.norm(gaps, axis=1).sum()
    assert along == pytest.approx(total, rel=1e-9)


def test_without_numba_the_rows_are_filled_by_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = dtw_published(clip(30), clip(40, 1)), dtw_mje(clip(30), clip(40, 1))
    real = builtins.__import__

    def without_numba(name: str, *rest: object, **more: object) -> object:
        if name == "numba":
            raise ImportError(name)
        return real(name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without_numba)
    monkeypatch.setattr(alignment, "_fill", alignment._fill.__wrapped__)
    assert alignment._fill() is fill_by_rows
    assert (dtw_published(clip(30), clip(40, 1)), dtw_mje(clip(30), clip(40, 1))) == pytest.approx(wanted, 1e-12)


@pytest.mark.parametrize(("fill", "n_rows"), [(fill_by_rows, 1000), (alignment._fill(), 5000)])
def test_two_clips_of_5000_frames_fit_a_bounded_memory(fill: Fill, n_rows: int) -> None:
    long = np.random.default_rng(0).normal(size=(5000, 3)).cumsum(axis=0)
    fill(long[:1], long[:1], True)  # compiling takes memory of its own
    tracemalloc.start()
    try:
        total, _ = fill(long[:n_rows], long[::-1].copy(), True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total > 0
    # One byte a pair of frames and a block of costs; all costs would be 8 bytes a pair.
    assert peak < 5000 * n_rows + 15e6


# DTW


def test_published_dtw_by_hand() -> None:
    # |0-1| = 1, |2-1| = 1, over two frames, in two coordinates each
    assert dtw_published([[0.0, 0.0], [2.0, 2.0]], [[1.0, 1.0]]) == 2.0
    # the reference's length divides, not the path's nor the hypothesis'
    assert dtw_published([[1.0, 1.0]], [[0.0, 0.0], [2.0, 2.0]]) == 4.0
    assert dtw_published([[1.0, 1.0]], [[0.0, 0.0], [2.0, 2.0]], scale=0.5) == 2.0


def test_the_scale_is_that_of_published_skels() -> None:
    ours, theirs = (clip(9), clip(7, 1)), (clip(9) / 3, clip(7, 1) / 3)
    assert dtw_published(*ours, SCALE_PROGRESSIVE) == pytest.approx(dtw_published(*theirs), rel=1e-6)


def test_cutting_as_the_original_does() -> None:
    frames = [[1.0, 0.25], [2.0, 0.5], [3.0, 1.0], [4.0, 0.9]]
    assert cut_at_counter(frames).tolist() == [[1.0], [2.0]]
    assert cut_at_counter([[5.0, 1.0], [6.0, 0.0]]).tolist() == [[5.0]]


@pytest.mark.shared
def test_real_skels_against_the_plain_recursion(shared_data: Path) -> None:
    first, second = list(read_skels(shared_data / "skels" / "train.skels", "progressive"))[:2]
    costs = np.abs(first.reshape(len(first), 1, -1).astype(float) - second.reshape(1, len(second), -1)).sum(-1)
    wanted = plain_dtw(costs.tolist()) / len(first)
    assert dtw_published(first, second) == pytest.approx(wanted, rel=1e-6)
    assert 5 < wanted < 40  # other people's clips are 19 apart, as facts of the field have it


def test_joint_error_by_hand() -> None:
    still = np.zeros((4, 50, 3))
    moved = still[:2].copy()
    moved[:, [RIGHT_WRIST]] += [3.0, 0.0, 4.0]
    moved[:, RIGHT_HAND] += [3.0, 0.0, 4.0]
    error = joint_error(still, moved)
    assert error.whole == pytest.approx(5 * 22 / 50)
    assert error.body == pytest.approx(5 / 8)
    assert error.hands == pytest.approx(5 / 2)
    assert error.hand_shape == 0
    assert error.n_steps == 4


def test_a_hand_of_another_shape_is_told_by_hand_shape_alone() -> None:
    still = np.zeros((3, 50, 3))
    bent = still.copy()
    bent[:, LEFT_HAND.start + 4] = [0.0, 2.1, 0.0]
    assert joint_error(still, bent).hand_shape == pytest.approx(2.1 / 42)
    assert joint_error(still, bent).body == 0


def test_the_path_is_the_cheapest_by_the_norm_of_the_whole_frame() -> None:
    # one coordinate in ten is wide, so that sums of differences and of squares choose differently
    wide = np.where(np.arange(50)[:, None] % 10, 1.0, 6.0)
    reference, hypothesis = ((np.diff(clip(n, n), axis=0) * wide).astype(np.float32) for n in (13, 10))
    table = costs_of(reference.reshape(12, -1).astype(float), hypothesis.reshape(9, -1).astype(float), 2)
    rows, columns = align(
        *(np.ascontiguousarray(x.reshape(len(x), -1), float) for x in (reference, hypothesis)), "euclidean"
    ).path()
    assert sum(table[i][j] for i, j in zip(rows, columns, strict=True)) == pytest.approx(plain_dtw(table))
    gaps = np.linalg.norm(reference[rows].astype(float) - hypothesis[columns], axis=-1)
    assert dtw_mje(reference, hypothesis) == pytest.approx(gaps.mean())


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 20), m=st.integers(1, 20), seed=st.integers(0, 99))
def test_what_holds_for_any_two_clips(n: int, m: int, seed: int) -> None:
    first, second = clip(n, seed), clip(m, seed + 100)
    assert dtw_published(first, first) == dtw_mje(first, first) == 0
    assert dtw_published(first, second) * n == pytest.approx(dtw_published(second, first) * m)
    assert dtw_mje(first, second) == pytest.approx(dtw_mje(second, first))
    shift = np.array([1.0, 2.0, 3.0])
    assert dtw_mje(first + shift, second + shift) == pytest.approx(dtw_mje(first, second), rel=1e-4)
    assert dtw_mje(2 * first, 2 * second) == pytest.approx(2 * dtw_mje(first, second))
    # a clip shown at half speed is no other clip
    assert dtw_mje(first, np.repeat(first, 2, axis=0)) == 0
    error = joint_error(first, second)
    assert error.whole == pytest.approx((8 * error.body + 42 * error.hands) / 50)


def test_many_pairs_are_measured_as_one_by_one() -> None:
    references, hypotheses = [clip(n, n) for n in (5, 1, 30)], [clip(n, n + 50) for n in (7, 3, 1)]
    pairs = list(zip(references, hypotheses, strict=True))
    assert dtw_many(references, hypotheses, "published", 2.0).tolist() == [2 * dtw_published(*pair) for pair in pairs]
    for kind, part in (("mje", "whole"), ("body", "body"), ("hands", "hands"), ("hand-shape", "hand_shape")):
        assert dtw_many(references, hypotheses, kind).tolist() == [getattr(joint_error(*pair), part) for pair in pairs]
    assert dtw_many([], []).shape == (0,)
    with pytest.raises(UsageError, match="3 references"):
        dtw_many(references, hypotheses[:1])


def test_pooling_weighs_steps_alike() -> None:
    errors = [joint_error(clip(n, n), clip(n, n + 9)) for n in (2, 20)]
    steps = [error.n_steps for error in errors]
    assert pooled(errors).whole == pytest.approx(np.average([error.whole for error in errors], weights=steps))
    assert pooled(errors).n_steps == sum(steps)
    with pytest.raises(UsageError):
        pooled([])


@pytest.mark.parametrize("measure", [dtw_published, dtw_mje, lambda x, y: total_distance([x], [y])])
def test_what_cannot_be_measured_is_refused_in_words(measure: object) -> None:
    broken = clip(6)
    broken[4, 7, 1] = np.nan
    for bad, message in ((clip(0), "no frame"), (broken, "frame 4 of the .*NaN")):
        for pair in ((clip(3), bad), (bad, clip(3))):
            with pytest.raises(ClipRejected, match=message):
                measure(*pair)  # type: ignore[operator]
    with pytest.raises(UsageError, match="shape is"):
        measure(clip(3), clip(3)[0, 0])  # type: ignore[operator]


def test_frames_of_two_sizes_are_refused() -> None:
    with pytest.raises(UsageError, match=r"150 numbers .* 151"):
        dtw_published(np.zeros((3, 150)), np.zeros((3, 151)))
    with pytest.raises(UsageError, match="50, 3"):
        dtw_mje(np.zeros((3, 150)), np.zeros((3, 150)))


# Movement


def walk(step: float, n_frames: int = 5) -> np.ndarray:
    """Both wrists go along x, the hands with them, everything else stays."""
    xyz = np.zeros((n_frames, 50, 3))
    way = step * np.arange(n_frames)
    for joint in (LEFT_WRIST, RIGHT_WRIST, *range(8, 50)):
        xyz[:, joint, 0] = way
    return xyz


def test_movement_by_hand() -> None:
    found = movement(walk(0.5))
    assert (found.left_path, found.right_path, found.n_frames) == (2.0, 2.0, 5)
    assert found.body_path == pytest.approx(2 * 2.0 / 8)
    assert (found.finger_path, found.shake) == (0, 0)
    zigzag = walk(0.5)[[0, 1, 0, 1]]
    # wrists and hands: second differences of length 1 in two frames, 44 of 50 joints
    assert movement(zigzag).shake == pytest.approx(2 * 44 / 50)
    assert movement(walk(1.0, 1)) == (0, 0, 0, 0, 0, 1)


def test_total_distance_is_a_ratio_of_means_of_each_wrist() -> None:
    short = walk(0.5)
    short[:, LEFT_WRIST] = 0
    # left: (0 + 8) / (4 + 4), right: (2 + 8) / (4 + 4)
    assert total_distance([walk(1.0), walk(1.0)], [short, walk(2.0)]) == pytest.approx((1.0 + 1.25) / 2)


def test_a_wrist_that_never_moves_in_the_references_is_left_out() -> None:
    one_handed = walk(1.0)
    one_handed[:, LEFT_WRIST] = 0
    assert total_distance([one_handed], [walk(0.5)]) == pytest.approx(0.5)
    assert np.isnan(total_distance([walk(0.0)], [walk(0.5)]))


def test_ratios_are_one_for_the_truth_and_nought_for_a_still_pose() -> None:
    clips = [clip(n, n) for n in (3, 8, 20)]
    assert [one.value for one in movement_measures(clips, clips)] == pytest.approx([1.0] * 5)
    still = [held_still(mean_pose(clips), len(one)) for one in clips]
    values = {one.name: one.value for one in movement_measures(clips, still)}
    assert values == pytest.approx(
        {"total distance": 0, "duration": 1, "body speed": 0, "finger speed": 0, "jitter": 0}
    )
    fast = {one.name: one.value for one in movement_measures([walk(1.0, 9)], [walk(2.0, 5)])}
    assert (fast["total distance"], fast["duration"], fast["body speed"]) == pytest.approx((1.0, 5 / 9, 2.0))


def test_a_fragment_has_no_speed_however_fast_it_is() -> None:
    def found(n_frames: int) -> dict[str, float]:
        return {one.name: one.value for one in movement_measures([walk(1.0, 101)], [walk(1.0, n_frames)])}

    assert found(21)["body speed"] == pytest.approx(1.0)
    fragment = found(20)
    assert all(np.isnan(fragment[name]) for name in ("body speed", "finger speed", "jitter"))
    assert fragment["total distance"] == pytest.approx(0.19) and fragment["duration"] == pytest.approx(20 / 101)


def test_clips_of_one_frame_have_no_speed_and_do_no_harm() -> None:
    values = {one.name: one.value for one in movement_measures([clip(1)], [clip(1, 1)])}
    assert values["duration"] == 1
    assert np.isnan(values["body speed"]) and np.isnan(values["jitter"])


def test_all_measures_of_motion_in_one_call() -> None:
    references, hypotheses = [clip(9), clip(30, 1)], [clip(12, 2), clip(20, 3)]
    found = {one.name: one for one in motion_measures(references, hypotheses)}
    assert found["DTW"].value == pytest.approx(dtw_many(references, hypotheses, "published", 1 / 3).mean())
    errors = pooled([joint_error(*pair) for pair in zip(references, hypotheses, strict=True)])
    parts = ("DTW-MJE", "DTW-MJE body", "DTW-MJE hands", "DTW-MJE hand shape")
    assert [found[name].value for name in parts] == pytest.approx(list(errors[:4]))
    assert all(len(one.sums) == 2 for one in found.values())
    with pytest.raises(UsageError):
        motion_measures([], [])


# Frechet distance


def gaussian(mean: list[float], covariance: list[list[float]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(mean), np.array(covariance)


def test_gaussians_with_known_distances() -> None:
    plain = gaussian([0, 0], [[1, 0], [0, 1]])
    assert gaussian_distance(plain, gaussian([3, 4], [[1, 0], [0, 1]])) == pytest.approx(25)
    # of covariances that commute: the sum of (s1 - s2)^2
    assert gaussian_distance(plain, gaussian([0, 0], [[4, 0], [0, 9]])) == pytest.approx(1 + 4)
    # one dimension after the other is lost
    assert gaussian_distance(plain, gaussian([0, 0], [[1, 0], [0, 0]])) == pytest.approx(1)
    assert gaussian_distance(plain, gaussian([0, 0], [[0, 0], [0, 0]])) == pytest.approx(2)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999))
def test_any_two_gaussians(seed: int) -> None:
    random = np.random.default_rng(seed)
    roots = random.normal(size=(2, 5, 5))
    first, second = ((random.normal(size=5), root @ root.T) for root in roots)
    assert gaussian_distance(first, first) == pytest.approx(0, abs=1e-6)
    assert gaussian_distance(first, second) == pytest.approx(gaussian_distance(second, first))
    # the same by the eigenvalues of the product, which are real and positive
    product = np.sqrt(np.maximum(np.linalg.eigvals(first[1] @ second[1]).real, 0)).sum()
    wanted = np.sum((first[0] - second[0]) ** 2) + np.trace(first[1]) + np.trace(second[1]) - 2 * product
    assert gaussian_distance(first, second) == pytest.approx(wanted, rel=1e-4)


def test_features_say_what_they_are_called() -> None:
    xyz = np.zeros((25, 50, 3))
    xyz[:, [RIGHT_WRIST]] = [1.0, 0.5, 0.0]
    hand = np.zeros((21, 3))
    hand[:, 1] = -np.array([0, *[0.1, 0.2, 0.3, 0.4] * 5])  # fingers up
    hand[[5, 17], 0] = [0.05, -0.05]
    xyz[:, RIGHT_HAND] = xyz[:, [RIGHT_WRIST]] + hand
    windows = window_features(xyz, FPS)
    assert windows.shape == (3, len(FEATURES))
    first = dict(zip(FEATURES, windows[0].tolist(), strict=True))
    assert [first[f"right wrist {axis}"] for axis in "xyz"] == [1.0, 0.5, 0.0]
    assert first["right index stretch"] == pytest.approx(4.0)
    assert [first[f"right pointing {axis}"] for axis in "xyz"] == pytest.approx([0, -1, 0])
    assert abs(first["right palm z"]) == pytest.approx(1)
    assert [first[name] for name in FEATURES if "speed" in name] == [0] * 6
    # a hand in one point points nowhere
    assert [first[f"left palm {axis}"] for axis in "xyz"] == [0, 0, 0]
    moving = xyz + np.linspace(0, 2, 25)[:, None, None] * [1, 0, 0]
    speed = dict(zip(FEATURES, window_features(moving, FPS)[1].tolist(), strict=True))["left wrist speed"]
    assert speed == pytest.approx(np.log1p(2 / 24 * FPS))


def test_windows_are_as_long_at_any_frame_rate() -> None:
    for fps, n_frames in ((12.5, 24), (25.0, 48), (50.0, 100)):
        assert len(window_features(clip(n_frames), fps)) == 7
    assert window_features(clip(11), FPS).shape == (0, 34)
    with pytest.raises(UsageError):
        window_features(clip(11), 0)


@pytest.fixture(scope="module")
def signing() -> list[np.ndarray]:
    """Many short pieces of a few made-up performances."""
    long = [made_signing(seed) for seed in range(6)]
    pieces = [one[start : start + 50] for one in long for start in range(0, len(one) - 50, 5)]
    random = np.random.default_rng(0)
    chosen = random.permutation(len(pieces))[: 2 * MIN_CLIPS + 20]
    return [pieces[k] + random.normal(0, 0.01, pieces[k].shape) for k in chosen]


def test_frechet_tells_still_and_shaking_from_signing(signing: list[np.ndarray]) -> None:
    assert len(signing) >= 2 * MIN_CLIPS
    still = [held_still(mean_pose(signing), len(one)) for one in signing]
    random = np.random.default_rng(1)
    shaking = [one + random.normal(0, 0.1, one.shape) for one in signing]
    chance = halves(signing, FPS)
    assert frechet(signing, signing, FPS) == pytest.approx(0, abs=1e-6)
    assert 0 < chance < frechet(signing, shaking, FPS)
    assert 5 * chance < frechet(signing, still, FPS)
    assert "speed" in next(iter(explain(signing, still, FPS)))


def test_too_few_clips_have_no_frechet_distance(signing: list[np.ndarray]) -> None:
    assert np.isnan(frechet(signing[: MIN_CLIPS - 1], signing, FPS))
    short = [one[:13] for one in signing]  # enough clips, too few windows
    assert np.isnan(frechet(signing, short, FPS))
    assert np.isnan(halves(signing[:60], FPS))
    with pytest.raises(UsageError):
        explain(signing, [one[:5] for one in signing], FPS)
