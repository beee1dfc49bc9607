"""A folder as a build of OpenPose leaves it, with the stand-ins in it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from prompt2sign.estimators.openpose_models import BODY_25, FACE, HAND

_HERE = Path(__file__).parent


def make_home(folder: Path, *, binding: bool = True, binary: bool = True, models: bool = True) -> Path:
    """OpenPose with one door, both or none; its networks are empty files of the right size."""
    (folder / "build" / "src" / "openpose").mkdir(parents=True)
    (folder / "build" / "src" / "openpose" / "libopenpose.so.1.7.0").touch()
    if binding:
        package = folder / "build" / "python" / "openpose"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("from . import pyopenpose\n")
        for name in ("pyopenpose.py", "common.py"):
            shutil.copy(_HERE / name, package)
    if binary:
        place = folder / "build" / "examples" / "openpose"
        place.mkdir(parents=True)
        program = place / "openpose.bin"
        program.write_text(f"#!{sys.executable}\n" + (_HERE / "openpose_bin.py").read_text())
        program.chmod(0o755)
        shutil.copy(_HERE / "common.py", place)
    for model in (BODY_25, HAND, FACE) if models else ():
        (folder / "models" / model.prototxt).parent.mkdir(parents=True, exist_ok=True)
        (folder / "models" / model.prototxt).write_text('name: "made"')
        with (folder / "models" / model.caffemodel).open("wb") as file:
            file.truncate(model.least_bytes)
    return folder


def tell(home: Path, **values: Any) -> None:
    """What is to go wrong from now on (`common`)."""
    (home / "control.json").write_text(json.dumps(values))
    (home / "happened").unlink(missing_ok=True)


def calls(home: Path) -> list[dict[str, Any]]:
    """Each start of OpenPose: its flags, GPU and process id."""
    log = home / "log.jsonl"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.is_file() else []
