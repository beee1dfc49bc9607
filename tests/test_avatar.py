"""The signer performs a motion: every bone points where the motion's does, every joint stands where it has it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import prompt2sign
from prompt2sign.drawing import VIEWS, frame_motions
from prompt2sign.skeleton import LEFT_ELBOW, LEFT_WRIST, NOSE, RIGHT_ELBOW, SKELETON
from prompt2sign.synthetic.avatar import Avatar, perform_motion, staged
from prompt2sign.synthetic.figure import SIGNERS
from prompt2sign.synthetic.handshapes import SHAPES, hand_points
from prompt2sign.synthetic.joint_angles import directions, joint_angles, pose
from prompt2sign.synthetic.motion import signing_motion
from prompt2sign.synthetic.rotations import about, unit
from prompt2sign.synthetic.truth import read_truth

SAMPLE = Path(prompt2sign.__file__).parent / "sample"
JOINTS = [joint for joint in range(SKELETON.count) if joint != NOSE]


@pytest.fixture(scope="module")
def signing() -> np.ndarray:
    """True signing of the sample as a motion: shoulder widths, y down, neck at the origin."""
    xyz = read_truth(SAMPLE / "truth.npz")["sample-01"].xyz
    return as_motion(xyz)


def as_motion(xyz: np.ndarray) -> np.ndarray:
    width = np.linalg.norm(xyz[:, 5] - xyz[:, 2], axis=1).mean()
    return ((xyz - xyz[:, [1]]) * [1, -1, 1] / width).astype(np.float32)


def bone_lengths(xyz: np.ndarray) -> np.ndarray:
    start, end = SKELETON.bones.T
    return np.linalg.norm(xyz[:, end] - xyz[:, start], axis=-1)


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.float64, (2, SKELETON.count, 3), elements=st.floats(-3, 3)), st.integers(0, 2**32))
def test_any_bone_points_where_it_did(xyz: np.ndarray, seed: int) -> None:
    xyz += np.random.default_rng(seed).normal(0, 0.01, xyz.shape)
    xyz[:, 1] = 0.0
    lengths = np.linspace(0.1, 1.0, 49)
    posed = pose(joint_angles(xyz), lengths)
    assert np.abs(directions(posed.xyz) - directions(xyz)).max() < 1e-6
    assert np.allclose(bone_lengths(posed.xyz), lengths)


def test_bones_of_no_length_break_nothing() -> None:
    angles = joint_angles(np.zeros((3, SKELETON.count, 3)))
    posed = pose(angles, np.ones(49))
    assert np.isfinite(posed.xyz).all() and np.allclose(bone_lengths(posed.xyz), 1.0)


@pytest.mark.parametrize("seed", range(3))
def test_true_signing_has_the_angles_of_a_body(seed: int) -> None:
    truth = signing_motion(seed, fps=12.5)
    angles = joint_angles(truth.xyz - truth.xyz[:, [1]])
    assert np.degrees(angles.elbow[..., 0]).min() > 0, "elbows bend one way"
    assert np.abs(np.degrees(angles.elbow[..., 1])).max() < 1.0, "and are hinges"
    assert np.abs(np.degrees(angles.clavicle)).max() < 1.0, "this body never shrugs"
    hinge = np.degrees(angles.fingers[:, :, 1:, 2:, 0])
    assert hinge.min() > -15 and hinge.max() < 120
    assert np.abs(np.degrees(angles.fingers[:, :, 1:, 2:, 1])).max() < 4.0, "finger joints are hinges"


def test_flexion_spread_and_thumb_are_what_the_hand_shape_says() -> None:
    xyz = np.repeat(standing()[None], len(SHAPES), axis=0)
    for frame, shape in enumerate(SHAPES.values()):
        # A right hand that points up, its palm to the camera: thumb to the picture's right, as the hand's own axes.
        xyz[frame, 29:] = xyz[frame, 4] + hand_points(shape.vector()[None])[0] * 3
        xyz[frame, 8:29] = xyz[frame, LEFT_WRIST] + hand_points(shape.vector()[None])[0] * [-3, 3, 3]
    angles = joint_angles(xyz)
    assert np.allclose(angles.fingers[:, 0], angles.fingers[:, 1], atol=1e-9), "left hands are mirror images"
    for frame, shape in enumerate(SHAPES.values()):
        spread, first, middle, last = np.radians(shape.fingers).T
        palm, knuckle, second, third = angles.fingers[frame, 1, 1:].swapaxes(0, 1)
        assert np.allclose(second, np.stack([middle, np.zeros(4)], axis=1), atol=0.06)
        assert np.allclose(third, np.stack([last, np.zeros(4)], axis=1), atol=0.06)
        assert np.allclose(palm[:, 0] + knuckle[:, 0], first, atol=0.03)
        unbent = np.cos(first) > 0.5
        assert np.allclose((palm + knuckle)[unbent, 1], spread[unbent], atol=0.03)
        thumb = np.array([directions_of(joints) for joints in xyz[frame, 29:34][None]])[0]
        assert np.allclose(thumb[1:], unit(shape.thumb)), "the thumb points where the shape says"


@pytest.mark.parametrize("turn", [-1.2, -0.4, 0.0, 0.5, 1.3])
def test_a_turn_of_the_palm_is_pronation_and_nothing_else(turn: float) -> None:
    xyz = np.repeat(standing()[None], 2, axis=0)
    elbow, wrist = xyz[0, RIGHT_ELBOW], xyz[0, 4]
    forearm = (wrist - elbow) / np.linalg.norm(wrist - elbow)
    assert np.allclose(forearm, [0, 0, 1]), "the test below turns about z"
    flat = hand_points(SHAPES["flat"].vector()[None])[0] * 3
    ahead = flat @ about("x", np.pi / 2).T  # fingers away from the body
    xyz[0, 29:] = wrist + ahead
    xyz[1, 29:] = wrist + ahead @ about("z", turn).T
    angles = joint_angles(xyz)
    moved = angles.pronation[1, 1] - angles.pronation[0, 1]
    assert np.isclose(abs((moved + np.pi) % (2 * np.pi) - np.pi), abs(turn))
    assert np.allclose(angles.wrist[1, 1], angles.wrist[0, 1])
    assert np.allclose(angles.fingers[1, 1], angles.fingers[0, 1])


def directions_of(points: np.ndarray) -> np.ndarray:
    return unit(np.diff(points, axis=0))


def standing() -> np.ndarray:
    """(50, 3) upper arms hang, forearms point to the camera; y up, hands without length."""
    xyz = np.zeros((SKELETON.count, 3))
    xyz[NOSE] = [0, 0.6, 0.3]
    for side, joints in ((-1, (2, 3, 4)), (1, (5, 6, 7))):
        xyz[list(joints)] = [[side * 0.5, 0, 0], [side * 0.5, -0.8, 0], [side * 0.5, -0.8, 0.7]]
    xyz[8:29], xyz[29:] = xyz[LEFT_WRIST], xyz[4]
    return xyz


@pytest.mark.parametrize("view", VIEWS)
def test_joints_stand_in_the_picture_where_the_motion_has_them(signing: np.ndarray, view: str) -> None:
    camera = frame_motions([signing], (320, 240), view)
    motion, lens = staged(avatar_of(signing), camera)
    away = np.abs(lens.project(motion.xyz) - camera.project(signing.astype(float))[..., :2]) / camera.scale
    shoulders = [2, 5]
    inner = [joint for joint in JOINTS if joint not in shoulders]
    assert away[:, inner].max() < 0.02, "a camera at 60 m is nearly an infinitely far one"
    assert away[:, shoulders].max() < 0.06, "their flesh is drawn a little farther out"
    if view == "front":
        assert away[:, NOSE].max() < 0.02


def avatar_of(motion: np.ndarray) -> Avatar:
    return perform_motion(motion, 25.0, SIGNERS["bruno"])


def test_the_head_follows_the_nose_and_is_a_rotation(signing: np.ndarray) -> None:
    turned = signing.copy()
    turned[:, NOSE] += np.linspace(-0.3, 0.3, len(turned))[:, None] * [1, 0, 0]
    avatar = avatar_of(turned)
    assert np.allclose(avatar.motion.head @ avatar.motion.head.swapaxes(1, 2), np.eye(3))
    looks = avatar.motion.head[:, :, 2]
    assert looks[-1, 0] > 0.3 and looks[0, 0] < -0.3


def test_what_no_body_can_do_is_performed_all_the_same() -> None:
    wild = np.random.default_rng(0).normal(0, 1.5, (5, SKELETON.count, 3)).astype(np.float32)
    avatar = avatar_of(wild)
    assert np.isfinite(avatar.motion.xyz).all() and np.isfinite(avatar.motion.head).all()
    still = avatar_of(np.zeros((1, SKELETON.count, 3), np.float32))
    assert np.isfinite(still.motion.xyz).all() and len(still.motion.xyz) == 1


def test_the_body_has_the_proportions_of_the_motion(signing: np.ndarray) -> None:
    long = signing.copy()
    arm = [*range(8, 29), LEFT_WRIST]
    long[:, arm] += 0.3 * (long[:, [LEFT_WRIST]] - long[:, [LEFT_ELBOW]])
    lengths = [np.median(bone_lengths(avatar_of(motion).motion.xyz), axis=0) for motion in (signing, long)]
    forearm = int(np.flatnonzero(SKELETON.bones[:, 1] == LEFT_WRIST)[0])
    assert lengths[1][forearm] / lengths[0][forearm] == pytest.approx(1.3, abs=0.01)
