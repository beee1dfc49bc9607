"""Batches for trainers: every clip once, within limits, by group, for each rank, resumed in mid-epoch."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from prompt2sign.errors import UsageError
from prompt2sign.formats.shards import ShardSetWriter
from prompt2sign.loaders import open_cache
from prompt2sign.loaders.sampler import BatchSampler
from tests.making import make_row

torch = pytest.importorskip("torch")
from prompt2sign.loaders.torch import MotionBatch, MotionDataset, batches, collate  # noqa: E402

torch.set_num_threads(1)
LIMITS = {"batch_clips": 4, "batch_frames": 60, "seed": 5}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("batches")
    with ShardSetWriter(folder / "data") as shards:
        for i in range(30):
            row = make_row(f"clip-{i}", seed=i, n_frames=2 + 7 * i % 19, split=("train", "train", "dev")[i % 3])
            shards.add(replace(row, clip=replace(row.clip, language="KSL" if i % 5 == 0 else "GSL")))
    cache = open_cache([folder], folder / "cache")
    return MotionDataset(cache, cache.rows("train"))


def same(one: MotionBatch, other: MotionBatch) -> bool:
    words = (one.langs, one.texts, one.glosses, one.prompts) == (other.langs, other.texts, other.glosses, other.prompts)
    names = ("positions", "rows", "motion", "observed", "lengths", "prioritised")
    return words and all(torch.equal(getattr(one, name), getattr(other, name)) for name in names)


def test_a_batch_holds_its_clips_and_zeros_behind_them(dataset):
    cache, sampler = dataset.cache, BatchSampler(dataset.lengths, **LIMITS)
    seen = []
    for batch in batches(dataset, sampler):
        assert batch.motion.dtype == torch.float32 and batch.observed.dtype == torch.bool
        assert batch.motion.shape == (len(batch), int(batch.lengths.max()), 50, 3) == (*batch.observed.shape, 3)
        for i, row in enumerate(batch.rows.tolist()):
            length = int(batch.lengths[i])
            assert row == dataset.rows[batch.positions[i]] and length == cache.lengths[row]
            np.testing.assert_array_equal(batch.motion[i, :length].numpy(), cache.motion(row))
            np.testing.assert_array_equal(batch.observed[i, :length].numpy(), cache.observed(row))
            assert not batch.motion[i, length:].any() and not batch.observed[i, length:].any()
            assert (batch.langs[i], batch.texts[i]) == (cache.column("lang")[row], cache.column("text")[row])
            assert batch.glosses[i] == "SATZ" and batch.prompts[i] == ("wie geht {}?", "zeig\nmir")
        assert not batch.prioritised.any()
        seen += batch.rows.tolist()
    assert sorted(seen) == dataset.rows.tolist() and sampler.done == len(sampler)
    moved = batch.to("cpu")
    assert same(moved, batch)


def test_workers_make_the_same_batches_and_touch_no_global_seed(dataset):
    sampler = BatchSampler(dataset.lengths, **LIMITS, groups=dataset.langs)
    state = torch.get_rng_state()
    here = list(batches(dataset, sampler))
    sampler.set_epoch(0)
    there = list(batches(dataset, sampler, workers=2))
    assert len(here) == len(there) == sampler.done and all(map(same, here, there))
    assert torch.equal(state, torch.get_rng_state())


def test_any_loader_takes_dataset_and_sampler(dataset):
    sampler = BatchSampler(dataset.lengths, **LIMITS)
    loader = torch.utils.data.DataLoader(dataset, batch_sampler=sampler, collate_fn=collate)
    assert len(loader) == len(sampler)
    expected = list(batches(dataset, BatchSampler(dataset.lengths, **LIMITS)))
    assert all(map(same, loader, expected)) and sampler.done == 0
    assert len(pickle.dumps(dataset)) < 5_000


def test_a_fault_in_a_batch_comes_out(dataset):
    def broken(items):
        raise OSError("no")

    for workers in (0, 1):
        with pytest.raises(OSError, match="no"):
            list(batches(dataset, BatchSampler(dataset.lengths, **LIMITS), broken, workers))


LENGTHS = st.lists(st.integers(1, 40), min_size=4, max_size=80)
SEEDS = st.integers(0, 2**31)


@settings(max_examples=30, deadline=None)
@given(lengths=LENGTHS, clips=st.integers(1, 9), frames=st.integers(40, 200), seed=SEEDS, world=st.integers(1, 4))
def test_every_clip_once_within_limits_and_no_clip_on_two_ranks(lengths, clips, frames, seed, world):
    lengths = np.array(lengths)
    ranks = [
        BatchSampler(lengths, batch_clips=clips, batch_frames=frames, seed=seed, rank=rank, world=world)
        for rank in range(world)
    ]
    for epoch in range(2):
        for sampler in ranks:
            sampler.set_epoch(epoch)
        drawn = [list(sampler) for sampler in ranks]
        assert len({len(each) for each in drawn} | {len(sampler) for sampler in ranks}) == 1
        assert len({json.dumps(sampler.state_dict()) for sampler in ranks}) == 1
        every = [batch for each in drawn for batch in each]
        for batch in every:
            assert len(batch) in range(1, clips + 1) and len(batch) * lengths[batch].max() <= frames
        seen = sorted(position for batch in every for position in batch)
        assert len(set(seen)) == len(seen)
        # Only single clips that cannot be shared out evenly wait.
        alone = all(len(batch) == 1 for batch in every)
        assert len(seen) > len(lengths) - (world if alone else 1)


@settings(max_examples=25, deadline=None)
@given(lengths=LENGTHS, seed=SEEDS, stop=st.integers(0, 30), world=st.integers(1, 3), epoch=st.integers(0, 5))
def test_a_resumed_epoch_goes_on_where_it_was(lengths, seed, stop, world, epoch):
    def sampler() -> BatchSampler:
        return BatchSampler(np.array(lengths), batch_clips=3, batch_frames=60, seed=seed, rank=world - 1, world=world)

    first = sampler()
    first.set_epoch(epoch)
    whole = list(first)
    first.done = min(stop, len(whole))
    second = sampler()
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert list(second) == whole[first.done :] and second.epoch == epoch
    first.set_epoch(epoch + 1)
    second.set_epoch(epoch + 1)
    assert list(first) == list(second)


def test_resuming_counts_what_was_used_not_what_was_read_ahead(dataset):
    whole = [batch.rows.tolist() for batch in batches(dataset, BatchSampler(dataset.lengths, **LIMITS))]
    for workers in (0, 2):
        sampler = BatchSampler(dataset.lengths, **LIMITS)
        going = batches(dataset, sampler, workers=workers)
        used = [next(going).rows.tolist() for _ in range(2)]
        resumed = BatchSampler(dataset.lengths, **LIMITS)
        resumed.load_state_dict(sampler.state_dict())
        going.close()
        assert used + [batch.rows.tolist() for batch in batches(dataset, resumed)] == whole


@pytest.mark.parametrize(
    "change", [{"batch_clips": 3}, {"seed": 6}, {"world": 2}, {"weights": {"GSL": 2}}, {"lengths": np.full(20, 9)}]
)
def test_another_order_cannot_be_resumed(dataset, change):
    options = {"lengths": dataset.lengths, "groups": dataset.langs, **LIMITS}
    state = BatchSampler(**options).state_dict()
    with pytest.raises(UsageError, match="not those it was saved with"):
        BatchSampler(**{**options, **change}).load_state_dict(state)


def test_epochs_and_seeds_differ_and_batches_mix():
    lengths = np.arange(10, 50)
    sampler = BatchSampler(lengths, batch_clips=4, batch_frames=1000, seed=1)
    together = Counter()
    for epoch in range(20):
        sampler.set_epoch(epoch)
        together.update(frozenset(batch) for batch in sampler)
    assert together.most_common(1)[0][1] <= 10
    first = BatchSampler(lengths, batch_clips=4, batch_frames=1000, seed=1)
    assert list(first) == list(BatchSampler(lengths, batch_clips=4, batch_frames=1000, seed=1))
    assert list(first) != list(BatchSampler(lengths, batch_clips=4, batch_frames=1000, seed=2))


def test_batches_pad_little():
    lengths = np.random.default_rng(0).integers(20, 400, 5_000)
    sampler = BatchSampler(lengths, batch_clips=32, batch_frames=20_000, seed=0)
    padded = sum(len(batch) * lengths[batch].max() for batch in sampler)
    assert lengths.sum() / padded > 0.88


@settings(max_examples=20, deadline=None)
@given(sizes=st.lists(st.integers(3, 30), min_size=1, max_size=4), world=st.integers(1, 3), seed=SEEDS)
def test_groups_never_mix_nor_do_the_ranks_of_a_step(sizes, world, seed):
    groups = [f"L{i}" for i, size in enumerate(sizes) for _ in range(size)]
    lengths = np.random.default_rng(seed).integers(1, 30, len(groups))
    ranks = [
        list(BatchSampler(lengths, batch_clips=4, batch_frames=60, seed=seed, groups=groups, rank=rank, world=world))
        for rank in range(world)
    ]
    for step in zip(*ranks, strict=True):
        assert len({groups[position] for batch in step for position in batch}) == 1
    assert sorted(position for rank in ranks for batch in rank for position in batch) == list(range(len(groups)))


@settings(max_examples=30, deadline=None)
@given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=4), world=st.integers(1, 4), seed=SEEDS)
def test_groups_side_by_side_are_on_different_ranks_while_several_have_batches(sizes, world, seed):
    groups = [f"L{i}" for i, size in enumerate(sizes) for _ in range(size)]
    assume(len(groups) >= world)
    lengths = np.random.default_rng(seed).integers(1, 30, len(groups))
    options = {"batch_clips": 4, "batch_frames": 60, "seed": seed, "groups": groups, "side_by_side": True}
    ranks = [list(BatchSampler(lengths, rank=rank, world=world, **options)) for rank in range(world)]
    steps = [[{groups[position] for position in batch} for batch in step] for step in zip(*ranks, strict=True)]
    assert all(len(batch) == 1 for step in steps for batch in step)
    seen = sorted(position for rank in ranks for batch in rank for position in batch)
    assert len(seen) == len(set(seen)) and len(seen) > len(groups) - world
    # Whoever has most left goes first: a language that must meet itself has more batches than all steps can part.
    of_group = Counter(name for step in steps for batch in step for name in batch)
    if max(of_group.values()) <= len(steps) and len(of_group) >= world:
        assert all(len(set.union(*step)) == world for step in steps)


def test_weights_say_how_often_a_group_is_drawn():
    groups = ["A"] * 20 + ["B"] * 10 + ["C"] * 10
    sampler = BatchSampler(
        np.full(40, 5), batch_clips=4, batch_frames=60, seed=0, groups=groups, weights={"A": 0.25, "B": 2.5, "C": 0}
    )
    drawn = Counter()
    for epoch in range(4):
        sampler.set_epoch(epoch)
        now = Counter(position for batch in sampler for position in batch)
        assert sum(now.values()) == 5 + 25
        drawn += now
    # Over four epochs each clip of A comes once, each of B ten times: nothing is left to chance.
    assert [drawn[i] for i in range(40)] == [1] * 20 + [10] * 10 + [0] * 10


def test_draws_replace_every_clip_once(dataset):
    draws = np.array([3, 3, 3, 0, 7, 7, 12])
    flags = np.array([True, False, True, False, True, True, False])
    sampler = BatchSampler(dataset.lengths, **LIMITS)
    sampler.set_epoch(2, draws, flags)
    made = list(batches(dataset, sampler))
    pairs = [pair for batch in made for pair in zip(batch.positions.tolist(), batch.prioritised.tolist(), strict=True)]
    assert sorted(pairs) == sorted(zip(draws.tolist(), flags.tolist(), strict=True))
    again = BatchSampler(dataset.lengths, **LIMITS, draws=draws)
    state = {**sampler.state_dict(), "done": 1}
    again.load_state_dict(state, draws, flags)
    assert all(map(same, batches(dataset, again), made[1:]))
    with pytest.raises(UsageError, match="not those it was saved with"):
        again.load_state_dict(state)
    again.set_epoch(0)
    assert sorted(position for batch in again for position in batch) == list(range(len(dataset)))


@pytest.mark.parametrize("draws", [[], [-1], [20]])
def test_draws_that_are_no_positions_are_refused(dataset, draws):
    with pytest.raises(ValueError, match="positions from 0 to 19"):
        BatchSampler(dataset.lengths, **LIMITS, draws=np.array(draws, np.int64))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_frames": 39}, r"a clip of 40 frames does not fit.*raise data.batch_frames to 40"),
        ({"lengths": np.array([], np.int64), "groups": []}, "no clip to make batches of"),
        ({"weights": {"KSL": 1.0}}, r"data.weights names KSL, of which there is no clip; there is ASL, GSL"),
        ({"weights": {"GSL": -1.0}}, "are no weights"),
        ({"weights": {"GSL": float("nan")}}, "are no weights"),
        ({"weights": {"GSL": 0, "ASL": 0}}, "are all 0"),
        ({"world": 3}, "ASL: 2 clips for 3 processes"),
    ],
)
def test_what_cannot_be_batched_is_refused(change, message):
    options = {"lengths": np.array([3, 40, 5, 6, 7]), "groups": ["ASL", "ASL", "GSL", "GSL", "GSL"], **LIMITS, **change}
    with pytest.raises(UsageError, match=message):
        BatchSampler(**options)
