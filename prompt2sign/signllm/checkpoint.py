"""Checkpoints: folders that are whole or not there, tensors as safetensors, everything else as JSON, never a pickle.

`schemas/checkpoint-v1.md` says in words what is on disk. Nothing here knows of networks and optimisers: tensors come
in named maps (`nested.flatten` makes one of an optimiser's state), the rest as JSON.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from .. import __version__
from ..errors import FormatError, UsageError
from ..formats.atomic import atomic_path
from ..formats.shard_schema import MotionUnit
from ..skeleton import SKELETON
from . import stored
from .features import N_FEATURES

FORMAT = "prompt2sign-signllm"
VERSION = 1
FOLDER, INDEX = "checkpoints", "checkpoints.json"
CONFIG, STATE = "config.json", "state.json"
#: A checkpoint that a new one of the same step is about to replace ends in `.old`.
_NAME = re.compile(r"step-(\d{8,})|\.step-(\d{8,})\.old")
_UNITS = get_args(MotionUnit)
#: What a file in a checkpoint may be called.
_FILE = re.compile(r"[\w-]{1,100}\.(safetensors|json)")
#: Entries of a config that make the model what it is, beside `options.model` and `options.text`.
_DEFINING = ("skeleton", "unit", "features", "fps", "languages", "vocabularies")


def save(
    run: Path,
    step: int,
    tensors: Mapping[str, Mapping[str, Tensor]],
    config: Mapping[str, Any],
    state: Mapping[str, Any],
    *,
    metrics: Mapping[str, float] | None = None,
    best: bool = False,
    keep: int = 2,
) -> Path:
    """Save a checkpoint, name it the last one (and the best), and remove old ones.

    The folder gets its name by a rename after every byte is on the disk: a process killed at any moment leaves the
    checkpoints before it whole. A checkpoint of the same step is replaced.

    Args:
        run: Folder of the run.
        step: Steps of training so far.
        tensors: Maps of tensors by name: `model`, and as a rule `average` and `optimiser`; each becomes a file.
        config: What is needed to use the model, JSON. Format, step, files and versions of software are put in, and
            where they are left out skeleton, unit and number of features.
        state: What is needed to go on with training, JSON.
        metrics: Figures of this checkpoint for `checkpoints.json`.
        best: Is it the best so far?
        keep: How many of the newest are kept beside the best, 1 or more.

    Returns:
        Folder of the checkpoint.

    Raises:
        OSError: The disk is full and the like; the checkpoints before it are as they were, no half one is left.
    """
    folder = run / FOLDER / f"step-{step:08d}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    _clear_leftovers(folder.parent)
    partial = folder.with_name(f".{folder.name}.tmp")
    try:
        partial.mkdir()
        _write_all(partial, tensors, _complete(config, step), state)
        _put_in_place(partial, folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    entry = {"name": folder.name, "step": step, "metrics": dict(metrics or {})}
    index = read_index(run)
    _write_index(run, {"last": entry, "best": entry if best else index["best"]})
    _prune(run, keep)
    return folder


def discard_after(run: Path, step: int) -> None:
    """Remove the checkpoints beyond a step: a run that goes on from there makes them anew."""
    index = read_index(run)
    _write_index(run, {name: entry if entry and entry["step"] <= step else None for name, entry in index.items()})
    for folder in _checkpoints(run / FOLDER):
        if _rank(folder)[0] > step:
            _remove(folder)


def find(
    path: Path,
    prefer: Literal["best", "last"] = "best",
    *,
    thorough: bool = False,
    warn: Callable[[str], object] = warnings.warn,
) -> Path:
    """The checkpoint that a path means: one of a run's folder, or the checkpoint's folder itself.

    Args:
        path: Folder of a run, or of one checkpoint.
        prefer: Which one of a run; where it is not whole, the newest that is takes its place.
        thorough: Compare every byte with its checksum instead of the files with their sizes.
        warn: Told what is wrong with the preferred one and which takes its place.

    Raises:
        UsageError: There is no such folder, or no checkpoint in it.
        FormatError: The checkpoint, or every one of the run, is damaged; the message names the file.
    """
    if not (path / FOLDER).is_dir() and ((path / CONFIG).is_file() or _NAME.fullmatch(path.name)):
        return _require_whole(path, thorough)
    candidates = _checkpoints(path / FOLDER)
    if not candidates:
        raise UsageError(f"{path}: no checkpoint in here; expected the folder of a run (`prompt2sign train` makes one)")
    wanted = (read_index(path)[prefer] or {"name": candidates[-1].name})["name"]
    candidates.sort(key=lambda folder: (folder.name == wanted, _rank(folder)), reverse=True)
    problems = [] if candidates[0].name == wanted else [f"{path / FOLDER / wanted} is gone"]
    for folder in candidates:
        if problem := _problem(folder, thorough):
            problems.append(problem)
            continue
        if problems:
            warn(f"{'; '.join(problems)}; {folder} takes its place")
        return folder
    raise FormatError(f"{path}: no checkpoint is whole: {'; '.join(problems)}; train again")


def read_index(run: Path) -> dict[str, dict[str, Any] | None]:
    """What `checkpoints.json` says of `last` and `best`: name, step and metrics, None where it says nothing.

    A missing or damaged file says nothing: what counts are the folders.
    """
    try:
        content = json.loads((run / INDEX).read_bytes())
    except (OSError, ValueError, RecursionError):
        content = None
    return {name: _entry(content.get(name) if isinstance(content, dict) else None) for name in ("last", "best")}


def read_config(folder: Path) -> dict[str, Any]:
    """`config.json` of a checkpoint.

    Raises:
        FormatError: It is damaged (the message names an earlier checkpoint), of another format or a newer version, or
            of another skeleton, unit or number of features.
    """
    path = folder / CONFIG
    with _naming_an_earlier_one(folder):
        config = stored.read_json(path)
    if config.get("format") != FORMAT:
        raise FormatError(f"{path}: not a checkpoint of SignLLM; its format is {config.get('format')!r}")
    if type(config.get("version")) is not int or not 1 <= config["version"] <= VERSION:
        raise FormatError(
            f"{path}: a checkpoint of version {config.get('version')!s:.50}, this prompt2sign reads up to {VERSION}; "
            "update it with `pip install -U prompt2sign`"
        )
    require(folder, config, skeleton=SKELETON.name, features=N_FEATURES)
    if config.get("unit") not in _UNITS:
        raise FormatError(f"{path}: unknown unit {config.get('unit')!r}; the units are {', '.join(_UNITS)}")
    return config


def require(folder: Path, config: Mapping[str, Any], **expected: Any) -> None:
    """Compare entries of a config with what they have to be, such as `unit="shoulder_width", fps=25.0`.

    Raises:
        FormatError: One differs.
    """
    for key, value in expected.items():
        if config.get(key) != value:
            raise FormatError(
                f"{folder / CONFIG}: the model was trained with {key} {config.get(key)!r}, here it is {value!r}; "
                "use another checkpoint, or data like those it was trained on"
            )


def read_state(folder: Path) -> dict[str, Any]:
    """`state.json` of a checkpoint.

    Raises:
        FormatError: It is damaged or missing; the message names an earlier checkpoint.
    """
    with _naming_an_earlier_one(folder):
        return stored.read_json(folder / STATE)


def read_tensors(folder: Path, name: str = "model", prefixes: Sequence[str] | None = None) -> dict[str, Tensor]:
    """Tensors of a checkpoint, on the CPU, each compared with its checksum.

    Args:
        folder: Folder of the checkpoint.
        name: Which map of tensors: `model`, `average`, `optimiser`.
        prefixes: Read only those whose names begin with one of these.

    Raises:
        UsageError: No tensor begins with one of the prefixes.
        FormatError: The file is cut off, damaged or missing; the message names an earlier checkpoint.
    """
    with _naming_an_earlier_one(folder):
        return stored.read_tensors(_tensors_path(folder, name), prefixes)


def has_any(run: Path) -> bool:
    """Does a run hold a checkpoint, whole or not? The folders are what counts, the index may be lost."""
    return bool(_checkpoints(run / FOLDER))


def read_shapes(folder: Path, name: str = "model") -> dict[str, tuple[str, tuple[int, ...]]]:
    """Type and shape of each tensor of a checkpoint, as `stored.Header` has them.

    Raises:
        FormatError: The file is cut off, damaged or missing; the message names an earlier checkpoint.
    """
    with _naming_an_earlier_one(folder):
        return stored.read_header(_tensors_path(folder, name)).shapes


def has_tensors(folder: Path, name: str) -> bool:
    """Does a checkpoint hold this map of tensors?"""
    return _tensors_path(folder, name).is_file()


def _tensors_path(folder: Path, name: str) -> Path:
    return folder / f"{name}.safetensors"


def _complete(config: Mapping[str, Any], step: int) -> dict[str, Any]:
    motion = {"skeleton": SKELETON.name, "unit": _UNITS[0], "features": N_FEATURES}
    software = {"prompt2sign_version": __version__, "torch_version": str(torch.__version__)}
    return motion | dict(config) | software | {"format": FORMAT, "version": VERSION, "step": step}


def _defining(config: Mapping[str, Any]) -> str:
    """A checksum of what makes the model: weights carry it, so that they are not read by the config of another one."""
    options = config.get("options")
    chosen = {name: options.get(name) for name in ("model", "text")} if isinstance(options, dict) else {}
    return f"{stored.checksum({key: config.get(key) for key in _DEFINING} | {'options': chosen}):08x}"


def _write_all(
    folder: Path, tensors: Mapping[str, Mapping[str, Tensor]], config: dict[str, Any], state: Mapping[str, Any]
) -> None:
    for name, named in tensors.items():
        stored.write_tensors(_tensors_path(folder, name), named, about=_defining(config))
    stored.write_json(folder / STATE, state)
    sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    stored.write_json(folder / CONFIG, config | {"files": sizes}, indent=1)
    _sync(folder)


def _put_in_place(partial: Path, folder: Path) -> None:
    """Give the new checkpoint its name; one that has the name stays whole, as `.old`, until then."""
    old = folder.with_name(f".{folder.name}.old")
    if folder.exists():
        folder.rename(old)
    try:
        partial.rename(folder)
    except BaseException:
        if old.exists():
            old.rename(folder)
        raise
    _sync(folder.parent)
    if old.exists():
        _remove(old)


def _sync(folder: Path) -> None:
    """Let the names in a folder outlive a power cut, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove(folder: Path) -> None:
    """Remove a checkpoint; renamed first, so that half of it is never taken for one."""
    doomed = folder.with_name(f".{folder.name.lstrip('.')}.gone.tmp")
    folder.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def _clear_leftovers(folder: Path) -> None:
    """Remove halves that killed processes left, and give a checkpoint whose replacement never came its name back."""
    for half in folder.glob(".step-*.tmp"):
        shutil.rmtree(half, ignore_errors=True)
    for old in folder.glob(".step-*.old"):
        name = folder / old.name.removeprefix(".").removesuffix(".old")
        if name.exists():
            _remove(old)
        else:
            old.rename(name)


