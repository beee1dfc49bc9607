"""Checkpoints: exact, whole or not there whatever kills the process or fills the disk, damage told by name."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from prompt2sign.errors import FormatError, UsageError  # noqa: E402
from prompt2sign.signllm import checkpoint, nested, stored  # noqa: E402

torch.set_num_threads(1)
FORK = multiprocessing.get_context("fork")
CONFIG = {"languages": ["GSL", "ASL"], "fps": 25.0, "options": {"model": {"size": "tiny"}}}


def _model(step: int, n: int = 64) -> dict[str, Any]:
    """Tensors that tell the step they belong to."""
    return {
        "groups.GSL.weight": torch.arange(n, dtype=torch.float32) + step,
        "groups.ASL.weight": torch.full((3, 5), float(step), dtype=torch.bfloat16),
        "groups.ASL.count": torch.tensor(step),
    }


def _save(run: Path, step: int, n: int = 64, **options: Any) -> Path:
    model = _model(step, n)
    return checkpoint.save(run, step, {"model": model, "optimiser": model}, CONFIG, {"step": step}, **options)


def _check(folder: Path) -> int:
    """Is all of a checkpoint of one and the same step? Which?"""
    step = checkpoint.read_config(folder)["step"]
    assert checkpoint.read_state(folder) == {"step": step}
    for name in ("model", "optimiser"):
        tensors = checkpoint.read_tensors(folder, name)
        assert tensors["groups.GSL.weight"][0] == step and tensors["groups.ASL.count"] == step
    return int(step)


def _names(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "checkpoints").iterdir())


def _silent(_: str) -> None:
    pass


# ---- what is written is read


def test_all_comes_back_to_the_bit(tmp_path: Path) -> None:
    folder = _save(tmp_path, 1200)

    assert folder == tmp_path / "checkpoints" / "step-00001200"
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json", "model.safetensors", "optimiser.safetensors", "state.json",
    ]  # fmt: skip
    read = checkpoint.read_tensors(folder, "model")
    assert {name: (t.dtype, t.shape) for name, t in read.items()} == {
        name: (t.dtype, t.shape) for name, t in _model(1200).items()
    }
    assert all(torch.equal(read[name], tensor) for name, tensor in _model(1200).items())
    config = checkpoint.read_config(folder)
    assert config["languages"] == ["GSL", "ASL"] and config["fps"] == 25.0
    assert (config["format"], config["version"]) == ("prompt2sign-signllm", 1)
    assert (config["skeleton"], config["unit"], config["features"]) == ("prompt2sign-50", "shoulder_width", 150)
    assert config["torch_version"] == torch.__version__


def test_a_config_read_from_another_checkpoint_may_be_passed_on(tmp_path: Path) -> None:
    config = checkpoint.read_config(_save(tmp_path / "base", 1200))
    folder = checkpoint.save(tmp_path / "new", 3, {"model": _model(3)}, config, {})

    assert checkpoint.read_config(folder)["step"] == 3
    assert set(checkpoint.read_config(folder)["files"]) == {"model.safetensors", "state.json"}


def test_the_same_checkpoint_is_the_same_bytes(tmp_path: Path) -> None:
    a, b = _save(tmp_path / "a", 7), _save(tmp_path / "b", 7)

    assert all((a / name.name).read_bytes() == name.read_bytes() for name in b.iterdir())


def test_only_the_groups_asked_for_are_read(tmp_path: Path) -> None:
    folder = _save(tmp_path, 3)

    assert list(checkpoint.read_tensors(folder, "model", ["groups.GSL."])) == ["groups.GSL.weight"]
    assert checkpoint.read_tensors(folder, "model", []) == {}
    with pytest.raises(UsageError, match=r"groups\.KSL\."):
        checkpoint.read_tensors(folder, "model", ["groups.GSL.", "groups.KSL."])


def test_damage_in_another_group_does_not_matter(tmp_path: Path) -> None:
    path = _save(tmp_path, 3) / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[data.rindex(torch.arange(3, 67, dtype=torch.float32).numpy().tobytes())] ^= 1
    path.write_bytes(data)

    assert len(checkpoint.read_tensors(path.parent, "model", ["groups.ASL."])) == 2
    with pytest.raises(FormatError, match=r"model\.safetensors: the tensor groups\.GSL\.weight is damaged"):
        checkpoint.read_tensors(path.parent, "model")


def test_a_type_that_changed_in_the_header_is_seen(tmp_path: Path) -> None:
    path = _save(tmp_path, 3) / "model.safetensors"
    path.write_bytes(path.read_bytes().replace(b'"F32"', b'"I32"'))

    with pytest.raises(FormatError, match=r"groups\.GSL\.weight is damaged"):
        checkpoint.read_tensors(path.parent, "model")


def test_tied_weights_views_and_odd_shapes_are_written(tmp_path: Path) -> None:
    base = torch.arange(12.0, requires_grad=True)
    tensors = {"a": base, "b": base, "c": base[2:5], "d": base.reshape(3, 4).T, "e": torch.empty(0, 3), "f": base > 3}
    folder = checkpoint.save(tmp_path, 1, {"model": tensors}, {}, {})
    read = checkpoint.read_tensors(folder)

    assert all(torch.equal(read[name], tensor) for name, tensor in tensors.items())


def test_state_keeps_numbers_that_are_not_finite(tmp_path: Path) -> None:
    folder = checkpoint.save(tmp_path, 1, {}, {}, {"best": float("inf"), "rate": 0.1 + 0.2, "by_place": {3: None}})

    assert checkpoint.read_state(folder) == {"best": float("inf"), "rate": 0.1 + 0.2, "by_place": {"3": None}}


@pytest.mark.parametrize("kind", ["Adam", "AdamW", "SGD"])
def test_an_optimiser_goes_on_as_if_never_saved(tmp_path: Path, kind: str) -> None:
    def learner() -> tuple[Any, Any]:
        torch.manual_seed(1)
        network = torch.nn.Linear(4, 3)
        return network, getattr(torch.optim, kind)(network.parameters(), lr=0.1, weight_decay=0.01)

    def learn(network: Any, optimiser: Any, n_steps: int) -> None:
        for i in range(n_steps):
            optimiser.zero_grad()
            network(torch.arange(4.0) + i).square().sum().backward()
            optimiser.step()

    network, optimiser = learner()
    learn(network, optimiser, 3)
    before = optimiser.state_dict()
    tensors, outline = nested.flatten({"optimiser": before, "random": torch.get_rng_state()})
    folder = checkpoint.save(
        tmp_path, 3, {"model": network.state_dict(), "optimiser": tensors}, {}, {"optimiser": outline}
    )
    resumed, again = learner()
    resumed.load_state_dict(checkpoint.read_tensors(folder))
    state = nested.restore(checkpoint.read_tensors(folder, "optimiser"), checkpoint.read_state(folder)["optimiser"])
    again.load_state_dict(state["optimiser"])
    learn(network, optimiser, 3)
    learn(resumed, again, 3)

    assert torch.equal(state["random"], torch.get_rng_state())
    assert state["optimiser"]["param_groups"] == before["param_groups"]
    assert isinstance(state["optimiser"]["param_groups"][0].get("betas", ()), tuple)
    assert torch.equal(resumed.weight, network.weight) and torch.equal(resumed.bias, network.bias)


_PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
_KEYS = st.integers(0, 9) | st.text("abc.$", max_size=3)


@settings(deadline=None, max_examples=50)
@given(st.recursive(_PLAIN, lambda x: st.lists(x) | st.tuples(x, x) | st.dictionaries(_KEYS, x), max_leaves=12))
def test_any_plain_state_comes_back_through_json(state: Any) -> None:
    tensors, outline = nested.flatten(state)

    assert tensors == {}
    assert nested.restore({}, json.loads(json.dumps(outline))) == state


def test_state_that_cannot_be_kept_exactly_is_refused() -> None:
    with pytest.raises(TypeError, match="ndarray"):
        nested.flatten({"a": [np.zeros(2)]})
    with pytest.raises(TypeError, match="two tensors"):
        nested.flatten({"a.b": torch.zeros(1), "a": {"b": torch.zeros(1)}})
    for outline in ({"tensor": "gone"}, {"heap": []}, {"map": 3}, {}):
        with pytest.raises(FormatError, match="do not fit together"):
            nested.restore({}, outline)


# ---- which one


def test_best_and_last_are_found_and_old_ones_go(tmp_path: Path) -> None:
    for step in range(10, 80, 10):
        _save(tmp_path, step, best=step == 20, keep=2, metrics={"dtw": step / 10})

    assert _names(tmp_path) == ["step-00000020", "step-00000060", "step-00000070"]
    assert _check(checkpoint.find(tmp_path)) == 20
    assert _check(checkpoint.find(tmp_path, "last")) == 70
    assert _check(checkpoint.find(tmp_path / "checkpoints" / "step-00000060")) == 60
    index = checkpoint.read_index(tmp_path)
    assert index["best"] == {"name": "step-00000020", "step": 20, "metrics": {"dtw": 2.0}}


def test_without_a_best_one_the_last_serves(tmp_path: Path) -> None:
    _save(tmp_path, 1)
    _save(tmp_path, 2)

    assert _check(checkpoint.find(tmp_path, warn=_fail)) == 2


def test_saving_a_step_again_replaces_it(tmp_path: Path) -> None:
    _save(tmp_path, 5)
    checkpoint.save(tmp_path, 5, {"model": _model(5)}, {"again": True}, {})

    assert _names(tmp_path) == ["step-00000005"]
    assert checkpoint.read_config(checkpoint.find(tmp_path))["again"]


def test_the_last_one_stays_though_it_is_not_the_newest(tmp_path: Path) -> None:
    for step in (5, 6, 7, 2):
        _save(tmp_path, step, keep=2)

    assert _check(checkpoint.find(tmp_path, "last", warn=_fail)) == 2


def test_going_back_removes_what_lies_ahead(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        _save(tmp_path, step, best=step == 2, keep=9)
    checkpoint.discard_after(tmp_path, 2)
    assert _names(tmp_path) == ["step-00000001", "step-00000002"]
    assert _check(checkpoint.find(tmp_path, "last", warn=_fail)) == 2

    checkpoint.discard_after(tmp_path, 1)
    assert checkpoint.read_index(tmp_path) == {"last": None, "best": None}
    assert _check(checkpoint.find(tmp_path, warn=_fail)) == 1


def test_no_checkpoint_is_said_so(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "step-00000001"):
        with pytest.raises(UsageError, match=r"no .*checkpoint"):
            checkpoint.find(path)


# ---- damage


@pytest.mark.parametrize("name", ["config.json", "state.json", "model.safetensors", "optimiser.safetensors"])
@pytest.mark.parametrize("damage", ["cut", "gone", "flipped"])
def test_a_damaged_file_is_named_and_the_checkpoint_before_takes_its_place(
    tmp_path: Path, name: str, damage: str
) -> None:
    _save(tmp_path, 1)
    folder = _save(tmp_path, 2, best=True)
    _damage(folder / name, damage)
    told: list[str] = []

    assert _check(checkpoint.find(tmp_path, "last", thorough=True, warn=told.append)) == 1
    assert name in told[0] and "step-00000001 takes its place" in told[0]
    with pytest.raises(FormatError, match=rf"{name}.*use the checkpoint before it, .*step-00000001"):
        checkpoint.find(folder, thorough=True)
    with pytest.raises(FormatError, match=rf"{name}.*use the checkpoint before it, .*step-00000001"):
        _check(folder)
    if damage != "flipped":
        assert _check(checkpoint.find(tmp_path, "last", warn=_silent)) == 1


def test_where_no_checkpoint_is_whole_all_are_named(tmp_path: Path) -> None:
    for step in (1, 2):
        (_save(tmp_path, step) / "state.json").unlink()

    with pytest.raises(FormatError, match=r"(?s)no checkpoint is whole.*step-00000002.*step-00000001.*train again"):
        checkpoint.find(tmp_path)


def test_a_best_one_that_is_gone_is_told(tmp_path: Path) -> None:
    _save(tmp_path, 1, best=True)
    _save(tmp_path, 2)
    shutil.rmtree(tmp_path / "checkpoints" / "step-00000001")
    with pytest.warns(UserWarning, match=r"step-00000001 is gone; .*step-00000002 takes its place"):
        assert _check(checkpoint.find(tmp_path)) == 2


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"last": 3, "best": {"name": "../../x"}}', '{"best": {}}', "[" * 9999]
)
def test_a_damaged_index_is_passed_over(tmp_path: Path, text: str) -> None:
    _save(tmp_path, 1, best=True)
    (tmp_path / "checkpoints.json").write_text(text)

    assert checkpoint.find(tmp_path).name == "step-00000001"
    assert _save(tmp_path, 2).name == "step-00000002"
    assert checkpoint.find(tmp_path, "last", warn=_fail).name == "step-00000002"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _save(tmp_path_factory.mktemp("saved"), 4)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["config.json", "state.json", "model.safetensors"]),
    place=st.floats(0, 1, exclude_max=True),
    value=st.none() | st.integers(0, 255),
)
def test_no_damage_goes_unseen(saved: Path, tmp_path: Path, name: str, place: float, value: int | None) -> None:
    """Cut off anywhere, or any byte another: refused, or every number as it was."""
    whole = (saved / name).read_bytes()
    at = int(place * len(whole))
    damaged = whole[:at] if value is None else whole[:at] + bytes([value]) + whole[at + 1 :]
    folder = shutil.copytree(saved, tmp_path / "copy", dirs_exist_ok=True)
    (folder / name).write_bytes(damaged)
    try:
        config, state = checkpoint.read_config(folder), checkpoint.read_state(folder)
        tensors = checkpoint.read_tensors(folder)
    except FormatError as error:
        assert name in str(error)
        return
    assert (config, state) == (checkpoint.read_config(saved), checkpoint.read_state(saved))
    assert all(torch.equal(tensors[key], tensor) for key, tensor in _model(4).items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "version 2.*pip install -U prompt2sign"),
        ({"version": "1"}, "version 1"),
        ({"format": "other"}, "not a checkpoint of SignLLM"),
        ({"skeleton": "coco-17"}, "skeleton 'coco-17', here it is 'prompt2sign-50'"),
        ({"features": 151}, "features 151"),
        ({"unit": "metres"}, "unknown unit 'metres'"),
    ],
)
def test_what_this_version_cannot_read_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    folder = _save(tmp_path, 1)
    stored.write_json(folder / "config.json", checkpoint.read_config(folder) | change)
    with pytest.raises(FormatError, match=message):
        checkpoint.read_config(folder)


def test_data_unlike_the_models_are_refused(tmp_path: Path) -> None:
    folder = _save(tmp_path, 1)
    config = checkpoint.read_config(folder)
    checkpoint.require(folder, config, unit="shoulder_width", fps=25.0)
    with pytest.raises(FormatError, match=r"config\.json: the model was trained with fps 25\.0, here it is 12\.5"):
        checkpoint.require(folder, config, fps=12.5)


# ---- killed


def test_killed_at_any_moment_a_whole_checkpoint_is_there(tmp_path: Path) -> None:
    """Ten processes that save as fast as they can, killed at ten different moments of a save."""
    started = time.monotonic()
    _save(tmp_path, 1, n=200_000, best=True)
    took, newest = time.monotonic() - started, 1
    for kill in range(10):
        child = FORK.Process(target=_save_for_ever, args=(tmp_path, newest + 1))
        child.start()
        _wait_for(lambda newest=newest: checkpoint.read_index(tmp_path)["last"]["step"] > newest)  # type: ignore[misc]
        time.sleep(took * kill / 10)
        child.kill()
        child.join()
        assert child.exitcode == -9
        _check(checkpoint.find(tmp_path, "best", thorough=True, warn=_silent))
        last = _check(checkpoint.find(tmp_path, "last", thorough=True, warn=_silent))
        assert last > newest
        newest = last
    _save(tmp_path, newest + 9)
    assert not [name for name in _names(tmp_path) if name.startswith(".")]


@pytest.mark.parametrize("step", [2, 1], ids=["a new step", "the same step again"])
def test_killed_before_each_single_step_of_saving(tmp_path: Path, step: int) -> None:
    """One process for each call that changes the disk, ended at once before it."""
    for n_calls in range(100):
        run = tmp_path / str(n_calls)
        _save(run, 1, best=True)
        child = FORK.Process(target=_save_until_call, args=(run, step, n_calls))
        child.start()
        child.join()
        assert _check(checkpoint.find(run, "best", thorough=True, warn=_silent)) in (1, step)
        assert _check(checkpoint.find(run, "last", thorough=True, warn=_silent)) in (1, step)
        assert _check(_save(run, 3, keep=1)) == 3
        assert len(_names(run)) == 2 and not any(name.startswith(".") for name in _names(run))
        if child.exitcode == 0:
            break
    assert n_calls >= 8


def test_a_full_disk_at_any_moment_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _save(tmp_path, 1, best=True)
    sync = os.fsync
    for n_calls in range(100):
        left = iter(range(n_calls))

        def full(descriptor: int, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise OSError(errno.ENOSPC, "No space left on device")
            sync(descriptor)

        monkeypatch.setattr(os, "fsync", full)
        try:
            _save(tmp_path, 2)
        except OSError as error:
            assert error.errno == errno.ENOSPC
        else:
            break
        finally:
            monkeypatch.undo()
        assert not [name for name in _names(tmp_path) if name.startswith(".")]
        assert not list(tmp_path.glob(".*"))
        assert _check(checkpoint.find(tmp_path, thorough=True)) == 1
    assert n_calls >= 6
    assert _check(checkpoint.find(tmp_path, "last")) == 2


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if not _mount(disk):
        pytest.skip("no small file system can be mounted here")
    try:
        _save(disk, 1, best=True)
        with pytest.raises(OSError, match="No space left") as raised:
            _save(disk, 2, n=2_000_000)
        assert raised.value.errno == errno.ENOSPC
        assert _names(disk) == ["step-00000001"]
        assert _check(checkpoint.find(disk, thorough=True)) == 1
    finally:
        subprocess.run(["umount", disk], check=True)


def test_the_library_s_own_errors_keep_their_number(tmp_path: Path) -> None:
    """A limit on the size of files, which needs no rights, in a process of its own."""
    child = FORK.Process(target=_save_with_small_files, args=(tmp_path,))
    child.start()
    child.join()

    assert child.exitcode == errno.EFBIG
    assert _names(tmp_path) == []


# ---- helpers that run in other processes or damage things


def _fail(message: str) -> None:
    pytest.fail(f"a warning that should not be: {message}")


def _damage(path: Path, how: str) -> None:
    if how == "gone":
        path.unlink()
        return
    data = bytearray(path.read_bytes())
    if how == "cut":
        del data[len(data) // 2 :]
    elif path.suffix == ".json":
        at = data.index(b'"step": 2') + 8
        data[at : at + 1] = b"7"
    else:
        data[-1] ^= 0x40
    path.write_bytes(data)


def _save_for_ever(run: Path, step: int) -> None:
    while True:
        _save(run, step, n=200_000, best=step % 3 == 0)
        _save(run, step, n=200_000, best=step % 3 == 0)
        step += 1


def _wait_for(ready: Callable[[], bool]) -> None:
    for _ in range(6000):
        if ready():
            return
        time.sleep(0.002)
    pytest.fail("the other process saved nothing")


def _save_until_call(run: Path, step: int, n_calls: int) -> None:
    left = iter(range(n_calls))

    def dying(call: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*args: Any, **options: Any) -> Any:
            if next(left, None) is None:
                os._exit(9)
            return call(*args, **options)

        return instead

    os.fsync = dying(os.fsync)
    json.dump = dying(json.dump)
    shutil.rmtree = dying(shutil.rmtree)
    for name in ("mkdir", "rename", "replace", "unlink"):
        setattr(Path, name, dying(getattr(Path, name)))
    _save(run, step, best=True)
    os._exit(0)


def _save_with_small_files(run: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
    try:
        _save(run, 1, n=100_000)
    except OSError as error:
        os._exit(error.errno)
    os._exit(0)


def _mount(folder: Path) -> bool:
    try:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False
        )
    except OSError:
        return False
    return mounted.returncode == 0
