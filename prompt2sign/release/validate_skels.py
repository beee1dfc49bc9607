"""The checks on the skels of a release: as many lines everywhere, and the clips of the shards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..errors import FormatError
from ..formats.skels import read_lines

ENDINGS = ("skels", "text", "gloss", "files", "prompt")
_BLOCK = 1 << 20


def skels_faults(root: Path, splits: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """What is wrong under `skels/`: (file, what). The numbers in it are guarded by their sha256.

    Args:
        root: The release.
        splits: Ids of the clips of each split, as the shards hold them.
    """
    for folder in sorted(path for path in root.glob("skels/*") if path.is_dir()):
        found = {path.stem for path in folder.iterdir() if path.suffix.removeprefix(".") in ENDINGS}
        for split in sorted(found | splits.keys()):
            yield from _split_faults(folder / split, root, splits.get(split, set()))


def _split_faults(base: Path, root: Path, ids: set[str]) -> Iterator[tuple[str, str]]:
    files = {ending: base.with_name(f"{base.name}.{ending}") for ending in ENDINGS}
    name = {ending: path.relative_to(root).as_posix() for ending, path in files.items()}
    for ending, why in (("skels", "text without motion"), ("text", "motion without text"), ("files", "no ids")):
        if not files[ending].is_file():
            yield name[ending], f"missing: {why}"
    for ending, path in files.items():
        if path.is_file() and (lines := count_lines(path)) != len(ids):
            yield name[ending], f"{lines} lines for {len(ids)} clips of {base.name} in the shards"
    if files["files"].is_file():
        try:
            listed = set(read_lines(files["files"]))
        except FormatError as error:
            yield name["files"], str(error)
            return
        if strange := sorted(listed ^ ids):
            yield name["files"], f"its ids are not those of the shards: {', '.join(map(repr, strange[:3]))}"


def count_lines(path: Path) -> int:
    """Line feeds in a file; a cut-off last line does not count."""
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))
