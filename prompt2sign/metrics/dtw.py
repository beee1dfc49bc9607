"""How far a motion lies from its reference when time may stretch: the published DTW and the challenge's DTW-MJE.

Two measures go by this name, and their numbers have nothing to do with each other.

`published` is what Progressive Transformers (Saunders et al. 2020, `calculate_dtw`) and all who build on it report:
the sum of absolute differences of all coordinates, along the cheapest path, over the reference's length. Published
values are of skels, whose unit is three shoulder widths for PHOENIX (`SCALE_PROGRESSIVE`); ours are shoulder widths.

`mje` is the mean distance of a joint from its reference along the path, the DTW-MJE of the SLRTP 2025 challenge. The
challenge aligns by the Euclidean norm of all coordinates of a frame together, which is not the mean over joints that
it then reports; so do we. Its path, however, comes from `fastdtw` of radius 1, which need not be the cheapest: its
value is of another path, as a rule a higher one, though nothing makes it so. It also takes every second frame of 25 a
second and pools the steps of all clips (`pooled`), and its joints (178, with a face) and its unit are its own.

DTW of either kind rewards not moving: a still mean pose beats a real signer of another sentence. Read it beside
`movement`, and beside the baselines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import UsageError
from ..skeleton import BODY, LEFT_HAND, LEFT_WRIST, RIGHT_HAND, RIGHT_WRIST
from .alignment import align
from .checked import checked_frames, checked_motion

Array = NDArray[np.float64]
Kind = Literal["published", "mje", "body", "hands", "hand-shape"]

#: From shoulder widths to the unit of the PHOENIX skels that published DTW values are of.
SCALE_PROGRESSIVE = 1 / 3


class JointError(NamedTuple):
    """Mean distances of joints from their reference along one path, the whole body's, in shoulder widths.

    Attributes:
        whole: Of all 50 joints: the DTW-MJE.
        body: Of nose, neck, shoulders, elbows and wrists.
        hands: Of the 42 joints of both hands, where they are in space.
        hand_shape: The same, each hand seen from its own wrist: a hand held right in the wrong place has none.
        n_steps: Steps of the path.
    """

    whole: float
    body: float
    hands: float
    hand_shape: float
    n_steps: int


def dtw_published(reference: ArrayLike, hypothesis: ArrayLike, scale: float = 1.0) -> float:
    """The DTW of Progressive Transformers.

    Cutting is the caller's: the original first drops the hypothesis' start frame and cuts both at their counters
    (`cut_at_counter`), because its clips carry counters; ours end where they end.

    Args:
        reference: (N, 50, 3) or (N, K).
        hypothesis: (M, 50, 3) or (M, K).
        scale: What the result is multiplied by: `SCALE_PROGRESSIVE` puts shoulder widths on the published scale.

    Returns:
        Sum over coordinates, mean over the reference's frames, in the unit of the input times `scale`.

    Raises:
        ClipRejected: A clip has no frame, or holds a number that is not finite.
        UsageError: Their frames are of different sizes.
    """
    clips = _pair(checked_frames(reference, "reference"), checked_frames(hypothesis, "hypothesis"))
    return scale * align(*clips, "cityblock").total / len(clips[0])


def dtw_mje(reference: ArrayLike, hypothesis: ArrayLike) -> float:
    """`joint_error(...).whole`: the challenge's DTW-MJE, exactly aligned, in shoulder widths."""
    return joint_error(reference, hypothesis).whole


def joint_error(reference: ArrayLike, hypothesis: ArrayLike) -> JointError:
    """Align two motions and measure the joints along the path.

    Args:
        reference: (N, 50, 3) shoulder widths.
        hypothesis: (M, 50, 3) shoulder widths.

    Raises:
        ClipRejected: A clip has no frame, or holds a number that is not finite.
        UsageError: A shape is another one.
    """
    clips = checked_motion(reference, "reference"), checked_motion(hypothesis, "hypothesis")
    flat = [clip.reshape(len(clip), -1) for clip in clips]
    path = align(flat[0], flat[1], "euclidean").path()
    wanted, given = (clip[steps] for clip, steps in zip(clips, path, strict=True))
    joints = _distances(wanted, given).mean(axis=0)
    shapes = _distances(_from_wrists(wanted), _from_wrists(given))
    means = (joints, joints[BODY], joints[BODY.stop :], shapes)
    whole, body, hands, hand_shape = (float(part.mean()) for part in means)
    return JointError(whole, body, hands, hand_shape, len(wanted))


def pooled(errors: Sequence[JointError]) -> JointError:
    """The errors of a corpus as the challenge pools them: every step of every path weighs alike.

    Raises:
        UsageError: There are none.
    """
    if not errors:
        raise UsageError("no clip was measured, so there is no error to pool")
    values = np.array(errors, dtype=np.float64)
    whole, body, hands, hand_shape = np.average(values[:, :-1], axis=0, weights=values[:, -1]).tolist()
    return JointError(whole, body, hands, hand_shape, int(values[:, -1].sum()))


def dtw_many(
    references: Sequence[ArrayLike], hypotheses: Sequence[ArrayLike], kind: Kind = "mje", scale: float = 1.0
) -> Array:
    """Measure many pairs of clips of whatever lengths.

    Args:
        references: B clips.
        hypotheses: B clips.
        kind: `published`, or a part of `JointError` (`mje` is the whole).
        scale: What the results are multiplied by.

    Returns:
        (B,) a value a pair, as `dtw_published` and `joint_error` give it.

    Raises:
        UsageError: The lists differ in length.
        ClipRejected: As for one pair.
    """
    if len(references) != len(hypotheses):
        raise UsageError(f"{len(references)} references cannot be paired with {len(hypotheses)} hypotheses")
    return scale * np.array([_one(*pair, kind) for pair in zip(references, hypotheses, strict=True)], dtype=np.float64)


def cut_at_counter(frames: ArrayLike) -> Array:
    """Cut a clip as the original does: before the frame of the highest counter, but never to nothing.

    The counter of a whole clip is highest in its last frame, so the original compares every clip without it.

    Args:
        frames: (T, K + 1) coordinates, then the counter; of a hypothesis without its start frame.

    Returns:
        (T', K) coordinates.
    """
    values = checked_frames(frames, "clip with its counter")
    return np.ascontiguousarray(values[: max(1, int(np.argmax(values[:, -1]))), :-1])


def _one(reference: ArrayLike, hypothesis: ArrayLike, kind: Kind) -> float:
    if kind == "published":
        return dtw_published(reference, hypothesis)
    error = joint_error(reference, hypothesis)
    return {"mje": error.whole, "body": error.body, "hands": error.hands, "hand-shape": error.hand_shape}[kind]


def _pair(reference: Array, hypothesis: Array) -> tuple[Array, Array]:
    if reference.shape[1] != hypothesis.shape[1]:
        raise UsageError(
            f"a frame of the reference holds {reference.shape[1]} numbers and one of the hypothesis "
            f"{hypothesis.shape[1]}; both must be of one skeleton, without counters"
        )
    return reference, hypothesis


def _from_wrists(xyz: Array) -> Array:
    """(T, 42, 3) the hands, each relative to its wrist."""
    hands = ((LEFT_WRIST, LEFT_HAND), (RIGHT_WRIST, RIGHT_HAND))
    return np.concatenate([xyz[:, hand] - xyz[:, [wrist]] for wrist, hand in hands], axis=1)


def _distances(first: Array, second: Array) -> Array:
    difference = first - second
    lengths: Array = np.sqrt(np.einsum("tjc,tjc->tj", difference, difference))
    return lengths
