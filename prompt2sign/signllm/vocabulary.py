"""Text to numbers and back: words as in the original, byte-pair subwords, or the marks of Prompt2LangGloss.

A vocabulary is its kind and its list of tokens; how text is cut into tokens follows from the kind and is the same
everywhere, so two vocabularies with the same fingerprint give the same numbers on any machine.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Literal, get_args

from ..errors import FormatError, MissingError, UsageError

Kind = Literal["words", "subwords", "marks"]
PAD, UNK, BOS, EOS = range(4)
N_SPECIAL = 4
#: Byte-level subwords: each of the 256 bytes is a token, so that nothing is ever unknown.
SMALLEST_SUBWORDS = N_SPECIAL + 256
FORMAT = "prompt2sign-vocabulary"
VERSION = 1

#: A number keeps its points and commas, a word its apostrophes and hyphens, all else is a token of its own: where
#: sacrebleu's `13a` would cut, and not where it would not. Marks that compose with no letter stay with their word.
_LETTER = r"[\w\u0300-\u036f]"
_WORD = re.compile(rf"\d+(?:[.,]\d+)+|{_LETTER}+(?:['’-]{_LETTER}+)*|[^\w\s]")


class Vocabulary:
    """Tokens and their numbers; 0 to 3 are padding, unknown, begin and end.

    - `words`: NFC, lower case, words and punctuation apart. Lower case is that of Unicode without any language, but
      for the Turkish dotted `İ`, which becomes a plain `i`: `I` and `İ` are both `i`, `ı` stays what it is.
    - `subwords`: NFC, case kept, byte-level byte-pair encoding; nothing is unknown.
    - `marks`: NFC, case kept, cut at white space alone.

    Attributes:
        kind: How text is cut.
        tokens: All tokens but the four special ones; the number of the first is 4. Words and marks come by frequency,
            subwords begin with the 256 bytes.
        merges: The pairs that subwords are built from, in order; empty for the other kinds.
    """

    def __init__(self, kind: Kind, tokens: Sequence[str], merges: Sequence[tuple[str, str]] = ()) -> None:
        self.kind: Kind = kind
        self.tokens, self.merges = tuple(tokens), tuple(merges)
        self._numbers = {token: number for number, token in enumerate(self.tokens, N_SPECIAL)}
        self._subwords = _subword_encoder(self._numbers, self.merges) if kind == "subwords" else None

    @classmethod
    def train(cls, texts: Iterable[str], kind: Kind, *, size: int = 32_000, min_count: int = 1) -> Vocabulary:
        """Learn a vocabulary; the same texts give the same one. Empty texts are passed over.

        Args:
            texts: What to learn from.
            kind: `words`, `subwords` or `marks`.
            size: At most so many entries, the four special ones counted; of equally frequent words the alphabet
                decides.
            min_count: A word seen less often is unknown; a pair of subwords seen less often (or once) is not joined.

        Raises:
            UsageError: No text holds a token, or `size` is too small for the kind.
            MissingError: `subwords` without the package `tokenizers`.
        """
        smallest = SMALLEST_SUBWORDS if kind == "subwords" else N_SPECIAL + 1
        if size < smallest:
            raise UsageError(f"text.max_vocabulary: a vocabulary of {kind} has at least {smallest} entries, not {size}")
        cleaned = [text for text in (_clean(text, kind) for text in texts) if text]
        if not cleaned:
            raise UsageError("no vocabulary can be learned: every text is empty")
        if kind == "subwords":
            return cls(kind, *_train_subwords(cleaned, size, max(2, min_count)))
        counts = Counter(word for text in cleaned for word in text.split(" "))
        ranked = sorted((word for word in counts if counts[word] >= min_count), key=lambda word: (-counts[word], word))
        return cls(kind, ranked[: size - N_SPECIAL])

    def __len__(self) -> int:
        """Number of entries, the four special ones counted: the width of an embedding."""
        return N_SPECIAL + len(self.tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._numbers

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def encode(self, text: str, max_tokens: int | None = None) -> list[int]:
        """The numbers of a text, EOS last, no BOS.

        Args:
            text: What to encode.
            max_tokens: Return at most so many, EOS counted, by dropping the end; `too_long` tells beforehand.

        Raises:
            UsageError: The text is empty.
        """
        cleaned = self.normalise(text)
        if not cleaned:
            raise UsageError(f"the text {text!r} is empty: nothing to encode")
        numbers = self._numbers_of(cleaned)
        return [*(numbers if max_tokens is None else numbers[: max(0, max_tokens - 1)]), EOS]

    def too_long(self, text: str, max_tokens: int) -> bool:
        """Would `encode(text, max_tokens)` drop anything?"""
        return len(self._numbers_of(self.normalise(text))) + 1 > max_tokens

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of some numbers up to the first EOS, special ones left out, words with one space between.

        Where nothing was unknown, `decode(encode(text)) == normalise(text)`.

        Raises:
            UsageError: A number is none of this vocabulary.
        """
        kept: list[int] = []
        for number in map(int, numbers):
            if not 0 <= number < len(self):
                raise UsageError(f"{number} is no entry of a vocabulary of {len(self)}; was it made by another model?")
            if number == EOS:
                break
            if number >= N_SPECIAL:
                kept.append(number)
        if self._subwords is not None:
            return str(self._subwords.decode(kept)).strip()
        return " ".join(self.tokens[number - N_SPECIAL] for number in kept)

    def normalise(self, text: str) -> str:
        """The text as `decode` would write it if all of it were known: what a fair reference for BLEU is."""
        return _clean(text, self.kind)

    def unknown_rate(self, texts: Iterable[str]) -> float:
        """Share of the tokens of some texts that are unknown, 0 where there is no token."""
        numbers = [number for text in texts for number in self._numbers_of(self.normalise(text))]
        return numbers.count(UNK) / len(numbers) if numbers else 0.0

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of `to_json`."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """As text that `from_json` reads."""
        content = {"format": FORMAT, "version": VERSION, "kind": self.kind, "tokens": self.tokens}
        if self.kind == "subwords":
            content["merges"] = self.merges
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Vocabulary:
        """Read what `to_json` wrote.

        Raises:
            FormatError: It is not JSON, not a vocabulary, or of a newer version.
            MissingError: `subwords` without the package `tokenizers`.
        """
        try:
            content = json.loads(text)
            if content["format"] != FORMAT:
                raise ValueError(f"its format is {content['format']!r}")
            if content["version"] != VERSION:
                raise ValueError(
                    f"it has version {content['version']!r}, this prompt2sign reads {VERSION}; "
                    "update it with `pip install -U prompt2sign`"
                )
            return cls(*_checked(content))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise FormatError(f"not a vocabulary of prompt2sign: {error}") from error

    def _numbers_of(self, cleaned: str) -> list[int]:
        if self._subwords is not None:
            return list(self._subwords.encode(cleaned).ids)
        return [self._numbers.get(word, UNK) for word in cleaned.split(" ")] if cleaned else []


def lower_case(text: str) -> str:
    """NFC and lower case without any language: `I` and the Turkish `İ` both become `i`, `ı` stays."""
    # `İ`.lower() is an i and a dot apart, which no other spelling of the word gives.
    lower = unicodedata.normalize("NFC", text).lower().replace("i\u0307", "i")
    return unicodedata.normalize("NFC", lower)


def _clean(text: str, kind: Kind) -> str:
    """Tokens with one space between them (`words`, `marks`), or the text with single spaces (`subwords`)."""
    # Half a surrogate pair comes from arguments that are not UTF-8; no encoder takes it.
    text = text.encode("utf-8", "replace").decode()
    if kind == "words":
        return " ".join(_WORD.findall(lower_case(text)))
    return " ".join(unicodedata.normalize("NFC", text).split())


def _checked(content: dict[str, Any]) -> tuple[Kind, list[str], list[tuple[str, str]]]:
    kind, tokens = content["kind"], content["tokens"]
    if kind not in get_args(Kind):
        raise ValueError(f"no kind is called {kind!r}")
    if not isinstance(tokens, list) or not all(isinstance(token, str) and token.split() == [token] for token in tokens):
        raise ValueError("`tokens` is not a list of words")
    "".join(tokens).encode()  # half a surrogate pair is a ValueError
    if len(set(tokens)) != len(tokens):
        raise ValueError("a token is listed twice")
    pairs = content["merges"] if kind == "subwords" else []
    merges = [(str(left), str(right)) for left, right in pairs]
    known = set(tokens)
    if not all({left, right, left + right} <= known for left, right in merges):
        raise ValueError("a pair of `merges` is not among `tokens`")
    if kind == "subwords" and not known.issuperset(_tokenizers().pre_tokenizers.ByteLevel.alphabet()):
        raise ValueError("not all of the 256 bytes are among `tokens`")
    return kind, tokens, merges


def _train_subwords(texts: list[str], size: int, min_count: int) -> tuple[list[str], list[tuple[str, str]]]:
    tokenizers = _tokenizers()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=size - N_SPECIAL,
        min_frequency=min_count,
        initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    encoder = _byte_level(tokenizers.models.BPE())
    encoder.train_from_iterator(texts, trainer)
    model = json.loads(encoder.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
    return tokens, [(left, right) for left, right in model["merges"]]


def _subword_encoder(numbers: dict[str, int], merges: Sequence[tuple[str, str]]) -> Any:
    # The four special numbers have no text in here, so nothing that anybody writes can turn into one of them.
    return _byte_level(_tokenizers().models.BPE(vocab=numbers, merges=list(merges)))


def _byte_level(model: Any) -> Any:
    tokenizers = _tokenizers()
    encoder = tokenizers.Tokenizer(model)
    # A space before the first word as before any other: the same word is the same token wherever it stands.
    encoder.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=True)
    encoder.decoder = tokenizers.decoders.ByteLevel()
    return encoder


def _tokenizers() -> Any:
    # Threads of its own would deadlock in forked readers; it says so loudly unless told not to.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        import tokenizers
        import tokenizers.decoders
        import tokenizers.models
        import tokenizers.pre_tokenizers
        import tokenizers.trainers
    except ImportError as error:
        raise MissingError(
            'subwords need the package tokenizers: `pip install "prompt2sign[train]"` (or `text.tokens: words`)'
        ) from error
    return tokenizers
