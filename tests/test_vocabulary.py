"""Vocabularies: the same numbers every time, nothing written by anybody turns into a special one, bad files refused."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt2sign.errors import FormatError, UsageError
from prompt2sign.signllm.vocabulary import BOS, EOS, PAD, UNK, Kind, Vocabulary

pytest.importorskip("tokenizers")
KINDS: tuple[Kind, ...] = ("words", "subwords", "marks")
TEXTS = [
    "Hello, don't worry: it's 3,5 degrees at 18:30...",
    "Am freundlichsten wird es morgen an der See, freundlich auch in Köln.",
    "안녕하세요 세계 <s> <pad> hello",
    "İSTANBUL IRAK ılık İzmir",
    "<GSL_morgen> <GSL_regen> <LSF-CH_ça>",
]


@pytest.fixture(scope="module", params=KINDS)
def vocabulary(request: pytest.FixtureRequest) -> Vocabulary:
    return Vocabulary.train(TEXTS, request.param)


def test_known_text_comes_back(vocabulary: Vocabulary) -> None:
    for text in TEXTS:
        numbers = vocabulary.encode(text)

        assert numbers[-1] == EOS
        assert all(4 <= number < len(vocabulary) for number in numbers[:-1])
        assert vocabulary.decode(numbers) == vocabulary.normalise(text)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=60))
def test_any_text_is_numbers_without_padding_or_begin(text: str) -> None:
    for kind in KINDS:
        vocabulary = _TRAINED[kind]
        if not vocabulary.normalise(text):
            with pytest.raises(UsageError):
                vocabulary.encode(text)
            continue
        numbers = vocabulary.encode(text)

        assert numbers.index(EOS) == len(numbers) - 1
        assert PAD not in numbers and BOS not in numbers
        if kind == "subwords":
            assert UNK not in numbers
            assert vocabulary.decode(numbers) == vocabulary.normalise(text)
        assert vocabulary.normalise(vocabulary.normalise(text)) == vocabulary.normalise(text)


def test_special_names_in_a_text_are_just_text() -> None:
    for vocabulary in _TRAINED.values():
        numbers = vocabulary.encode("<s> </s> <pad> <unk>")
        assert PAD not in numbers and BOS not in numbers and numbers.count(EOS) == 1


def test_long_text_is_cut_and_keeps_its_end(vocabulary: Vocabulary) -> None:
    whole = vocabulary.encode(TEXTS[0])
    short = vocabulary.encode(TEXTS[0], 4)

    assert short == [*whole[:3], EOS]
    assert vocabulary.too_long(TEXTS[0], 4)
    assert vocabulary.encode(TEXTS[0], len(whole)) == whole
    assert not vocabulary.too_long(TEXTS[0], len(whole))
    assert vocabulary.encode(TEXTS[0], 1) == [EOS]


def test_two_thousand_tokens_are_cut() -> None:
    assert len(_TRAINED["words"].encode("hello " * 2000, 300)) == 300


def test_decoding_stops_at_the_end_and_leaves_special_numbers_out() -> None:
    vocabulary = Vocabulary.train(["a b c"], "words")
    a, b = vocabulary.encode("a b")[:2]

    assert vocabulary.decode([BOS, a, PAD, UNK, b, EOS, a, a]) == "a b"
    with pytest.raises(UsageError, match="99"):
        vocabulary.decode([99])


def test_words_are_counted_then_sorted() -> None:
    vocabulary = Vocabulary.train(["b a c c", "d d d Z"], "words", size=7)

    assert vocabulary.tokens == ("d", "c", "a")
    assert vocabulary.encode("D z a")[:3] == [4, UNK, 6]
    assert Vocabulary.train(["b a c c", "d d d Z"], "words", min_count=2).tokens == ("d", "c")
    assert ("d" in vocabulary, "b" in vocabulary, len(vocabulary)) == (True, False, 7)


def test_case_and_composition() -> None:
    words = Vocabulary.train(["İSTANBUL IRAK über"], "words")

    assert words.tokens == ("irak", "istanbul", "über")
    assert UNK not in words.encode("istanbul I\u0307stanbul ırak".replace("ı", "I") + " u\u0308BER")
    assert words.encode("ırak")[0] == UNK  # the dotless i is another letter
    assert "Regen" in Vocabulary.train(["Regen"], "marks")
    assert "regen" not in Vocabulary.train(["Regen"], "marks")


def test_words_are_cut_where_sacrebleu_cuts() -> None:
    tokenize = pytest.importorskip("sacrebleu.tokenizers.tokenizer_13a").Tokenizer13a()
    for text in [
        "it's 3,5 degrees, don't worry...",
        'the "north-west" (today): 18:30, or 7.5%!',
        "am montag 1.000 m; am dienstag ?",
    ]:
        words = Vocabulary.train([text], "words")
        assert tokenize(words.decode(words.encode(text))) == tokenize(text)


def test_unknown_rate() -> None:
    vocabulary = Vocabulary.train(["a b"], "words")

    assert vocabulary.unknown_rate(["a b", "a z"]) == 0.25
    assert vocabulary.unknown_rate(["", " "]) == 0.0


def test_json_round_trip_and_fingerprint(vocabulary: Vocabulary) -> None:
    again = Vocabulary.from_json(vocabulary.to_json())

    assert again == vocabulary and again.fingerprint == vocabulary.fingerprint
    assert [again.encode(text) for text in TEXTS] == [vocabulary.encode(text) for text in TEXTS]
    assert Vocabulary.train(TEXTS[1:], vocabulary.kind).fingerprint != vocabulary.fingerprint


def test_another_process_learns_the_same_and_warns_of_nothing() -> None:
    program = (
        "import sys, json; from prompt2sign.signllm.vocabulary import Vocabulary\n"
        "print(*(Vocabulary.train(json.loads(sys.argv[1]), k).fingerprint for k in ('words', 'subwords', 'marks')))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, json.dumps(TEXTS)],
        capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "7"},
    )  # fmt: skip

    assert ran.stdout.split() == [_TRAINED[kind].fingerprint for kind in KINDS]
    assert ran.stderr == ""


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_to_learn_from_is_refused(kind: Kind) -> None:
    with pytest.raises(UsageError, match="every text is empty"):
        Vocabulary.train(["", " \n"], kind)


def test_too_small_a_vocabulary_is_refused() -> None:
    with pytest.raises(UsageError, match="at least 260"):
        Vocabulary.train(TEXTS, "subwords", size=100)
    with pytest.raises(UsageError, match="at least 5"):
        Vocabulary.train(TEXTS, "words", size=4)


_GOOD = {"format": "prompt2sign-vocabulary", "version": 1, "kind": "words", "tokens": ["a", "b"]}


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"version": 2},
        {"kind": "letters"},
        {"tokens": "ab"},
        {"tokens": ["a", "a"]},
        {"tokens": ["a", "b c"]},
        {"tokens": ["a", ""]},
        {"tokens": ["a", 7]},
        {"tokens": ["\ud800"]},
        {"kind": "subwords"},
        {"kind": "subwords", "merges": []},
        {"kind": "subwords", "merges": [["a", "b"]]},
    ],
)
def test_what_is_no_vocabulary_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(FormatError):
        Vocabulary.from_json(json.dumps(_GOOD | change))


def test_a_newer_version_says_how_to_update() -> None:
    with pytest.raises(FormatError, match="pip install -U prompt2sign"):
        Vocabulary.from_json(json.dumps(_GOOD | {"version": 2}))


@settings(deadline=None, max_examples=150)
@given(st.integers(0), st.integers(0), st.sampled_from(KINDS))
def test_a_damaged_vocabulary_is_read_or_refused(start: int, length: int, kind: Kind) -> None:
    text = _TRAINED[kind].to_json()
    start %= len(text)
    damaged = text[:start] + text[start + 1 + length % 40 :]
    with contextlib.suppress(FormatError):
        Vocabulary.from_json(damaged).encode("hello")


@settings(deadline=None, max_examples=60)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5), lambda x: st.lists(x) | st.dictionaries(st.text(max_size=8), x)
    )
)
def test_any_json_is_refused(content: object) -> None:
    with pytest.raises(FormatError):
        Vocabulary.from_json(json.dumps(content))


_TRAINED = {kind: Vocabulary.train(TEXTS, kind) for kind in KINDS}
