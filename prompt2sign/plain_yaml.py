"""YAML as options need it: plain values. Aliases, by which a few lines unfold into gigabytes, are refused."""

from __future__ import annotations

from typing import Any

import yaml

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
