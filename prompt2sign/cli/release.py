"""`prompt2sign inspect` and `validate`: look at a release."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .app import app, settings, stdout

ReleasePath = Annotated[Path, typer.Argument(metavar="RELEASE", help="Folder of a release.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


@app.command(epilog="Example: prompt2sign inspect releases/gsl-sample")
def inspect(release: ReleasePath, json: Json = False) -> int:
    """Show what is in a release: counts, hours, vocabulary, detection rates, quality."""
    from ..release.inspect import format_inspection, inspect_release

    settings.json = json
    inspection = inspect_release(release)
    if json:
        print(json_module.dumps(inspection, ensure_ascii=False))
    else:
        stdout().print(format_inspection(inspection))
    return 0


@app.command(epilog="Example: prompt2sign validate releases/gsl-sample")
def validate(release: ReleasePath, json: Json = False) -> int:
    """Check a release: schema, checksums, numbers, bone lengths, ids, text; ends with 1 and a list of faults."""
    from ..release.validate import validate_release

    settings.json = json
    faults = validate_release(release)
    if json:
        print(json_module.dumps([asdict(fault) for fault in faults], ensure_ascii=False, default=str))
    else:
        for fault in faults:
            stdout().print(str(fault), highlight=False, markup=False, soft_wrap=True)
        stdout().print(f"{len(faults)} faults" if faults else "no faults", highlight=False)
    return 1 if faults else 0
