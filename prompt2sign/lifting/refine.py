"""Positions near what was seen whose bones have their lengths.

Positions are pulled to the picture and then, bone by bone from the neck outwards, brought back to their lengths, moving
both ends (position based dynamics: Mueller et al. 2007, eq. 10 and 11); depth moves only with the bones.
"""

from __future__ import annotations

import numpy as np
from array_api_compat import device

from ..skeleton import NECK, SKELETON
from .arrays import TINY, Array, kernels, namespace

#: Rounds of pulling and mending: enough for the picture, too few for depth to be worn away.
_ROUNDS = 5
#: Part of the way to the picture that a round pulls, and how both ends of a bone share its mending.
_PULL, _CHILD, _PARENT = 0.5, 0.75, 0.25

#: Joints from the neck outwards: after it, the ends of the bones of `SKELETON.bones`. Those equally far from the neck
#: are one block, their parents another, and each parent has as many children: no gathering, and no loop over joints.
_OUTWARDS = [NECK, *SKELETON.bones[:, 1].tolist()]
_PLACES = [_OUTWARDS.index(joint) for joint in range(SKELETON.count)]


def _block(joints: list[int]) -> slice:
    places = [_PLACES[joint] for joint in joints]
    return slice(min(places), max(places) + 1)


_LEVELS = [(_block(parents), _block(children)) for parents, children in (bones.T.tolist() for bones in SKELETON.levels)]
#: As `compiled.mend_all` takes them.
_ENDS = np.array([[place for block in level for place in (block.start, block.stop)] for level in _LEVELS])

# Below, joints and bones are (3, 50, T, B) in that order; a bone stands where it ends, and the neck ends none. The
# parents of a level are (3, n, 1, T, B), its children (3, n, k, T, B): views, so that changing them changes the joints.


def refine(xyz: Array, target: Array, lengths: Array) -> Array:
    """Bring motion nearer to the picture.

    Args:
        xyz: (T, 3, B, 50) a first guess.
        target: (T, 2, B, 50) where the joints are in the picture.
        lengths: (B, 49) of the bones of `SKELETON.bones`.

    Returns:
        (T, 3, B, 50) the neck at the origin, bone lengths exact to rounding.
    """
    joints, goal = _outwards(xyz), _outwards(target)
    sizes, levels = _sizes(lengths), _levels(joints)
    if fast := kernels(joints):
        each = np.broadcast_to(sizes, joints.shape)
        flat, wanted, each = (values.reshape(len(values), SKELETON.count, -1) for values in (joints, goal, each))
        fast.mend_all(flat, wanted, each[0], _ENDS, _ROUNDS, (_PULL, _CHILD, _PARENT))
    else:
        _mend_all(joints, goal, sizes)
    for above, below in reversed(levels):
        below[...] -= above
    return _grown(joints, sizes)


def _mend_all(joints: Array, goal: Array, sizes: Array) -> None:
    """The rounds, in place; goal (2, 50, T, B)."""
    shown, levels = joints[:2], _levels(joints)
    level_sizes = [below[0] for _, below in _levels(sizes[None])]
    for _ in range(_ROUNDS):
        shown += _PULL * (goal - shown)
        for (above, below), size in zip(levels, level_sizes, strict=True):
            _mend(above, below, size)
        joints -= namespace(joints).asarray(joints[:, :1], copy=True)


def _outwards(places: Array) -> Array:
    """(C, 50, T, B) of (T, C, B, 50), laid out anew: what follows takes whole joints."""
    xp = namespace(places)
    n_frames, n_components, n_clips, n_joints = places.shape
    joints = xp.empty((n_components, n_joints, n_frames, n_clips), dtype=places.dtype, device=device(places))
    joints[...] = xp.permute_dims(places, (1, 3, 0, 2))[:, _OUTWARDS]
    return joints


def build(bones: Array, lengths: Array) -> Array:
    """(T, 3, B, 50) joints from the neck outwards, from the directions of bones (T, 3, B, 49) of any length."""
    xp = namespace(bones)
    bones = xp.permute_dims(bones, (1, 3, 0, 2))
    return _grown(xp.concat([0.0 * bones[:, :1], bones], axis=1), _sizes(lengths))


def _grown(bones: Array, sizes: Array) -> Array:
    """(T, 3, B, 50) joints of bones of any length; one without, a hand's root on its wrist, points to the camera."""
    xp = namespace(bones)
    length = _norm(bones)
    joints = bones * (sizes / xp.maximum(length, TINY))
    joints[2] = xp.where(length > TINY, joints[2], sizes)
    for above, below in _levels(joints):
        below[...] += above
    return xp.permute_dims(joints[:, _PLACES], (2, 0, 3, 1))


def _mend(above: Array, below: Array, sizes: Array) -> None:
    """Bring the bones of one level to their sizes (n, k, 1, B), in place."""
    xp = namespace(below)
    bones = below - above
    bones *= 1 - sizes / xp.maximum(_norm(bones), TINY)
    below -= _CHILD * bones
    together = bones[:, :, :1]
    for number in range(1, bones.shape[2]):  # one after the other, as `compiled` does it
        together = together + bones[:, :, number : number + 1]
    above += _PARENT * together


def _levels(joints: Array) -> list[tuple[Array, Array]]:
    """Parents and children of each level, from the neck outwards."""
    xp = namespace(joints)
    parents = [joints[:, parents, None] for parents, _ in _LEVELS]
    return [
        (above, xp.reshape(joints[:, children], (len(joints), above.shape[1], -1, *joints.shape[2:])))
        for above, (_, children) in zip(parents, _LEVELS, strict=True)
    ]


def _sizes(lengths: Array) -> Array:
    """(50, 1, B) from lengths (B, 49)."""
    xp = namespace(lengths)
    return xp.permute_dims(xp.concat([0.0 * lengths[:, :1], lengths], axis=1), (1, 0))[:, None]


def _norm(vectors: Array) -> Array:
    """(...) the lengths of vectors (3, ...)."""
    x, y, z = vectors * vectors
    return namespace(vectors).sqrt(x + y + z)
