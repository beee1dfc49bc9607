"""The same numbers of another release, put beside those of the first clip by clip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..loaders import open_release
from .chunks import base64_of
from .clips import checked_clips
from .facts import release_facts
from .survey import Survey


class Against:
    """The release that another is compared with.

    Raises:
        UsageError: There is no release at `path`.
        FormatError: It is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._facts, self._survey, self._places = release_facts(path), Survey(), dict[str, int]()
        for clip in checked_clips(open_release(path)):
            self._places[clip.clip_id] = len(self._survey)
            self._survey.add(clip)
        self._matches: list[int] = []

    def add(self, clip_id: str) -> None:
        """Look up the next clip of the first release."""
        self._matches.append(self._places.get(clip_id, -1))

    def to_json(self) -> dict[str, Any]:
        """`facts`, `groups` and `columns` of the other release; `matches`: the place there of every clip here, or -1;
        `only`: ids that the first release lacks."""
        shared = set(self._matches)
        return {
            "facts": self._facts,
            "groups": self._survey.groups(),
            "columns": self._survey.columns(),
            "count": len(self._survey),
            "matches": base64_of(np.asarray(self._matches, "<i4")),
            "only": [clip_id for clip_id, place in self._places.items() if place not in shared],
        }
