"""Forged, damaged and foreign files given to the trainer: refused by name, or made anew; never believed."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

torch = pytest.importorskip("torch")

from prompt2sign.errors import FormatError, UsageError  # noqa: E402
from prompt2sign.outputs import check_targets  # noqa: E402
from prompt2sign.plain_yaml import parse_yaml  # noqa: E402
from prompt2sign.signllm import checkpoint, stored  # noqa: E402
from prompt2sign.signllm.corpus import marked_gloss, prompts_of, source_of  # noqa: E402
from prompt2sign.signllm.options import TextOptions, load_options  # noqa: E402
from prompt2sign.signllm.saved import load  # noqa: E402
from prompt2sign.signllm.train import add_language  # noqa: E402
from prompt2sign.signllm.trainer import _between_steps  # noqa: E402
from tests.made import run_here  # noqa: E402
from tests.training import (  # noqa: E402
    cache_of,
    equal_weights,
    run_of,
    small_options,
    small_release,
    small_sizes,
    weights_of,
)  # fmt: skip

#: Ten lines that unfold into a billion numbers.
BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.fixture(scope="module", autouse=True)
def _small():
    with small_sizes():
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A release and a run of two checkpoints."""
    folder = tmp_path_factory.mktemp("hostile")
    run_of(folder / "run", [small_release(folder)], {"run.validate_every": 2})
    return folder


@pytest.fixture
def run(folder: Path, tmp_path: Path) -> Path:
    """A copy of the run to do harm to."""
    return Path(shutil.copytree(folder / "run", tmp_path / "run"))


def newest(run: Path) -> Path:
    return max((run / "checkpoints").glob("step-*"))


def forge(run: Path, change: dict[str, Any]) -> Path:
    """Change the config of the newest checkpoint, its checksums included: as one who knows the format."""
    folder = newest(run)
    config = stored.read_json(folder / "config.json")
    for name, value in change.items():
        section, _, option = name.partition(".")
        if option:
            config["options"][section][option] = value
        elif value is KeyError:
            del config[name]
        else:
            config[name] = value
    for name in config["files"]:
        if name.endswith(".safetensors"):
            stored.write_tensors(folder / name, stored.read_tensors(folder / name), checkpoint._defining(config))
    config["files"] = {name: (folder / name).stat().st_size for name in config["files"]}
    stored.write_json(folder / "config.json", config)
    return folder


# ---- forged configs


@pytest.mark.parametrize(
    ("change", "entry"),
    [
        *(({"fps": value}, "fps") for value in (KeyError, "abc", None, [1], -1.0, float("nan"), True)),
        *(({"vocabularies": value}, "vocabularies") for value in (KeyError, [1], {"GSL": None}, {"GSL": "{}"}, {})),
        *(({"languages": value}, "languages") for value in (None, [1], ["a.b"], [""], [], ["keys"], ["GSL", "GSL"])),
        ({"languages": ["GSL", "ASL"]}, "vocabularies"),
        ({"model.mode": "prompt2langgloss"}, "vocabularies"),
        ({"options": None}, "options"),
        ({"model.size": "huge"}, "options.model.size"),
        ({"version": -1}, "version -1"),
        ({"version": 1.0}, "version 1.0"),
        ({"data": KeyError}, "data"),
    ],
)
def test_a_forged_config_is_refused_by_name(run: Path, change: dict[str, Any], entry: str) -> None:
    with pytest.raises(FormatError, match=r"config\.json") as error:
        load(forge(run, change))
    assert entry in str(error.value)


def test_a_config_cannot_ask_for_more_memory_than_its_weights_have(run: Path) -> None:
    forged, sizes = forge(run, {"model.size": "super-1B"}), []
    empty = torch.empty_like
    with (
        mock.patch("torch.empty_like", lambda *given, **how: sizes.append(given[0].shape) or empty(*given, **how)),
        pytest.raises(FormatError, match=r"do not fit its config: groups\.GSL"),
    ):
        load(forged)
    assert not sizes, "memory was taken before the weights were looked at"


