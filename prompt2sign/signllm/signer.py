"""Text or prompts in, motion out: what `prompt2sign generate` and a program of one's own call."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ..errors import ClipRejected, UsageError
from ..languages import get_language
from ..outputs import Generated
from .distributed import choose_device
from .model import Answer, Request
from .saved import Saved, load
from .validate import answer_all

#: With a larger share of unknown words a wish is likely in a language the model does not know.
MOSTLY_UNKNOWN = 0.5


@dataclass(frozen=True)
class Asked:
    """One wish.

    Attributes:
        clip_id: What the result is called.
        text: A sentence, for an MLSF model.
        lang: The sign language to say it in, in any case; MLSF alone needs it.
        prompt: A prompt, for a Prompt2LangGloss model.
        alone: There is no other wish: what is said of it need not name it.
    """

    clip_id: str
    text: str = ""
    lang: str = ""
    prompt: str = ""
    alone: bool = False

    def say(self, words: str) -> str:
        """Words about this wish."""
        return words if self.alone else f"{self.clip_id}: {words}"


Rejected = Callable[[Asked, ClipRejected], object]


class Signer:
    """A trained model, ready to sign.

    Example:
        >>> signer = Signer("runs/gsl")                                  # doctest: +SKIP
        >>> clip = signer.sign_one(Asked("1", text="Guten Morgen", lang="gsl"))  # doctest: +SKIP
        >>> clip.motion.shape                                            # doctest: +SKIP
        (41, 50, 3)

    Args:
        path: Folder of a run (its best checkpoint) or of a checkpoint.
        languages: Load only the groups of these sign languages (MLSF).
        device: `cpu` or `cuda`; the GPU where there is one.
        warn: Told in words what the model does not know of a wish, and where a checkpoint is damaged.
    """

    def __init__(
        self,
        path: str | Path,
        languages: Sequence[str] | None = None,
        device: str | None = None,
        warn: Callable[[str], object] = warnings.warn,
    ) -> None:
        codes = None if languages is None else [get_language(language).code for language in languages]
        self.saved: Saved = load(Path(path), codes, choose_device(device), warn)
        self.warn = warn

    @property
    def reads_prompts(self) -> bool:
        """Prompt2LangGloss, which finds the language in the prompt; otherwise MLSF, which is told."""
        return self.saved.options.model.mode == "prompt2langgloss"

    def sign(
        self,
        asked: Iterable[Asked],
        at_once: int = 1,
        max_frames: int | None = None,
        rejected: Rejected | None = None,
    ) -> Iterator[Generated]:
        """Sign wishes as they come.

        Args:
            asked: Any number; they are read as they are needed.
            at_once: Answer so many together: faster, but the first answer waits for the last wish of its group.
            max_frames: No motion gets longer; half as long again as the longest of its training where None.
            rejected: Told of a wish that came to nothing, and why; the others are signed. Where None it is raised.

        Raises:
            UsageError: A wish lacks what this kind of model reads, or is in a language it does not know.
            ClipRejected: `no-gloss`: the model wrote no gloss, so nobody knows in which of its languages it signed;
                `bad-motion`: see `Generated`.
        """
        coming = iter(asked)
        while group := list(islice(coming, at_once)):
            requests = [self._request(wish) for wish in group]
            for wish, answer in zip(group, answer_all(self.saved.model, requests, max_frames), strict=True):
                try:
                    clip = self._generated(wish, answer)
                except ClipRejected as error:
                    if rejected is None:
                        raise
                    rejected(wish, error)
                else:
                    yield clip

    def sign_one(self, wish: Asked) -> Generated:
        """One wish; see `sign`."""
        return next(self.sign([wish]))

    def _request(self, wish: Asked) -> Request:
        request = self._prompt(wish) if self.reads_prompts else self._text(wish)
        name = request.language if not self.reads_prompts else "prompts"
        vocabulary, limit = self.saved.model.vocabularies[name], self.saved.options.text.max_tokens
        if vocabulary.too_long(request.text, limit):
            raise UsageError(
                wish.say(
                    f"the text has more than {limit} tokens, the longest this model was trained on; give it sentence "
                    "by sentence"
                )
            )
        return request

    def _text(self, wish: Asked) -> Request:
        if not wish.text.strip():
            empty = "" if wish.prompt else "the sentence is empty; "
            raise UsageError(wish.say(f"{empty}this model is MLSF and reads a sentence: --text TEXT --lang LANG"))
        known = self.saved.model.languages
        if not wish.lang:
            if len(known) == 1:
                return Request(wish.text, known[0])
            raise UsageError(wish.say(f"which sign language? --lang, one of {', '.join(known)}"))
        code = get_language(wish.lang).code
        if code not in known and code in self.saved.config["languages"]:
            raise UsageError(
                wish.say(f"{code} is in this model, but was not loaded: `languages` of Signer names {', '.join(known)}")
            )
        if code not in known:
            raise UsageError(
                f"the model has no group for {code}; it has {', '.join(known)}; `prompt2sign add-language` appends one"
            )
        return Request(wish.text, code)

    def _prompt(self, wish: Asked) -> Request:
        if not wish.prompt.strip():
            kind = "this model is Prompt2LangGloss and reads a prompt, which tells the language"
            empty = f"{kind}, no text" if wish.text else "the prompt is empty"
            raise UsageError(wish.say(f"{empty}: --prompt \"Wie gebärdet man 'Guten Morgen'?\""))
        return Request(wish.prompt)

    def _language(self, wish: Asked, answer: Answer) -> str:
        if answer.language:
            return answer.language
        known = self.saved.model.languages
        if len(known) > 1:
            raise ClipRejected(
                "no-gloss",
                wish.say(
                    f"the model wrote no gloss, so its motion is in none of its languages, {', '.join(known)}; ask in "
                    "other words, or train it longer"
                ),
            )
        self.warn(wish.say("the model wrote no gloss, so its motion means nothing"))
        return known[0]

    def _warn_of_unknown(self, wish: Asked, language: str) -> None:
        asked = wish.prompt if self.reads_prompts else wish.text
        rate = self.saved.model.vocabularies["prompts" if self.reads_prompts else language].unknown_rate([asked])
        if not rate:
            return
        words = f"{rate:.0%} of the words of {asked!r} are unknown to the model"
        if rate > MOSTLY_UNKNOWN:
            words += f"; signed as {language}; this model knows only {', '.join(self.saved.model.languages)}"
        self.warn(wish.say(words))

    def _generated(self, wish: Asked, answer: Answer) -> Generated:
        language = self._language(wish, answer)
        self._warn_of_unknown(wish, language)
        return Generated(
            clip_id=wish.clip_id,
            lang=language,
            text=wish.text,
            prompt=wish.prompt,
            gloss=answer.gloss,
            motion=answer.motion,
            fps=self.saved.fps,
            made_by=f"signllm {self.saved.name}",
        )
