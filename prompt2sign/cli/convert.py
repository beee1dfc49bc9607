"""`prompt2sign import skels` and `export skels`."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .app import app, settings, stdout
from .common import COMPACT

if TYPE_CHECKING:
    from ..formats.layout import Layout

Convention = Annotated[
    Literal["progressive", "prompt2sign"], typer.Option("--convention", help="What the numbers mean; never mix them.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]

imports = typer.Typer(no_args_is_help=True, help="Make a release from files of another format.")
exports = typer.Typer(no_args_is_help=True, help="Write a release in another format.")
app.add_typer(imports, name="import")
app.add_typer(exports, name="export")


@imports.callback()
def _imports() -> None:
    """Keeps `skels` a command of its own while it is the only one."""


@exports.callback()
def _exports() -> None:
    """Keeps `skels` a command of its own while it is the only one."""


@imports.command(
    "skels",
    epilog="Example: prompt2sign import skels data/dev --lang gsl --convention progressive --out releases/phoenix",
)
def import_skels(
    prefix: Annotated[Path, typer.Argument(help="`.../dev` for dev.skels, dev.text ..., or a folder of splits.")],
    lang: Annotated[str, typer.Option("--lang", help="Language of the data.")],
    convention: Convention,
    out: Annotated[Path, typer.Option("--out", help="The release.")],
    fps: Annotated[
        float | None,
        typer.Option(
            "--fps", help="Frames per second, which skels do not say: 25 (progressive) or 24 (prompt2sign) if left out."
        ),
    ] = None,
    licence: Annotated[str, typer.Option("--licence", help="Licence of the data.")] = "unknown",
    compact: Annotated[bool, typer.Option("--compact", help=COMPACT)] = False,
    json: Json = False,
) -> int:
    """Make a release from .skels .text .gloss .files .prompt; export gives the same digits (but no -0.00000)."""
    from ..languages import get_language
    from ..release.imported import import_release

    settings.json = json
    layout: Layout = "compact" if compact else "frame-major"
    counts = import_release(prefix, get_language(lang), convention, out, fps=fps, licence=licence, layout=layout)
    _say(json, counts, f"release {out} written")
    return 0


@exports.command(
    "skels", epilog="Example: prompt2sign export skels releases/gsl-sample skels-folder --convention progressive"
)
def export_skels(
    release: Annotated[Path, typer.Argument(metavar="RELEASE", help="Folder of a release.")],
    prefix: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder for train.skels, dev.skels, ...")],
    convention: Convention,
    json: Json = False,
) -> int:
    """Write a release as parallel text files, one line a clip."""
    from ..loaders import open_release
    from ..release.skels_export import export_skels as export

    settings.json = json
    _say(json, export(open_release(release), prefix, convention), f"skels written into {prefix}")
    return 0


def _say(json: bool, counts: dict[str, int], what: str) -> None:
    if json:
        print(json_module.dumps({"clips": counts}))
    else:
        clips = ", ".join(f"{split} {n:,} clips" for split, n in counts.items())
        stdout().print(f"{what}: {clips}", highlight=False, soft_wrap=True)
