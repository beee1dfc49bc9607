"""BLEU, chrF, ROUGE-L, WER, intervals, baselines and tables: by hand, and against the libraries' own corpus scores."""

from __future__ import annotations

import builtins
import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from prompt2sign.errors import ClipRejected, MissingError, UsageError
from prompt2sign.metrics.baselines import held_still, mean_pose, nearest_neighbours
from prompt2sign.metrics.bootstrap import compare, interval
from prompt2sign.metrics.measure import Measure, mean_of
from prompt2sign.metrics.report import (
    BASELINES,
    GROUND_TRUTH,
    KEY_MEASURES,
    MEAN_POSE,
    NEAREST_NEIGHBOUR,
    Score,
    Table,
    counted,
    score,
    warnings,
)
from prompt2sign.metrics.text import text_measures, tokenizer_for, words

ENGLISH = (
    ["the cat sat on the mat today", "it will rain in the north", "good evening"],
    ["the cat sat on a mat", "it will rain in the north", ""],
)


def by_name(measures: list[Measure]) -> dict[str, Measure]:
    return {one.name: one for one in measures}


# Text (skipped without the extra)


def test_text_measures_by_hand() -> None:
    _need_libraries()
    found = by_name(text_measures(*ENGLISH))
    assert list(found) == ["BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "chrF", "ROUGE-L", "WER"]
    # 11 of 12 words right, 15 words wanted
    assert found["BLEU-1"].value == pytest.approx(100 * 11 / 12 * math.exp(1 - 15 / 12))
    # pairs: 3 of 5 and 5 of 5
    assert found["BLEU-2"].value == pytest.approx(100 * math.sqrt(11 / 12 * 8 / 10) * math.exp(1 - 15 / 12))
    # common subsequences of 5 in 7 and 6 words, 6 in 6, none
    assert found["ROUGE-L"].value == pytest.approx(100 * (2 * 5 / 13 + 1 + 0) / 3)
    # one word changed and one lost, two lost, of 15
    assert found["WER"].value == pytest.approx(100 * 4 / 15)
    assert (found["WER"].better, found["BLEU-4"].better) == ("lower", "higher")


def test_bleu_and_chrf_are_those_of_sacrebleu() -> None:
    metrics = pytest.importorskip("sacrebleu.metrics")
    found = by_name(text_measures(*ENGLISH))
    for order in range(1, 5):
        bleu = metrics.BLEU(max_ngram_order=order)
        assert found[f"BLEU-{order}"].value == bleu.corpus_score(ENGLISH[1], [ENGLISH[0]]).score
        assert found[f"BLEU-{order}"].signature == str(bleu.get_signature())
    assert found["chrF"].value == metrics.CHRF().corpus_score(ENGLISH[1], [ENGLISH[0]]).score


def test_wer_is_that_of_jiwer() -> None:
    jiwer = pytest.importorskip("jiwer")
    _need_libraries()
    assert by_name(text_measures(*ENGLISH))["WER"].value == pytest.approx(100 * jiwer.wer(*ENGLISH))


def test_every_measure_says_how_it_was_taken() -> None:
    _need_libraries()
    signatures = {one.name: one.signature for one in text_measures(*ENGLISH)}
    assert "tok:13a" in signatures["BLEU-4"] and "version:" in signatures["chrF"]
    assert "rouge-score:" in signatures["ROUGE-L"] and "jiwer:" in signatures["WER"]
    assert "tok:char" in text_measures(["걱정"], ["걱정"], "KSL")[0].signature


@pytest.mark.parametrize(
    ("language", "text", "near"),
    [
        ("GSL", "Auf der Straße fällt Schnee.", "auf der Straße fällt Schnee"),
        ("KSL", "저는 걱정이 많아요", "저는 걱정이, 많아요!"),
        ("TSL", "IŞIK İstanbul'da", "ışık istanbul'da"),
        ("LSF-CH", "L’été à Genève", "l'été à Genève"),
    ],
)
def test_every_language_is_perfect_against_itself_and_words_are_kept_whole(language: str, text: str, near: str) -> None:
    _need_libraries()
    found = by_name(text_measures([text], [text], language))
    assert [found[name].value for name in ("chrF", "ROUGE-L", "WER")] == pytest.approx([100, 100, 0])
    close = by_name(text_measures([text], [near], language))
    assert (close["ROUGE-L"].value, close["WER"].value) == (100, 0)
    assert by_name(text_measures([text], ["nein"], language))["ROUGE-L"].value == 0


def test_words_of_any_script() -> None:
    assert words("Die Straße, 24.12.: Größe_2") == ["die", "straße", "24", "12", "größe", "2"]
    assert words("Iğdır İzmir", "TSL") == ["ığdır", "izmir"]
    assert words("걱정이 많아요?") == ["걱정이", "많아요"]
    assert words("İzmir") == ["i\u0307zmir"]  # of no known language: one word all the same
    assert words(" ... ") == []
    assert (tokenizer_for("ksl"), tokenizer_for("gsl"), tokenizer_for(None)) == ("char", "13a", "13a")


def test_empty_sentences_are_counted_and_empty_lists_refused() -> None:
    _need_libraries()
    found = by_name(text_measures(["", "a b"], ["c", ""]))
    assert found["WER"].value == pytest.approx(100 * 3 / 2)
    assert found["BLEU-1"].value == 0
    assert math.isnan(by_name(text_measures([""], [""]))["WER"].value)
    for lists in (([], []), (["a"], [])):
        with pytest.raises(UsageError, match="in pairs"):
            text_measures(*lists)


@pytest.mark.parametrize("package", ["sacrebleu", "rouge_score", "jiwer"])
def test_a_missing_library_is_named_with_the_line_that_installs_it(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _need_libraries()
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> object:
        if name.startswith(package):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingError, match=r'pip install "prompt2sign\[train\]"'):
        text_measures(*ENGLISH)


def _need_libraries() -> None:
    for name in ("sacrebleu", "rouge_score", "jiwer"):
        pytest.importorskip(name)


# Bootstrap


def test_the_interval_of_a_mean_is_that_of_theory() -> None:
    values = np.random.default_rng(0).normal(5, 2, 400)
    low, high = interval(mean_of("x", "", "lower", values), n_draws=2000)
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.03)
    wide = interval(mean_of("x", "", "lower", values), level=0.99, n_draws=2000)
    assert wide[0] < low < high < wide[1]


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    hits = 0
    for _ in range(200):
        low, high = interval(mean_of("x", "", "lower", random.exponential(1, 100)), n_draws=300)
        hits += low <= 1 <= high
    assert 0.88 <= hits / 200 <= 0.99


