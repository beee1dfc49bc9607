"""RWTH-PHOENIX-Weather 2014 T: German weather forecasts in German Sign Language, as pictures at 25 fps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..acquire.wanted import RemoteArchive, RemoteFile, Wanted
from ..annotations.names import clean_path
from ..annotations.table import BadRow, Row, open_table
from ..errors import ClipRejected, UsageError
from ..records import Clip, Rejection
from .asked import refuse_keypoints, variant_of
from .base import CorpusFacts, Plan, Source
from .files import existing, is_own, require_language, require_root
from .rows import read_text
from .splits import assign_splits
from .survey import survey, unique_ids

_SPLITS = ("train", "dev", "test")
_N_CLIPS = 7_096 + 519 + 642
_ANNOTATIONS = Path("annotations", "manual")
_FRAMES = Path("features", "fullFrame-210x260px")
#: From the folder that holds the archive to the folder that holds `annotations`.
_WAY_DOWN = ("PHOENIX-2014-T-release-v3", "PHOENIX-2014-T")
#: Where a fetched archive is unpacked, in the folder of the corpus.
_INTO = "phoenix-2014-T.v3"
#: A server may send the gzipped tar, or one that it or a proxy has unzipped on the way: either size is right. The one
#: checksum that was ever published belongs to the tar as it is without gzip (its size is whole tar blocks).
_ARCHIVE = RemoteFile(
    path="phoenix-2014-T.v3.tar.gz",
    url="https://www-i6.informatik.rwth-aachen.de/ftp/pub/rwth-phoenix/2016/phoenix-2014-T.v3.tar.gz",
    sizes=(41_699_758_035, 43_246_233_600),
    unzipped_sha256="eb1e6b3d36611c43e6602ff436a4eb2c8c837c64b4db96016c205b81d549ae70",
    broken_chain=True,
)
FACTS = CorpusFacts(
    name="phoenix14t",
    title="RWTH-PHOENIX-Weather 2014 T (release v3)",
    languages=("GSL",),
    unit="sentence",
    licence="CC-BY-NC-SA-3.0",
    access="open",
    access_rule=(
        f"Comes by itself from {_ARCHIVE.url} (41.7 GB and as much again to unpack; no form, non-commercial use only)."
    ),
    redistribute_motion=True,
    redistribute_video=False,
    download_bytes=_ARCHIVE.sizes[0],
    home="https://www-i6.informatik.rwth-aachen.de/~koller/RWTH-PHOENIX-2014-T/",
    citation="Camgöz, Hadfield, Koller, Ney, Bowden: Neural Sign Language Translation. CVPR 2018.",
    layout=(
        "the published tar.gz, or its unpacked folder with PHOENIX-2014-T/annotations/manual/*.corpus.csv and "
        "PHOENIX-2014-T/features/fullFrame-210x260px/SPLIT/NAME/images*.png"
    ),
    numbers="8,257 sentences (train 7,096, dev 519, test 642), 10.7 h, 9 signers; pictures of 210x260 pixels at 25 fps",
    steps=(
        "The server sends an incomplete certificate chain, so what comes is trusted by its checksum alone. It is "
        "sometimes down for days: start the build again later, or fetch the archive in a browser and give it with "
        "--from.",
    ),
    keypoints="None are published with it.",
    unknown=(
        "The SHA-256 of the gzipped archive; the one that was published fits the archive without its gzip wrapping, "
        "which is what is compared.",
        "What the marks in the train set's second annotation mean in full (`__ON__`, `loc-`, `-PLUSPLUS`); they stay "
        "as published, and are used only where the plain glosses are not there.",
    ),
)


class Phoenix14TCorpus:
    """Clips in the order train, dev, test and, in each, of the annotation file."""

    @property
    def facts(self) -> CorpusFacts:
        """What is known before anything is read."""
        return FACTS

    def wanted(self, source: Source) -> Sequence[Wanted]:
        """The one archive."""
        variant_of(source, FACTS)
        return (RemoteArchive((_ARCHIVE,), into=_INTO, unpacked_bytes=_ARCHIVE.sizes[1]),)

    def plan(self, source: Source) -> Plan:
        """Count the clips; of an archive not yet unpacked, say the published number."""
        require_language(source, FACTS)
        refuse_keypoints(source, FACTS)
        if source.root is not None and source.root.is_file() and not _unpacked(source.root, source).is_dir():
            return Plan(
                _N_CLIPS,
                source.root.stat().st_size,
                notes=("The archive is unpacked first, into the work folder; that takes about its size again.",),
            )
        plan = survey(lambda: self.clips(source), source)
        return plan if plan.missing else replace(plan, notes=(*_notes(_tables(source)), *plan.notes))

    def clips(self, source: Source) -> Iterator[Clip | Rejection]:
        """Stream the clips of every split that is there.

        Raises:
            MissingError: No folder was given.
            UsageError: The folder holds no annotation file.
        """
        refuse_keypoints(source, FACTS)
        return assign_splits(lambda: self._entries(source), source.splits, published=True)

    def _entries(self, source: Source) -> Iterator[Clip | Rejection]:
        home, tables = _home(source), _tables(source)
        yield from unique_ids(
            entry for split, path in tables.items() for entry in _table_entries(path, home / _FRAMES / split, source)
        )


def _home(source: Source) -> Path:
    """The folder with `annotations` and `features`: above, at or below where the user points, or in the archive."""
    root = require_root(source, FACTS)
    if root.is_file():
        root = _unpack(root, source)
    below = [place for top in (root, root / _INTO) for place in (top, top / _WAY_DOWN[1], top.joinpath(*_WAY_DOWN))]
    for home in (*below, *list(root.parents)[:3]):
        if any(_annotation(home, split) for split in _SPLITS) or (source.text and (home / _FRAMES).is_dir()):
            return home
    raise UsageError(f"{root}: no {_ANNOTATIONS}/PHOENIX-2014-T.SPLIT.corpus.csv in it. Expected is {FACTS.layout}")


def _tables(source: Source) -> dict[str, Path]:
    """The table of each split, in the order of the splits; one given with `--text` goes before the corpus' own."""
    home = _home(source)
    found = {split: path for split in _SPLITS if (path := _annotation(home, split))}
    if source.text is not None:
        path = existing(source.text, FACTS)
        found[_named_split(path)] = path
    return {split: found[split] for split in _SPLITS if split in found}


