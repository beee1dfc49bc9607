"""`evaluate` on small made releases: the rows, the files, the warnings, and what is refused."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sacrebleu")

from prompt2sign.errors import FormatError, UsageError  # noqa: E402
from prompt2sign.loaders.cache import open_cache  # noqa: E402
from prompt2sign.metrics.report import GROUND_TRUTH, MEAN_POSE, NEAREST_NEIGHBOUR  # noqa: E402
from prompt2sign.metrics.text import TEXT_MEASURES  # noqa: E402
from prompt2sign.signllm import systems  # noqa: E402
from prompt2sign.signllm.back_translation import BackTranslationOptions, Signed, train_back_translator  # noqa: E402
from prompt2sign.signllm.evaluate import MODEL, ORACLE, evaluate  # noqa: E402
from prompt2sign.signllm.judging import reads_nothing  # noqa: E402
from prompt2sign.signllm.model import Answer  # noqa: E402
from prompt2sign.signllm.scoring import try_system  # noqa: E402
from prompt2sign.signllm.systems import System, baseline_motions  # noqa: E402
from prompt2sign.synthetic.phrases import write_phrases  # noqa: E402
from tests.made import Finished, run_here  # noqa: E402
from tests.training import cache_of, run_of, small_release, small_rows, small_sizes, write_release  # noqa: E402

JUDGE = BackTranslationOptions(
    d_model=16, n_heads=2, steps=2, batch_clips=4, validate_every=2, max_tokens=6, n_beams=1, dropout=0.0
)
BASELINES = {MEAN_POSE, NEAREST_NEIGHBOUR, GROUND_TRUTH}


@pytest.fixture(scope="module", autouse=True)
def _small():
    torch.set_num_threads(1)
    with small_sizes():
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Releases of phrases in two languages, a model of each mode that has learned next to nothing, and its scores."""
    folder = tmp_path_factory.mktemp("evaluate")
    releases = write_phrases(folder / "phrases", ("GSL", "ASL"), 20)
    parallel = {"model.decoder": "parallel"}
    run_of(folder / "mlsf", releases, parallel, cache=folder / "cache")
    run_of(folder / "p2lg", releases, parallel | {"model.mode": "prompt2langgloss"}, cache=folder / "cache")
    scored(folder, "mlsf", "out/mlsf", oracle=True)
    return folder


def scored(folder: Path, run: str, out: str, *languages: str, **options):
    """Evaluate with a judge of next to no training."""
    releases = [folder / "phrases" / language for language in languages or ("gsl", "asl")]
    options = {"translation": JUDGE, "cache": folder / "cache", "device": "cpu", "say": lambda _: None} | options
    return evaluate(folder / run, releases, folder / out, **options)


def commanded(folder: Path, run: str, out: str, *rest: str) -> Finished:
    """Evaluate by the command line, with the judge that the fixture left."""
    releases = [str(folder / "phrases" / language) for language in ("gsl", "asl")]
    where = ["--out", str(folder / out), "--cache", str(folder / "cache"), "--device", "cpu"]
    return run_here("evaluate", str(folder / run), *releases, *where, *rest)


def judge_of(folder: Path) -> Path:
    return folder / "out" / "mlsf" / "back-translation"


def document_of(folder: Path, out: str):
    return json.loads((folder / out / "evaluation.json").read_text())


def value(scores, name: str):
    return next(score for score in scores if score["name"] == name)


# ---- what comes out


def test_rows_columns_intervals_and_signatures(folder):
    document = document_of(folder, "out/mlsf")
    assert set(document["rows"]) == BASELINES | {MODEL, ORACLE}
    truth = document["rows"][GROUND_TRUTH]
    assert value(truth, "DTW-MJE")["value"] == 0 and value(truth, "duration")["value"] == 1
    assert value(document["rows"][ORACLE], "duration")["value"] == 1
    assert value(document["rows"][MEAN_POSE], "total distance")["value"] == 0
    for scores in document["rows"].values():
        one = value(scores, "DTW-MJE")
        assert one["low"] <= one["value"] <= one["high"]
    assert set(document["signatures"]) == set(TEXT_MEASURES)
    assert "tok:13a" in document["signatures"]["BLEU-4"]
    assert not any("nrefs" in note for note in document["notes"])


