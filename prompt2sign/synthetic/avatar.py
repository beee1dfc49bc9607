"""The procedural signer performs a motion that was measured or generated.

The motion becomes joint angles, the angles move a body whose bones are as long as the motion's usually are, and a
camera far away looks at it, so that every joint stands in the picture where the motion has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..drawing.camera import Camera as PlainCamera
from ..skeleton import LEFT_HAND, LEFT_SHOULDER, NECK, NOSE, RIGHT_HAND, RIGHT_SHOULDER, SKELETON
from .camera import Camera
from .figure import Signer
from .handshapes import KNUCKLES_M
from .joint_angles import JointAngles, joint_angles, pose
from .motion import HEAD_CENTRE_M, NOSE_TIP_M, Motion
from .rotations import Array, about, unit

#: From the neck to the tip of the nose of a head of scale 1 that looks at the camera, metres.
NEUTRAL_NOSE_M = HEAD_CENTRE_M + NOSE_TIP_M
#: Far enough that nearer hands are not larger: a motion's picture plane knows no perspective either.
DISTANCE_M = 60.0
#: Hands are drawn so much smaller or larger than usual at most, whatever a motion says.
SMALLEST, LARGEST = 0.8, 1.25
#: Sines: how far beside the neck in the picture a nose can be at most, and how far a head turns before it leans.
_FARTHEST_BESIDE, _WIDEST_TURN = 0.98, 0.7
#: Rays begin this far before the shoulders; what would be nearer to the camera is moved back with its body, metres.
_FRONT_M = 0.68
#: The estimator sees shoulder joints farther in than the flesh drawn round them, the more so the stouter the figure. So
#: it is drawn farther out: by this factor, and so much more for each part of girth. Fitted to How2Sign clips, so that
#: the shoulder width found is the motion's within a few per cent.
_SHOULDERS_OUT, _MORE_OUT = 1.03, 0.5
#: A blink now and then, seconds: a face that never blinks is a mask.
_BLINK_EVERY_S, _BLINK_S = 3.7, 0.2
#: How a body turns so that the camera, which looks along z, sees it as `drawing.camera` does.
_TURNS = {"front": np.eye(3), "side": about("y", -np.pi / 2), "top": about("x", np.pi / 2)}


@dataclass(frozen=True)
class Avatar:
    """A signer of a motion's proportions, and what she does.

    Attributes:
        signer: Colours and measures.
        unit_m: A shoulder width of the motion in metres; her shoulders are drawn wider than that.
        angles: What the body does.
        motion: The same as joints in metres, for the renderer.
    """

    signer: Signer
    unit_m: float
    angles: JointAngles
    motion: Motion


def perform_motion(xyz: NDArray[np.float32], fps: float, signer: Signer) -> Avatar:
    """Let a signer perform a motion.

    Her bones are as long as the motion's are at the median, and her hands as large as they need to be; head, girth and
    colours stay her own.

    Args:
        xyz: (T, 50, 3) shoulder widths, as `formats.motion.Motion` has them; finite, T at least 1.
        fps: Frames per second.
        signer: Who performs it.
    """
    joints = (np.asarray(xyz, np.float64) - xyz[:, [NECK]]) * [1.0, -1.0, 1.0]
    angles = joint_angles(joints)
    lengths = np.median(_bone_lengths(joints), axis=0) * signer.shoulder_width
    wider = _SHOULDERS_OUT + _MORE_OUT * (signer.girth - 1)
    body = replace(signer, shoulder_width=signer.shoulder_width * wider, hand_scale=_hand_scale(lengths))
    nose = joints[:, NOSE] * signer.shoulder_width
    head = _head(nose[:, :2] / (signer.head_scale * np.linalg.norm(NEUTRAL_NOSE_M)))
    posed = pose(angles, lengths)
    posed.xyz[:, NOSE, :2] = nose[:, :2]
    posed.xyz[:, NOSE, 2] = (head @ NEUTRAL_NOSE_M * signer.head_scale)[:, 2]
    motion = Motion(
        fps=fps,
        xyz=posed.xyz,
        trunk=angles.trunk,
        head=head,
        hands=posed.hands,
        eyes_shut=_blinks(np.arange(len(joints)) / fps),
        mouth_open=np.zeros(len(joints)),
        signing=np.ones(len(joints), np.bool_),
        cues=(),
    )
    return Avatar(body, signer.shoulder_width, angles, motion)


def film(avatar: Avatar, camera: PlainCamera, n_threads: int = 1) -> Iterator[NDArray[np.uint8]]:
    """Draw an avatar frame by frame as a camera of `drawing` sees it; `n_threads` changes no picture.

    Args:
        avatar: From `perform_motion`.
        camera: From `drawing.frame_motions`: size, view, and where a shoulder width lies in the picture.
        n_threads: Frames drawn at once.

    Yields:
        (H, W, 3) uint8 RGB, one a frame.

    Raises:
        MissingError: numba is not installed.
    """
    from .render import draw_frames  # here, because it needs numba

    placed, view = staged(avatar, camera)
    return draw_frames(placed, avatar.signer, view, n_threads)


def staged(avatar: Avatar, camera: PlainCamera) -> tuple[Motion, Camera]:
    """The motion where it is filmed, and the renderer's camera, which together show what `camera` does."""
    width, height = camera.size
    px_per_m = camera.scale / avatar.unit_m
    turn = _TURNS[camera.view]
    xyz = avatar.motion.xyz.copy()
    xyz[:, [LEFT_SHOULDER, RIGHT_SHOULDER]] *= avatar.signer.shoulder_width / avatar.unit_m
    xyz = xyz @ turn.T
    back = min(0.0, _FRONT_M - float(np.percentile(xyz[..., 2], 99.9)))
    place = np.array([(camera.neck[0] - width / 2) / px_per_m, 0.0, back])
    placed = replace(
        avatar.motion,
        xyz=xyz + place,
        trunk=turn @ avatar.motion.trunk,
        head=turn @ avatar.motion.head,
        hands=turn @ avatar.motion.hands,
    )
    eye_level_m = (camera.neck[1] - height / 2) / px_per_m
    return placed, Camera(width, height, DISTANCE_M, eye_level_m, view_height_m=height / px_per_m)


