"""From a score to true 3D joints: inverse kinematics of the arms, hands, head and a little sway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..skeleton import (
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NOSE,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    SKELETON,
)
from .camera import Camera
from .figure import SIGNERS, Signer
from .handshapes import hand_points
from .rotations import Array, about, from_quaternion, unit
from .score import SHAPE, TURN, WRIST, Cue, write_score
from .vocabulary import VOCABULARY

#: Middle of the head from the neck joint, and tip of the nose from the middle of the head, metres.
HEAD_CENTRE_M, NOSE_TIP_M = np.array([0.0, 0.240, 0.028]), np.array([0.0, -0.024, 0.106])
#: Elbows hang this way from the line between shoulder and wrist: outward, down and a little back.
ELBOW_SIDE = np.array([0.60, -1.0, -0.35])
BLINK_S = 0.12
MIRROR = np.array([-1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Motion:
    """What a signer does, frame by frame. Joints are `prompt2sign.skeleton.SKELETON`, in world axes and metres.

    Attributes:
        fps: Frames per second.
        xyz: (T, 50, 3) true joints.
        trunk: (T, 3, 3) the trunk's axes in the columns.
        head: (T, 3, 3) the head's axes in the columns.
        hands: (T, 2, 3, 3) axes of left and right hand in the columns: to the thumb, along the fingers, out of the
            palm.
        eyes_shut: (T,) from 0 to 1.
        mouth_open: (T,) from 0 to 1.
        signing: (T,) bool, False while both hands rest.
        cues: One a sentence, seconds.
    """

    fps: float
    xyz: Array
    trunk: Array
    head: Array
    hands: Array
    eyes_shut: Array
    mouth_open: Array
    signing: NDArray[np.bool_]
    cues: tuple[Cue, ...]


class Truth(NamedTuple):
    """What an estimator or a lifter is measured against.

    Attributes:
        xyz: (T, 50, 3) joints in metres, world axes.
        pixels: (T, 50, 2) the same joints in the picture.
        signing: (T,) bool, False while both hands rest.
    """

    xyz: Array
    pixels: Array
    signing: NDArray[np.bool_]


def signing_motion(
    seed: int,
    n_signs: int = 6,
    *,
    fps: float = 25.0,
    signer: Signer | None = None,
    camera: Camera | None = None,
) -> Truth:
    """Make up a sentence of random signs and perform it, without a picture being drawn.

    Args:
        seed: The same seed gives the same motion.
        n_signs: Signs drawn from the vocabulary.
        fps: Frames per second.
        signer: Who signs; drawn by the seed where None.
        camera: Who looks; `Camera()` where None.

    Returns:
        Joints in space and in the picture.
    """
    rng = np.random.default_rng(seed)
    glosses = [str(gloss) for gloss in rng.choice(sorted(VOCABULARY), n_signs)]
    who = signer or SIGNERS[str(rng.choice(sorted(SIGNERS)))]
    motion = perform([glosses], who, rng, fps=fps)
    return truth_of(motion, camera or Camera())


def truth_of(motion: Motion, camera: Camera) -> Truth:
    """The part of a motion that is measured against."""
    return Truth(motion.xyz, camera.project(motion.xyz), motion.signing)


def perform(
    sentences: Sequence[Sequence[str]],
    signer: Signer,
    rng: np.random.Generator,
    *,
    pause_s: float = 0.0,
    fps: float = 25.0,
) -> Motion:
    """Sign sentences given as glosses.

    Args:
        sentences: Glosses of each sentence, from `vocabulary.VOCABULARY`.
        signer: Who signs.
        rng: Decides on everything that differs between two performances.
        pause_s: Rest before, between and after the sentences.
        fps: Frames per second.
    """
    score = write_score(sentences, rng, pause_s, fps)
    times_s = np.arange(round(score.duration_s * fps)) / fps
    trunk, origin = _sway(times_s, rng)
    head, eyes_shut, mouth_open = _face(times_s, trunk, rng)
    xyz, hands = _limbs(score.hands(times_s), signer)
    xyz = np.einsum("tij,tkj->tki", trunk, xyz) + origin[:, None]
    nose = (HEAD_CENTRE_M + NOSE_TIP_M) * signer.head_scale
    xyz[:, NOSE] = origin + head @ nose
    signing = np.zeros(len(times_s), dtype=bool)
    for cue in score.cues:
        signing |= (times_s >= cue.signing_start_s) & (times_s <= cue.signing_end_s)
    return Motion(fps, xyz, trunk, head, trunk[:, None] @ hands, eyes_shut, mouth_open * signing, signing, score.cues)


def _limbs(states: Array, signer: Signer) -> tuple[Array, Array]:
    """Joints (T, 50, 3) but for the nose, and hand axes (T, 2, 3, 3), in the trunk's axes from the neck joint."""
    xyz = np.zeros((len(states), SKELETON.count, 3))
    hands = np.empty((len(states), 2, 3, 3))
    left, right = (0, 1) if signer.left_handed else (1, 0)
    sides = (
        (left, LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST, LEFT_HAND, np.ones(3)),
        (right, RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, RIGHT_HAND, MIRROR),
    )
    for side, (which, shoulder, elbow, wrist, hand, flip) in enumerate(sides):
        arm, points, axes = _left_limb(states[:, which], signer)
        xyz[:, [shoulder, elbow, wrist]] = arm * flip
        xyz[:, hand] = points * flip
        hands[:, side] = axes * flip[:, None]
    return xyz, hands


