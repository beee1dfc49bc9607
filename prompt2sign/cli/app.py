"""The application and what all commands share."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from ..pipeline.progress import Progress


@dataclass
class Settings:
    """What the user said of output, whatever the command."""

    debug: bool = False
    json: bool = False


settings = Settings()
app = typer.Typer(
    name="prompt2sign",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Build the Prompt2Sign dataset: text paired with 3D signing motion in eight sign languages.\n\n"
    "Start with: prompt2sign build --lang gsl --corpus sample",
)


def _version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

        print(f"prompt2sign {__version__}")
        raise typer.Exit


@app.callback()
def _settings(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    settings.debug = debug


def stderr() -> Console:
    """Where progress and messages go; results go to standard output. Nobody listening is no reason to stop."""
    from rich.console import Console

    class Unheard(Console):
        def on_broken_pipe(self) -> None:
            self.quiet = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())

    return Unheard(stderr=True)


def stdout() -> Console:
    """Where results go."""
    from rich.console import Console

    return Console()


def new_progress() -> Progress:
    """Bars on a terminal, lines elsewhere, nothing with `--json`."""
    from ..pipeline.progress import Bars, Lines, Silent

    if settings.json:
        return Silent()
    console = stderr()
    return Bars(console) if console.is_terminal else Lines(console)
