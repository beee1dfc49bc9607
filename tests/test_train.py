"""Training through its front door: every combination runs, learning learns, seeds reproduce, bad input is refused."""

from __future__ import annotations

import errno
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from prompt2sign.errors import MissingError, RunError, UsageError  # noqa: E402
from prompt2sign.metrics.dtw import dtw_many  # noqa: E402
from prompt2sign.signllm import checkpoint, stored, trainer  # noqa: E402
from prompt2sign.signllm.corpus import clip_of, request_of  # noqa: E402
from prompt2sign.signllm.log import LINES, read_log  # noqa: E402
from prompt2sign.signllm.options import load_options  # noqa: E402
from prompt2sign.signllm.saved import load  # noqa: E402
from prompt2sign.signllm.text2pose import Text2Pose  # noqa: E402
from prompt2sign.signllm.validate import answer_all, validate  # noqa: E402
from prompt2sign.synthetic.phrases import write_phrases  # noqa: E402
from tests.making import make_row  # noqa: E402
from tests.training import (  # noqa: E402
    cache_of,
    equal_weights,
    run_of,
    small_options,
    small_release,
    small_rows,
    small_sizes,
    weights_of,
    write_release,
)

DECODERS = {
    "progressive": {},
    "future": {"model.future_frames": 3},
    "just-counter": {"model.just_counter": True},
    "parallel": {"model.decoder": "parallel"},
}
LOSSES = ("mse", "l1", "rl", "policy-gradient")
MODES = ("mlsf", "prompt2langgloss")
#: Every pair of two of the three soon, all three together when there is time.
COMBINATIONS = [
    pytest.param(mode, decoder, loss, marks=[] if (i + j + k) % 2 == 0 else pytest.mark.long)
    for (i, mode), (j, decoder), (k, loss) in product(enumerate(MODES), enumerate(DECODERS), enumerate(LOSSES))
]


@pytest.fixture(scope="module", autouse=True)
def _small():
    with small_sizes():
        yield


