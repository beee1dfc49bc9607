"""Signing through the API: honest, as it comes, in the language that was asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from prompt2sign.errors import ClipRejected, FormatError, MissingError, UsageError  # noqa: E402
from prompt2sign.signllm import checkpoint  # noqa: E402
from prompt2sign.signllm.corpus import build_model, clip_of, request_of  # noqa: E402
from prompt2sign.signllm.model import Request  # noqa: E402
from prompt2sign.signllm.saved import load  # noqa: E402
from prompt2sign.signllm.signer import Asked, Signer  # noqa: E402
from prompt2sign.signllm.validate import answer_all  # noqa: E402
from tests.training import (  # noqa: E402
    cache_of,
    run_of,
    small_options,
    small_release,
    small_rows,
    small_sizes,
    write_release,
)

PROMPTS = {"GSL": "wie sagt man hund auf GSL", "ASL": "wie sagt man hund auf ASL"}


@pytest.fixture(scope="module", autouse=True)
def _small():
    with small_sizes():
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Releases, and a model of each mode."""
    folder = tmp_path_factory.mktemp("signing")
    releases = [small_release(folder, language) for language in ("GSL", "ASL")]
    changes = {"model.decoder": "parallel", "run.steps": 8, "run.validate_every": 8, "text.max_tokens": 20}
    run_of(folder / "mlsf", releases, changes)
    run_of(folder / "p2lg", releases, {**changes, "model.mode": "prompt2langgloss"})
    return folder


@pytest.fixture
def signer(folder) -> Signer:
    return Signer(folder / "mlsf", device="cpu")


def test_a_sentence_becomes_a_motion(signer):
    clip = signer.sign_one(Asked("a", text="hund baum", lang="gsl"))
    assert clip.motion.ndim == 3 and clip.motion.shape[1:] == (50, 3) and clip.motion.dtype == np.float32
    assert (clip.clip_id, clip.lang, clip.text, clip.prompt, clip.gloss) == ("a", "GSL", "hund baum", "", "")
    assert clip.fps == 25 and clip.made_by == "signllm mlsf/step-00000008"
    again = Signer(signer.saved.folder, ["GSL"], "cpu").sign_one(Asked("b", text="hund baum"))
    assert np.array_equal(clip.motion, again.motion) and again.lang == "GSL"
    other = signer.sign_one(Asked("a", text="hund baum", lang="ASL"))
    assert other.motion.shape != clip.motion.shape or not np.allclose(other.motion, clip.motion)


def test_wishes_are_read_as_they_are_needed(signer):
    read = []

    def wishes():
        for number in range(5):
            read.append(number)
            yield Asked(str(number), text="hund", lang=("GSL", "ASL")[number % 2])

    one_by_one = signer.sign(wishes())
    assert next(one_by_one).clip_id == "0" and read == [0]
    assert next(one_by_one).clip_id == "1" and read == [0, 1]
    read.clear()
    together = signer.sign(wishes(), at_once=3)
    assert next(together).clip_id == "0" and read == [0, 1, 2]
    rest = list(together)
    assert [(clip.clip_id, clip.lang) for clip in rest] == [("1", "ASL"), ("2", "GSL"), ("3", "ASL"), ("4", "GSL")]


def test_what_is_signed_together_is_as_if_signed_alone(signer):
    wishes = [Asked(str(n), text=text, lang="GSL") for n, text in enumerate(("hund", "haus baum regen", "sonne geht"))]
    for one, other in zip(signer.sign(wishes), signer.sign(wishes, at_once=3), strict=True):
        assert one.clip_id == other.clip_id
        np.testing.assert_allclose(one.motion, other.motion, atol=1e-4)


@pytest.mark.parametrize("decoder", ["parallel", "progressive"])
def test_honest_signing_does_not_depend_on_the_reference(decoder, tmp_path):
    """Two releases with the same training clips and texts, but other motion in the test split: the same answers."""
    rows = list(small_rows())
    changed = [replace(row, motion=make_other(row.motion)) if row.clip.split == "test" else row for row in rows]
    answers, told = [], []
    for name, content in (("one", rows), ("other", changed)):
        release = write_release(tmp_path / name, content)
        changes = {"model.decoder": decoder, "run.steps": 3}
        run_of(tmp_path / f"run-{name}", [release], changes, cache=tmp_path / f"cache-{name}")
        cache, model = cache_of(release), load(tmp_path / f"run-{name}").model
        requests = [request_of(clip_of(cache, row), small_options(changes)) for row in cache.rows("test")]
        answers.append(answer_all(model, requests, 15))
        references = [cache.motion(row) for row in cache.rows("test")]
        timed = [replace(r, first=m[0], n_frames=len(m)) for r, m in zip(requests, references, strict=True)]
        told.append(answer_all(model, timed, 15))
        assert [len(answer.motion) for answer in told[-1]] == [len(reference) for reference in references]
    assert all(np.array_equal(a.motion, b.motion) for a, b in zip(*answers, strict=True))
    assert all(a.motion.shape != b.motion.shape for a, b in zip(*told, strict=True))