def test_same_seed_same_interval_and_no_interval_of_one_clip() -> None:
    measure = mean_of("x", "", "lower", np.arange(10.0))
    assert interval(measure) == interval(measure) != interval(measure, seed=1)
    assert all(math.isnan(end) for end in interval(mean_of("x", "", "lower", [1.0])))
    assert interval(mean_of("x", "", "lower", [3.0] * 9)) == (3.0, 3.0)


def test_many_clips_are_drawn_in_blocks() -> None:
    values = np.random.default_rng(0).normal(size=50_000)
    low, high = interval(mean_of("x", "", "lower", values), n_draws=100)
    assert low < values.mean() < high < low + 0.03


def test_bleu_drawn_from_counts_is_bleu_of_the_drawn_sentences() -> None:
    sacrebleu = pytest.importorskip("sacrebleu.metrics")
    _need_libraries()
    bleu = by_name(text_measures(*ENGLISH))["BLEU-4"]
    drawn = [0, 0, 2, 1, 0]
    again = sacrebleu.BLEU().corpus_score([ENGLISH[1][k] for k in drawn], [[ENGLISH[0][k] for k in drawn]])
    assert bleu.score(bleu.sums[drawn].sum(axis=0, keepdims=True))[0] == again.score


def test_two_systems_are_compared_on_the_same_draws() -> None:
    random = np.random.default_rng(0)
    hard = random.normal(10, 5, 100)  # clips differ more than systems
    first, second = mean_of("error", "", "lower", hard), mean_of("error", "", "lower", hard + 0.1)
    found = compare(first, second)
    assert (found.difference, found.low, found.high) == pytest.approx((-0.1, -0.1, -0.1))
    assert found.first_better == 1 == 1 - compare(second, first).first_better
    assert compare(first, first).first_better == 0.5
    ratios = [mean_of("total distance", "x", "one", hard * 0 + value) for value in (0.9, 1.3)]
    assert compare(*ratios).first_better == 1
    with pytest.raises(UsageError, match="same clips"):
        compare(first, mean_of("error", "", "lower", hard[:5]))
    with pytest.raises(UsageError, match="cannot be"):
        compare(first, mean_of("other", "", "lower", hard))