@pytest.fixture(scope="module")
def releases(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("releases")
    return [small_release(folder, language) for language in ("GSL", "ASL")]


def logged(run: Path, name: str) -> list[float]:
    return [line[name] for line in read_log(run / LINES) if name in line]


# ---- everything runs


@pytest.mark.parametrize(("mode", "decoder", "loss"), COMBINATIONS)
def test_every_mode_decoder_and_loss_trains_validates_and_signs(mode, decoder, loss, releases, tmp_path):
    changes = {"model.mode": mode, "loss.kind": loss, "run.steps": 3, "run.validate_every": 3, **DECODERS[decoder]}
    state = run_of(tmp_path / "run", releases, changes)
    assert (state.step, state.best_step) == (3, 3) and np.isfinite(state.best)
    assert np.isfinite(logged(tmp_path / "run", "loss")).all() and len(logged(tmp_path / "run", "loss")) == 3
    model, cache = load(tmp_path / "run").model, cache_of(*releases)
    requests = [request_of(clip_of(cache, row), small_options(changes)) for row in cache.rows("test")]
    for answer in answer_all(model, requests, 8):
        assert len(answer.motion) in range(1, 9) and np.isfinite(answer.motion).all()
        assert answer.motion.dtype == np.float32 and answer.motion.shape[1:] == (50, 3)


@pytest.mark.parametrize("decoder", ["progressive", "parallel"])
def test_with_all_trimmings(decoder, releases, tmp_path):
    changes = {
        "model.decoder": decoder,
        "model.dropout": 0.1,
        "loss.kind": "policy-gradient",
        "loss.velocity": 0.5,
        "priority.enabled": True,
        "optimiser.precision": "bfloat16",
        "optimiser.ema": 0.9,
        "optimiser.accumulate": 2,
        "optimiser.schedule": "plateau",
        "optimiser.weight_decay": 0.1,
        "run.steps": 9,
        "run.validate_every": 2,
        "data.weights": {"GSL": 2.0},
        "text.source": "gloss",
    }
    state = run_of(tmp_path / "run", releases, changes)
    assert state.step == 9 and state.epoch >= 1 and np.isfinite(state.best)
    for name in ("loss", "pose", "policy", "velocity", "length", "gradient"):
        assert np.isfinite(logged(tmp_path / "run", name)).all() and len(logged(tmp_path / "run", name)) == 9


@pytest.mark.parametrize(
    "change",
    [
        {"model.decoder": "parallel", "model.future_frames": 2},
        {"model.decoder": "parallel", "model.just_counter": True},
        {"run.gloss_steps": 5},
    ],
)
def test_an_option_that_could_do_nothing_is_refused(change):
    with pytest.raises(UsageError, match="need"):
        load_options(None, change)


# ---- it learns


@pytest.mark.parametrize("decoder", ["progressive", "parallel"])
def test_the_loss_falls(decoder, releases, tmp_path):
    changes = {"model.decoder": decoder, "run.steps": 40, "run.validate_every": 40, "optimiser.learning_rate": 4e-3}
    run_of(tmp_path / "run", releases[:1], changes)
    losses = logged(tmp_path / "run", "loss")
    assert np.mean(losses[-6:]) < 0.85 * np.mean(losses[:6])


def test_four_clips_are_learned_by_heart(tmp_path):
    """The quick one; test_overfit.py does it with both decoders and more clips."""
    (whole,) = write_phrases(tmp_path / "p", ["GSL"], 4, 1, fps=3, n_signers=1)
    changes = {"model.decoder": "parallel", "optimiser.learning_rate": 6e-3, "loss.length": 1.0}
    changes |= {"run.steps": 150, "run.validate_every": 150}
    with small_sizes(64):
        run_of(tmp_path / "run", [whole], changes)
        model = load(tmp_path / "run").model
    cache = cache_of(whole)
    rows = cache.rows("train")
    references = [cache.motion(row) for row in rows]
    requests = [request_of(clip_of(cache, row), small_options(changes)) for row in rows]
    motions = [answer.motion for answer in answer_all(model, requests, 99)]
    pose = np.concatenate(references).mean(0, keepdims=True)
    still = dtw_many(references, [np.repeat(pose, len(reference), 0) for reference in references])
    assert [len(motion) for motion in motions] == pytest.approx([len(reference) for reference in references], abs=1)
    assert np.mean(dtw_many(references, motions)) < 0.2 * np.mean(still)


# ---- the same seed, the same numbers


@pytest.mark.parametrize("decoder", ["progressive", "parallel"])
def test_the_same_seed_gives_the_same_weights_to_the_bit(decoder, releases, tmp_path):
    changes = {"model.decoder": decoder, "model.dropout": 0.2, "run.steps": 7, "run.validate_every": 3}
    weights = []
    for name, seed in (("one", 5), ("same", 5), ("other", 6)):
        torch.manual_seed(len(name))  # whatever was drawn before does not matter
        run_of(tmp_path / name, releases, {**changes, "run.seed": seed})
        weights.append(weights_of(load(checkpoint.find(tmp_path / name, "last")).model))
    assert equal_weights(weights[0], weights[1])
    assert not equal_weights(weights[0], weights[2])


@pytest.mark.long
def test_readers_in_processes_change_nothing(releases, tmp_path):
    weights = []
    for workers in (0, 2):
        run = tmp_path / str(workers)
        run_of(run, releases, {"data.workers": workers, "run.steps": 7})
        weights.append(weights_of(load(checkpoint.find(run, "last")).model))
    assert equal_weights(*weights)


def test_noise_comes_from_the_epoch_before_and_each_language_has_its_own(releases, tmp_path):
    deviations = []
    for steps in (3, 9):  # an epoch is three batches of each language
        run_of(tmp_path / str(steps), releases, {"run.steps": steps, "run.validate_every": 100, "data.batch_clips": 3})
        model = load(tmp_path / str(steps)).model
        deviations.append([model.group(language).deviation for language in ("GSL", "ASL")])
    assert not any(deviation.any() for deviation in deviations[0])
    assert all((deviation > 0).all() for deviation in deviations[1])
    assert not torch.equal(*deviations[1])


def test_without_noise_the_frames_are_seen_as_they_are(releases, tmp_path, monkeypatch):
    seen = []
    predict = Text2Pose.predict
    monkeypatch.setattr(Text2Pose, "predict", lambda self, *given: seen.append(given[3]) or predict(self, *given))
    run_of(tmp_path / "none", releases[:1], {"loss.noise_rate": 0.0})
    assert seen == [None] * 4
    run_of(tmp_path / "some", releases[:1], {"optimiser.accumulate": 2, "run.steps": 1})
    one, other = seen[4:]
    assert one.rate == other.rate == 5.0
    assert one.generator is other.generator  # the batches of a step draw one after the other


def test_a_group_learns_from_its_own_language_alone(releases, tmp_path):
    changes = {"data.weights": {"ASL": 0.0}, "optimiser.weight_decay": 0.5, "run.steps": 6, "optimiser.ema": 0.5}
    before = {}
    for steps in (1, 6):
        run_of(tmp_path / "run", releases, {**changes, "run.steps": steps})
        model = load(checkpoint.find(tmp_path / "run", "last")).model
        now = {language: weights_of(model.group(language)) for language in ("GSL", "ASL")}
        if before:
            assert equal_weights(before["ASL"], now["ASL"]) and not equal_weights(before["GSL"], now["GSL"])
        before = now


def test_batches_of_a_step_weigh_as_one_large_batch(tmp_path):
    rows = [make_row(f"clip-{seed}", seed=seed, n_frames=8) for seed in range(2)]
    release, gradients = write_release(tmp_path / "r", rows), []
    for clips, batches in ((2, 1), (1, 2)):
        changes = {"data.batch_clips": clips, "optimiser.accumulate": batches, "run.steps": 1}
        run_of(tmp_path / str(clips), [release], changes)
        gradients += logged(tmp_path / str(clips), "gradient")
    assert gradients[0] == pytest.approx(gradients[1], rel=1e-3)


# ---- validation is honest


def test_validation_tells_the_model_nothing_of_the_reference(releases):
    cache = cache_of(*releases)
    asked = []

    class Spy:
        def answer(self, requests, max_frames):
            from prompt2sign.signllm.model import Answer

            asked.extend(requests)
            return [Answer(np.zeros((3, 50, 3), np.float32), "GSL", "") for _ in requests]

    scores = validate(Spy(), cache, cache.rows("dev"), small_options())
    assert len(asked) == 4 and all(request.first is None and request.n_frames is None for request in asked)
    assert {request.text for request in asked} == {cache.column("text")[row] for row in cache.rows("dev")}
    references = [cache.motion(row) for row in cache.rows("dev")]
    assert scores["dtw_mje"] == pytest.approx(np.mean(dtw_many(references, [np.zeros((3, 50, 3))] * 4)))
    assert scores["distance_ratio"] == 0
    assert scores["duration_ratio"] == pytest.approx(np.mean([3 / len(reference) for reference in references]))


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_validation_changes_no_weight(ema, releases, tmp_path):
    weights = []
    for every in (1, 100):
        run = tmp_path / str(every)
        run_of(run, releases, {"model.dropout": 0.1, "optimiser.ema": ema, "run.steps": 5, "run.validate_every": every})
        weights.append(checkpoint.read_tensors(checkpoint.find(run, "last"), "model"))
    assert equal_weights(*weights)


def test_a_run_ends_early_where_nothing_gets_better(releases, tmp_path, monkeypatch):
    scores = iter([5.0, 4.0, 4.5, float("nan"), 4.1, 1.0])
    monkeypatch.setattr(trainer, "validate", lambda *_: {"dtw_mje": next(scores)})
    state = run_of(tmp_path / "run", releases, {"run.steps": 50, "run.validate_every": 2, "run.early_stop": 3})
    assert (state.step, state.best, state.best_step, state.stale) == (10, 4.0, 4, 3)
    assert checkpoint.find(tmp_path / "run").name == "step-00000004"
    assert checkpoint.find(tmp_path / "run", "last").name == "step-00000010"


def test_minutes_end_a_run(releases, tmp_path):
    state = run_of(tmp_path / "run", releases, {"run.steps": 10**6, "run.minutes": 1e-4, "run.validate_every": 10**6})
    assert state.step in range(1, 100) and state.best_step == state.step and state.seconds >= 0.006


def test_gloss_is_learned_first_where_two_stages_are_asked_for(releases, tmp_path):
    changes = {"model.mode": "prompt2langgloss", "run.gloss_steps": 4, "run.validate_every": 2, "run.steps": 4}
    state = run_of(tmp_path / "run", releases, changes)
    first = load(checkpoint.find(tmp_path / "run", "last")).model
    assert state.best == np.inf  # a motion that nothing was learned for is not judged
    assert not logged(tmp_path / "run", "pose") and len(logged(tmp_path / "run", "gloss")) == 4
    state = run_of(tmp_path / "run", releases, {**changes, "run.steps": 6})
    second = load(checkpoint.find(tmp_path / "run", "last")).model
    assert state.best_step == 6 and len(logged(tmp_path / "run", "pose")) == 2
    assert not equal_weights(weights_of(first.gloss_to_pose), weights_of(second.gloss_to_pose))


# ---- bad input


@pytest.mark.parametrize(
    "change",
    [
        {"model.decoder": "progressive"},
        {"model.decoder": "parallel"},
        {"priority.enabled": True},
        {"loss.kind": "policy-gradient"},
        {"model.mode": "prompt2langgloss"},
        {"optimiser.ema": 0.9},
    ],
    ids=str,
)
def test_a_run_that_diverges_ends_and_names_the_clips(change, releases, tmp_path):
    """The learning rate is raised beyond measure after step 4; what was saved until then stays whole and finite."""
    run, run_changes = tmp_path / "run", {"run.steps": 60, "run.validate_every": 2, **change}
    rate = trainer.Schedule.rate
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer.Schedule, "rate", lambda self, step: rate(self, step) * (1e25 if step >= 4 else 1))
        with pytest.raises(RunError, match=r"step \d+: the .* is no longer a number") as error:
            run_of(run, releases, run_changes)
    for words in ("the last checkpoint is whole", "optimiser.learning_rate", "SL-0"):
        assert words in str(error.value)
    last = checkpoint.find(run, "last", thorough=True)
    assert last.name == "step-00000004"
    assert all(tensor.isfinite().all() for tensor in stored.read_tensors(last / "model.safetensors").values())


