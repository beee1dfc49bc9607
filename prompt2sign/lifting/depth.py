"""How much nearer to the camera each bone ends than it starts: arms by a grid, palms and fingers by search.

The picture leaves two answers for each bone, or none where noise makes it look longer than it is. Palms are mirror
images of themselves, fingers have eight patterns of signs for each; which palm it is decides how fingers may bend and
how the wrist is bent, and so what the forearm does. Arms are decided first, with both palms in mind; then palms, then
fingers.
"""

from __future__ import annotations

from array_api_compat import device

from ..skeleton import LEFT_HAND, NOSE, RIGHT_HAND, SKELETON
from .arms import ELBOWS, SHOULDERS, WRISTS, arm_depths, wrist_costs
from .arrays import Array, constant, dot, namespace
from .fingers import SAME_WAY, finger_bones, pattern_changes, pattern_costs, pattern_hints
from .lengths import BONE_TO
from .palm import Palms, both_palms, palm_depths, palm_hints
from .search import best_path

_HANDS = [[*range(hand.start, hand.stop)] for hand in (LEFT_HAND, RIGHT_HAND)]
_HAND_BONES = [[BONE_TO[joint] for joint in hand] for hand in _HANDS]
#: Where each bone's end stands among the joints as `_in_order` puts them together.
_JOINTS = [NOSE, *SHOULDERS, *ELBOWS, *WRISTS, *_HANDS[0], *_HANDS[1]]
_ORDER = [_JOINTS.index(joint) for joint in SKELETON.bones[:, 1]]
#: A left hand is looked at in a mirror.
_MIRROR = [[-1.0, 1.0], [1.0, 1.0]]
#: Arms turn slowly: their depth is looked for this many times a second.
_ARM_RATE = 12.5
#: Change of a palm's axes from frame to frame that costs 1, and the most that any change costs.
_PALM_TURN, _PALM_JUMP = 0.35, 30.0
_FROM_PALM_TO_PALM = [[0, 1], [2, 3]]


def bone_depths(xy: Array, lengths: Array, hints: Array, fps: float) -> Array:
    """How much nearer to the camera each bone ends than it starts.

    Args:
        xy: (T, 2, B, 50) smooth positions in shoulder widths around the neck, without perspective.
        lengths: (B, 49) of the bones of `SKELETON.bones`.
        hints: (T, B, 49) as in `solve.Batch`.
        fps: Frames per second.

    Returns:
        (T, B, 49) shoulder widths.
    """
    xp = namespace(xy)
    hands = _both_hands(xy) * constant(_MIRROR, xy)[:, None, :, None]
    sizes = xp.stack([lengths[:, bones] for bones in _HAND_BONES], axis=1)
    hand_hints = xp.stack([hints[..., bones] for bones in _HAND_BONES], axis=2)
    palms = both_palms(hands, sizes)
    bones = finger_bones(hands, sizes)
    costs = pattern_costs(bones, palms)
    hinted = not bool(xp.all(xp.isnan(hand_hints)))
    if hinted:
        costs += pattern_hints(bones, hand_hints)[:, None]
    palm_costs = xp.permute_dims(xp.sum(xp.min(costs, axis=0), axis=1), (1, 2, 3, 0))
    if hinted:
        palm_costs = palm_costs + palm_hints(palms, hand_hints)
    arm_bones = [[BONE_TO[joint] for joint in joints] for joints in (ELBOWS, WRISTS)]
    arm_lengths, arm_hints = ([values[..., bones] for bones in arm_bones] for values in (lengths, hints))
    stride = max(1, round(fps / _ARM_RATE))
    now_and_then = (
        [hint[::stride] for hint in arm_hints],
        Palms(*(axis[::stride] for axis in palms)),
        palm_costs[::stride],
    )
    upper, fore = (
        _every_frame(depth, stride, len(xy)) for depth in arm_depths(xy[::stride], arm_lengths, *now_and_then)
    )
    by_wrist = wrist_costs(xy[..., WRISTS] - xy[..., ELBOWS], fore[..., None], palms)[..., 0]
    answer = best_path(xp.moveaxis(palm_costs + by_wrist, -1, 1), _palm_changes(palms), _FROM_PALM_TO_PALM)
    by_palm = xp.where(answer == 0, costs[:, 0], costs[:, 1])
    pattern = best_path(xp.moveaxis(by_palm, 2, 0), pattern_changes(bones), SAME_WAY)
    return _in_order(xy, lengths, upper, fore, _hand_depths(palms.pick(answer), bones.depths_of(pattern), sizes))


def _every_frame(values: Array, stride: int, n_frames: int) -> Array:
    """(n_frames, ...) a straight line between `values`, of which there is one every `stride` frames."""
    xp = namespace(values)
    frames = xp.arange(n_frames, device=device(values))
    look = frames // stride
    before, after = values[look], values[xp.minimum(look + 1, len(values) - 1)]
    part = xp.astype(frames - look * stride, values.dtype) / stride
    return before + (after - before) * part[:, None, None]


def _both_hands(xy: Array) -> Array:
    """(T, 2, B, 2, 21) left and right."""
    return namespace(xy).stack([xy[..., hand] for hand in _HANDS], axis=3)


def _palm_changes(palms: Palms) -> Array:
    """(T - 1, 4, B, 2) how little answers agree with those of the frame before, by `_FROM_PALM_TO_PALM`."""
    xp = namespace(palms.thumb)
    depths = (xp.moveaxis(axis[:, 2], -1, 1) / _PALM_TURN for axis in (palms.thumb, palms.along))
    thumb, along = ((depth[1:, None] - depth[:-1, :, None]) ** 2 for depth in depths)
    changes = xp.minimum(thumb + along, _PALM_JUMP)
    return changes.reshape((len(changes), 4, *changes.shape[3:]))


def _hand_depths(palms: Palms, fingers: Array, sizes: Array) -> Array:
    """(T, B, 2, 21) depth of the bone that ends in each point, from the palm's axes and fingers (T, B, 2, 5, 3)."""
    xp = namespace(fingers)
    knuckles, thumb_base = palm_depths(palms, sizes)
    first = xp.concat([thumb_base[..., None], knuckles], axis=-1)
    points = xp.concat([first[..., None], fingers], axis=-1).reshape((*first.shape[:-1], 20))
    return xp.concat([points[..., :1] * 0.0, points], axis=-1)


def _in_order(xy: Array, lengths: Array, upper: Array, fore: Array, hands: Array) -> Array:
    """(T, B, 49) depths in the order of the bones. The face is before the neck; shoulders stay beside it."""
    xp = namespace(xy)
    nose = lengths[:, BONE_TO[NOSE]] ** 2 - dot(xy[..., NOSE], xy[..., NOSE])
    face = xp.sqrt(xp.maximum(nose, 0.0))[..., None]
    depths = [face, 0.0 * upper, upper, fore, hands.reshape((*face.shape[:-1], -1))]
    return xp.concat(depths, axis=-1)[..., _ORDER]
