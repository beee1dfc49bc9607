"""`prompt2sign plot`: figures for a paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .app import app, stdout

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

    from ..rendering import Shown

plots = typer.Typer(
    no_args_is_help=True, help="Draw figures for a paper: vector .pdf or .svg (or .png), the same bytes each time."
)
app.add_typer(plots, name="plot")

Out = Annotated[Path, typer.Option("--out", help="Figure to write: .pdf, .svg or .png.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
Source = Annotated[Path, typer.Argument(metavar="SOURCE", help="A release, a shard (.parquet) or a motion file (.h5).")]
Clips = Annotated[list[str] | None, typer.Argument(metavar="[CLIP]...", help="Ids of the clips.", show_default=False)]
Beside = Annotated[
    Path | None, typer.Option("--beside", help="Show the clips of the same ids in this source beside them.")
]


@plots.command("strip", epilog="Example: prompt2sign plot strip demo/release sample-01 --out strip.pdf")
def strip(
    source: Source,
    out: Out,
    clips: Clips = None,
    against: Beside = None,
    view: Annotated[Literal["front", "side", "top"], typer.Option("--view", help="From where.")] = "front",
    pictures: Annotated[int, typer.Option("--pictures", min=1, max=40, help="Skeletons a row.")] = 8,
    overwrite: Overwrite = False,
) -> int:
    """Skeletons over time; a row a clip."""
    from ..plotting import motion_strip

    return _drawn(out, overwrite, lambda: motion_strip(_shown(source, clips, against), n_pictures=pictures, view=view))


@plots.command("trajectories", epilog="Example: prompt2sign plot trajectories demo/release sample-01 --out wrists.pdf")
def trajectories(
    source: Source,
    out: Out,
    clips: Clips = None,
    against: Beside = None,
    joint: Annotated[
        list[str] | None,
        typer.Option("--joint", help="Such as left_index_4; may be repeated.", show_default="both wrists"),
    ] = None,
    overwrite: Overwrite = False,
) -> int:
    """Where joints go over time, axis by axis."""
    from ..plotting import trajectories as draw

    joints = joint or ["right_wrist", "left_wrist"]
    return _drawn(out, overwrite, lambda: draw(_shown(source, clips, against), joints))


@plots.command("quality", epilog="Example: prompt2sign plot quality releases/gsl releases/asl --out quality.pdf")
def quality(
    releases: Annotated[list[Path], typer.Argument(metavar="RELEASE...", help="One release or several.")],
    out: Out,
    overwrite: Overwrite = False,
) -> int:
    """Distributions of the quality numbers of releases."""
    from ..plotting import quality_distributions

    return _drawn(out, overwrite, lambda: quality_distributions(releases))


@plots.command("training", epilog="Example: prompt2sign plot training runs/first runs/second --out curves.pdf")
def training(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs.")],
    out: Out,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="A number in log.jsonl; may be repeated.", show_default="loss and dev/DTW-MJE"),
    ] = None,
    smooth: Annotated[int, typer.Option("--smooth", min=1, help="Mean over so many lines of the log.")] = 1,
    overwrite: Overwrite = False,
) -> int:
    """Curves of trainings."""
    from ..plotting import training_curves

    return _drawn(out, overwrite, lambda: training_curves(runs, name or [], smooth=smooth))


@plots.command("systems", epilog="Example: prompt2sign plot systems scores/first --out systems.pdf")
def systems(
    evaluations: Annotated[
        list[Path], typer.Argument(metavar="SCORES...", help="Folders that `prompt2sign evaluate` wrote.")
    ],
    out: Out,
    measure: Annotated[
        list[str] | None,
        typer.Option("--measure", help="As the table names it; may be repeated.", show_default="the main ones"),
    ] = None,
    overwrite: Overwrite = False,
) -> int:
    """Scores of systems with their intervals."""
    from ..plotting import systems as draw

    return _drawn(out, overwrite, lambda: draw(evaluations, measure or []))


def _shown(source: Path, clips: list[str] | None, against: Path | None) -> list[Shown]:
    from ..rendering import beside, find_motions

    found = find_motions(source, clips or [])
    return beside(found, against) if against is not None else found


def _drawn(out: Path, overwrite: bool, draw: Callable[[], Figure]) -> int:
    from ..plotting import save
    from ..plotting.figures import check_target

    check_target(out, overwrite=overwrite)
    save(draw(), out)
    stdout().print(f"{out}: written", highlight=False, markup=False, soft_wrap=True)
    return 0
