"""`prompt2sign align`: offsets between text and signing, and clips that cannot be right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .app import app, new_progress, settings, stdout
from .common import Common, with_options

if TYPE_CHECKING:
    from ..alignment import Alignment

_RATE = "How often a second to look at each video."
_MAX_OFFSET = "Longest offset to look for, in seconds before and after."
_MIN_CONFIDENCE = "Propose no offset less sure than this, 0 to 1."
_OUT = "Folder for offsets.csv and suspects.csv; that of the build in --work by default."
#: Rows of a table on the screen; the files hold all.
_MOST_ROWS = 40


@app.command(epilog="Example: prompt2sign align --lang dsgs --corpus folder --from videos")
@with_options(Common)
def align(
    common: Common,
    rate: Annotated[float, typer.Option("--rate", min=4, max=60, help=_RATE)] = 5.0,
    max_offset: Annotated[float, typer.Option("--max-offset", min=0.5, max=60, help=_MAX_OFFSET)] = 8.0,
    min_confidence: Annotated[float, typer.Option("--min-confidence", min=0, max=1, help=_MIN_CONFIDENCE)] = 0.8,
    out: Annotated[Path | None, typer.Option("--out", help=_OUT)] = None,
) -> int:
    """Find when people sign, propose an offset for each video's text, and list clips that cannot be right."""
    from ..alignment import AlignOptions, as_published, write_tables
    from ..alignment import align as align_build
    from ..pipeline.build import open_build

    progress = new_progress()
    request = as_published(common.request({}))
    with open_build(request, progress) as build:
        alignment = align_build(build, AlignOptions(rate, max_offset, min_confidence), progress)
        offsets, suspects = write_tables(alignment, out or build.work.root)
    code = 1 if alignment.suspects else 0
    if settings.json:
        print(json.dumps(_result(alignment, offsets, suspects, code), ensure_ascii=False))
    else:
        _print(alignment, offsets, suspects)
    return code


def _result(alignment: Alignment, offsets: Path, suspects: Path, code: int) -> dict[str, Any]:
    from ..alignment.tables import offset_row, suspect_row

    return {
        "clips": alignment.n_clips,
        "offset_s": alignment.usual_s,
        "offsets": [offset_row(offset) for offset in alignment.offsets],
        "suspects": [suspect_row(suspect) for suspect in alignment.suspects],
        "files": [str(offsets), str(suspects)],
        "exit_code": code,
    }


def _print(alignment: Alignment, offsets: Path, suspects: Path) -> None:
    from ..alignment.tables import offset_row, suspect_row

    told = [offset for offset in alignment.offsets if offset.proposed_s is not None]
    _print_table([offset_row(offset) for offset in alignment.offsets], ("offset_s", "confidence", "n_cues"))
    _print_table(
        [{**suspect_row(suspect), "start_s": round(suspect.clip.start_s, 2)} for suspect in alignment.suspects],
        ("start_s", "words"),
        ("clip_id", "reason", "start_s", "words", "message"),
    )
    lines = [f"{len(told):,} of {len(alignment.offsets):,} recordings have an offset of their own: {offsets}"]
    if told:
        lines += [
            f"  to use it: --offsets {offsets}",
            f"  for the others: cues.offset_s {alignment.usual_s:g} (the median) in a pipeline YAML",
        ]
    lines.append(f"{len(alignment.suspects):,} of {alignment.n_clips:,} clips are suspect: {suspects}")
    for line in lines:
        stdout().print(line, highlight=False, markup=False, soft_wrap=True)


def _print_table(rows: list[dict[str, Any]], right: tuple[str, ...], columns: tuple[str, ...] = ()) -> None:
    from rich.markup import escape
    from rich.table import Table

    if not rows:
        return
    shown = columns or tuple(rows[0])
    table = Table()
    for name in shown:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows[:_MOST_ROWS]:
        table.add_row(*("-" if row[name] is None else escape(str(row[name])) for name in shown))
    stdout().print(table)
    if len(rows) > _MOST_ROWS:
        stdout().print(f"... and {len(rows) - _MOST_ROWS:,} more in the file")
