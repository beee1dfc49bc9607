"""Language-marked gloss: written, read in both published forms, and the language told by majority."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt2sign.errors import UsageError
from prompt2sign.languages import LANGUAGES
from prompt2sign.signllm.langgloss import gloss_words, language_of, mark, read

CODES = st.sampled_from([language.code for language in LANGUAGES])
TEXTS = st.text(max_size=40).filter(lambda text: bool(text.split()))


@settings(deadline=None, max_examples=60)
@given(TEXTS, CODES)
def test_what_is_marked_is_read_back_word_for_word(text: str, code: str) -> None:
    gloss = read(mark(text, code))

    assert list(gloss.words) == gloss_words(text)
    assert gloss.language == code
    assert gloss.counts == ((code, len(gloss.words)),)
    assert not gloss.tied


@settings(deadline=None, max_examples=60)
@given(TEXTS, CODES)
def test_marking_what_was_read_changes_nothing(text: str, code: str) -> None:
    once = mark(text, code)

    assert mark(read(once).text, code) == once
    assert all(token.startswith(f"<{code}_") and token.endswith(">") for token in once.split(" "))
    assert language_of(once.split(" ")) == code


@settings(deadline=None, max_examples=60)
@given(TEXTS, CODES)
def test_the_form_with_the_code_before_each_word_says_the_same(text: str, code: str) -> None:
    fused = mark(text, code)
    apart = " ".join(f"{code} {token[len(code) + 2 : -1]}" for token in fused.split(" "))

    assert read(apart) == read(fused)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert read(text).language


@pytest.mark.parametrize(
    ("text", "code", "marked"),
    [
        ("When does this take place?", "ASL", "<ASL_when> <ASL_does> <ASL_this> <ASL_take> <ASL_place>"),
        ("« Bonjour, ça va ? »", "lsf-ch", "<LSF-CH_bonjour> <LSF-CH_ça> <LSF-CH_va>"),
        ("MORGEN __ON__ IX-1p A+B", "GSL", "<GSL_morgen> <GSL___on__> <GSL_ix-1p> <GSL_a+b>"),
        ("İSTANBUL IRAK ılık", "TSL", "<TSL_istanbul> <TSL_irak> <TSL_ılık>"),
        ("über u\u0308ber", "DSGS", "<DSGS_über> <DSGS_über>"),
        ("a<b> R&D", "ASL", "<ASL_a&lt;b&gt;> <ASL_r&amp;d>"),
        ("?!", "KSL", "<KSL_?!>"),
    ],
)
def test_marks_by_hand(text: str, code: str, marked: str) -> None:
    assert mark(text, code) == marked


def test_the_published_example_is_read() -> None:
    gloss = read("ASL When ASL does ASL this ASL take ASL place?")

    assert (gloss.language, gloss.text) == ("ASL", "When does this take place?")


def test_a_word_that_is_itself_a_code_stays_a_word() -> None:
    assert read("ASL ASL ASL is ASL fun").words == ("ASL", "is", "fun")


def test_marks_need_no_space_between_and_may_be_in_lower_case() -> None:
    assert read("<lis-ch_ciao><LIS-CH_mondo>").words == ("ciao", "mondo")


def test_the_majority_tells_the_language_and_a_tie_is_told() -> None:
    mostly, even = read("<ASL_a> <GSL_b> <GSL_c>"), read("<ASL_a> <GSL_b>")

    assert (mostly.language, mostly.tied) == ("GSL", False)
    assert (even.language, even.tied) == ("ASL", True)
    assert language_of(["<GSL_a>", "<ASL_b>"]) == "GSL"
    assert language_of(["hello", "<XYZ_b>", ""]) is None


def test_words_without_a_mark_are_kept() -> None:
    assert read("<ASL_a> loose").words == ("a", "loose")


@pytest.mark.parametrize("text", ["", "hello there", "ASL", "<ASL_a> b>", "<ASL_>", "<ASL_a", "<XYZ_a>", "asl a"])
def test_what_is_no_marked_gloss_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read(text)


@pytest.mark.parametrize(("text", "code"), [("  \n", "ASL"), ("", "GSL"), ("word", "XYZ")])
def test_nothing_to_mark_and_no_such_language_are_refused(text: str, code: str) -> None:
    with pytest.raises(UsageError):
        mark(text, code)
