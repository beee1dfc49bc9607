"""From places in the picture to motion: fill, smooth, measure, find depth, and make it all fit.

The idea of constant lengths is that of Zelinka & Kanis 2020 (section 3, the method Prompt2Sign publishes): each bone
has one length in the whole clip, so whatever its picture lacks of that length is depth. What is new is how the signs
of depth are found (`depth`), and that nothing is left to a thousand small gradient steps.
"""

from __future__ import annotations

from typing import NamedTuple

from ..skeleton import SKELETON
from .arrays import TINY, Array, namespace
from .depth import bone_depths
from .fill import fill
from .lengths import bone_lengths
from .refine import build, refine
from .smooth import Smoother, strength_at


class Batch(NamedTuple):
    """Clips of one length.

    Attributes:
        xy: (T, 2, B, 50) in shoulder widths around the neck; anything where not seen.
        seen: (T, B, 50) bool.
        trust: (T, B, 50) weight of each place, more than 0.
        hints: (T, B, 49) what the estimator says of the depth of each bone, in parts of its length; NaN where nothing.
        neck: (T, 2, B) the neck from the middle of the picture, in shoulder widths.
    """

    xy: Array
    seen: Array
    trust: Array
    hints: Array
    neck: Array


#: Strength of the bridges over gaps, and of the smoothing of depth, at 25 frames a second.
_BRIDGE, _DEPTH = 1.0, 2.0
#: Error of a depth that follows from a length: the part of the length that it is wrong by, what the picture adds, and
#: the least depth that is told from none, in parts of the length.
_LENGTH_PART, _NOISE, _LEAST_DEPTH = 0.02, 0.02, 0.12


def solve(batch: Batch, fps: float, smoothing: float, camera_distance: float | None = None) -> Array:
    """Motion of the clips of a batch.

    Args:
        batch: The joints of clips of one length.
        fps: Frames per second.
        smoothing: Strength of the smoothing over time, at 25 frames a second.
        camera_distance: From the camera to the neck in shoulder widths; None for a camera far away.

    Returns:
        (T, 3, B, 50) x right, y down, z towards the camera, the neck at the origin; bone lengths exact to rounding.
    """
    filled = fill(batch.xy, batch.seen, strength_at(fps, _BRIDGE))
    trust = namespace(filled).broadcast_to(batch.trust[:, None], filled.shape)
    picture = Smoother(trust, strength_at(fps, smoothing))(filled)
    xyz = _from_afar(picture, batch, fps)
    if camera_distance is None:
        return xyz
    return _from_afar(without_perspective(picture, batch.neck, xyz[:, 2], camera_distance), batch, fps)


def without_perspective(picture: Array, neck: Array, depth: Array, camera_distance: float) -> Array:
    """Where a pinhole camera's picture would show each joint if the camera were far away.

    Args:
        picture: (T, 2, B, 50) joints in shoulder widths around the neck.
        neck: (T, 2, B) the neck from the middle of the picture, in shoulder widths.
        depth: (T, B, 50) of the joints before the neck, towards the camera.
        camera_distance: From the camera to the neck.

    Returns:
        (T, 2, B, 50).
    """
    neck = neck[..., None]
    return (picture + neck) * (1 - depth / camera_distance)[:, None] - neck


def _from_afar(xy: Array, batch: Batch, fps: float) -> Array:
    """Motion (T, 3, B, 50) from smooth positions (T, 2, B, 50) without perspective."""
    xp = namespace(xy)
    lengths = bone_lengths(xy, batch.seen)
    start, end = SKELETON.bones.T.tolist()
    flat = xy[..., end] - xy[..., start]
    xy_single, lengths_single, hints_single = (xp.astype(array, xp.float32) for array in (xy, lengths, batch.hints))
    depths = xp.astype(bone_depths(xy_single, lengths_single, hints_single, fps), xy.dtype)
    depths = _smooth(depths, lengths, strength_at(fps, _DEPTH))
    return refine(build(xp.concat([flat, depths[:, None]], axis=1), lengths), xy, lengths)


def _smooth(depths: Array, lengths: Array, strength: float) -> Array:
    """Depths (T, B, 49) smoothed over time, those least that are known best: of bones along the line of sight."""
    xp = namespace(depths)
    least = xp.maximum(xp.abs(depths) / xp.maximum(lengths, TINY), _LEAST_DEPTH)
    error = _LENGTH_PART / least + _NOISE
    return Smoother((_NOISE / error) ** 2, strength)(depths)
