"""The Priority Learning Channel: frequencies match theory, no clip starves, resume is exact."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from prompt2sign.errors import UsageError
from prompt2sign.signllm.options import PriorityOptions
from prompt2sign.signllm.priority import EPSILON, PriorityChannel

LOSSES = np.array([0.1, 0.2, 0.2, 0.4, 0.8, 1.6, 0.5, 0.05])


def channel(losses=LOSSES, **options) -> PriorityChannel:
    """A channel that has looked at these losses."""
    made = PriorityChannel(len(losses), PriorityOptions(**options))
    made.update(np.arange(len(losses)), losses)
    made.draw(1, 0, 0)
    return made


def test_rewards_are_as_the_formula_says():
    eps = EPSILON * LOSSES.mean()
    rewards = channel().rewards()
    np.testing.assert_allclose(rewards, (LOSSES.min() + eps) / (LOSSES + eps), rtol=1e-12)
    assert rewards.max() == 1.0 and rewards.min() > 0
    # The published order: the smaller the error, the bigger the reward. Units of the loss do not matter.
    assert (np.argsort(-rewards, kind="stable") == np.argsort(LOSSES, kind="stable")).all()
    np.testing.assert_allclose(channel(1000 * LOSSES).rewards(), rewards, rtol=1e-12)


@pytest.mark.parametrize("eta", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("direction", ["easy", "hard"])
def test_frequencies_match_theory(eta, direction):
    made = channel(eta=eta, direction=direction, floor=0.25)
    eps = EPSILON * LOSSES.mean()
    powers = (LOSSES + eps) ** (eta if direction == "hard" else -eta)
    np.testing.assert_allclose(made.probabilities(), powers / powers.sum(), rtol=1e-9)
    positions, prioritised = made.draw(40_000, seed=3, epoch=0)
    assert prioritised.sum() == 30_000
    counts = np.bincount(positions[prioritised], minlength=len(LOSSES))
    assert chisquare(counts, 30_000 * powers / powers.sum()).pvalue > 1e-3
    assert chisquare(counts, 30_000 * np.roll(powers, 1) / powers.sum()).pvalue < 1e-6


def test_eta_0_is_uniform():
    made = channel(eta=0.0, floor=1e-6)
    np.testing.assert_array_equal(made.probabilities(), np.full(8, 1 / 8))
    assert chisquare(np.bincount(made.draw(20_000, 1, 0)[0])).pvalue > 1e-3


def test_until_a_loss_is_known_every_clip_comes_once():
    made = PriorityChannel(10, PriorityOptions(enabled=True))
    for epoch in range(3):
        positions, prioritised = made.draw(10, 0, epoch)
        assert sorted(positions) == list(range(10)) and not prioritised.any()
    assert made.keep([1], [True], [99.0]).all()


@settings(max_examples=30, deadline=None)
@given(n_clips=st.integers(1, 60), floor=st.floats(0.05, 1), seed=st.integers(0, 2**31), start=st.integers(0, 50))
def test_no_clip_starves(n_clips, floor, seed, start):
    losses = np.full(n_clips, 1e-6)
    losses[-1] = 1e6  # the clip no prioritised draw will ever choose
    made = channel(losses, eta=8.0, floor=floor)
    wait = int(np.ceil(2 / floor))
    drawn = [made.draw(n_clips, seed, epoch) for epoch in range(start, start + wait)]
    uniform = np.concatenate([positions[~prioritised] for positions, prioritised in drawn])
    assert set(uniform) == set(range(n_clips))
    counts = np.bincount(uniform, minlength=n_clips)
    assert counts.max() - counts.min() <= 2


def test_an_unseen_clip_has_the_reward_of_the_mean_loss():
    made = PriorityChannel(4, PriorityOptions())
    made.update([0, 2], [0.2, 0.6])
    made.draw(4, 0, 0)
    rewards = made.rewards()
    assert rewards[1] == rewards[3] == channel(np.array([0.2, 0.4, 0.6])).rewards()[1]


def test_losses_are_averaged_over_time():
    made = channel(np.array([1.0, 1.0]))
    made.update([0, 0], [3.0, 3.0])
    np.testing.assert_array_equal(made.state()["losses"], [2.5, 1.0])


def test_probabilities_stay_until_the_refresh():
    made = channel(refresh_epochs=3)
    before = made.probabilities()
    for epoch in range(5):
        made.update(np.arange(8), LOSSES[::-1])
        drawn = made.draw(100, 0, epoch)
        assert all(map(np.array_equal, drawn, made.draw(100, 0, epoch)))
        assert np.array_equal(made.probabilities(), before) == (epoch < 3)
    first = made.probabilities()
    made.update(np.arange(8), LOSSES)
    made.draw(100, 0, 5)
    np.testing.assert_array_equal(made.probabilities(), first)


def test_the_skip_rule():
    made = channel(skip_below=0.5)
    bound = 0.5 * made.rewards().mean()
    expected = made.rewards() >= bound
    assert 0 < expected.sum() < 8
    every = np.arange(8)
    np.testing.assert_array_equal(made.keep(every, np.ones(8, bool), LOSSES), expected)
    assert made.keep(every, np.zeros(8, bool), LOSSES).all()
    # What counts is the loss just now, not the one that it was drawn for.
    assert made.keep([5], [True], [0.01])[0] and not made.keep([7], [True], [5.0])[0]
    assert channel(skip_below=0).keep(every, np.ones(8, bool), 1e6 * LOSSES).all()
    hard = channel(skip_below=0.5, direction="hard")
    assert not hard.keep([7], [True], [0.01])[0] and hard.keep([7], [True], [5.0])[0]


def test_state_goes_round_and_continues():
    one = channel(refresh_epochs=2)
    one.draw(8, 4, 2)
    one.update([1, 2], [0.9, 0.01])
    two = PriorityChannel(8, one.options)
    two.load_state(one.state())
    for epoch in range(2, 6):
        assert all(map(np.array_equal, one.draw(8, 4, epoch), two.draw(8, 4, epoch)))
        for each in (one, two):
            each.update([epoch], [0.3])
    with pytest.raises(UsageError, match="of 8 clips, the training set has 9"):
        PriorityChannel(9, one.options).load_state(one.state())


def test_state_is_a_copy():
    made = channel()
    state = made.state()
    made.update([0], [9.0])
    assert state["losses"][0] == LOSSES[0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1])
def test_losses_without_a_reward_are_refused(bad):
    made = channel()
    before = made.state()["losses"]
    for act in (lambda: made.update([0, 1], [0.5, bad]), lambda: made.keep([0, 1], [True, True], [0.5, bad])):
        with pytest.raises(ValueError, match="finite and not negative"):
            act()
    np.testing.assert_array_equal(made.state()["losses"], before)


def test_a_loss_of_0_takes_not_everything():
    losses = np.array([0.0, *[1.0] * 99])
    assert channel(losses).probabilities()[0] < 0.6
    np.testing.assert_array_equal(channel(np.zeros(4)).probabilities(), np.full(4, 0.25))
