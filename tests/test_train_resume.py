"""A run that was stopped, killed or cut off goes on and ends in the very weights of one that never was."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
from prompt2sign.errors import UsageError  # noqa: E402
from prompt2sign.signllm import checkpoint, stored, trainer  # noqa: E402
from prompt2sign.signllm.log import LINES, read_log  # noqa: E402
from prompt2sign.signllm.train import add_language  # noqa: E402
from tests.training import (  # noqa: E402
    cache_of,
    equal_weights,
    run_of,
    small_options,
    small_release,
    small_sizes,
)

#: An epoch is five steps or so: the stops below fall into the middle of the first and of the second.
RUNS = {
    "noise": {"model.dropout": 0.1},
    "everything": {
        "model.dropout": 0.1,
        "model.future_frames": 2,
        "priority.enabled": True,
        "priority.refresh_epochs": 2,
        "optimiser.ema": 0.9,
        "optimiser.accumulate": 2,
        "optimiser.schedule": "plateau",
        "optimiser.patience": 1,
        "loss.velocity": 0.1,
    },
    "policy": {"model.decoder": "parallel", "loss.kind": "policy-gradient", "optimiser.ema": 0.5},
    "two-stage": {"model.mode": "prompt2langgloss", "run.gloss_steps": 6, "priority.enabled": True},
}
STEPS = {"run.steps": 14, "run.validate_every": 3, "data.batch_clips": 4}


@pytest.fixture(scope="module", autouse=True)
def _small():
    with small_sizes():
        yield


@pytest.fixture(scope="module")
def releases(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("releases")
    return [small_release(folder, language) for language in ("GSL", "ASL")]


@pytest.fixture(scope="module")
def whole(releases, tmp_path_factory):
    """Runs that nobody stopped, made when first asked for."""
    made: dict[str, Path] = {}

    def of(name: str) -> Path:
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name) / "run"
            run_of(made[name], releases, {**STEPS, **RUNS[name]})
        return made[name]

    return of


def tensors_of(run: Path, prefer: str = "last") -> dict[str, torch.Tensor]:
    """All tensors of a checkpoint, of the optimiser and the memory too."""
    folder = checkpoint.find(run, prefer, thorough=True)
    return {
        f"{path.stem}/{name}": tensor
        for path in folder.glob("*.safetensors")
        for name, tensor in stored.read_tensors(path).items()
    }


def assert_same_end(one: Path, other: Path) -> None:
    for prefer in ("last", "best"):
        assert checkpoint.find(one, prefer).name == checkpoint.find(other, prefer).name
        ours, theirs = tensors_of(one, prefer), tensors_of(other, prefer)
        assert len(ours) > 20 and {name for name in ours if "/" in name} == set(theirs)
        different = [n for n in ours if not torch.equal(ours[n].nan_to_num(-1.0), theirs[n].nan_to_num(-1.0))]
        assert not different
    states = [checkpoint.read_state(checkpoint.find(run, "last")) for run in (one, other)]
    for state in states:
        state["run"].pop("seconds")
    assert states[0] == states[1]


def stop_after(n_steps: int, monkeypatch: pytest.MonkeyPatch, number: int = signal.SIGINT) -> None:
    """Ctrl-C while the step after `n_steps` is computed."""
    # In the background of a shell Ctrl-C is ignored from the start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    learn = trainer.Trainer._learn

    def interrupted(self, group):
        if self.state.step == n_steps:
            os.kill(os.getpid(), number)
        learn(self, group)

    monkeypatch.setattr(trainer.Trainer, "_learn", interrupted)


@pytest.mark.parametrize("name", RUNS)
def test_stopped_again_and_again_it_ends_in_the_same_weights(name, releases, whole, tmp_path):
    changes = {**STEPS, **RUNS[name]}
    for stop in (0, 6, 8):
        with pytest.MonkeyPatch.context() as patch:
            stop_after(stop, patch)
            with pytest.raises(KeyboardInterrupt):
                run_of(tmp_path / "run", releases, changes)
        assert checkpoint.find(tmp_path / "run", "last").name == f"step-{stop + 1:08d}"
    run_of(tmp_path / "run", releases, changes)
    assert_same_end(whole(name), tmp_path / "run")
    logs = [list(read_log(run / LINES)) for run in (whole(name), tmp_path / "run")]
    for log in logs:
        for line in log:
            line.pop("frames_per_s", None)
            line.pop("seconds", None)
    assert logs[0] == logs[1]


def test_a_handler_of_before_gets_the_signal_after_the_checkpoint(releases, tmp_path, monkeypatch):
    caught = []
    before = signal.signal(signal.SIGTERM, lambda *_: caught.append(list((tmp_path / "run").rglob("step-*"))))
    try:
        stop_after(3, monkeypatch, signal.SIGTERM)
        state = run_of(tmp_path / "run", releases, STEPS)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert state.step == 4 and [path.name for path in caught[0]] == ["step-00000003", "step-00000004"]


def test_a_stop_at_a_validation_loses_no_validation(releases, whole, tmp_path, monkeypatch):
    stop_after(5, monkeypatch)  # in step 6, after which a validation is due
    with pytest.raises(KeyboardInterrupt):
        run_of(tmp_path / "run", releases, {**STEPS, **RUNS["everything"]})
    validated = [line["step"] for line in read_log(tmp_path / "run" / LINES) if "dev/dtw_mje" in line]
    assert validated == [3, 6]


@pytest.mark.parametrize("name", ["model.safetensors", "optimiser.safetensors", "state.json"])
def test_where_the_last_checkpoint_is_cut_off_it_goes_on_from_the_one_before(name, releases, whole, tmp_path):
    shutil.copytree(whole("noise"), tmp_path / "run")
    path = tmp_path / "run" / "checkpoints" / "step-00000014" / name
    path.write_bytes(path.read_bytes()[:-100])
    said: list[str] = []
    run_of(tmp_path / "run", releases, {**STEPS, **RUNS["noise"]}, say=said.append)
    assert any(re.search(r"step-00000014.*cut off.*step-00000012 takes its place", words) for words in said)
    assert_same_end(whole("noise"), tmp_path / "run")


def test_steps_may_be_raised(releases, tmp_path):
    changes = {**STEPS, "optimiser.schedule": "constant"}
    run_of(tmp_path / "one", releases, changes)
    for steps in (5, 9, 14):
        run_of(tmp_path / "pieces", releases, {**changes, "run.steps": steps, "run.log_every": steps})
    states = [checkpoint.find(tmp_path / name, "last") for name in ("one", "pieces")]
    assert equal_weights(*(checkpoint.read_tensors(folder, "model") for folder in states))
    assert equal_weights(*(checkpoint.read_tensors(folder, "optimiser") for folder in states))


def test_a_run_that_is_over_stays_as_it_is(releases, whole):
    before = tensors_of(whole("noise"))
    state = run_of(whole("noise"), releases, {**STEPS, **RUNS["noise"]})
    assert state.step == 14
    assert {name: float(value.double().sum()) for name, value in tensors_of(whole("noise")).items()} == {
        name: float(value.double().sum()) for name, value in before.items()
    }


# ---- what may not change


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"loss.kind": "rl"}, "loss.kind:"),
        ({"run.seed": 1, "optimiser.ema": 0.5}, "optimiser.ema: .*run.seed:"),
        ({"optimiser.accumulate": 3}, "optimiser.accumulate:"),
        ({"data.weights": {"GSL": 2.0}}, "data.weights:"),
    ],
    ids=str,
)
def test_a_changed_option_is_refused_by_its_name(change, named, releases, whole):
    with pytest.raises(UsageError, match=rf"begun with other options \({named} .*; take the same to go on"):
        run_of(whole("noise"), releases, {**STEPS, **RUNS["noise"], **change})


def test_other_clips_are_refused(releases, whole, tmp_path):
    changes = {**STEPS, **RUNS["noise"]}
    with pytest.raises(UsageError, match=r"other clips .10 of GSL, 10 of ASL; here 10 of GSL\)"):
        run_of(whole("noise"), releases, changes, languages=["GSL"])
    rebuilt = small_release(tmp_path, "ASL", n_frames=7)
    with pytest.raises(UsageError, match=r"other clips .10 of GSL, 10 of ASL; here 10 of GSL, 10 of ASL\)"):
        run_of(whole("noise"), [releases[0], rebuilt], changes)


def test_another_command_may_not_go_on_with_a_run(releases, whole, tmp_path):
    changes = small_options({**STEPS, **RUNS["noise"]})
    where = {"cache": tmp_path / "cache", "device": "cpu", "say": lambda _: None}
    more = [small_release(tmp_path, "TSL")]
    with pytest.raises(UsageError, match="this run was begun with"):
        add_language(whole("noise"), more, whole("noise"), None, **where)
    add_language(whole("noise"), more, tmp_path / "run", changes, **where)
    with pytest.raises(UsageError, match="this run was begun with"):
        run_of(tmp_path / "run", more, {**STEPS, **RUNS["noise"], "data.fps": 25.0})


# ---- kill -9


CHILD = """
import sys
from pathlib import Path
from tests.training import run_of, small_sizes
with small_sizes():
    run_of(Path(sys.argv[1]), [Path(path) for path in sys.argv[3:]], eval(sys.argv[2]))
