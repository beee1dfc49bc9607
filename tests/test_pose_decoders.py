"""Both pose decoders, through the encoder-decoder they live in: masks, time, counters, lengths, noise, and no leak."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from prompt2sign.signllm.features import N_FEATURES, SMALLEST_SCALE, Features  # noqa: E402
from prompt2sign.signllm.model import Request, timing_of  # noqa: E402
from prompt2sign.signllm.noise import ErrorMeter  # noqa: E402
from prompt2sign.signllm.options import ModelOptions  # noqa: E402
from prompt2sign.signllm.parallel import ParallelDecoder  # noqa: E402
from prompt2sign.signllm.pose_decoder import Timing  # noqa: E402
from prompt2sign.signllm.text2pose import Noise, Text2Pose  # noqa: E402
from prompt2sign.signllm.transformer import real_mask  # noqa: E402
from tests.making import make_motion  # noqa: E402
from tests.training import small_sizes  # noqa: E402

CLOSE = {"rtol": 1e-3, "atol": 1e-4}
PROGRESSIVE = {
    "progressive": {"decoder": "progressive"},
    "future": {"decoder": "progressive", "future_frames": 3},
    "just-counter": {"decoder": "progressive", "just_counter": True},
}
EVERY = {**PROGRESSIVE, "parallel": {"decoder": "parallel"}}
LENGTHS = torch.tensor([5, 9, 1])
SOURCE = torch.tensor([[5, 6, 3, 0], [7, 8, 9, 3], [4, 3, 0, 0]])


def model_of(kind: str) -> Text2Pose:
    torch.manual_seed(1)
    with small_sizes():
        model = Text2Pose(12, ModelOptions(size="tiny", **EVERY[kind])).eval()
    if isinstance(model.decoder, ParallelDecoder):  # durations that differ, as after some training
        torch.nn.init.normal_(model.decoder.duration[2].weight, std=0.3)
    motions = [make_motion(int(length), seed).xyz for seed, length in enumerate(LENGTHS)]
    model.features.measure(motions)
    return model


def motion_of(lengths: torch.Tensor = LENGTHS) -> torch.Tensor:
    motion = torch.zeros(len(lengths), int(lengths.max()), 50, 3)
    for clip, length in enumerate(lengths.tolist()):
        motion[clip, :length] = torch.from_numpy(make_motion(length, clip).xyz)
    return motion


# ---- masks and time


@pytest.mark.parametrize("kind", EVERY)
def test_what_else_is_in_the_batch_changes_no_prediction(kind):
    model, motion = model_of(kind), motion_of()
    together = model.predict(SOURCE, motion, LENGTHS)
    assert not together.target[~real_mask(LENGTHS)].any()
    for clip, length in enumerate(LENGTHS.tolist()):
        source = SOURCE[clip][SOURCE[clip] != 0]
        alone = model.predict(source[None], motion[[clip], :length], LENGTHS[[clip]])
        expected = together.prediction.frames[[clip], :length]
        torch.testing.assert_close(alone.prediction.frames, expected, **CLOSE)
        torch.testing.assert_close(alone.prediction.timing, together.prediction.timing[[clip]], **CLOSE)


@pytest.mark.parametrize("kind", EVERY)
def test_what_else_is_in_the_batch_changes_no_motion(kind):
    model = model_of(kind)
    timing = Timing(motion_of()[:, 0], LENGTHS)
    for known in (None, timing):
        together = model.generate(SOURCE, 12, known)
        for clip in range(len(SOURCE)):
            source = SOURCE[clip][SOURCE[clip] != 0]
            own = known and Timing(known.first[[clip]], known.lengths[[clip]])
            torch.testing.assert_close(model.generate(source[None], 12, own)[0], together[clip], **CLOSE)


@pytest.mark.parametrize("kind", PROGRESSIVE)
def test_no_frame_sees_itself_or_a_later_one(kind):
    model, motion = model_of(kind), motion_of()
    before = model.predict(SOURCE, motion, LENGTHS).prediction.frames
    changed = motion.clone()
    changed[1, 4] += torch.randn(50, 3)
    moved = (model.predict(SOURCE, changed, LENGTHS).prediction.frames - before)[1].abs().amax((1, 2))
    assert moved[:5].max() == 0
    assert (moved[5:].min() > 1e-5) == (kind != "just-counter")


@pytest.mark.parametrize("kind", EVERY)
def test_the_text_is_read(kind):
    model = model_of(kind)
    other = SOURCE.clone()
    other[1, 0] = 10
    one, two = (model.generate(source, 12)[1] for source in (SOURCE, other))
    assert len(one) != len(two) or (one - two).abs().max() > 1e-3


# ---- progressive


def slow(model: Text2Pose, source: torch.Tensor, max_frames: int) -> torch.Tensor:
    """Decoding of one text as the module's head says it, everything computed anew at each step."""
    decoder, real = model.decoder, source != 0
    memory = decoder.decoder.memory(model.encoder(source, real))
    frames, counters = [model.features.rest], [torch.tensor(0.0)]
    while True:
        x = decoder._enter(torch.stack(frames)[None], torch.stack(counters)[None])
        predicted, said = decoder._leave(decoder.decoder(x, memory, real))
        frames.append(predicted[0, -1, 0])
        counters.append(torch.maximum(counters[-1], said[0, -1].clamp(0, 1)))
        if counters[-1] >= 1 - 0.5 / (len(frames) - 1) or len(frames) - 1 == max_frames:
            return model.features.decode(torch.stack(frames[1:]))


