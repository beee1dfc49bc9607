"""`prompt2sign render`: see a motion."""

from __future__ import annotations

import json as json_module
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .app import app, settings, stderr, stdout

if TYPE_CHECKING:
    from ..drawing.figure import Colour

_SOURCE = "A release, a shard (.parquet, as `generate` writes it too) or a motion file (.h5)."
_OUT = "What to write: .mp4, .gif, .png for a strip of pictures, no suffix for a folder of numbered PNG."
_STYLE = "Limbs with flesh; the colours that pose-to-video models take; or the procedural signer."
#: Of a width or height; far more pixels than any picture has.
_SIDE_DIGITS = 6


@app.command(epilog="Example: prompt2sign render demo/release sample-01 --avatar --out sample-01.mp4")
def render(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help=_SOURCE)],
    out: Annotated[Path, typer.Option("--out", help=_OUT)],
    clips: Annotated[
        list[str] | None, typer.Argument(metavar="[CLIP]...", help="Ids; several stand in a grid.", show_default=False)
    ] = None,
    style: Annotated[
        Literal["skeleton", "openpose", "dwpose", "avatar"], typer.Option("--style", help=_STYLE)
    ] = "skeleton",
    avatar: Annotated[bool, typer.Option("--avatar", help="The same as --style avatar.")] = False,
    against: Annotated[
        Path | None, typer.Option("--beside", help="Show the clips of the same ids in this source beside them.")
    ] = None,
    view: Annotated[
        list[str] | None,
        typer.Option("--view", help="front, side or top; may be repeated.", show_default="front"),
    ] = None,
    size: Annotated[str, typer.Option("--size", help="Of each picture, WIDTHxHEIGHT in pixels.")] = "512x512",
    fps: Annotated[
        float | None, typer.Option("--fps", help="Frames per second; those of the clip where not given.")
    ] = None,
    background: Annotated[
        str | None, typer.Option("--background", help="Colour behind: #rrggbb, black or white.")
    ] = None,
    signer: Annotated[
        Literal["anna", "bruno", "clara", "david"], typer.Option("--signer", help="Who the avatar is.")
    ] = "anna",
    columns: Annotated[int | None, typer.Option("--columns", min=1, help="Pictures a row of a grid.")] = None,
    pictures: Annotated[int, typer.Option("--pictures", min=1, help="Of a strip.")] = 8,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object for scripts.")] = False,
) -> int:
    """Draw clips as a video, an animation, a strip or conditioning pictures; or let the avatar sign them."""
    from ..errors import UsageError
    from ..rendering import Look, beside, find_motions
    from ..rendering import render as draw

    settings.json = json
    if avatar and style not in ("skeleton", "avatar"):
        raise UsageError(f"--avatar and --style {style} are two looks; choose one")
    look = Look(
        style="avatar" if avatar else style,
        views=tuple(view or ["front"]),
        size=_size(size),
        background=_colour(background),
        signer=signer,
        n_threads=os.cpu_count() or 1,
    )
    shown = find_motions(source, clips or [])
    if against is not None:
        shown = beside(shown, against)
    done = draw(
        shown,
        out,
        look,
        fps=fps,
        columns=columns,
        n_pictures=pictures,
        overwrite=overwrite,
        announce=_announce if look.style == "avatar" and not json else lambda n_drawn: None,
    )
    if json:
        about = {"path": str(done.path), "frames": done.n_frames, "fps": done.fps, "size": list(done.size)}
        print(json_module.dumps(about, ensure_ascii=False))
    else:
        width, height = done.size
        line = f"{done.path}: {done.n_frames:,} pictures of {width} x {height}, {done.fps:g} a second"
        stdout().print(line, highlight=False, markup=False, soft_wrap=True)
    return 0


def _announce(n_drawn: int) -> None:
    stderr().print(f"drawing {n_drawn:,} pictures of the signer, some 0.3 s each", highlight=False)


def _size(text: str) -> tuple[int, int]:
    from ..errors import UsageError

    width, _, height = text.lower().partition("x")
    if not all(side.isdecimal() and len(side) <= _SIDE_DIGITS for side in (width, height)):
        raise UsageError(f"--size {text}: write WIDTHxHEIGHT in pixels, such as 512x512")
    return int(width), int(height)


def _colour(text: str | None) -> Colour | None:
    from ..errors import UsageError

    if text is None:
        return None
    code = {"black": "#000000", "white": "#ffffff"}.get(text.lower(), text)
    try:
        red, green, blue = bytes.fromhex(code.removeprefix("#"))
    except ValueError as error:
        raise UsageError(f"--background {text}: write #rrggbb, such as #d0d8e0, or black or white") from error
    return red, green, blue
