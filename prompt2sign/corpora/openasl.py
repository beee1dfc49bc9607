"""OpenASL: sentences cut out of news and vlogs in American Sign Language on YouTube."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..acquire.wanted import RemoteFile, Wanted
from ..annotations.table import BadRow, Row, Table, open_table
from ..annotations.times import parse_span
from ..errors import ClipRejected, UsageError
from ..records import Clip, Rejection
from .asked import refuse_keypoints, variant_of
from .base import CorpusFacts, Plan, Source
from .boxes import Box, read_box
from .files import existing, require_language, require_root, walk
from .rows import read_split, read_text
from .splits import assign_splits
from .survey import survey, unique_ids
from .youtube_videos import SiteFolder, check_id, is_id, limit_note, site_videos

_COLUMNS = {"id": "vid", "video": "yid", "text": "raw-text"}
_RAW = "https://raw.githubusercontent.com/chevalierNoir/OpenASL/main/data/"
_TABLE = RemoteFile(
    path="openasl-v1.0.tsv",
    url=_RAW + "openasl-v1.0.tsv",
    sha256=("e7e1559bcef5ac77d2c14c2ccfc9db54516768e296235f266b3f4f96de459a40",),
)
_BOXES = RemoteFile(
    path="bbox-v1.0.json",
    url=_RAW + "bbox-v1.0.json",
    sha256=("a79b5327956670db0988bacd96aebb9229ecd5ea948b8de887cb530669152a44",),
)
#: The published file holds 98,417 boxes in a few megabytes.
_MAX_BOX_BYTES = 256 << 20
FACTS = CorpusFacts(
    name="openasl",
    title="OpenASL (v1.0)",
    languages=("ASL",),
    unit="sentence",
    licence="CC-BY-NC-ND-4.0",
    access="open",
    access_rule=(
        "Comes by itself: the sentences from https://github.com/chevalierNoir/OpenASL, the 2,043 videos one by one "
        "from YouTube, under its terms (pip install 'prompt2sign[download]'; non-commercial use, no derivatives to be "
        "shared)."
    ),
    redistribute_motion=False,
    redistribute_video=False,
    home="https://github.com/chevalierNoir/OpenASL",
    citation=(
        "Shi, Brentari, Shakhnarovich, Livescu: Open-Domain Sign Language Translation Learned from Online Video. "
        "EMNLP 2022."
    ),
    layout=(
        "a folder with openasl-v1.0.tsv and, anywhere in it, the whole videos as YOUTUBE_ID.mp4 (or another kind of "
        "video), and bbox-v1.0.json for --crop published"
    ),
    numbers="98,417 sentences from 2,043 videos",
    steps=(
        "YouTube lets a guest have some 300 videos an hour, and asks some to sign in: the download of all takes "
        "seven hours at best, goes on where it stopped, and takes a cookie file; max_videos asks for an even part.",
        "Videos that were removed or made private are gone; their sentences are listed as rejected.",
    ),
    keypoints="None are published.",
    unknown=(
        "Hours, signers, and the sizes of the splits and of all videos together.",
        "What the column gloss holds; it is passed on as published.",
        "Whether text in the table is quoted; both ways are read.",
    ),
)


class OpenAslCorpus:
    """Clips in the order of the table, cut out of whole videos by its times; with the signer's box where there is one.

    A clip's id is the table's `vid`, colons and all.
    """

    @property
    def facts(self) -> CorpusFacts:
        """What is known before anything is read."""
        return FACTS

    def wanted(self, source: Source) -> Sequence[Wanted]:
        """Table and boxes; as soon as the table is there, its videos.

        Raises:
            UsageError: There is no such variant, or the table given with `--text` cannot be read.
        """
        variant_of(source, FACTS)
        folder = source.fetched
        there = source.text is not None or (folder is not None and (folder / _TABLE.path).is_file())
        return (_TABLE, _BOXES, *(site_videos(_ids(_open(source, folder)), source.fetch) if there else ()))

    def plan(self, source: Source) -> Plan:
        """Count the clips and the bytes of their videos, and those without a box."""
        n_without_box = 0

        def watched() -> Iterator[Clip | Rejection]:
            nonlocal n_without_box
            for entry in self.clips(source):
                n_without_box += isinstance(entry, Clip) and entry.crop is None
                yield entry

        plan = survey(watched, source)
        notes = [*limit_note(source)]
        if n_without_box:
            notes.append(
                f"Clips without a box of the signer, which --crop published leaves as they are: {n_without_box:,}."
            )
        return replace(plan, notes=(*plan.notes, *notes))

    def clips(self, source: Source) -> Iterator[Clip | Rejection]:
        """Stream the clips, then a rejection for each video that no row names.

        Raises:
            MissingError: No folder was given.
            UsageError: The table is not there.
        """
        require_language(source, FACTS)
        refuse_keypoints(source, FACTS)
        return assign_splits(lambda: _entries(source), source.splits, published=True)


def _entries(source: Source) -> Iterator[Clip | Rejection]:
    root = require_root(source, FACTS)
    table, boxes = _open(source, root), _boxes(root)
    folder = SiteFolder(root, source, _ids(table))
    yield from unique_ids(entry for row in table.rows() for entry in _entry(row, table, folder, boxes, source))
    yield from folder.unlisted(_ids(table))


def _open(source: Source, root: Path | None) -> Table:
    path = existing(source.text, FACTS) if source.text else _found(root, _TABLE.path)
    if path is None:
        raise UsageError(f"{root}: no {_TABLE.path} in it. Expected is {FACTS.layout}")
    # Quotes are read as they stand: in a table that is not quoted, one quotation mark would swallow lines; of one that
    # is, the rule of the language's text takes the doubled ones away.
    return open_table(path, {**_COLUMNS, **source.columns}, needs=(("start",), ("end",)), quoted=False)


def _found(root: Path | None, name: str) -> Path | None:
    """The first file of this name in the folder: whoever cloned the repository has it in `data/`."""
    places = walk(root) if root is not None else ()
    return next((Path(str(root), folder, name) for folder, names in places if name in names), None)


def _ids(table: Table) -> Iterator[str]:
    return filter(is_id, (row.get("video") for row in table.rows() if isinstance(row, Row)))


def _boxes(root: Path) -> Mapping[str, object]:
    """The boxes as published, by the id of their clip; none where the file is not there."""
    path = _found(root, _BOXES.path)
    if path is None:
        return {}
    if path.stat().st_size > _MAX_BOX_BYTES:
        raise UsageError(f"{path}: larger than any file of boxes; fetch it again from {_BOXES.url}")
    try:
        boxes = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: is no JSON ({error}); fetch it again from {_BOXES.url}") from error
    if not isinstance(boxes, dict):
        raise UsageError(f"{path}: holds no boxes by the id of a clip; fetch it again from {_BOXES.url}")
    return boxes


def _entry(
    row: Row | BadRow, table: Table, folder: SiteFolder, boxes: Mapping[str, object], source: Source
) -> Iterator[Clip | Rejection]:
    place = f"{table.path.name}, line {row.line}"
    if isinstance(row, BadRow):
        yield Rejection(place, "bad-row", f"{place}: {row.message}")
        return
    name = row.get("id")
    try:
        video = folder.find(check_id(row.get("video")))
        if video is not None:
            yield _clip(row, folder.root / video, read_box(boxes.get(name)), source)
    except ClipRejected as rejected:
        yield Rejection(name or place, rejected.reason, f"{place}, {name}: {rejected}")


def _clip(row: Row, media: Path, box: Box | None, source: Source) -> Clip:
    if not row.get("id"):
        raise ClipRejected("bad-row", "the row has no vid")
    start_s, end_s = parse_span(row.get("start"), row.get("end"))
    if start_s is None or end_s is None:
        raise ClipRejected("bad-times", "the row does not say where in its video the sentence is")
    return Clip(
        clip_id=row.get("id"),
        language=source.language.code,
        corpus=FACTS.name,
        split=read_split(row.get("split")),
        unit=FACTS.unit,
        **read_text(row.cells.get("text", ""), source.language),
        media=media,
        start_s=start_s,
        end_s=end_s,
        crop=box,
        gloss=row.get("gloss"),
        video=row.get("video"),
    )
