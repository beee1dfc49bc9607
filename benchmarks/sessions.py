"""Made sessions of signing with pauses, and cues that come before or after it by a known time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prompt2sign.skeleton import BODY
from prompt2sign.synthetic.bodies import Build, draw_build
from prompt2sign.synthetic.estimator import draw_picture, estimate
from prompt2sign.synthetic.motion import wander
from prompt2sign.synthetic.observed import signer_joints
from prompt2sign.synthetic.postures import draw_idle
from prompt2sign.synthetic.rotations import Array, about
from prompt2sign.synthetic.score import hermite
from prompt2sign.synthetic.signing import write_signing

#: Frames per second: what `prompt2sign align` looks at.
RATE = 5.0
#: How long hands take to rise from rest, and to go back.
_TRANSITION_S = (0.35, 0.6)


@dataclass(frozen=True, eq=False)
class Session:
    """One signer, filmed.

    Attributes:
        body: (T, 8, 3) what an estimator sees of the body: pixels and confidence.
        rate: Frames per second.
        cues_s: Start and end of each cue, as its subtitle file says.
        offset_s: Seconds by which the signing comes after its cue.
    """

    body: NDArray[np.float32]
    rate: float
    cues_s: list[tuple[float, float]]
    offset_s: float


def draw_session(
    seed: int,
    *,
    duration_s: float = 240.0,
    jitter_s: float = 0.3,
    unsigned: float = 0.1,
    untold: float = 0.1,
    hand_dropout: float = 0.1,
    longest_pause_s: float = 4.0,
) -> Session:
    """Make up a session: sentences of signing, rests between them, and a cue for each.

    A sentence lasts from the first hold of the hands to the last: raising and lowering them belong to the pauses, as
    transitions do between signs.

    Args:
        seed: The same seed gives the same session.
        duration_s: About how long.
        jitter_s: Standard deviation of each edge of a cue against the signing.
        unsigned: Share of the cues during which nobody signs.
        untold: Share of the signing that has no cue.
        hand_dropout: Share of frames of each hand in which it is not found, in runs.
        longest_pause_s: Hands rest between two sentences for up to so long.
    """
    rng = np.random.default_rng([seed, 77])
    build = draw_build(rng)
    script = _Script(rng, build)
    told = []
    while script.now_s < duration_s:
        script.rest(rng.uniform(0.1, longest_pause_s))
        is_signed = rng.random() >= unsigned
        span = script.sentence(float(np.clip(rng.lognormal(1.1, 0.5), 0.8, 12.0)), is_signed)
        if not is_signed or rng.random() >= untold:
            told.append(span)
    offset_s = float(rng.uniform(-2.0, 3.0))
    cues_s = np.sort(np.array(told) + rng.normal(0.0, jitter_s, (len(told), 2)) - offset_s, axis=1)
    body = _film(script, seed, hand_dropout, rng, build)
    return Session(body, RATE, [(float(start), float(end)) for start, end in cues_s if end - start > 0.2], offset_s)


class _Script:
    """What the hands do, as key moments."""

    def __init__(self, rng: np.random.Generator, build: Build) -> None:
        self._rng, self._build = rng, build
        self.keys_s, self.keys = [0.0], [self._idle()]

    @property
    def now_s(self) -> float:
        """When the last key is."""
        return self.keys_s[-1]

    def rest(self, lasts_s: float) -> None:
        """Hands at rest, now and then at another place than before."""
        self._add(lasts_s, self.keys[-1] if self._rng.random() < 0.7 else self._idle())

    def sentence(self, lasts_s: float, is_signed: bool) -> tuple[float, float]:
        """A sentence, or rest for as long; gives its start and end."""
        if not is_signed:
            start_s = self.now_s
            self.rest(lasts_s)
            return start_s, self.now_s
        times_s, states = write_signing(self._rng, lasts_s, self._build)
        kept = (times_s > 0) & (times_s <= lasts_s)
        if not kept.any():
            kept[-1] = True
        moments_s, states = times_s[kept], states[kept]
        self._add(self._rng.uniform(*_TRANSITION_S), states[0])
        first_s = self.now_s
        for after_s, state in zip(np.diff(moments_s), states[1:], strict=True):
            self._add(float(after_s), state)
        last_s = self.now_s
        self._add(self._rng.uniform(*_TRANSITION_S), self._idle())
        return first_s, last_s

    def _add(self, after_s: float, state: Array) -> None:
        self.keys_s.append(self.now_s + after_s)
        self.keys.append(state)

    def _idle(self) -> Array:
        return np.stack([draw_idle(self._rng, self._build, hanging=0.3) for _ in range(2)])


def _film(
    script: _Script, seed: int, hand_dropout: float, rng: np.random.Generator, build: Build
) -> NDArray[np.float32]:
    """(T, 8, 3) what an estimator sees of it."""
    times_s = np.arange(int(script.now_s * RATE)) / RATE
    keys_s, keys = np.array(script.keys_s), np.stack(script.keys)
    states = np.stack([hermite(keys_s, keys[:, side], times_s) for side in (0, 1)], axis=1)
    turn, lean = (np.radians(most) * wander(times_s, period_s, rng) for most, period_s in ((6, 4.3), (3, 5.1)))
    trunk = about("y", turn) @ about("z", lean)
    xyz = signer_joints(states, trunk, trunk, build, RATE)
    picture = draw_picture(rng, times_s, "orthographic")
    pixels = picture.project(xyz)
    found = estimate(xyz, pixels, picture, seed, noise=0.012, hand_dropout=hand_dropout, fps=RATE)
    return found.xyc[:, BODY]