def _bone_lengths(joints: Array) -> Array:
    """(T, 49)."""
    start, end = SKELETON.bones.T
    lengths: Array = np.linalg.norm(joints[:, end] - joints[:, start], axis=-1)
    return lengths


def _hand_scale(lengths: Array) -> float:
    """Size of the hands by the bones of their palms, which are (49,) metres long."""
    knuckles = [hand.start + 5 + 4 * finger for hand in (LEFT_HAND, RIGHT_HAND) for finger in range(len(KNUCKLES_M))]
    palm = lengths[np.isin(SKELETON.bones[:, 1], knuckles)].mean()
    return float(np.clip(palm / np.linalg.norm(KNUCKLES_M, axis=1).mean(), SMALLEST, LARGEST))


def _head(nose: Array) -> Array:
    """The head's axes (T, 3, 3) in the columns.

    How far forward a nose lies is what a motion knows least, so its place in the picture alone moves the head: it nods
    and turns, and leans where turning is not enough. At the median it looks ahead, however long the neck is.

    Args:
        nose: (T, 2) right of the neck and above it, in parts of the way from neck to nose of a head of this size.
    """
    neutral = unit(NEUTRAL_NOSE_M)
    beside = nose + np.array([0.0, neutral[1] - np.median(nose[:, 1])])
    beside /= np.maximum(np.linalg.norm(beside, axis=1, keepdims=True) / _FARTHEST_BESIDE, 1.0)
    ahead = np.sqrt(1 - np.sum(beside**2, axis=1, keepdims=True))
    nod = np.arccos(beside[:, 1])
    turn = np.arcsin(np.clip(beside[:, 0] / np.sin(nod), -_WIDEST_TURN, _WIDEST_TURN))
    head = about("y", turn) @ about("x", nod - np.arccos(neutral[1]))
    return _least_turn(head @ neutral, np.concatenate([beside, ahead], axis=1)) @ head


def _least_turn(start: Array, end: Array) -> Array:
    """(T, 3, 3) the least rotation that brings one unit vector (T, 3) into the direction of another.

    Rodrigues' formula in the cross product of the two.
    """
    x, y, z = np.moveaxis(np.cross(start, end), -1, 0)
    zero = np.zeros_like(x)
    rows = [[zero, -z, y], [z, zero, -x], [-y, x, zero]]
    cross = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
    cosine = np.maximum(np.sum(start * end, axis=1), -0.9)[:, None, None]
    return np.asarray(np.eye(3) + cross + cross @ cross / (1 + cosine))


def _blinks(times_s: Array) -> Array:
    """(T,) how far the eyes are shut."""
    since = (times_s + _BLINK_EVERY_S / 2) % _BLINK_EVERY_S
    shut: Array = np.clip(1.5 - np.abs(2 * since / _BLINK_S - 1) * 1.5, 0.0, 1.0)
    return shut