@pytest.mark.parametrize("kind", PROGRESSIVE)
@torch.no_grad()
def test_decoding_with_a_cache_is_decoding_anew_at_each_step(kind):
    model = model_of(kind)
    for clip, motion in enumerate(model.generate(SOURCE, 12)):
        torch.testing.assert_close(motion, slow(model, SOURCE[[clip]], 12), **CLOSE)


@pytest.mark.parametrize("kind", PROGRESSIVE)
def test_told_the_timing_it_continues_its_own_frames_as_in_training(kind):
    model, motion = model_of(kind), motion_of()
    told = model.generate(SOURCE, 2, Timing(motion[:, 0], LENGTHS))
    for clip, length in enumerate(LENGTHS.tolist()):
        assert told[clip].shape == (length, 50, 3)
        torch.testing.assert_close(told[clip][0], motion[clip, 0], **CLOSE)
        taught = model.predict(SOURCE[[clip]], told[clip][None], LENGTHS[[clip]]).prediction.frames[0, 1:, 0]
        torch.testing.assert_close(told[clip][1:], model.features.decode(taught), **CLOSE)


@pytest.mark.parametrize("kind", PROGRESSIVE)
def test_a_motion_ends_where_its_own_counter_says_so(kind, monkeypatch):
    model = model_of(kind)
    rise = torch.tensor([0.25, 0.1, 0.01])
    steps = iter(range(1, 100))

    def leave(hidden):
        frames = torch.zeros(3, 1, model.decoder.future_frames, N_FEATURES)
        # Now and then a counter falls back; what has been said stays said.
        step = next(steps)
        return frames, (rise * step * (step != 3))[:, None]

    monkeypatch.setattr(model.decoder, "_leave", leave)
    assert [len(motion) for motion in model.generate(SOURCE, 30)] == [4, 10, 30]
    assert next(steps) == 31


@pytest.mark.parametrize(("says", "n_frames"), [(0.0, 7), (1.0, 1), (-5.0, 7), (9.0, 1)])
def test_a_counter_that_never_or_always_ends(says, n_frames):
    model = model_of("progressive")
    torch.nn.init.zeros_(model.decoder.leave.weight)
    torch.nn.init.constant_(model.decoder.leave.bias, says)
    assert {len(motion) for motion in model.generate(SOURCE, 7)} == {n_frames}


def test_it_starts_from_the_rest_pose():
    model = model_of("progressive")
    before = model.generate(SOURCE, 3)[0]
    model.features.rest += 1.0
    assert (model.generate(SOURCE, 3)[0] - before).abs().max() > 1e-3


