"""The options that `build` and every stage share, declared once."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from .app import settings

if TYPE_CHECKING:
    from ..pipeline.build import Request

_KEYPOINTS = "Ready keypoints instead of videos: OpenPose or DWPose JSON, .pose files."
_COLUMN = "Name of an unusual column of --text, such as text=Satz; may be repeated."
_FPS = "Frames per second, where keypoints or picture folders do not say."
COMPACT = "Smaller shards, which readers other than prompt2sign must undo (schemas/shard-v1.md)."
_DOWNLOADS = "Where corpora are fetched to, one folder each."
_VARIANT = "Which published form of the corpus; `prompt2sign corpora NAME` lists them."
_OFFSETS = "Table of each video's offset between text and signing, as `prompt2sign align` writes it."
_COOKIES = "Cookies of a browser session, for video sites that ask for them (Netscape format)."
_TOKEN = "Key that the owners of a corpus by request sent you."
_MIRROR = "Go elsewhere: BEGINNING=REPLACEMENT of addresses; may be repeated."
_WORK = "Where intermediate files are kept, so that a build can go on."
_MAX_FIT_ERROR = "Leave out clips farther than this from what was seen, in shoulder widths (mean)."
_MAX_JITTER = "Leave out clips that tremble more: mean second difference over time, in shoulder widths."
_MAX_BONE_DEVIATION = "Leave out clips with a bone that changes its length by more than this share."
_MAX_LIMIT_RATE = "Leave out clips with a larger share of joint angles beyond anatomy."
_MIN_BODY_RATE = "Leave out clips with a smaller share of the body's joints seen."
_MIN_HAND_RATE = "Leave out clips with a smaller share of joints seen of the hand that was seen more."


@dataclass(frozen=True, kw_only=True)
class Common:
    """Which clips, from where, and how to run."""

    lang: Annotated[str, typer.Option("--lang", help="Language: asl gsl dsgs lsf-ch lis-ch lsa ksl tsl.")]
    corpus: Annotated[str | None, typer.Option("--corpus", help="Corpus; `prompt2sign corpora` lists them.")] = None
    root: Annotated[Path | None, typer.Option("--from", help="Folder that holds your copy of the corpus.")] = None
    text: Annotated[Path | None, typer.Option("--text", help="CSV or TSV with the sentences.")] = None
    column: Annotated[list[str] | None, typer.Option("--column", help=_COLUMN)] = None
    keypoints: Annotated[Path | None, typer.Option("--keypoints", help=_KEYPOINTS)] = None
    fps: Annotated[float | None, typer.Option("--fps", help=_FPS)] = None
    size: Annotated[str | None, typer.Option("--size", help="Picture size, WIDTHxHEIGHT, where keypoints lack it.")] = (
        None
    )
    licence: Annotated[str | None, typer.Option("--licence", help="Licence of your own data.")] = None
    redistribute: Annotated[bool, typer.Option("--redistribute", help="Your own data may be passed on.")] = False
    downloads: Annotated[Path, typer.Option("--downloads", help=_DOWNLOADS)] = Path("downloads")
    variant: Annotated[str | None, typer.Option("--variant", help=_VARIANT)] = None
    offsets: Annotated[Path | None, typer.Option("--offsets", help=_OFFSETS)] = None
    work: Annotated[Path, typer.Option("--work", help=_WORK)] = Path("work")
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Worker processes; one a core by default.")] = (
        os.cpu_count() or 1
    )
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only the first so many clips.")] = None
    only: Annotated[list[str] | None, typer.Option("--only", help="Only this clip; may be repeated.")] = None
    pipeline: Annotated[Path | None, typer.Option("--pipeline", help="Your own pipeline YAML.")] = None
    strict: Annotated[bool, typer.Option("--strict", help="End at the first clip that fails.")] = False
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object for scripts, no progress.")] = False

    def request(
        self,
        changes: Mapping[str, Mapping[str, Any]],
        force: frozenset[str] = frozenset(),
        fetching: Fetching | None = None,
    ) -> Request:
        """The build that these options ask for.

        Args:
            changes: Options of single stages from the command line, by section of the pipeline; None changes nothing.
            force: Stages to do again.
            fetching: How to fetch what is not there yet; None fetches nothing.
        """
        from ..errors import UsageError
        from ..languages import get_language
        from ..options import load_pipeline, override
        from ..pipeline.build import Request
        from ..pipeline.stages import stages_of
        from .estimating import refuse_foreign

        settings.json = self.json
        language = get_language(self.lang)
        changes = {
            **changes,
            "columns": self._columns(),
            "source": self._source(),
            "cues": {"offsets": self.offsets},
            "fetch": {"variant": self.variant, **(fetching.changes() if fetching else {})},
        }
        pipeline = override(load_pipeline(language, self.pipeline), changes)
        refuse_foreign(changes, pipeline.pose.estimator)
        names = [stage.name for stage in stages_of(pipeline)]
        if unknown := force.difference(names):
            raise UsageError(f"--force {', '.join(sorted(unknown))}: the stages are {', '.join(names)}")
        return Request(
            language=language,
            pipeline=pipeline,
            corpus=(self.corpus or pipeline.corpus).strip().lower(),
            work=self.work,
            root=self.root,
            text=self.text,
            keypoints=self.keypoints,
            downloads=self.downloads,
            fetches=fetching is not None,
            n_jobs=self.jobs,
            limit=self.limit,
            only=tuple(self.only or ()),
            force=force,
            strict=self.strict,
        )

    def _source(self) -> dict[str, Any]:
        terms = {"licence": self.licence, "redistribute": self.redistribute or None}
        return {"fps": self.fps, **terms, **self._size()}

    def _size(self) -> dict[str, int]:
        from ..errors import UsageError

        if self.size is None:
            return {}
        width, _, height = self.size.partition("x")
        if not (width.isdecimal() and height.isdecimal()):
            raise UsageError(f"--size {self.size}: write WIDTHxHEIGHT in pixels, such as 1280x720")
        return {"width": int(width), "height": int(height)}

    def _columns(self) -> dict[str, str]:
        return _pairs(self.column, "--column", "MEANING=HEADER, such as text=Satz")


def _pairs(given: list[str] | None, option: str, form: str) -> dict[str, str]:
    """What an option like `--column text=Satz` says; the last `=` parts, as addresses may hold one."""
    from ..errors import UsageError

    pairs = [pair.rpartition("=") for pair in given or ()]
    if bad := [pair for pair in pairs if not all(pair)]:
        raise UsageError(f"{option} {''.join(bad[0])}: write {form}")
    return {name: value for name, _, value in pairs}


@dataclass(frozen=True, kw_only=True)
class Fetching:
    """How a corpus is fetched; fields of `options.FetchOptions`."""

    cookies: Annotated[Path | None, typer.Option("--cookies", help=_COOKIES)] = None
    token: Annotated[str | None, typer.Option("--token", envvar="PROMPT2SIGN_TOKEN", help=_TOKEN)] = None
    mirror: Annotated[list[str] | None, typer.Option("--mirror", help=_MIRROR)] = None
    rate_limit: Annotated[float | None, typer.Option("--rate-limit", help="Megabytes a second, all together.")] = None
    max_videos: Annotated[
        int | None, typer.Option("--max-videos", min=1, help="Ask a video site for so many videos at most.")
    ] = None

    def changes(self) -> dict[str, Any]:
        """By name of the option; None changes nothing."""
        mirrors = _pairs(self.mirror, "--mirror", "https://OLD/=https://NEW/")
        return {
            "cookies": self.cookies,
            "token": self.token,
            "mirrors": mirrors or None,
            "rate_limit": self.rate_limit,
            "max_videos": self.max_videos,
        }


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Which clips a release keeps; the fields of `options.KeepOptions`."""

    max_fit_error: Annotated[float | None, typer.Option(help=_MAX_FIT_ERROR)] = None
    max_jitter: Annotated[float | None, typer.Option(help=_MAX_JITTER)] = None
    max_bone_deviation: Annotated[float | None, typer.Option(help=_MAX_BONE_DEVIATION)] = None
    max_limit_rate: Annotated[float | None, typer.Option(help=_MAX_LIMIT_RATE)] = None
    min_body_rate: Annotated[float | None, typer.Option(help=_MIN_BODY_RATE)] = None
    min_hand_rate: Annotated[float | None, typer.Option(help=_MIN_HAND_RATE)] = None


def with_options(*kinds: type[Any]) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Put the options of these groups before a command's own; the command gets each as an argument, in order."""
    return partial(_with_shared, kinds)


def _with_shared(kinds: tuple[type[Any], ...], command: Callable[..., int]) -> Callable[..., int]:
    own = list(inspect.signature(command, eval_str=True).parameters.values())[len(kinds) :]
    shared = [parameter for kind in kinds for parameter in _parameters(kind)]
    parameters = [*shared, *(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own)]

    @wraps(command)
    def run(**values: Any) -> int:
        groups = [kind(**{field.name: values.pop(field.name) for field in fields(kind)}) for kind in kinds]
        return command(*groups, **values)

    del run.__wrapped__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _parameters(kind: type[Any]) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(kind)
    ]
