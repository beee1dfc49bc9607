"""Random signing: what the limbs of an invented signer do, as key moments of `limbs` states.

It is not a language, and no sign of one. What it has in common with signing is how it is built: short movements with
holds between, one or two hands, hands that act alike, in turn or on a hand that holds still, repetition, contact with
face, chest and the other hand, returns to rest. How often each of these happens is our choice.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .bodies import Build
from .limbs import DEVIATION, FINGERS, FLEXION, PRONATION, STATE_SIZE, SWIVEL, WRIST, limb
from .postures import draw_idle, draw_posture, draw_shape
from .rotations import Array

#: Places to touch, outward, up and forward of the neck: forehead, cheek, chin, chest, other shoulder.
SPOTS = np.array(
    [[0.08, 0.82, 0.38], [0.22, 0.55, 0.28], [0.05, 0.38, 0.36], [0.15, -0.45, 0.36], [-0.42, -0.12, 0.26]]
)
#: Hand points that touch: tips of thumb, index and middle finger, and the knuckle of the middle finger.
TOUCHING = (4, 8, 12, 9)


@dataclass
class Keys:
    """Key moments as they are written down: ascending times in seconds, states (2, 24) and contacts.

    A contact is (hand, hand point, where): in trunk axes of that hand, or None for the palm of the other hand.
    """

    times_s: list[float] = field(default_factory=list)
    states: list[Array] = field(default_factory=list)
    contacts: list[tuple[int, int, int, Array | None]] = field(default_factory=list)

    @property
    def now(self) -> float:
        """When the last key is."""
        return self.times_s[-1]

    def add(self, after_s: float, states: Array) -> int:
        """Add a key `after_s` after the last one and return its number."""
        self.times_s.append((self.times_s[-1] if self.times_s else 0.0) + after_s)
        self.states.append(states.copy())
        return len(self.times_s) - 1


def write_signing(rng: np.random.Generator, duration_s: float, build: Build) -> tuple[Array, Array]:
    """Make up signing of at least this duration.

    Returns:
        times_s: (K,) key moments, the first before 0.
        states: (K, 2, 24) leading and other hand, contacts reached.
    """
    keys = Keys()
    keys.add(-rng.uniform(0.3, 1.5), np.stack([draw_idle(rng, build), draw_idle(rng, build)]))
    while keys.now < duration_s:
        _stretch(keys, rng, build)
    states = np.stack(keys.states)
    states[..., SWIVEL] += build.swivel
    _reach(states, keys, build)
    return np.array(keys.times_s), states


def _stretch(keys: Keys, rng: np.random.Generator, build: Build) -> None:
    """Some signs with one hand or with both, then perhaps a rest."""
    idle = draw_idle(rng, build) if rng.random() < 1 / 3 else None
    for _ in range(rng.integers(1, 5)):
        _sign(keys, rng, build, idle)
    if rng.random() < 0.5:
        rest = np.stack([draw_idle(rng, build, hanging=0.5) for _ in range(2)])
        keys.add(rng.uniform(0.4, 0.6), rest)
        keys.add(rng.uniform(0.2, 0.9), rest)


def _sign(keys: Keys, rng: np.random.Generator, build: Build, idle: Array | None) -> None:
    """One sign: some keys of the leading hand, and what the other hand does meanwhile."""
    course = _course(rng, build)
    others = _others(course, rng, build) if idle is None else np.repeat(idle[None], len(course), axis=0)
    repeats = int(rng.choice([1, 1, 2, 3]))
    order = list(range(len(course))) * repeats
    touch = rng.random() < 0.25
    point, place = int(rng.choice(TOUCHING)), SPOTS[rng.integers(len(SPOTS))] + rng.normal(0.0, 0.05, 3)
    target = None if idle is None and rng.random() < 0.4 else place
    at = rng.integers(len(course))
    for number, which in enumerate(order):
        step_s = rng.uniform(0.32, 0.6) if number == 0 else rng.uniform(0.18, 0.45)
        key = keys.add(step_s, np.stack([course[which], others[which]]))
        if touch and which == at:
            keys.contacts.append((key, 0, point, target))
    if rng.random() < 0.6:
        last = keys.add(rng.uniform(0.1, 0.5), keys.states[-1])
        keys.contacts += [(last, *contact[1:]) for contact in keys.contacts[-1:] if contact[0] == last - 1]


def _course(rng: np.random.Generator, build: Build) -> Array:
    """(2-4, 24) states of the leading hand: where it starts, and what of that it changes."""
    state = draw_posture(rng, build)
    course = np.repeat(state[None], int(rng.choice([2, 2, 2, 3, 4])), axis=0)
    kinds = rng.random(4) < (0.75, 0.35, 0.35, 0.35)
    for later in course[1:]:
        if kinds[0]:
            later[WRIST] += rng.normal(0.0, 0.13, 3)
        if kinds[1]:
            later[PRONATION] = draw_posture(rng, build)[PRONATION]
        if kinds[2]:
            later[[FLEXION, DEVIATION]] = draw_posture(rng, build)[[FLEXION, DEVIATION]]
        if kinds[3]:
            later[FINGERS.start :] = draw_shape(rng)
    return course


def _others(course: Array, rng: np.random.Generator, build: Build) -> Array:
    """What the other hand of a two-handed sign does: the same, the same in turn, hold still, or its own."""
    kind = rng.choice(4, p=(0.4, 0.15, 0.3, 0.15))
    if kind == 2:
        return np.repeat(draw_posture(rng, build, still=True)[None], len(course), axis=0)
    if kind == 3:
        own = draw_posture(rng, build)
        return np.stack([own + (later - course[0]) * (np.arange(STATE_SIZE) < SWIVEL) for later in course])
    same = course[::-1] if kind == 1 else course
    varied: Array = same + rng.normal(0.0, 1.0, STATE_SIZE) * np.r_[[0.03] * 3, [0.08] * 21]
    return varied


def _reach(states: Array, keys: Keys, build: Build) -> None:
    """Move wrists so that the touching points are where they touch; reach and turn change together, so by rounds."""
    for key, hand, point, place in keys.contacts:
        for _ in range(4):
            if place is None:
                aim = limb(states[key, [1 - hand]], build).hand[0, [0, 9]].mean(axis=0) * [-1, 1, 1]
            else:
                aim = place
            states[key, hand, WRIST] += 0.8 * (aim - limb(states[key, [hand]], build).hand[0, point])
