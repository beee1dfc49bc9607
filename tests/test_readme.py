"""The README's own Python, run on a release, and its promises about files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from prompt2sign.languages import LANGUAGES
from prompt2sign.options import load_pipeline
from prompt2sign.schemas import schema_files

from .made import build_arguments, made_corpus, run

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    corpus = made_corpus(folder / "corpus")
    text = corpus / "text.tsv"
    text.write_text(text.read_text().replace("clip_000", "sample-06"))
    (corpus / "json" / "clip_000").rename(corpus / "json" / "sample-06")
    done = run(*build_arguments(corpus, folder / "work", folder / "demo" / "release"))
    assert done.code == 0, done.err
    return folder


@pytest.mark.parametrize("block", BLOCKS, ids=[block.split("\n")[0] for block in BLOCKS])
def test_python_of_the_readme_runs(block: str, release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(release)
    monkeypatch.setenv("HF_HOME", str(release / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    exec(compile(block, "README.md", "exec"), {})


def test_there_is_a_block_for_each_reader() -> None:
    assert {word for block in BLOCKS for word in re.findall(r"prompt2sign|pyarrow|polars|duckdb|datasets", block)} == {
        "prompt2sign",
        "pyarrow",
        "polars",
        "duckdb",
        "datasets",
    }


def test_links_of_the_documentation_lead_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


@pytest.mark.parametrize("language", LANGUAGES, ids=[language.slug for language in LANGUAGES])
def test_every_language_has_a_pipeline(language: object) -> None:
    assert load_pipeline(language).language == language.code  # type: ignore[arg-type, attr-defined]


@pytest.mark.parametrize("name", list(schema_files()))
def test_schemas_are_those_of_the_code(name: str) -> None:
    assert (ROOT / "schemas" / name).read_text(encoding="utf-8") == schema_files()[name], "run `make schemas`"


@pytest.mark.parametrize(
    "command",
    ["build", "trim", "pose", "lift", "prompts", "shard", "languages", "corpora", "doctor", "inspect", "validate"],
)
def test_every_command_has_help_with_an_example(command: str) -> None:
    done = run(command, "--help")
    assert done.code == 0 and f"prompt2sign {command}" in done.out
