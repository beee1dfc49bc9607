"""The news corpora of the WMT-SLT shared task 2022: broadcasts in sign language, and subtitles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from ..acquire.wanted import RemoteArchive, RemoteFile, Wanted
from ..annotations.subtitles import Cue
from ..errors import ClipRejected, UsageError
from ..estimators.long_names import span_member
from ..records import Clip, Rejection
from .asked import variant_of
from .base import CorpusFacts, Plan, Source
from .cued import cued_clips
from .files import ClipFiles, Videos, existing, own_file, require_language, require_root, walk_all
from .long_files import LongKeypoints
from .rows import clip_name
from .splits import assign_splits
from .survey import survey, unique_ids
from .zenodo import record_wanted

_PUBLIC = "https://files.ifi.uzh.ch/cl/archiv/2022/easier/wmtslt/"
_PARTS = (
    RemoteArchive((RemoteFile("archives/dev.v3.0.tar.gz", f"{_PUBLIC}dev/dev.v3.0.tar.gz"),), into="dev"),
    RemoteArchive(
        (RemoteFile("archives/test_sources.v3.0.tar.gz", f"{_PUBLIC}test/test_sources.v3.0.tar.gz", optional=True),),
        into="test",
    ),
)
_OPENPOSE = ".openpose.tar.xz"
#: Folders that say which part of the corpus is in them.
_SPLIT = re.compile(r"(dev|test)(?:[._-].*)?", re.IGNORECASE)
VARIANTS = (
    ("videos", "videos and subtitles; needs the key that Zenodo sends you (fetch.token), or your own copy (--from)"),
    ("keypoints", "subtitles and the published OpenPose keypoints; needs the same key"),
    ("dev", "the public development and test files alone, without a key"),
)
KEYPOINTS = (
    "OpenPose BODY_135 of whole broadcasts (NAME.openpose.tar.xz), mapped to the usual 137 points: the neck is the "
    "middle of the shoulders, a hand's root the wrist. A broadcast is read whole once a worker. MediaPipe's (203 "
    "points) are not taken."
)
UNKNOWN = (
    "Whether Zenodo's key still opens the record the way it did before the site changed in 2023: untested. If it does "
    "not, fetch the files in a browser and give their folder with --from.",
    "How the public development and test archives are laid out: videos and subtitles are found by their names; test "
    "videos have no German text and are listed as rejected.",
    "Hours, signers and picture size; no clip has a signer.",
)


@dataclass(frozen=True, slots=True)
class Broadcasts:
    """What differs between the two corpora.

    Attributes:
        facts: Of the corpus.
        records: Numbers of its Zenodo records by variant.
        others: How the files of the other corpus begin, which may lie beside.
        fps: Frames per second of its keypoints; None where its videos differ and must be there to tell.
    """

    facts: CorpusFacts
    records: Mapping[str, tuple[str, ...]]
    others: str
    fps: float | None


class WmtSltCorpus:
    """Sentences subtitle file by subtitle file, in the order of their paths.

    A file under a folder `dev` or `test` is of that split, any other of train. Subtitles without a video of their own
    (SRF's folder `monolingual`) are passed over, and of several files for one video `segmented` ones win.
    """

    def __init__(self, of: Broadcasts) -> None:
        self._of = of

    @property
    def facts(self) -> CorpusFacts:
        """What is known before anything is read."""
        return self._of.facts

    def wanted(self, source: Source) -> Sequence[Wanted]:
        """The public parts, and with a key the records; nothing without one, because the training part is in them.

        Raises:
            MissingError: The key does not open a record.
            UsageError: There is no such variant, or a record's list cannot be read.
        """
        variant = variant_of(source, self.facts)
        if variant == "dev":
            return _PARTS
        if not source.fetch.token:
            return ()
        records = self._of.records[variant]
        return (*_PARTS, *(file for record in records for file in record_wanted(source.fetched, record, (".tar.xz",))))

    def plan(self, source: Source) -> Plan:
        """Count the sentences and the bytes of their files."""
        plan = survey(lambda: self.clips(source), source, cued=True)
        if plan.missing or source.cues.offset_s or source.cues.offsets:
            return plan
        note = "Subtitles need not fit the signing, which lags behind speech: `prompt2sign align` measures by how much."
        return replace(plan, notes=(*plan.notes, note))

    def clips(self, source: Source) -> Iterator[Clip | Rejection]:
        """Stream the sentences, then a rejection for each video or keypoints file that no subtitles are of.

        Raises:
            MissingError: No folder was given.
            UsageError: Subtitles or videos are not there.
        """
        require_language(source, self.facts)
        root = require_root(source, self.facts)
        reader = _Reader(self._of, source, root)
        subtitles = self._subtitles(root)
        yield from assign_splits(
            lambda: unique_ids(entry for stem, paths in subtitles.items() for entry in reader.entries(stem, paths)),
            source.splits,
            published=any(split_of(path) == "dev" for paths in subtitles.values() for path in paths),
        )
        unused = reader.files.unused()
        yield from (entry for entry in unused if not PurePosixPath(entry.clip_id).name.startswith(self._of.others))

    def _subtitles(self, root: Path) -> dict[str, list[str]]:
        """Subtitle files by the name of their broadcast."""
        found: dict[str, list[str]] = {}
        for place, names in walk_all(root):
            if "monolingual" in PurePosixPath(place).parts:
                continue
            for name in names:
                if name.lower().endswith(".srt") and not name.startswith(self._of.others):
                    found.setdefault(clip_name(name[: -len(".srt")]), []).append(place + name)
        if not found:
            raise UsageError(f"{root}: holds no subtitles (.srt). Expected is {self.facts.layout}")
        return found


def split_of(path: str) -> str:
    """`dev` or `test` for a file under such a folder, `train` for any other."""
    matches = map(_SPLIT.fullmatch, PurePosixPath(path).parts[:-1])
    return next((match[1].lower() for match in matches if match), "train")


class _Reader:
    """Makes clips of cues."""

    def __init__(self, of: Broadcasts, source: Source, root: Path) -> None:
        self._of, self._source, self._root = of, source, root
        self._videos = Videos(root, pictures=False)
        self.files: ClipFiles = self._videos
        if source.keypoints is not None or variant_of(source, of.facts) == "keypoints":
            self.files = LongKeypoints(existing(source.keypoints or root, of.facts), _OPENPOSE)
        if not len(self.files):
            raise UsageError(f"{self.files.root}: holds no {self.files.noun}. Expected is {of.facts.layout}")
        self._fps = cache(self._measured_fps)

    def entries(self, stem: str, paths: list[str]) -> Iterator[Clip | Rejection]:
        """A clip or a rejection for every sentence of a broadcast."""
        try:
            path = _best(paths)
            subtitles = own_file(self._root, path)
            video = self.files.find(stem)
        except ClipRejected as rejected:
            yield Rejection(stem, rejected.reason, f"{paths[0]}: {rejected}")
            return
        yield from cued_clips(
            subtitles,
            stem,
            video,
            lambda cue: {"split": split_of(path), **self.files.clip_fields(video), **self._span(cue, stem)},
            self._source.language,
            self._of.facts,
            self._source.cues,
        )

    def _span(self, cue: Cue, stem: str) -> dict[str, Any]:
        """Which part of the broadcast a sentence is."""
        if self.files is self._videos:
            return {"start_s": cue.start_s, "end_s": cue.end_s}
        fps = self._of.fps or self._fps(stem)
        return {"keypoints_member": span_member(cue.start_s, cue.end_s, fps), "fps": fps}

    def _measured_fps(self, stem: str) -> float:
        from ..media import probe

        video = self._videos.look_up(stem)
        if video is None:
            raise ClipRejected(
                "no-fps",
                f"the keypoints of {stem} do not tell their frame rate, and broadcasts differ (25, 30, 50): bring "
                "its video, or build from the videos",
            )
        return probe(self._root / video).fps


def _best(paths: list[str]) -> str:
    """The one subtitle file of a broadcast."""
    segmented = [path for path in paths if any("segmented" in part.lower() for part in PurePosixPath(path).parts)]
    chosen = segmented or paths
    if len(chosen) > 1:
        raise ClipRejected("ambiguous-name", f"{' and '.join(chosen[:3])} are of one broadcast; keep one of them")
    return chosen[0]
