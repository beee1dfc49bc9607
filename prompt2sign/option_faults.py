"""Options checked, and what is wrong with them in words: an unknown name, the one probably meant, a wrong value."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .errors import UsageError

Options = TypeVar("Options", bound=BaseModel)

#: What pydantic found, by the beginning of its error's type, and what was wanted instead.
_WANTED = {
    "int_": "a whole number",
    "float_": "a number",
    "bool_": "true or false",
    "string_": "text",
    "dict_": "`name: value` pairs",
    "model_": "options under it",
    "literal_error": "{expected}",
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "finite_number": "a finite number",
}


def checked_options(options: type[Options], values: Mapping[str, Any], name: str, schema: str) -> Options:
    """Options from their values.

    Args:
        options: Sections of options.
        values: What was read.
        name: Where they come from, for the message; may be empty.
        schema: The file in `schemas/` that lists them.

    Raises:
        UsageError: Some are unknown or wrong; the message has a line for each.
    """
    try:
        return options.model_validate(values)
    except ValidationError as error:
        where = f"{name}: " if name else ""
        lines = [f"{where}these options are wrong (schemas/{schema} lists all):"]
        raise UsageError("\n  ".join([*lines, *(_line(found, options) for found in error.errors())])) from error


def did_you_mean(name: str, options: type[BaseModel]) -> str:
    """`; did you mean run.steps?`, or nothing where nothing is near.

    Args:
        name: A section, an option, or `section.option`.
        options: Sections of options.
    """
    sections = {section: field.annotation for section, field in options.model_fields.items()}
    names = [f"{section}.{option}" for section, kind in sections.items() for option in _options_of(kind)]
    option = name.rpartition(".")[2]
    misplaced = [full for full in names if full.partition(".")[2] == option]
    near = misplaced or get_close_matches(name, names if "." in name else [*sections, *names], 1)
    if not near and (close := get_close_matches(option, {full.partition(".")[2] for full in names}, 1)):
        near = [full for full in names if full.partition(".")[2] == close[0]]
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _options_of(kind: Any) -> Mapping[str, Any]:
    return kind.model_fields if isinstance(kind, type) and issubclass(kind, BaseModel) else {}


def _line(found: ErrorDetails, options: type[BaseModel]) -> str:
    name = ".".join(map(str, found["loc"])) or "file"
    kind = found["type"]
    if kind == "extra_forbidden":
        what = "option" if "." in name else "section"
        return f"{name}: no such {what}{did_you_mean(name, options)}"
    wanted = next((words for beginning, words in _WANTED.items() if kind.startswith(beginning)), None)
    if wanted is None:
        return f"{name}: {found['msg'].removeprefix('Value error, ')}"
    return f"{name}: expected {wanted.format(**found.get('ctx', {}))}, found {found['input']!r}"
