"""Random postures of an arm and its hand, as `limbs` states.

How arms and fingers are held is our choice: upper arms nearly upright in the picture, as those of real signers are
(OpenPose and MediaPipe keypoints of How2Sign), and in nearly nine of ten frames a little forward, as MediaPipe's world
landmarks have them in all; forearms raised, turned inwards and to the camera, flatter in the picture than real ones,
so that the published method does not fail on depth alone; hands mostly shown.
"""

from __future__ import annotations

import numpy as np

from .bodies import Build
from .limbs import (
    DEVIATION,
    FINGERS,
    FLEXION,
    LIMITS_HIGH,
    LIMITS_LOW,
    PRONATION,
    STATE_SIZE,
    SWIVEL,
    place_arm,
)
from .rotations import Array

#: Bends of first and middle joint of a finger, degrees: straight, closed, bent at the knuckle, hooked, curved.
POSTURES = np.array([[2, 6], [84, 96], [70, 12], [10, 85], [35, 40]])
RELAXED = np.radians([5, 20, 25, 0, 24, 30, -4, 28, 34, -8, 28, 36, 25, 15, 30, 10, 15])


def draw_posture(rng: np.random.Generator, build: Build, *, still: bool = False) -> Array:
    """(24,) a limb in front of the body; lower and never across the middle where it is to hold `still`."""
    raised = 0.0 if still or rng.random() < 0.8 else rng.uniform(15, 45)
    across = 0.0 if still or rng.random() < 0.75 else rng.uniform(20, 45)
    outward, forward = rng.normal(18 + 0.4 * raised, 6), rng.normal(18 + raised, 6)
    upward, inward = rng.normal(28 if still else 50, 13), rng.normal(55, 12) + across
    state = np.empty(STATE_SIZE)
    state[: SWIVEL + 1] = _arm(build, *np.clip([outward, forward, upward, inward], -50, 80))
    turn = rng.normal(25, 35) if rng.random() < 0.5 else rng.uniform(-80, 80)
    state[[PRONATION, FLEXION, DEVIATION]] = np.radians([turn, rng.normal(-8, 20), rng.normal(-3, 9)])
    state[FINGERS.start :] = draw_shape(rng)
    state[SWIVEL:] = np.clip(state[SWIVEL:], LIMITS_LOW, LIMITS_HIGH)
    return state


def draw_idle(rng: np.random.Generator, build: Build, *, hanging: float = 0.05) -> Array:
    """(24,) a hand that does nothing: before belly or hips, or in `hanging` of all cases below the picture."""
    held = ((12, 0, -5, 50), (12, 0, -30, 40), (8, 2, -82, 0))[2 if rng.random() < hanging else rng.integers(2)]
    state = np.empty(STATE_SIZE)
    state[: SWIVEL + 1] = _arm(build, *(held + rng.normal(0.0, 4.0, 4)))
    state[[PRONATION, FLEXION, DEVIATION]] = np.radians(rng.normal([45, 15, 0], 10.0))
    state[FINGERS.start :] = RELAXED + rng.normal(0.0, np.radians(5), 17)
    return state


def draw_shape(rng: np.random.Generator) -> Array:
    """(17,) a hand shape: some fingers chosen to show one posture, the others closed or straight; or anything."""
    if rng.random() < 0.15:
        fingers = rng.uniform([-20, -15, 0], [20, 90, 105], (4, 3))
    else:
        chosen = rng.random(4) < rng.choice([0.3, 0.5, 1.0])
        posture, others = rng.choice(5, p=(0.5, 0.08, 0.12, 0.1, 0.2)), rng.choice([1, 0], p=(0.55, 0.45))
        bends = np.where(chosen[:, None], POSTURES[posture], POSTURES[others])
        spread = rng.choice([0.0, 1.0]) * np.array([12, 2, -8, -17])
        fingers = np.column_stack([spread, bends]) + rng.normal(0.0, 1.0, (4, 3)) * [3, 7, 8]
    thumb = rng.uniform([5, 0, 10, 0, 0], [58, 35, 70, 35, 45])
    return np.concatenate([np.radians(fingers).ravel(), np.radians(thumb)])


def _arm(build: Build, outward: float, forward: float, upward: float, inward: float) -> Array:
    """(4,) wrist and swivel of an arm: upper arm away from hanging, forearm away from straight ahead, degrees."""
    outward, forward, upward, inward = np.radians([outward, forward, upward, inward])
    upper = np.array([np.sin(outward), -np.cos(outward) * np.cos(forward), np.cos(outward) * np.sin(forward)])
    fore = np.array([-np.sin(inward) * np.cos(upward), np.sin(upward), np.cos(inward) * np.cos(upward)])
    elbow = build.shoulder + build.upper_arm * upper
    return place_arm(elbow, elbow + build.forearm * fore, build)