def test_weights_of_another_type_are_refused(run: Path) -> None:
    folder = newest(run)
    config = stored.read_json(folder / "config.json")
    path = folder / "model.safetensors"
    halves = {name: value.half() for name, value in stored.read_tensors(path).items()}
    stored.write_tensors(path, halves, checkpoint._defining(config))
    config["files"]["model.safetensors"] = path.stat().st_size
    stored.write_json(folder / "config.json", config)
    with pytest.raises(FormatError, match="F16"):
        load(folder)


def test_the_config_of_another_model_is_refused_and_the_checkpoint_before_it_taken(run: Path) -> None:
    folder = newest(run)
    config = stored.read_json(folder / "config.json")
    vocabulary = json.loads(config["vocabularies"]["GSL"])
    vocabulary["tokens"].reverse()
    stored.write_json(folder / "config.json", config | {"vocabularies": {"GSL": json.dumps(vocabulary)}})
    with pytest.raises(FormatError, match="of another model"):
        load(folder)
    said: list[str] = []
    assert checkpoint.find(run, "last", warn=said.append) != folder
    assert "of another model" in said[0]


@pytest.mark.parametrize("name", ["../../checkpoints.json", "/etc/passwd", "a\0b", "\ud800", "a" * 5000, "x.pt"])
def test_a_config_names_only_files_of_its_own(run: Path, name: str) -> None:
    folder = newest(run)
    config = stored.read_json(folder / "config.json")
    stored.write_json(folder / "config.json", config | {"files": {name: 3}})
    with pytest.raises(FormatError, match="lists no files"):
        load(folder)


def test_a_pipe_in_the_place_of_a_config_is_not_waited_for(run: Path) -> None:
    path = newest(run) / "config.json"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(FormatError, match=r"config\.json"):
        checkpoint.read_config(path.parent)


# ---- runs that go on


def test_a_run_whose_index_is_lost_goes_on(folder: Path, run: Path) -> None:
    (run / "checkpoints.json").unlink()
    said: list[str] = []
    state = run_of(run, [folder / "gsl"], {"run.validate_every": 2, "run.steps": 6}, say=said.append)
    assert state.step == 6 and any("going on from step 4" in line for line in said)
    with pytest.raises(UsageError, match=r"run\.seed"):
        (run / "checkpoints.json").unlink()
        run_of(run, [folder / "gsl"], {"run.validate_every": 2, "run.seed": 1})


def test_a_run_whose_last_checkpoint_has_a_wrong_bit_goes_on_from_the_one_before(folder: Path, run: Path) -> None:
    path = newest(run) / "optimiser.safetensors"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    said: list[str] = []
    run_of(run, [folder / "gsl"], {"run.validate_every": 2}, say=said.append)
    assert any("is damaged" in line and "takes its place" in line for line in said)
    assert any("going on from step 2" in line for line in said)
    whole, again = (stored.read_tensors(newest(place) / "model.safetensors") for place in (folder / "run", run))
    assert equal_weights(whole, again), "the same as without the damage"


def test_a_language_is_added_further_though_the_base_is_gone(folder: Path, run: Path, tmp_path: Path) -> None:
    release = small_release(tmp_path, "ASL", n_train=4)
    options = small_options({"run.steps": 1, "run.validate_every": 1})
    where: dict[str, Any] = {"cache": tmp_path / "cache", "device": "cpu", "say": lambda _: None}
    before = weights_of(load(run).model)
    add_language(run, [release], tmp_path / "more", options, **where)
    shutil.rmtree(run)
    longer = options.model_copy(update={"run": options.run.model_copy(update={"steps": 2})})
    assert add_language(run, [release], tmp_path / "more", longer, **where).step == 2
    after = weights_of(load(tmp_path / "more", ["GSL"]).model)
    assert equal_weights(before, after)
    assert len(checkpoint.read_config(checkpoint.find(tmp_path / "more"))["data"]) == 2
    with pytest.raises(UsageError, match="no checkpoint"):
        add_language(run, [release], tmp_path / "other", options, **where)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="a system without SIGHUP")
