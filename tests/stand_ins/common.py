"""What both stand-ins for OpenPose share: whom they see, and how they fail.

Copied beside them by `openpose_home.make_home`, so that they run in processes without this package. The file
`control.json` in the folder of OpenPose says how many `people` there are, in which frames `nobody`, and what goes
wrong: `do` (crash, hang, oom, words, models) `at` a frame, by the number that the picture shows, `once` or always.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

HOME = Path(__file__).resolve().parents[3]
BLOCK, BITS = 16, 12
#: Default of each flag that is used here or by the project.
FLAGS: dict[str, str] = {
    "body": "1",
    "caffemodel_path": "",
    "display": "-1",
    "face": "false",
    "face_net_resolution": "368x368",
    "hand": "false",
    "hand_detector": "0",
    "hand_net_resolution": "368x368",
    "hand_scale_number": "1",
    "hand_scale_range": "0.4",
    "keypoint_scale": "0",
    "logging_level": "3",
    "model_folder": "models/",
    "model_pose": "BODY_25",
    "net_resolution": "-1x368",
    "net_resolution_dynamic": "1",
    "num_gpu": "-1",
    "num_gpu_start": "0",
    "number_people_max": "-1",
    "prototxt_path": "",
    "render_pose": "-1",
    "scale_gap": "0.25",
    "scale_number": "1",
    "video": "",
    "write_json": "",
}


def control() -> dict[str, Any]:
    """What is to go wrong, and how many people there are."""
    path = HOME / "control.json"
    return json.loads(path.read_text()) if path.is_file() else {}


def parse(given: dict[str, str]) -> dict[str, str]:
    """As gflags: one that is not known ends the process."""
    for name in given:
        if name not in FLAGS:
            print(f"ERROR: unknown command line flag '{name}'", file=sys.stderr, flush=True)
            os._exit(1)
    log({"flags": given, "gpu": os.environ.get("CUDA_VISIBLE_DEVICES"), "pid": os.getpid()})
    return FLAGS | given


def missing_model(flags: dict[str, str]) -> str:
    """Its complaint, empty where all files are there."""
    files = ["pose/body_25/pose_deploy.prototxt", "pose/body_25/pose_iter_584000.caffemodel"]
    for part, model in (("hand", "pose_iter_102000"), ("face", "pose_iter_116000")):
        if flags[part] == "true":
            files += [f"{part}/pose_deploy.prototxt", f"{part}/{model}.caffemodel"]
    for name in files:
        path = Path(flags["model_folder"]) / name
        if not path.is_file() or control().get("do") == "models":
            return f"Error:\nPrototxt file not found: {path}.\nPossible causes: ...\nComing from:\n- netCaffe.cpp"
    return ""


def log(values: dict[str, Any]) -> None:
    """Tell the test what was asked for."""
    with (HOME / "log.jsonl").open("a") as file:
        file.write(json.dumps(values) + "\n")


def misbehave(number: int, flags: dict[str, str], stem: str = "") -> None:
    """Do what `control.json` says, if this is the moment."""
    told = control()
    if "do" not in told or number != told.get("at", 0) or not stem.startswith(told.get("stem", "")):
        return
    happened = HOME / "happened"
    if told.get("once") and happened.exists():
        return
    happened.touch()
    if told["do"] == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif told["do"] == "hang":
        time.sleep(600)
    elif told["do"] == "oom" and flags["net_resolution"] not in told.get("fits", ()):
        print("F1121 syncedmem.cpp:71] Check failed: error == cudaSuccess (2 vs. 0)  out of memory", file=sys.stderr)
        sys.stderr.flush()
        os.abort()
    elif told["do"] == "words":
        print(told["words"], file=sys.stderr, flush=True)
        os._exit(told["status"])


def number_in(picture: Any) -> int:
    """The number that a picture of `tests.media_files` shows."""
    grey = picture.mean(axis=2)
    bits = 0
    for bit in range(BITS):
        y, x = bit // 6 * BLOCK, bit % 6 * BLOCK
        bits |= int(grey[y + 4 : y + 12, x + 4 : x + 12].mean() > 128) << bit
    return bits


def people_at(number: int, flags: dict[str, str]) -> Any:
    """(P, 137, 3) everybody in a frame, in another order in each.

    The signer stands at the left and is the largest; she moves by a quarter of a pixel a frame. Six digits hold all.
    """
    told = control()
    if number in told.get("nobody_at", ()) or told.get("nobody"):
        return np.zeros((0, 137, 3), np.float32)
    people = []
    for person in range(told.get("people", 1)):
        places = np.random.default_rng(person).uniform(0, 1, (137, 2)) * (20, 50) * (1 if person == 0 else 0.4)
        places = np.round(places * 8) / 8
        places += (10 + 15 * person + 0.25 * number, 5)
        points = np.concatenate([places, np.full((137, 1), 0.75)], axis=1)
        points[25:95] *= flags["face"] == "true"
        points[95:] *= flags["hand"] == "true"
        people.append(points)
    most = int(flags["number_people_max"])
    people = people[: most if most > 0 else None]
    return np.roll(np.stack(people), number, axis=0).astype(np.float32)


def from_command_line(arguments: list[str]) -> dict[str, str]:
    """`--name value`, `--name=value` and `--name`."""
    given: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        match = re.fullmatch(r"--?([a-z0-9_]+)(?:=(.*))?", rest.pop(0), re.DOTALL)
        assert match is not None
        name, value = match.groups()
        if value is None:
            value = rest.pop(0) if rest and not rest[0].startswith("-") else "true"
        given[name] = value
    return given
