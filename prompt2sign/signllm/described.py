"""What `config.json` of a checkpoint says of its model, validated once: nothing in it is taken on trust."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from ..errors import FormatError
from ..languages import LANGUAGES
from . import checkpoint
from .options import TrainOptions
from .vocabulary import Vocabulary

_CODES = tuple(language.code for language in LANGUAGES)


def _code(value: str) -> str:
    if value not in _CODES:
        raise ValueError(f"no sign language has this code; the codes are {', '.join(_CODES)}")
    return value


def _read(text: Any) -> Vocabulary:
    if not isinstance(text, str):
        raise ValueError(f"expected the text of a vocabulary, found {type(text).__name__}")
    try:
        return Vocabulary.from_json(text)
    except FormatError as error:
        raise ValueError(str(error)) from error


class Described(BaseModel):
    """The entries of `config.json` that make a model."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    options: TrainOptions
    """All options of the run."""
    languages: list[Annotated[str, AfterValidator(_code)]] = Field(min_length=1)
    """Codes of the sign languages."""
    vocabularies: dict[str, Annotated[Vocabulary, BeforeValidator(_read)]]
    """By name: a language, or `prompts` and `glosses`."""
    fps: float = Field(strict=True, gt=0, le=1000, allow_inf_nan=False)
    """Frames per second of the motion it makes."""
    data: list[str]
    """Fingerprints of the data it was trained on."""

    @model_validator(mode="after")
    def _of_the_mode(self) -> Self:
        if len(set(self.languages)) < len(self.languages):
            raise ValueError("languages: one stands twice")
        wanted = {"prompts", "glosses"} if self.options.model.mode == "prompt2langgloss" else set(self.languages)
        if self.vocabularies.keys() != wanted:
            found = ", ".join(sorted(self.vocabularies)) or "none"
            raise ValueError(
                f"vocabularies: {self.options.model.mode} has {', '.join(sorted(wanted))}, here are {found:.200}"
            )
        return self


def described(config: Mapping[str, Any], folder: Path) -> Described:
    """The model that the config of a checkpoint describes.

    Raises:
        FormatError: An entry is missing or wrong; the message names the file and the entry.
    """
    try:
        return Described.model_validate(dict(config))
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc']))[:80] or 'file'}: {e['msg'][:300]}" for e in error.errors()[:3]]
        path = folder / checkpoint.CONFIG
        raise FormatError(f"{path}: not the description of a model ({'; '.join(lines)}); train again") from None
