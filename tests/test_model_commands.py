"""What a newcomer sees of `train`, `add-language` and `generate`: lines, advice, refusals, and what is in the files."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import yaml

torch = pytest.importorskip("torch")
import filelock  # noqa: E402

import prompt2sign  # noqa: E402
from prompt2sign.errors import ClipRejected, UsageError  # noqa: E402
from prompt2sign.loaders import open_cache  # noqa: E402
from prompt2sign.loaders.torch import MotionDataset, collate  # noqa: E402
from prompt2sign.release.validate import validate_release  # noqa: E402
from prompt2sign.signllm import Asked, Signer, checkpoint, trainer  # noqa: E402
from prompt2sign.signllm.log import LINES, TABLE, RunLog, read_log  # noqa: E402
from prompt2sign.signllm.options import RunOptions, TrainOptions, load_options  # noqa: E402
from prompt2sign.signllm.pace import Pace  # noqa: E402
from prompt2sign.signllm.train import NAMED_VOCABULARY  # noqa: E402
from tests.made import Finished, files_of, run_here  # noqa: E402
from tests.training import run_of, small_release, small_rows, small_sizes, write_release  # noqa: E402

SMALL = ["--size", "tiny", "--set", "run.tensorboard=false", "--set", "run.validation_clips=2", "--device", "cpu"]
TIMES = ("seconds", "frames_per_s")


@pytest.fixture(scope="module", autouse=True)
def _small():
    with small_sizes():
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Releases, and models of three steps: of each mode, and a Prompt2LangGloss of one language."""
    folder = tmp_path_factory.mktemp("commands")
    for language in ("GSL", "ASL"):
        small_release(folder, language)
    for run, rest in {
        "mlsf": ["gsl", "asl"],
        "p2lg": ["gsl", "asl", "--mode", "prompt2langgloss"],
        "one": ["gsl", "--mode", "prompt2langgloss"],
    }.items():
        done = trained(folder, run, *rest)
        assert done.code == 0, done.err
    return folder


def trained(folder: Path, run: str, *rest: str) -> Finished:
    """Train on the releases that are named first, three steps."""
    releases = [str(folder / word) for word in rest if (folder / word).is_dir()]
    others = [word for word in rest if not (folder / word).is_dir()]
    steps = [] if "--steps" in others else ["--steps", "3"]
    return run_here(
        "train", *releases, "--out", str(folder / run), *SMALL, "--cache", str(folder / "cache"), *steps, *others
    )


def generated(run: Path, *rest: str) -> Finished:
    return run_here("generate", str(run), "--device", "cpu", *rest)


def without_gloss(monkeypatch: pytest.MonkeyPatch, deaf: str) -> None:
    """Models write no gloss for prompts that hold a word."""
    from prompt2sign.signllm.prompt2langgloss import Prompt2LangGloss

    answer = Prompt2LangGloss._answer
    asked: list[str] = []
    whole = Prompt2LangGloss.answer

    def noted(self, requests, *rest):
        asked[:] = [request.text for request in requests]
        return whole(self, requests, *rest)

    def mute(self, ids, motion):
        known = self.vocabularies["glosses"].encode("<GSL_hund>")[:1]
        return answer(self, [] if deaf in asked.pop(0) else known, motion)

    monkeypatch.setattr(Prompt2LangGloss, "answer", noted)
    monkeypatch.setattr(Prompt2LangGloss, "_answer", mute)


# ---- what training says


def test_lines_say_step_time_and_rate_and_the_end_names_checkpoint_and_next_command(folder):
    done = trained(folder, "told", "gsl", "--steps", "4", "--set", "run.log_every=3")
    lines = [line for line in done.err.splitlines() if line.startswith("step ")]
    assert [line.split()[1] for line in lines if "loss" in line] == ["1/4", "3/4"]
    assert all(
        "after 0:00:" in line and " left" in line and "learning_rate" in line for line in lines if "loss" in line
    )
    first, second, third = done.out.splitlines()
    assert first.startswith(f"{folder / 'told'}: 4 steps, best at 4 with DTW-MJE 0.")
    assert second == f"best checkpoint: {folder / 'told' / 'checkpoints' / 'step-00000004'}"
    assert third == f'next: prompt2sign generate {folder / "told"} --lang gsl --text "..." --out first.mp4'
    assert trained(folder, "told", "gsl", "--steps", "4", "--json").json["checkpoint"] == second.partition(": ")[2]
    assert '--prompt "..." --out' in trained(folder, "one", "gsl", "--mode", "prompt2langgloss").out


