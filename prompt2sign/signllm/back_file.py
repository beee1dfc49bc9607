"""Back-translators on disk: a folder with one safetensors and one JSON file, which check themselves."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from pydantic import ValidationError
from torch import Tensor

from ..errors import FormatError, UsageError
from ..skeleton import SKELETON
from . import stored
from .features import N_FEATURES
from .vocabulary import Vocabulary

if TYPE_CHECKING:
    from .back_translator import BackTranslator

FORMAT = "prompt2sign-back-translator"
VERSION = 1
_CONFIG, _WEIGHTS = "back-translator.json", "back-translator.safetensors"
_AGAIN = "train it again, or give another folder"


def save(judge: BackTranslator, folder: Path) -> None:
    """See `BackTranslator.save`."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: not empty; a back-translator is saved to a folder of its own")
    partial = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        stored.write_tensors(partial / _WEIGHTS, judge.state_dict())
        stored.write_json(partial / _CONFIG, _config(judge), indent=1)
        if folder.exists():
            folder.rmdir()
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def load(folder: Path) -> BackTranslator:
    """See `BackTranslator.load`."""
    path = folder / _CONFIG
    if not path.is_file():
        raise UsageError(f"{folder}: there is no back-translator in here ({_CONFIG} is missing); {_AGAIN}")
    config = stored.read_json(path)
    tensors = stored.read_tensors(folder / _WEIGHTS)
    judge = _built(config, path)
    try:
        expected = {name: tensor.dtype for name, tensor in judge.state_dict().items()}
        if expected != {name: tensor.dtype for name, tensor in tensors.items()}:
            raise RuntimeError("other names or types")
        judge.load_state_dict(tensors, assign=True)
    except RuntimeError as error:
        raise FormatError(f"{folder / _WEIGHTS}: not the weights that {_CONFIG} describes; {_AGAIN}") from error
    if fingerprint(judge) != config.get("fingerprint"):
        raise FormatError(f"{folder}: its two files are not of the same back-translator; {_AGAIN}")
    return judge.eval()


def fingerprint(judge: BackTranslator) -> str:
    """See `BackTranslator.fingerprint`."""
    digest = hashlib.sha256(json.dumps(_described(judge), sort_keys=True).encode())
    for name, tensor in sorted(judge.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(_bytes(tensor))
    return digest.hexdigest()


def _config(judge: BackTranslator) -> dict[str, Any]:
    return _described(judge) | {"fingerprint": fingerprint(judge)}


def _described(judge: BackTranslator) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "skeleton": SKELETON.name,
        "features": N_FEATURES,
        "options": judge.options.model_dump(mode="json"),
        "languages": list(judge.languages),
        "text_vocabulary": judge.text_vocabulary.to_json(),
        "gloss_vocabulary": judge.gloss_vocabulary.to_json(),
        "trained_on": judge.trained_on,
    } | ({} if judge.fps is None else {"fps": judge.fps})


def _built(config: dict[str, Any], path: Path) -> BackTranslator:
    """The judge a config describes, without memory for its weights: a config cannot ask for more than the file has."""
    from .back_translator import BackTranslationOptions, BackTranslator

    expected = {"format": FORMAT, "version": VERSION, "skeleton": SKELETON.name, "features": N_FEATURES}
    for key, value in expected.items():
        if config.get(key) != value:
            raise FormatError(f"{path}: its {key} is {config.get(key)!r}, this prompt2sign reads {value!r}; {_AGAIN}")
    try:
        options = BackTranslationOptions.model_validate(config["options"])
        texts, glosses = (Vocabulary.from_json(config[name]) for name in ("text_vocabulary", "gloss_vocabulary"))
        languages, trained_on = [str(code) for code in config["languages"]], str(config["trained_on"])
        fps = float(config["fps"]) if "fps" in config else None
    except (KeyError, TypeError, ValueError, ValidationError, FormatError) as error:
        raise FormatError(f"{path}: not the description of a back-translator ({error}); {_AGAIN}") from error
    with torch.device("meta"):
        return BackTranslator(options, languages, texts, glosses, trained_on, fps)


def _bytes(tensor: Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().numpy().tobytes()
