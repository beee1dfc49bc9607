"""Two processes started by `torchrun` on the CPU, and what they tell each other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
from prompt2sign.signllm import checkpoint, stored  # noqa: E402
from prompt2sign.signllm.distributed import Ranks, anywhere, average_gradients, gather_sum, share  # noqa: E402
from prompt2sign.signllm.log import LINES, read_log  # noqa: E402
from tests.training import cache_of, equal_weights, small_release  # noqa: E402

#: What each process does: sums and means; a whole run; the same in pieces, one of them stopped in one process alone.
CHILD = """
import json, os, signal, sys
from pathlib import Path
import torch
from torch import nn
from prompt2sign.signllm import stored, trainer
from prompt2sign.signllm.distributed import anywhere, average_gradients, gather_sum, ranks, share
from tests.training import run_of, small_sizes, weights_of

folder, changes, releases = Path(sys.argv[1]), json.loads(sys.argv[2]), [Path(path) for path in sys.argv[3:]]
rank = int(os.environ["RANK"])
said = []
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a shell it is ignored

def sums_and_means(place):
    part, alone, idle = nn.Linear(2, 1), nn.Linear(2, 1), nn.Linear(2, 1)
    for module in (part, alone):
        module.weight.data.fill_(1.0)
    part(torch.full((1, 2), float(1 + rank))).sum().backward()
    if rank == 1:
        alone(torch.full((1, 2), 5.0)).sum().backward()
    average_gradients([part, alone, idle], place)
    return {
        "mean": part.weight.grad.tolist(), "alone": alone.weight.grad.tolist(), "idle": idle.weight.grad is None,
        "sum": gather_sum(torch.tensor([1.0 + rank]), place).tolist(), "share": share(7.0 + rank, place),
        "anywhere": [anywhere(rank == 1, place), anywhere(False, place)], "leads": place.leads,
    }

fits = []
fit = trainer.Trainer.fit
trainer.Trainer.fit = lambda self: (fits.append(self), fit(self))[1]
learn, languages = trainer.Trainer._learn, []

def watched(self, group):
    languages.append([batch.languages[0] for batch in group])
    learn(self, group)

def interrupted(self, group):
    if self.state.step == 3 and rank == 1:
        os.kill(os.getpid(), signal.SIGINT)  # one process alone is told to stop
    learn(self, group)

with ranks("cpu") as place, small_sizes():
    told = sums_and_means(place)
    trainer.Trainer._learn = watched
    told["state"] = vars(run_of(folder / "whole", releases, changes, say=said.append))
    told["languages"] = languages
    trainer.Trainer._learn = interrupted
    try:
        run_of(folder / "pieces", releases, changes)
        told["stopped"] = "not"
    except KeyboardInterrupt:
        told["stopped"] = "by the signal"
    told["stopped_at"] = fits[-1].state.step
    trainer.Trainer._learn = learn
    run_of(folder / "pieces", releases, changes)
for name, one in (("whole", fits[0]), ("pieces", fits[-1])):
    stored.write_tensors(folder / f"{name}-{rank}.safetensors", weights_of(one.model))
told["said"] = len(said)
(folder / f"told-{rank}.json").write_text(json.dumps(told, default=str))
"""

CHANGES = {
    "run.steps": 9,
    "run.validate_every": 4,
    "data.batch_clips": 2,
    "optimiser.ema": 0.8,
    "optimiser.accumulate": 2,
    "priority.enabled": True,
}


def torchrun(*command: str) -> subprocess.CompletedProcess[str]:
    """Two processes of a script or `-m module`."""
    root = str(Path(__file__).resolve().parents[1])
    return subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone", *command],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": root},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("distributed")
    releases = [small_release(folder, language) for language in ("GSL", "ASL")]
    cache_of(*releases)
    (folder / "child.py").write_text(CHILD, encoding="utf-8")
    done = torchrun(str(folder / "child.py"), str(folder), json.dumps(CHANGES), *map(str, releases))
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


@pytest.fixture(scope="module")
def told(folder) -> list[dict]:
    return [json.loads((folder / f"told-{rank}.json").read_text()) for rank in range(2)]


def test_they_average_sum_and_share(told):
    for rank, own in enumerate(told):
        assert own["mean"] == [[1.5, 1.5]]
        assert own["alone"] == [[5.0, 5.0]]  # a mean over those who have a gradient
        assert own["idle"] and own["sum"] == [3.0] and own["share"] == 7.0
        assert own["anywhere"] == [True, False] and own["leads"] == (rank == 0)


def test_all_processes_end_in_the_same_weights(folder, told):
    weights = [stored.read_tensors(folder / f"whole-{rank}.safetensors") for rank in range(2)]
    assert equal_weights(*weights)
    saved = checkpoint.read_tensors(checkpoint.find(folder / "whole", "last"), "model")
    assert equal_weights(weights[0], saved)
    states = [{name: value for name, value in own["state"].items() if name != "seconds"} for own in told]
    assert states[0] == states[1] and states[0]["step"] == 9


def test_only_the_first_one_writes_and_talks(folder, told):
    assert told[0]["said"] > 9 and told[1]["said"] == 0
    steps = [line["step"] for line in read_log(folder / "whole" / LINES) if "loss" in line]
    assert steps == list(range(1, 10))


def test_a_signal_to_one_stops_all_and_the_run_goes_on_to_the_same_end(folder, told):
    assert [own["stopped_at"] for own in told] == [4, 4]
    assert [own["stopped"] for own in told] == ["not", "by the signal"]
    for rank in range(2):
        ends = [stored.read_tensors(folder / f"{name}-{rank}.safetensors") for name in ("whole", "pieces")]
        assert equal_weights(*ends)


def test_alone_there_is_nobody_to_ask():
    here, values = Ranks(0, 1, torch.device("cpu")), torch.tensor([2.0])
    module = torch.nn.Linear(1, 1)
    average_gradients([module], here)
    assert module.weight.grad is None
    assert gather_sum(values, here) is values and share(3.0, here) == 3.0 and here.leads
    assert anywhere(True, here) and not anywhere(False, here)


@pytest.mark.long
def test_the_command_line_talks_once(folder):
    options = ["--size", "tiny", "--steps", "3", "--set", "run.tensorboard=false", "--device", "cpu", "--json"]
    where = ["--out", str(folder / "command"), "--cache", str(folder / "cache")]
    done = torchrun("-m", "prompt2sign", "train", str(folder / "gsl"), str(folder / "asl"), *where, *options)
    assert done.returncode == 0, done.stderr[-4000:]
    assert json.loads(done.stdout)["step"] == 3


def test_languages_are_learned_side_by_side(told):
    """As long as both have batches left; the Priority Learning Channel may draw more of one."""
    steps = [pair for step in zip(*(own["languages"] for own in told), strict=True) for pair in zip(*step, strict=True)]
    assert len(steps) == 18
    assert sum(mine != theirs for mine, theirs in steps) > len(steps) / 2
