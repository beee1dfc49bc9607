"""Corpus `folder`: anyone's videos or keypoints, with a table of texts or a subtitle file a video."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..acquire.wanted import Wanted
from ..annotations.table import open_table
from ..errors import MissingError, UsageError
from ..records import Clip, Rejection
from .asked import variant_of
from .base import CorpusFacts, Plan, Source
from .files import REGISTER, ClipFiles, ReadyKeypoints, Videos, existing, is_own, require_language
from .rows import table_clips
from .subtitled import subtitle_clips, subtitle_paths
from .survey import survey, unique_ids

_TABLE_SUFFIXES = (".csv", ".tsv")
FACTS = CorpusFacts(
    name="folder",
    title="Your own folder",
    languages=(),
    unit="sentence",
    licence="the user's own",
    access="local",
    access_rule="Bring your own videos or keypoints; only you can say whether they may be passed on.",
    redistribute_motion=False,
    redistribute_video=False,
    layout=(
        "a folder of videos (or of folders of numbered pictures) with one CSV/TSV whose header names the columns "
        "(video or name or id; text; and where there are any start, end, gloss, signer, split, fps), or with a "
        "subtitle file (.srt, .vtt) of the same name beside each video; ready keypoints are given with --keypoints, "
        "a table elsewhere with --text"
    ),
)


class FolderCorpus:
    """Clips in the order of the table, or of the sorted videos and their cues.

    A clip's id is the table's `id`; where there is none, the video's name without its suffix, with `_START-END` in
    milliseconds behind it where the row or cue has times: that stays the same when other rows come and go.
    """

    @property
    def facts(self) -> CorpusFacts:
        """What is known before anything is read."""
        return FACTS

    def wanted(self, source: Source) -> Sequence[Wanted]:
        """Nothing. The user brings it."""
        variant_of(source, FACTS)
        return ()

    def plan(self, source: Source) -> Plan:
        """Count the clips and the bytes of their files."""
        return survey(lambda: self.clips(source), source, cued=_is_cued(source))

    def clips(self, source: Source) -> Iterator[Clip | Rejection]:
        """Stream the clips, then a rejection for each file that no text names.

        Raises:
            MissingError: Neither videos nor keypoints were given.
            UsageError: A folder is missing or empty, was fetched as a public corpus, or has no text, or more than one
                table.
        """
        require_language(source, FACTS)
        files = _open_files(source)
        entries = _table_entries(source, files) or _subtitle_entries(source, files)
        yield from unique_ids(entries)
        yield from files.unused()


def _open_files(source: Source) -> ClipFiles:
    if source.keypoints is None and source.root is None:
        raise MissingError(
            "corpus folder: say with --from where the videos are, or with --keypoints where ready keypoints are. "
            f"Expected is {FACTS.layout}"
        )
    _refuse_fetched(source.keypoints or source.root)
    files: ClipFiles
    if source.keypoints is not None:
        files = ReadyKeypoints(existing(source.keypoints, FACTS), source.scratch)
    else:
        assert source.root is not None
        files = Videos(_folder(source.root))
    if not len(files):
        raise UsageError(f"{files.root}: holds no {files.noun}. Expected is {FACTS.layout}")
    return files


def _is_cued(source: Source) -> bool:
    return source.text is None and source.root is not None and _only_table(source, source.root) is None


def _refuse_fetched(path: Path | None) -> None:
    """What was fetched is no one's own: only its corpus knows its licence, and how its files are to be read."""
    for folder in (path.resolve(), *path.resolve().parents) if path else ():
        if (folder / REGISTER).is_file():
            raise UsageError(
                f"{path}: was fetched as a public corpus, whose licence is not yours to give: build it with "
                f"`--corpus {folder.name}`, which takes your own texts with --text"
            )


def _folder(root: Path) -> Path:
    root = existing(root, FACTS)
    if not root.is_dir():
        raise UsageError(f"{root}: is a file; give the folder it is in with --from, and its text with --text")
    return root


def _table_entries(source: Source, files: ClipFiles) -> Iterator[Clip | Rejection] | None:
    path = existing(source.text, FACTS) if source.text else _only_table(source, files.root)
    if path is None:
        return None
    table = open_table(path, source.columns, needs=(("text",), ("video", "name", "id")))
    return table_clips(table, files, source.language, FACTS)


def _only_table(source: Source, files_root: Path) -> Path | None:
    """The one table in the folder of the videos; beside keypoints it may lie in either folder."""
    folder = _folder(source.root) if source.root is not None else files_root
    if not folder.is_dir():
        return None
    tables = sorted(path for path in folder.iterdir() if _is_table(path))
    if len(tables) > 1:
        names = ", ".join(path.name for path in tables[:10])
        raise UsageError(f"{folder}: holds {len(tables)} tables ({names}); say which holds the texts with --text")
    if tables and not is_own(folder, tables[0]):
        raise UsageError(f"{tables[0]}: is a link that leads out of the folder; if you mean it, give it with --text")
    return tables[0] if tables else None


def _is_table(path: Path) -> bool:
    return path.suffix.lower() in _TABLE_SUFFIXES and not path.name.startswith(".") and path.is_file()


def _subtitle_entries(source: Source, files: ClipFiles) -> Iterator[Clip | Rejection]:
    subtitles = subtitle_paths(files.root) if isinstance(files, Videos) else []
    if not subtitles or not isinstance(files, Videos):
        raise UsageError(
            f"{files.root}: there is no text: neither a CSV/TSV with a header such as `video,text`, nor a subtitle "
            "file beside a video. Give a table with --text"
        )
    return subtitle_clips(subtitles, files, source.language, FACTS, source.cues)
