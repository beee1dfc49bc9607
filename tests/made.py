"""Inputs that tests make: signers whose truth is known, and small corpora of ready keypoints."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

from prompt2sign.cli import main
from prompt2sign.formats.keypoints import Keypoints
from prompt2sign.formats.openpose_json import write_openpose_json
from prompt2sign.lifting.anthropometry import typical_lengths
from prompt2sign.skeleton import LEFT_HAND, N_KEYPOINTS, RIGHT_HAND, SKELETON
from prompt2sign.synthetic.observed import LiftingTruth


def made_keypoints(n_frames: int = 40, width_px: float = 200.0, noise_px: float = 1.0, seed: int = 0) -> Keypoints:
    """A signer of typical proportions who swings both arms and hands before the camera."""
    rng = np.random.default_rng(seed)
    time = np.arange(n_frames) / 25
    xyz = np.zeros((n_frames, SKELETON.count, 3))
    for (parent, child), length in zip(SKELETON.bones, typical_lengths(), strict=True):
        name = SKELETON.names[child]
        side = -1.0 if name.startswith("right") else 1.0
        angle = 0.5 * np.sin(2 * time + child) + (-np.pi / 2 if name == "nose" else np.pi / 3)
        if "shoulder" in name:
            angle = np.zeros(n_frames)
        depth = 0.0 if "shoulder" in name else 0.4 + 0.3 * np.sin(time + child)
        flat = np.stack([side * np.cos(angle), np.sin(angle), depth * np.ones(n_frames)], axis=-1)
        xyz[:, child] = xyz[:, parent] + length * flat / np.linalg.norm(flat, axis=-1, keepdims=True)
    xyc = np.zeros((n_frames, N_KEYPOINTS, 3), np.float32)
    joints = list(SKELETON.from_keypoints)
    xyc[:, joints, :2] = 400 + width_px * xyz[..., :2] + rng.normal(0, noise_px, (n_frames, SKELETON.count, 2))
    xyc[:, joints, 2] = 0.9
    return Keypoints(xyc, 25.0, 800, 600, "made")


def without(keypoints: Keypoints, frames: Any, points: Any) -> Keypoints:
    """The same keypoints, some of them not seen."""
    xyc = keypoints.xyc.copy()
    xyc[frames, points] = 0.0
    return replace(keypoints, xyc=xyc)


def knowing(made: LiftingTruth) -> Keypoints:
    """What an estimator that sees depth as it is would give: metres, the body from its hips, hands from their roots."""
    xyz = made.xyz.copy()
    for hand in (LEFT_HAND, RIGHT_HAND):
        xyz[:, hand] -= made.xyz[:, [hand.start]]
    xyz[:, :8] -= [0.02, 1.5, -0.1]
    world = np.full((len(xyz), N_KEYPOINTS, 3), np.nan, np.float32)
    world[:, list(SKELETON.from_keypoints)] = 0.35 * xyz
    return replace(made.keypoints, world=world)


def made_corpus(folder: Path, n_clips: int = 4, n_frames: int = 12) -> Path:
    """OpenPose JSON folders under `folder/json` and their sentences in `folder/text.tsv`."""
    rows = ["name\ttext\tsplit\tgloss\tsigner"]
    for number in range(n_clips):
        name = f"clip_{number:03d}"
        (folder / "json" / name).mkdir(parents=True)
        write_openpose_json(folder / "json" / name, name, made_keypoints(n_frames + number % 5, seed=number))
        split = ("train", "train", "dev", "test")[number % 4]
        rows.append(f"{name}\tSatz Nummer {number}.\t{split}\tSATZ NUMMER\tsigner{number % 2}")
    (folder / "text.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def build_arguments(corpus: Path, work: Path, out: Path) -> list[str]:
    """The command line that builds what `made_corpus` made."""
    where = [
        "--keypoints",
        str(corpus / "json"),
        "--text",
        str(corpus / "text.tsv"),
        "--fps",
        "25",
        "--size",
        "800x600",
    ]
    return ["build", "--lang", "gsl", "--corpus", "folder", *where, "--work", str(work), "--out", str(out)]


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What `--json` printed."""
        return json.loads(self.out)


def start(*arguments: str, cwd: Path | None = None) -> subprocess.Popen[str]:
    """Start the command line as a user would, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "prompt2sign", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=cwd,
    )


def run(*arguments: str, cwd: Path | None = None, timeout_s: float = 300) -> Finished:
    """Run the command line to its end."""
    process = start(*arguments, cwd=cwd)
    out, err = process.communicate(timeout=timeout_s)
    return Finished(process.returncode, out, err)


def run_here(*arguments: str) -> Finished:
    """Run the command line to its end in this process: the imports of a new one take longer than the work."""
    out, err = io.StringIO(), io.StringIO()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    argv = mock.patch.object(sys, "argv", ["prompt2sign", *arguments])
    with argv, redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main()
    for number, handler in handlers.items():
        signal.signal(number, handler)
    return Finished(ended.value.code, out.getvalue(), err.getvalue())


def kill_tree(process: subprocess.Popen[str]) -> None:
    """`kill -9` a command and all its workers at once."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def files_of(folder: Path) -> dict[str, bytes]:
    """Content of every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
