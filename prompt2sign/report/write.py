"""Write a report: one pass over the release, memory bounded by the numbers of its clips."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import UsageError
from ..formats.atomic import atomic_path, partial_path
from ..loaders import Release, ReleaseClip, open_release
from ..loaders.cache import release_around
from ..release.place import check_place, put_back, whole_folder
from ..skeleton import SKELETON
from .chunks import Blocks, Chunks, ScriptFiles, TooLarge
from .clip_chunks import ClipChunks
from .clips import checked_clips
from .companions import Beside, Keypoints2D, Videos, Work
from .compare import Against
from .facts import release_facts, write_rejected
from .measures import MEASURES
from .pages import single_page, write_pages
from .survey import Survey

Progress = Callable[[int, int], None]
#: Browsers open a larger page slowly, if at all.
SINGLE_FILE_BYTES = 100_000_000
_N_WORST = 10
_MARK, _FORMAT = "report.json", "prompt2sign-report"
_GENERATOR = b'name="generator" content="prompt2sign'


@dataclass(frozen=True)
class ReportOptions:
    """What stands in a report beside the release itself.

    Attributes:
        against: Another release, compared clip by clip.
        beside: A release of generated motion, shown in step with that of the same clips.
        work: The work folder of the build, for videos and 2D keypoints.
        local: Link to videos where they lie, whatever their licence: a report for this machine.
        single_file: One HTML file in place of a folder.
    """

    against: Path | None = None
    beside: Path | None = None
    work: Path | None = None
    local: bool = False
    single_file: bool = False


@dataclass(frozen=True)
class Written:
    """A report.

    Attributes:
        index: What to open in a browser.
        n_clips: Clips in it.
        n_bytes: Size of all its files.
        n_videos: Clips with their video.
        notes: What a person should know of it, a sentence each.
    """

    index: Path
    n_clips: int
    n_bytes: int
    n_videos: int
    notes: tuple[str, ...]


def default_place(release: Path, single_file: bool) -> Path:
    """Beside the release: a folder of its name, and `-report`."""
    place = release.resolve()
    place = place.with_suffix("") if place.is_file() else place
    return place.with_name(f"{place.name}-report{'.html' if single_file else ''}")


def write_report(
    release: Path | str,
    out: Path | str | None,
    options: ReportOptions = ReportOptions(),
    progress: Progress = lambda done, total: None,
) -> Written:
    """Write the report of a release, whole or not at all; an earlier report at the same place is replaced.

    Args:
        release: Whatever `open_release` opens.
        out: Where it goes; None for `default_place`.
        options: What else is shown.
        progress: Called with clips done and clips in all.

    Raises:
        UsageError: There is no release; `out` lies in one, holds something else, or is no `.html` for a single file;
            nothing in `options.beside` fits; `options.work` is not that of the release; one file would not do.
        FormatError: The release is damaged; the message names file and clip.
    """
    release = Path(release)
    place = Path(out) if out is not None else default_place(release, options.single_file)
    opened = open_release(release)
    if not len(opened):
        raise UsageError(f"{release}: holds no clip, so there is nothing to report")
    if around := release_around(place):
        raise UsageError(f"--out {place}: lies in the release {around}, whose files are all listed; put it elsewhere")
    check_place(place, (release, options.against, options.beside, options.work))
    return (_write_file if options.single_file else _write_folder)(opened, place, options, progress)


def _write_folder(release: Release, out: Path, options: ReportOptions, progress: Progress) -> Written:
    put_back(out)
    _check_ours(out)
    with whole_folder(out, lambda: _check_ours(out)) as folder:
        data = ScriptFiles(folder / "data")
        videos = Videos(release.path, folder, out, options.local)
        notes = _write_data(release, data, videos, options, progress)
        write_pages(folder)
        _write_mark(folder)
        n_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Written(out / "index.html", len(release), n_bytes, videos.n_shown, notes)


def _write_file(release: Release, out: Path, options: ReportOptions, progress: Progress) -> Written:
    if out.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--out {out}: with --single-file give a name that ends in .html")
    for path in (out, partial_path(out)):
        if path.is_dir():
            raise UsageError(f"--out {out}: {path} is a folder; give another name")
    if out.exists() and not _is_page(out):
        raise UsageError(f"--out {out}: is there already and is no report; give another name")
    blocks = Blocks(SINGLE_FILE_BYTES)
    # No video fits into a page: it can only be linked to where it lies.
    videos = Videos(release.path, out.parent, out.parent, options.local) if options.local else None
    try:
        notes = _write_data(release, blocks, videos, options, progress)
    except TooLarge as error:
        raise UsageError(
            f"{release.path}: its report is {error}, too much for one file; leave out --single-file"
        ) from error
    page = single_page(blocks.html())
    with atomic_path(out) as partial:
        partial.write_bytes(page)
    return Written(out, len(release), len(page), videos.n_shown if videos else 0, notes)


def _check_ours(out: Path) -> None:
    """Only a report, and nothing but one, is replaced."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not out.is_dir() or not (out / _MARK).is_file():
        raise UsageError(f"--out {out}: is there already and is no report; give another --out")
    if foreign := sorted(set(_names(out)) - _listed(out / _MARK) - {_MARK}):
        raise UsageError(
            f"--out {out}: holds files that are not of the report and would be lost: {', '.join(foreign[:5])}; "
            "move them elsewhere"
        )