def _left_limb(states: Array, signer: Signer) -> tuple[Array, Array, Array]:
    """Shoulder, elbow and wrist (T, 3, 3), hand points (T, 21, 3) and hand axes (T, 3, 3) of a left arm.

    For the left arm outward, up and forward are the trunk's x, y and z; the right arm is its mirror image.
    """
    shoulder = np.array([signer.shoulder_width / 2, 0.0, 0.0])
    elbow, wrist = bend_arm(shoulder, states[:, WRIST] * signer.reach_scale, signer.upper_arm, signer.forearm)
    axes = from_quaternion(states[:, TURN]) * [-1.0, 1.0, 1.0]  # a left thumb points the other way
    points = wrist[:, None] + np.einsum("tij,tkj->tki", axes, hand_points(states[:, SHAPE]) * signer.hand_scale)
    arm = np.stack([np.broadcast_to(shoulder, wrist.shape), elbow, wrist], axis=1)
    return arm, points, axes


def bend_arm(shoulder: Array, wrist: Array, upper_arm: float, forearm: float) -> tuple[Array, Array]:
    """Two-bone inverse kinematics of a left arm (law of cosines).

    Args:
        shoulder: (3,) shoulder joint.
        wrist: (T, 3) where the wrist should be.
        upper_arm: Length of the first bone.
        forearm: Length of the second bone.

    Returns:
        elbow: (T, 3), on the side of `ELBOW_SIDE` of the line from shoulder to wrist.
        wrist: (T, 3), drawn in towards the shoulder where it was out of reach.
    """
    reach = wrist - shoulder
    distance = np.linalg.norm(reach, axis=1, keepdims=True)
    line = reach / distance
    distance = np.clip(distance, abs(upper_arm - forearm) + 1e-3, upper_arm + forearm - 1e-3)
    along = (upper_arm**2 - forearm**2 + distance**2) / (2 * distance)
    height = np.sqrt(np.maximum(upper_arm**2 - along**2, 0.0))
    side = unit(ELBOW_SIDE - line * (line @ ELBOW_SIDE)[:, None])
    return shoulder + line * along + side * height, shoulder + line * distance


def _sway(times_s: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """The trunk's axes (T, 3, 3) and the neck joint (T, 3) of someone who stands, but not like a statue."""
    turn, lean, *drift = (wander(times_s, period_s, rng) for period_s in (4.7, 3.9, 5.3, 2.9, 4.1))
    trunk = about("y", 0.06 * turn) @ about("z", 0.012 * lean)
    return trunk, np.stack(drift, axis=1) * [0.008, 0.002, 0.004]


def _face(times_s: Array, trunk: Array, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """The head's axes (T, 3, 3), how far the eyes are shut (T,) and the mouth open (T,)."""
    yaw, nod, tilt = (wander(times_s, period_s, rng) for period_s in (2.6, 1.7, 3.1))
    head = trunk @ about("y", 0.12 * yaw) @ about("x", 0.05 + 0.04 * nod) @ about("z", 0.04 * tilt)
    blink_at = (times_s + rng.uniform(0, 3)) % rng.uniform(2.2, 3.4)
    eyes_shut = np.clip(1.5 - np.abs(blink_at / BLINK_S - 1) * 1.5, 0.0, 1.0)
    mouth_open = np.clip(wander(times_s, 0.7, rng) + 0.2, 0.0, 1.0)
    return head, eyes_shut, mouth_open


def wander(times_s: Array, period_s: float, rng: np.random.Generator) -> Array:
    """(T,) smooth and aimless, between -1 and 1: two waves whose periods have no common multiple."""
    first, second = rng.uniform(0, 2 * np.pi, 2)
    slow: Array = np.sin(2 * np.pi * times_s / period_s + first)
    quick: Array = np.sin(2 * np.pi * times_s / (0.618 * period_s) + second)
    return (slow + 0.6 * quick) / 1.6