def test_each_language_has_its_own_table(folder):
    document = document_of(folder, "out/mlsf")
    assert set(document["languages"]) == {"ASL", "GSL"}
    whole = value(document["rows"][MODEL], "duration")["value"]
    parts = [value(part["rows"][MODEL], "duration")["value"] for part in document["languages"].values()]
    assert np.mean(parts) == pytest.approx(whole)  # as many clips of either
    assert {score["name"] for score in document["languages"]["GSL"]["rows"][MODEL]} > set(TEXT_MEASURES)
    markdown = (folder / "out/mlsf/evaluation.md").read_text()
    assert "**GSL: 2 clips**" in markdown and markdown.count("tok:13a") == 4


def test_a_line_a_clip_the_worst_first(folder):
    lines = [json.loads(line) for line in (folder / "out/mlsf/clips.jsonl").read_text().splitlines()]
    errors = [line["systems"][MODEL]["dtw_mje"] for line in lines]
    assert len(lines) == 4 and errors == sorted(errors, reverse=True) and errors[0] > errors[-1] > 0
    for line in lines:
        assert line["clip_id"].startswith(line["lang"].lower()) and line["text"] and line["n_frames"] > 2
        assert set(line["systems"]) == BASELINES | {MODEL, ORACLE}
        assert line["systems"][GROUND_TRUTH]["dtw_mje"] == 0
        assert line["systems"][GROUND_TRUTH]["n_frames"] == line["n_frames"]
        assert isinstance(line["systems"][NEAREST_NEIGHBOUR]["read"], str)


def test_the_found_language_is_scored(folder, monkeypatch):
    right = {"GSL": "GSL", "ASL": "GSL"}

    def answers(model, clips, rows, options, oracle=False):
        return [Answer(clips.motion(row).copy(), right[clips.column("lang")[row]], "") for row in rows]

    monkeypatch.setattr(systems, "model_answers", answers)
    found = scored(folder, "p2lg", "out/p2lg", translator=judge_of(folder))
    share = found.table.find(MODEL, "language right")
    assert share.value == 50 and share.unit == "%" and found.table.find(GROUND_TRUTH, "language right") is None
    assert {name: table.find(MODEL, "language right").value for name, table in found.languages.items()} == {
        "GSL": 100,
        "ASL": 0,
    }
    assert "the model found the language of 50.0 % of the prompts" in found.notes
    assert "language right (%) ↑" in (folder / "out/p2lg/evaluation.md").read_text()


def test_same_model_same_bytes(folder):
    before = {path.name: path.read_bytes() for path in (folder / "out/mlsf").glob("evaluation.*")}
    scored(folder, "mlsf", "out/mlsf", oracle=True)
    assert before == {path.name: path.read_bytes() for path in (folder / "out/mlsf").glob("evaluation.*")}


# ---- what is said of it


def test_text_that_means_nothing_is_said_once_and_left_out(folder):
    warned = document_of(folder, "out/mlsf")["warnings"]
    assert sum("text scores mean nothing here" in sentence for sentence in warned) == 1
    assert warned[0] == "a smoke test: on 4 clips neither BLEU nor its intervals mean anything"
    beaten = [sentence for sentence in warned if "does not beat" in sentence]
    assert len(beaten) in (1, 2) and len(warned) <= 5
    assert not any(name in sentence for sentence in beaten for name in TEXT_MEASURES)


class Reader:
    """A judge who reads what it is told."""

    def __init__(self, judge, texts):
        self.text_vocabulary, self.texts = judge.text_vocabulary, iter(texts)

    def translate(self, motions, languages):
        return next(self.texts)


def test_a_judge_is_believed_where_truth_stands_out(folder):
    clips = open_cache([folder / "phrases/gsl", folder / "phrases/asl"], folder / "cache")
    rows = clips.rows("train", ["GSL"])[:12]
    texts = [clips.column("text")[row] for row in rows]
    judge = train_back_translator([Signed(clips.motion(0), "eins", None, "GSL")], [], JUDGE, seed=1)
    motions, wrong = System([clips.motion(row) for row in rows]), ["eins zwei"] * len(rows)

    def said(truth, still, neighbour):
        reader = Reader(judge, [truth, still, neighbour])
        return reads_nothing({name: try_system(clips, rows, motions, reader) for name in names})

    names = (GROUND_TRUTH, MEAN_POSE, NEAREST_NEIGHBOUR)
    assert said(texts, wrong, wrong) is None
    assert "reads nothing, even from ground truth" in said(wrong, wrong, wrong)
    assert "reads nothing" in said([texts[0], *wrong[1:]], wrong, wrong)
    assert "no more from ground truth than from the nearest neighbour" in said(texts, wrong, texts)


