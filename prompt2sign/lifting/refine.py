"""Positions near what was seen whose bones have their lengths.

Positions are pulled to the picture and then, bone by bone from the neck outwards, brought back to their lengths, moving
both ends (position based dynamics: Mueller et al. 2007, eq. 10 and 11); depth moves only with the bones.
"""

from __future__ import annotations

from array_api_compat import device

from ..skeleton import NECK, SKELETON
from .arrays import TINY, Array, namespace
from .lengths import BONE_TO

#: Rounds of pulling and mending: enough for the picture, too few for depth to be worn away.
_ROUNDS = 5
#: Part of the way to the picture that a round pulls, and how both ends of a bone share its mending.
_PULL, _CHILD, _PARENT = 0.5, 0.75, 0.25

_LEVELS = [bones.T.tolist() for bones in SKELETON.levels]


def refine(xyz: Array, target: Array, lengths: Array) -> Array:
    """Bring motion nearer to the picture.

    Args:
        xyz: (T, 3, B, 50) a first guess.
        target: (T, 2, B, 50) where the joints are in the picture.
        lengths: (B, 49) of the bones of `SKELETON.bones`.

    Returns:
        (T, 3, B, 50) the neck at the origin, bone lengths exact to rounding.
    """
    joints, goal = _by_joint(xyz), _by_joint(target)
    sizes = [
        _by_joint(lengths[None, None][..., [BONE_TO[child] for child in children]])[:, 0] for _, children in _LEVELS
    ]
    for _ in range(_ROUNDS):
        joints[:, :2] += _PULL * (goal - joints[:, :2])
        for (parents, children), size in zip(_LEVELS, sizes, strict=True):
            _mend(joints, parents, children, size)
        joints = joints - joints[NECK]
    start, end = SKELETON.bones.T.tolist()
    return _build(joints[end] - joints[start], lengths)


def build(bones: Array, lengths: Array) -> Array:
    """(T, 3, B, 50) joints from the neck outwards, from the directions of bones (T, 3, B, 49) of any length."""
    return _build(_by_joint(bones), lengths)


def _build(bones: Array, lengths: Array) -> Array:
    """The same from bones (49, 3, T, B); one without any length, a hand's root on its wrist, points to the camera."""
    xp = namespace(bones)
    size, wanted = _norm(bones), xp.permute_dims(lengths, (1, 0))[:, None]
    bones = bones * (wanted / xp.maximum(size, TINY))[:, None]
    bones[:, 2] = xp.where(size > TINY, bones[:, 2], wanted)
    joints = xp.zeros((SKELETON.count, *bones.shape[1:]), dtype=bones.dtype, device=device(bones))
    for bone, (parent, child) in enumerate(SKELETON.bones.tolist()):
        joints[child] = joints[parent] + bones[bone]
    return xp.permute_dims(joints, (2, 1, 3, 0))


def _mend(joints: Array, parents: list[int], children: list[int], lengths: Array) -> None:
    """Bring the bones of one level of the tree (lengths (n, 1, B)) to their lengths, in place; joints (50, 3, T, B)."""
    bone = joints[children] - joints[parents]
    excess = bone * (1 - lengths / namespace(joints).maximum(_norm(bone), TINY))[:, None]
    joints[children] -= _CHILD * excess
    for number, parent in enumerate(parents):
        joints[parent] += _PARENT * excess[number]


def _by_joint(values: Array) -> Array:
    """(n, C, T, B) from (T, C, B, n), laid out anew: what follows takes whole joints."""
    xp = namespace(values)
    return xp.asarray(xp.permute_dims(values, (3, 1, 0, 2)), copy=True)


def _norm(vectors: Array) -> Array:
    xp = namespace(vectors)
    return xp.sqrt(xp.sum(vectors * vectors, axis=1))
