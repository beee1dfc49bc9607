"""One pass over the clips: what the overview counts, and a few numbers a clip."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..languages import get_language, lower
from ..loaders import ReleaseClip
from .chunks import base64_of
from .measures import MEASURES, badness, measure_clip

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_SECONDS_PERCENTILES = (5, 50, 95)


@dataclass
class Names:
    """Texts that repeat, each once, numbered as they come."""

    places: dict[Any, int] = field(default_factory=dict)

    def place(self, name: Any) -> int:
        """The number of a text."""
        return self.places.setdefault(name, len(self.places))

    def to_json(self) -> list[Any]:
        """All, by number."""
        return list(self.places)


@dataclass
class _Group:
    """What is counted over the clips of one language and split."""

    n_frames: int = 0
    signers: set[str] = field(default_factory=set)
    words: Counter[str] = field(default_factory=Counter)
    rates: Counter[float] = field(default_factory=Counter)
    licences: Counter[tuple[Any, ...]] = field(default_factory=Counter)
    seconds: array[float] = field(default_factory=lambda: array("f"))

    def add(self, clip: ReleaseClip, seconds: float) -> None:
        terms = clip.licence
        self.n_frames += clip.n_frames
        self.signers |= {clip.signer} - {""}
        self.words.update(_WORD.findall(lower(clip.text, get_language(clip.lang))))
        self.rates[clip.fps] += 1
        self.licences[
            clip.corpus, terms.licence, terms.access_rule, terms.redistribute_motion, terms.redistribute_video
        ] += 1
        self.seconds.append(seconds)

    def summary(self, trained: set[str] | None) -> dict[str, Any]:
        """Counts; `trained` are the words of the language's `train` split, None where there is none."""
        n_words, seconds = sum(self.words.values()), np.asarray(self.seconds)
        known = sum(count for word, count in self.words.items() if trained is not None and word in trained)
        return {
            "clips": len(seconds),
            "hours": float(seconds.sum(dtype=np.float64)) / 3600,
            "frames": self.n_frames,
            "signers": len(self.signers),
            "words": n_words,
            "vocabulary": len(self.words),
            "once": sum(count == 1 for count in self.words.values()),
            "covered": known / n_words if n_words and trained is not None else None,
            "seconds": [float(value) for value in np.percentile(seconds, _SECONDS_PERCENTILES)],
            "fps": sorted(self.rates.items()),
        }


class Survey:
    """Counts of a release; grows by some 80 bytes a clip and with the vocabulary."""

    def __init__(self) -> None:
        self.langs, self.splits, self.signers, self.makers = Names(), Names(), Names(), Counter[tuple[str, ...]]()
        self._groups: dict[tuple[str, str], _Group] = {}
        self._values = array("f")
        self._rows = {name: array("i") for name in ("lang", "split", "signer", "frames")}
        self._fps = array("f")

    def __len__(self) -> int:
        return len(self._fps)

    def add(self, clip: ReleaseClip) -> None:
        """Count a clip."""
        seconds = clip.duration_s if clip.fps > 0 else 0.0
        self._groups.setdefault((clip.lang, clip.split), _Group()).add(clip, seconds)
        made = clip.provenance
        self.makers[made.estimator, made.lifter, made.tool] += 1
        places = (self.langs.place((clip.lang, clip.spoken_language)), self.splits.place(clip.split))
        for row, value in zip(
            self._rows.values(), (*places, self.signers.place(clip.signer), clip.n_frames), strict=True
        ):
            row.append(value)
        self._fps.append(clip.fps)
        self._values.extend(measure_clip(clip))

    def values(self) -> NDArray[np.float64]:
        """(n, len(MEASURES)), NaN where unknown."""
        return np.asarray(self._values, np.float64).reshape(-1, len(MEASURES))

    def worst(self, count: int) -> list[int]:
        """Positions of the worst clips, worst first; of those only that stand out at all."""
        bad, _ = badness(self.values())
        return [int(place) for place in np.argsort(-bad, kind="stable")[:count] if bad[place] > 0]

    def columns(self) -> list[list[str]]:
        """Name, type and bytes of every column, a number a clip, in the order of the release."""
        values = self.values()
        bad, measure = badness(values)
        whole = [[name, "i4", base64_of(np.asarray(row, "<i4"))] for name, row in self._rows.items()]
        return [
            *whole,
            ["fps", "f4", base64_of(np.asarray(self._fps, "<f4"))],
            *([m.name, "f4", base64_of(values[:, i].astype("<f4"))] for i, m in enumerate(MEASURES)),
            ["badness", "f4", base64_of(bad.astype("<f4"))],
            ["worst_measure", "i4", base64_of(measure.astype("<i4"))],
        ]

    def groups(self) -> list[dict[str, Any]]:
        """The counts of every language and split, in order of appearance."""
        trained = {lang: set(group.words) for (lang, split), group in self._groups.items() if split == "train"}
        return [
            {"lang": lang, "language": get_language(lang).name, "split": split, **group.summary(trained.get(lang))}
            for (lang, split), group in self._groups.items()
        ]

    def licences(self) -> list[dict[str, Any]]:
        """Terms, and how many clips stand under each."""
        counts: Counter[tuple[Any, ...]] = Counter()
        for group in self._groups.values():
            counts.update(group.licences)
        names = ("corpus", "licence", "access_rule", "motion", "video")
        return [{**dict(zip(names, terms, strict=True)), "clips": count} for terms, count in _by_count(counts)]

    def versions(self) -> list[dict[str, Any]]:
        """What made the motion, and of how many clips."""
        names = ("estimator", "lifter", "tool")
        return [{**dict(zip(names, made, strict=True)), "clips": count} for made, count in _by_count(self.makers)]


def _by_count(counts: Counter[tuple[Any, ...]]) -> Iterable[tuple[tuple[Any, ...], int]]:
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