def test_the_counter_is_learned_up_to_the_last_frame():
    model, motion = model_of("progressive"), motion_of()
    torch.nn.init.zeros_(model.decoder.leave.weight)
    torch.nn.init.constant_(model.decoder.leave.bias, 0.5)
    timing = model.predict(SOURCE, motion, LENGTHS).prediction.timing
    expected = [np.mean([(0.5 - frame / length) ** 2 for frame in range(1, length + 1)]) for length in LENGTHS.tolist()]
    np.testing.assert_allclose(timing.detach().numpy(), expected, rtol=1e-5)


# ---- noise


def noise_seen(model: Text2Pose, rate: float, monkeypatch: pytest.MonkeyPatch) -> torch.Tensor | None:
    seen = []

    def predict(memory, real, target, lengths, rest, noise):
        seen.append(noise)
        return kept(memory, real, target, lengths, rest, noise)

    kept = model.decoder.predict
    monkeypatch.setattr(model.decoder, "predict", predict)
    lengths = torch.tensor([300, 300, 300])
    model.predict(SOURCE, motion_of(lengths), lengths, Noise(rate, torch.Generator().manual_seed(5)))
    monkeypatch.undo()
    return seen[0]


def test_noise_is_the_rate_times_the_deviation_of_the_epoch_before(monkeypatch):
    model = model_of("progressive")
    assert noise_seen(model, 0.0, monkeypatch) is None
    assert not noise_seen(model, 5.0, monkeypatch).any()  # no epoch has passed
    model.deviation.copy_(torch.linspace(0.01, 1, N_FEATURES))
    noise = noise_seen(model, 5.0, monkeypatch)
    np.testing.assert_allclose(noise.std((0, 1)).numpy(), 5 * model.deviation.numpy(), rtol=0.15)
    assert torch.equal(noise, noise_seen(model, 5.0, monkeypatch))


def test_noise_reaches_the_frames_that_are_seen_and_no_target():
    model, motion = model_of("progressive"), motion_of()
    model.deviation.fill_(0.2)
    plain, noisy = (
        model.predict(SOURCE, motion, LENGTHS, noise) for noise in (None, Noise(5.0, torch.Generator().manual_seed(5)))
    )
    assert torch.equal(plain.target, noisy.target)
    assert (plain.prediction.frames - noisy.prediction.frames).abs().max() > 1e-2


def test_the_deviation_is_that_of_all_real_frames():
    model, motion = model_of("progressive"), motion_of()
    meter, squares = ErrorMeter(), []
    for clips in ([0, 1], [2]):
        lesson = model.predict(SOURCE[clips], motion[clips][:, : int(LENGTHS[clips].max())], LENGTHS[clips])
        meter.add(lesson)
        for clip, length in enumerate(LENGTHS[clips].tolist()):
            wrong = lesson.prediction.frames[clip, :length, 0] - lesson.target[clip, :length]
            squares.append(wrong.detach().numpy() ** 2)
    np.testing.assert_allclose(meter.deviation().numpy(), np.sqrt(np.concatenate(squares).mean(0)), rtol=1e-4)


# ---- parallel


def test_durations_make_up_the_length():
    model = model_of("parallel")
    real = SOURCE != 0
    with torch.no_grad():
        durations = model.decoder.durations(model.encoder(SOURCE, real), real)
    assert (durations[real] > 0).all() and not durations[~real].any()
    lengths = [len(motion) for motion in model.generate(SOURCE, 100)]
    assert lengths == [round(float(total)) for total in durations.sum(1)] and len(set(lengths)) > 1
    assert [len(motion) for motion in model.generate(SOURCE, 6)] == [min(6, length) for length in lengths]
    lesson = model.predict(SOURCE, motion_of(), LENGTHS)
    expected = np.abs(np.log(durations.sum(1).numpy()) - np.log(LENGTHS.numpy()))
    np.testing.assert_allclose(lesson.prediction.timing.detach().numpy(), expected, rtol=1e-4)