def test_a_closed_terminal_waits_for_the_end_of_a_step() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, _: seen.append(number))
    try:
        with _between_steps() as asked:
            signal.raise_signal(signal.SIGHUP)
            assert asked() and not seen
        assert seen == [signal.SIGHUP]
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with _between_steps() as asked:
            signal.raise_signal(signal.SIGHUP)
            assert not asked(), "nohup"
    finally:
        signal.signal(signal.SIGHUP, before)


# ---- hostile releases and caches


def test_clips_without_text_or_of_no_language_or_split_are_left_out_by_name(tmp_path: Path) -> None:
    changes = [("text", ""), ("text", " \t\u00a0"), ("lang", "XX"), ("lang", "../x"), ("split", "val")]
    release = small_release(tmp_path, n_train=8)
    (path,) = (release / "data").glob("train-*.parquet")
    table = pq.read_table(path)
    for number, (name, value) in enumerate(changes):
        values = table.column(name).to_pylist()
        values[number] = value
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.schema.field(place), pa.array(values, table.schema.field(place).type))
    pq.write_table(table, path)
    cache = cache_of(release)
    reasons = {dropped.clip_id: dropped.reason for dropped in cache.dropped}
    slugs = ["no-text", "no-text", "bad-language", "bad-language", "bad-split"]
    assert reasons == {f"GSL-{number:02d}": slug for number, slug in enumerate(slugs)}
    assert all(dropped.clip_id in dropped.message for dropped in cache.dropped)
    assert len(cache) == 12 - len(changes)


def test_blank_prompts_and_glosses_count_as_none() -> None:
    class Clip:
        lang, text, gloss, prompts = "GSL", "haus", " \t", ("", "  ", "zeig haus")

    assert source_of(Clip(), TextOptions(source="gloss")) == "haus"
    assert marked_gloss(Clip()) == "<GSL_haus>"
    assert list(prompts_of(Clip())) == ["zeig haus"]
    Clip.prompts = (" ",)
    assert list(prompts_of(Clip())) == ["haus"]


def _table(slot: Path, **columns: Any) -> None:
    table = pq.read_table(slot / "clips.parquet")
    for name, values in columns.items():
        place = table.schema.get_field_index(name)
        table = table.drop([name]) if values is None else table.set_column(place, name, pa.array(values))
    pq.write_table(table, slot / "clips.parquet")


def _head(slot: Path, **entries: Any) -> None:
    head = json.loads((slot / "cache.json").read_text("utf-8"))
    (slot / "cache.json").write_text(json.dumps(head | entries), "utf-8")


def test_a_damaged_cache_is_written_anew(tmp_path: Path) -> None:
    release = small_release(tmp_path, n_train=2, n_held_out=1)
    whole = cache_of(release)
    slot, frames = whole.folder, (whole.folder / "frames.f32").read_bytes()
    lengths = whole.lengths.tolist()
    n_frames = sum(lengths)
    harm = [
        lambda: _head(slot, dropped=[1]),
        lambda: _head(slot, dropped=[{"clip_id": "x"}]),
        lambda: _head(slot, fps="x"),
        lambda: _head(slot, fps=-1),
        lambda: _head(slot, fps=None),
        lambda: (slot / "cache.json").write_text("[]"),
        lambda: _table(slot, n_frames=[10**6] * len(lengths)),
        lambda: _table(slot, n_frames=[2**62] * len(lengths)),
        lambda: _table(slot, n_frames=[-5] * (len(lengths) - 1) + [n_frames + 5 * (len(lengths) - 1)]),
        lambda: _table(slot, text=None),
    ]
    for place, damage in enumerate(harm):
        damage()
        again = cache_of(release)
        assert again.lengths.tolist() == lengths and again.fps == 25.0, place
        assert (slot / "frames.f32").read_bytes() == frames, place