def test_logs_hold_time_and_rate_of_each_step(folder):
    done = trained(folder, "rates", "gsl", "--set", "run.log_every=1", "--set", "optimiser.warmup_steps=2")
    assert done.code == 0
    lines = [line for line in read_log(folder / "rates" / LINES) if "loss" in line]
    assert [line["learning_rate"] for line in lines] == pytest.approx([5e-4, 1e-3, 1e-3])
    assert 0 < lines[0]["seconds"] < lines[1]["seconds"] < lines[2]["seconds"]
    header = (folder / "rates" / TABLE).read_text().splitlines()[0].split(",")
    assert {"learning_rate", "seconds"} <= set(header)


def test_pace_counts_from_where_it_started_and_warns_of_long_runs(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("prompt2sign.signllm.pace.time.monotonic", lambda: now[0])
    pace = Pace(RunOptions(steps=1010))
    pace.start(trainer.State(step=10, seconds=50.0))
    now[0] += 30.0
    state = trainer.State(step=13, seconds=80.0)
    assert pace.left_s(state) == pytest.approx(9970.0)
    assert pace.words(state) == "after 0:01:20, 2:46:10 left"
    assert "1,010 steps take 2.8 hours more" in pace.warning(state) and "--size" in pace.warning(state)
    assert not pace.warning(trainer.State(step=14, seconds=80.0))
    short = Pace(RunOptions(steps=1010, minutes=2.0))
    short.start(trainer.State(step=10, seconds=50.0))
    now[0] += 30.0
    assert short.left_s(state) == pytest.approx(40.0) and not short.warning(state)


def test_the_name_of_a_size_and_the_cost_on_a_cpu_are_said(folder, monkeypatch):
    monkeypatch.setattr(trainer.Trainer, "fit", lambda self: self.state)
    monkeypatch.setattr("prompt2sign.cli.model._trained", lambda *_: 0)
    rest = ["--size", "base-40M", "--set", "optimiser.precision=bfloat16"]
    done = trained(folder, "named", "gsl", *rest)
    named = f"base-40M is named for a vocabulary of {NAMED_VOCABULARY:,} words, with which a group has"
    assert f"{named} 41.2 M" in done.err
    assert f"{named} 40.8 M" in trained(folder, "published", "gsl", *rest, "--decoder", "progressive").err
    assert "vocabularies of GSL 14" in done.err
    assert "on a CPU base-40M is slow; begin with --size tiny" in done.err and "bfloat16 is for GPUs" in done.err
    assert "is named for" not in trained(folder, "unnamed", "gsl").err


def test_help_shows_the_defaults_that_are_in_the_options():
    text = " ".join(run_here("train", "--help").out.split())
    options = TrainOptions()
    shown = (options.model.mode, options.model.decoder, options.model.size, options.loss.kind, options.run.seed)
    assert all(f"[default: ({default})" in text for default in shown) and f"({options.run.steps:,})" in text


def test_the_options_of_a_run_are_a_yaml_that_trains_the_same(folder):
    changes = ["--set", "loss.velocity=0.5", "--set", "data.weights={GSL: 2.0}", "--seed", "4"]
    assert trained(folder, "first", "gsl", *changes).code == 0
    path = folder / "first" / "config.yaml"
    assert yaml.safe_load(path.read_text())["loss"]["velocity"] == 0.5
    again = run_here(
        "train", str(folder / "gsl"), "--out", str(folder / "again"), "--cache", str(folder / "cache"),
        "--device", "cpu", "--config", str(path),
    )  # fmt: skip
    assert again.code == 0 and files_of(folder / "again")["config.yaml"] == path.read_bytes()
    assert load_options(path, {}).data.weights == {"GSL": 2.0}


# ---- options that are wrong


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        (["--set", "run.stpes=3"], "run.stpes: no such option; did you mean run.steps?"),
        (["--set", "rnu.steps=3"], "rnu: no such section; did you mean run?"),
        (["--set", "loss.steps=3"], "loss.steps: no such option; did you mean run.steps?"),
        (["--set", "steps=3"], "such as run.steps; did you mean run.steps?"),
        (["--set", "run.xyzzy=3"], "run.xyzzy: no such option"),
        (["--set", "run.steps=many"], "run.steps: expected a whole number, found 'many'"),
        (["--set", "optimiser.learning_rate=0"], "optimiser.learning_rate: expected more than 0"),
        (["--set", "priority.enabled=perhaps"], "priority.enabled: expected true or false, found 'perhaps'"),
        (["--set", "loss.kind=hinge"], "loss.kind: expected 'mse', 'l1', 'rl' or 'policy-gradient', found 'hinge'"),
        (["--set", "run.gloss_steps=3"], "file: run.gloss_steps needs `model.mode: prompt2langgloss`"),
        (["--config", "none.yaml"], "none.yaml: cannot be read: no such file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_option_is_explained(rest, words, folder):
    done = trained(folder, "wrong", "gsl", *rest)
    assert done.code == 2 and words in done.err
    assert not any(foreign in done.err for foreign in ("Extra inputs", "Input should", "Value error"))


def test_other_rates_are_mended_by_an_option_that_exists(tmp_path):
    from dataclasses import replace

    rows = [replace(row, motion=replace(row.motion, fps=12.5)) for row in small_rows("ASL")]
    releases = [small_release(tmp_path), write_release(tmp_path / "asl", rows)]
    done = trained(tmp_path, "run", "gsl", "asl")
    assert done.code == 2 and "--set data.fps=25" in done.err and "--fps" not in done.err
    assert open_cache(releases, tmp_path / "cache", fps=25).fps == 25


def test_a_folder_of_releases_is_no_release(folder):
    done = run_here("train", str(folder), "--out", str(folder / "run"), *SMALL)
    assert done.code == 2
    assert f"{folder}: holds releases and is none itself; name them: {folder / 'asl'} {folder / 'gsl'}" in done.err


# ---- the folder of a run


def test_a_release_or_a_folder_of_other_files_is_no_place_for_a_run(folder, tmp_path):
    release = small_release(tmp_path)
    (release / "release.json").write_text('{"format": "prompt2sign-release", "version": 1, "files": []}')
    before = files_of(tmp_path)
    where = [*SMALL, "--steps", "3"]
    for out in (release, release / "runs" / "first"):
        done = run_here("train", str(release), "--out", str(out), *where)
        assert done.code == 2 and "is a release or lies in one" in done.err
    bare = folder / "gsl"
    assert "is a release" in run_here("train", str(bare), "--out", str(bare), *where).err
    cache = ["--cache", str(release / "cache")]
    done = run_here("train", str(release), "--out", str(tmp_path / "run"), *where, *cache)
    assert done.code == 2 and "lies in the release" in done.err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("words")
    done = run_here("train", str(release), "--out", str(tmp_path / "mine"), *where)
    assert done.code == 2 and "holds no run but other files, such as thesis.tex" in done.err
    done = run_here("train", str(release), "--out", str(tmp_path / "mine" / "thesis.tex"), *where)
    assert done.code == 2 and "is a file" in done.err
    (tmp_path / "mine" / "thesis.tex").unlink()
    (tmp_path / "mine").rmdir()
    assert files_of(tmp_path) == before


def test_the_cache_may_lie_in_the_folder_of_the_run(folder, tmp_path):
    open_cache([folder / "gsl"], tmp_path / "run" / "cache")
    cache = str(tmp_path / "run" / "cache")
    where = ["--out", str(tmp_path / "run"), "--cache", cache, *SMALL, "--steps", "1"]
    assert run_here("train", str(folder / "gsl"), *where).code == 0


def test_two_trainings_in_one_folder_are_refused(folder):
    with filelock.FileLock(folder / ".mlsf.lock"):
        done = trained(folder, "mlsf", "gsl", "asl", "--steps", "9")
    assert done.code == 4 and "another training is at work in this folder" in done.err
    assert trained(folder, "mlsf", "gsl", "asl").code == 0 and not (folder / ".mlsf.lock").exists()


# ---- going on


def test_a_run_goes_on_only_with_its_own_options_and_says_both(folder):
    other = trained(folder, "mlsf", "gsl", "asl", "--decoder", "progressive", "--seed", "3")
    assert other.code == 2
    assert "model.decoder: parallel then, progressive now; run.seed: 27 then, 3 now" in other.err
    over = trained(folder, "mlsf", "gsl", "asl", "--set", "run.validate_every=2")
    assert over.code == 0 and "already at 3 of 3 steps; raise --steps to go on" in over.err
    assert "going on" not in over.err


def test_the_log_of_a_run_that_was_stopped_is_that_of_one_that_was_not(folder, tmp_path, monkeypatch):
    changes = {"run.steps": 8, "run.log_every": 3, "run.validate_every": 4}
    where = {"cache": folder / "cache"}
    run_of(tmp_path / "whole", [folder / "gsl"], changes, **where)
    learn = trainer.Trainer._learn

    def broken(self, group):
        if self.state.step == 5:
            raise RuntimeError("killed")
        learn(self, group)

    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="killed"):
        patch.setattr(trainer.Trainer, "_learn", broken)
        run_of(tmp_path / "run", [folder / "gsl"], changes, **where)
    run_of(tmp_path / "run", [folder / "gsl"], changes, **where)
    logs = [
        [{name: line[name] for name in line if name not in TIMES} for line in read_log(tmp_path / run / LINES)]
        for run in ("whole", "run")
    ]
    assert logs[0] == logs[1] and [line["step"] for line in logs[0]] == [3, 4, 6, 8]


def test_means_go_on_through_a_cut(tmp_path):
    with RunLog(tmp_path, None, every=3, tensorboard=False) as log:
        log.step(1, 0, {"loss": 1.0})
        since = json.loads(json.dumps(log.since))
    with RunLog(tmp_path, None, every=3, tensorboard=False) as log:
        log.cut(1, since)
        log.step(2, 0, {"loss": 2.0})
        log.step(3, 0, {"loss": 6.0}, {"seconds": 9.0})
    assert list(read_log(tmp_path / LINES)) == [{"step": 3, "epoch": 0, "loss": 3.0, "seconds": 9.0}]


def test_a_damaged_checkpoint_is_passed_over_in_words_once(folder):
    rest = ["gsl", "--set", "run.validate_every=1"]
    assert trained(folder, "damaged", *rest, "--steps", "2").code == 0
    path = checkpoint.find(folder / "damaged", "last") / "optimiser.safetensors"
    content = bytearray(path.read_bytes())
    content[-5] ^= 0xFF  # the same size: only its checksum tells
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        done = trained(folder, "damaged", *rest)
    assert done.code == 0 and done.err.count("takes its place") == 1
    assert "going on from step 1" in done.err and "UserWarning" not in done.err


def test_a_loss_that_is_no_number_says_whether_there_is_a_checkpoint(folder):
    wild = ["gsl", "--steps", "50", "--set", "optimiser.learning_rate=1e30"]
    done = trained(folder, "wild", *wild)
    assert done.code == 4 and "there is no checkpoint yet" in done.err
    done = trained(folder, "wild-too", *wild, "--set", "run.validate_every=1", "--set", "optimiser.warmup_steps=0")
    assert done.code == 4 and "no longer a number" in done.err


# ---- generate


def test_each_clip_is_told_and_its_file_has_its_number(folder, tmp_path):
    wishes = ["--text", "hund", "--text", "baum", "--lang", "asl"]
    done = generated(folder / "mlsf", *wishes, "--out", str(tmp_path / "c.h5"))
    assert done.code == 0
    assert [line.split(",")[0] for line in done.err.splitlines()] == ["hund: ASL", "baum: ASL"]
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == ["00001.h5", "00002.h5"]
    made = generated(folder / "mlsf", *wishes, "--out", str(tmp_path / "d.parquet"), "--json").json["clips"]
    assert [(clip["clip_id"], clip["lang"], clip["gloss"]) for clip in made] == [
        ("00001", "ASL", ""),
        ("00002", "ASL", ""),
    ]
    assert all(clip["seconds"] > 0 for clip in made)
    again = generated(folder / "mlsf", *wishes, "--out", str(tmp_path / "d.parquet"))
    assert again.code == 2 and "--overwrite" in again.err


def test_what_was_made_passes_our_own_validator_and_its_text_is_no_prompt(folder, tmp_path, monkeypatch):
    without_gloss(monkeypatch, "nichts")
    out = tmp_path / "c.parquet"
    prompt = "wie sagt man hund auf GSL"
    done = generated(folder / "p2lg", "--prompt", prompt, "--out", str(out))
    assert done.code == 0 and f"{prompt}: GSL" in done.err and 'gloss "hund"' in done.err
    (clip,) = prompt2sign.open_release(out)
    assert (clip.text, clip.gloss, clip.prompts) == ("hund", "hund", (prompt,))
    assert not validate_release(out) and not validate_release(tmp_path)
    assert run_here("validate", str(out)).code == 0


def test_the_split_still_has_to_be_that_of_the_file_in_a_release(tmp_path):
    release = small_release(tmp_path)
    assert not validate_release(release)
    (release / "data" / "dev-00000.parquet").rename(release / "data" / "other-00000.parquet")
    assert any("in a file called other-00000.parquet" in str(fault) for fault in validate_release(release))


def test_a_prompt_the_model_has_no_words_for_is_signed_with_a_warning(folder, tmp_path):
    prompt = ["--prompt", "how would one say thunderstorm"]
    done = generated(folder / "one", *prompt, "--out", str(tmp_path / "c.h5"))
    assert done.code == 0 and "signed as GSL; this model knows only GSL" in done.err
    assert not any(line.startswith("00001") for line in done.err.splitlines())
    known = ["--prompt", "wie sagt man hund auf GSL"]
    both = generated(folder / "one", *prompt, *known, "--out", str(tmp_path / "d.h5"))
    assert any(line.startswith("00001: ") for line in both.err.splitlines())
    assert "00002: " not in both.err.replace("00002: the model wrote no gloss", "")


def test_a_clip_without_gloss_is_rejected_and_the_others_are_written(folder, tmp_path, monkeypatch):
    without_gloss(monkeypatch, "baum")
    prompts = [word for noun in ("hund", "baum", "regen") for word in ("--prompt", f"wie sagt man {noun} auf GSL")]
    done = generated(folder / "p2lg", *prompts, "--out", str(tmp_path / "c.parquet"), "--json")
    assert done.code == 1 and [clip["clip_id"] for clip in done.json["clips"]] == ["00001", "00003"]
    (refused,) = done.json["rejected"]
    assert refused["reason"] == "no-gloss" and refused["message"].startswith("00002: the model wrote no gloss")
    assert len(prompt2sign.open_release(tmp_path / "c.parquet")) == 2
    none = generated(folder / "p2lg", *prompts[2:4], "--out", str(tmp_path / "d.parquet"))
    assert none.code == 1 and "wrote no gloss" in none.err and not (tmp_path / "d.parquet").exists()
    only = generated(folder / "one", *prompts[2:4], "--out", str(tmp_path / "e.parquet"))
    assert only.code == 0 and "wrote no gloss" in only.err
    (clip,) = prompt2sign.open_release(tmp_path / "e.parquet")
    assert clip.lang == "GSL" and clip.text == prompts[3]


def test_an_empty_prompt_is_called_empty(folder, tmp_path):
    out = ["--out", str(tmp_path / "c.h5")]
    prompt = generated(folder / "p2lg", "--prompt", "", *out)
    assert prompt.code == 2 and "prompt2sign: the prompt is empty" in prompt.err
    text = generated(folder / "mlsf", "--text", " ", "--lang", "gsl", *out)
    assert text.code == 2 and "prompt2sign: the sentence is empty" in text.err


# ---- from Python


def test_a_signer_warns_by_itself_and_knows_what_was_not_loaded(folder, monkeypatch):
    signer = Signer(folder / "mlsf", languages=["gsl"], device="cpu")
    with pytest.warns(UserWarning, match="50% of the words of 'hund xylophon' are unknown"):
        signer.sign_one(Asked("a", text="hund xylophon"))
    with pytest.raises(UsageError, match="ASL is in this model, but was not loaded"):
        signer.sign_one(Asked("a", text="hund", lang="asl"))
    with pytest.raises(UsageError, match="no group for TSL"):
        signer.sign_one(Asked("a", text="hund", lang="tsl"))
    without_gloss(monkeypatch, "hund")
    with pytest.raises(ClipRejected, match="a: the model wrote no gloss"):
        Signer(folder / "p2lg", device="cpu").sign_one(Asked("a", prompt="wie sagt man hund auf GSL"))


def test_the_signer_is_found_without_loading_torch_before_it_is_asked_for():
    code = "import sys, prompt2sign, prompt2sign.signllm.options; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'Singer'"):
        _ = prompt2sign.signllm.Singer


def test_a_cache_opens_at_a_plain_path_and_batches_have_a_mask(folder):
    cache = open_cache([str(folder / "gsl")], str(folder / "cache"))
    dataset = MotionDataset(cache, cache.rows("train"))
    batch = collate([dataset[0], dataset[3]])
    lengths = cache.lengths[dataset.rows[[0, 3]]].tolist()
    assert batch.real.dtype == torch.bool and batch.real.shape == batch.motion.shape[:2]
    assert batch.real.sum(1).tolist() == lengths and all(
        bool(row[:n].all()) for row, n in zip(batch.real, lengths, strict=True)
    )
