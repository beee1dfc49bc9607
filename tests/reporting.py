"""Small releases for the tests of the report."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from prompt2sign.formats.motion import Motion
from prompt2sign.formats.shards import Licence, ShardRow, ShardWriter, Source
from prompt2sign.lifting import lift
from prompt2sign.options import LiftOptions

from .made import made_keypoints
from .making import make_row

OPEN = Licence("CC-BY-4.0", "open", "Take it.", True, True)
CLOSED = Licence("research only", "request", "Ask.", True, False)

#: Text that would do harm where it is taken for anything but text.
HOSTILE = (
    "</script><script>window.harmed=1</script>",
    "<img src=x onerror=window.harmed=1>",
    "<!--<script>",
    "\"'`${window.harmed=1}\\",
    "line\u2028break\u2029s\x00\x1b[31m",
    "__proto__",
    "javascript:window.harmed=1",
    "\u202eright to left\u202c &lt;b&gt; &amp;",
)


def signing(n_frames: int = 30, seed: int = 0) -> Motion:
    """Motion that looks like a person, with all its quality numbers."""
    return lift(made_keypoints(n_frames, seed=seed), LiftOptions())


def row(
    clip_id: str, *, text: str | None = None, split: str = "train", motion: Motion | None = None, **changes: Any
) -> ShardRow:
    """A clip; `changes` are fields of its `Clip`, of its row, or `quality` numbers to set."""
    made = make_row(clip_id, split=split)
    clip = replace(
        made.clip, text=clip_id if text is None else text, **{k: v for k, v in changes.items() if hasattr(made.clip, k)}
    )
    motion = motion or signing()
    motion = replace(motion, quality={**motion.quality, **changes.get("quality", {})})
    of_row = {k: v for k, v in changes.items() if k in ("source", "licence", "provenance", "prompts")}
    return replace(made, clip=clip, motion=motion, **{"licence": OPEN, "source": Source(), **of_row})


def release(folder: Path, rows: Iterable[ShardRow]) -> Path:
    """A bare release: one shard for each split."""
    by_split: dict[str, list[ShardRow]] = {}
    for each in rows:
        by_split.setdefault(each.clip.split, []).append(each)
    for split, some in by_split.items():
        writer = ShardWriter(folder / "data" / f"{split}-00000.parquet")
        for each in some:
            writer.add(each)
        writer.finish()
        writer.publish()
    return folder


def hostile_row(seed: int = 0) -> ShardRow:
    """A clip with harm in every field."""
    bad = "".join(HOSTILE)
    made = row(bad + str(seed), text=bad, text_raw=bad + " raw", signer=bad, gloss=bad, prompts=(bad, bad), corpus=bad)
    return replace(
        made,
        source=Source(video=bad, clip_path="../" + bad, sha256=bad),
        provenance=type(made.provenance)(bad, bad, bad),
        licence=Licence(bad, bad, bad, True, True),
    )


def data(report: Path, name: str) -> Any:
    """What a data script of a report hands over."""
    script = (report / "data" / f"{name}.js").read_text("utf-8")
    start = f'p2s.receive("{name}",'
    assert script.startswith(start) and script.endswith(");\n")
    return json.loads(script[len(start) : -3])


def columns(found: dict[str, Any]) -> dict[str, np.ndarray]:
    """Numbers by name, as the page reads them."""
    import base64

    return {name: np.frombuffer(base64.b64decode(text), f"<{kind}") for name, kind, text in found["columns"]}
