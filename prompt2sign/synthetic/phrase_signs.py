"""Invented signs as motion primitives, and sentences of them performed by a body.

A sign is a few key moments of one hand or both: a place, a turn and a shape of the hand, and how they change along a
path. It means nothing, in any language. Two performances of a sign differ a little, as `Variation` says; what is left
when that is taken away is determined by the sentence and the body.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import NamedTuple

import numpy as np

from .bodies import Build, draw_build
from .limbs import FINGERS, FLEXION, PRONATION, STATE_SIZE, SWIVEL, WRIST, limb
from .motion import wander
from .observed import signer_joints
from .postures import draw_idle, draw_posture, draw_shape
from .rotations import Array, about, unit
from .score import hermite

#: Where the middle of a sign may be: outward, up and forward of the neck, shoulder widths.
SPACE_LOW, SPACE_HIGH = np.array([-0.30, -0.85, 0.45]), np.array([0.70, 0.35, 0.85])
#: How far a hand travels, shoulder widths.
TRAVEL = (0.30, 0.60)
#: How long a sign takes, seconds: at least, without its steps, and each step.
SHORTEST_S, ONSET_S, STEP_S = 0.5, 0.28, (0.15, 0.20)
#: Signs of a language differ by this much at least, mean over the leading hand and over time, shoulder widths.
LEAST_DISTANCE = 0.35
#: From sign to sign, from rest and back to it, and rest at either end.
TRANSITION_S, REST_TRANSITION_S, REST_S = 0.20, 0.32, 0.10
#: Paths of a hand, as steps along its direction of travel and across it.
PATHS = (
    ((0, 0), (1, 0)),
    ((0, 0), (0.5, 0.45), (1, 0)),
    ((0, 0), (1, 0), (0, 0)),
    ((0, 0), (0.7, 0), (0, 0), (0.7, 0)),
    ((0, 0), (0.5, 0.5), (1, 0), (0.5, -0.5), (0, 0)),
    ((0, 0), (0.3, 0.45), (0.7, -0.45), (1, 0)),
)
#: How long each performance is held at its ends while many are placed at once.
HELD_S = 0.4
_SAMPLES = np.linspace(0.0, 1.0, 9)


@dataclass(frozen=True)
class Sign:
    """An invented sign.

    Attributes:
        duration_s: From its first key moment to its last.
        states: (K, 2, 24) leading and other hand at key moments, evenly spread; the other rests where it is NaN.
    """

    duration_s: float
    states: Array


@dataclass(frozen=True)
class Variation:
    """How performances of one sign differ.

    Attributes:
        tempo: Largest relative change of a sign's or a transition's duration.
        amplitude: Largest relative change of how far a hand travels.
        place: Standard deviation of where a sign is made, along each axis, shoulder widths.
        turn_deg: Standard deviation of the angles of arm, wrist and fingers.
        tremble: How far hands wander about their course, shoulder widths.
        sway_deg: How far trunk and head turn.
    """

    tempo: float = 0.10
    amplitude: float = 0.10
    place: float = 0.02
    turn_deg: float = 3.0
    tremble: float = 0.008
    sway_deg: float = 2.0


class Performance(NamedTuple):
    """A sentence as it is signed, without a body.

    Attributes:
        states: (T, 2, 24) leading and other limb.
        trunk: (T, 3, 3) the trunk's axes in the columns.
        head: (T, 3, 3) the head's.
    """

    states: Array
    trunk: Array
    head: Array


#: As people differ, and every performance alike.
USUAL = Variation()
NONE = Variation(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def draw_signers(n_signers: int, rng: np.random.Generator) -> list[Build]:
    """Bodies; all lead with the right hand, since no text tells the hand."""
    return [replace(draw_build(rng), left_handed=False) for _ in range(n_signers)]


def draw_rest(rng: np.random.Generator, build: Build) -> Array:
    """(24,) either hand at rest, before the belly."""
    return draw_idle(rng, build, hanging=0.0)


def draw_signs(n_signs: int, rng: np.random.Generator, build: Build) -> list[Sign]:
    """Signs that differ from one another by `LEAST_DISTANCE` at least, for the reach of a body."""
    signs: list[Sign] = []
    courses: list[Array] = []
    while len(signs) < n_signs:
        sign = _draw_sign(rng, build)
        course = leading_course(sign, build)
        if all(distance(course, other) >= LEAST_DISTANCE for other in courses):
            signs.append(sign)
            courses.append(course)
    return signs


def leading_course(sign: Sign, build: Build) -> Array:
    """(9, 21, 3) the leading hand, evenly over the sign."""
    keys = np.linspace(0.0, 1.0, len(sign.states))
    return limb(hermite(keys, sign.states[:, 0], _SAMPLES), build).hand


def distance(first: Array, second: Array) -> float:
    """Mean distance of corresponding points of two courses of one shape, shoulder widths."""
    return float(np.linalg.norm(first - second, axis=-1).mean())


def perform(
    signs: Sequence[Sign],
    rest: Array,
    rng: np.random.Generator,
    *,
    fps: float = 12.5,
    variation: Variation = USUAL,
) -> Performance:
    """Sign a sentence, from rest to rest; `joints` gives it a body.

    Args:
        signs: In their order.
        rest: (24,) of either hand.
        rng: Decides what differs between two performances.
        fps: Frames per second.
        variation: How much that is.
    """
    keys_s, keys = _lay_out(signs, rest, rng, variation)
    times_s = np.arange(int(keys_s[-1] * fps) + 1) / fps
    states = hermite(keys_s, keys, times_s)
    for hand, axis in np.ndindex(2, 3):
        states[:, hand, axis] += variation.tremble * wander(times_s, rng.uniform(0.8, 1.6), rng)
    trunk = _sway(times_s, variation, rng)
    return Performance(states, trunk, trunk @ _sway(times_s, variation, rng))


def joints(performances: Sequence[Performance], build: Build, fps: float = 12.5) -> list[Array]:
    """What one body does in each performance: (T, 50, 3) float64, as `formats.motion.Motion` has it.

    All are placed at once, which is several times faster than one by one. They do not touch each other: where a hand
    is kept out of the body, the frames just before and after it move too, and each performance is held at its ends
    for longer than that.
    """
    held = max(2, ceil(HELD_S * fps))
    states, trunk, head = (
        np.concatenate([np.pad(array, ((held, held), (0, 0), (0, 0)), mode="edge") for array in arrays])
        for arrays in zip(*performances, strict=True)
    )
    states[..., SWIVEL] += build.swivel
    xyz = signer_joints(states, trunk, head, build, fps)
    ends = np.cumsum([len(performance.states) + 2 * held for performance in performances])
    return [part[held : len(part) - held] for part in np.split(xyz, ends[:-1])]


def _draw_sign(rng: np.random.Generator, build: Build) -> Sign:
    leading = _draw_course(rng, build)
    kind = rng.choice(3, p=(0.5, 0.3, 0.2))
    if kind == 0:
        other = np.full_like(leading, np.nan)
    elif kind == 1:
        other = leading
    else:
        other = np.repeat(draw_posture(rng, build, still=True)[None], len(leading), axis=0)
    duration_s = max(SHORTEST_S, ONSET_S + float(rng.uniform(*STEP_S)) * (len(leading) - 1))
    return Sign(duration_s, np.stack([leading, other], axis=1))


def _draw_course(rng: np.random.Generator, build: Build) -> Array:
    """(K, 24) a path of the hand round a place; on half of the paths it turns or changes its shape as well."""
    path = np.array(PATHS[rng.integers(len(PATHS))])
    along, across = _directions(rng)
    steps = rng.uniform(*TRAVEL) * (path[:, :1] * along + path[:, 1:] * across)
    course = np.repeat(draw_posture(rng, build)[None], len(path), axis=0)
    course[:, SWIVEL] = 0.0  # elbows hang, wherever the hand is
    course[:, WRIST] = rng.uniform(SPACE_LOW, SPACE_HIGH) + steps - steps.mean(axis=0)
    later, change = path[:, :1] > 0, rng.integers(4)
    if change == 0:
        turned = draw_posture(rng, build)[PRONATION : FLEXION + 1]
        course[:, PRONATION : FLEXION + 1] = np.where(later, turned, course[:, PRONATION : FLEXION + 1])
    elif change == 1:
        course[:, FINGERS.start :] = np.where(later, draw_shape(rng), course[:, FINGERS.start :])
    return course


def _directions(rng: np.random.Generator) -> tuple[Array, Array]:
    """Two directions at right angles; less forward and back than in the plane that is well seen."""
    along = unit(rng.normal(0.0, 1.0, 3) * [1.0, 1.0, 0.5])
    across = unit(np.cross(along, unit(rng.normal(0.0, 1.0, 3) * [0.5, 0.5, 1.0])))
    return along, across


def _lay_out(signs: Sequence[Sign], rest: Array, rng: np.random.Generator, variation: Variation) -> tuple[Array, Array]:
    """Key moments (K,) in seconds and states (K, 2, 24) of a sentence, rest at both ends."""
    resting = np.stack([rest, rest])
    spans, states = [0.0, REST_S], [resting, resting]
    for number, sign in enumerate(signs):
        pause_s = TRANSITION_S if number else REST_TRANSITION_S
        step_s = sign.duration_s * _about_one(variation.tempo, rng) / (len(sign.states) - 1)
        spans += [pause_s * _about_one(variation.tempo, rng), *[step_s] * (len(sign.states) - 1)]
        states += list(_varied(sign, resting, rng, variation))
    spans += [REST_TRANSITION_S * _about_one(variation.tempo, rng), REST_S]
    return np.cumsum(spans), np.stack([*states, resting, resting])


def _varied(sign: Sign, resting: Array, rng: np.random.Generator, variation: Variation) -> Array:
    """(K, 2, 24) one performance of a sign."""
    states = np.where(np.isnan(sign.states), resting, sign.states)
    middle = states[..., WRIST].mean(axis=0)
    place = middle + rng.normal(0.0, variation.place, (2, 3))
    states[..., WRIST] = place + _about_one(variation.amplitude, rng) * (states[..., WRIST] - middle)
    states[..., SWIVEL:] += rng.normal(0.0, np.radians(variation.turn_deg), (2, STATE_SIZE - SWIVEL))
    return states


def _about_one(spread: float, rng: np.random.Generator) -> float:
    return float(rng.uniform(1 - spread, 1 + spread))


def _sway(times_s: Array, variation: Variation, rng: np.random.Generator) -> Array:
    """(T, 3, 3) axes that turn and nod a little."""
    turn, nod = (np.radians(variation.sway_deg) * wander(times_s, rng.uniform(2.5, 5.0), rng) for _ in range(2))
    return about("y", turn) @ about("x", 0.5 * nod)
