"""Is a release what it says? Every check here is one a reader or a trainer would trip over later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import FormatError, UsageError
from ..formats.shard_read import open_shard
from ..loaders.files import MANIFEST, listed_files, read_manifest, shard_paths
from ..pipeline.stage import file_sha256
from .validate_rows import row_faults
from .validate_skels import skels_faults


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        file: Path inside the release.
        clip: The clip, empty where it is the file.
        what: What is wrong.
    """

    file: str
    clip: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}: clip {self.clip!r}: {self.what}" if self.clip else f"{self.file}: {self.what}"


def validate_release(path: Path) -> list[Fault]:
    """Check a release folder, a bare folder of shards, or one shard; one row group in memory at a time.

    Checked are: `release.json` and the size and sha256 of every file, files it does not list; schema and version of
    every shard; ids, text, splits, rates and numbers of every clip, the length of its arrays, its neck at the origin
    and its constant bone lengths; clips that stand twice; the lines of the skels, and their ids against the shards.

    Returns:
        What is wrong, empty where nothing is.

    Raises:
        UsageError: There is nothing at `path`.
    """
    if not path.exists():
        raise UsageError(f"{path}: there is no such release")
    return list(_faults(path))


def _faults(path: Path) -> Iterator[Fault]:
    root = path.parent if path.is_file() else path
    shards = [path] if path.is_file() else shard_paths(path)
    if path.is_dir():
        yield from _manifest_faults(root)
    if not shards:
        yield Fault(".", "", "there is no shard (data/*.parquet)")
    ids: dict[str, str] = {}
    splits: dict[str, set[str]] = {}
    for shard in shards:
        yield from _shard_faults(shard, root, ids, splits)
    if path.is_dir():
        yield from _count_faults(root, splits)
        yield from (Fault(file, "", what) for file, what in skels_faults(root, splits))


def _count_faults(root: Path, splits: dict[str, set[str]]) -> Iterator[Fault]:
    """Does the manifest count the clips that are there?"""
    with suppress(FormatError, AttributeError, TypeError):
        said = (read_manifest(root) or {}).get("counts", {}).get("splits")
        there = {split: len(clip_ids) for split, clip_ids in splits.items()}
        if said is not None and {split: n["clips"] for split, n in said.items()} != there:
            yield Fault(MANIFEST, "", f"its counts are not those of the shards, which hold {there}")


def _manifest_faults(root: Path) -> Iterator[Fault]:
    try:
        manifest = read_manifest(root)
        if manifest is None:
            if (root / "data").is_dir() and (root / "README.md").is_file():
                yield Fault(MANIFEST, "", "is missing: nothing could be checked against checksums")
            return
        entries = {entry["path"]: entry for entry in listed_files(root, manifest)}
    except FormatError as error:
        yield Fault(MANIFEST, "", str(error))
        return
    for name, entry in entries.items():
        file = root / name
        if not file.is_file():
            yield Fault(name, "", f"listed in {MANIFEST} but missing")
        elif file.stat().st_size != entry.get("bytes"):
            yield Fault(name, "", f"{file.stat().st_size} bytes, {MANIFEST} says {entry.get('bytes')}")
        elif file_sha256(file) != entry.get("sha256"):
            yield Fault(name, "", f"its content is not that of the sha256 in {MANIFEST}")
    there = {file.relative_to(root).as_posix() for file in root.rglob("*") if not file.is_dir()}
    for name in sorted(there - entries.keys() - {MANIFEST}):
        yield Fault(name, "", f"not listed in {MANIFEST}")


def _shard_faults(path: Path, root: Path, ids: dict[str, str], splits: dict[str, set[str]]) -> Iterator[Fault]:
    name = path.relative_to(root).as_posix()
    release = root if path.parent != root else None
    try:
        shard = open_shard(path)
        for table in shard.tables():
            for row, what in row_faults(table, shard, release):
                yield Fault(name, row, what)
            for clip_id, split in zip(*(table.column(c).to_pylist() for c in ("clip_id", "split")), strict=True):
                if clip_id in ids:
                    yield Fault(name, clip_id, f"its id stands twice, also in {ids[clip_id]}")
                ids[clip_id] = name
                splits.setdefault(split, set()).add(clip_id)
    except FormatError as error:
        yield Fault(name, "", str(error).removeprefix(f"{path}: "))