def test_a_measure_refuses_nothing_and_nan() -> None:
    with pytest.raises(UsageError, match="no clip"):
        mean_of("x", "", "lower", [])
    with pytest.raises(ClipRejected, match="clip 1"):
        mean_of("x", "", "lower", [0.0, math.nan])


# Baselines


def test_mean_pose_is_the_mean_over_frames_and_is_held() -> None:
    motions = (np.full((n, 50, 3), value) for n, value in ((1, 4.0), (3, 0.0)))
    pose = mean_pose(motions)
    assert pose.shape == (50, 3) and pose.dtype == np.float32 and (pose == 1).all()
    assert held_still(pose, 7).shape == (7, 50, 3)
    with pytest.raises(UsageError, match="no training motion"):
        mean_pose([])
    with pytest.raises(UsageError):
        held_still(pose, 0)
    with pytest.raises(ClipRejected):
        mean_pose([np.full((2, 50, 3), np.nan)])


def test_the_nearest_text_is_found() -> None:
    training = ["am samstag regnet es", "im norden scheint die sonne", "guten abend", "guten abend"]
    found = nearest_neighbours(training, ["Guten  Abend", "sonnenschein im norden", "am Sonntag regnet es", "xyz", ""])
    assert found.positions.tolist() == [2, 1, 0, 0, 0]
    assert found.likeness[0] == 1
    assert found.likeness[3:].tolist() == [0, 0]
    assert nearest_neighbours(training, []).positions.shape == (0,)
    assert nearest_neighbours(["걱정", "안녕하세요"], ["안녕"]).positions.tolist() == [1]
    with pytest.raises(UsageError):
        nearest_neighbours([], ["a"])


def test_likeness_is_the_cosine_of_tf_idf_by_hand() -> None:
    # n-grams of "ab": " a", "ab", "b ", " ab", "ab "; of "b": " b", "b ", " b "
    found = nearest_neighbours(["ab", "b"], ["b"])
    assert found.positions.tolist() == [1] and found.likeness[0] == pytest.approx(1)
    rare, common = math.log(3 / 2) + 1, 1.0
    length = {"ab": math.sqrt(4 * rare**2 + common**2), "b": math.sqrt(2 * rare**2 + common**2)}
    likeness = nearest_neighbours(["ab", "b"], ["b ab"]).likeness
    # asked, all known: " b", "b " twice, " b ", " a", "ab", " ab", "ab "
    asked = math.sqrt(6 * rare**2 + (math.log(3) / math.log(2) * common) ** 2)
    wanted = (4 * rare**2 + math.log(3) / math.log(2)) / (length["ab"] * asked)
    assert likeness[0] == pytest.approx(wanted)


def test_a_neighbour_that_is_barred_is_not_found() -> None:
    texts = ["rain", "rainy", "sun"]
    assert nearest_neighbours(texts, texts).positions.tolist() == [0, 1, 2]
    found = nearest_neighbours(texts, texts, [0, None, 2])
    assert found.positions.tolist()[:2] == [1, 1] and found.positions[2] != 2
    many = [f"word {n}" for n in range(150)]
    assert (nearest_neighbours(many, many, range(150)).positions != np.arange(150)).all()
    with pytest.raises(UsageError, match="only the text itself"):
        nearest_neighbours(["rain"], ["rain"], [0])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=12), st.integers(0, 11))
def test_any_training_text_is_its_own_neighbour(texts: list[str], which: int) -> None:
    text = texts[which % len(texts)]
    found = nearest_neighbours(texts, [text])
    assert 0 <= found.positions[0] < len(texts)
    if "".join(text.split()):
        assert found.likeness[0] == pytest.approx(1)
        assert found.positions[0] <= texts.index(text)


# Tables


def row(dtw: float, bleu: float, distance: float) -> list[Score]:
    return [
        Score("DTW", dtw, dtw - 1, dtw + 1, "", "lower"),
        Score("BLEU-4", bleu, math.nan, math.nan, "%", "higher"),
        Score("total distance", distance, distance, distance, "× truth", "one"),
    ]


