"""`prompt2sign pose --bench VIDEO`: how fast each estimator is on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .app import settings, stdout
from .common import Common
from .estimating import Estimating

if TYPE_CHECKING:
    from ..estimators.bench import First, Held, Speed
    from ..options import PoseOptions

_BENCH = "Measure frames a second on this video, of every estimator or of --estimator, and nothing else."
Bench = Annotated[Path | None, typer.Option("--bench", help=_BENCH)]
#: The options of poses are the same in every language's pipeline.
_ANY_LANGUAGE = "asl"


@dataclass(frozen=True, kw_only=True)
class PoseCommon(Common):
    """The same options; `--bench` needs no language."""

    lang: Annotated[str, typer.Option("--lang", help="Language: asl gsl dsgs lsf-ch lis-ch lsa ksl tsl.")] = ""


def print_bench(video: Path, common: PoseCommon, estimating: Estimating) -> int:
    """Measure and print; 1 where an estimator that was asked for gives no figures.

    Raises:
        ClipRejected: The video cannot be read.
        MissingError: The estimator that was asked for lacks something.
        UsageError: Its options are wrong.
    """
    from ..estimators.bench import decode, first_frames

    settings.json = common.json
    options = _options(common, estimating)
    clip = first_frames(video)
    held, decode_fps = decode(clip)
    about = {"video": video.name, "width": clip.info.width, "height": clip.info.height, "frames": clip.info.n_frames}
    speeds = _speeds(options, clip, held, one=estimating.estimator is not None)
    if settings.json:
        rows = [asdict(speed) for speed in speeds]
        print(json.dumps({**about, "decode_fps": decode_fps, "estimators": rows}, ensure_ascii=False))
    else:
        _print_table(about, decode_fps, speeds)
    return int(estimating.estimator is not None and any(speed.fault for speed in speeds))


def _options(common: PoseCommon, estimating: Estimating) -> PoseOptions:
    from ..languages import get_language
    from ..options import load_pipeline, override

    pipeline = load_pipeline(get_language(common.lang or _ANY_LANGUAGE), common.pipeline)
    return override(pipeline, estimating.changes()).pose


def _speeds(options: PoseOptions, clip: First, held: Held, one: bool) -> list[Speed]:
    from ..estimators.bench import measure, measure_all

    return list((measure if one else measure_all)(options, clip, held))


def _print_table(about: dict[str, Any], decode_fps: float, speeds: Iterable[Speed]) -> None:
    from rich.table import Table

    console = stdout()
    console.print(
        f"{about['video']}: {about['frames']} frames of {about['width']}x{about['height']}, "
        f"decoded {decode_fps:,.0f} a second",
        highlight=False,
    )
    table = Table("estimator", "batch", "on", "ready after", "estimated a second", "from the file a second")
    for column in table.columns[3:]:
        column.justify = "right"
    for speed in speeds:
        table.add_row(*_row(speed))
    console.print(table)
    for speed in speeds:
        if speed.fault:
            console.print(f"{speed.estimator}: {speed.fault}", highlight=False, markup=False)


def _row(speed: Speed) -> list[str]:
    if speed.fault or speed.load_s is None:
        return [speed.estimator, str(speed.batch or ""), "", "", "-", "-"]
    rates = [f"{rate:,.1f}" for rate in (speed.estimate_fps, speed.together_fps) if rate is not None]
    return [speed.estimator, str(speed.batch or ""), speed.runs_on, f"{speed.load_s:.1f} s", *rates]