def test_a_gradient_that_is_no_number_moves_no_weight(releases, tmp_path, monkeypatch):
    run_of(tmp_path / "run", releases, {"run.steps": 1})
    before = stored.read_tensors(checkpoint.find(tmp_path / "run", "last") / "model.safetensors")
    loss = trainer.lesson_loss

    def steep(lesson, *rest):
        lesson.prediction.frames.register_hook(lambda gradient: gradient * float("nan"))
        return loss(lesson, *rest)

    monkeypatch.setattr(trainer, "lesson_loss", steep)
    with pytest.raises(RunError, match=r"step 2: the gradient is no longer a number.*-0"):
        run_of(tmp_path / "run", releases, {"run.steps": 9, "run.validate_every": 4})
    after = stored.read_tensors(checkpoint.find(tmp_path / "run", "last") / "model.safetensors")
    assert equal_weights(before, after)


@pytest.mark.parametrize("where", ["predict", "optimiser"])
def test_a_full_gpu_says_what_to_lower(where, releases, tmp_path, monkeypatch):
    def full(*_, **__):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")

    target = (Text2Pose, "predict") if where == "predict" else (torch.optim.AdamW, "step")
    monkeypatch.setattr(*target, full)
    with pytest.raises(RunError, match=r"memory is full at a batch of \d clips, \d+ frames; lower data.batch_frames"):
        run_of(tmp_path / "run", releases)