def test_training_clips_are_noted_and_no_clip_is_its_own_neighbour(folder):
    found = scored(folder, "mlsf", "out/mlsf-train", split="train", limit=5, translator=judge_of(folder))
    assert "these are training clips" in found.notes[0]
    assert found.table.find(NEAREST_NEIGHBOUR, "DTW-MJE").value > 0
    lines = (folder / "out/mlsf-train/clips.jsonl").read_text().splitlines()
    assert len(lines) == 5
    assert all(json.loads(line)["systems"][NEAREST_NEIGHBOUR]["dtw_mje"] > 0 for line in lines)
    assert "dev clips chose" in scored(folder, "mlsf", "o", split="dev", translator=judge_of(folder)).notes[0]


def test_baselines_come_from_training_clips_of_the_language(folder):
    clips = open_cache([folder / "phrases/gsl", folder / "phrases/asl"], folder / "cache")
    train, rows = clips.rows("train"), clips.rows("test")
    motions = baseline_motions(clips, train, rows)
    for row, neighbour, still in zip(rows, motions[NEAREST_NEIGHBOUR], motions[MEAN_POSE], strict=True):
        own = clips.rows("train", [clips.column("lang")[row]])
        assert any(np.array_equal(neighbour, clips.motion(other)) for other in own)
        mean = np.concatenate([clips.motion(other) for other in own]).mean(0)
        assert still.shape == clips.motion(row).shape and np.allclose(still[3], mean, atol=1e-4)
    with pytest.raises(UsageError, match="ASL: no training clip"):
        baseline_motions(clips, clips.rows("train", ["GSL"]), rows)
    with pytest.raises(UsageError, match="beside the clip to be signed"):
        baseline_motions(clips, train[:1], train[:1])


def test_honest_signing_knows_nothing_of_the_reference(folder, monkeypatch):
    seen = []
    real = systems.answer_all
    monkeypatch.setattr(systems, "answer_all", lambda model, asked: seen.append(asked) or real(model, asked))
    scored(folder, "mlsf", "out/asked", oracle=True, translator=judge_of(folder))
    honest, leaky = seen
    assert all(request.first is None and request.n_frames is None for request in honest)
    assert all(request.first is not None and request.n_frames for request in leaky)


# ---- judges that do not fit


def test_the_judge_learns_from_recorded_training_clips_alone(folder):
    clips = open_cache([folder / "phrases/gsl", folder / "phrases/asl"], folder / "cache")
    names = ("text", "gloss", "lang")
    recorded = [Signed(clips.motion(row), *(clips.column(name)[row] for name in names)) for row in clips.rows("train")]
    alone = train_back_translator(recorded, [], replace_steps(1), seed=1)
    judge = document_of(folder, "out/mlsf")["back_translation"]
    assert judge["trained_on"] == alone.trained_on and judge["fps"] == clips.fps and len(judge["fingerprint"]) == 64
    assert any(judge["fingerprint"][:12] in note for note in document_of(folder, "out/mlsf")["notes"])


def replace_steps(steps: int) -> BackTranslationOptions:
    return JUDGE.model_copy(update={"steps": steps})


def test_another_release_than_the_models_and_the_judges_is_said(folder):
    document = document_of(folder, "out/mlsf")
    assert not any("not what the model was trained on" in note for note in document["notes"])
    assert not any("other clips" in sentence for sentence in document["warnings"])
    found = scored(folder, "mlsf", "out/other", "gsl", translator=judge_of(folder))
    assert sum("was trained on other clips" in sentence for sentence in found.warnings) == 1
    assert sum("not what the model was trained on" in note for note in found.notes) == 1
    assert found.languages == {}


def test_a_judge_trained_otherwise_is_refused_by_folder_and_option(folder):
    with pytest.raises(UsageError, match=r"out/mlsf/back-translation: .* steps 2, not 7"):
        scored(folder, "mlsf", "out/mlsf", translation=replace_steps(7))


