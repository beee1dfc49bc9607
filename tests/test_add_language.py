"""A language more: the others stay as they are to the bit, in their weights and in what they sign."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from prompt2sign.errors import FormatError, UsageError  # noqa: E402
from prompt2sign.signllm import checkpoint, stored, trainer  # noqa: E402
from prompt2sign.signllm.options import TrainOptions  # noqa: E402
from prompt2sign.signllm.saved import load  # noqa: E402
from prompt2sign.signllm.signer import Asked, Signer  # noqa: E402
from prompt2sign.signllm.train import add_language  # noqa: E402
from tests.training import equal_weights, run_of, small_options, small_release, small_sizes  # noqa: E402

#: Whatever could move weights that are not learned.
CHANGES = {
    "model.dropout": 0.1,
    "optimiser.ema": 0.8,
    "optimiser.weight_decay": 0.5,
    "optimiser.learning_rate": 1e-2,
    "run.steps": 7,
    "run.validate_every": 3,
}
TEXTS = ("hund baum katze", "regen", "heute kommt hund")


@pytest.fixture(scope="module", autouse=True)
def _small():
    with small_sizes():
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("languages")
    for language in ("GSL", "ASL", "TSL"):
        small_release(folder, language)
    run_of(folder / "base", [folder / "gsl", folder / "asl"], CHANGES)
    append(folder / "base", folder / "more", folder, "tsl")
    return folder


def append(base: Path, run: Path, folder: Path, *languages: str, options: TrainOptions | None = None, **where):
    where = {"cache": folder / "cache", "device": "cpu", "say": lambda _: None} | where
    return add_language(base, [folder / language for language in languages], run, options, **where)


def group_tensors(run: Path, language: str, prefer: str = "last") -> dict[str, torch.Tensor]:
    folder = checkpoint.find(run, prefer)
    return {
        f"{file}/{name}": tensor
        for file in ("model", "average")
        for name, tensor in checkpoint.read_tensors(folder, file, [f"groups.{language}."]).items()
    }


def signed(run: Path, language: str, only: list[str] | None = None) -> list[np.ndarray]:
    wishes = [Asked(str(number), text=text, lang=language) for number, text in enumerate(TEXTS)]
    return [clip.motion for clip in Signer(run, only, "cpu").sign(wishes, at_once=2, max_frames=12)]


@pytest.mark.parametrize("language", ["GSL", "ASL"])
def test_the_other_languages_stay_the_same_to_the_bit(folder, language):
    base = load(folder / "base").model.group(language).state_dict()
    after = load(folder / "more").model.group(language).state_dict()
    assert equal_weights(base, after)
    for prefer in ("last", "best"):
        for name, tensor in group_tensors(folder / "more", language, prefer).items():
            assert torch.equal(tensor, base[name.partition(f"groups.{language}.")[2]])
    for one, other in zip(signed(folder / "base", language), signed(folder / "more", language), strict=True):
        assert np.array_equal(one, other)


def test_the_new_language_is_learned(folder):
    assert load(folder / "more").model.languages == ("GSL", "ASL", "TSL")
    assert load(folder / "base").model.languages == ("GSL", "ASL")
    append(folder / "base", folder / "less", folder, "tsl", options=_with(folder, {"run.steps": 1}))
    assert not equal_weights(group_tensors(folder / "less", "TSL"), group_tensors(folder / "more", "TSL"))
    config = checkpoint.read_config(checkpoint.find(folder / "more"))
    assert (
        len(config["data"]) == 2
        and config["data"][0] == checkpoint.read_config(checkpoint.find(folder / "base"))["data"][0]
    )


def _with(folder: Path, changes: dict) -> TrainOptions:
    return small_options({**CHANGES, "data.fps": 25.0, **changes})


def test_two_languages_at_once_and_the_seed_decides(folder, tmp_path):
    run_of(tmp_path / "base", [folder / "gsl"], {**CHANGES, "run.steps": 1})
    groups = []
    for name, seed in (("one", 3), ("same", 3), ("other", 4)):
        torch.manual_seed(len(name))
        options = _with(folder, {"run.seed": seed, "run.steps": 1})
        append(tmp_path / "base", tmp_path / name, folder, "asl", "tsl", options=options)
        assert load(tmp_path / name).model.languages == ("GSL", "ASL", "TSL")
        groups.append(group_tensors(tmp_path / name, "TSL"))
    assert equal_weights(groups[0], groups[1]) and not equal_weights(groups[0], groups[2])


def test_it_goes_on_after_a_stop_as_any_run(folder, tmp_path, monkeypatch):
    learn = trainer.Trainer._learn

    def interrupted(self, group):
        if self.state.step == 4:
            raise RuntimeError("gone")
        learn(self, group)

    monkeypatch.setattr(trainer.Trainer, "_learn", interrupted)
    with pytest.raises(RuntimeError, match="gone"):
        append(folder / "base", tmp_path / "run", folder, "tsl")
    monkeypatch.undo()
    append(folder / "base", tmp_path / "run", folder, "tsl")
    folders = [checkpoint.find(run, "last") for run in (folder / "more", tmp_path / "run")]
    for file in ("model", "average", "optimiser"):
        assert equal_weights(*(checkpoint.read_tensors(place, file) for place in folders))


def test_only_the_languages_asked_for_are_read(folder, tmp_path, monkeypatch):
    whole = signed(folder / "more", "TSL")
    read, wanted = [], stored.read_tensors

    def spy(path, prefixes=None):
        tensors = wanted(path, prefixes)
        read.extend(tensors)
        return tensors

    monkeypatch.setattr(stored, "read_tensors", spy)
    alone = signed(folder / "more", "TSL", ["tsl"])
    assert read and all(name.startswith("groups.TSL.") for name in read)
    assert all(np.array_equal(one, other) for one, other in zip(whole, alone, strict=True))
    with pytest.raises(UsageError, match="no group for KSL; it has GSL, ASL, TSL"):
        Signer(folder / "more", ["ksl"], "cpu")


def test_damage_in_another_group_does_not_matter(folder, tmp_path):
    run_of(tmp_path / "run", [folder / "gsl", folder / "asl"], {"run.steps": 1})
    path = checkpoint.find(tmp_path / "run") / "model.safetensors"
    content = bytearray(path.read_bytes())
    header = int.from_bytes(content[:8], "little") + 8
    content[header + 100] ^= 0xFF  # whole numbers come first, then groups by their names: this is in ASL
    path.write_bytes(content)
    assert len(signed(tmp_path / "run", "GSL", ["GSL"])) == 3
    with pytest.raises(FormatError, match=r"the tensor groups.ASL\S+ is damaged"):
        signed(tmp_path / "run", "ASL", ["ASL"])


# ---- what is refused


def test_a_language_is_added_once(folder, tmp_path):
    with pytest.raises(UsageError, match="a group for TSL already"):
        append(folder / "more", tmp_path / "run", folder, "tsl")
    model = load(folder / "base").model
    with pytest.raises(UsageError, match="a group for GSL already"):
        model.add("GSL", model.vocabularies["GSL"])
    with pytest.raises(UsageError, match="a group for ASL already"):
        append(folder / "base", tmp_path / "run", folder, "asl", "tsl")
    assert not (tmp_path / "run" / checkpoint.INDEX).exists()
    append(folder / "base", tmp_path / "run", folder, "asl", "tsl", languages=["tsl"], options=_with(folder, {}))
    assert load(tmp_path / "run").model.languages == ("GSL", "ASL", "TSL")


def test_prompt2langgloss_has_no_groups(folder, tmp_path):
    run_of(tmp_path / "base", [folder / "gsl"], {"model.mode": "prompt2langgloss", "run.steps": 1})
    with pytest.raises(UsageError, match="train Prompt2LangGloss on all languages at once"):
        append(tmp_path / "base", tmp_path / "run", folder, "tsl")


def test_a_group_is_like_the_others(folder, tmp_path):
    with pytest.raises(UsageError, match="the new group must be like the others"):
        append(folder / "base", tmp_path / "run", folder, "tsl", options=_with(folder, {"model.future_frames": 2}))


def test_a_run_is_not_added_to_in_its_own_folder(folder):
    before = {path: path.read_bytes() for path in (folder / "base").rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match="begun with"):
        append(folder / "base", folder / "base", folder, "tsl")
    assert {path: path.read_bytes() for path in (folder / "base").rglob("*") if path.is_file()} == before
