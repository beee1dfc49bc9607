"""How hard a corpus is: what of its test sentences was never seen in training, and how near the nearest one is.

A model that only remembers must fail on it: most useful are test sentences made of known words in unknown pairs, and
a nearest neighbour whose text is not much like theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import exp, log
from pathlib import Path

from ..errors import UsageError
from ..loaders import ReleaseClip, open_release

Grams = Counter[tuple[str, ...]]
_ORDERS = range(1, 5)


def difficulty(*releases: Path) -> dict[str, dict[str, float]]:
    """Measure releases by language.

    Args:
        releases: Folders with the splits `train` and `test`.

    Returns:
        For each Prompt2Sign code:
        `train_sentences`, `test_sentences`: how many.
        `rarest_word`, `rarest_gloss`: how often the rarest one occurs in training.
        `unseen_words`: share of the words of test texts that training lacks.
        `unseen_text_pairs`, `unseen_gloss_pairs`: share of the adjacent words, or glosses, of test sentences that are
            never adjacent in this order in training.
        `repeated_sentences`: share of the test texts that training holds.
        `neighbour_bleu4`: BLEU-4 (0 to 100) of each test text's nearest training text against it. Nearest is the one
            that shares most runs of one to four words, a choice that favours the neighbour.

    Raises:
        UsageError: A language lacks one of the splits.
    """
    clips: dict[str, dict[str, list[ReleaseClip]]] = {}
    for path in releases:
        for clip in open_release(path):
            clips.setdefault(clip.lang, {"train": [], "dev": [], "test": []})[clip.split].append(clip)
    for language, splits in clips.items():
        if not splits["train"] or not splits["test"]:
            raise UsageError(f"{language}: needs sentences in train and in test to tell how hard it is")
    return {language: _measure(splits["train"], splits["test"]) for language, splits in clips.items()}


def _measure(train: Sequence[ReleaseClip], test: Sequence[ReleaseClip]) -> dict[str, float]:
    texts, held_out = ([clip.text.split() for clip in clips] for clips in (train, test))
    glosses, held_out_glosses = ([clip.gloss.split() for clip in clips] for clips in (train, test))
    known = {tuple(text) for text in texts}
    return {
        "train_sentences": len(train),
        "test_sentences": len(test),
        "rarest_word": _rarest(texts),
        "rarest_gloss": _rarest(glosses),
        "unseen_words": _unseen(((word,) for word in _all(texts)), ((word,) for word in _all(held_out))),
        "unseen_text_pairs": _unseen(_pairs(texts), _pairs(held_out)),
        "unseen_gloss_pairs": _unseen(_pairs(glosses), _pairs(held_out_glosses)),
        "repeated_sentences": sum(tuple(text) in known for text in held_out) / len(held_out),
        "neighbour_bleu4": bleu4(nearest(texts, held_out), held_out),
    }


def nearest(texts: Sequence[Sequence[str]], wanted: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """The one of `texts` that shares most runs of one to four words with each that is wanted (Dice)."""
    grams = [_grams(text) for text in texts]
    return [texts[max(range(len(texts)), key=lambda i: _likeness(grams[i], own))] for own in map(_grams, wanted)]


def bleu4(texts: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> float:
    """BLEU-4 of a corpus, 0 to 100 (Papineni et al. 2002), one reference a text, no smoothing."""
    found, total = dict.fromkeys(_ORDERS, 0), dict.fromkeys(_ORDERS, 0)
    for text, reference in zip(texts, references, strict=True):
        own = _grams(text)
        for run, number in (own & _grams(reference)).items():
            found[len(run)] += number
        for run, number in own.items():
            total[len(run)] += number
    if not all(found.values()):
        return 0.0
    precision = sum(log(found[order] / total[order]) for order in _ORDERS) / len(_ORDERS)
    n_words, n_wanted = (sum(map(len, corpus)) for corpus in (texts, references))
    return 100 * exp(precision + min(0.0, 1 - n_wanted / n_words))


def _grams(text: Sequence[str]) -> Grams:
    return Counter(tuple(text[i : i + order]) for order in _ORDERS for i in range(len(text) - order + 1))


def _likeness(first: Grams, second: Grams) -> float:
    return 2 * (first & second).total() / (first.total() + second.total())


def _all(texts: Iterable[Sequence[str]]) -> Iterable[str]:
    return (word for text in texts for word in text)


def _pairs(texts: Iterable[Sequence[str]]) -> list[tuple[str, ...]]:
    return [pair for text in texts for pair in pairwise(text)]


def _rarest(texts: Iterable[Sequence[str]]) -> int:
    return min(Counter(_all(texts)).values())


def _unseen(train: Iterable[tuple[str, ...]], test: Iterable[tuple[str, ...]]) -> float:
    known, wanted = set(train), list(test)
    return sum(item not in known for item in wanted) / len(wanted) if wanted else 0.0