def table(dtw: float, bleu: float, distance: float) -> Table:
    return Table(
        "demo, 5 clips",
        {
            "model": row(dtw, bleu, distance),
            MEAN_POSE: row(12.0, 1.0, 0.0),
            NEAREST_NEIGHBOUR: row(16.0, 5.0, 1.0)[:2],
            GROUND_TRUTH: row(0.0, 12.0, 1.0),
        },
        ["a smoke test"],
    )


def test_nothing_is_said_of_a_model_that_beats_the_baselines() -> None:
    assert warnings(table(9.0, 6.0, 1.1), "model") == []


def test_warnings_say_in_words_what_is_not_beaten_a_line_a_baseline() -> None:
    found = warnings(table(16.0, 0.5, 0.25), "model")
    assert found == [
        'model does not beat "mean pose held still" in DTW, BLEU-4',
        'model does not beat "nearest neighbour in text" in DTW, BLEU-4',
        "model is off in total distance 0.250 (times the truth's; right is 0.8 to 1.2)",
    ]
    assert warnings(table(16.0, 0.5, 1.0), "model", leave_out=["BLEU-4"]) == [
        'model does not beat "mean pose held still" in DTW',
        'model does not beat "nearest neighbour in text" in DTW',
    ]
    assert warnings(table(9.0, math.nan, 1.0), "model")[0].endswith("in BLEU-4")
    assert warnings(table(9.0, 9.0, math.nan), "model") == [
        "model is off in total distance – (times the truth's; right is 0.8 to 1.2)"
    ]
    with pytest.raises(UsageError, match="its rows are"):
        warnings(table(9.0, 6.0, 1.0), "other")


def test_one_thing_is_counted_as_one() -> None:
    assert [counted(n, "clip") for n in (0, 1, 1200)] == ["0 clips", "1 clip", "1,200 clips"]


def test_a_score_is_a_measure_with_its_interval() -> None:
    measure = mean_of("DTW", "widths", "lower", np.arange(20.0))
    found = score(measure)
    assert (found.name, found.unit, found.better, found.value) == ("DTW", "widths", "lower", 9.5)
    assert (found.low, found.high) == interval(measure)
    assert found.low < 9.5 < found.high


def test_tables_as_markdown_and_for_a_program() -> None:
    made = replace(table(9.0, math.nan, 1.1), signatures={"BLEU-4": "tok:13a"})
    lines = made.to_markdown().splitlines()
    assert lines[2] == "| system | DTW ↓ | BLEU-4 (%) ↑ | total distance (× truth) →1 |"
    assert lines[4] == "| model | 9.000 (8.000 to 10.00) | – | 1.100 (1.100 to 1.100) |"
    assert lines[6] == "| nearest neighbour in text | 16.00 (15.00 to 17.00) | 5.000 | – |"
    assert lines[-3::2] == ["a smoke test", "BLEU-4: `tok:13a`"]
    document = json.loads(json.dumps(made.document(), allow_nan=False))
    assert document["rows"]["model"][1] == {
        "name": "BLEU-4", "value": None, "low": None, "high": None, "unit": "%", "better": "higher",
    }  # fmt: skip
    assert document["notes"] == ["a smoke test"] and document["signatures"] == {"BLEU-4": "tok:13a"}


def test_a_terminal_of_80_columns_holds_the_key_measures_in_one_table() -> None:
    units = dict.fromkeys(KEY_MEASURES, "%")
    scores = [Score(name, 123.4, 1.0, 200.0, unit, "lower") for name, unit in units.items()]
    names = ("model, oracle timing (leaky)", *BASELINES, GROUND_TRUTH)
    made = Table("demo", {name: [*scores, Score("DTW", 77.0, 1.0, 2.0, "", "lower")] for name in names})
    console = Console(width=80, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(made.to_rich())
    lines = capture.get().splitlines()
    assert max(map(len, lines)) <= 80
    for name in names:  # a system a line, with all its numbers
        assert sum(line.startswith(name) and line.split()[-6:] == ["123.4"] * 6 for line in lines) == 1
    assert "77.0" not in capture.get() and "200.0" not in capture.get()
    assert f"{', '.join(KEY_MEASURES[:3])}" in " ".join(lines)
