"""Which files make a release."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import FormatError, UsageError
from ..formats.shard_read import Shard, open_shard
from ..records import SPLITS

MANIFEST = "release.json"
FORMAT = "prompt2sign-release"
VERSION = 1


def find_shards(path: Path) -> list[Shard]:
    """Open the shards of a release folder, of a bare folder of shards, or one shard; train, dev, test, then by name.

    Raises:
        UsageError: There is no such path, or no shard under it.
        FormatError: A shard cannot be opened, or a file that `release.json` names is missing.
    """
    if not path.exists():
        raise UsageError(f"{path}: there is no such release")
    if path.is_file():
        return [open_shard(path)]
    _check_listed(path)
    paths = shard_paths(path)
    if not paths:
        raise UsageError(
            f"{path}: not a release: neither it nor its folder data/ holds a shard (*.parquet); "
            "`prompt2sign build` makes one"
        )
    return [open_shard(shard) for shard in paths]


def shard_paths(folder: Path) -> list[Path]:
    """The shards of a release folder (`data/*.parquet`) or of a bare folder, in the order of a release."""
    inside = folder / "data" if (folder / "data").is_dir() else folder
    paths = [
        path for path in inside.glob("*.parquet") if path.name != "rejected.parquet" and not path.name.startswith(".")
    ]
    return sorted(paths, key=lambda path: (_rank(path), path.name))


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """`release.json` of a release, None where there is none.

    Raises:
        FormatError: It is not JSON, not that of a release, or of a newer version.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        manifest = json.loads(path.read_bytes())
        version, known = manifest["version"], manifest["format"] == FORMAT
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FormatError(f"{path}: not the {MANIFEST} of a release ({error}); build it again") from error
    if not known or not isinstance(version, int):
        raise FormatError(f"{path}: not the {MANIFEST} of a release; expected format {FORMAT!r}")
    if version > VERSION:
        raise FormatError(
            f"{path}: a release of version {version}, this prompt2sign reads up to {VERSION}; "
            "update it with `pip install -U prompt2sign`"
        )
    return dict(manifest)


def listed_files(folder: Path, manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries of `files` in a manifest.

    Raises:
        FormatError: An entry is malformed, or its path leaves the release.
    """
    entries = manifest.get("files")
    if not isinstance(entries, list):
        raise FormatError(f"{folder / MANIFEST}: `files` is not a list; build the release again")
    for entry in entries:
        name = entry.get("path") if isinstance(entry, dict) else None
        if not isinstance(name, str) or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise FormatError(f"{folder / MANIFEST}: {entry!r} names no file inside the release")
    return entries


def _check_listed(folder: Path) -> None:
    manifest = read_manifest(folder)
    if manifest is None:
        return
    names = [entry["path"] for entry in listed_files(folder, manifest)]
    missing = [name for name in names if name.endswith(".parquet") and not (folder / name).is_file()]
    if missing:
        raise FormatError(
            f"{folder}: {', '.join(missing[:5])} {'is' if len(missing) == 1 else 'are'} listed in {MANIFEST} but not "
            "there; fetch the release again"
        )


def _rank(path: Path) -> int:
    split = path.name.split("-")[0]
    return SPLITS.index(split) if split in SPLITS else len(SPLITS)
