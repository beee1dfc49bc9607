"""What all figures share: their looks, and how they are saved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MissingError, UsageError
from ..formats.atomic import atomic_path
from ..rendering.place import check_place

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Width of a column of text and of both, as in most proceedings, inches.
COLUMN_IN, PAGE_IN = 3.3, 6.9
#: Colours that readers who confuse red and green tell apart (Okabe & Ito 2008, "Color universal design").
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000", "#F0E442")
#: Matplotlib computes spans and squares of what it draws, which must stay finite too.
_FARTHEST = 1e100
_KINDS = (".pdf", ".svg", ".png")
#: Letters as outlines in SVG and as whole fonts (type 42) in PDF, which publishers ask for; no random ids.
_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.titlesize": 7,
    "axes.linewidth": 0.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.linewidth": 0.3,
    "grid.color": "#cccccc",
    "legend.frameon": False,
    "lines.linewidth": 1.0,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "prompt2sign",
    "path.simplify": False,
}


@contextmanager
def new_figure(width_in: float, height_in: float) -> Iterator[Figure]:
    """An empty figure; what is drawn inside the `with` has the style of all.

    Raises:
        MissingError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingError('figures need matplotlib: pip install "prompt2sign[plot]"') from error
    with _in_style():
        yield Figure(figsize=(width_in, height_in), layout="constrained")


@contextmanager
def _in_style() -> Iterator[None]:
    """Matplotlib's own settings but for ours, whatever the user's are."""
    import matplotlib
    from cycler import cycler

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        settings: Any = {**_STYLE, "axes.prop_cycle": cycler(color=COLOURS)}
        matplotlib.rcParams.update(settings)
        yield


def plain(text: str) -> str:
    """Text that matplotlib shows as it is: a `$` would begin a formula, an `_` in front keep a label out of legends."""
    return f"{' ' * text.startswith('_')}{text}".replace("$", r"\$")


def is_drawable(value: Any) -> bool:
    """Whether a value from a file is a number that an axis can show, neither infinite nor absurd."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _FARTHEST


def told_apart(paths: Sequence[Path]) -> list[str]:
    """A name for each path: its last part, and as many of those before it as tell all of them apart."""
    parts = [path.absolute().parts for path in paths]
    deepest = max(map(len, parts), default=0)
    by_depth = (["/".join(one[-depth:]) for one in parts] for depth in range(1, deepest + 1))
    return next((names for names in by_depth if len(set(names)) == len(set(parts))), [])


def check_target(path: Path, *, overwrite: bool = False) -> None:
    """Refuse a path that `save` cannot write, before anything is read.

    Raises:
        UsageError: An unknown suffix, a file that is there already, or a place in a release.
    """
    if path.suffix.lower() not in _KINDS:
        raise UsageError(f"{path}: its suffix names no format for figures; end it in {', '.join(_KINDS)}")
    if path.is_dir():
        raise UsageError(f"{path}: a folder of this name is there; give another name")
    check_place(path, overwrite=overwrite)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as `.pdf`, `.svg` or `.png`, without dates and versions; it appears only when it is whole.

    Raises:
        UsageError: An unknown suffix.
        OSError: The disk is full or read-only.
    """
    check_target(path, overwrite=True)
    kind = path.suffix.lower()[1:]
    nothing = {
        "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
        "svg": {"Date": None, "Creator": None},
        "png": {"Software": None},
    }
    with _in_style(), atomic_path(path) as partial:
        figure.savefig(partial, format=kind, metadata=nothing[kind], dpi=300)