"""


def killed(run: Path, releases: list[Path], changes: dict, after: int) -> None:
    """`kill -9` of a process that trains, once its log says that it is so far."""
    command = [sys.executable, "-c", CHILD, str(run), repr(changes), *map(str, releases)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    try:
        until = time.monotonic() + 120
        while not any(line["step"] >= after for line in read_log(run / LINES)):
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < until
            time.sleep(0.002)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def test_what_a_run_logged_that_has_no_checkpoint_is_written_anew(releases, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer, "validate", lambda *_: {}["killed"])
        with pytest.raises(KeyError, match="killed"):
            run_of(tmp_path / "run", releases, {"run.steps": 3, "run.validate_every": 3})
    run_of(tmp_path / "run", releases, {"run.steps": 4, "run.validate_every": 4})
    assert [line["step"] for line in read_log(tmp_path / "run" / LINES) if "loss" in line] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("validate_every", "after"),
    [(6, 8), pytest.param(10**6, 1, marks=pytest.mark.long)],
    ids=["later", "before a checkpoint"],
)
def test_killed_in_mid_training_the_same_command_ends_in_the_same_weights(validate_every, after, releases, tmp_path):
    cache_of(*releases)
    changes = {**STEPS, **RUNS["everything"], "run.validate_every": validate_every}
    # Long enough not to be over when it is killed; afterwards only as long as the test needs.
    killed(tmp_path / "run", releases, {**changes, "run.steps": 10**6}, after)
    n_done = max(line["step"] for line in read_log(tmp_path / "run" / LINES))
    changes["run.steps"] = n_done + 5
    run_of(tmp_path / "run", releases, changes)
    run_of(tmp_path / "whole", releases, changes)
    assert_same_end(tmp_path / "whole", tmp_path / "run")
    steps = [line["step"] for line in read_log(tmp_path / "run" / LINES) if "loss" in line]
    assert steps == list(range(1, n_done + 6))
