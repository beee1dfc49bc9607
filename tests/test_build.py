"""`prompt2sign build` from the outside: what comes out, what is done twice, what happens to bad input."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import prompt2sign
from prompt2sign.languages import get_language
from prompt2sign.options import load_pipeline, override
from prompt2sign.pipeline.build import Request, open_build, run_stages
from prompt2sign.pipeline.progress import Silent
from prompt2sign.release.assemble import assemble

from .made import build_arguments, files_of, made_corpus, run


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return made_corpus(tmp_path / "corpus")


def rejected(release: Path) -> list[dict[str, str]]:
    return pq.read_table(release / "rejected.parquet").to_pylist()


def test_a_build_makes_a_whole_release(corpus: Path, tmp_path: Path) -> None:
    done = run(*build_arguments(corpus, tmp_path / "work", tmp_path / "release"))
    assert done.code == 0, done.err
    release = prompt2sign.open_release(tmp_path / "release")
    assert [clip.clip_id for clip in release.split("train")] == ["clip_000", "clip_001"]
    clip = release["clip_002"]
    assert clip.text == "Satz Nummer 2." and clip.split == "dev" and clip.fps == 25
    assert len(clip.prompts) == 1 and "Satz Nummer 2." in clip.prompts[0]
    assert clip.motion.shape == (14, 50, 3) and clip.motion.dtype == np.float32
    files = files_of(tmp_path / "release")
    assert {"README.md", "release.json", "rejected.parquet", "pipeline.yaml", "data/train-00000.parquet"} <= set(files)
    assert {"skels/progressive/dev.skels", "skels/prompt2sign/test.text"} <= set(files)
    assert run("validate", str(tmp_path / "release")).code == 0


def test_the_manifest_of_a_release_names_every_other_file(corpus: Path, tmp_path: Path) -> None:
    run(*build_arguments(corpus, tmp_path / "work", tmp_path / "release"))
    manifest = json.loads((tmp_path / "release" / "release.json").read_text())
    assert {file["path"] for file in manifest["files"]} | {"release.json"} == set(files_of(tmp_path / "release"))
    assert manifest["counts"]["splits"]["train"]["clips"] == 2
    text = json.dumps(manifest) + (tmp_path / "release" / "README.md").read_text()
    assert str(tmp_path) not in text, "a release names no folder of the machine it was made on"


def test_a_second_build_does_nothing(corpus: Path, tmp_path: Path) -> None:
    arguments = build_arguments(corpus, tmp_path / "work", tmp_path / "release")
    run(*arguments)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "release").rglob("*")}
    again = run(*arguments, "--json").json
    assert [stage["worked_on"] for stage in again["stages"]] == [0, 0, 0, 0]
    assert again["release"]["already_there"]
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "release").rglob("*")}


def test_the_number_of_jobs_does_not_show_in_the_release(corpus: Path, tmp_path: Path) -> None:
    for jobs in ("1", "3"):
        run(*build_arguments(corpus, tmp_path / f"work{jobs}", tmp_path / f"release{jobs}"), "--jobs", jobs)
    assert files_of(tmp_path / "release1") == files_of(tmp_path / "release3")


def test_a_changed_option_repeats_only_what_depends_on_it(corpus: Path, tmp_path: Path) -> None:
    arguments = build_arguments(corpus, tmp_path / "work", tmp_path / "release")
    run(*arguments)
    again = run(*arguments, "--prompts-per-clip", "3", "--json").json
    assert {stage["stage"]: stage["worked_on"] for stage in again["stages"]} == {
        "trim": 0,
        "pose": 0,
        "lift": 0,
        "prompts": 4,
    }
    assert len(prompt2sign.open_release(tmp_path / "release")["clip_000"].prompts) == 3


def test_force_and_lost_outputs_are_done_again(corpus: Path, tmp_path: Path) -> None:
    arguments = build_arguments(corpus, tmp_path / "work", tmp_path / "release")
    run(*arguments)
    before = files_of(tmp_path / "release")
    assert run(*arguments, "--force", "lift", "--json").json["stages"][2]["worked_on"] == 4
    next((tmp_path / "work").glob("*/*/motion/clip_001*")).unlink()
    cut = next((tmp_path / "work").glob("*/*/keypoints/clip_002*"))
    cut.write_bytes(cut.read_bytes()[:-10])
    stages = run(*arguments, "--json").json["stages"]
    assert [stages[1]["worked_on"], stages[2]["worked_on"]] == [1, 1]
    assert files_of(tmp_path / "release") == before


def test_only_and_limit_choose_clips(corpus: Path, tmp_path: Path) -> None:
    two, one = (build_arguments(corpus, tmp_path / "work", tmp_path / name) for name in ("two", "one"))
    assert run(*two, "--limit", "2", "--json").json["release"]["clips"] == 2
    assert run(*one, "--only", "clip_003", "--json").json["release"]["clips"] == 1
    missing = run(*one, "--only", "clip_003", "--only", "clip_9")
    assert missing.code == 2 and "'clip_9'" in missing.err and "clip_003" not in missing.err


@pytest.mark.parametrize("part", [("--limit", "2"), ("--only", "clip_003")])
def test_a_look_at_a_few_clips_does_not_replace_the_release_of_all(
    corpus: Path, tmp_path: Path, part: tuple[str, str]
) -> None:
    arguments = build_arguments(corpus, tmp_path / "work", tmp_path / "release")
    run(*arguments)
    done = run(*arguments, *part)
    assert done.code == 2 and "4 clips" in done.err and "--out" in done.err
    assert len(prompt2sign.open_release(tmp_path / "release")) == 4


def test_a_file_somebody_put_into_a_release_is_not_lost(corpus: Path, tmp_path: Path) -> None:
    arguments = build_arguments(corpus, tmp_path / "work", tmp_path / "release")
    run(*arguments)
    (tmp_path / "release" / "NOTES.txt").write_text("mine")
    done = run(*arguments, "--prompts-per-clip", "2")
    assert done.code == 2 and "NOTES.txt" in done.err
    assert (tmp_path / "release" / "NOTES.txt").read_text() == "mine"


def test_what_a_later_stage_will_lack_is_said_before_the_first_one(corpus: Path, tmp_path: Path) -> None:
    arguments = build_arguments(corpus, tmp_path / "work", tmp_path / "release")
    many = run(*arguments, "--prompts-per-clip", "9999")
    assert many.code == 2 and "9999" in many.err
    places = ["--work", str(tmp_path / "sample"), "--out", str(tmp_path / "sample-release")]
    unknown = run("build", "--lang", "gsl", "--corpus", "sample", "--estimator", "nope", *places)
    assert unknown.code == 2 and "nope" in unknown.err
    for folder in ("keypoints", "clips"):
        assert list(tmp_path.glob(f"*/*/*/{folder}/*")) == []


def test_stages_alone_add_up_to_a_build(corpus: Path, tmp_path: Path) -> None:
    whole, stages = (build_arguments(corpus, tmp_path / n, tmp_path / f"{n}-release")[1:] for n in ("a", "b"))
    run("build", *whole)
    out = stages.index("--out")
    for name in ("trim", "pose", "lift", "prompts"):
        done = run(name, *stages[:out])
        assert done.code == 0, done.err
    assert run("shard", *stages).code == 0
    fresh = build_arguments(corpus, tmp_path / "c", tmp_path / "c-release")[1:]
    early = run("lift", *fresh[: fresh.index("--out")])
    assert early.code == 2 and "prompt2sign pose" in early.err
    assert files_of(tmp_path / "a-release") == files_of(tmp_path / "b-release")


def test_sharding_before_lifting_says_what_waits(corpus: Path, tmp_path: Path) -> None:
    arguments = build_arguments(corpus, tmp_path / "work", tmp_path / "release")[1:]
    run("pose", *arguments[: arguments.index("--out")])
    done = run("shard", *arguments)
    assert done.code == 1 and "4 clips wait" in done.out
    assert not (tmp_path / "release").exists()


def test_a_bad_clip_is_listed_and_the_rest_is_built(corpus: Path, tmp_path: Path) -> None:
    frame = next((corpus / "json" / "clip_001").iterdir())
    frame.write_text(frame.read_text()[:40])
    done = run(*build_arguments(corpus, tmp_path / "work", tmp_path / "release"))
    assert done.code == 1
    assert frame.name in done.err, "the message names the file"
    (row,) = rejected(tmp_path / "release")
    assert (row["clip_id"], row["stage"], row["status"]) == ("clip_001", "pose", "failed")
    assert str(tmp_path) not in row["message"]
    assert len(prompt2sign.open_release(tmp_path / "release")) == 3


def test_what_changes_during_a_build_is_built_as_it_was_found_and_again_by_the_next_one(
    corpus: Path, tmp_path: Path
) -> None:
    language = get_language("gsl")
    pipeline = override(load_pipeline(language), {"source": {"fps": 25.0, "width": 800, "height": 600}})
    places = {"text": corpus / "text.tsv", "keypoints": corpus / "json"}
    request = Request(language, pipeline, "folder", tmp_path / "work", n_jobs=0, **places)
    with open_build(request, Silent()) as build:
        run_stages(build, ["pose"], Silent())
        next((corpus / "json" / "clip_001").iterdir()).unlink()
        run_stages(build, None, Silent())
        assert assemble(build, tmp_path / "release").n_clips == 4
    with open_build(request, Silent()) as build:
        summaries = run_stages(build, None, Silent())
    assert {summary.stage: summary.todo for summary in summaries} == {"trim": 0, "pose": 1, "lift": 1, "prompts": 0}


def test_a_mended_clip_comes_back(corpus: Path, tmp_path: Path) -> None:
    frame = next((corpus / "json" / "clip_001").iterdir())
    whole = frame.read_text()
    frame.write_text(whole[:40])
    arguments = build_arguments(corpus, tmp_path / "work", tmp_path / "release")
    run(*arguments)
    frame.write_text(whole)
    done = run(*arguments, "--json")
    assert done.code == 0 and done.json["stages"][1]["worked_on"] == 1
    assert rejected(tmp_path / "release") == []


def test_strict_ends_at_the_first_bad_clip(corpus: Path, tmp_path: Path) -> None:
    frame = next((corpus / "json" / "clip_001").iterdir())
    frame.write_text("{")
    arguments = build_arguments(corpus, tmp_path / "work", tmp_path / "release")
    for _ in range(2):
        done = run(*arguments, "--strict")
        assert done.code == 4 and frame.name in done.err
        assert not (tmp_path / "release").exists()


def test_a_build_without_one_good_clip_writes_no_release(corpus: Path, tmp_path: Path) -> None:
    for frame in (corpus / "json").glob("*/*.json"):
        frame.write_text("{}")
    done = run(*build_arguments(corpus, tmp_path / "work", tmp_path / "release"))
    assert done.code == 1 and "no release was written" in done.out
    assert not (tmp_path / "release").exists()


def test_what_is_not_a_release_is_never_replaced(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / "thesis.txt").write_text("precious")
    done = run(*build_arguments(corpus, tmp_path / "work", tmp_path / "release"))
    assert done.code == 2 and "--out" in done.err
    assert (tmp_path / "release" / "thesis.txt").read_text() == "precious"


def test_another_corpus_does_not_replace_a_release(corpus: Path, tmp_path: Path) -> None:
    arguments = build_arguments(corpus, tmp_path / "work", tmp_path / "release")
    run(*arguments)
    other = [{"gsl": "asl"}.get(word, word) for word in arguments]
    assert run(*other).code == 2
    assert prompt2sign.open_release(tmp_path / "release")["clip_000"].lang == "GSL"


def test_the_users_own_data_is_not_passed_on_unless_the_user_says_so(corpus: Path, tmp_path: Path) -> None:
    arguments = build_arguments(corpus, tmp_path / "work", tmp_path / "release")
    assert run(*arguments, "--with-video").code == 2
    run(*arguments)
    assert not json.loads((tmp_path / "release/release.json").read_text())["corpus"]["redistribute_motion"]
    run(*arguments, "--licence", "CC-BY-4.0", "--redistribute")
    facts = json.loads((tmp_path / "release/release.json").read_text())["corpus"]
    assert facts["redistribute_motion"] and facts["licence"] == "CC-BY-4.0"
    assert "license: cc-by-4.0" in (tmp_path / "release/README.md").read_text()


def test_a_users_own_pipeline_and_its_mistakes(corpus: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    arguments = [*build_arguments(corpus, tmp_path / "work", tmp_path / "release"), "--pipeline", str(mine)]
    mine.write_text("language: GSL\nprompts: {per_clip: 2}\nlift: {smoothing: 0}\n")
    assert run(*arguments).code == 0
    assert len(prompt2sign.open_release(tmp_path / "release")["clip_000"].prompts) == 2
    for text, word in (
        ("language: GSL\nlift: {smothing: 0}\n", "smothing"),
        ("language: ASL\n", "ASL"),
        ("- a list\n", "list"),
        ("language: !!python/object/apply:os.system [id]\n", "mine.yaml"),
        ("language: [GSL\n", "mine.yaml"),
    ):
        mine.write_text(text)
        done = run(*arguments)
        assert done.code == 2 and word in done.err, text


def test_wrong_use_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    unknown = run("build", "--lang", "gls")
    assert unknown.code == 2 and "did you mean GSL?" in unknown.err
    folder = run("build", "--lang", "asl", "--corpus", "folder", "--from", str(tmp_path / "nowhere"))
    assert folder.code in (2, 3) and "nowhere" in folder.err
    corpus = run("build", "--lang", "asl", "--corpus", "fodler")
    assert corpus.code == 2 and "folder" in corpus.err
    assert run("build").code == 2
    for done in (unknown, folder, corpus):
        assert "Traceback" not in done.err


def test_errors_are_json_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("build", "--lang", "asl", "--corpus", "folder", "--from", str(tmp_path / "nowhere"), "--json")
    assert done.json["exit_code"] == done.code and "nowhere" in done.json["error"]


def test_release_of_a_damaged_work_folder_is_made_again(corpus: Path, tmp_path: Path) -> None:
    arguments = build_arguments(corpus, tmp_path / "work", tmp_path / "release")
    run(*arguments)
    before = files_of(tmp_path / "release")
    shutil.rmtree(tmp_path / "work")
    (tmp_path / "release" / "data" / "dev-00000.parquet").unlink()
    assert run(*arguments).code == 0
    assert files_of(tmp_path / "release") == before


@pytest.mark.parametrize("damage", ["{", '{"format": "prompt2sign-release", "version": 1, "files": []}', "[" * 100_000])
def test_a_release_with_a_damaged_manifest_is_not_replaced_without_a_word(
    corpus: Path, tmp_path: Path, damage: str
) -> None:
    arguments = build_arguments(corpus, tmp_path / "work", tmp_path / "release")
    run(*arguments)
    (tmp_path / "release" / "release.json").write_text(damage)
    done = run(*arguments, "--prompts-per-clip", "2")
    assert done.code == 2 and "release.json" in done.err and "fault of prompt2sign" not in done.err


def test_a_replaced_release_is_said(corpus: Path, tmp_path: Path) -> None:
    arguments = build_arguments(corpus, tmp_path / "work", tmp_path / "release")
    run(*arguments)
    assert "in place of one of 4 clips" in run(*arguments, "--prompts-per-clip", "2").out
