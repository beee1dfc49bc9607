"""Text against text: BLEU-1..4, chrF, ROUGE-L and WER, each by the library the field cites, with its signature.

BLEU and chrF see text as it is; sacrebleu tokenizes. ROUGE-L and WER count words in lower case without punctuation, as
rouge-score and the SLRTP 2025 challenge do by default; but rouge-score's own tokenizer drops whatever is not ASCII
("Straße" becomes "stra", "e", and Korean nothing at all), so it is given one that takes letters and digits of any
script. ROUGE-L is the F1 of rouge-score; papers on sign language often give the F of beta 1.2 instead.

Words of Korean carry their particles, and mecab, which would part them, is no dependency here: Korean BLEU is of
characters (`char`). The signature says so; do not compare it to BLEU of words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingError, UsageError
from ..languages import get_language, lower
from .measure import Measure, mean_of, ratio

if TYPE_CHECKING:
    from sacrebleu.metrics.base import Metric

Array = NDArray[np.float64]
Tokenizer = Literal["13a", "char"]

#: The names of `text_measures`.
TEXT_MEASURES = ("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "chrF", "ROUGE-L", "WER")
#: Runs of letters, digits and the marks that combine with them, of any script.
_WORD = re.compile(r"(?:[^\W_][\u0300-\u036f]*)+")


def tokenizer_for(language: str | None) -> Tokenizer:
    """What BLEU tokenizes a language with: `char` for Korean, `13a`, sacrebleu's default, for all others.

    Args:
        language: A Prompt2Sign code; None for a mixture.
    """
    return "char" if language and get_language(language).code == "KSL" else "13a"


def words(text: str, language: str | None = None) -> list[str]:
    """The words that ROUGE-L and WER count: lower case by the rules of the language, no punctuation.

    Args:
        text: A sentence.
        language: A Prompt2Sign code; Turkish lowers its I in its own way.
    """
    lowered = lower(text, get_language(language)) if language else text.lower()
    return _WORD.findall(unicodedata.normalize("NFC", lowered))


def text_measures(references: Sequence[str], hypotheses: Sequence[str], language: str | None = None) -> list[Measure]:
    """Measure sentences against their references, over the whole corpus.

    Args:
        references: N sentences.
        hypotheses: N sentences; empty ones count as wrong.
        language: A Prompt2Sign code, which chooses tokenizer and lower case; None for a mixture.

    Returns:
        BLEU-1 to BLEU-4, chrF, ROUGE-L and WER, all in percent.

    Raises:
        UsageError: The lists are empty or differ in length.
        MissingError: The extra `train` is not installed.
    """
    if len(references) != len(hypotheses) or not references:
        raise UsageError(f"{len(references)} references and {len(hypotheses)} hypotheses cannot be compared in pairs")
    parted = [[" ".join(words(text, language)) for text in texts] for texts in (references, hypotheses)]
    return [
        *_bleu_and_chrf(references, hypotheses, tokenizer_for(language)),
        _rouge_l(*parted),
        _word_errors(*parted),
    ]


def _bleu_and_chrf(references: Sequence[str], hypotheses: Sequence[str], tokenizer: Tokenizer) -> list[Measure]:
    try:
        from sacrebleu.metrics.bleu import BLEU
        from sacrebleu.metrics.chrf import CHRF
    except ImportError as error:
        raise _missing("BLEU and chrF need", "sacrebleu") from error
    # `force` only silences a warning about text that looks tokenized, as that of PHOENIX does.
    orders = {f"BLEU-{n}": BLEU(tokenize=tokenizer, max_ngram_order=n, force=True) for n in range(1, 5)}
    metrics: dict[str, Metric] = {**orders, "chrF": CHRF()}
    return [_of_sacrebleu(name, metric, references, hypotheses) for name, metric in metrics.items()]


def _of_sacrebleu(name: str, metric: Metric, references: Sequence[str], hypotheses: Sequence[str]) -> Measure:
    """A measure from the n-gram counts of each sentence.

    The two methods called here are those by which sacrebleu's own bootstrap (`sacrebleu.significance`) draws sentences.
    """
    counts = metric._extract_corpus_statistics(hypotheses, [references])

    def score(sums: Array) -> Array:
        return np.array([metric._aggregate_and_compute([row]).score for row in sums.astype(np.int64).tolist()])

    return Measure(name, "%", "higher", np.array(counts, np.float64), score, str(metric.get_signature()))


class _Parted:
    """The tokenizer that rouge-score is given: the words are found already, and joined by blanks."""

    def tokenize(self, text: str) -> list[str]:
        return text.split()


def _rouge_l(references: Sequence[str], hypotheses: Sequence[str]) -> Measure:
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError as error:
        raise _missing("ROUGE-L needs", "rouge-score") from error
    scorer = RougeScorer(["rougeL"], tokenizer=_Parted())
    pairs = zip(references, hypotheses, strict=True)
    values = [100 * scorer.score(*pair)["rougeL"].fmeasure for pair in pairs]
    return mean_of("ROUGE-L", "%", "higher", values, signature=_signature("f:1", "rouge-score"))


def _word_errors(references: Sequence[str], hypotheses: Sequence[str]) -> Measure:
    """Errors of all sentences over words of all references."""
    try:
        from jiwer import process_words
    except ImportError as error:
        raise _missing("WER needs", "jiwer") from error
    found = [process_words(*pair) for pair in zip(references, hypotheses, strict=True)]
    errors = [100 * (one.substitutions + one.deletions + one.insertions) for one in found]
    n_words = [len(text.split()) for text in references]
    sums = np.array([errors, n_words], np.float64).T
    return Measure("WER", "%", "lower", sums, ratio, _signature("corpus", "jiwer"))


def _signature(how: str, package: str) -> str:
    """In the manner of sacrebleu's."""
    return f"nrefs:1|case:lc|tok:unicode-words|{how}|{package}:{version(package)}"


def _missing(what: str, package: str) -> MissingError:
    return MissingError(f'{what} the package {package}: pip install "prompt2sign[train]"')
