"""Train a model on releases, go on with a run, or append a language to a model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..errors import UsageError
from ..loaders.cache import MotionCache, open_cache
from . import checkpoint
from .corpus import add_group, build_model, too_long
from .described import described
from .distributed import Ranks, ranks
from .log import RunLog
from .mlsf import MLSF
from .model import SignModel, count_parameters
from .options import TrainOptions, save_options
from .run_folder import OPTIONS, run_folder
from .saved import Saved, config_of, load
from .text2pose import Text2Pose
from .trainer import State, Trainer

#: Options that a run may change when it goes on: they decide how long and how it is watched, not what is learned.
_MAY_CHANGE = (
    "steps",
    "minutes",
    "validate_every",
    "validation_clips",
    "early_stop",
    "log_every",
    "tensorboard",
    "keep",
)

#: Words that the sizes were named for (sizes.py): those of the authors' ASL data.
NAMED_VOCABULARY = 18_106

Say = Callable[[str], None]


def train(
    releases: Sequence[Path],
    run: Path,
    options: TrainOptions,
    *,
    cache: Path | None = None,
    languages: Sequence[str] | None = None,
    device: str | None = None,
    say: Say = print,
) -> State:
    """Train a model; where `run` holds one that was stopped, go on with it.

    Args:
        releases: Release folders; one or several, of one language or of several.
        run: Folder of the run: checkpoints and logs.
        options: Of the run.
        cache: Where motion is decoded to, once; `motion-cache` beside the run where None.
        languages: Only these languages.
        device: `cpu` or `cuda`; the GPU where there is one.
        say: Told in words what is going on.

    Raises:
        UsageError: The releases do not fit together, hold no training clip, or the run was begun with other options;
            `run` is a release or holds something else.
        RunError: The loss is no longer a number, memory is full, or another training is at work in `run`.
    """
    with ranks(device) as place, run_folder(run, releases, cache, place):
        say = _audible(say) if place.leads else _silent
        clips = _open(releases, run, cache, options, say)
        rows, dev = _rows(clips, languages, say)
        lesson = _lesson(clips, rows, None)
        newest = _newest(run, say)
        _check_unchanged(newest, run, options, lesson)
        model = load(newest).model if newest else build_model(clips, rows, options)
        config = config_of(model, options, [clips]) | lesson
        return _fit(model, clips, rows, dev, options, run, newest, config, place, say)


def add_language(
    base: Path,
    releases: Sequence[Path],
    run: Path,
    options: TrainOptions | None = None,
    *,
    cache: Path | None = None,
    languages: Sequence[str] | None = None,
    device: str | None = None,
    say: Say = print,
) -> State:
    """Append a group for each new language to an MLSF model and train these groups alone.

    The other groups are copied: what they say stays the same to the bit.

    Args:
        base: Run or checkpoint to start from; it is not changed.
        releases: Releases of the new languages.
        run: Folder of the new run.
        options: Of the new run; `model` must be that of the base. Those of the base where None.
        cache: See `train`.
        languages: Only these languages.
        device: See `train`.
        say: See `train`.

    Raises:
        UsageError: The base is not MLSF, has these languages already, or see `train`.
    """
    with ranks(device) as place, run_folder(run, releases, cache, place):
        say = _audible(say) if place.leads else _silent
        saved = load_base(base, run, say)
        options = options or saved.options
        model = _mlsf(saved, options)
        fitted = options.model_copy(update={"data": options.data.model_copy(update={"fps": saved.fps})})
        clips = _open(releases, run, cache, fitted, say)
        rows, dev = _rows(clips, languages, say)
        added = _new_languages(_own_languages(saved, run), clips, rows)
        lesson = _lesson(clips, rows, [f"groups.{language}" for language in added])
        newest = _newest(run, say)
        _check_unchanged(newest, run, fitted, lesson)
        if newest:
            model = cast(MLSF, load(newest).model)
        else:
            langs = np.array(clips.column("lang"))[rows]
            torch.manual_seed(options.run.seed)
            for language in added:
                add_group(model, language, clips, rows[langs == language], options.text)
        config = config_of(model, fitted, [clips]) | lesson
        config["data"] = list(dict.fromkeys([*saved.config["data"], clips.fingerprint]))
        return _fit(model, clips, rows, dev, fitted, run, newest, config, place, say)


def load_base(base: Path, run: Path, warn: Callable[[str], object]) -> Saved:
    """The model that `add_language` starts from; where it is gone, and the run is begun, that of the run itself.

    Raises:
        UsageError: There is neither.
        FormatError: It is damaged.
    """
    if base.exists() or not checkpoint.has_any(run):
        return load(base, warn=warn)
    return load(checkpoint.find(run, "last", warn=warn))


def _fit(
    model: SignModel,
    clips: MotionCache,
    rows: NDArray[np.int64],
    dev: NDArray[np.int64],
    options: TrainOptions,
    run: Path,
    newest: Path | None,
    config: dict[str, Any],
    place: Ranks,
    say: Say,
) -> State:
    cast(nn.Module, model).to(place.device)
    if place.leads:
        run.mkdir(parents=True, exist_ok=True)
        save_options(run / OPTIONS, options)
    if n_cut := too_long(clips, rows, model, options):
        say(f"{n_cut:,} clips have a text of more than {options.text.max_tokens} tokens; its end is cut off")
    with _log(run, options, place, say) as log:
        trainer = Trainer(model, clips, rows, dev, options, run, config, place, log, config["learned"])
        if newest:
            trainer.restore(newest)
            say(trainer.ended() or f"going on from step {trainer.state.step:,} ({newest})")
        elif log:
            log.cut(0)  # what a run left that was killed before its first checkpoint
        if not trainer.ended():
            for words in (_cost(model, clips, rows, options, place), *_advice(options, place)):
                say(words)
        return trainer.fit()


def _log(run: Path, options: TrainOptions, place: Ranks, say: Say) -> AbstractContextManager[RunLog | None]:
    if not place.leads:
        return nullcontext()
    chosen = options.run
    return RunLog(run, say, every=chosen.log_every, n_steps=chosen.steps, tensorboard=chosen.tensorboard)


def _open(releases: Sequence[Path], run: Path, cache: Path | None, options: TrainOptions, say: Say) -> MotionCache:
    data = options.data
    clips = open_cache(
        releases,
        cache or run.parent / "motion-cache",
        fps=data.fps,
        min_frames=data.min_frames,
        max_frames=data.max_frames,
    )
    for dropped in clips.dropped[:5]:
        say(f"left out: {dropped.message}")
    if len(clips.dropped) > 5:
        say(f"left out: {len(clips.dropped):,} clips in all")
    return clips


def _rows(clips: MotionCache, languages: Sequence[str] | None, say: Say) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Training and validation rows; a corpus without a dev split is validated on what it is trained on, and says so."""
    rows, langs = clips.rows("train", languages), np.array(clips.column("lang"))
    dev = np.flatnonzero((np.array(clips.column("split")) == "dev") & np.isin(langs, langs[rows]))
    if len(dev):
        return rows, dev
    say("no dev split: validating on training clips, so the best checkpoint is merely the one that remembers best")
    return rows, rows