def test_a_full_disk_keeps_the_checkpoint_before_and_the_run_goes_on(releases, tmp_path, monkeypatch):
    changes = {"run.steps": 6, "run.validate_every": 2}
    run_of(tmp_path / "whole", releases, changes)
    n_written = iter(range(1000))
    write = stored.write_tensors

    def filling(path, tensors, **rest):
        if next(n_written) > 4:  # a checkpoint has three files of tensors: the second one is cut
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write(path, tensors, **rest)

    monkeypatch.setattr(stored, "write_tensors", filling)
    with pytest.raises(OSError, match="No space left"):
        run_of(tmp_path / "full", releases, changes)
    assert checkpoint.find(tmp_path / "full", "last", thorough=True).name == "step-00000002"
    assert [path.name for path in (tmp_path / "full" / "checkpoints").iterdir()] == ["step-00000002"]
    monkeypatch.undo()
    run_of(tmp_path / "full", releases, changes)
    weights = [weights_of(load(checkpoint.find(tmp_path / name, "last")).model) for name in ("whole", "full")]
    assert equal_weights(*weights)


def test_too_short_and_too_long_clips_are_left_out_and_said(tmp_path):
    rows = [*small_rows(), make_row("short", n_frames=1), make_row("long", n_frames=5_000)]
    said = []
    run_of(tmp_path / "run", [write_release(tmp_path / "r", rows)], {"run.steps": 1}, say=said.append)
    told = "\n".join(said)
    assert "'short': 1 frames, data.min_frames is 2" in told
    assert "'long': 5000 frames, data.max_frames is 1000" in told


