"""A whole build, or some of its stages: corpus -> manifest -> stages -> release."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from ..corpora import get_corpus
from ..corpora.base import Corpus, CorpusFacts, Source
from ..corpora.splits import describe_splits
from ..errors import MissingError, RunError, UsageError
from ..languages import Language
from ..options import Pipeline
from ..records import Clip, Rejection
from .ahead import check_ahead
from .engine import Workers
from .fetching import fetch_corpus
from .ledger import Ledger
from .progress import Progress, size
from .runner import StageSummary, run_stage
from .stage import Stage, path_state
from .stages import stages_of
from .work import WorkFolder

#: Entries that cannot become clips, told one by one before the first stage; a release lists all.
_N_TOLD = 5


@dataclass(frozen=True)
class Request:
    """What the user asked for.

    Attributes:
        language: The language.
        pipeline: Options of every stage, resolved.
        corpus: Name of the corpus.
        work: The folder given with `--work`; the build uses `<language>/<corpus>` in it.
        root: `--from`.
        text: `--text`.
        keypoints: `--keypoints`.
        downloads: The folder given with `--downloads`; a corpus that can be fetched has `<corpus>` in it.
        fetches: Fetch what is not there yet.
        n_jobs: Worker processes; 0 runs everything in this process.
        limit: Only the first so many clips, None for all.
        only: Only clips with these ids, empty for all.
        force: Stages to do again whatever their receipts say.
        strict: End at the first clip that fails.
    """

    language: Language
    pipeline: Pipeline
    corpus: str
    work: Path
    root: Path | None = None
    text: Path | None = None
    keypoints: Path | None = None
    downloads: Path = Path("downloads")
    fetches: bool = False
    n_jobs: int = 1
    limit: int | None = None
    only: tuple[str, ...] = ()
    force: frozenset[str] = field(default_factory=frozenset)
    strict: bool = False


@dataclass(frozen=True)
class Build:
    """An open build: its folder is locked, its manifest is there.

    Attributes:
        request: What the user asked for.
        facts: What is known of the corpus, its licence first of all.
        stages: All stages in their order.
        work: The work folder.
        ledger: Manifest and receipts.
    """

    request: Request
    facts: CorpusFacts
    stages: tuple[Stage, ...]
    work: WorkFolder
    ledger: Ledger


@contextmanager
def open_build(request: Request, progress: Progress) -> Iterator[Build]:
    """Lock the work folder, look at the corpus, and write the manifest.

    Raises:
        UsageError: The corpus does not serve the language, or its folder has another layout.
        MissingError: The user must bring something first.
        RunError: Another build is at work in the folder, or it cannot be written.
    """
    corpus = get_corpus(request.corpus)
    facts = _facts(request, corpus.facts)
    _check(request, facts)
    work = WorkFolder(request.work / request.language.slug / request.corpus)
    with work.locked(), Ledger(work.ledger) as ledger:
        _write_manifest(request, corpus, work, ledger, progress)
        yield Build(request, facts, stages_of(request.pipeline), work, ledger)


def run_stages(build: Build, names: Sequence[str] | None, progress: Progress) -> list[StageSummary]:
    """Run the named stages over the manifest, in order; all of them where `names` is None.

    Raises:
        UsageError: A stage has nothing to start from, because the one before was never run.
        RunError: The disk is full, or `--strict` and a clip failed.
    """
    request, summaries = build.request, []
    stages = [stage for stage in build.stages if names is None or stage.name in names]
    check_ahead(stages, build.ledger, request.pipeline)
    with Workers(request.n_jobs) as workers:
        for stage in stages:
            force = stage.name in request.force
            summary = run_stage(stage, build.ledger, build.work, progress, workers, strict=request.strict, force=force)
            if names and stage.after and not summary.todo + summary.kept and _any_clip_for(stage, build.ledger):
                raise UsageError(f"{stage.name} has nothing to start from: run `prompt2sign {stage.after}` first")
            summaries.append(summary)
    return summaries


def _any_clip_for(stage: Stage, ledger: Ledger) -> bool:
    return any(map(stage.applies, ledger.clips()))


def _facts(request: Request, facts: CorpusFacts) -> CorpusFacts:
    """The corpus's own facts; of the user's own data only the user can say what may be done with it."""
    options = request.pipeline.source
    if facts.access != "local":
        if options.licence or options.redistribute:
            raise UsageError(f"the licence of {facts.name} is {facts.licence}; --licence is for your own data only")
        return facts
    return replace(
        facts,
        licence=options.licence or facts.licence,
        redistribute_motion=options.redistribute,
        redistribute_video=options.redistribute,
    )


def _check(request: Request, facts: CorpusFacts) -> None:
    if facts.languages and request.language.code not in facts.languages:
        raise UsageError(
            f"corpus {facts.name} holds {', '.join(facts.languages)}, not {request.language.code}; "
            "`prompt2sign corpora` shows which corpus has which language"
        )
    if request.pipeline.shard.with_video and not facts.redistribute_video:
        raise UsageError(
            f"--with-video: the licence of {facts.name} ({facts.licence}) does not allow its videos to be passed on; "
            + ("say --licence and --redistribute" if facts.access == "local" else "build without it")
        )


def _write_manifest(request: Request, corpus: Corpus, work: WorkFolder, ledger: Ledger, progress: Progress) -> None:
    source = source_of(request, corpus, work.source)
    if request.fetches:
        fetch_corpus(corpus, source, progress)
    plan = corpus.plan(source)
    if plan.missing:
        steps = (
            [f"{number}. {step}" for number, step in enumerate(corpus.facts.steps, 1)] if source.root is None else []
        )
        lines = "\n".join(f"  {line}" for line in (*plan.missing, *steps))
        raise MissingError(f"corpus {request.corpus} is not complete:\n{lines}")
    facts = corpus.facts
    progress.say(
        f"{request.language.name}, corpus {facts.name} ({facts.title}): {plan.n_clips:,} clips, "
        f"{size(plan.n_bytes)} to read; licence: {facts.licence}"
    )
    for note in plan.notes:
        progress.say(f"  note: {note}")
    ledger.replace_manifest(_select(corpus.clips(source), request), _states())
    found = {entry.clip_id for entries in (ledger.clips(), ledger.rejections()) for entry in entries if request.only}
    if missing := [clip_id for clip_id in request.only if clip_id not in found]:
        raise UsageError(f"--only: no clip is called {', '.join(map(repr, missing))}")
    if ledger.n_clips() == 0:
        raise UsageError(_nothing_usable(request, ledger))
    if request.strict:
        for rejection in ledger.rejections():
            raise RunError(f"--strict: {rejection.message}")
    for rejection in islice(ledger.rejections(), _N_TOLD):
        progress.say(f"  rejected ({rejection.reason}): {rejection.message}")
    if (more := ledger.n_rejections() - _N_TOLD) > 0:
        progress.say(f"  and {more:,} more")
    progress.say(f"  {describe_splits(ledger.clips(), source.splits)}")


def source_of(request: Request, corpus: Corpus, scratch: Path) -> Source:
    """Where the corpus lies: where the user says, else where it is fetched to, if it can be."""
    fetched = request.downloads.absolute() / request.corpus
    pipeline = request.pipeline
    source = Source(
        language=request.language,
        root=request.root,
        text=request.text,
        keypoints=request.keypoints,
        scratch=scratch,
        columns=dict(pipeline.columns),
        fetched=fetched,
        fetch=pipeline.fetch,
        cues=pipeline.cues,
        splits=pipeline.splits,
    )
    return replace(source, root=fetched) if request.root is None and corpus.wanted(source) else source


def _select(entries: Iterable[Clip | Rejection], request: Request) -> Iterator[Clip | Rejection]:
    """The clips that `--only` and `--limit` leave."""
    n_clips = 0
    for entry in entries:
        if request.only and entry.clip_id not in request.only:
            continue
        if isinstance(entry, Rejection):
            yield entry
        elif request.limit is not None and n_clips >= request.limit:
            return
        else:
            n_clips += 1
            yield _complete(entry, request)


def _complete(clip: Clip, request: Request) -> Clip:
    """Fill in what picture folders and ready keypoints do not say of themselves."""
    if clip.keypoints is None and (clip.media is None or clip.media.is_file()):
        return clip
    options = request.pipeline.source
    return replace(
        clip,
        fps=clip.fps or options.fps,
        width=clip.width or options.width,
        height=clip.height or options.height,
    )


def _states() -> Callable[[Clip], str]:
    """Tells the state of a clip's files; clips that share a video or an archive follow each other as a rule."""
    state_of = lru_cache(maxsize=64)(path_state)

    def of_clip(clip: Clip) -> str:
        path = clip.keypoints or clip.media
        return state_of(path) if path else ""

    return of_clip


def _nothing_usable(request: Request, ledger: Ledger) -> str:
    reasons = [f"  {r.reason}: {r.message}" for _, r in zip(range(5), ledger.rejections(), strict=False)]
    more = ledger.n_rejections() - len(reasons)
    return "\n".join(
        [
            f"corpus {request.corpus}: not one usable clip",
            *reasons,
            *([f"  and {more:,} more"] if more > 0 else []),
        ]
    )


def options_of(request: Request) -> dict[str, Any]:
    """The resolved options as a release keeps them: nothing of this machine, no job count."""
    options = request.pipeline.model_dump(mode="json")
    options["corpus"] = request.corpus
    options["pose"] = request.pipeline.pose.as_released()
    del options["visualise"]  # videos for people to look at, which no release holds
    fetched = options["fetch"]  # the rest of it is addresses and keys of one machine
    options["fetch"] = {name: fetched[name] for name in ("variant", "max_videos")}
    for section, name in (("prompts", "templates"), ("cues", "offsets")):
        if options[section][name]:
            options[section][name] = Path(options[section][name]).name
    return options