def _lesson(clips: MotionCache, rows: NDArray[np.int64], learned: list[str] | None) -> dict[str, Any]:
    """What a run learns, and from what: as long as it goes on, this must stay."""
    langs = np.array(clips.column("lang"))[rows]
    counts = {str(lang): int((langs == lang).sum()) for lang in dict.fromkeys(langs)}
    return {"learned": learned, "clips": counts, "clips_from": clips.fingerprint}


def _newest(run: Path, say: Say) -> Path | None:
    """The checkpoint to go on from, every byte of it compared; None where the run is not begun."""
    return checkpoint.find(run, "last", thorough=True, warn=say) if checkpoint.has_any(run) else None


def _check_unchanged(newest: Path | None, run: Path, options: TrainOptions, lesson: dict[str, Any]) -> None:
    """A run goes on with the options and clips it was begun with."""
    if newest is None:
        return
    config = checkpoint.read_config(newest)
    if changed := _changes(described(config, newest).options.model_dump(), options.model_dump()):
        raise UsageError(
            f"{run}: this run was begun with other options ({'; '.join(changed)}); take the same to go on with it, or "
            "another --out"
        )
    if {name: config.get(name) for name in lesson} != lesson:
        then, here = (_counted(counts) for counts in (config.get("clips"), lesson["clips"]))
        raise UsageError(
            f"{run}: this run was begun with other clips ({then}; here {here}) or by another command; take the same "
            "releases and languages to go on with it, or another --out"
        )


