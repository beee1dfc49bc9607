"""Clips whose text and motion cannot belong together.

Limits: people sign about 2.4 signs and speak about 4.7 words a second in free talk, and take the same time to say the
same thing (Bellugi & Fischer, "A comparison of sign language and spoken language", Cognition 1, 1972). A clip with more
words a second than twice that rate of speech, or with less than a word in ten seconds, is suspect in any corpus. Within
a corpus a clip is suspect whose characters a second lie far from what is usual there, by median and median absolute
deviation of their logarithms, where there are clips enough to say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MAX_WORDS_A_S = 9.4
MAX_S_A_WORD = 10.0
#: Less of a clip than this is signing, and for less than so long: nobody signs in it.
MIN_SIGNING_SHARE, MIN_SIGNING_S = 0.1, 0.4
#: How many deviations are far, how many clips are enough, and the least a deviation is taken for (a factor of 1.2).
_FAR, _ENOUGH, _LEAST_DEVIATION = 6.0, 50, 0.18


@dataclass(frozen=True, slots=True)
class Measured:
    """A clip in numbers.

    Attributes:
        clip_id: The clip.
        video: Its recording.
        start_s: Start in the recording.
        end_s: End in the recording.
        n_words: Words of its text.
        n_characters: Letters and digits of its text.
        signing_s: Seconds of it in which somebody signs; None where nobody was seen, or nobody looked.
    """

    clip_id: str
    video: str
    start_s: float
    end_s: float
    n_words: int
    n_characters: int
    signing_s: float | None

    @property
    def lasts_s(self) -> float:
        """Seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Suspect:
    """A clip that cannot be right.

    Attributes:
        clip: The clip.
        reason: `too-much-text`, `too-little-text`, `unusual-rate` or `no-signing`.
        message: What is wrong, with figures.
    """

    clip: Measured
    reason: str
    message: str


def find_suspects(clips: Sequence[Measured]) -> list[Suspect]:
    """Those of a corpus' clips that cannot be right, in their order; each with its first reason."""
    usual = _usual_rate(clips)
    return [suspect for clip in clips if (suspect := _suspect(clip, usual)) is not None]


def _suspect(clip: Measured, usual: tuple[float, float] | None) -> Suspect | None:
    if clip.n_words > MAX_WORDS_A_S * clip.lasts_s:
        return Suspect(clip, "too-much-text", f"{_words(clip)} in {clip.lasts_s:.2f} s of video")
    if clip.lasts_s > MAX_S_A_WORD * max(1, clip.n_words):
        return Suspect(clip, "too-little-text", f"{clip.lasts_s:.1f} s of video for {_words(clip)}")
    if clip.signing_s is not None and _nobody_signs(clip):
        return Suspect(clip, "no-signing", f"{clip.signing_s:.1f} s of signing in {clip.lasts_s:.1f} s of video")
    if usual is not None and clip.n_characters:
        rate, (low, high) = clip.n_characters / clip.lasts_s, usual
        if not low <= rate <= high:
            among = f"in this corpus {low:.1f} to {high:.1f} are usual"
            return Suspect(clip, "unusual-rate", f"{rate:.1f} characters a second of video; {among}")
    return None


def _nobody_signs(clip: Measured) -> bool:
    signing_s = clip.signing_s or 0.0
    return signing_s < MIN_SIGNING_S and signing_s < MIN_SIGNING_SHARE * clip.lasts_s


def _words(clip: Measured) -> str:
    return f"{clip.n_words} word{'' if clip.n_words == 1 else 's'}"


def _usual_rate(clips: Sequence[Measured]) -> tuple[float, float] | None:
    """The characters a second between which a clip is usual."""
    rates = [math.log(clip.n_characters / clip.lasts_s) for clip in clips if clip.n_characters and clip.lasts_s > 0]
    if len(rates) < _ENOUGH:
        return None
    middle = float(np.median(rates))
    # 1.4826: the standard deviation of a normal distribution by its median absolute deviation.
    deviation = max(_LEAST_DEVIATION, 1.4826 * float(np.median(np.abs(np.array(rates) - middle))))
    return math.exp(middle - _FAR * deviation), math.exp(middle + _FAR * deviation)
