"""The policy gradient against closed forms: its waves, its density, its expectation, its sign."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from prompt2sign.metrics.dtw import dtw_many  # noqa: E402
from prompt2sign.signllm import policy  # noqa: E402
from prompt2sign.signllm.features import N_FEATURES, Features  # noqa: E402
from prompt2sign.signllm.options import LossOptions  # noqa: E402
from prompt2sign.signllm.policy import N_WAVES, cosine_waves, log_policy, policy_loss  # noqa: E402
from prompt2sign.signllm.pose_decoder import Prediction  # noqa: E402
from prompt2sign.signllm.text2pose import Lesson  # noqa: E402
from tests.making import make_motion  # noqa: E402

LENGTH = 12


def lesson_of(n_clips: int, seed: int = 0, n_frames: int = LENGTH) -> Lesson:
    """The same clip many times; the prediction is off."""
    features = Features()
    motion = np.cumsum(make_motion(n_frames, seed).xyz, axis=0) / 5
    features.measure([motion])
    target = features.encode(torch.from_numpy(motion))
    mean = target + 0.5 * torch.randn(target.shape, generator=torch.Generator().manual_seed(seed))
    frames = mean.expand(n_clips, -1, -1)[:, :, None].clone().requires_grad_()
    lengths = torch.full((n_clips,), n_frames)
    return Lesson(Prediction(frames, torch.zeros(n_clips)), target.expand(n_clips, -1, -1), lengths, features)


def everyone(lesson: Lesson) -> torch.Tensor:
    return torch.ones(len(lesson.lengths), dtype=torch.bool)


def test_waves_are_orthonormal_and_slow():
    lengths = torch.tensor([1, 3, 8, 20, 33])
    waves = cosine_waves(lengths, 33)
    for wave, length in zip(waves, lengths.tolist(), strict=True):
        n = min(length, N_WAVES)
        expected = torch.diag(torch.arange(N_WAVES) < n).float()
        torch.testing.assert_close(wave.T @ wave, expected, rtol=0, atol=1e-5)
        assert not wave[length:].any()
        # Wave n crosses zero n times.
        assert [int((column[:length].sign().diff() != 0).sum()) for column in wave.T[:n]] == list(range(n))


def test_the_gradient_of_the_log_density_is_that_of_a_gaussian():
    coefficients = torch.randn(2, N_WAVES, N_FEATURES, requires_grad=True)
    drawn, deviation = torch.randn(2, N_WAVES, N_FEATURES), 0.3
    log_policy(coefficients, drawn, LossOptions(policy_deviation=deviation)).sum().backward()
    # d/dmu log N(mu + e; mu, s^2) = e / s^2, divided by the number of coefficients.
    torch.testing.assert_close(coefficients.grad, drawn / deviation**2 / (N_WAVES * N_FEATURES))


def plain_rewards(monkeypatch: pytest.MonkeyPatch, reward) -> None:
    """A reward of the motion alone, and advantages as they are, to compare with a closed form."""
    monkeypatch.setattr(policy, "_rewards", lambda _, motions: np.array([reward(motion) for motion in motions]))
    monkeypatch.setattr(policy, "_normal", lambda advantage, keep: advantage * keep)


def test_over_many_samples_it_is_the_gradient_of_the_expected_reward(monkeypatch):
    """A reward c . x - k |x|^2 of one coordinate's course x: E[r] is known, and with it its gradient."""
    random = np.random.default_rng(4)
    along, curve, deviation, joint = random.normal(size=LENGTH), 0.3, 0.2, 3

    def reward(motion):
        course = motion[:, joint, 0].astype(np.float64)
        return along @ course - curve * course @ course

    plain_rewards(monkeypatch, reward)
    lesson = lesson_of(3000)
    options = LossOptions(policy_samples=2, policy_deviation=deviation, policy_stride=1)
    policy_loss(lesson, options, everyone(lesson), torch.Generator().manual_seed(7)).backward()
    got = lesson.prediction.frames.grad[:, :, 0].sum(0).numpy() * N_WAVES * N_FEATURES

    mean = lesson.features.decode(lesson.prediction.frames[0, :, 0].detach())[:, joint, 0].numpy()
    slope = (along - 2 * curve * mean) * float(lesson.features.scale[joint])  # of r at the mean, by feature
    waves = cosine_waves(torch.tensor([LENGTH]), LENGTH)[0].numpy()
    expected = -waves @ (waves.T @ slope)  # the quadratic part adds a constant to E[r] alone
    course = got[:, 3 * joint]
    assert course @ expected / np.linalg.norm(course) / np.linalg.norm(expected) > 0.99
    assert np.linalg.norm(course) == pytest.approx(np.linalg.norm(expected), rel=0.1)
    others = np.delete(got, 3 * joint, axis=1)
    assert np.abs(others).max() < 0.35 * np.abs(expected).max()  # noise of sampling alone
    assert abs(others.mean()) < 0.01 * np.abs(expected).max()


