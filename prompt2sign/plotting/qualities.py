"""How good the clips of releases are: distributions of their quality numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from .figures import PAGE_IN, new_figure, plain, told_apart

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Numbers that are shares; all others start at 0 and are cut at this percentile, so that a few bad clips do not
#: squeeze the rest.
_SHARE, _CUT_PERCENT = "_rate", 99.0
_BINS, _COLUMNS = 40, 3


def quality_distributions(releases: Sequence[Path]) -> Figure:
    """A histogram a quality number, as the share of the clips of each release; what lies beyond is in the last bar.

    Reads the quality column alone, a row group at a time.

    Raises:
        UsageError: No release, or none of their clips has such a number.
        FormatError: A shard is damaged.
        MissingError: matplotlib is not installed.
    """
    found = dict(zip(told_apart(releases), map(_qualities, releases), strict=True))
    names = sorted({name for values in found.values() for name in values})
    if not names:
        raise UsageError(f"{', '.join(found) or 'no release'}: no clip has a quality number to plot")
    n_rows = -(-len(names) // _COLUMNS)
    with new_figure(PAGE_IN, 1.5 * n_rows + 0.3) as figure:
        grid = figure.subplots(n_rows, _COLUMNS, squeeze=False).ravel()
        for axes, name in zip(grid, names, strict=False):
            edges = _edges(name, np.concatenate([values[name] for values in found.values() if name in values]))
            for label, values in found.items():
                if name in values:
                    inside = np.clip(values[name], edges[0], edges[-1])
                    share = np.full(len(inside), 100 / len(inside))
                    axes.hist(inside, edges, weights=share, histtype="step", label=plain(label))
            axes.set_title(name.replace("_", " "))
            axes.locator_params(axis="x", nbins=4)
            axes.grid(True)
        for axes in grid[len(names) :]:
            axes.set_visible(False)
        if len(found) > 1:
            grid[0].legend()
        figure.supylabel("clips (%)", fontsize=7)
    return figure


def _qualities(release: Path) -> dict[str, NDArray[np.float64]]:
    """By name, the numbers of the clips that have one."""
    from ..loaders import open_release

    parts: dict[str, list[NDArray[np.float64]]] = {}
    for _, table in open_release(release).tables(["quality"]):
        for chunk in table.column(0).chunks:
            for field, values in zip(chunk.type, chunk.flatten(), strict=True):
                numbers = np.asarray(values.to_numpy(zero_copy_only=False), np.float64)
                parts.setdefault(field.name, []).append(numbers[np.isfinite(numbers)])
    joined = {name: np.concatenate(values) for name, values in parts.items()}
    return {name: values for name, values in joined.items() if len(values)}


def _edges(name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    top = 1.0 if name.endswith(_SHARE) else float(np.percentile(values, _CUT_PERCENT))
    return np.linspace(min(0.0, float(values.min())), top if top > 0 else 1.0, _BINS + 1)
