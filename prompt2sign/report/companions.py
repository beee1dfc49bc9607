"""What lies beside a release: the clip's video, its 2D keypoints, and a model's motion for the same clip."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from ..corpora import CORPORA
from ..errors import FormatError, UsageError
from ..formats.keypoints import read_keypoints
from ..languages import get_language
from ..loaders import Release, ReleaseClip, open_release
from ..pipeline.ledger import Ledger
from ..pipeline.stage import file_sha256
from ..pipeline.work import WorkFolder
from ..records import Receipt
from .clips import not_text
from .tracks import STEP_2D, STEP_3D, track

#: What browsers play, or may.
_VIDEOS = frozenset({".mp4", ".m4v", ".webm", ".mov", ".ogv", ".mkv", ".avi"})


class Work:
    """The work folder of the build, read only: which files the stages made of a clip.

    Args:
        root: The folder.
        problems: Where to count files that are not those of the release, or not those that the build made.
    """

    def __init__(self, root: Path, problems: Counter[str]) -> None:
        self._root, self._open, self._stack = root, dict[tuple[str, str], tuple[WorkFolder, Ledger]](), ExitStack()
        self._problems = problems

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def output(self, stage: str, clip: ReleaseClip) -> Path | None:
        """The file that a stage made of a clip of the release, None where there is none.

        The same id may name other people in another build: the source must be that of the release, and the file what
        its receipt says.

        Raises:
            UsageError: The folder holds no build of the clip's corpus, or its ledger is damaged.
        """
        folder, ledger = self._build(clip.lang, clip.corpus)
        try:
            trimmed, receipt = (ledger.receipt(name, clip.clip_id) for name in ("trim", stage))
        except (sqlite3.Error, ValueError, TypeError) as error:
            raise UsageError(f"{folder.ledger}: the ledger is damaged ({error}); run the build again") from error
        if receipt is None or receipt.status != "done" or not receipt.output:
            return None
        path = folder.absolute(receipt.output)
        if not path.is_file():
            return None
        if problem := _strange(clip, trimmed, receipt, path, folder.root):
            self._problems[f"{path.name} {problem}"] += 1
            return None
        return path

    def _build(self, lang: str, corpus: str) -> tuple[WorkFolder, Ledger]:
        if (lang, corpus) not in self._open:
            folder = WorkFolder(self._root / get_language(lang).slug / corpus)
            # A corpus names one folder, whatever a shard says.
            if corpus in ("", ".", "..") or Path(corpus).name != corpus or not folder.ledger.is_file():
                raise UsageError(
                    f"--work {self._root}: holds no build of corpus {corpus} in {lang} (no {folder.ledger.name} in "
                    f"{folder.root}); give the --work that the release was built with"
                )
            self._open[lang, corpus] = (folder, self._stack.enter_context(Ledger(folder.ledger, read_only=True)))
        return self._open[lang, corpus]


def _strange(clip: ReleaseClip, trimmed: Receipt | None, receipt: Receipt, path: Path, root: Path) -> str:
    """Why a file of a work folder is not that of a clip, empty where it is."""
    source = str(trimmed.values.get("source_sha256", "")) if trimmed else ""
    if source != clip.source.sha256:
        return "was made from another video than the release's clip"
    if receipt.stage == "trim" and clip.source.clip_sha256 not in ("", receipt.output_sha256):
        return "is another video than the release's"
    # Only a source that is used as it is may lie elsewhere, and then the release knows its content.
    as_it_is = receipt.stage == "trim" and source and receipt.output_sha256 == source
    if not (path.resolve().is_relative_to(root.resolve()) or as_it_is):
        return "lies outside of the work folder"
    return "" if file_sha256(path) == receipt.output_sha256 else "is not what the build made; build again"


def may_pass_on_video(clip: ReleaseClip) -> bool:
    """By the licence of the clip, and by that of its corpus where it is a known one, whatever the release says."""
    corpus = CORPORA.get(clip.corpus.lower())
    known = corpus is None or corpus.facts.access == "local" or corpus.facts.redistribute_video
    return clip.licence.redistribute_video and known


class Videos:
    """Puts videos where the page finds them.

    Args:
        release: Folder of the release.
        report: Folder of the report while it is written.
        place: Where the report will lie.
        local: Link to videos where they lie, whatever their licence; the report is for this machine.
    """

    def __init__(self, release: Path, report: Path, place: Path, local: bool) -> None:
        self._release, self._report, self._place, self._local = release.resolve(), report, place.resolve(), local
        self.n_shown = self.n_withheld = self.n_unknown = 0

    def add(self, clip: ReleaseClip, position: int, made: Path | None) -> str:
        """The address of a clip's video, relative to the page; empty where there is none or it may not be shown.

        Args:
            clip: The clip.
            position: Its place in the release.
            made: The clip in a work folder, where there is one.
        """
        own = self._in_release(clip.source.clip_path)
        path = own or made
        if path is None or path.suffix.lower() not in _VIDEOS:
            return ""
        if not (self._local or may_pass_on_video(clip)):
            self.n_withheld += 1
            return ""
        if not self._is_known(clip, own):
            self.n_unknown += 1
            return ""
        self.n_shown += 1
        if self._local:
            return quote(Path(os.path.relpath(path.resolve(), self._place)).as_posix())
        name = f"video/{position:06}{path.suffix.lower()}"
        (self._report / "video").mkdir(exist_ok=True)
        shutil.copyfile(path, self._report / name)
        return name

    def _is_known(self, clip: ReleaseClip, own: Path | None) -> bool:
        """Is this the video that the licence is about? One of a work folder was looked at there, if anything tells."""
        if own:
            return clip.source.clip_sha256 in ("", file_sha256(own))
        return self._local or bool(clip.source.clip_sha256 or clip.source.sha256)

    def _in_release(self, clip_path: str) -> Path | None:
        """A shard may say anything: only a file inside the release counts."""
        if not clip_path or "\0" in clip_path:
            return None
        path = (self._release / clip_path).resolve()
        return path if path.is_relative_to(self._release) and path.is_file() else None


class Keypoints2D:
    """2D keypoints from a work folder; a damaged file costs its clip the overlay, and is counted."""

    def __init__(self) -> None:
        self.problems: Counter[str] = Counter()

    def add(self, path: Path | None) -> dict[str, Any] | None:
        """The keypoints as a track in pixels, with the size of the picture."""
        if path is None:
            return None
        try:
            found = read_keypoints(path)
        except FormatError as error:
            self.problems[str(error)] += 1
            return None
        points = track(found.xyc[..., :2], found.xyc[..., 2] > 0, found.fps, STEP_2D)
        return {**points, "width": found.width, "height": found.height}


class Beside:
    """Motion of a model for the clips of a release in their language: by clip id, or by sentence where no id is shared.

    Raises:
        UsageError: Nothing in it fits the release.
    """

    def __init__(self, path: Path, release: Release) -> None:
        self.path, self._made = path, open_release(path)
        by_id = self._by(release, "clip_id")
        self._key = "clip_id" if by_id else "text"
        self._places = by_id or self._by(release, "text")
        if not self._places:
            raise UsageError(
                f"--beside {path}: none of its {len(self._made):,} clips has the id or the sentence of one in "
                f"{release.path}; generate motion for the release's own sentences"
            )

    def track(self, clip: ReleaseClip) -> dict[str, Any] | None:
        """The model's motion for a clip, None where it made none."""
        place = self._places.get((clip.lang, getattr(clip, self._key)))
        if place is None:
            return None
        made = self._made[place]
        label = made.provenance.lifter or made.provenance.estimator or self.path.name
        return {**track(made.motion, made.observed, made.fps, STEP_3D), "label": label}

    def _by(self, release: Release, column: str) -> dict[tuple[str, str], int]:
        wanted = set(_named(release, column))
        places: dict[tuple[str, str], int] = {}
        for place, (lang, name) in enumerate(_named(self._made, column)):
            if name and (lang, name) in wanted:  # no sentence is the same as no other
                places.setdefault((lang, name), place)
        return places


def _named(release: Release, column: str) -> Iterator[tuple[str, str]]:
    """Language and one column of every clip."""
    for shard, table in release.tables(["lang", column]):
        try:
            yield from zip(table.column("lang").to_pylist(), table.column(column).to_pylist(), strict=True)
        except UnicodeDecodeError as error:
            raise not_text(shard.path, error) from error
