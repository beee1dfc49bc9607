"""What came of a build: a table for people, an object for scripts."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from ..pipeline.progress import duration, size
from .app import settings, stdout

if TYPE_CHECKING:
    from ..pipeline.build import Build
    from ..pipeline.runner import StageSummary
    from ..release.assemble import Assembly


def print_summary(build: Build, summaries: list[StageSummary], assembly: Assembly | None) -> int:
    """Print it and give the exit code: 1 where clips were rejected, or a release was asked for and lacks clips."""
    result = _result(build, summaries, assembly)
    if settings.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        _print_tables(result)
    return int(result["exit_code"])


def _result(build: Build, summaries: list[StageSummary], assembly: Assembly | None) -> dict[str, Any]:
    rejected: Counter[str] = Counter(f"corpus/{rejection.reason}" for rejection in build.ledger.rejections())
    if assembly:
        rejected = assembly.rejected
    else:
        for summary in summaries:
            rejected.update({f"{summary.stage}/{reason}": n for reason, n in summary.reasons.items()})
    result: dict[str, Any] = {
        "clips": build.ledger.n_clips() + build.ledger.n_rejections(),
        "rejected": dict(sorted(rejected.items())),
        "stages": [
            {
                "stage": summary.stage,
                "worked_on": summary.todo,
                "kept": summary.kept,
                "frames": summary.n_frames,
                "seconds": round(summary.seconds, 2),
                "bytes": summary.n_bytes,
            }
            for summary in summaries
        ],
        "exit_code": 1 if rejected.total() or (assembly and (assembly.n_waiting or not assembly.n_clips)) else 0,
    }
    if assembly:
        result["release"] = {
            "path": str(assembly.out) if assembly.n_clips else None,
            "already_there": assembly.fresh,
            "clips": assembly.n_clips,
            "frames": assembly.n_frames,
            "bytes": assembly.n_bytes,
            "waiting": assembly.n_waiting,
            "replaced": assembly.n_replaced,
        }
    return result


def _print_tables(result: dict[str, Any]) -> None:
    from rich.table import Table

    console = stdout()
    if result["stages"]:
        table = Table("stage", "clips done now", "done before", "frames", "worker time", "written")
        for column in table.columns[1:]:
            column.justify = "right"
        for row in result["stages"]:
            counts = [f"{row[key]:,}" for key in ("worked_on", "kept", "frames")]
            table.add_row(row["stage"], *counts, duration(row["seconds"]), size(row["bytes"]))
        console.print(table)
    for reason, n_clips in result["rejected"].items():
        console.print(f"rejected: {n_clips:,} x {reason}", highlight=False)
    if release := result.get("release"):
        _print_release(release, result["clips"])


def _print_release(release: dict[str, Any], n_clips: int) -> None:
    console = stdout()
    if release["path"] is None:
        console.print("no clip is ready, so no release was written", highlight=False)
    else:
        state = "is up to date" if release["already_there"] else "written"
        if release["replaced"]:
            state += f" in place of one of {release['replaced']:,} clips"
        console.print(
            f"{release['clips']:,} of {n_clips:,} clips, {release['frames']:,} frames, {size(release['bytes'])}: "
            f"release {release['path']} {state}",
            highlight=False,
            soft_wrap=True,
        )
    if release["waiting"]:
        console.print(
            f"{release['waiting']:,} clips wait for a stage that was not run yet with these options", highlight=False
        )
