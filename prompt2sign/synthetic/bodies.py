"""Bodies to lift: measures of invented signers, drawn at random, in shoulder widths.

What the measures are taken from. The unit is the distance of the two shoulder joints as pose estimators place them,
which is less than the biacromial breadth of the anthropometric tables. With 0.35 m for it, the segment lengths of
adults (upper arm 0.186, forearm 0.146, hand 0.108 of a height of 1.70 m: Winter, "Biomechanics and Motor Control of
Human Movement", 2009, table 4.1) are 0.90, 0.71 and 0.52 shoulder widths. The ranges round these values, and how much
single finger bones differ from person to person, are our choice; no table was sampled, and the measures of one body
are drawn apart from one another, which makes odd bodies more frequent than they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .handshapes import ADULT, HandMeasures
from .rotations import Array


@dataclass(frozen=True)
class Build:
    """One invented body. Lengths in shoulder widths.

    Attributes:
        shoulder: (3,) left shoulder joint: outward, up and forward of the neck joint.
        upper_arm: Shoulder to elbow.
        forearm: Elbow to wrist.
        hand: Measures of the hand.
        hand_root: (3,) root of the hand from the wrist of the body, in the hand's axes: two estimators, two places.
        nose: (3,) tip of the nose from the neck joint, head upright.
        dip_share: Bend of the last joint of a finger as a share of the middle joint's.
        swivel: How far the elbows of this person are raised, radians.
        left_handed: The left hand leads.
    """

    shoulder: Array
    upper_arm: float
    forearm: float
    hand: HandMeasures
    hand_root: Array
    nose: Array
    dip_share: float
    swivel: float
    left_handed: bool


def draw_build(rng: np.random.Generator) -> Build:
    """Draw a body."""
    return Build(
        shoulder=np.array([0.5, rng.uniform(-0.08, 0.0), 0.0]),
        upper_arm=rng.uniform(0.78, 0.98),
        forearm=rng.uniform(0.70, 0.87),
        hand=_draw_hand(rng, length=rng.uniform(0.48, 0.58)),
        hand_root=np.array([rng.uniform(-0.012, 0.012), rng.uniform(0.012, 0.05), rng.uniform(-0.012, 0.012)]),
        nose=np.array([0.0, rng.uniform(0.55, 0.68), rng.uniform(0.30, 0.40)]),
        dip_share=rng.uniform(0.5, 0.7),
        swivel=np.radians(rng.normal(0.0, 10.0)),
        left_handed=bool(rng.random() < 0.15),
    )


def _draw_hand(rng: np.random.Generator, length: float) -> HandMeasures:
    """A hand of this length from its root to the tip of the middle finger, bones and breadth varied by some 5 %."""
    breadth = np.array([rng.normal(1.0, 0.05), 1.0, 1.0])
    knuckles = ADULT.knuckles * breadth * rng.normal(1.0, 0.015, (4, 1))
    finger_bones = ADULT.finger_bones * rng.normal(1.0, 0.04, (4, 3))
    thumb_bones = ADULT.thumb_bones * [0.85, 1.0, 1.0] * rng.normal(1.0, 0.04, 3)
    scale = length / (np.linalg.norm(knuckles[1]) + finger_bones[1].sum())
    return HandMeasures(
        knuckles * scale, finger_bones * scale, 1.3 * ADULT.thumb_base * breadth * scale, thumb_bones * scale
    )
