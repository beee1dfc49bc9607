"""`prompt2sign report`: look at a release in a browser."""

from __future__ import annotations

import json as json_module
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .app import app, settings, stderr, stdout
from .release import Json, ReleasePath

_OUT = "Folder of the report, or with --single-file its .html; beside the release by default."
_AGAINST = "Another release, compared with the first clip by clip."
_BESIDE = "A release of generated motion, shown in step with the clips it was made for."
_WORK = "The --work folder of the build: shows videos and 2D skeletons beside the motion."
_LOCAL = "Link to videos where they lie, whatever their licence: a report for this machine alone."
_SINGLE = "One HTML file in place of a folder; for small releases."


@app.command(epilog="Example: prompt2sign report releases/gsl --work work")
def report(
    release: ReleasePath,
    out: Annotated[Path | None, typer.Option("--out", help=_OUT)] = None,
    against: Annotated[Path | None, typer.Option("--against", metavar="RELEASE", help=_AGAINST)] = None,
    beside: Annotated[Path | None, typer.Option("--beside", metavar="RELEASE", help=_BESIDE)] = None,
    work: Annotated[Path | None, typer.Option("--work", help=_WORK)] = None,
    local: Annotated[bool, typer.Option("--local", help=_LOCAL)] = False,
    single_file: Annotated[bool, typer.Option("--single-file", help=_SINGLE)] = False,
    json: Json = False,
) -> int:
    """Write pages that show a release: what is in it, how good it is, and its worst clips; open them in a browser."""
    from ..report import ReportOptions, write_report

    settings.json = json
    options = ReportOptions(against, beside, work, local, single_file)
    with _bar() as progress:
        written = write_report(release, out, options, progress)
    if json:
        print(json_module.dumps({**asdict(written), "index": str(written.index)}, ensure_ascii=False))
        return 0
    for note in written.notes:
        stderr().print(f"note: {note}", highlight=False, markup=False, soft_wrap=True)
    videos = f", {written.n_videos:,} with video" if written.n_videos else ""
    if not (written.n_videos or work or single_file):
        stderr().print("no videos: add --work WORK, the --work folder of the build", highlight=False)
    for line in (
        f"{written.n_clips:,} clips{videos}, {written.n_bytes / 1e6:,.1f} MB",
        f"open in any browser: {written.index}",
    ):
        stdout().print(line, highlight=False, markup=False, soft_wrap=True)
    return 0


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    from rich.progress import Progress

    with Progress(console=stderr(), transient=True, disable=settings.json or not stderr().is_terminal) as bar:
        task = bar.add_task("report")
        yield lambda done, total: bar.update(task, completed=done, total=total)