def _changes(before: dict[str, dict[str, Any]], now: dict[str, dict[str, Any]]) -> list[str]:
    """`model.decoder: progressive then, parallel now` for each option that has to stay and did not."""
    return [
        f"{section}.{name}: {_plain(before.get(section, {}).get(name))} then, {_plain(value)} now"
        for section, values in now.items()
        for name, value in values.items()
        if before.get(section, {}).get(name) != value and not (section == "run" and name in _MAY_CHANGE)
    ]


def _plain(value: Any) -> str:
    """As it stands in YAML."""
    return value if isinstance(value, str) else json.dumps(value)


def _counted(clips: dict[str, int] | None) -> str:
    return ", ".join(f"{count:,} of {language}" for language, count in (clips or {}).items())


def _mlsf(saved: Saved, options: TrainOptions) -> MLSF:
    if not isinstance(saved.model, MLSF):
        raise UsageError("only an MLSF model has groups to append to; train Prompt2LangGloss on all languages at once")
    if options.model != saved.options.model:
        raise UsageError(f"the new group must be like the others: {saved.options.model!r}")
    return saved.model


def _own_languages(saved: Saved, run: Path) -> list[str]:
    """Languages of the base; a checkpoint of the run itself, in place of a lost base, has the new ones as well."""
    is_base = saved.folder.parent.parent.absolute() != run.absolute()
    learned = [] if is_base else saved.config.get("learned") or []
    return [language for language in saved.model.languages if f"groups.{language}" not in learned]


def _new_languages(own: Sequence[str], clips: MotionCache, rows: NDArray[np.int64]) -> list[str]:
    langs = clips.column("lang")
    found = list(dict.fromkeys(langs[row] for row in rows))
    if known := [language for language in found if language in own]:
        raise UsageError(f"the model has a group for {', '.join(known)} already; name others with --lang")
    return found


def _cost(model: SignModel, clips: MotionCache, rows: NDArray[np.int64], options: TrainOptions, place: Ranks) -> str:
    sizes = ", ".join(f"{name} {count_parameters(part) / 1e6:.1f} M" for name, part in model.parts.items())
    words = ", ".join(f"{name} {len(vocabulary):,}" for name, vocabulary in model.vocabularies.items())
    n_frames = int(clips.lengths[rows].sum())
    return (
        f"{options.model.mode}, {options.model.decoder}, {options.model.size}: {sizes} parameters with vocabularies of "
        f"{words}{_named(options)}; {len(rows):,} clips, {n_frames:,} frames at {clips.fps:g} a second; "
        f"{options.run.steps:,} steps on {place.world} x {place.device.type}"
    )


def _named(options: TrainOptions) -> str:
    """What the name of a size counts, where it counts anything."""
    if "-" not in options.model.size:
        return ""
    with torch.device("meta"):
        group = Text2Pose(NAMED_VOCABULARY, options.model)
    return (
        f" ({options.model.size} is named for a vocabulary of {NAMED_VOCABULARY:,} words, with which a group has "
        f"{count_parameters(group) / 1e6:,.1f} M)"
    )


def _advice(options: TrainOptions, place: Ranks) -> Iterator[str]:
    """What somebody who trains on a CPU should know."""
    if place.device.type != "cpu":
        return
    if options.model.size != "tiny":
        yield f"on a CPU {options.model.size} is slow; begin with --size tiny"
    if options.optimiser.precision == "bfloat16":
        yield "optimiser.precision bfloat16 is for GPUs; on a CPU it is less exact and as a rule no faster"


def _audible(say: Say) -> Say:
    """`say`, but training does not end because nobody listens any more: a terminal that was closed takes no words."""

    def words(text: str) -> None:
        with suppress(OSError):
            say(text)

    return words


def _silent(_words: str) -> None:
    """Processes that do not lead say nothing."""