def _named_split(table: Path) -> str:
    named = [split for split in _SPLITS if re.search(rf"(?<![a-z]){split}(?![a-z])", table.name.lower())]
    if len(named) != 1:
        raise UsageError(f"{table}: its name must say its split: one of {', '.join(_SPLITS)}")
    return named[0]


def _annotation(home: Path, split: str) -> Path | None:
    """A split's annotation file; `train` may be there with the complex glosses only."""
    names = [f"PHOENIX-2014-T.{split}.corpus.csv"]
    if split == "train":
        names.append("PHOENIX-2014-T.train-complex-annotation.corpus.csv")
    paths = [home / _ANNOTATIONS / name for name in names]
    return next((path for path in paths if is_own(home, path)), None)


def _unpacked(archive: Path, source: Source) -> Path:
    """Where an archive is unpacked to; its size in the name tells a new archive from an old one."""
    return source.scratch.absolute() / f"phoenix14t-{archive.stat().st_size}"


def _unpack(archive: Path, source: Source) -> Path:
    from ..formats.archive import extract

    return extract(archive, _unpacked(archive, source))


def _notes(tables: Mapping[str, Path]) -> tuple[str, ...]:
    absent = [split for split in _SPLITS if split not in tables]
    return (f"No annotation file for {' and '.join(absent)}: only the other splits are built.",) if absent else ()


def _table_entries(path: Path, frames: Path, source: Source) -> Iterator[Clip | Rejection]:
    table = open_table(path, source.columns, needs=(("name",), ("text",)), quoted=False)
    for row in table.rows():
        place = f"{path.name}, line {row.line}"
        if isinstance(row, BadRow):
            yield Rejection(place, "bad-row", f"{place}: {row.message}")
            continue
        try:
            yield _clip(row, frames, source)
        except ClipRejected as rejected:
            yield Rejection(row.get("name") or place, rejected.reason, f"{place}: {rejected}")


def _clip(row: Row, frames: Path, source: Source) -> Clip:
    name = row.get("name")
    return Clip(
        clip_id=name,
        language=source.language.code,
        corpus=FACTS.name,
        split=frames.name,
        unit=FACTS.unit,
        **read_text(row.cells.get("text", ""), source.language),
        media=_picture_folder(frames, name),
        fps=25.0,
        width=210,
        height=260,
        signer=row.get("signer"),
        gloss=row.get("gloss"),
        video=name,
    )


def _picture_folder(frames: Path, name: str) -> Path:
    """The folder with a sentence's pictures.

    The annotation's column `video` says `NAME/1/*.png`, but the published pictures lie in `NAME/`; some copies of the
    corpus were moved to match the column.
    """
    if "/" in clean_path(name) or clean_path(name) == ".":
        raise ClipRejected("unsafe-path", f"{name!r} is no name of a folder")
    for folder in (frames / name, frames / name / "1"):
        if folder.is_dir() and next(folder.glob("images*.png"), None):
            return folder
    raise ClipRejected("frames-missing", f"no images*.png in {frames / name}")
