"""Small clips made from nothing, for tests that need a release."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from prompt2sign.formats.motion import Motion
from prompt2sign.formats.shards import Licence, Provenance, ShardRow, Source
from prompt2sign.records import Clip
from prompt2sign.skeleton import SKELETON


def make_motion(n_frames: int = 4, seed: int = 0, fps: float = 25.0) -> Motion:
    """Random poses with constant bone lengths, the neck at the origin."""
    random = np.random.default_rng(seed)
    xyz = np.zeros((n_frames, SKELETON.count, 3))
    for parent, joint in SKELETON.bones:
        direction = random.normal(size=(n_frames, 3))
        direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
        xyz[:, joint] = xyz[:, parent] + (0.05 + 0.01 * joint) * direction
    return Motion(
        xyz=xyz.astype(np.float32),
        observed=random.random((n_frames, SKELETON.count)) < 0.9,
        fps=fps,
        scale_px=200.0,
        lifter="test 1",
        quality={"body_rate": 0.75, "left_hand_rate": 0.5, "right_hand_rate": 1.0, "fit_error": 0.01},
    )


def make_row(clip_id: str = "clip-1", *, split: str = "train", seed: int = 0, n_frames: int = 4) -> ShardRow:
    """One clip with every field filled."""
    return ShardRow(
        clip=Clip(
            clip_id=clip_id,
            language="GSL",
            corpus="test",
            split=split,
            text=f"ein satz „mit“ {seed}",
            text_raw=f" Ein Satz\n„mit“ {seed}",
            signer=f"signer {seed % 2}",
            gloss="SATZ",
        ),
        motion=make_motion(n_frames, seed),
        prompts=("wie geht {}?", "zeig\nmir"),
        source=Source("video.mp4", 0.5, 1.25, "ab" * 32, 640, 480, True),
        provenance=Provenance("openpose 1.3", "test 1", "prompt2sign 0"),
        licence=Licence("CC-BY-4.0", "open", "Take it.", True, False),
    )


@contextmanager
def no_file_larger_than(n_bytes: int) -> Iterator[None]:
    """The disk of this process is full for any file past `n_bytes`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
