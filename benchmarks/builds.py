"""OpenPose JSON on disk, and the builds that benchmarks make of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prompt2sign.formats.openpose_json import write_openpose_json
from prompt2sign.languages import get_language
from prompt2sign.options import load_pipeline, override
from prompt2sign.pipeline.build import Request, open_build, run_stages
from prompt2sign.pipeline.progress import Silent
from prompt2sign.release.assemble import Assembly, assemble

from .clips import FPS, HEIGHT, REAL, WIDTH, clips


def json_folder(scratch: Path) -> Path:
    """A folder with one folder of OpenPose JSON for each of `clips()`: the real ones where they are, else written."""
    if REAL.is_dir():
        return REAL
    for name, keypoints in clips().items():
        write_openpose_json(scratch / "json" / name, name, keypoints)
    return scratch / "json"


def write_texts(path: Path, names: list[str]) -> Path:
    """A table that gives every clip a sentence."""
    path.write_text("name,text\n" + "".join(f"{name},My sister is baking bread.\n" for name in names), "utf-8")
    return path


def build_here(keypoints: Path, texts: Path, scratch: Path, n_jobs: int = 0, method: str = "anatomy") -> Assembly:
    """What `prompt2sign build` does, without parsing arguments: JSON -> keypoints -> motion -> release.

    Args:
        keypoints: Folder of OpenPose JSON.
        texts: Their table.
        scratch: An empty folder for work folder and release.
        n_jobs: Worker processes; 0 runs every stage in this process.
        method: How to lift.
    """
    language = get_language("asl")
    changes: Mapping[str, Mapping[str, Any]] = {
        "source": {"fps": FPS, "width": WIDTH, "height": HEIGHT},
        "lift": {"method": method},
    }
    pipeline = override(load_pipeline(language), changes)
    request = Request(
        language, pipeline, "folder", scratch / "work", text=texts, keypoints=keypoints, n_jobs=n_jobs, strict=True
    )
    with open_build(request, Silent()) as build:
        run_stages(build, None, Silent())
        return assemble(build, scratch / "release")


def arguments(keypoints: Path, texts: Path, scratch: Path) -> list[str | Path]:
    """The same build as arguments of the command line, with one worker process."""
    return [
        "build", "--lang", "asl", "--corpus", "folder", "--keypoints", keypoints, "--text", texts,
        "--fps", f"{FPS:g}", "--size", f"{WIDTH}x{HEIGHT}", "--jobs", "1", "--json",
        "--work", scratch / "work", "--out", scratch / "release",
    ]  # fmt: skip
