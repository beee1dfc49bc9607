"""RWTH-PHOENIX-Weather 2014 T: German weather forecasts in German Sign Language, as pictures at 25 fps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..errors import ClipRejected, UsageError
from ..records import Clip, Rejection
from .base import CorpusFacts, Plan, Source
from .files import require_language, require_root
from .names import clean_path
from .rows import read_text
from .survey import survey, unique_ids
from .table import BadRow, Row, open_table

_SPLITS = ("train", "dev", "test")
_N_CLIPS = 7_096 + 519 + 642
_ANNOTATIONS = Path("annotations", "manual")
_FRAMES = Path("features", "fullFrame-210x260px")
#: From the folder that holds the archive to the folder that holds `annotations`.
_WAY_DOWN = ("PHOENIX-2014-T-release-v3", "PHOENIX-2014-T")
FACTS = CorpusFacts(
    name="phoenix14t",
    title="RWTH-PHOENIX-Weather 2014 T (release v3)",
    languages=("GSL",),
    unit="sentence",
    licence="CC-BY-NC-SA-3.0",
    access="open",
    access_rule=(
        "Download https://www-i6.informatik.rwth-aachen.de/ftp/pub/rwth-phoenix/2016/phoenix-2014-T.v3.tar.gz "
        "(41.7 GB, no form, non-commercial use only)."
    ),
    redistribute_motion=True,
    redistribute_video=False,
    download_bytes=41_699_758_035,
    home="https://www-i6.informatik.rwth-aachen.de/~koller/RWTH-PHOENIX-2014-T/",
    citation="Camgöz, Hadfield, Koller, Ney, Bowden: Neural Sign Language Translation. CVPR 2018.",
    layout=(
        "the published tar.gz, or its unpacked folder with PHOENIX-2014-T/annotations/manual/*.corpus.csv and "
        "PHOENIX-2014-T/features/fullFrame-210x260px/SPLIT/NAME/images*.png"
    ),
)


class Phoenix14TCorpus:
    """Clips in the order train, dev, test and, in each, of the annotation file."""

    @property
    def facts(self) -> CorpusFacts:
        """What is known before anything is read."""
        return FACTS

    def plan(self, source: Source) -> Plan:
        """Count the clips; of an archive not yet unpacked, say the published number."""
        require_language(source, FACTS)
        if source.root is not None and source.root.is_file() and not _unpacked(source.root, source).is_dir():
            return Plan(
                _N_CLIPS,
                source.root.stat().st_size,
                notes=("The archive is unpacked first, into the work folder; that takes about its size again.",),
            )
        plan = survey(lambda: self.clips(source))
        return plan if plan.missing else replace(plan, notes=(*_notes(_home(source)), *plan.notes))

    def clips(self, source: Source) -> Iterator[Clip | Rejection]:
        """Stream the clips of every split that is there.

        Raises:
            MissingError: No folder was given.
            UsageError: The folder holds no annotation file.
        """
        home = _home(source)
        yield from unique_ids(entry for split in _SPLITS for entry in _split_entries(home, split, source))


def _home(source: Source) -> Path:
    """The folder with `annotations`, whether the user points above it, at it, below it, or at the archive."""
    root = require_root(source, FACTS)
    if root.is_file():
        root = _unpack(root, source)
    below = [root, root / _WAY_DOWN[1], root.joinpath(*_WAY_DOWN)]
    for home in (*below, *list(root.parents)[:3]):
        if any(_annotations(home, split) for split in _SPLITS):
            return home
    raise UsageError(f"{root}: no {_ANNOTATIONS}/PHOENIX-2014-T.SPLIT.corpus.csv in it. Expected is {FACTS.layout}")


def _annotations(home: Path, split: str) -> Path | None:
    """A split's annotation file; `train` may be there with the complex glosses only."""
    names = [f"PHOENIX-2014-T.{split}.corpus.csv"]
    if split == "train":
        names.append("PHOENIX-2014-T.train-complex-annotation.corpus.csv")
    paths = [home / _ANNOTATIONS / name for name in names]
    return next((path for path in paths if path.is_file()), None)


def _unpacked(archive: Path, source: Source) -> Path:
    """Where an archive is unpacked to; its size in the name tells a new archive from an old one."""
    return source.scratch.absolute() / f"phoenix14t-{archive.stat().st_size}"


def _unpack(archive: Path, source: Source) -> Path:
    from ..formats.archive import extract

    return extract(archive, _unpacked(archive, source))


def _notes(home: Path) -> tuple[str, ...]:
    absent = [split for split in _SPLITS if _annotations(home, split) is None]
    return (f"No annotation file for {' and '.join(absent)}: only the other splits are built.",) if absent else ()


def _split_entries(home: Path, split: str, source: Source) -> Iterator[Clip | Rejection]:
    path = _annotations(home, split)
    if path is None:
        return
    table = open_table(path, source.columns, needs=(("name",), ("text",)), quoted=False)
    for row in table.rows():
        place = f"{path.name}, line {row.line}"
        if isinstance(row, BadRow):
            yield Rejection(place, "bad-row", f"{place}: {row.message}")
            continue
        try:
            yield _clip(row, home / _FRAMES / split, split, source)
        except ClipRejected as rejected:
            yield Rejection(row.get("name") or place, rejected.reason, f"{place}: {rejected}")


def _clip(row: Row, frames: Path, split: str, source: Source) -> Clip:
    name = row.get("name")
    return Clip(
        clip_id=name,
        language=source.language.code,
        corpus=FACTS.name,
        split=split,
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
