"""Positions near what was seen whose bones have their lengths.

Positions are pulled to the picture and then, bone by bone from the neck outwards, brought back to their lengths, moving
both ends (position based dynamics: Mueller et al. 2007, eq. 10 and 11); depth moves only with the bones.
"""

from __future__ import annotations

import numpy as np
from array_api_compat import device

from ..skeleton import NECK, SKELETON
from .arrays import TINY, Array, kernels, laid_out, namespace

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
    joints, goal, sizes = _outwards(xyz), _outwards(target), _sizes(lengths)
    if fast := kernels(joints):
        flat = _flat(joints)
        fast.mend_all(flat, _flat(goal), _each(sizes, joints), _ENDS, _ROUNDS, (_PULL, _CHILD, _PARENT))
        fast.take_apart(flat, _ENDS)
    else:
        _mend_all(joints, goal, sizes)
        for above, below in reversed(_levels(joints)):
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
    """(C, 50, T, B) of (T, C, B, 50): what follows takes whole joints."""
    return laid_out(namespace(places).permute_dims(places, (1, 3, 0, 2))[:, _OUTWARDS])


def build(bones: Array, lengths: Array) -> Array:
    """(T, 3, B, 50) joints from the neck outwards, from the directions of bones (T, 3, B, 49) of any length."""
    xp = namespace(bones)
    n_frames, n_components, n_clips, n_bones = bones.shape
    joints = xp.zeros((n_components, 1 + n_bones, n_frames, n_clips), dtype=bones.dtype, device=device(bones))
    joints[:, 1:] = xp.permute_dims(bones, (1, 3, 0, 2))
    return _grown(joints, _sizes(lengths))


def _grown(bones: Array, sizes: Array) -> Array:
    """(T, 3, B, 50) joints of bones of any length; one without, a hand's root on its wrist, points to the camera.

    The bones become their ends in place.
    """
    xp = namespace(bones)
    if fast := kernels(bones):
        fast.grow(_flat(bones), _each(sizes, bones), _ENDS)
    else:
        length = _norm(bones)
        bones *= sizes / xp.maximum(length, TINY)
        bones[2] = xp.where(length > TINY, bones[2], sizes)
        for above, below in _levels(bones):
            below[...] += above
    return xp.permute_dims(bones[:, _PLACES], (2, 0, 3, 1))


def _flat(joints: Array) -> Array:
    """(C, 50, T * B), as `compiled` takes them: views."""
    return joints.reshape(*joints.shape[:2], -1)


def _each(sizes: Array, joints: Array) -> Array:
    """(50, T * B) the sizes (50, 1, B) in every frame of joints (3, 50, T, B)."""
    return np.array(np.broadcast_to(sizes, joints.shape[1:])).reshape(len(sizes), -1)


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
    parents = [joints[:, parents, None] for parents, _ in _LEVELS]
    return [
        (above, joints[:, children].reshape((len(joints), above.shape[1], -1, *joints.shape[2:])))
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