def test_a_link_in_the_place_of_a_cache_is_replaced_and_what_it_leads_to_left_alone(tmp_path: Path) -> None:
    release = small_release(tmp_path, n_train=2, n_held_out=1)
    slot = cache_of(release).folder
    shutil.rmtree(slot)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "file").write_text("mine")
    slot.symlink_to(tmp_path / "theirs")
    assert len(cache_of(release)) == 4
    assert not slot.is_symlink() and (tmp_path / "theirs" / "file").read_text() == "mine"


# ---- options


@pytest.mark.parametrize("end", ["run: *i\n", "run:\n  <<: *i\n", "data: {weights: *i}\n"])
def test_a_bomb_of_aliases_is_refused_in_a_line(tmp_path: Path, end: str) -> None:
    (tmp_path / "c.yaml").write_text(BOMB + end)
    with pytest.raises(UsageError, match="not an alias") as error:
        load_options(tmp_path / "c.yaml", {"run.steps": 2})
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("text", ["[" * 1000, "a: " + "9" * 5000, "a: 2001-99-99", "a: [", "x" * 2_000_000])
def test_yaml_that_cannot_be_read_is_one_kind_of_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_yaml(text)


def test_a_section_that_is_no_section_is_named_by_its_type(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(f"run: [{'secret, ' * 9}1]\n")
    with pytest.raises(UsageError, match=r"run: expected options under it, found list$"):
        load_options(tmp_path / "c.yaml", {"run.steps": 2})


def test_a_seed_has_32_bits() -> None:
    assert load_options(None, {"run.seed": 2**32 - 1}).run.seed == 2**32 - 1
    with pytest.raises(UsageError, match=r"run\.seed"):
        load_options(None, {"run.seed": 2**32})


# ---- the command line


def test_a_damaged_checkpoint_is_not_called_finished(run: Path, tmp_path: Path) -> None:
    os.truncate(newest(run) / "model.safetensors", 1000)
    done = run_here("generate", str(newest(run)), "--text", "haus", "--out", str(tmp_path / "a.h5"))
    assert done.code == 4 and "model.safetensors: cut off" in done.err
    assert not (tmp_path / "a.h5").exists()


def test_sentences_from_a_closed_input_and_after_a_byte_order_mark(folder: Path, tmp_path: Path) -> None:
    arguments = ["generate", str(folder / "run"), "--device", "cpu", "--out", str(tmp_path / "a.h5")]
    with mock.patch.object(sys, "stdin", None):
        done = run_here(*arguments, "--from", "-")
    assert done.code == 2 and "standard input is closed" in done.err
    with mock.patch.object(sys, "stdin", io.StringIO("\ufeff\n\ufeffhaus\n")):
        done = run_here(*arguments, "--from", "-")
    assert done.code == 0 and "unknown" not in done.err
    (tmp_path / "words.txt").write_bytes("\ufeffbaum\n".encode())
    done = run_here(*arguments, "--from", str(tmp_path / "words.txt"), "--overwrite")
    assert done.code == 0 and "unknown" not in done.err


@pytest.mark.parametrize("names", [("k.h5", "k.H5"), ("k.h5", "K.h5"), ("k.h5", "x/../k.h5")])
def test_two_outputs_of_one_place_are_refused_at_once(tmp_path: Path, names: tuple[str, str]) -> None:
    with pytest.raises(UsageError, match="each of them once"):
        check_targets([tmp_path / name for name in names])
    assert not list(tmp_path.iterdir())
    check_targets([tmp_path / "k.h5", tmp_path / "k.mp4", tmp_path / "x" / "k.h5"])


def test_a_model_read_without_memory_first_is_the_same_to_the_bit(folder: Path) -> None:
    saved = load(folder / "run")
    kept = stored.read_tensors(saved.folder / "model.safetensors")
    assert equal_weights(kept, weights_of(saved.model))
    assert all(np.isfinite(value.double().numpy()).all() for value in kept.values())