def _prune(run: Path, keep: int) -> None:
    last, best = ((entry or {}).get("name") for entry in read_index(run).values())
    others = [folder for folder in _checkpoints(run / FOLDER) if folder.name != best]
    for folder in others[:-keep]:
        if folder.name != last:
            _remove(folder)


def _checkpoints(folder: Path) -> list[Path]:
    """The checkpoints in a folder, whole or not, the newest last."""
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if _NAME.fullmatch(path.name) and path.is_dir()), key=_rank)


def _rank(folder: Path) -> tuple[int, bool]:
    """Step, and whether it is the newer one of that step."""
    found = _NAME.fullmatch(folder.name)
    return (int(found[1] or found[2]), found[1] is not None) if found else (-1, False)


def _require_whole(folder: Path, thorough: bool) -> Path:
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such checkpoint")
    if problem := _problem(folder, thorough):
        raise FormatError(f"{problem}; {_advice(folder)}")
    return folder


def _problem(folder: Path, thorough: bool) -> str | None:
    """What is wrong with a checkpoint, None where it is whole."""
    try:
        config = stored.read_json(folder / CONFIG)
        sizes = config.get("files")
        if not isinstance(sizes, dict) or not all(map(_FILE.fullmatch, sizes)):
            return f"{folder / CONFIG}: not that of a checkpoint, it lists no files"
        for name, size in sizes.items():
            if not (folder / name).is_file() or (folder / name).stat().st_size != size:
                return f"{folder / name}: cut off or missing, expected {size} bytes"
            if name.endswith(".safetensors") and stored.read_header(folder / name).about != _defining(config):
                return f"{folder / CONFIG}: it is not the config of the weights in {name}, but of another model"
            if thorough:
                _read_any(folder / name)
    except FormatError as error:
        return str(error)
    return None


def _read_any(path: Path) -> None:
    if path.suffix == ".safetensors":
        stored.read_tensors(path)
    else:
        stored.read_json(path)


@contextmanager
def _naming_an_earlier_one(folder: Path) -> Iterator[None]:
    try:
        yield
    except FormatError as error:
        raise FormatError(f"{error}; {_advice(folder)}") from error


def _advice(folder: Path) -> str:
    """What to do about a damaged checkpoint: take the newest whole one before it."""
    folder = folder.absolute()
    for earlier in reversed([path for path in _checkpoints(folder.parent) if _rank(path) < _rank(folder)]):
        if _problem(earlier, thorough=False) is None:
            return f"use the checkpoint before it, {earlier}"
    return "there is no whole one before it, train again"


def _entry(value: Any) -> dict[str, Any] | None:
    good = isinstance(value, dict) and isinstance(value.get("name"), str) and isinstance(value.get("step"), int)
    return dict(value) if good else None


def _write_index(run: Path, index: Mapping[str, dict[str, Any] | None]) -> None:
    with atomic_path(run / INDEX) as partial:
        partial.write_text(json.dumps({"format": FORMAT, "version": VERSION, **index}, indent=1), encoding="utf-8")
