"""A corpus to judge a trainer by: sentences of invented signs in several languages, as releases.

Text and gloss come from small grammars (`phrase_grammar`), motion from signs drawn by seed (`phrase_signs`). So text
determines motion, up to how performances differ; every word is seen often in training, and a held-out sentence can
only be signed by somebody who has learned the signs and how they are put together (`phrase_difficulty` measures it).
The signs mean nothing. The same seed gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..corpora.base import CorpusFacts
from ..errors import UsageError
from ..formats.motion import Motion
from ..formats.shards import BUILT, Provenance, ShardRow, ShardSetWriter
from ..languages import LANGUAGES, Language, get_language
from ..lifting.quality import measure
from ..loaders import open_release
from ..prompts.fill import load_templates, prompts_for
from ..records import Clip
from ..release.finish import finish_release, terms_of
from ..release.place import check_place, release_at, whole_folder
from .bodies import Build
from .phrase_grammar import Sentence, draw_corpus, grammar_of, read_lexicon
from .phrase_signs import USUAL, Sign, Variation, draw_rest, draw_signers, draw_signs, joints, perform
from .rotations import Array

#: Raised when the same seed would give other motion or text.
VERSION = 1
CORPUS = "phrases"
#: Sentences that one signer signs in a row; they are placed together, for speed.
IN_A_ROW = 8
_SIGNS, _SENTENCES, _PERFORMANCES = range(3)


@dataclass(frozen=True)
class PhraseOptions:
    """What a corpus of phrases is like.

    Attributes:
        n_sentences: Sentences of the training split; dev and test have a tenth of that each.
        seed: Decides everything else.
        fps: Frames per second.
        n_signers: Bodies, which take turns.
        variation: How much performances of one sign differ.
        prompts_per_clip: From the project's templates.
    """

    n_sentences: int = 500
    seed: int = 0
    fps: float = 12.5
    n_signers: int = 3
    variation: Variation = USUAL
    prompts_per_clip: int = 3

    def __post_init__(self) -> None:
        if self.n_sentences < 1 or self.n_signers < 1 or self.seed < 0:
            raise UsageError("give at least one sentence and one signer, and a seed that is not negative")
        if not (isfinite(self.fps) and 0 < self.fps <= 240):
            raise UsageError(f"{self.fps} frames per second is no rate; give 0 to 240")

    @property
    def splits(self) -> dict[str, int]:
        """Sentences of each split."""
        held_out = max(1, self.n_sentences // 10)
        return {"train": self.n_sentences, "dev": held_out, "test": held_out}


def write_phrases(
    folder: Path,
    languages: Sequence[str] = ("GSL", "ASL", "TSL"),
    n_sentences: int = 500,
    seed: int = 0,
    *,
    fps: float = 12.5,
    n_signers: int = 3,
    variation: Variation = USUAL,
    prompts_per_clip: int = 3,
) -> list[Path]:
    """Write one release a language, each whole or not at all: `folder/gsl`, `folder/asl` and so on.

    Args:
        folder: Where the releases go; those of an earlier call are replaced.
        languages: Prompt2Sign codes.
        n_sentences: Sentences of the training split; dev and test have a tenth of that each.
        seed: The same seed gives the same bytes. A language is the same whichever others are asked for.
        fps: Frames per second.
        n_signers: Bodies, which take turns; text does not tell who signs.
        variation: How much performances of one sign differ.
        prompts_per_clip: Prompts from the project's templates.

    Returns:
        The releases, in the order of `languages`.

    Raises:
        UsageError: A language without phrases, an option that cannot be, more sentences than the grammar has, or
            something else in the way.
    """
    options = PhraseOptions(n_sentences, seed, fps, n_signers, variation, prompts_per_clip)
    wanted = [get_language(code) for code in dict.fromkeys(languages)]
    for language in wanted:
        grammar_of(language)
        check_place(folder / language.slug, [])
        release_at(folder / language.slug, CORPUS, language.code)
    return [_write(folder / language.slug, language, options) for language in wanted]


def _write(out: Path, language: Language, options: PhraseOptions) -> Path:
    facts = _facts(language)
    with whole_folder(out) as folder:
        with ShardSetWriter(folder / "data") as shards:
            for row in phrase_rows(language, options):
                shards.add(row)
        finish_release(open_release(folder), facts, _resolved(language, options), estimators={}, build="")
    return out


def _resolved(language: Language, options: PhraseOptions) -> dict[str, Any]:
    """The options as a release keeps them; `invented` tells its card that nobody signs like this."""
    own = {"language": language.code, "corpus": CORPUS, "invented": True, "version": VERSION}
    return own | asdict(options) | {"shard": {"step": BUILT.step, "layout": BUILT.layout}}


def _facts(language: Language) -> CorpusFacts:
    return CorpusFacts(
        name=CORPUS,
        title="synthetic phrases of invented signs",
        languages=(language.code,),
        unit="sentence",
        licence="Apache-2.0",
        access="open",
        access_rule=(
            "Anyone can make it with `python -m prompt2sign.synthetic phrases`. Its signs are invented and mean "
            "nothing: it shows whether a trainer learns, it teaches no one to sign."
        ),
        redistribute_motion=True,
        redistribute_video=True,
    )


def phrase_rows(language: Language, options: PhraseOptions) -> Iterator[ShardRow]:
    """The clips of a language as shard rows, split after split."""
    company = _Company.draw(language, options)
    corpus = list(draw_corpus(language, options.splits, _generator(language, options, _SENTENCES)))
    templates = load_templates(language)
    for start in range(0, len(corpus), IN_A_ROW):
        turn = start // IN_A_ROW % options.n_signers
        sentences = corpus[start : start + IN_A_ROW]
        motions = company.sign([sentence for _, sentence in sentences], turn, start)
        for number, ((split, sentence), xyz) in enumerate(zip(sentences, motions, strict=True), start):
            clip = _clip(language, split, sentence, number, f"{language.slug}-{turn + 1}")
            yield ShardRow(
                clip=clip,
                motion=_motion(xyz, options.fps),
                prompts=tuple(
                    prompts_for(clip.clip_id, clip.text, templates, seed=options.seed, count=options.prompts_per_clip)
                ),
                provenance=Provenance(lifter=f"phrases {VERSION}", tool=f"prompt2sign {__version__}"),
                licence=terms_of(_facts(language)),
            )


def _generator(language: Language, options: PhraseOptions, *stream: int) -> np.random.Generator:
    return np.random.default_rng([options.seed, LANGUAGES.index(language), *stream])


@dataclass(frozen=True)
class _Company:
    """Those who sign a language, and its signs."""

    language: Language
    options: PhraseOptions
    signers: list[Build]
    rest: Array
    signs: dict[str, Sign]

    @classmethod
    def draw(cls, language: Language, options: PhraseOptions) -> _Company:
        rng = _generator(language, options, _SIGNS)
        glosses = [word.gloss for words in read_lexicon(language).values() for word in words]
        signers = draw_signers(options.n_signers, rng)
        # From a generator of their own: the signs must not change with the number of signers.
        rng = _generator(language, options, _SIGNS, 1)
        rest = draw_rest(rng, signers[0])
        signs = draw_signs(len(glosses), rng, signers[0])
        return cls(language, options, signers, rest, dict(zip(glosses, signs, strict=True)))

    def sign(self, sentences: Sequence[Sentence], signer: int, first: int) -> list[Array]:
        """Motions of sentences, the first of which is the corpus's number `first`."""
        performances = [
            perform(
                [self.signs[gloss] for gloss in sentence.glosses],
                self.rest,
                _generator(self.language, self.options, _PERFORMANCES, number),
                fps=self.options.fps,
                variation=self.options.variation,
            )
            for number, sentence in enumerate(sentences, first)
        ]
        return joints(performances, self.signers[signer], self.options.fps)


def _clip(language: Language, split: str, sentence: Sentence, number: int, signer: str) -> Clip:
    return Clip(
        clip_id=f"{language.slug}-{number:05d}",
        language=language.code,
        corpus=CORPUS,
        split=split,
        text=sentence.text,
        text_raw=sentence.text,
        signer=signer,
        gloss=" ".join(sentence.glosses),
    )


def _motion(xyz: Array, fps: float) -> Motion:
    seen = np.ones(xyz.shape[:2], dtype=bool)
    quality = measure(xyz, xyz[..., :2], seen)
    return Motion(xyz.astype(np.float32), seen, fps, 0.0, f"phrases {VERSION}", quality)
