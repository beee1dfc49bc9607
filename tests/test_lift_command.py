"""Which lifter, and what it knows of the camera, from the command line to the release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import prompt2sign
from prompt2sign.lifting import LIFTER
from prompt2sign.lifting.upstream import LIFTER as UPSTREAM

from .made import Finished, build_arguments, made_corpus, run_here


class Made:
    """A corpus of three clips and the commands that work on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        made_corpus(folder / "corpus", n_clips=3, n_frames=6)

    def run(self, command: str, *arguments: str, out: str = "release") -> Finished:
        _, *shared = build_arguments(self.folder / "corpus", self.folder / "work", self.folder / out)
        if command == "lift":
            shared = shared[: shared.index("--out")]
        return run_here(command, *shared, "--jobs", "1", "--json", *arguments)

    def clips(self, out: str = "release") -> list[Any]:
        return list(prompt2sign.open_release(self.folder / out))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Built once by the project's own method."""
    made = Made(tmp_path_factory.mktemp("lift"))
    done = made.run("build")
    assert done.code == 0, done.err
    return made


def worked_on(done: Finished) -> dict[str, int]:
    return {stage["stage"]: stage["worked_on"] for stage in done.json["stages"]}


def test_the_method_is_chosen_lifted_again_and_told_in_the_release(made: Made) -> None:
    assert {clip.provenance.lifter for clip in made.clips()} == {LIFTER}
    theirs = made.run("build", "--lift-method", "upstream", out="theirs")
    assert theirs.code == 0, theirs.err
    assert worked_on(theirs)["lift"] == 3 and worked_on(theirs)["pose"] == 0, "keypoints do not depend on the lifter"
    assert {clip.provenance.lifter for clip in made.clips("theirs")} == {UPSTREAM}
    assert "method: upstream" in (made.folder / "theirs" / "pipeline.yaml").read_text("utf-8")
    for ours, other in zip(made.clips(), made.clips("theirs"), strict=True):
        assert ours.clip_id == other.clip_id and not np.allclose(ours.motion, other.motion, atol=0.01)
    assert run_here("validate", str(made.folder / "theirs")).code == 0


def test_a_stage_alone_takes_it_by_its_own_name_and_shard_is_given_the_same(made: Made) -> None:
    lifted = made.run("lift", "--method", "upstream", "--camera-distance", "7")
    assert lifted.code == 0, lifted.err
    assert worked_on(lifted) == {"lift": 3}
    assert worked_on(made.run("lift", "--method", "upstream", "--camera-distance", "7")) == {"lift": 0}
    options = ("--lift-method", "upstream", "--camera-distance", "7")
    assert made.run("shard", *options, out="sharded").code == 0
    assert {clip.provenance.lifter for clip in made.clips("sharded")} == {UPSTREAM}
    waiting = made.run("shard", out="other")
    assert waiting.code == 1 and waiting.json["release"]["path"] is None, "that method has not been run last"


def test_the_camera_is_told_and_lifts_again(made: Made) -> None:
    near = made.run("build", "--camera-distance", "4", out="near")
    assert near.code == 0, near.err
    assert worked_on(near)["lift"] == 3 and worked_on(near)["pose"] == 0
    assert "camera_distance: 4" in (made.folder / "near" / "pipeline.yaml").read_text("utf-8")
    for far, close in zip(made.clips(), made.clips("near"), strict=True):
        assert close.provenance.lifter == LIFTER and not np.allclose(far.motion, close.motion, atol=0.01)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--method", "magic"), "lift.method"),
        (("--camera-distance", "1"), "lift.camera_distance"),
        (("--camera-distance", "nan"), "lift.camera_distance"),
    ],
)
def test_what_cannot_be_is_refused_by_name(made: Made, options: tuple[str, ...], says: str) -> None:
    done = made.run("lift", *options)
    assert done.code == 2 and says in done.json["error"]
