"""What is in a release: counts, rates and percentiles per language and split."""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..languages import get_language, lower
from ..loaders import open_release
from .rejected import NAME as REJECTED
from .rejected import count_reasons

if TYPE_CHECKING:
    from rich.console import RenderableType

RATES = ("body_rate", "left_hand_rate", "right_hand_rate")
PERCENTILES = (5, 50, 95)
_COLUMNS = ("clip_id", "lang", "split", "signer", "text", "fps", "n_frames", "quality")
_WORD = re.compile(r"\w+(?:['’]\w+)*")


@dataclass
class _Quality:
    """The quality numbers of some clips; a few bytes a clip."""

    values: dict[str, array[float]] = field(default_factory=dict)
    worst: dict[str, tuple[float, str]] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    rated: Counter[str] = field(default_factory=Counter)

    def add(self, row: dict[str, Any]) -> None:
        for name, value in row["quality"].items():
            # `validate` is what complains about numbers that are none.
            if value is None or math.isnan(value):
                continue
            self.values.setdefault(name, array("f")).append(value)
            worst = self.worst.setdefault(name, (value, row["clip_id"]))
            if value < worst[0] if name in RATES else value > worst[0]:
                self.worst[name] = (value, row["clip_id"])
            if name in RATES:
                self.seen[name] += value * row["n_frames"]
                self.rated[name] += row["n_frames"]

    def detection(self) -> dict[str, float]:
        return {name: round(self.seen[name] / self.rated[name], 4) for name in RATES if self.rated[name]}

    def percentiles(self) -> dict[str, dict[str, float]]:
        return {
            name: {f"p{p}": round(float(np.percentile(values, p)), 5) for p in PERCENTILES}
            for name, values in self.values.items()
        }

    def worst_clips(self) -> dict[str, dict[str, Any]]:
        return {
            name: {"worst": round(value, 5), "worst_clip": clip_id} for name, (value, clip_id) in self.worst.items()
        }


@dataclass
class _Group:
    """What is counted over the clips of one language and split. Memory grows with the vocabulary, not with frames."""

    clips: int = 0
    frames: int = 0
    seconds: float = 0.0
    signers: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    fps: set[float] = field(default_factory=set)
    quality: _Quality = field(default_factory=_Quality)

    def add(self, row: dict[str, Any]) -> None:
        self.clips += 1
        self.frames += row["n_frames"]
        # `validate` is what complains about a rate that is none.
        self.seconds += row["n_frames"] / row["fps"] if row["fps"] > 0 else 0.0
        self.signers |= {row["signer"]} - {""}
        self.words.update(_WORD.findall(lower(row["text"], get_language(row["lang"]))))
        self.fps.add(row["fps"])
        self.quality.add(row)

    def summary(self) -> dict[str, Any]:
        return {
            "clips": self.clips,
            "frames": self.frames,
            "hours": round(self.seconds / 3600, 4),
            "signers": len(self.signers),
            "vocabulary": len(self.words),
            "fps": sorted(self.fps),
            "detection": self.quality.detection(),
            "quality": self.quality.percentiles(),
        }


def inspect_release(path: Path) -> dict[str, Any]:
    """Count a release; streamed, the poses are not read.

    Args:
        path: What `open_release` opens.

    Returns:
        JSON types only. `groups`: a list with `lang`, `split`, `clips`, `frames`, `hours`, `signers` (those named),
        `vocabulary` (distinct words, lower case), `fps`, `detection` (share of joints seen, over all frames) and
        `quality` (percentiles 5, 50, 95 over clips); `detection` and `quality` again over the whole release, this
        time with `worst` and `worst_clip`; `shards`: unit, step, convention and version; `rejected`: clips by
        `stage/reason`.

    Raises:
        UsageError: There is no release at `path`.
        FormatError: A shard is cut off or damaged.
    """
    release = open_release(path)
    groups: dict[tuple[str, str], _Group] = {}
    whole = _Quality()
    for _, table in release.tables(_COLUMNS):
        for row in table.to_pylist():
            groups.setdefault((row["lang"], row["split"]), _Group()).add(row)
            whole.add(row)
    worst = whole.worst_clips()
    return {
        "clips": sum(group.clips for group in groups.values()),
        "groups": [{"lang": lang, "split": split, **group.summary()} for (lang, split), group in groups.items()],
        "detection": whole.detection(),
        "quality": {name: {**values, **worst[name]} for name, values in whole.percentiles().items()},
        "shards": [
            {
                "version": info.version,
                "unit": info.unit,
                "step": info.step,
                "layout": info.layout,
                "convention": info.convention,
            }
            for info in release.infos
        ],
        "rejected": count_reasons(path / REJECTED),
    }


def format_inspection(inspection: dict[str, Any]) -> RenderableType:
    """What `inspect_release` gave, as tables for a terminal."""
    from rich.console import Group

    parts = [_counts_table(inspection)]
    if inspection["quality"]:
        parts.append(_quality_table(inspection))
    if inspection["rejected"]:
        parts.append(_rejected_table(inspection["rejected"]))
    return Group(*parts)


def _counts_table(inspection: dict[str, Any]) -> RenderableType:
    from rich.table import Table

    table = Table("Language", "Split", title="What is in it", title_justify="left")
    for name in ("Clips", "Hours", "Frames", "Signers", "Words", "fps"):
        table.add_column(name, justify="right")
    for group in inspection["groups"]:
        numbers = (group["clips"], group["hours"], group["frames"], group["signers"], group["vocabulary"])
        rates = " ".join(f"{fps:g}" for fps in group["fps"][:4]) + (" ..." if len(group["fps"]) > 4 else "")
        table.add_row(group["lang"], group["split"], *(f"{number:,}" for number in numbers), rates)
    return table


def _quality_table(inspection: dict[str, Any]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table(title="How good it is (percentiles over clips)", title_justify="left")
    table.add_column("Measure", no_wrap=True)
    for name in (*(f"{p} %" for p in PERCENTILES), "Seen", "Worst"):
        table.add_column(name, justify="right")
    table.add_column("Worst clip", overflow="fold")
    for name, values in inspection["quality"].items():
        overall = inspection["detection"].get(name)
        numbers = [f"{values[f'p{p}']:.4f}" for p in PERCENTILES]
        seen = "" if overall is None else f"{overall:.2%}"
        # A clip may be called [bold].
        table.add_row(name, *numbers, seen, f"{values['worst']:.4f}", Text(values["worst_clip"]))
    return table


def _rejected_table(rejected: dict[str, int]) -> RenderableType:
    from rich.table import Table

    table = Table("Stage / reason", title="What did not make it (rejected.parquet)", title_justify="left")
    table.add_column("Clips", justify="right")
    for reason, count in rejected.items():
        table.add_row(reason, f"{count:,}")
    return table
