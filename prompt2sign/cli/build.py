"""`prompt2sign build`, and its stages alone: `trim`, `pose`, `lift`, `prompts`, `shard`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .app import app, new_progress
from .bench import Bench, PoseCommon, print_bench
from .common import COMPACT, Bounds, Common, Fetching, with_options
from .estimating import Estimating

if TYPE_CHECKING:
    from ..pipeline.build import Request

Changes = Mapping[str, Mapping[str, Any]]
_METHOD = "anatomy, or upstream: the published method, for comparison."
_CAMERA_DISTANCE = "From the camera to the signer in shoulder widths, where pictures were not cropped."
LiftMethod = Annotated[str | None, typer.Option("--lift-method", help=_METHOD)]
Method = Annotated[str | None, typer.Option("--method", help=_METHOD)]
CameraDistance = Annotated[float | None, typer.Option("--camera-distance", help=_CAMERA_DISTANCE)]
PromptsPerClip = Annotated[int | None, typer.Option("--prompts-per-clip", min=0, help="Prompts for each clip.")]
Out = Annotated[Path | None, typer.Option("--out", help="The release; releases/LANG-CORPUS by default.")]
Compact = Annotated[bool, typer.Option("--compact", help=COMPACT)]
WithVideo = Annotated[bool, typer.Option("--with-video", help="Put the trimmed clips into the release.")]
Force = Annotated[bool, typer.Option("--force", help="Do it again for every clip.")]
ForceStage = Annotated[
    list[str] | None, typer.Option("--force", help="Do this stage again (trim, pose, ...); may be repeated.")
]


@app.command(epilog="Example: prompt2sign build --lang asl --corpus folder --from videos --text sentences.csv")
@with_options(Common, Fetching, Estimating, Bounds)
def build(
    common: Common,
    fetching: Fetching,
    estimating: Estimating,
    bounds: Bounds,
    lift_method: LiftMethod = None,
    camera_distance: CameraDistance = None,
    prompts_per_clip: PromptsPerClip = None,
    out: Out = None,
    with_video: WithVideo = False,
    compact: Compact = False,
    force: ForceStage = None,
) -> int:
    """Make a release: fetch, trim, estimate poses, lift to 3D, write prompts and shards. Run it again to go on."""
    changes = _changes(estimating, lift_method, camera_distance, prompts_per_clip, with_video, compact, bounds)
    return _run(common.request(changes, frozenset(force or ()), fetching), None, out)


@app.command(epilog="Example: prompt2sign trim --lang asl --corpus how2sign --from How2Sign")
@with_options(Common, Fetching)
def trim(common: Common, fetching: Fetching, force: Force = False) -> int:
    """Fetch the corpus and cut the clips out of their videos, and nothing else."""
    return _run(common.request({}, frozenset({"trim"} if force else ()), fetching), ("trim",))


@app.command(epilog="Example: prompt2sign pose --lang gsl --corpus sample --quality high")
@with_options(PoseCommon, Estimating)
def pose(common: PoseCommon, estimating: Estimating, force: Force = False, bench: Bench = None) -> int:
    """Find the 2D keypoints of trimmed clips, or import ready ones, and nothing else."""
    if bench is not None:
        return print_bench(bench, common, estimating)
    if not common.lang:
        from ..errors import UsageError

        raise UsageError("--lang is missing: say whose clips, or measure on a video with --bench")
    changes = _changes(estimating)
    return _run(common.request(changes, frozenset({"pose"} if force else ())), ("pose", "visualise"))


@app.command(epilog="Example: prompt2sign lift --lang gsl --corpus sample --force")
@with_options(Common)
def lift(common: Common, method: Method = None, camera_distance: CameraDistance = None, force: Force = False) -> int:
    """Lift 2D keypoints to 3D motion, and nothing else."""
    changes = _changes(lift_method=method, camera_distance=camera_distance)
    return _run(common.request(changes, frozenset({"lift"} if force else ())), ("lift",))


@app.command(epilog="Example: prompt2sign prompts --lang gsl --corpus sample --prompts-per-clip 5")
@with_options(Common)
def prompts(common: Common, prompts_per_clip: PromptsPerClip = None, force: Force = False) -> int:
    """Write prompts from templates and texts, and nothing else."""
    changes = _changes(prompts_per_clip=prompts_per_clip)
    return _run(common.request(changes, frozenset({"prompts"} if force else ())), ("prompts",))


@app.command(epilog="Example: prompt2sign shard --lang gsl --corpus sample --out releases/gsl-sample")
@with_options(Common, Estimating, Bounds)
def shard(
    common: Common,
    estimating: Estimating,
    bounds: Bounds,
    lift_method: LiftMethod = None,
    camera_distance: CameraDistance = None,
    prompts_per_clip: PromptsPerClip = None,
    out: Out = None,
    with_video: WithVideo = False,
    compact: Compact = False,
) -> int:
    """Write the release from what the other stages have made (give the same options), and nothing else."""
    changes = _changes(estimating, lift_method, camera_distance, prompts_per_clip, with_video, compact, bounds)
    return _run(common.request(changes), ("shard",), out)


def _changes(
    estimating: Estimating | None = None,
    lift_method: str | None = None,
    camera_distance: float | None = None,
    prompts_per_clip: int | None = None,
    with_video: bool = False,
    compact: bool = False,
    bounds: Bounds | None = None,
) -> Changes:
    """Options of single stages by their section of the pipeline; None changes nothing."""
    return {
        **(estimating.changes() if estimating else {}),
        "lift": {"method": lift_method, "camera_distance": camera_distance},
        "keep": asdict(bounds) if bounds else {},
        "prompts": {"per_clip": prompts_per_clip},
        "shard": {"with_video": with_video or None, "layout": "compact" if compact else None},
    }


def _run(request: Request, stages: tuple[str, ...] | None, out: Path | None = None) -> int:
    """Run the named stages or all, then say what came of it; 1 where clips were rejected or nothing came out."""
    from ..pipeline.build import open_build, run_stages
    from ..release.assemble import assemble
    from ..release.place import check_place, release_at
    from .summary import print_summary

    release = out or Path("releases") / f"{request.language.slug}-{request.corpus}"
    progress = new_progress()
    releases = stages is None or "shard" in stages
    if releases:
        check_place(release, (request.work, request.downloads, request.root, request.text, request.keypoints))
        release_at(release, request.corpus, request.language.code)
    with open_build(request, progress) as build:
        summaries = run_stages(build, stages, progress)
        if any(summary.stage == "visualise" and summary.todo + summary.kept for summary in summaries):
            progress.say(f"videos with skeletons: {build.work.root / 'visualised'}")
        assembly = assemble(build, release) if releases else None
        return print_summary(build, summaries, assembly)
