"""Clips that every stage passes and a shard refuses: they are rejections like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import prompt2sign
from prompt2sign.formats import shards

from .made import build_arguments, made_corpus, run_here


def refuse(monkeypatch: pytest.MonkeyPatch, *lengths: int) -> None:
    """From now on no shard takes a clip of these numbers of frames."""
    quantise = shards.quantise

    def maybe(xyz: np.ndarray, *arguments: Any) -> Any:
        if len(xyz) in lengths:
            raise ValueError("a joint does not fit the grid")
        return quantise(xyz, *arguments)

    monkeypatch.setattr(shards, "quantise", maybe)


def test_refused_clips_are_counted_now_and_when_nothing_is_left_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = build_arguments(made_corpus(tmp_path), tmp_path / "work", tmp_path / "release")
    refuse(monkeypatch, 12)
    for attempt in ("first", "again"):
        done = run_here(*arguments, "--json")
        assert done.code == 1, attempt
        assert (done.json["release"]["clips"], done.json["release"]["frames"]) == (3, 13 + 14 + 15), attempt
        assert done.json["rejected"] == {"shard/bad-motion": 1}, attempt
    assert len(prompt2sign.open_release(tmp_path / "release")) == 3


def test_a_release_is_not_replaced_by_an_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = build_arguments(made_corpus(tmp_path), tmp_path / "work", tmp_path / "release")
    assert run_here(*arguments).code == 0
    before = (tmp_path / "release" / "release.json").read_bytes()
    refuse(monkeypatch, 12, 13, 14, 15)
    done = run_here(*arguments, "--prompts-per-clip", "2", "--json")
    assert done.code == 1 and done.json["rejected"] == {"shard/bad-motion": 4}
    assert (tmp_path / "release" / "release.json").read_bytes() == before
    assert len(prompt2sign.open_release(tmp_path / "release")) == 4


def test_a_look_at_some_clips_does_not_replace_all_when_shards_refuse_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = build_arguments(made_corpus(tmp_path), tmp_path / "work", tmp_path / "release")
    assert run_here(*arguments).code == 0
    refuse(monkeypatch, 12)
    done = run_here(*arguments, "--limit", "4", "--prompts-per-clip", "2")
    assert done.code == 2 and "4 clips" in done.err
    assert len(prompt2sign.open_release(tmp_path / "release")) == 4
