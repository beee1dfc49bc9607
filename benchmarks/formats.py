"""Size and reading speed of shards, against the text files they replace."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from prompt2sign.formats.motion import Motion
from prompt2sign.formats.shards import ShardRow, ShardSetWriter
from prompt2sign.formats.skels import write_skels
from prompt2sign.loaders import open_release
from prompt2sign.records import Clip
from prompt2sign.synthetic.motion import signing_motion

from .table import Row, wall_seconds

_N_CLIPS = 60


def rows() -> list[Row]:
    """Shards of synthetic signing against skels text and compressed npz of the same motions."""
    with tempfile.TemporaryDirectory() as folder:
        return _rows(Path(folder))


def _rows(folder: Path) -> list[Row]:
    motions = [_motion(seed) for seed in range(_N_CLIPS)]
    n_frames = sum(len(xyz) for xyz in motions)
    with ShardSetWriter(folder / "data") as shards:
        for number, xyz in enumerate(motions):
            observed = np.ones(xyz.shape[:2], bool)
            shards.add(ShardRow(Clip(f"clip_{number}", "GSL", "made"), Motion(xyz, observed, 25.0, 0.0, "made")))
    write_skels(folder / "train.skels", [xyz / 3 for xyz in motions], "progressive")
    np.savez_compressed(folder / "train.npz", *motions)
    shard_bytes = sum(path.stat().st_size for path in (folder / "data").iterdir()) / n_frames
    read_s = wall_seconds(lambda: [clip.motion for clip in open_release(folder)], repeat=5)
    text_s = wall_seconds(lambda: _read_text(folder / "train.skels"), repeat=2)
    text_bytes, npz_bytes = ((folder / f"train.{kind}").stat().st_size / n_frames for kind in ("skels", "npz"))
    return [
        Row("shard", shard_bytes, "skels text", text_bytes, "B/frame"),
        Row("shard", shard_bytes, "npz, compressed", npz_bytes, "B/frame"),
        Row(
            "reading a shard to float32",
            1e6 * read_s / n_frames,
            "text, line.split",
            1e6 * text_s / n_frames,
            "us/frame",
        ),
    ]


def _motion(seed: int) -> np.ndarray:
    """Synthetic signing as a release holds it: float32 shoulder widths around the neck, with an estimator's noise."""
    joints = np.asarray(signing_motion(seed).xyz, np.float64)
    width = np.linalg.norm(joints[:, 2] - joints[:, 5], axis=-1).mean()
    noise = np.random.default_rng(seed).normal(0, 0.01, joints.shape)
    return ((joints - joints[:, [1]]) / width + noise).astype(np.float32)


def _read_text(path: Path) -> list[np.ndarray]:
    with path.open() as file:
        return [np.array(line.split(), np.float32).reshape(-1, 151)[:, :150] for line in file]
