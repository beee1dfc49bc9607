"""Skels and their parallel text files -> shards."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..errors import FormatError, UsageError
from ..formats.layout import Layout
from ..formats.motion import Motion
from ..formats.shards import Licence, Provenance, ShardRow, ShardSetWriter, Source, imported
from ..formats.skels import Convention, get_convention, read_lines, read_skels
from ..formats.skels_convert import observed_in
from ..languages import Language, get_language, normalise_text
from ..records import SPLITS, Clip


def import_skels(
    prefix: Path,
    language: str,
    convention: str,
    data: Path,
    *,
    corpus: str = "skels",
    fps: float | None = None,
    licence: Licence | None = None,
    layout: Layout = "frame-major",
) -> int:
    """Write the shards of skels files; they keep the numbers of the source to the last digit.

    Args:
        prefix: Path of one split without its ending (`.../dev` for `dev.skels`), or a folder with train, dev, test.
        language: Prompt2Sign code.
        convention: `progressive` or `prompt2sign`.
        data: Folder the shards go to, the `data/` of a release.
        corpus: Name of the corpus.
        fps: Frames per second, which skels do not say; left out, that of the data published in the convention.
        licence: Terms of the data.
        layout: How the numbers of a pose lie in the shards (`formats.layout`).

    Returns:
        Number of clips.

    Raises:
        UsageError: Nothing is found at `prefix`.
        FormatError: A file is malformed, the parallel files differ in length, or an id stands twice.
    """
    n_clips = 0
    with ShardSetWriter(data, imported(get_convention(convention).name, layout)) as shards:
        for row in skels_rows(prefix, language, convention, corpus=corpus, fps=fps, licence=licence):
            shards.add(row)
            n_clips += 1
    return n_clips


def skels_rows(
    prefix: Path,
    language: str,
    convention: str,
    *,
    corpus: str = "skels",
    fps: float | None = None,
    licence: Licence | None = None,
) -> Iterator[ShardRow]:
    """Stream the clips of skels files as shard rows; arguments and errors are those of `import_skels`."""
    rule, spoken = get_convention(convention), get_language(language)
    rate = rule.fps if fps is None else fps
    if not (np.isfinite(rate) and rate > 0):
        raise UsageError(f"{rate} frames per second is no rate; give a positive number")
    seen: dict[str, Path] = {}
    for split, base in find_splits(prefix):
        for number, (xyz, words) in enumerate(_parallel(base, rule), 1):
            clip = _clip(words, split, spoken, corpus, number)
            if clip.clip_id in seen:
                raise FormatError(
                    f"{base}.files, line {number}: the id {clip.clip_id!r} was used before, in "
                    f"{seen[clip.clip_id]}.files; ids must differ, rename one"
                )
            seen[clip.clip_id] = base
            yield ShardRow(
                clip=clip,
                motion=_motion(xyz, rule, rate),
                prompts=(words["prompt"],) if words["prompt"] else (),
                source=Source(video=clip.video),
                provenance=Provenance(lifter=f"skels {rule.name}", tool=f"prompt2sign {__version__}"),
                licence=licence or Licence(),
            )


def find_splits(prefix: Path) -> list[tuple[str, Path]]:
    """The splits at `prefix`: (name, path without ending) in the order train, dev, test.

    Raises:
        UsageError: There is none.
    """
    if prefix.is_dir():
        found = [(split, prefix / split) for split in SPLITS if _file(prefix / split, "skels").is_file()]
    else:
        base = prefix.with_suffix("") if prefix.suffix == ".skels" else prefix
        split = base.name if base.name in SPLITS else "train"
        found = [(split, base)] if _file(base, "skels").is_file() else []
    if not found:
        raise UsageError(
            f"{prefix}: no skels here; give a folder that holds train.skels, dev.skels or test.skels, or the path of "
            "one of them without its ending"
        )
    return found


def _file(base: Path, ending: str) -> Path:
    return base.with_name(f"{base.name}.{ending}")


def _parallel(base: Path, convention: Convention) -> Iterator[tuple[NDArray[np.float32], dict[str, str]]]:
    """Motion and words of every clip; only `.text` must be there."""
    if not _file(base, "text").is_file():
        raise UsageError(f"{_file(base, 'text')}: the sentences of {base.name}.skels are missing")
    endings = [ending for ending in ("text", "gloss", "files", "prompt") if _file(base, ending).is_file()]
    lines = (read_lines(_file(base, ending)) for ending in endings)
    rows: Iterator[tuple[Any, ...]] = zip_longest(read_skels(_file(base, "skels"), convention.name), *lines)
    for number, row in enumerate(rows, 1):
        for ending, value in zip(["skels", *endings], row, strict=True):
            if value is None:
                raise FormatError(
                    f"{_file(base, ending)}: ends after line {number - 1}, but other files of {base.name}.* go on; "
                    "line N of each must belong to clip N"
                )
        yield row[0], {"gloss": "", "files": "", "prompt": "", **dict(zip(endings, row[1:], strict=True))}


def _clip(words: dict[str, str], split: str, language: Language, corpus: str, number: int) -> Clip:
    name = words["files"].strip()
    return Clip(
        clip_id=name or f"{split}/{number:06d}",
        language=language.code,
        corpus=corpus,
        split=split,
        text=normalise_text(words["text"], language),
        text_raw=words["text"],
        gloss=words["gloss"],
        video=name,
    )


def _motion(xyz: NDArray[np.float32], convention: Convention, fps: float) -> Motion:
    return Motion(
        xyz=xyz,
        observed=observed_in(xyz, convention.name),
        fps=fps,
        scale_px=0.0,
        lifter=f"skels {convention.name}",
    )
