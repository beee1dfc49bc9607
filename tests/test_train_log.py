"""Logs that survive a kill, the learning rate over a run, and the average of weights."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from prompt2sign.signllm.average import Average  # noqa: E402
from prompt2sign.signllm.log import RunLog, read_log  # noqa: E402
from prompt2sign.signllm.options import OptimiserOptions  # noqa: E402
from prompt2sign.signllm.schedule import Schedule, learning_rate  # noqa: E402

torch.set_num_threads(1)


def _log(folder: Path, **options: Any) -> RunLog:
    return RunLog(folder, None, tensorboard=False, **options)


def _lines(folder: Path) -> list[dict[str, Any]]:
    return list(read_log(folder / "log.jsonl"))


def _table(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open(newline="") as file:
        return list(csv.DictReader(file))


# ---- logs


def test_each_line_is_on_the_disk_at_once_in_both_forms(tmp_path: Path) -> None:
    log = _log(tmp_path)
    log.step(1, 0, {"loss": 0.5, "n": 3})

    assert _lines(tmp_path) == [{"step": 1, "epoch": 0, "loss": 0.5, "n": 3}]
    assert _table(tmp_path) == [{"step": "1", "epoch": "0", "loss": "0.5", "n": "3.0"}]
    log.close()


def test_a_new_column_comes_into_the_table_of_all_lines(tmp_path: Path) -> None:
    with _log(tmp_path) as log:
        log.step(1, 0, {"loss": 0.5})
        log.validation(1, {"dtw": 2.0})
        log.step(2, 0, {"loss": 0.25})

    assert _table(tmp_path) == [
        {"step": "1", "epoch": "0", "loss": "0.5", "dev/dtw": ""},
        {"step": "1", "epoch": "", "loss": "", "dev/dtw": "2.0"},
        {"step": "2", "epoch": "0", "loss": "0.25", "dev/dtw": ""},
    ]


def test_lines_hold_the_means_since_the_last_one(tmp_path: Path) -> None:
    with _log(tmp_path, every=2) as log:
        for step, values in enumerate([{"loss": 1.0}, {"loss": 2.0, "gloss": 7.0}, {"loss": 4.0}, {"loss": 6.0}], 1):
            log.step(step, 0, values)

    assert _lines(tmp_path) == [
        {"step": 2, "epoch": 0, "loss": 1.5, "gloss": 7.0},
        {"step": 4, "epoch": 0, "loss": 5.0},
    ]


def test_what_is_not_finite_is_empty_and_what_is_no_number_is_refused(tmp_path: Path) -> None:
    with _log(tmp_path) as log:
        log.validation(1, {"a": math.nan, "b": math.inf, "c": torch.tensor(1.5)})
        with pytest.raises(TypeError, match="dev/a: a log holds numbers, not 'text'"):
            log.validation(2, {"a": "text"})

    text = (tmp_path / "log.jsonl").read_text()
    assert json.loads(text, parse_constant=pytest.fail) == {"step": 1, "dev/a": None, "dev/b": None, "dev/c": 1.5}
    assert _table(tmp_path) == [{"step": "1", "dev/a": "", "dev/b": "", "dev/c": "1.5"}]


def test_going_on_cuts_what_lies_beyond_and_half_a_line(tmp_path: Path) -> None:
    with _log(tmp_path) as log:
        for step in range(1, 6):
            log.step(step, 0, {"loss": float(step)})
        log.validation(5, {"dtw": 1.0})
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 6, "lo')
    with _log(tmp_path) as log:
        log.cut(3)
        log.step(4, 1, {"loss": 0.5})

    assert [(line["step"], line["loss"]) for line in _lines(tmp_path)] == [(1, 1.0), (2, 2.0), (3, 3.0), (4, 0.5)]
    assert [row["loss"] for row in _table(tmp_path)] == ["1.0", "2.0", "3.0", "0.5"]
    assert list(_table(tmp_path)[0]) == ["step", "epoch", "loss"]


@pytest.mark.parametrize("n_bytes", range(1, 60, 7))
def test_a_log_cut_off_anywhere_goes_on(tmp_path: Path, n_bytes: int) -> None:
    with _log(tmp_path) as log:
        log.step(1, 0, {"loss": 0.5})
        log.step(2, 0, {"loss": 0.25})
    path = tmp_path / "log.jsonl"
    path.write_bytes(path.read_bytes()[:-n_bytes])
    with _log(tmp_path) as log:
        log.step(3, 0, {"loss": 0.125})

    assert _lines(tmp_path)[-1] == {"step": 3, "epoch": 0, "loss": 0.125}
    assert [int(row["step"]) for row in _table(tmp_path)] == [line["step"] for line in _lines(tmp_path)]


def test_the_console_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    with RunLog(tmp_path, told.append, tensorboard=False) as log:
        log.step(1200, 3, {"loss": 0.123456})
        log.say("words")

    assert told == ["step   1,200  epoch 3  loss 0.1235", "words"]


def test_tensorboard_reads_what_was_written(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with RunLog(tmp_path, None) as log:
        for step in (1, 2, 3):
            log.step(step, 0, {"loss": 1.0 * step})
        log.cut(2)
        log.step(3, 0, {"loss": 9.0})
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()

    assert [(event.step, event.value) for event in events.Scalars("loss")] == [(1, 1.0), (2, 2.0), (3, 9.0)]


def test_without_tensorboard_it_says_so_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch.utils.tensorboard", None)
    told: list[str] = []
    with RunLog(tmp_path, told.append) as log:
        log.step(1, 0, {"loss": 1.0})

    assert 'pip install "prompt2sign[train]"' in told[0] and len(told) == 2


# ---- learning rate


def test_cosine_by_hand() -> None:
    options = OptimiserOptions(learning_rate=1.0, schedule="cosine", warmup_steps=10)
    rates = [learning_rate(options, step, 110) for step in (0, 4, 9, 10, 60, 110, 500)]

    assert rates == pytest.approx([0.1, 0.5, 1.0, 1.0, 0.55, 0.1, 0.1])


@settings(deadline=None, max_examples=60)
@given(
    schedule=st.sampled_from(["constant", "cosine", "plateau"]),
    warmup=st.integers(0, 50),
    step=st.integers(0, 300),
    n_steps=st.integers(1, 200),
)
def test_the_rate_is_never_above_the_highest_nor_zero(schedule: Any, warmup: int, step: int, n_steps: int) -> None:
    options = OptimiserOptions(learning_rate=0.01, schedule=schedule, warmup_steps=warmup)

    assert 0 < learning_rate(options, step, n_steps) <= 0.01 * (1 + 1e-12)
    if schedule != "cosine" and step + 1 >= warmup:
        assert learning_rate(options, step, n_steps) == 0.01


def test_a_plateau_lowers_the_rate_after_patience_without_gain() -> None:
    schedule = Schedule(OptimiserOptions(learning_rate=1.0, schedule="plateau", warmup_steps=0, patience=2), 100)
    rates = []
    for score in (5.0, 4.0, 4.0, math.nan, 4.0, 3.0, 3.5, 3.5):
        schedule.validated(score)
        rates.append(schedule.rate(50))

    assert rates == pytest.approx([1, 1, 1, 0.7, 0.7, 0.7, 0.7, 0.49])


def test_a_plateau_goes_on_from_its_state() -> None:
    options = OptimiserOptions(schedule="plateau", patience=3)
    whole, first = Schedule(options, 100), Schedule(options, 100)
    for score in (5.0, 6.0, 6.0):
        whole.validated(score)
        first.validated(score)
    second = Schedule(options, 100)
    second.load_state(json.loads(json.dumps(first.state())))
    for score in (6.0, 6.0, 4.0):
        whole.validated(score)
        second.validated(score)

    assert second.state() == whole.state() and second.rate(9) == whole.rate(9)


def test_only_a_plateau_minds_validations() -> None:
    schedule = Schedule(OptimiserOptions(schedule="cosine", patience=1), 100)
    before = schedule.rate(50)
    for _ in range(9):
        schedule.validated(1.0)

    assert schedule.rate(50) == before


# ---- average


def _network() -> Any:
    torch.manual_seed(3)
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))


def _change(network: Any, by: float) -> None:
    with torch.no_grad():
        network[0].weight += by


def test_the_average_by_hand() -> None:
    network = _network()
    average, expected = Average(network, 0.4), network[0].weight.detach().double().clone()
    for n in range(1, 9):
        _change(network, 0.5)
        average.update()
        decay = min(0.4, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay) * network[0].weight.detach().double()

    assert torch.allclose(average.state()["0.weight"].double(), expected, atol=1e-6)
    assert int(average.state()["n_updates"]) == 8


def test_applied_lends_the_average_and_gives_the_weights_back() -> None:
    network = _network()
    average = Average(network, 0.9)
    _change(network, 1.0)
    average.update()
    own = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(RuntimeError, match="inside"), average.applied():
        assert torch.equal(network[0].weight, average.state()["0.weight"])
        assert not torch.equal(network[0].weight, own["0.weight"])
        raise RuntimeError("inside")

    assert all(torch.equal(value, own[name]) for name, value in network.state_dict().items())


def test_weights_that_stand_still_stay_to_the_bit_and_counters_are_copied() -> None:
    network = _network()
    average = Average(network, 0.9)
    network[1].num_batches_tracked += 5
    for _ in range(50):
        _change(network, 0.1)
        average.update()

    assert torch.equal(average.state()["0.bias"], network[0].bias)
    assert int(average.state()["1.num_batches_tracked"]) == 5


def test_an_average_goes_on_from_its_state() -> None:
    network = _network()
    whole, second = Average(network, 0.99), Average(network, 0.99)
    for _ in range(3):
        _change(network, 0.3)
        whole.update()
    second.load_state({name: value.clone() for name, value in whole.state().items()})
    for _ in range(3):
        _change(network, -0.2)
        whole.update()
        second.update()

    assert all(torch.equal(value, second.state()[name]) for name, value in whole.state().items())
