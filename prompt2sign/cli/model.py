"""`prompt2sign train`, `add-language`, `generate`, `evaluate`: the reference SignLLM."""

from __future__ import annotations

import json as json_module
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperCommand, TyperOption

from .app import app, settings, stderr, stdout

if TYPE_CHECKING:
    from ..outputs import Generated
    from ..signllm.options import TrainOptions
    from ..signllm.signer import Asked
    from ..signllm.trainer import State

Releases = Annotated[list[Path], typer.Argument(metavar="RELEASE...", help="One release or several.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run, or of one checkpoint.")]
Out = Annotated[Path, typer.Option("--out", help="Folder of the run; the same command goes on where it stopped.")]
Config = Annotated[Path | None, typer.Option("--config", help="YAML of options; schemas/train.schema.json lists all.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="One option: section.option=value, such as loss.kind=rl; repeatable.")
]
Languages = Annotated[list[str] | None, typer.Option("--lang", help="Only this language; may be repeated.")]
Cache = Annotated[Path | None, typer.Option("--cache", help="Where motion is decoded to once; beside --out.")]
Device = Annotated[
    Literal["cpu", "cuda"] | None, typer.Option("--device", help="The GPU where there is one, else the CPU.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for scripts, no progress.")]
Steps = Annotated[int | None, typer.Option("--steps", min=1, help="Steps at most.")]
Minutes = Annotated[float | None, typer.Option("--minutes", min=0.01, help="Minutes of learning at most.")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Same seed, same machine, same model.")]

#: Options of `train` that have a name of their own on the command line.
_SHORTCUTS = {
    "mode": "model.mode",
    "decoder": "model.decoder",
    "size": "model.size",
    "loss": "loss.kind",
    "priority": "priority.enabled",
    "steps": "run.steps",
    "minutes": "run.minutes",
    "seed": "run.seed",
}


class _ShowsDefaults(TyperCommand):
    """A command whose help reads the defaults of its options where they are: importing them costs time."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        from ..signllm.options import TrainOptions

        defaults = _flat(TrainOptions())
        for parameter in self.params:
            default = defaults.get(_SHORTCUTS.get(parameter.name or "", ""))
            if isinstance(parameter, TyperOption) and not parameter.is_flag and default is not None:
                parameter.show_default = f"{default:,}" if isinstance(default, int) else str(default)
        super().format_help(ctx, formatter)


@app.command(
    cls=_ShowsDefaults,
    epilog="Example: prompt2sign train releases/gsl releases/asl --out runs/first --size tiny --minutes 10",
)
def train(
    releases: Releases,
    out: Out,
    config: Config = None,
    mode: Annotated[
        Literal["mlsf", "prompt2langgloss"] | None,
        typer.Option("--mode", help="A group for each language, or one model whom the prompt tells the language."),
    ] = None,
    decoder: Annotated[
        Literal["progressive", "parallel"] | None,
        typer.Option("--decoder", help="Frame by frame as published, or all frames at once."),
    ] = None,
    size: Annotated[
        Literal["tiny", "base-40M", "large-120M", "super-1B"] | None,
        typer.Option("--size", help="Of a group; on a CPU tiny."),
    ] = None,
    loss: Annotated[
        Literal["mse", "l1", "rl", "policy-gradient"] | None, typer.Option("--loss", help="What is minimised.")
    ] = None,
    priority: Annotated[bool, typer.Option("--priority", help="Priority Learning Channel: draw by reward.")] = False,
    steps: Steps = None,
    minutes: Minutes = None,
    seed: Seed = None,
    languages: Languages = None,
    options: Set = None,
    cache: Cache = None,
    device: Device = None,
    json: Json = False,
) -> int:
    """Train SignLLM on releases. Stop it whenever you like; the same command goes on."""
    from ..signllm.options import load_options

    settings.json = json
    given = (mode, decoder, size, loss, priority or None, steps, minutes, seed)
    shortcuts = dict(zip(_SHORTCUTS.values(), given, strict=True))
    chosen = load_options(config, {**shortcuts, **_pairs(options)})
    _with_torch()
    from ..signllm.train import train as begin

    where: dict[str, Any] = {"cache": cache, "languages": languages, "device": device, "say": _say()}
    return _trained(out, begin(releases, out, chosen, **where), json)


@app.command(
    "add-language", epilog="Example: prompt2sign add-language runs/first releases/tsl --out runs/second --minutes 10"
)
def add_language(
    run: Run,
    releases: Releases,
    out: Out,
    steps: Steps = None,
    minutes: Minutes = None,
    seed: Seed = None,
    languages: Languages = None,
    options: Set = None,
    cache: Cache = None,
    device: Device = None,
    json: Json = False,
) -> int:
    """Append a group for each new language to an MLSF model; the other groups stay as they are, to the bit."""
    _with_torch()
    from ..signllm.train import add_language as append
    from ..signllm.train import load_base

    settings.json = json
    changes = {"run.steps": steps, "run.minutes": minutes, "run.seed": seed, **_pairs(options)}
    chosen = _changed(load_base(run, out, lambda _: None).options, changes)
    where: dict[str, Any] = {"cache": cache, "languages": languages, "device": device, "say": _say()}
    return _trained(out, append(run, releases, out, chosen, **where), json)


@app.command(epilog="Example: prompt2sign generate runs/first --lang gsl --text 'Guten Morgen' --out morning.mp4")
def generate(
    run: Run,
    out: Annotated[
        list[Path],
        typer.Option("--out", help="File to write: .mp4 .parquet .skels .pose .h5; may be repeated."),
    ],
    text: Annotated[list[str] | None, typer.Option("--text", help="A sentence (MLSF); may be repeated.")] = None,
    prompt: Annotated[
        list[str] | None, typer.Option("--prompt", help="A prompt (Prompt2LangGloss); may be repeated.")
    ] = None,
    lang: Annotated[str, typer.Option("--lang", help="Sign language of the sentences (MLSF).")] = "",
    source: Annotated[
        Path | None,
        typer.Option("--from", help="File with a sentence or prompt a line; - reads them as they come."),
    ] = None,
    convention: Annotated[
        Literal["progressive", "prompt2sign"], typer.Option("--convention", help="Of .skels.")
    ] = "progressive",
    view: Annotated[Literal["front", "side", "top"], typer.Option("--view", help="Of the video.")] = "front",
    at_once: Annotated[int, typer.Option("--at-once", min=1, help="Sentences signed together.")] = 1,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
    device: Device = None,
    json: Json = False,
) -> int:
    """Turn text or prompts into motion: video, shard, skels, .pose or h5."""
    from ..errors import ClipRejected, UsageError
    from ..outputs import check_targets, write_motions

    settings.json = json
    check_targets(out, overwrite=overwrite)
    _with_torch()
    from ..signllm.signer import Signer

    made: list[dict[str, Any]] = []
    rejected: list[ClipRejected] = []
    say = _say()
    signer = Signer(run, [lang] if lang else None, device, say)
    wishes = _wishes(text or [], prompt or [], lang, source, signer.reads_prompts)
    clips = signer.sign(wishes, at_once, rejected=lambda _, error: rejected.append(error))
    try:
        files = write_motions(out, _told(clips, made, say), overwrite=overwrite, convention=convention, view=view)
    except UsageError:
        if rejected and not made:
            raise rejected[0] from None
        raise
    for error in rejected:
        stderr().print(f"prompt2sign: {error}", highlight=False, markup=False, soft_wrap=True)
    if json:
        refused = [{"reason": error.reason, "message": str(error)} for error in rejected]
        print(json_module.dumps({"files": [str(path) for path in files], "clips": made, "rejected": refused}))
    else:
        for path in files:
            stdout().print(f"{path} written", highlight=False, markup=False, soft_wrap=True)
    return 1 if rejected else 0


@app.command(epilog="Example: prompt2sign evaluate runs/first releases/gsl --out scores/first")
def evaluate(
    run: Run,
    releases: Releases,
    out: Annotated[Path, typer.Option("--out", help="Folder for the tables and the back-translation.")],
    split: Annotated[Literal["train", "dev", "test"], typer.Option("--split", help="What to score on.")] = "test",
    oracle: Annotated[
        bool, typer.Option("--oracle-timing", help="Add the published, leaky decoding as a row.")
    ] = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Score on at most so many clips.")] = None,
    translator: Annotated[
        Path | None, typer.Option("--back-translation", help="A back-translation trained by an earlier evaluation.")
    ] = None,
    translation_steps: Annotated[
        int | None,
        typer.Option("--back-translation-steps", min=1, help="Steps of its training at most; 2,000 where not given."),
    ] = None,
    cache: Cache = None,
    device: Device = None,
    json: Json = False,
) -> int:
    """Score a model beside a still mean pose, the nearest neighbour in text, and ground truth."""
    _with_torch()
    from ..signllm.back_translation import BackTranslationOptions
    from ..signllm.evaluate import evaluate as judge

    settings.json = json
    translation = BackTranslationOptions(steps=translation_steps) if translation_steps else None
    found = judge(
        run, releases, out, split=split, oracle=oracle, limit=limit, translator=translator,
        translation=translation, cache=cache, device=device, say=_say(),
    )  # fmt: skip
    if json:
        print(found.to_json(), end="")
        return 0
    console = stdout()
    console.print(found.table.to_rich())
    lines = [f"note: {sentence}" for sentence in found.notes] + [f"warning: {sentence}" for sentence in found.warnings]
    where = ", ".join(map(str, found.files))
    for line in (*lines, f"written, with all measures and their intervals: {where}"):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return 0


def _told(clips: Iterator[Generated], made: list[dict[str, Any]], say: Callable[[str], None]) -> Iterator[Generated]:
    """Say of each clip on its way what it is, and note it in `made`."""
    for clip in clips:
        gloss = f', gloss "{clip.gloss}"' if clip.gloss else ""
        say(f"{clip.text or clip.prompt}: {clip.lang}, {clip.seconds:.2f} s{gloss}")
        made.append({"clip_id": clip.clip_id, "lang": clip.lang, "gloss": clip.gloss, "seconds": clip.seconds})
        yield clip


def _trained(out: Path, state: State, json: bool) -> int:
    if int(os.environ.get("RANK", "0")):
        return 0  # of several processes the first one talks
    from ..signllm import checkpoint

    validated = isfinite(state.best)
    found = checkpoint.find(out, warn=_say())
    if json:
        best = state.best if validated else None
        print(json_module.dumps(asdict(state) | {"best": best, "checkpoint": str(found)}))
        return 0
    best_words = (
        f"best at {state.best_step:,} with DTW-MJE {state.best:.3f} shoulder widths" if validated else "not validated"
    )
    for line in (
        f"{out}: {state.step:,} steps, {best_words}",
        f"{'best' if validated else 'last'} checkpoint: {found}",
        f"next: {_next(out, checkpoint.read_config(found))}",
    ):
        stdout().print(line, highlight=False, markup=False, soft_wrap=True)
    return 0


def _next(out: Path, config: dict[str, Any]) -> str:
    """The command that signs with a trained model."""
    asks = '--prompt "..."'
    if config["options"]["model"]["mode"] == "mlsf":
        asks = f'--lang {config["languages"][-1].lower()} --text "..."'
    return f"prompt2sign generate {quote(str(out))} {asks} --out first.mp4"


def _pairs(options: list[str] | None) -> dict[str, Any]:
    from ..errors import UsageError
    from ..plain_yaml import parse_yaml

    pairs = [option.partition("=") for option in options or ()]
    if bad := [name for name, sign, _ in pairs if not (name and sign)]:
        raise UsageError(f"--set {bad[0]}: write section.option=value, such as loss.kind=rl")
    try:
        return {name: parse_yaml(value) for name, _, value in pairs}
    except ValueError as error:
        raise UsageError(f"--set: a value cannot be read: {error}") from error


def _changed(options: TrainOptions, changes: dict[str, Any]) -> TrainOptions:
    from ..signllm.options import load_options

    return load_options(None, _flat(options) | {name: value for name, value in changes.items() if value is not None})


def _flat(options: TrainOptions) -> dict[str, Any]:
    """`section.option` to value."""
    sections = options.model_dump()
    return {f"{section}.{name}": value for section, values in sections.items() for name, value in values.items()}


def _wishes(
    texts: list[str], prompts: list[str], lang: str, source: Path | None, reads_prompts: bool
) -> Iterator[Asked]:
    from itertools import chain

    from ..errors import UsageError
    from ..signllm.signer import Asked

    if not (texts or prompts or source):
        raise UsageError("nothing to sign: give --text, --prompt or --from FILE")
    if (reads_prompts and texts) or (not reads_prompts and prompts):
        kind, wanted = ("Prompt2LangGloss", "--prompt") if reads_prompts else ("MLSF", "--text")
        raise UsageError(f"this model is {kind} and reads {wanted}")
    if reads_prompts and lang:
        raise UsageError("this model is Prompt2LangGloss, the prompt tells it the language; leave out --lang")
    lines = _lines(source) if source else iter(())
    alone = source is None and len(texts) + len(prompts) == 1
    for number, words in enumerate(chain(texts, prompts, lines), start=1):
        asked = {"prompt": words} if reads_prompts else {"text": words, "lang": lang}
        yield Asked(f"{number:05d}", **asked, alone=alone)


def _lines(source: Path) -> Iterator[str]:
    from ..errors import UsageError

    if str(source) == "-" and sys.stdin is None:
        raise UsageError("--from -: standard input is closed; give a file")
    try:
        with sys.stdin if str(source) == "-" else source.open(encoding="utf-8") as file:
            lines = (line.removeprefix("\ufeff").strip() for line in file)  # some editors begin files with that mark
            yield from filter(None, lines)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{source}: cannot be read as text: {error}") from error


def _say() -> Callable[[str], None]:
    if settings.json:
        return lambda _: None
    console = stderr()
    return lambda words: console.print(words, highlight=False, markup=False, soft_wrap=True)


def _with_torch() -> None:
    from importlib.util import find_spec

    from ..errors import MissingError

    if find_spec("torch") is None or find_spec("safetensors") is None:
        raise MissingError('training and generating need torch: pip install "prompt2sign[train]"')
