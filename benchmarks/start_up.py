"""How fast the command line answers, against Python and the libraries it stands on."""

from __future__ import annotations

import subprocess
import sys

from .table import Row, wall_seconds


def rows() -> list[Row]:
    """`prompt2sign --help` against importing typer alone."""
    help_s = wall_seconds(lambda: _run("-m", "prompt2sign", "--help"), repeat=7)
    typer_s = wall_seconds(lambda: _run("-c", "import typer"), repeat=7)
    return [Row("prompt2sign --help", help_s, "python -c 'import typer'", typer_s, "s")]


def _run(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
