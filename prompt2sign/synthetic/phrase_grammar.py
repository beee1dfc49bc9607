"""Small invented grammars: sentences of a spoken language, and the order in which a sign language says the same.

A sentence is a handful of words in named slots. The spoken language puts them in its own order and adds words of
function (`im`, `with`, `ile`); the sign language has an order of its own and no sign for those. Either order can be
told from the other, so that text determines signing and signing text. The orders are loosely those of the languages;
nothing here teaches any of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..errors import UsageError
from ..languages import Language

#: How often a slot is filled; who does what is always said.
CHANCES = {
    "time": 0.55, "subject_adjective": 0.4, "subject": 1.0, "verb": 1.0, "object_adjective": 0.4, "object": 1.0,
    "place": 0.5, "companion": 0.25,
}  # fmt: skip
#: Signs of a sentence, at least and at most.
SHORTEST, LONGEST = 3, 8
#: Each word is kept from twice so many others in training, and a held-out sentence is made of such pairs by this share.
HELD_OUT, UNSEEN = 2, 0.28
_ROLES = {"subject": "person", "companion": "person", "subject_adjective": "adjective", "object_adjective": "adjective"}
#: Candidates tried for each sentence wanted, before the wish is called impossible.
_PATIENCE = 2_000


class Word(NamedTuple):
    """One word: as the text writes it, with its words of function, and the name of its sign."""

    text: str
    gloss: str


Slots = Mapping[str, Word]
Lexicon = Mapping[str, tuple[Word, ...]]
Pair = frozenset[str]


class Grammar(NamedTuple):
    """Orders of slots.

    Attributes:
        text: The spoken language's.
        text_with_time: The same where a sentence says when: German has its verb second.
        gloss: The sign language's.
        companion: How the text says "with" somebody.
    """

    text: tuple[str, ...]
    text_with_time: tuple[str, ...]
    gloss: tuple[str, ...]
    companion: str


def _grammar(text: str, gloss: str, companion: str, text_with_time: str = "") -> Grammar:
    """Orders as words; a noun with `+` takes its adjective before it in text, and in gloss on the side of the `+`."""
    with_time = text_with_time or f"time {text}"
    return Grammar(_slots(text), _slots(with_time), _slots(gloss), companion)


def _slots(order: str) -> tuple[str, ...]:
    return tuple(slot for part in order.split() for slot in _noun(part))


def _noun(part: str) -> tuple[str, ...]:
    name = part.strip("+")
    if part == name:
        return (name,)
    return (f"{name}_adjective", name) if part.startswith("+") else (name, f"{name}_adjective")


GRAMMARS = {
    "GSL": _grammar(
        text="+subject verb +object place companion",
        text_with_time="time verb +subject +object place companion",
        gloss="time place subject+ companion object+ verb",
        companion="mit {}",
    ),
    "ASL": _grammar(
        text="+subject verb +object place companion",
        gloss="time +object +subject verb companion place",
        companion="with {}",
    ),
    "TSL": _grammar(
        text="+subject companion place +object verb",
        gloss="subject+ time companion object+ place verb",
        companion="{} ile",
    ),
}


class Sentence(NamedTuple):
    """A sentence.

    Attributes:
        text: In the spoken language.
        glosses: Its signs, in the order of the sign language.
        text_pairs: Words that stand side by side in the text, by their glosses; words of function are in none.
        gloss_pairs: Signs that stand side by side.
    """

    text: str
    glosses: tuple[str, ...]
    text_pairs: frozenset[Pair]
    gloss_pairs: frozenset[Pair]

    def share_of(self, pairs: frozenset[Pair]) -> float:
        """How much of the text and of the signing is made of these pairs: the smaller share."""
        in_text = len(pairs & self.text_pairs) / (len(self.text.split()) - 1)
        return min(in_text, len(pairs & self.gloss_pairs) / (len(self.glosses) - 1))


def grammar_of(language: Language) -> Grammar:
    """The grammar of a language.

    Raises:
        UsageError: There is none.
    """
    if language.code not in GRAMMARS:
        raise UsageError(f"no invented phrases in {language.code}; there are some in {', '.join(GRAMMARS)}")
    return GRAMMARS[language.code]


def read_lexicon(language: Language) -> Lexicon:
    """The words of a language by their role, from its table."""
    table = resources.files(__package__) / "phrase_words" / f"{language.slug}.tsv"
    lexicon: dict[str, tuple[Word, ...]] = {}
    for line in table.read_text("utf-8").splitlines()[1:]:
        role, text, gloss = line.split("\t")
        lexicon[role] = (*lexicon.get(role, ()), Word(text, gloss))
    return lexicon


def draw_corpus(
    language: Language, n_sentences: Mapping[str, int], rng: np.random.Generator
) -> Iterator[tuple[str, Sentence]]:
    """Sentences, no two alike, and their splits.

    Some pairs of words are drawn first that never stand side by side in training; they make up at least `UNSEEN` of
    the adjacent words of every other sentence, in its text as in its signing.

    Args:
        language: One that has a grammar.
        n_sentences: How many of each split.
        rng: Decides.

    Raises:
        UsageError: There are not so many sentences, or no grammar.
    """
    grammar, lexicon = grammar_of(language), read_lexicon(language)
    held_out = _draw_pairs([word.gloss for words in lexicon.values() for word in words], rng)
    known: set[str] = set()
    for split, number in n_sentences.items():
        for _ in range(number):
            sentence = _draw_new(grammar, lexicon, held_out, known, rng, training=split == "train")
            known.add(sentence.text)
            yield split, sentence


def _draw_pairs(glosses: list[str], rng: np.random.Generator) -> frozenset[Pair]:
    """Neighbours in a ring of all glosses: each is in equally many pairs, so that none becomes rare in training."""
    ring = rng.permutation(glosses).tolist()
    return frozenset(
        frozenset(pair) for step in range(1, HELD_OUT + 1) for pair in zip(ring, ring[step:] + ring[:step], strict=True)
    )


def _draw_new(
    grammar: Grammar,
    lexicon: Lexicon,
    held_out: frozenset[Pair],
    known: set[str],
    rng: np.random.Generator,
    *,
    training: bool,
) -> Sentence:
    for _ in range(_PATIENCE):
        sentence = _compose(grammar, _fill(lexicon, rng))
        if not SHORTEST <= len(sentence.glosses) <= LONGEST or sentence.text in known:
            continue
        unseen = held_out & (sentence.text_pairs | sentence.gloss_pairs)
        if not unseen if training else sentence.share_of(held_out) >= UNSEEN:
            return sentence
    raise UsageError(f"{len(known):,} sentences are about all this small grammar has: ask for fewer (--sentences)")


def _fill(lexicon: Lexicon, rng: np.random.Generator) -> Slots:
    """Words for some slots; no word twice."""
    filled: dict[str, Word] = {}
    for slot, chance in CHANCES.items():
        words = [word for word in lexicon[_ROLES.get(slot, slot)] if word not in filled.values()]
        word = words[int(rng.integers(len(words)))]
        if rng.random() < chance:
            filled[slot] = word
    return filled


def _compose(grammar: Grammar, slots: Slots) -> Sentence:
    order = grammar.text_with_time if "time" in slots else grammar.text
    spoken = [_said(slots[slot], slot, grammar) for slot in order if slot in slots]
    signed = tuple(slots[slot].gloss for slot in grammar.gloss if slot in slots)
    # A word of function before or after keeps two words apart.
    text_pairs = (
        frozenset((first.gloss, second.gloss))
        for first, second in pairwise(spoken)
        if " " not in second.text and " " not in first.text
    )
    gloss_pairs = frozenset(frozenset(pair) for pair in pairwise(signed))
    return Sentence(" ".join(word.text for word in spoken), signed, frozenset(text_pairs), gloss_pairs)


def _said(word: Word, slot: str, grammar: Grammar) -> Word:
    return word._replace(text=grammar.companion.format(word.text)) if slot == "companion" else word
