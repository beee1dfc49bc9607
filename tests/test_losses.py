"""Losses against loops over frames; and that the published reinforcement loss is the mean squared error."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from prompt2sign.signllm.features import N_FEATURES, Features  # noqa: E402
from prompt2sign.signllm.losses import lesson_loss  # noqa: E402
from prompt2sign.signllm.options import LossOptions, ModelOptions  # noqa: E402
from prompt2sign.signllm.pose_decoder import Prediction  # noqa: E402
from prompt2sign.signllm.text2pose import Lesson, Text2Pose  # noqa: E402
from prompt2sign.signllm.transformer import real_mask  # noqa: E402
from tests.training import small_sizes  # noqa: E402

LENGTHS = torch.tensor([4, 7, 1])
N_FRAMES = 7


def lesson_of(n_futures: int = 1, seed: int = 0) -> Lesson:
    generator = torch.Generator().manual_seed(seed)
    target = torch.randn(3, N_FRAMES, N_FEATURES, generator=generator)
    target = target * real_mask(LENGTHS)[..., None]
    frames = torch.randn(3, N_FRAMES, n_futures, N_FEATURES, generator=generator, requires_grad=True)
    timing = torch.rand(3, generator=generator, requires_grad=True)
    return Lesson(Prediction(frames, timing), target, LENGTHS, Features())


def by_loops(lesson: Lesson, power: int) -> list[float]:
    """Error of each clip, frame by frame and future by future."""
    frames, target = lesson.prediction.frames.detach().numpy(), lesson.target.numpy()
    clips = []
    for clip, length in enumerate(LENGTHS.tolist()):
        errors = [
            (np.abs(frames[clip, frame, ahead] - target[clip, frame + ahead]) ** power).mean()
            for frame in range(length)
            for ahead in range(frames.shape[2])
            if frame + ahead < length
        ]
        clips.append(float(np.mean(errors)))
    return clips


@pytest.mark.parametrize("n_futures", [1, 3, 9])
@pytest.mark.parametrize(("kind", "power"), [("mse", 2), ("rl", 2), ("l1", 1)])
def test_the_loss_of_a_clip_is_a_mean_over_its_frames_and_their_futures(kind, power, n_futures):
    lesson = lesson_of(n_futures)
    loss = lesson_loss(lesson, LossOptions(kind=kind, length=0.25))
    expected = by_loops(lesson, power)
    np.testing.assert_allclose(loss.clips.numpy(), expected, rtol=1e-5)
    pose = np.average(expected, weights=LENGTHS.numpy())
    length = np.average(lesson.prediction.timing.detach().numpy(), weights=LENGTHS.numpy())
    assert float(loss.parts["pose"]) == pytest.approx(pose, rel=1e-5)
    assert float(loss.parts["length"]) == pytest.approx(length, rel=1e-5)
    assert float(loss.total) == pytest.approx(pose + 0.25 * length, rel=1e-5)


# The proof that docs/training.md speaks of: a frame earns r = -(1/N) sum_i (y_i - yhat_i)^2 and nothing is sampled,
# so argmax E[sum r] is argmin of the mean squared error, and a step of one is a step of the other.
@pytest.mark.parametrize("n_futures", [1, 3])
@pytest.mark.parametrize("seed", range(3))
def test_the_rl_loss_is_the_mean_squared_error_and_so_is_its_gradient(seed, n_futures):
    kept = torch.tensor([True, seed != 1, True])
    totals, gradients = [], []
    for kind in ("mse", "rl"):
        lesson = lesson_of(n_futures, seed)
        total = lesson_loss(lesson, LossOptions(kind=kind, velocity=0.3), lambda _: kept).total
        total.backward()
        totals.append(total.detach())
        gradients.append((lesson.prediction.frames.grad, lesson.prediction.timing.grad))
    torch.testing.assert_close(totals[0], totals[1])
    torch.testing.assert_close(gradients[0], gradients[1])
    assert gradients[0][0].abs().max() > 1e-4


@pytest.mark.parametrize("decoder", ["progressive", "parallel"])
def test_the_rl_loss_moves_the_weights_as_the_mean_squared_error_does(decoder):
    torch.manual_seed(0)
    with small_sizes():
        model = Text2Pose(9, ModelOptions(size="tiny", dropout=0, decoder=decoder))
    source, motion = torch.tensor([[4, 3], [5, 3]]), torch.randn(2, 6, 50, 3)
    gradients = []
    for kind in ("mse", "rl"):
        model.zero_grad()
        lesson = model.predict(source, motion, torch.tensor([4, 6]))
        lesson_loss(lesson, LossOptions(kind=kind)).total.backward()
        gradients.append(torch.cat([weight.grad.flatten() for weight in model.parameters()]))
    torch.testing.assert_close(gradients[0], gradients[1])
    assert gradients[0].abs().max() > 1e-3


@pytest.mark.parametrize("kind", ["mse", "l1", "rl", "policy-gradient"])
def test_what_is_predicted_behind_the_end_does_not_matter(kind):
    options = LossOptions(kind=kind, velocity=1.0)
    plain, wild = lesson_of(2), lesson_of(2)
    with torch.no_grad():
        for clip, length in enumerate(LENGTHS.tolist()):
            wild.prediction.frames[clip, length:] = 1e4
    losses = [lesson_loss(lesson, options, None, torch.Generator().manual_seed(1)) for lesson in (plain, wild)]
    torch.testing.assert_close(losses[0].total, losses[1].total)
    for lesson, loss in zip((plain, wild), losses, strict=True):
        loss.total.backward()
        assert not lesson.prediction.frames.grad[~real_mask(LENGTHS)].any()


def test_the_velocity_error_is_that_of_movement():
    lesson = lesson_of()
    loss = lesson_loss(lesson, LossOptions(velocity=0.5, length=0))
    frames, target = lesson.prediction.frames[:, :, 0].detach().numpy(), lesson.target.numpy()
    clips = [
        float(((np.diff(frames[clip, :n], axis=0) - np.diff(target[clip, :n], axis=0)) ** 2).mean()) if n > 1 else 0.0
        for clip, n in enumerate(LENGTHS.tolist())
    ]
    expected = np.average(clips, weights=LENGTHS.numpy())
    assert float(loss.parts["velocity"]) == pytest.approx(expected, rel=1e-5)
    assert float(loss.total) == pytest.approx(float(loss.parts["pose"]) + 0.5 * expected, rel=1e-5)
    beside = Lesson(Prediction(lesson.target[:, :, None] + 3, torch.zeros(3)), lesson.target, LENGTHS, Features())
    assert float(lesson_loss(beside, LossOptions(velocity=1.0)).parts["velocity"]) < 1e-9


def test_a_skipped_clip_counts_for_nothing():
    lesson, told = lesson_of(), []

    def keep(losses):
        told.append(losses)
        return torch.tensor([True, False, True])

    loss = lesson_loss(lesson, LossOptions(), keep)
    loss.total.backward()
    assert not lesson.prediction.frames.grad[1].any() and lesson.prediction.frames.grad[0].any()
    assert not lesson.prediction.timing.grad[1].any()
    expected = by_loops(lesson, 2)
    np.testing.assert_allclose(told[0].numpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(loss.clips.numpy(), expected, rtol=1e-5)
    assert float(loss.parts["pose"]) == pytest.approx(np.average(expected, weights=[4, 0, 1]), rel=1e-5)


@pytest.mark.parametrize("kind", ["mse", "rl", "policy-gradient"])
def test_a_batch_that_is_skipped_as_a_whole_moves_nothing(kind):
    lesson = lesson_of()
    options = LossOptions(kind=kind, velocity=1.0)
    loss = lesson_loss(lesson, options, lambda losses: losses < 0, torch.Generator().manual_seed(1))
    loss.total.backward()
    assert float(loss.total) == 0
    assert not lesson.prediction.frames.grad.any() and not lesson.prediction.timing.grad.any()
