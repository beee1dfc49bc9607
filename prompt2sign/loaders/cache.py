"""Releases decoded once, mapped into memory: any clip in microseconds, shared by all processes that read it.

    cache = open_cache(["releases/gsl", "releases/asl"], "cache", fps=25)
    for row in cache.rows(split="train", languages=["GSL"]):
        cache.motion(row)                      # (T, 50, 3), shoulder widths

A cache holds nothing that its releases do not; it may be deleted at any time. There is one folder in the cache folder
for each list of releases and options asked for. When such a release was built again, its cache takes the place of the
old one, which nothing could match any more; caches of other questions stay.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ..errors import FormatError, RunError, UsageError
from ..formats.shard_read import Shard
from ..languages import get_language
from ..records import SPLITS
from ..skeleton import SKELETON
from .cache_build import CLIPS, FORMAT, FRAMES, HEAD, OBSERVED, VERSION, WORDS, Progress, write_cache
from .files import MANIFEST, listed_files, read_manifest
from .survey import Cost, Dropped, Wanted, cost, open_shards, summary, survey

__all__ = ["Cost", "Dropped", "MotionCache", "cost", "open_cache"]


def open_cache(
    releases: Sequence[str | Path],
    folder: str | Path,
    *,
    fps: float | None = None,
    min_frames: int = 2,
    max_frames: int = 1_000,
    progress: Progress | None = None,
) -> MotionCache:
    """The cache of some releases: the one in `folder` where it fits, else a new one.

    Several processes may ask at once: one writes, the others wait for it. After a kill there is a whole cache or none.

    Args:
        releases: Release folders, bare folders of shards, or shards.
        folder: Where caches lie; not inside a release, whose files are all listed.
        fps: Resample motion to this rate; None keeps that of the releases, which must then be one.
        min_frames: Shorter clips are left out (`MotionCache.dropped`).
        max_frames: Longer clips are left out.
        progress: Called with frames done and frames in all while a cache is written.

    Raises:
        UsageError: `folder` lies in a release; a release is empty or not there, in a unit that cannot be turned into
            shoulder widths, or of another rate than the others; a clip stands in two of them; no clip is left.
        FormatError: A shard is damaged, of another skeleton or of a newer version.
        RunError: The disk has no room.
    """
    import filelock

    folder = Path(folder)
    if around := release_around(folder):
        raise UsageError(
            f"{folder}: lies in the release {around}, whose files are all listed; keep the cache elsewhere"
        )
    wanted, shards = Wanted(fps, min_frames, max_frames), open_shards(releases)
    fingerprint, place = _fingerprint(shards, wanted), folder / _slot(releases, wanted)
    folder.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(folder / f".{place.name}.lock"):
        partial = folder / f".{place.name}.partial"
        _remove(partial)
        if not _fits(place, fingerprint):
            try:
                write_cache(partial, survey(shards, wanted), wanted, fingerprint, progress)
                _remove(place)
                partial.rename(place)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
        return MotionCache(place, fingerprint)


def release_around(folder: Path) -> Path | None:
    """The release that a folder, there or not, is or lies in."""
    place = folder.resolve()
    return next((path for path in (place, *place.parents) if (path / MANIFEST).is_file()), None)


class MotionCache:
    """Motion and words of many clips, mapped into memory; `open_cache` makes it. Row i is clip i.

    Cheap to send to other processes: they map the same files.

    Attributes:
        folder: Where its files lie.
        fingerprint: SHA-256 of all that decides its content: shards, options, format.
        fps: Frames per second of all motion.
        lengths: (n,) int64 frames of each clip.
        dropped: The clips that were left out, and why.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        """Map the files.

        Raises:
            FormatError: They are not whole.
            RunError: They are of another fingerprint.
        """
        head = _read_head(folder)
        if head["fingerprint"] != fingerprint:
            raise RunError(f"{folder}: its releases changed and another run wrote it anew; start this one again")
        self.folder, self.fingerprint, self.fps = folder, fingerprint, float(head["fps"])
        self.dropped = tuple(Dropped(**entry) for entry in head["dropped"])
        self.table: pa.Table = pq.read_table(folder / CLIPS)
        self.lengths = self.table.column("n_frames").to_numpy().astype(np.int64)
        self._ends = np.cumsum(self.lengths)
        n_frames = int(self._ends[-1])
        # A plain array over the map: slicing np.memmap itself is ten times slower.
        self._frames = np.asarray(np.memmap(folder / FRAMES, "<f4", "r", shape=(n_frames, SKELETON.count, 3)))
        self._observed = np.asarray(np.memmap(folder / OBSERVED, np.bool_, "r", shape=(n_frames, SKELETON.count)))
        self._columns: dict[str, Any] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return MotionCache, (self.folder, self.fingerprint)

    def __repr__(self) -> str:
        return f"MotionCache({str(self.folder)!r}, {len(self)} clips, {int(self._ends[-1])} frames)"

    def __len__(self) -> int:
        return len(self.lengths)

    def motion(self, row: int) -> NDArray[np.float32]:
        """(T, 50, 3) of a clip, shoulder widths, neck at the origin; a read-only view of the file."""
        end = self._ends[row]
        return self._frames[end - self.lengths[row] : end]

    def observed(self, row: int) -> NDArray[np.bool_]:
        """(T, 50) of a clip, False where a joint was filled in; a read-only view of the file."""
        end = self._ends[row]
        return self._observed[end - self.lengths[row] : end]

    def column(self, name: str) -> Any:
        """A column of `table`: numbers as an array, everything else as a list. Made once.

        Raises:
            UsageError: There is no such column.
        """
        if name not in self._columns:
            if name not in self.table.column_names:
                raise UsageError(f"{self.folder}: no column {name!r}; there are {', '.join(self.table.column_names)}")
            values = self.table.column(name)
            is_number = pa.types.is_integer(values.type) or pa.types.is_floating(values.type)
            self._columns[name] = values.to_numpy() if is_number else values.to_pylist()
        return self._columns[name]

    def rows(self, split: str | None = None, languages: Sequence[str] | None = None) -> NDArray[np.int64]:
        """Rows of a split, of some languages, of both, or all; ascending.

        Args:
            split: `train`, `dev` or `test`.
            languages: Prompt2Sign codes in any case.

        Raises:
            UsageError: There is no such split or language, or no clip in it.
        """
        if split is not None and split not in SPLITS:
            raise UsageError(f"no split is called {split!r}; the splits are {', '.join(SPLITS)}")
        chosen = np.ones(len(self), np.bool_)
        if split is not None:
            chosen &= self._where("split", split)
        if not chosen.any():
            raise UsageError(f"split {split} is empty: the releases have {self._count('split')}{self._left_out()}")
        if languages is None:
            return np.flatnonzero(chosen)
        if not languages:
            raise UsageError("no language is named; give at least one, or none to take all")
        spoken = {code: chosen & self._where("lang", code) for code in (get_language(code).code for code in languages)}
        if missing := [code for code, rows in spoken.items() if not rows.any()]:
            place = f"split {split}" if split else "any split"
            raise UsageError(
                f"no {' and no '.join(missing)} in {place}: there are {self._count('lang', chosen)}{self._left_out()}"
            )
        return np.flatnonzero(np.any(list(spoken.values()), axis=0))

    def _where(self, column: str, value: str) -> NDArray[np.bool_]:
        hits: NDArray[np.bool_] = pc.equal(self.table.column(column), value).to_numpy()
        return hits

    def _count(self, column: str, chosen: NDArray[np.bool_] | None = None) -> str:
        values = self.table.column(column) if chosen is None else self.table.column(column).filter(pa.array(chosen))
        counts = ((entry["values"], entry["counts"]) for entry in pc.value_counts(values).to_pylist())
        return ", ".join(f"{count} clip{'s' * (count != 1)} of {value}" for value, count in sorted(counts))

    def _left_out(self) -> str:
        return f". Left out: {summary(self.dropped)}" if self.dropped else ""