def _is_page(path: Path) -> bool:
    """Is this a report in one file? Nothing but a file is opened: a pipe would keep us waiting."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return _GENERATOR in file.read(2_000)


def _names(folder: Path) -> list[str]:
    """All that is no folder, relative, sorted."""
    paths = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def _write_mark(folder: Path) -> None:
    """Say whose folder this is, and which of its files are."""
    said = {"format": _FORMAT, "tool": f"prompt2sign {__version__}", "files": _names(folder)}
    (folder / _MARK).write_text(json.dumps(said, indent=1) + "\n", "utf-8")


def _listed(mark: Path) -> set[str]:
    """The files of the report that stands there."""
    try:
        said = json.loads(mark.read_bytes())
        files = said["files"] if said["format"] == _FORMAT else None
    except (ValueError, KeyError, TypeError, RecursionError):
        files = None
    if not isinstance(files, list):
        raise UsageError(
            f"{mark}: does not say which files are the report's; move the folder away, or give another --out"
        )
    return {name for name in files if isinstance(name, str)}


def _write_data(
    release: Release, chunks: Chunks, videos: Videos | None, options: ReportOptions, progress: Progress
) -> tuple[str, ...]:
    """Hand over all data; gives the notes."""
    survey, points = Survey(), Keypoints2D()
    against = Against(options.against) if options.against else None
    with _companions(release, videos, points, options) as beside:
        clips = ClipChunks(chunks, beside)
        for clip in checked_clips(release):
            survey.add(clip)
            clips.add(clip)
            if against:
                against.add(clip.clip_id)
            progress(len(survey), len(release))
        clips.finish()
    if against:
        chunks.write("against", against.to_json())
    notes = tuple(_notes(survey, videos, points, options))
    chunks.write("numbers", {"count": len(survey), "columns": survey.columns()})
    chunks.write("report", _report(release, chunks, survey, clips, notes, options))
    return notes


@contextmanager
def _companions(release: Release, videos: Videos | None, points: Keypoints2D, options: ReportOptions) -> Iterator[Any]:
    """A function that finds what lies beside a clip."""
    with ExitStack() as stack:
        work = stack.enter_context(Work(options.work, points.problems)) if options.work else None
        model = Beside(options.beside, release) if options.beside else None

        def beside(clip: ReleaseClip, position: int) -> dict[str, Any]:
            made = work.output("trim", clip) if work and videos else None
            return {
                "video": videos.add(clip, position, made) if videos else "",
                "points": points.add(work.output("pose", clip)) if work else None,
                "model": model.track(clip) if model else None,
            }

        yield beside


def _notes(survey: Survey, videos: Videos | None, points: Keypoints2D, options: ReportOptions) -> Iterator[str]:
    if n_bound := sum(terms["clips"] for terms in survey.licences() if not terms["motion"]):
        yield f"the licence does not let pass on motion of {n_bound:,} of the clips, nor this report, which shows it"
    if videos and videos.n_withheld:
        yield (
            f"without video, which the licence does not let pass on: {videos.n_withheld:,} of the clips; `--local` "
            "shows it on this machine alone"
        )
    if videos and videos.n_unknown:
        yield (f"without video, as nothing tells whether the licence is about it: {videos.n_unknown:,} of the clips")
    if options.local:
        yield "made with --local: its videos lie outside of it, and it is for this machine alone; do not pass it on"
    for problem, _ in points.problems.most_common(3):
        yield f"left out: {problem}"
    if len(points.problems) > 3:
        yield f"left out: {points.problems.total() - 3:,} more videos or 2D keypoints, for such reasons"


def _report(
    release: Release, chunks: Chunks, survey: Survey, clips: ClipChunks, notes: tuple[str, ...], options: ReportOptions
) -> dict[str, Any]:
    """What the page reads first."""
    unit = "shoulder widths" if all(info.unit == "shoulder_width" for info in release.infos) else "units of the skels"
    return {
        "facts": release_facts(release.path),
        "made_by": f"prompt2sign {__version__}",
        "unit": unit,
        "clips": len(survey),
        "languages": survey.langs.to_json(),
        "splits": survey.splits.to_json(),
        "signers": survey.signers.to_json(),
        "groups": survey.groups(),
        "licences": survey.licences(),
        "versions": survey.versions(),
        "measures": [measure.to_json() for measure in MEASURES],
        "worst": survey.worst(_N_WORST),
        "rejected": write_rejected(release.path, chunks)
        if release.path.is_dir()
        else {"chunks": 0, "clips": 0, "reasons": []},
        "words_chunks": clips.n_words_chunks,
        "starts": clips.starts,
        "has_against": options.against is not None,
        "has_model": options.beside is not None,
        "notes": notes,
        "joints": SKELETON.names,
        "bones": SKELETON.bones.tolist(),
        "from_keypoints": SKELETON.from_keypoints,
    }
