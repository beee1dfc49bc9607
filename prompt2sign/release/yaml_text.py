"""Options and the head of a card as YAML."""

from __future__ import annotations

from typing import Any

import yaml

#: libyaml, which the wheels of PyYAML carry, does in a tenth of the time what Python does.
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def yaml_text(values: dict[str, Any]) -> str:
    """Plain values as YAML, in their order."""
    return str(yaml.dump(values, Dumper=_DUMPER, sort_keys=False, allow_unicode=True))