def _slot(releases: Sequence[str | Path], wanted: Wanted) -> str:
    """A folder name for one question: which releases, by place, with which options."""
    places = [str(Path(path).resolve()) for path in releases]
    return _digest([places, wanted.fps, wanted.min_frames, wanted.max_frames])[:16]


def _fingerprint(shards: Sequence[tuple[str, Shard]], wanted: Wanted) -> str:
    """Of the content of a cache, wherever its releases lie."""
    listed = {release: _listed_sha256(Path(release)) for release, _ in shards}
    content = [[listed[release].get(shard.path.resolve()) or _sha256(shard.path)] for release, shard in shards]
    return _digest([FORMAT, VERSION, content, wanted.fps, wanted.min_frames, wanted.max_frames])


def _listed_sha256(release: Path) -> dict[Path, str]:
    """What `release.json` says of its files; not of those whose size says that they were changed since."""
    manifest = read_manifest(release) if release.is_dir() else None
    files = [] if manifest is None else listed_files(release, manifest)
    return {
        (release / entry["path"]).resolve(): str(entry["sha256"])
        for entry in files
        if entry["path"].endswith(".parquet")
        and "sha256" in entry
        and (release / entry["path"]).stat().st_size == entry.get("bytes")
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(values: Any) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def _fits(place: Path, fingerprint: str) -> bool:
    """A whole cache of this fingerprint is there."""
    try:
        return bool(_read_head(place)["fingerprint"] == fingerprint)
    except FormatError:
        return False


def _is_sound(head: dict[str, Any], clips: Path) -> bool:
    """Do the numbers of `cache.json` and of the table of clips fit each other, and make sense?

    Raises:
        TypeError: An entry is of another kind.
    """
    if not {*WORDS, "n_frames", "release"} <= set(pq.read_schema(clips).names):
        return False
    lengths = pq.read_table(clips, columns=["n_frames"]).column(0).to_numpy().astype(np.int64)
    dropped = [Dropped(**entry) for entry in head["dropped"]]
    return (
        all(isinstance(word, str) for entry in dropped for word in astuple(entry))
        and type(head["fps"]) in (int, float)
        and 0 < head["fps"] < math.inf
        and bool((lengths > 0).all())
        and bool((lengths <= head["frames"]).all())  # so that no sum runs over
        and int(lengths.sum()) == head["frames"]
    )


def _remove(place: Path) -> None:
    """Remove a folder, or a link or file that stands in its place."""
    if place.is_symlink() or place.is_file():
        place.unlink()
    shutil.rmtree(place, ignore_errors=True)


def _read_head(place: Path) -> dict[str, Any]:
    """`cache.json`.

    Raises:
        FormatError: It is not there, or the other files are not as long as it says.
    """
    try:
        head = json.loads((place / HEAD).read_bytes())
        sizes = {FRAMES: head["frames"] * SKELETON.count * 12, OBSERVED: head["frames"] * SKELETON.count}
        whole = all((place / name).stat().st_size == size for name, size in sizes.items())
        known = (
            head["format"] == FORMAT
            and head["version"] == VERSION
            and pq.read_metadata(place / CLIPS).num_rows == head["clips"]
            and _is_sound(head, place / CLIPS)
        )
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise FormatError(f"{place}: not a whole cache ({error}); delete the folder and it is written anew") from error
    if not (whole and known):
        raise FormatError(f"{place}: not a whole cache; delete the folder and it is written anew")
    return dict(head)
