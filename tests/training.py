"""Small releases, small models and small runs for the tests of the trainer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import torch

from prompt2sign.formats.shards import ShardRow, ShardSetWriter
from prompt2sign.loaders.cache import MotionCache, open_cache
from prompt2sign.signllm import sizes
from prompt2sign.signllm.model import SignModel
from prompt2sign.signllm.options import TrainOptions
from prompt2sign.signllm.sizes import N_LAYERS
from prompt2sign.signllm.train import train
from prompt2sign.signllm.trainer import State
from prompt2sign.signllm.transformer import Width
from tests.making import make_row

#: Width and heads of "tiny" in these tests.
SMALL = (32, 2)
WIDTH = Width(*SMALL, n_layers=N_LAYERS)
WORDS = ("haus", "baum", "hund", "katze", "regen", "sonne", "kommt", "geht", "heute", "morgen")

torch.set_num_threads(1)


@contextmanager
def small_sizes(d_model: int = SMALL[0], n_heads: int = SMALL[1]) -> Iterator[None]:
    """Inside, models of size `tiny` are smaller still."""
    with mock.patch.dict(sizes._WIDTHS, {"tiny": (d_model, n_heads)}):
        yield


def small_options(changes: Mapping[str, Any] | None = None) -> TrainOptions:
    """A run of a few steps without dropout; `changes` are `section.option` to values."""
    plain: dict[str, dict[str, Any]] = {
        "model": {"size": "tiny", "dropout": 0.0, "decoder": "progressive"},
        "data": {"batch_clips": 4},
        "optimiser": {"warmup_steps": 2},
        "run": {"steps": 4, "validate_every": 4, "validation_clips": 2, "log_every": 1, "tensorboard": False},
    }
    for name, value in (changes or {}).items():
        section, _, option = name.partition(".")
        plain.setdefault(section, {})[option] = value
    return TrainOptions.model_validate(plain)


def small_rows(language: str = "GSL", n_train: int = 10, n_held_out: int = 2, n_frames: int = 6) -> Iterator[ShardRow]:
    """Clips whose sentences differ, of `n_frames` and a few more."""
    splits = ["train"] * n_train + ["dev"] * n_held_out + ["test"] * n_held_out
    for number, split in enumerate(splits):
        text = " ".join(WORDS[(number * step) % len(WORDS)] for step in range(1, 3 + number % 3))
        row = make_row(f"{language}-{number:02d}", split=split, seed=number, n_frames=n_frames + number % 5)
        prompts = (f"wie sagt man {text} auf {language}", f"zeige {text} in {language}")
        clip = replace(row.clip, language=language, text=text, text_raw=text, gloss=text.upper())
        yield replace(row, clip=clip, prompts=prompts)


def write_release(folder: Path, rows: Iterable[ShardRow]) -> Path:
    """Shards of some clips."""
    with ShardSetWriter(folder / "data") as shards:
        for row in rows:
            shards.add(row)
    return folder


def small_release(folder: Path, language: str = "GSL", **sizes: int) -> Path:
    """A release of `small_rows`."""
    return write_release(folder / language.lower(), small_rows(language, **sizes))


def cache_of(*releases: Path, **options: Any) -> MotionCache:
    """The cache of releases, beside the first."""
    return open_cache(releases, releases[0].parent / "cache", **options)


def run_of(run: Path, releases: Iterable[Path], changes: Mapping[str, Any] | None = None, **where: Any) -> State:
    """Train a small model; the cache lies beside the releases."""
    releases = list(releases)
    where = {"cache": releases[0].parent / "cache", "device": "cpu", "say": lambda _: None} | where
    return train(releases, run, small_options(changes), **where)


def weights_of(model: SignModel | torch.nn.Module) -> dict[str, torch.Tensor]:
    """Copies of all weights and buffers."""
    return {name: value.clone() for name, value in model.state_dict().items()}


def equal_weights(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> bool:
    """The same to the bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
