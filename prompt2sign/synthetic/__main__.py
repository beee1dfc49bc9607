"""`python -m prompt2sign.synthetic OUT` makes the embedded sample again (needs the `render` extra; minutes)."""

from __future__ import annotations

import sys
from pathlib import Path

from ..errors import Prompt2SignError
from .sample import make_sample


def main(arguments: list[str]) -> int:
    """Make the sample in the folder named by the one argument; returns the exit code."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        make_sample(Path(arguments[0]))
    except Prompt2SignError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
