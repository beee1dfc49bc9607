"""`train`, `add-language` and `generate` as a user types them: files, messages, exit codes."""

from __future__ import annotations

import io
import json
import os
import signal
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
import av  # noqa: E402

import prompt2sign  # noqa: E402
from prompt2sign.formats.motion import read_motion  # noqa: E402
from prompt2sign.formats.shards import ShardInfo, ShardSetWriter  # noqa: E402
from prompt2sign.signllm import checkpoint  # noqa: E402
from prompt2sign.signllm.log import LINES, read_log  # noqa: E402
from prompt2sign.signllm.text2pose import Text2Pose  # noqa: E402
from tests.made import Finished, files_of, run_here, start  # noqa: E402
from tests.making import make_row  # noqa: E402
from tests.training import small_release, small_rows, small_sizes, write_release  # noqa: E402

SMALL = ["--size", "tiny", "--set", "run.tensorboard=false", "--set", "run.validation_clips=2", "--device", "cpu"]


@pytest.fixture(scope="module", autouse=True)
def _small():
    with small_sizes():
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Releases and a trained model of each mode."""
    folder = tmp_path_factory.mktemp("cli")
    for language in ("GSL", "ASL", "TSL"):
        small_release(folder, language)
    assert trained(folder, "mlsf", "gsl", "asl").code == 0
    assert trained(folder, "p2lg", "gsl", "asl", "--mode", "prompt2langgloss").code == 0
    return folder


def trained(folder: Path, run: str, *rest: str) -> Finished:
    """Train on the releases that are named first."""
    n_releases = next((place for place, word in enumerate(rest) if word.startswith("-")), len(rest))
    releases, others = [str(folder / word) for word in rest[:n_releases]], rest[n_releases:]
    steps = [] if "--steps" in others else ["--steps", "3"]
    cache = ["--cache", str(folder / "cache")]
    return run_here("train", *releases, "--out", str(folder / run), *SMALL, *cache, *steps, *others)


def generated(folder: Path, *rest: str, run: str = "mlsf") -> Finished:
    return run_here("generate", str(folder / run), "--device", "cpu", *rest)


# ---- train


def test_train_says_what_it_does_and_how_it_ended(folder):
    done = trained(folder, "said", "gsl", "--decoder", "progressive", "--loss", "rl", "--priority", "--seed", "3")
    assert done.code == 0
    assert done.out.startswith(f"{folder / 'said'}: 3 steps, best at 3 with DTW-MJE 0.")
    assert "mlsf, progressive, tiny: groups.GSL 0." in done.err and "10 clips" in done.err
    assert "step       3  epoch 1" not in done.err and "dev/dtw_mje" in done.err
    again = trained(folder, "said", "gsl", "--decoder", "progressive", "--loss", "rl", "--priority", "--seed", "3")
    assert again.code == 0 and "already at 3 of 3 steps" in again.err and again.out == done.out


def test_train_prints_json_for_scripts(folder):
    done = trained(folder, "json", "gsl", "--json")
    assert done.code == 0 and done.err == "" and done.json["step"] == 3 and done.json["best"] > 0
    two_stage = ["--mode", "prompt2langgloss", "--set", "run.gloss_steps=3"]
    unscored = trained(folder, "unscored", "gsl", "--json", *two_stage)
    assert unscored.code == 0 and unscored.json["best"] is None
    assert "3 steps, not validated" in trained(folder, "unscored", "gsl", *two_stage).out


def test_a_yaml_of_options_and_options_on_top_of_it(folder, tmp_path):
    (tmp_path / "run.yaml").write_text("model: {decoder: parallel}\nrun: {steps: 9, seed: 4}\n", encoding="utf-8")
    done = trained(folder, "yaml", "gsl", "--config", str(tmp_path / "run.yaml"), "--set", "loss.velocity=0.5")
    assert done.code == 0
    options = checkpoint.read_config(checkpoint.find(folder / "yaml"))["options"]
    assert (options["run"]["steps"], options["run"]["seed"], options["loss"]["velocity"]) == (3, 4, 0.5)


@pytest.mark.parametrize(
    ("rest", "code", "words"),
    [
        (["--set", "loss.kind=hinge"], 2, ["loss.kind", "'mse', 'l1', 'rl' or 'policy-gradient'"]),
        (["--set", "run.stepz=4"], 2, ["run.stepz: no such option; did you mean run.steps?"]),
        (["--set", "steps"], 2, ["write section.option=value"]),
        (["--set", "steps=4"], 2, ["name an option as section.option"]),
        (["--config", "missing.yaml"], 2, ["missing.yaml: cannot be read"]),
        (["--lang", "tsl"], 2, ["no TSL in split train: there are 10 clips of GSL"]),
        (["--lang", "klingon"], 2, ["klingon"]),
        (["--steps", "0"], 2, ["--steps"]),
        (["--set", "data.batch_frames=3"], 2, ["raise data.batch_frames"]),
        (["--set", "model.future_frames=2", "--decoder", "parallel"], 2, ["need `decoder: progressive`"]),
    ],
    ids=str,
)
def test_train_refuses_wrong_options(rest, code, words, folder, tmp_path):
    run = f"refused-{abs(hash(tuple(rest)))}"
    done = trained(folder, run, "gsl", *rest)
    assert done.code == code and done.out == "" and all(word in done.err for word in words)
    assert "Traceback" not in done.err and not (folder / run / "checkpoints").exists()


def test_changed_options_are_refused_by_name(folder):
    done = trained(folder, "mlsf", "gsl", "asl", "--loss", "rl", "--seed", "9")
    assert done.code == 2 and "loss.kind: mse then, rl now; run.seed: 27 then, 9 now" in done.err


def test_releases_that_cannot_be_learned_from(folder, tmp_path):
    places = {
        "missing": tmp_path / "nowhere",
        "empty": write_release(tmp_path / "empty", small_rows(n_train=0)),
        "other": tmp_path / "other",
    }
    info = ShardInfo(unit="source", convention="metres")
    with ShardSetWriter(places["other"] / "data", info) as shards:
        shards.add(make_row())
    messages = {}
    for name, place in places.items():
        out = str(tmp_path / f"run-{name}")
        done = run_here("train", str(place), "--out", out, *SMALL, "--cache", str(tmp_path / "cache"))
        messages[name] = done.err
        assert done.code == 2 and "Traceback" not in done.err
    assert "nowhere" in messages["missing"] and "split train is empty" in messages["empty"]
    assert "a unit of its own" in messages["other"]


def test_a_full_gpu_and_a_loss_that_is_no_number_are_stops_with_advice(folder, monkeypatch):
    def full(*_, **__):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory.")

    with monkeypatch.context() as patch:
        patch.setattr(Text2Pose, "predict", full)
        done = trained(folder, "full", "gsl")
    assert done.code == 4 and "lower data.batch_frames" in done.err
    done = trained(folder, "wild", "gsl", "--steps", "50", "--set", "optimiser.learning_rate=1e30")
    assert done.code == 4 and "no longer a number" in done.err and "GSL-0" in done.err


def test_ctrl_c_saves_a_checkpoint_and_ends_with_130(folder, tmp_path):
    where = ["--out", str(tmp_path / "run"), "--cache", str(tmp_path / "cache"), *SMALL]
    command = ["train", str(folder / "gsl"), *where, "--set", "run.log_every=1", "--set", "run.validate_every=100000"]
    process = start(*command, "--steps", "100000")
    try:
        until = time.monotonic() + 120
        while not list(read_log(tmp_path / "run" / LINES)):
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130 and "run the same command again and it goes on" in err
    assert "Traceback" not in err
    last = checkpoint.find(tmp_path / "run", "last", thorough=True)
    assert int(last.name[5:]) >= 1 and len(list(last.parent.iterdir())) == 1


# ---- add-language


def test_add_language_appends_and_refuses(folder, tmp_path):
    where = ["--cache", str(folder / "cache"), "--device", "cpu"]
    command = ["add-language", str(folder / "mlsf"), str(folder / "tsl"), "--out", str(tmp_path / "more"), *where]
    done = run_here(*command, "--steps", "2", "--json")
    assert done.code == 0 and done.json["step"] == 2
    assert checkpoint.read_config(checkpoint.find(tmp_path / "more"))["languages"] == ["GSL", "ASL", "TSL"]
    twice = run_here("add-language", str(tmp_path / "more"), *command[2:4], str(tmp_path / "twice"), *where)
    assert twice.code == 2 and "a group for TSL already" in twice.err
    gloss = run_here("add-language", str(folder / "p2lg"), *command[2:4], str(tmp_path / "p2lg"), *where)
    assert gloss.code == 2 and "train Prompt2LangGloss on all languages at once" in gloss.err
    assert not (tmp_path / "twice").exists() and not (tmp_path / "p2lg").exists()


# ---- generate


def test_one_sentence_into_every_format(folder, tmp_path):
    suffixes = [".mp4", ".parquet", ".skels", ".h5", *([".pose"] if find_spec("pose_format") else [])]
    outs = [str(tmp_path / f"made{suffix}") for suffix in suffixes]
    done = generated(folder, "--text", "hund baum", "--lang", "gsl", *(word for out in outs for word in ("--out", out)))
    assert done.code == 0 and done.err.startswith("hund baum: GSL, ")
    written = [line.removesuffix(" written") for line in done.out.splitlines()]
    assert set(outs) <= set(written) and all(Path(path).stat().st_size for path in written)
    (clip,) = prompt2sign.open_release(tmp_path / "made.parquet")
    motion = read_motion(tmp_path / "made.h5")
    assert clip.lang == "GSL" and clip.text == "hund baum" and motion.xyz.shape == (len(motion.xyz), 50, 3)
    with av.open(str(tmp_path / "made.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == len(motion.xyz)
    line = (tmp_path / "made.skels").read_text().split()
    assert len(line) == 151 * len(motion.xyz)
    if ".pose" in suffixes:
        from pose_format import Pose

        assert len(Pose.read((tmp_path / "made.pose").read_bytes()).body.data) == len(motion.xyz)
    again = generated(folder, "--text", "hund baum", "--lang", "gsl", "--out", outs[0])
    assert again.code == 2 and "is there already" in again.err
    before = Path(outs[1]).read_bytes()
    over = generated(folder, "--text", "hund baum", "--lang", "gsl", "--out", outs[1], "--overwrite", "--json")
    assert over.code == 0 and over.json["files"] == [outs[1]] and Path(outs[1]).read_bytes() == before


def test_several_sentences_from_options_a_file_and_the_standard_input(folder, tmp_path, monkeypatch):
    (tmp_path / "texts.txt").write_text("hund\n\n  baum regen \n", encoding="utf-8")
    out = tmp_path / "made.parquet"
    many = ["--text", "sonne", "--text", "haus", "--from", str(tmp_path / "texts.txt"), "--at-once", "3"]
    assert generated(folder, *many, "--lang", "ASL", "--out", str(out)).code == 0
    clips = list(prompt2sign.open_release(out))
    assert [clip.text for clip in clips] == ["sonne", "haus", "hund", "baum regen"]
    assert {clip.lang for clip in clips} == {"ASL"} and len({clip.clip_id for clip in clips}) == 4
    monkeypatch.setattr("sys.stdin", io.StringIO("regen\nsonne geht\n"))
    assert generated(folder, "--from", "-", "--lang", "gsl", "--out", str(tmp_path / "piped.mp4")).code == 0
    assert sorted(path.name for path in (tmp_path / "piped").iterdir()) == ["00001.mp4", "00002.mp4"]


def test_prompts_into_files(folder, tmp_path):
    out = tmp_path / "made.parquet"
    assert trained(folder, "one", "gsl", "--mode", "prompt2langgloss").code == 0
    done = generated(folder, "--prompt", "wie sagt man hund auf GSL", "--out", str(out), run="one")
    assert done.code == 0
    (clip,) = prompt2sign.open_release(out)
    assert clip.prompts == ("wie sagt man hund auf GSL",) and len(clip.motion) and np.isfinite(clip.motion).all()


def test_unknown_words_are_said(folder, tmp_path):
    done = generated(folder, "--text", "hund xylophon", "--lang", "gsl", "--out", str(tmp_path / "made.h5"))
    assert done.code == 0 and "50% of the words of 'hund xylophon' are unknown to the model" in done.err


@pytest.mark.parametrize(
    ("run", "rest", "words"),
    [
        ("mlsf", ["--text", "hund", "--lang", "tsl"], "no group for TSL; it has GSL, ASL"),
        ("mlsf", ["--text", "hund", "--lang", "klingon"], "klingon"),
        ("mlsf", ["--text", "hund"], "which sign language? --lang, one of GSL, ASL"),
        ("mlsf", ["--prompt", "wie sagt man hund"], "this model is MLSF and reads --text"),
        ("p2lg", ["--text", "hund"], "this model is Prompt2LangGloss and reads --prompt"),
        ("p2lg", ["--prompt", "wie sagt man hund", "--lang", "gsl"], "leave out --lang"),
        ("mlsf", ["--lang", "gsl"], "nothing to sign"),
        ("mlsf", ["--lang", "gsl", "--from", "missing.txt"], "missing.txt: cannot be read"),
        ("mlsf", ["--lang", "gsl", "--text", "wort " * 2_000], "more than 300 tokens"),
        ("nothing", ["--lang", "gsl", "--text", "hund"], "no checkpoint in here"),
    ],
)
def test_generate_refuses_and_leaves_no_file(run, rest, words, folder, tmp_path):
    done = generated(
        folder, *rest, "--out", str(tmp_path / "made.parquet"), "--out", str(tmp_path / "made.mp4"), run=run
    )
    assert done.code == 2 and words in " ".join(done.err.split()) and "Traceback" not in done.err
    assert files_of(tmp_path) == {}


def test_generate_refuses_an_unknown_suffix_before_it_loads_a_model(folder, tmp_path):
    done = generated(folder, "--text", "hund", "--out", str(tmp_path / "made.gif"), run="nothing")
    assert done.code == 2 and "made.gif: its suffix names no format" in done.err


def test_a_checkpoint_that_is_cut_off_is_named(folder, tmp_path):
    assert trained(folder, "cut", "gsl", "--steps", "1").code == 0
    path = checkpoint.find(folder / "cut") / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    done = generated(folder, "--text", "hund", "--out", str(tmp_path / "made.h5"), "--json", run="cut")
    assert done.code == 4 and "model.safetensors: cut off" in done.err
    assert json.loads(done.out)["exit_code"] == 4