def make_other(motion):
    """Another motion, twice as long."""
    xyz, seen = np.concatenate([motion.xyz, motion.xyz[::-1]]), np.concatenate([motion.observed] * 2)
    return replace(motion, xyz=np.ascontiguousarray(xyz), observed=seen)


def test_what_the_model_does_not_know_is_said(folder):
    said = []
    signer = Signer(folder / "mlsf", device="cpu", warn=said.append)
    signer.sign_one(Asked("a", text="hund baum", lang="GSL"))
    assert not said
    assert len(signer.sign_one(Asked("b", text="hund xylophon quark baum", lang="GSL")).motion)
    assert said == ["b: 50% of the words of 'hund xylophon quark baum' are unknown to the model"]


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (Asked("a", text="hund"), "a: which sign language. --lang, one of GSL, ASL"),
        (Asked("a", text="hund", lang="TSL"), "no group for TSL; it has GSL, ASL"),
        (Asked("a", text="hund", lang="klingon"), "klingon"),
        (Asked("a", text=" ", lang="GSL"), "this model is MLSF and reads a sentence"),
        (Asked("a", prompt="wie sagt man hund", lang="GSL"), "this model is MLSF and reads a sentence"),
        (Asked("a", text="hund " * 20, lang="GSL"), "a: the text has more than 20 tokens"),
    ],
    ids=str,
)
def test_a_wish_that_cannot_be_signed_is_refused(wish, message, signer):
    with pytest.raises(UsageError, match=message):
        list(signer.sign([wish]))


# ---- Prompt2LangGloss


def test_a_prompt_is_answered_even_by_a_model_that_has_learned_nothing(folder, tmp_path):
    run_of(tmp_path / "run", [folder / "gsl"], {"model.mode": "prompt2langgloss", "run.steps": 1})
    signer = Signer(tmp_path / "run", device="cpu", warn=lambda _: None)
    clip = signer.sign_one(Asked("a", prompt=PROMPTS["GSL"]))
    assert len(clip.motion) and clip.prompt == PROMPTS["GSL"] and not clip.text and clip.lang == "GSL"
    with pytest.raises(UsageError, match="reads a prompt, which tells the language"):
        signer.sign_one(Asked("a", text="hund", lang="GSL"))


def test_a_model_that_writes_no_gloss_claims_no_language(folder):
    signer = Signer(folder / "p2lg", device="cpu")
    with torch.no_grad():
        signer.saved.model.prompt_to_gloss.decoder.bias[3] = 1e6  # the end, at once
    with pytest.raises(ClipRejected, match="a: the model wrote no gloss, so its motion is in none of its languages"):
        signer.sign_one(Asked("a", prompt=PROMPTS["GSL"]))
    (answer,) = signer.saved.model.answer([Request(PROMPTS["ASL"])])
    assert (answer.language, answer.gloss) == ("", "")


@pytest.mark.parametrize("gloss_steps", [0, 90], ids=["joint", "two-stage"])
def test_the_prompt_tells_the_language(gloss_steps, folder, tmp_path):
    changes = {
        "model.mode": "prompt2langgloss",
        "model.decoder": "parallel",
        "optimiser.gloss_learning_rate": 5e-3,
        "run.steps": 100,
        "run.gloss_steps": gloss_steps,
        "run.validate_every": 100,
    }
    releases = [
        write_release(tmp_path / language, small_rows(language, n_train=4, n_held_out=0)) for language in ("GSL", "ASL")
    ]
    run_of(tmp_path / "run", releases, changes)
    signer, cache = Signer(tmp_path / "run", device="cpu"), cache_of(*releases)
    for row in cache.rows("train"):
        clip = clip_of(cache, row)
        for prompt in clip.prompts:
            made = signer.sign_one(Asked("a", prompt=prompt))
            assert (made.lang, made.gloss) == (clip.lang, clip.gloss.lower())


# ---- what cannot be read


def test_a_folder_without_a_model_is_said(tmp_path):
    with pytest.raises(UsageError, match="no checkpoint in here"):
        Signer(tmp_path, device="cpu")


def test_a_checkpoint_cut_off_is_said(folder, tmp_path):
    run_of(tmp_path / "run", [folder / "gsl"], {"run.steps": 1})
    path = checkpoint.find(tmp_path / "run") / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(FormatError, match=r"model.safetensors: cut off.*train again"):
        Signer(tmp_path / "run", device="cpu")


def test_weights_that_do_not_fit_their_config_are_refused(folder):
    with small_sizes(48), pytest.raises(FormatError, match="its weights do not fit its config"):
        Signer(folder / "mlsf", device="cpu")


def test_a_gpu_that_is_not_there_is_said(folder, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(MissingError, match="leave out --device cuda"):
        Signer(folder / "mlsf", device="cuda")


def test_a_new_model_is_the_same_for_the_same_seed(folder):
    cache = cache_of(folder / "gsl")
    motions = []
    for seed in (1, 1, 2):
        model = build_model(cache, cache.rows("train"), small_options({"run.seed": seed}))
        motions.append(model.eval().answer([Request("hund", "GSL")], 5)[0].motion)
    assert np.array_equal(motions[0], motions[1]) and not np.array_equal(motions[0], motions[2])
