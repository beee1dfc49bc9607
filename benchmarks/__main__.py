"""`python -m benchmarks [NAME...]`: every figure beside a named baseline of the same run; `make bench` runs all."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from . import aligning, clips, end_to_end, formats, growth, lifting, metrics, real_clips, stage_costs, start_up
from .table import Row, print_table

Benchmarks = dict[str, tuple[str, Callable[[], list[Row]]]]


def main() -> int:
    """Run the named benchmarks; 1 where a bound was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all by default: {', '.join(_benchmarks(False))}")
    parser.add_argument("--full", action="store_true", help="growth to 100,000 clips, which takes more than an hour")
    arguments = parser.parse_args()
    benchmarks = _benchmarks(arguments.full)
    if unknown := [name for name in arguments.names if name not in benchmarks]:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(benchmarks)}")
    missed = []
    for name in arguments.names or benchmarks:
        title, measure = benchmarks[name]
        rows = measure()
        print_table(title, rows)
        missed += [row for row in rows if row.missed]
    print(f"\n{len(missed)} bounds missed" if missed else "\nevery bound kept")
    return 1 if missed else 0


def _benchmarks(full: bool) -> Benchmarks:
    """Title and measurement by name."""
    on = clips.description()
    return {
        "start-up": ("Start-up", start_up.rows),
        "formats": ("Formats", formats.rows),
        "stages": ("Stages, on the embedded sample", stage_costs.rows),
        "lifting": (f"Lifting: accuracy on synthetic truth, speed on {on}", lifting.rows),
        "real-clips": (f"Lifting: what can be told of {on}", real_clips.rows),
        "aligning": ("Offsets between text and signing, on made sessions", aligning.rows),
        "end-to-end": (f"OpenPose JSON to release, {on}", end_to_end.rows),
        "loading": ("Loading: from a release to a trainer's batches", _loading),
        "metrics": ("Measures of motion and text", metrics.rows),
        "growth": (f"Growth of a build with its clips, cut from {on}", lambda: growth.rows(full)),
    }


def _loading() -> list[Row]:
    from . import loading  # needs torch, which the other benchmarks do without

    return loading.rows()


sys.exit(main())
