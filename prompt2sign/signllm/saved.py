"""A model on disk: what its checkpoint says of it, and the way back."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from ..errors import FormatError, UsageError
from ..loaders.cache import MotionCache
from . import checkpoint
from .described import Described, described
from .mlsf import MLSF
from .model import SignModel, count_parameters
from .options import TrainOptions
from .prompt2langgloss import Prompt2LangGloss

#: Types of weights in the words of safetensors.
_TYPES = {torch.float32: "F32", torch.int64: "I64"}


@dataclass(frozen=True)
class Saved:
    """A model that was read.

    Attributes:
        model: In evaluation mode.
        options: Of the run that trained it.
        config: All that the checkpoint says of it.
        folder: The checkpoint.
    """

    model: SignModel
    options: TrainOptions
    config: dict[str, Any]
    folder: Path

    @property
    def fps(self) -> float:
        """Frames per second of the motion it makes."""
        return float(self.config["fps"])

    @property
    def name(self) -> str:
        """Run and step, for the provenance of what it makes."""
        return f"{self.folder.parent.parent.name}/{self.folder.name}"


def config_of(model: SignModel, options: TrainOptions, caches: Sequence[MotionCache]) -> dict[str, Any]:
    """What a checkpoint says of a model: all that `load` and a reader of the paper need."""
    return {
        "options": options.model_dump(),
        "languages": list(model.languages),
        "vocabularies": {name: vocabulary.to_json() for name, vocabulary in model.vocabularies.items()},
        "n_parameters": {name: count_parameters(part) for name, part in model.parts.items()},
        "unit": "shoulder_width",
        "fps": caches[-1].fps,
        "data": [cache.fingerprint for cache in caches],
    }


def load(
    path: Path,
    languages: Sequence[str] | None = None,
    device: str | torch.device = "cpu",
    warn: Callable[[str], object] = warnings.warn,
) -> Saved:
    """Read a model.

    Args:
        path: Folder of a run (its best checkpoint is taken) or of a checkpoint.
        languages: Read only the groups of these languages (MLSF).
        device: Where to put it.
        warn: Told where another checkpoint takes the place of a damaged one.

    Raises:
        UsageError: There is no checkpoint, or no group for a language.
        FormatError: It is damaged, or of another skeleton or a newer version.
    """
    folder = checkpoint.find(path, warn=warn)
    config = checkpoint.read_config(folder)
    about = described(config, folder)
    name = "average" if checkpoint.has_tensors(folder, "average") else "model"
    # A config may ask for any size: nothing is allocated before the file is known to have the weights.
    with torch.device("meta"):
        model = _empty(about, languages)
    prefixes = [f"{part}." for part in model.parts]
    module = cast(nn.Module, model)
    _check_weights(module, checkpoint.read_shapes(folder, name), prefixes, folder)
    module.to_empty(device="cpu").load_state_dict(checkpoint.read_tensors(folder, name, prefixes))
    module.to(device).eval()
    return Saved(model, about.options, config, folder)


def _empty(about: Described, languages: Sequence[str] | None) -> SignModel:
    read, options = about.vocabularies, about.options.model
    if options.mode == "prompt2langgloss":
        return Prompt2LangGloss(read["prompts"], read["glosses"], about.languages, options)
    wanted = about.languages if languages is None else list(languages)
    if missing := [language for language in wanted if language not in read]:
        raise UsageError(
            f"the model has no group for {', '.join(missing)}; it has {', '.join(read)}; "
            "`prompt2sign add-language` appends one"
        )
    return MLSF({language: read[language] for language in wanted}, options)


def _check_weights(
    module: nn.Module, found: Mapping[str, tuple[str, tuple[int, ...]]], prefixes: Sequence[str], folder: Path
) -> None:
    """Compare what a model needs with what the header of a file of weights lists."""
    needed = {name: (_TYPES.get(value.dtype, ""), tuple(value.shape)) for name, value in module.state_dict().items()}
    given = {name: shape for name, shape in found.items() if name.startswith(tuple(prefixes))}
    if wrong := sorted(name for name in needed.keys() | given.keys() if needed.get(name) != given.get(name)):
        name = wrong[0]
        raise FormatError(
            f"{folder}: its weights do not fit its config: {name} is {_shape(given.get(name))}, the config needs "
            f"{_shape(needed.get(name))}; {len(wrong):,} tensors differ; train again"
        )


def _shape(shape: tuple[str, tuple[int, ...]] | None) -> str:
    return f"{shape[0]} {shape[1]}" if shape else "nothing"
