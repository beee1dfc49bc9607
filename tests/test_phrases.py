"""The corpus of invented phrases: whole releases, the same bytes, as hard as it says, signs that can be told apart."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

from prompt2sign.errors import UsageError
from prompt2sign.languages import get_language
from prompt2sign.loaders import open_release
from prompt2sign.prompts.fill import load_templates
from prompt2sign.release.validate import validate_release
from prompt2sign.skeleton import NECK, RIGHT_HAND, SKELETON
from prompt2sign.synthetic import __main__ as command
from prompt2sign.synthetic import phrase_grammar
from prompt2sign.synthetic.phrase_difficulty import bleu4, difficulty, nearest
from prompt2sign.synthetic.phrase_grammar import GRAMMARS, draw_corpus, read_lexicon
from prompt2sign.synthetic.phrase_signs import (
    NONE,
    REST_S,
    REST_TRANSITION_S,
    USUAL,
    Sign,
    Variation,
    distance,
    draw_rest,
    draw_signers,
    draw_signs,
    joints,
    leading_course,
    perform,
)
from prompt2sign.synthetic.phrases import write_phrases
from prompt2sign.synthetic.rotations import Array

LANGUAGES = tuple(GRAMMARS)


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_phrases(tmp_path_factory.mktemp("phrases"), LANGUAGES, 30, seed=3)


def sentences(code: str, seed: int, n_train: int = 500) -> list[tuple[str, str, tuple[str, ...]]]:
    counts = {"train": n_train, "dev": n_train // 10, "test": n_train // 10}
    drawn = draw_corpus(get_language(code), counts, np.random.default_rng(seed))
    return [(split, sentence.text, sentence.glosses) for split, sentence in drawn]


def texts(corpus: list[tuple[str, str, tuple[str, ...]]], split: str) -> list[list[str]]:
    return [text.split() for own, text, _ in corpus if own == split]


def pairs(sequences: list[list[str]]) -> list[tuple[str, str]]:
    return [pair for sequence in sequences for pair in pairwise(sequence)]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_releases_are_without_fault(releases: list[Path]) -> None:
    assert [path.name for path in releases] == [code.lower() for code in LANGUAGES]
    for path in releases:
        assert validate_release(path) == []


def test_every_clip_says_what_it_is(releases: list[Path]) -> None:
    for path, code in zip(releases, LANGUAGES, strict=True):
        templates = load_templates(get_language(code))
        clips = list(open_release(path))
        assert [sum(clip.split == split for clip in clips) for split in ("train", "dev", "test")] == [30, 3, 3]
        assert len({clip.text for clip in clips}) == len(clips)
        for clip in clips:
            assert (clip.lang, clip.corpus, clip.unit, clip.fps) == (code, "phrases", "sentence", 12.5)
            assert 3 <= len(clip.gloss.split()) <= 8
            assert len(clip.prompts) == 3
            assert {prompt.replace(clip.text, "{text}") for prompt in clip.prompts} <= set(templates)
            assert clip.observed.all()
            assert clip.licence.redistribute_motion and clip.licence.licence == "Apache-2.0"
        lengths = [clip.n_frames for clip in clips]
        assert 40 <= np.median(lengths) <= 75
        assert {clip.signer for clip in clips} == {f"{path.name}-{number}" for number in (1, 2, 3)}


def test_the_card_says_that_the_signs_mean_nothing(releases: list[Path]) -> None:
    card = (releases[0] / "README.md").read_text("utf-8")
    assert "mean nothing" in card
    assert "rejected.parquet" not in card
    assert "Pose estimators" not in card


def test_the_same_seed_gives_the_same_bytes_whatever_else_is_asked_for(tmp_path: Path) -> None:
    (first,) = write_phrases(tmp_path / "a", ["TSL"], 9, seed=1)
    _, second = write_phrases(tmp_path / "b", ["GSL", "tsl"], 9, seed=1)
    (other,) = write_phrases(tmp_path / "c", ["TSL"], 9, seed=2)
    assert files(first) == files(second)
    assert files(first)["data/train-00000.parquet"] != files(other)["data/train-00000.parquet"]


def test_an_earlier_release_is_replaced_and_nothing_else_is(tmp_path: Path) -> None:
    for n_sentences in (3, 4):
        (release,) = write_phrases(tmp_path, ["GSL"], n_sentences)
    assert len(open_release(release)) == 6
    (release / "diary.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"diary\.txt"):
        write_phrases(tmp_path, ["GSL"], 3)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("code", LANGUAGES)
def test_held_out_sentences_are_new_in_their_pairs_but_not_in_their_words(code: str, seed: int) -> None:
    corpus = sentences(code, seed)
    train, test = texts(corpus, "train"), texts(corpus, "test")
    glosses = {split: [list(signed) for own, _, signed in corpus if own == split] for split in ("train", "test")}
    for learned, held_out in ((train, test), (glosses["train"], glosses["test"])):
        known = set(pairs(learned))
        assert np.mean([pair not in known for pair in pairs(held_out)]) >= 0.2
        counts = np.unique([word for sequence in learned for word in sequence], return_counts=True)[1]
        assert counts.min() >= 25
        assert {word for s in held_out for word in s} <= {word for s in learned for word in s}
    assert bleu4(nearest(train, test), test) <= 30


def test_difficulty_measures_a_release(releases: list[Path]) -> None:
    measured = difficulty(*releases)
    assert set(measured) == set(LANGUAGES)
    for numbers in measured.values():
        assert (numbers["train_sentences"], numbers["test_sentences"]) == (30, 3)
        assert numbers["unseen_text_pairs"] >= 0.2 and numbers["unseen_gloss_pairs"] >= 0.2
        assert numbers["repeated_sentences"] == 0


def test_bleu_is_that_of_the_field() -> None:
    sacrebleu = pytest.importorskip("sacrebleu")
    corpus = sentences("ASL", 0, 200)
    train, test = texts(corpus, "train"), texts(corpus, "test")
    found, wanted = ([" ".join(words) for words in group] for group in (nearest(train, test), test))
    expected = sacrebleu.corpus_bleu(found, [wanted], tokenize="none", smooth_method="none").score
    assert bleu4(nearest(train, test), test) == pytest.approx(expected, abs=1e-9)
    assert bleu4(test, test) == pytest.approx(100)
    assert bleu4([["a"]], [["b"]]) == 0


def test_the_nearest_neighbour_shares_most() -> None:
    known = [["a", "b"], ["c", "d", "e"], ["c", "d"]]
    assert nearest(known, [["b"], ["c", "d", "f"]]) == [["a", "b"], ["c", "d"]]


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_two_orders_tell_each_other(code: str) -> None:
    corpus = sentences(code, 0, 1000)
    assert len({text for _, text, _ in corpus}) == len({signed for _, _, signed in corpus}) == len(corpus)


def test_words_have_one_sign_each_and_signs_one_word() -> None:
    for code in LANGUAGES:
        words = [word for own in read_lexicon(get_language(code)).values() for word in own]
        assert len(words) == len({word.gloss for word in words}) == len({word.text for word in words}) == 40


class Cast:
    """A signer, and 40 signs of each of two languages."""

    def __init__(self) -> None:
        self.build = draw_signers(1, np.random.default_rng(0))[0]
        self.rest = draw_rest(np.random.default_rng(1), self.build)
        self.signs = [draw_signs(40, np.random.default_rng(2 + number), self.build) for number in range(2)]


@pytest.fixture(scope="module")
def cast() -> Cast:
    return Cast()


def performed(cast: Cast, sign: Sign, variation: Variation, seed: int) -> Array:
    """(9, 21, 3) the leading hand, evenly over a sign that somebody performs."""
    performance = perform([sign], cast.rest, np.random.default_rng(seed), fps=50.0, variation=variation)
    (xyz,) = joints([performance], cast.build, 50.0)
    before = round(50 * (REST_S + REST_TRANSITION_S))
    return xyz[np.linspace(before, len(xyz) - 1 - before, 9).round().astype(int), RIGHT_HAND]


def test_bones_are_rigid_and_the_neck_is_at_the_origin(cast: Cast) -> None:
    rng = np.random.default_rng(5)
    performances = [perform([cast.signs[0][k] for k in rng.integers(0, 40, 5)], cast.rest, rng) for _ in range(6)]
    start, end = SKELETON.bones.T
    for xyz in joints(performances, cast.build):
        assert np.ptp(np.linalg.norm(xyz[:, end] - xyz[:, start], axis=-1), axis=0).max() < 1e-5
        assert not xyz[:, NECK].any()
        assert np.abs(xyz).max() < 3


def test_signs_differ_far_more_than_performances_of_one(cast: Cast) -> None:
    plain = [[performed(cast, sign, NONE, 0) for sign in signs] for signs in cast.signs]
    within = [
        distance(performed(cast, sign, USUAL, number), own)
        for signs, courses in zip(cast.signs, plain, strict=True)
        for number, (sign, own) in enumerate(zip(signs, courses, strict=True))
    ]
    for courses in plain:
        between = [distance(first, second) for first, second in combinations(courses, 2)]
        assert min(between) > 1.5 * max(within)
        assert min(between) > 3 * np.mean(within)
    across = [distance(first, second) for first in plain[0] for second in plain[1]]
    assert np.percentile(across, 1) > 3 * np.mean(within)


def test_no_two_signs_of_a_language_are_near_each_other(cast: Cast) -> None:
    signs = draw_signs(90, np.random.default_rng(9), cast.build)
    courses = [leading_course(sign, cast.build) for sign in signs]
    assert min(distance(first, second) for first, second in combinations(courses, 2)) >= 0.35


def test_variation_can_be_turned_off(cast: Cast) -> None:
    sign = cast.signs[0][0]
    assert np.array_equal(performed(cast, sign, NONE, 1), performed(cast, sign, NONE, 2))
    assert not np.array_equal(performed(cast, sign, USUAL, 1), performed(cast, sign, USUAL, 2))


@pytest.mark.parametrize("fps", [12.5, 25.0])
def test_performances_placed_together_do_not_touch_each_other(cast: Cast, fps: float) -> None:
    rng = np.random.default_rng(6)
    performances = [perform(cast.signs[1][k : k + 3], cast.rest, rng, fps=fps) for k in (0, 10, 20)]
    performances[1].states[:, :, 2] -= 1.0  # hands that must be kept out of the body, also while they rest
    together = joints(performances, cast.build, fps)
    for performance, xyz in zip(performances, together, strict=True):
        (alone,) = joints([performance], cast.build, fps)
        assert len(alone) == len(performance.states)
        np.testing.assert_allclose(xyz, alone, atol=1e-12)


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"languages": ["KSL"]}, "GSL, ASL, TSL"),
        ({"languages": ["XYZ"]}, "no language"),
        ({"n_sentences": 0}, "at least one sentence"),
        ({"n_signers": 0}, "one signer"),
        ({"seed": -1}, "not negative"),
        ({"fps": float("nan")}, "no rate"),
        ({"prompts_per_clip": 1000}, "prompts a clip"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    tmp_path: Path, wish: dict[str, object], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        write_phrases(tmp_path, **({"languages": ["GSL"], "n_sentences": 2} | wish))  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_small_grammar_says_that_it_has_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrase_grammar, "LONGEST", 3)
    monkeypatch.setattr(phrase_grammar, "_PATIENCE", 100)
    with pytest.raises(UsageError, match="ask for fewer"):
        list(draw_corpus(get_language("GSL"), {"train": 5000}, np.random.default_rng(0)))


def test_the_command_writes_and_says_how_hard_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out")
    assert command.main(["phrases", out, "--languages", "gsl,tsl", "--sentences", "6", "--seed", "4"]) == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"gsl", "tsl"}
    printed = capsys.readouterr().out
    assert "unseen_text_pairs" in printed and "(TSL)" in printed
    assert command.main(["phrases", out, "--languages", "ksl"]) == 2
    assert capsys.readouterr().err.startswith("error: no invented phrases in KSL")
