"""What a cache of some releases would hold, told from their cheap columns: no pose is decoded here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..errors import UsageError
from ..formats.shard_read import Shard
from ..formats.shard_schema import SHARD_SCHEMA, VALUES_PER_FRAME
from ..formats.skels import CONVENTIONS
from ..languages import LANGUAGES
from ..records import SPLITS
from ..skeleton import SKELETON
from .files import find_shards, shard_paths
from .resample import is_same_rate, resampled_length

#: Of a cache: float32 coordinates, and a byte for each joint's `observed`.
BYTES_PER_FRAME = 4 * VALUES_PER_FRAME + SKELETON.count
_COLUMNS = ("clip_id", "lang", "corpus", "text", "split", "fps", "n_frames")
_CODES = tuple(language.code for language in LANGUAGES)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which clips a cache takes, and at which rate.

    Attributes:
        fps: Frames per second all motion is resampled to; None keeps that of the releases.
        min_frames: Shorter clips are left out; counted after resampling.
        max_frames: Longer clips are left out; counted after resampling.
    """

    fps: float | None = None
    min_frames: int = 2
    max_frames: int = 1_000


@dataclass(frozen=True, slots=True)
class Dropped:
    """A clip that was left out.

    Attributes:
        release: The release it lies in.
        clip_id: Its id.
        reason: A short slug to count by: `too-short`, `too-long`, `bad-rate`, `bad-language`, `bad-split`, `no-text`,
            `no-scale`, `beyond-reach`.
        message: The same for people.
    """

    release: str
    clip_id: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What a cache would hold.

    Attributes:
        n_clips: Clips.
        n_frames: Frames, after resampling.
        n_bytes: Bytes on disk of the motion; texts come on top.
    """

    n_clips: int
    n_frames: int
    n_bytes: int


@dataclass(frozen=True)
class SurveyedShard:
    """One shard and which of its clips are wanted.

    Attributes:
        release: The release it belongs to.
        shard: The shard.
        fps: (n,) float64 frames per second of each clip.
        lengths: (n,) int64 frames of each clip after resampling.
        kept: (n,) bool, False for clips that are left out.
        dropped: Those.
    """

    release: str
    shard: Shard
    fps: NDArray[np.float64]
    lengths: NDArray[np.int64]
    kept: NDArray[np.bool_]
    dropped: tuple[Dropped, ...]


@dataclass(frozen=True)
class Survey:
    """All shards of all releases, in order."""

    shards: tuple[SurveyedShard, ...]

    @property
    def fps(self) -> float:
        """Frames per second of the kept clips; they agree unless they are to be resampled."""
        return float(next(part.fps[part.kept][0] for part in self.shards if part.kept.any()))

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """The clips that are left out."""
        return tuple(dropped for part in self.shards for dropped in part.dropped)

    @property
    def cost(self) -> Cost:
        """What is kept."""
        n_frames = sum(int(part.lengths[part.kept].sum()) for part in self.shards)
        return Cost(sum(int(part.kept.sum()) for part in self.shards), n_frames, n_frames * BYTES_PER_FRAME)


def cost(
    releases: Sequence[str | Path], *, fps: float | None = None, min_frames: int = 2, max_frames: int = 1_000
) -> Cost:
    """What `open_cache` with the same arguments would write; errors are its own."""
    return survey(open_shards(releases), Wanted(fps, min_frames, max_frames)).cost


def open_shards(releases: Sequence[str | Path]) -> list[tuple[str, Shard]]:
    """Release and shard of every shard, in order; only footers are read.

    Raises:
        UsageError: No release is named, one is not there or is a folder of releases, or its motion cannot be turned
            into shoulder widths.
        FormatError: A shard is damaged, of another skeleton or of a newer version.
    """
    if not releases:
        raise UsageError("no release is named; give at least one folder that `prompt2sign build` made")
    for path in releases:
        _refuse_several(Path(path))
    shards = [(str(path), shard) for path in releases for shard in find_shards(Path(path))]
    for _, shard in shards:
        if shard.info.unit != "shoulder_width" and shard.info.convention not in CONVENTIONS:
            raise UsageError(
                f"{shard.path}: its motion is in a unit of its own (convention {shard.info.convention!r}), and only "
                f"{', '.join(CONVENTIONS)} can be turned into shoulder widths; import the skels again with --convention"
            )
    return shards


def _refuse_several(folder: Path) -> None:
    """Refuse a folder that is no release but holds some, by naming them."""
    if not folder.is_dir() or shard_paths(folder):
        return
    inside = [path for path in sorted(folder.iterdir()) if path.is_dir() and shard_paths(path)]
    if inside:
        raise UsageError(f"{folder}: holds releases and is none itself; name them: {' '.join(map(str, inside))}")


def survey(shards: Sequence[tuple[str, Shard]], wanted: Wanted) -> Survey:
    """Look through the clips.

    Raises:
        UsageError: There is no clip, or none is left, a clip stands in two releases, or rates differ and none is asked
            for.
    """
    _check_wanted(wanted)
    seen: dict[bytes, str] = {}
    found = Survey(tuple(_survey_shard(release, shard, wanted, seen) for release, shard in shards))
    _check_something_is_left(found, shards)
    if wanted.fps is None:
        _check_rates(found)
    return found


def _refuse_twice(seen: dict[bytes, str], release: str, clip: Sequence[str]) -> None:
    """Refuse the same clip twice: it would be learned twice, or be learned and tested.

    Corpora name their clips as they like, so an id alone says little: `clip_001` of two corpora, of two languages or
    with two texts are different clips.
    """
    key = hashlib.blake2b("\0".join(clip).encode(), digest_size=16).digest()
    if key in seen:
        other = seen[key]
        where = f"twice in {release}" if other == release else f"in {other} and in {release}"
        raise UsageError(
            f"clip {clip[0]!r} ({clip[1]}, corpus {clip[2]}, the same text) stands {where}; "
            "name each release once, and of two builds of the same clips only one"
        )
    seen[key] = release


def _survey_shard(release: str, shard: Shard, wanted: Wanted, seen: dict[bytes, str]) -> SurveyedShard:
    empty = pa.schema([SHARD_SCHEMA.field(name) for name in _COLUMNS]).empty_table()
    table = pa.concat_tables([empty, *shard.tables(_COLUMNS)], promote_options="default")
    names = [table.column(name).to_pylist() for name in ("clip_id", "lang", "corpus", "text")]
    for clip in zip(*names, strict=True):
        _refuse_twice(seen, release, clip)
    fps = table.column("fps").to_numpy().astype(np.float64)
    lengths = resampled_length(table.column("n_frames").to_numpy().astype(np.int64), fps, wanted.fps)
    _, langs, _, texts = names
    reasons = {
        "bad-language": np.array([lang not in _CODES for lang in langs], np.bool_),
        "bad-split": np.array([split not in SPLITS for split in table.column("split").to_pylist()], np.bool_),
        "no-text": np.array([not (text or "").strip() for text in texts], np.bool_),
        "bad-rate": ~(np.isfinite(fps) & (fps > 0)),
        "too-short": lengths < wanted.min_frames,
        "too-long": lengths > wanted.max_frames,
    }
    kept = ~np.any(list(reasons.values()), axis=0)
    dropped = [
        _dropped(
            release, names[0][row], next(slug for slug, hits in reasons.items() if hits[row]), lengths[row], wanted
        )
        for row in np.flatnonzero(~kept)
    ]
    return SurveyedShard(release, shard, fps, lengths, kept, tuple(dropped))


def _dropped(release: str, clip_id: str, reason: str, length: int, wanted: Wanted) -> Dropped:
    why = {
        "bad-language": f"its sign language is none of {', '.join(_CODES)}",
        "bad-split": f"its split is none of {', '.join(SPLITS)}",
        "no-text": "its text is empty",
        "bad-rate": "its frames per second are no rate",
        "too-short": f"{length} frames, data.min_frames is {wanted.min_frames}",
        "too-long": f"{length} frames, data.max_frames is {wanted.max_frames}",
    }
    return Dropped(release, clip_id, reason, f"{release}: clip {clip_id!r}: {why[reason]}")


def _check_wanted(wanted: Wanted) -> None:
    if wanted.fps is not None and not (np.isfinite(wanted.fps) and wanted.fps > 0):
        raise UsageError(f"{wanted.fps} frames per second is no rate; set data.fps to a positive number")
    if not 1 <= wanted.min_frames <= wanted.max_frames:
        raise UsageError(
            f"no clip has at least {wanted.min_frames} and at most {wanted.max_frames} frames; "
            "raise data.max_frames or lower data.min_frames"
        )


def _check_something_is_left(found: Survey, shards: Sequence[tuple[str, Shard]]) -> None:
    for release in dict.fromkeys(release for release, _ in shards):
        if not sum(shard.n_clips for name, shard in shards if name == release):
            raise UsageError(f"{release}: the release holds no clip; leave it out, or build it again")
    if not found.cost.n_clips:
        raise UsageError(f"no clip is left of {len(found.dropped)}: {summary(found.dropped)}")


def summary(dropped: Sequence[Dropped]) -> str:
    """How many clips were left out for which reason, with an example of each."""
    first = {entry.reason: entry for entry in reversed(dropped)}
    counts = {reason: sum(entry.reason == reason for entry in dropped) for reason in sorted(first)}
    return "; ".join(f"{count} {reason} (as {first[reason].message})" for reason, count in counts.items())


def _check_rates(found: Survey) -> None:
    fps = found.fps
    for part in found.shards:
        for other in part.fps[part.kept & ~is_same_rate(part.fps, fps)]:
            raise UsageError(
                f"the motion has different rates: {fps:g} frames per second in {found.shards[0].release}, "
                f"{other:g} in {part.release}; `--set data.fps={fps:g}` (of `open_cache`: fps) resamples all to one"
            )


def listed_tables(part: SurveyedShard, columns: Sequence[str]) -> Iterator[tuple[pa.Table, NDArray[np.int64]]]:
    """The row groups of a shard, wanted clips alone, with the place of each clip in the shard."""
    start = 0
    for table in part.shard.tables(columns):
        rows = np.arange(start, start + table.num_rows)
        start += table.num_rows
        kept = part.kept[rows]
        yield (table if kept.all() else table.filter(pa.array(kept))), rows[kept]