@pytest.mark.parametrize("mode", MODES)
def test_a_text_of_two_thousand_tokens_is_cut_and_said(mode, tmp_path):
    rows, said = list(small_rows()), []
    text = " ".join(f"wort{number}" for number in range(2_000))
    for place, split in ((0, "train"), (-1, "dev")):
        clip = replace(rows[place].clip, text=text, text_raw=text, gloss="", split=split)
        rows[place] = replace(rows[place], clip=clip)
    state = run_of(tmp_path / "run", [write_release(tmp_path / "r", rows)], {"model.mode": mode}, say=said.append)
    assert state.step == 4
    assert "1 clips have a text of more than 300 tokens; its end is cut off" in said


def test_a_release_without_training_clips_is_refused(tmp_path):
    release = write_release(tmp_path / "r", small_rows(n_train=0))
    with pytest.raises(UsageError, match="split train is empty: the releases have 2 clips of dev, 2 clips of test"):
        run_of(tmp_path / "run", [release])


def test_a_language_without_data_is_refused(releases, tmp_path):
    with pytest.raises(UsageError, match="no TSL in split train: there are 10 clips of ASL, 10 clips of GSL"):
        run_of(tmp_path / "run", releases, languages=["tsl"])


def test_without_a_dev_split_it_validates_on_training_clips_and_says_so(releases, tmp_path):
    said = []
    release = write_release(tmp_path / "r", small_rows(n_held_out=0))
    assert np.isfinite(run_of(tmp_path / "run", [release], say=said.append).best)
    assert any("no dev split" in words for words in said)


def test_a_language_that_only_the_dev_split_has_is_passed_over(releases, tmp_path):
    release = write_release(tmp_path / "r", small_rows("TSL", n_train=0))
    state = run_of(tmp_path / "run", [releases[0], release], cache=tmp_path / "cache")
    assert np.isfinite(state.best) and load(tmp_path / "run").model.languages == ("GSL",)


def test_a_clip_that_no_batch_can_hold_is_said(releases, tmp_path):
    with pytest.raises(UsageError, match=r"does not fit into a batch of 5; raise data.batch_frames"):
        run_of(tmp_path / "run", releases, {"data.batch_frames": 5})


def test_a_gpu_that_is_not_there_is_said(releases, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(MissingError, match="leave out --device cuda"):
        run_of(tmp_path / "run", releases, device="cuda")