def test_the_length_loss_learns_the_lengths():
    model, motion = model_of("parallel"), motion_of()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(60):
        optimiser.zero_grad()
        model.predict(SOURCE, motion, LENGTHS).prediction.timing.mean().backward()
        optimiser.step()
    assert [len(motion) for motion in model.generate(SOURCE, 100)] == LENGTHS.tolist()


def test_each_frame_takes_the_token_whose_time_it_is():
    durations = torch.tensor([[4.0, 0.0, 2.0, 6.0, 0.0]])
    weights, offsets = ParallelDecoder._weights(durations, 12)
    torch.testing.assert_close(weights.sum(2), torch.ones(1, 12))
    assert weights[..., [1, 4]].max() < 1e-6
    assert weights.argmax(2)[0].tolist() == [0] * 4 + [2] * 2 + [3] * 6
    assert offsets[0, 0].tolist() == [-1.5, -3.5, -4.5, -8.5, -11.5]


def test_every_frame_sees_every_real_frame():
    model, seen = model_of("parallel"), []
    model.decoder.decoder.register_forward_pre_hook(lambda _, given: given[0].retain_grad() or seen.append(given[0]))
    model.predict(SOURCE, motion_of(), LENGTHS).prediction.frames[0, 0].sum().backward()
    moved = seen[0].grad[0].abs().amax(1)
    assert moved[: LENGTHS[0]].min() > 1e-4 and not moved[LENGTHS[0] :].any()


def test_told_the_length_it_takes_it():
    model = model_of("parallel")
    told = model.generate(SOURCE, 2, Timing(motion_of()[:, 0], LENGTHS))
    assert [len(motion) for motion in told] == LENGTHS.tolist()


# ---- the map to features, and what is told of references


def test_features_go_there_and_back():
    features, xyz = Features(), motion_of()
    features.measure(make_motion(n, n).xyz for n in (5, 9))
    torch.testing.assert_close(features.decode(features.encode(xyz)), xyz, rtol=1e-4, atol=1e-5)
    shifted = features.encode(xyz + torch.tensor([1.0, 2.0, 3.0])) - features.encode(xyz)
    assert shifted.unflatten(-1, (50, 3))[..., 8:, :].abs().max() < 1e-4  # a hand is the same wherever its arm is


def test_features_are_standardised_by_what_was_measured():
    features, motions = Features(), [make_motion(n, n).xyz for n in (40, 70)]
    features.measure(motions)
    seen = features.encode(torch.from_numpy(np.concatenate(motions))).unflatten(-1, (50, 3))
    assert seen.mean(0).abs().max() < 1e-4
    for part in (slice(0, 8), slice(8, 50)):
        assert float(seen[:, part].pow(2).mean()) == pytest.approx(1, abs=1e-3)
    first = np.mean([motion[0] for motion in motions], axis=0)
    np.testing.assert_allclose(features.decode(features.rest).numpy(), first, atol=1e-4)


def test_what_hardly_moves_is_not_blown_up():
    features = Features()
    features.measure([np.zeros((5, 50, 3), np.float32)])
    assert float(features.scale.min()) == pytest.approx(SMALLEST_SCALE)
    assert features.encode(torch.zeros(1, 50, 3)).abs().max() == 0


def test_timing_is_told_of_all_or_of_none():
    frame, cpu = np.zeros((50, 3), np.float32), torch.device("cpu")
    assert timing_of([Request("a", "GSL")], cpu) is None
    assert timing_of([Request("a", "GSL", frame, 4), Request("b", "GSL")], cpu) is None
    told = timing_of([Request("a", "GSL", frame, 4), Request("b", "GSL", frame + 1, 7)], cpu)
    assert told.lengths.tolist() == [4, 7] and told.first.shape == (2, 50, 3)


def test_real_mask_counts_frames():
    assert real_mask(torch.tensor([2, 0]), 3).tolist() == [[True, True, False], [False] * 3]