def test_a_judge_of_another_frame_rate_or_language_is_refused(folder, tmp_path):
    clip = Signed(np.zeros((5, 50, 3), np.float32), "eins", None, "GSL")
    train_back_translator([clip], [], JUDGE, seed=1, fps=25.0).save(tmp_path / "judge")
    with pytest.raises(UsageError, match="not trained on ASL"):
        scored(folder, "mlsf", "out/refused", translator=tmp_path / "judge")
    with pytest.raises(UsageError, match=r"25 frames a second, the model makes 12\.5"):
        scored(folder, "mlsf", "out/refused", "gsl", translator=tmp_path / "judge")
    with pytest.raises(UsageError, match="no back-translator in here"):
        scored(folder, "mlsf", "out/refused", translator=tmp_path / "nowhere")
    assert not (folder / "out/refused").exists()


# ---- the command line


def test_the_command_prints_a_small_table_and_where_the_rest_is(folder, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    done = commanded(folder, "mlsf", "out/mlsf", "--oracle-timing")
    assert done.code == 0 and "signing 4 clips" in done.err and "Traceback" not in done.err
    lines = done.out.splitlines()
    assert sum(line.startswith(MODEL) for line in lines) == 2 and "BLEU-4" in done.out and "ROUGE" not in done.out
    assert "nrefs" not in done.out and "DTW-MJE, DTW-MJE hand shape (shoulder widths)" in done.out
    assert sum(line.startswith("warning: ") for line in lines) <= 5
    assert all(str(folder / "out/mlsf" / name) in lines[-1] for name in ("evaluation.md", "clips.jsonl"))
    assert json.loads(commanded(folder, "mlsf", "out/mlsf", "--json", "--oracle-timing").out) == document_of(
        folder, "out/mlsf"
    )


def test_bad_input_is_refused_by_exit_code_and_without_a_traceback(folder, tmp_path):
    empty = write_release(tmp_path / "empty", small_rows(n_held_out=0))
    strange = small_release(tmp_path, "TSL")
    shutil.copytree(judge_of(folder), tmp_path / "damaged")
    weights = tmp_path / "damaged" / "back-translator.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    where = ["--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache"), "--device", "cpu"]
    cases = {
        "split test is empty": (run_here("evaluate", str(folder / "mlsf"), str(empty), *where), 2),
        "the model signs GSL, ASL; the releases hold none": (
            run_here("evaluate", str(folder / "mlsf"), str(strange), *where), 2
        ),
        "cut off": (
            commanded(folder, "mlsf", "bad", "--back-translation", str(weights.parent)), FormatError.exit_code
        ),
        "steps 2, not 3": (commanded(folder, "mlsf", "out/mlsf", "--back-translation-steps", "3"), 2),
        "no checkpoint": (commanded(folder, "nothing", "bad"), 2),
    }  # fmt: skip
    for words, (done, code) in cases.items():
        assert (done.code, done.out) == (code, ""), words
        assert words in " ".join(done.err.split()) and "Traceback" not in done.err
    assert not (folder / "bad").exists()


def test_one_clip_is_enough_for_a_table(folder):
    found = scored(folder, "mlsf", "out/one", limit=1, translator=judge_of(folder))
    assert "on 1 clip of test" in found.table.title and "on 1 clip neither" in found.warnings[0]
    assert math.isnan(found.table.find(MODEL, "DTW-MJE").low)
    assert any(note.startswith("Frechet has no value") for note in found.table.notes)


def test_a_damaged_judge_is_found_before_anything_is_signed(folder, tmp_path, monkeypatch):
    shutil.copytree(judge_of(folder), tmp_path / "damaged")
    (tmp_path / "damaged" / "back-translator.json").write_text("{}")
    monkeypatch.setattr(systems, "answer_all", lambda *_: pytest.fail("signed"))
    with pytest.raises(FormatError, match=r"back-translator\.json"):
        scored(folder, "mlsf", "out/never", translator=tmp_path / "damaged")


def test_releases_of_two_rates_are_scored_at_the_models(folder, tmp_path):
    rows = list(small_rows("GSL"))
    faster = [replace(row, motion=replace(row.motion, fps=2 * row.motion.fps)) for row in small_rows("ASL")]
    releases = [write_release(tmp_path / "slow", rows), write_release(tmp_path / "fast", faster)]
    run_of(tmp_path / "run", releases, {"data.fps": 25.0})
    found = evaluate(
        tmp_path / "run", releases, tmp_path / "out", translation=JUDGE, cache=tmp_path / "cache", device="cpu",
        say=lambda _: None,
    )  # fmt: skip
    assert found.judge["fps"] == 25.0 == cache_of(*releases, fps=25.0).fps
    assert not any("not what the model was trained on" in note for note in found.notes)