def gradient_of(lesson: Lesson, keep: torch.Tensor | None = None, **options) -> torch.Tensor:
    lesson.prediction.frames.grad = None
    keep = everyone(lesson) if keep is None else keep
    policy_loss(lesson, LossOptions(**options), keep, torch.Generator().manual_seed(2)).backward()
    return lesson.prediction.frames.grad.clone()


def test_the_baseline_takes_out_what_all_samples_share(monkeypatch):
    lesson, gradients = lesson_of(4), []
    for shared in (0.0, 1000.0):
        plain_rewards(monkeypatch, lambda motion, shared=shared: shared + float(motion.sum()))
        gradients.append(gradient_of(lesson))
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-3, atol=1e-6)
    plain_rewards(monkeypatch, lambda motion: 3.0)
    assert not gradient_of(lesson).any()  # no sample is better than the prediction


def test_a_better_sample_draws_the_prediction_towards_itself(monkeypatch):
    lesson, moved = lesson_of(1), []
    for sign in (1.0, -1.0):  # 1: any sample is better than the prediction
        scores = iter([np.array([0.0]), np.array([sign])])
        monkeypatch.setattr(policy, "_rewards", lambda *_, scores=scores: next(scores))
        moved.append(-gradient_of(lesson, policy_samples=1)[0, :, 0])
    drawn = torch.randn(1, N_WAVES, N_FEATURES, generator=torch.Generator().manual_seed(2))
    towards = (cosine_waves(lesson.lengths, LENGTH) @ drawn)[0]
    for step, sign in zip(moved, (1, -1), strict=True):
        alike = float((step * towards).sum() / step.norm() / towards.norm())
        assert alike == pytest.approx(sign, abs=1e-4)


def test_the_scale_of_rewards_does_not_matter(monkeypatch):
    lesson, gradients = lesson_of(4), []
    for scale in (1.0, 50.0):
        rewards = lambda _, motions, scale=scale: scale * np.array([float(motion.sum()) for motion in motions])  # noqa: E731
        monkeypatch.setattr(policy, "_rewards", rewards)
        gradients.append(gradient_of(lesson))
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-3, atol=1e-6)


def test_a_skipped_clip_learns_nothing_and_changes_no_other():
    lesson = lesson_of(3)
    kept = torch.tensor([True, False, True])
    gradient = gradient_of(lesson, kept)
    assert not gradient[1].any() and gradient[0].any() and gradient[2].any()
    assert not gradient_of(lesson, torch.zeros(3, dtype=torch.bool)).any()


def test_the_same_generator_gives_the_same_loss():
    lesson = lesson_of(2)
    assert torch.equal(gradient_of(lesson), gradient_of(lesson))


def test_it_brings_motion_nearer_to_the_reference_by_the_reward_itself():
    """The policy gradient alone, on the real reward: DTW-MJE falls."""
    lesson = lesson_of(24, n_frames=6)
    frames, reference = lesson.prediction.frames, lesson.features.decode(lesson.target[0]).numpy()
    optimiser = torch.optim.SGD([frames], lr=0.0)

    def distance() -> float:
        return float(dtw_many([reference], [lesson.features.decode(frames[0, :, 0].detach()).numpy()])[0])

    before, random = distance(), torch.Generator().manual_seed(3)
    options = LossOptions(policy_samples=4, policy_deviation=0.1, policy_stride=1)
    for _ in range(40):
        optimiser.zero_grad()
        policy_loss(lesson, options, everyone(lesson), random).backward()
        mean = frames.grad.mean(0, keepdim=True)  # the clips are one and the same
        with torch.no_grad():
            frames -= 0.15 * math.sqrt(frames[0].numel()) * mean / mean.norm() / 2
    assert distance() < 0.9 * before
