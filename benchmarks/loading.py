"""What it costs to feed a trainer: batches from the cache, beside ones made from the release anew every epoch.

Processor time of one core, all threads of the process together; frames of clips are counted, not padding.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from prompt2sign.formats.motion import Motion
from prompt2sign.formats.shards import ShardRow, ShardSetWriter
from prompt2sign.loaders import open_cache, open_release
from prompt2sign.loaders.torch import BatchSampler, MotionDataset, batches
from prompt2sign.records import Clip

from .motions import many_motions
from .table import Row, at_least, cpu_seconds

_CLIPS, _FRAMES = 32, 20_000


def rows() -> list[Row]:
    """Batches, the cache that they come from, and the padding in them."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        return _rows(Path(folder))


def _rows(folder: Path) -> list[Row]:
    release = _write_release(folder / "release")
    written = cpu_seconds(lambda: open_cache([release], folder / "cache"))
    cache = open_cache([release], folder / "cache")
    dataset, n_frames = MotionDataset(cache, cache.rows("train")), int(cache.lengths.sum())
    sampler = BatchSampler(dataset.lengths, batch_clips=_CLIPS, batch_frames=_FRAMES, seed=0)
    padded = sum(len(batch) * int(dataset.lengths[batch].max()) for batch in sampler)
    fed = n_frames / cpu_seconds(lambda: _count(_epoch(dataset, sampler)), 5)
    read = n_frames / cpu_seconds(lambda: _count(_from_release(release)), 3)
    return [
        Row("batches from the cache", fed, "read from the release each epoch", read, "frames/s", at_least(300_000)),
        Row("cache written, once", n_frames / written, "", None, "frames/s"),
        Row("padding", 100 * (1 - n_frames / padded), "", None, "% of frames"),
    ]


def _write_release(folder: Path) -> Path:
    with ShardSetWriter(folder) as shards:
        for number, xyz in enumerate(many_motions()):
            motion = Motion(xyz, np.ones(xyz.shape[:2], np.bool_), 25.0, 0.0, "made")
            shards.add(ShardRow(Clip(f"clip_{number}", "GSL", "made"), motion))
    return folder


def _epoch(dataset: MotionDataset, sampler: BatchSampler) -> Iterable[object]:
    sampler.set_epoch(0)
    return batches(dataset, sampler)


def _from_release(release: Path) -> Iterable[object]:
    """Batches as a first attempt makes them: clips in the order of the shards, padded by torch."""
    waiting = []
    for clip in open_release(release):
        waiting.append(torch.from_numpy(clip.motion))
        if len(waiting) == _CLIPS:
            yield pad_sequence(waiting, batch_first=True)
            waiting = []
    yield pad_sequence(waiting, batch_first=True) if waiting else None


def _count(made: Iterable[object]) -> int:
    return sum(1 for _ in made)
