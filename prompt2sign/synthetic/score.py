"""Signs in time: key moments of both hands, and the smooth course between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .handshapes import SHAPE_SIZE, SHAPES
from .rotations import Array, nearest_signs, to_quaternion, unit
from .vocabulary import REST, VOCABULARY, HandKey

#: One hand at one moment as numbers: wrist 3, quaternion 4, shape 25.
WRIST, TURN, SHAPE = slice(0, 3), slice(3, 7), slice(7, 7 + SHAPE_SIZE)
#: From sign to sign; and from rest to the first sign and back again, a longer way.
TRANSITION_S, REST_TRANSITION_S = 0.30, 0.44
#: Rest within a clip before the hands leave and after they came back.
LEAD_S = 0.16
#: How much tempo and place vary from one performance to the next.
TEMPO_SPREAD, PLACE_SPREAD_M = 0.06, 0.006


class Cue(NamedTuple):
    """A sentence in time, seconds: the clip, and within it the part in which the hands are not at rest."""

    start_s: float
    end_s: float
    signing_start_s: float
    signing_end_s: float


@dataclass(frozen=True)
class Score:
    """Everything the hands will do.

    Attributes:
        times_s: (K,) ascending times of the key moments.
        states: (K, 2, 32) leading and other hand, each wrist, quaternion and shape.
        cues: One a sentence.
        duration_s: Of the whole, rest at the end included.
    """

    times_s: Array
    states: Array
    cues: tuple[Cue, ...]
    duration_s: float

    def hands(self, times_s: Array) -> Array:
        """(T, 2, 32) both hands at `times_s` (T,)."""
        return hermite(self.times_s, self.states, times_s)


def write_score(
    sentences: Sequence[Sequence[str]], rng: np.random.Generator, pause_s: float = 0.0, fps: float = 25.0
) -> Score:
    """Lay the signs of sentences out in time.

    Args:
        sentences: Glosses of each sentence.
        rng: Decides on the small differences between two performances of one sign.
        pause_s: Rest before, between and after the sentences' clips.
        fps: Clips start and end on whole frames of this rate.

    Raises:
        KeyError: A gloss is not in the vocabulary.
    """
    rest = (REST, REST)
    keys: list[tuple[float, tuple[HandKey, HandKey]]] = [(0.0, rest)]
    cues = []
    now = pause_s
    for glosses in sentences:
        start = np.round(now * fps) / fps
        signing_start = now = start + LEAD_S
        keys.append((now, rest))
        for number, gloss in enumerate(glosses):
            now += (TRANSITION_S if number else REST_TRANSITION_S) * _tempo(rng)
            now = _perform(gloss, now, keys, rng)
        signing_end = now = now + REST_TRANSITION_S * _tempo(rng)
        keys.append((now, rest))
        end = np.ceil((now + LEAD_S) * fps) / fps
        cues.append(Cue(float(start), float(end), float(signing_start), float(signing_end)))
        now = end + pause_s
    keys.append((now, rest))
    times, pairs = zip(*keys, strict=True)
    return Score(np.array(times), _states(pairs, rng), tuple(cues), float(now))


def _perform(
    gloss: str, start_s: float, keys: list[tuple[float, tuple[HandKey, HandKey]]], rng: np.random.Generator
) -> float:
    """Append one sign's key moments and return when it ends."""
    sign = VOCABULARY[gloss]
    step_s = sign.duration_s * _tempo(rng) / (len(sign.keys) - 1)
    for number, key in enumerate(sign.keys):
        keys.append((start_s + number * step_s, (key.leading, key.other or REST)))
    return start_s + (len(sign.keys) - 1) * step_s


def _tempo(rng: np.random.Generator) -> float:
    return float(np.exp(rng.normal(0.0, TEMPO_SPREAD)))


def _states(pairs: Sequence[tuple[HandKey, HandKey]], rng: np.random.Generator) -> Array:
    """(K, 2, 32) key moments as numbers, places varied a little where the hand is not at rest."""
    states = np.array([[_state(key) for key in pair] for pair in pairs])
    active = np.array([[key is not REST for key in pair] for pair in pairs])
    states[..., WRIST] += active[..., None] * rng.normal(0.0, PLACE_SPREAD_M, (*active.shape, 3))
    for hand in range(2):
        states[:, hand, TURN] = nearest_signs(states[:, hand, TURN])
    return states


def _state(key: HandKey) -> Array:
    fingers = unit(key.fingers)
    palm = unit(np.array(key.palm) - fingers * np.dot(fingers, key.palm))
    turn = np.stack([np.cross(fingers, palm), fingers, palm], axis=1)
    return np.concatenate([key.wrist, to_quaternion(turn), SHAPES[key.shape].vector()])


def hermite(times: Array, values: Array, at: Array) -> Array:
    """Smooth course through key values.

    Between two keys it is the polynomial of degree five that has the keys' velocities and no acceleration at them;
    where both velocities are 0 that is the minimum-jerk movement of Flash & Hogan 1985. Each velocity is the harmonic
    mean of the slopes on both sides, or 0 where the value turns round (Fritsch & Butland 1984), so that nothing
    swings past its keys.

    Args:
        times: (K,) ascending.
        values: (K, ...) at `times`.
        at: (T,) where the course is wanted; held constant outside `times`.

    Returns:
        (T, ...) float64.
    """
    shape = (-1,) + (1,) * (values.ndim - 1)
    slopes = np.diff(values, axis=0) / np.diff(times).reshape(shape)
    velocities = np.zeros_like(values)
    before, after = slopes[:-1], slopes[1:]
    agree = before * after > 0
    velocities[1:-1] = np.where(agree, 2 * before * after / np.where(agree, before + after, 1.0), 0.0)
    first = np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(times) - 2)
    span = np.diff(times)[first]
    u = np.clip((at - times[first]) / span, 0.0, 1.0).reshape(shape)
    span = span.reshape(shape)
    step = values[first + 1] - values[first]
    course: Array = (
        values[first]
        + step * u**3 * (10 - 15 * u + 6 * u**2)
        + velocities[first] * span * u * (1 - 6 * u**2 + 8 * u**3 - 3 * u**4)
        + velocities[first + 1] * span * u**3 * (-4 + 7 * u - 3 * u**2)
    )
    return course
