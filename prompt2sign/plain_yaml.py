"""YAML as options need it: plain values. Aliases, by which a few lines unfold into gigabytes, are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from .errors import UsageError

#: Characters. All options there are, with a comment each, take a hundredth of it.
_LONGEST = 1_000_000


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            line = self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]
            raise ValueError(f"line {line}: write the value itself, not an alias (*)")
        return super().compose_node(parent, index)


def parse_yaml(text: str) -> Any:
    """The value of a text.

    Raises:
        ValueError: It is no YAML, has aliases, or is far longer than options are; the message says which.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"{len(text):,} characters are too many for a file of options")
    try:
        return yaml.load(text, _Loader)
    except (yaml.YAMLError, RecursionError, OverflowError) as error:
        raise ValueError(str(error) or type(error).__name__) from error


def read_options(path: Path) -> dict[str, Any]:
    """The sections of a file of options; empty where it says nothing.

    Raises:
        UsageError: The file is missing, cannot be read, or is something else.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UsageError(f"{path}: cannot be read: no such file") from error
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    return parse_options(text, str(path))


def parse_options(text: str, name: str) -> dict[str, Any]:
    """As `read_options`, from the text itself; `name` is what messages call it."""
    try:
        values = parse_yaml(text)
    except ValueError as error:
        raise UsageError(f"{name}: cannot be read as YAML: {error}") from error
    if not isinstance(values, dict | None):
        raise UsageError(f"{name}: expected sections such as `shard:` with options, found {type(values).__name__}")
    return values or {}
