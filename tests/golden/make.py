"""How the golden files of this version were made: `python -m tests.golden.make`.

A file of an old version is never made again: it must stay readable as it is.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from prompt2sign.formats.motion import Motion
from prompt2sign.formats.shards import ShardInfo, ShardRow, ShardWriter
from prompt2sign.formats.skels import write_skels
from prompt2sign.records import Clip
from tests.making import make_row

FOLDER = Path(__file__).parent


def golden_xyz(n_frames: int) -> np.ndarray:
    """(T, 50, 3) numbers with four decimals that a test can work out; joint 1, the neck, is zero."""
    frame, joint, axis = np.meshgrid(np.arange(n_frames), np.arange(50), np.arange(3), indexing="ij")
    return ((frame + 1) * (joint - 1) * (1 - 2 * (joint % 2)) * (axis + 1) / 10_000).astype(np.float32)


def golden_observed(n_frames: int) -> np.ndarray:
    return np.arange(n_frames * 50).reshape(n_frames, 50) % 7 != 0


def golden_row(clip_id: str, n_frames: int) -> ShardRow:
    row = make_row()
    motion = Motion(golden_xyz(n_frames), golden_observed(n_frames), 25.0, 200.0, "golden", {"fit_error": 0.5})
    clip = Clip(clip_id, "LIS-CH", "golden", text=f"Testo, {clip_id}", text_raw=f" Testo, {clip_id}\n", gloss="TESTO")
    return ShardRow(clip, motion, ("«{}»?",), row.source, row.provenance, row.licence)


def main() -> None:
    with ShardWriter(FOLDER / "shard-v1" / "train-00000.parquet") as shard:
        shard.add(golden_row("a", 2))
        shard.add(golden_row("b", 3))
    with ShardWriter(FOLDER / "shard-v1" / "compact" / "train-00000.parquet", ShardInfo(layout="compact")) as shard:
        shard.add(golden_row("a", 2))
        shard.add(golden_row("b", 3))
    filler = golden_xyz(3)
    filler[1, 40] = 0.016
    write_skels(FOLDER / "skels" / "progressive" / "dev.skels", [golden_xyz(2), golden_xyz(3)], "progressive")
    write_skels(FOLDER / "skels" / "prompt2sign" / "dev.skels", [golden_xyz(2), filler], "prompt2sign")
    for convention in ("progressive", "prompt2sign"):
        base = FOLDER / "skels" / convention
        (base / "dev.text").write_text("Guten Tag.\nSchöne Grüße!\n", "utf-8")
        (base / "dev.files").write_text("dev/a\ndev/b\n", "utf-8")
        (base / "dev.gloss").write_text("GUT TAG\nSCHOEN GRUSS\n", "utf-8")


if __name__ == "__main__":
    main()
