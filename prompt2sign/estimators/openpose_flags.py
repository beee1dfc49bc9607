"""OpenPose's options by its own names: what a preset sets, what the user sets on top, and what follows an OOM."""

from __future__ import annotations

from ..errors import UsageError
from ..options import OpenPoseOptions, PoseOptions

Flags = dict[str, str | int | float | bool]

#: Unset, OpenPose does what its include/openpose/flags.hpp says; a preset names what it changes. `best` is the
#: "maximum accuracy configuration" of its doc/01_demo.md; `fast` follows its doc/06_maximizing_openpose_speed.md.
PRESETS: dict[str, Flags] = {
    "fast": {"net_resolution": "-1x256", "face_net_resolution": "320x320"},
    "balanced": {
        "net_resolution": "-1x368",
        "hand_net_resolution": "368x368",
        "hand_scale_number": 1,
        "face_net_resolution": "368x368",
    },
    "best": {
        "net_resolution": "1312x736",
        "scale_number": 4,
        "scale_gap": 0.25,
        "hand_scale_number": 6,
        "hand_scale_range": 0.4,
    },
}
_OF_QUALITY = {"fast": "balanced", "high": "best"}
#: Fields of `OpenPoseOptions` that are ours, not OpenPose's.
_OURS = {"folder", "models", "door", "preset", "stall_s", "keep_json"}
#: After an out-of-memory the body network's sides shrink to this part, which leaves less than half of its memory.
_SMALLER = 2 / 3
_STEP, _SMALLEST = 16, 128


def preset_of(options: PoseOptions) -> str:
    """Name of the preset: as asked for, else by `quality`."""
    return options.openpose.preset or _OF_QUALITY[options.quality]


def flags_of(options: PoseOptions) -> Flags:
    """Everything that changes OpenPose's results, by its own names; never a path.

    Raises:
        UsageError: Options of hands or face are set, but these are switched off.
    """
    own = options.openpose
    given = own.model_dump(exclude=_OURS, exclude_none=True)
    _refuse_contradictions(own, given)
    flags: Flags = {"model_pose": "BODY_25", "keypoint_scale": 0, **PRESETS[preset_of(options)], **given}
    return {name: value for name, value in sorted(flags.items()) if _applies(name, flags)}


def _applies(name: str, flags: Flags) -> bool:
    """Is this flag of a preset of any use: not a hand's where no hands are looked for?"""
    part = name.split("_", maxsplit=1)[0]
    return name in ("hand", "face") or part not in ("hand", "face") or bool(flags[part])


def _refuse_contradictions(own: OpenPoseOptions, given: Flags) -> None:
    for part in ("hand", "face"):
        useless = [name for name in given if name.startswith(f"{part}_")]
        if not getattr(own, part) and useless:
            raise UsageError(f"openpose.{part} is switched off, but {', '.join(useless)} is set; take one of them out")


def with_less_memory(flags: Flags) -> Flags | None:
    """The same with a smaller `net_resolution`, None where it is as small as is of use."""
    sides = [int(side) for side in str(flags["net_resolution"]).split("x")]
    smaller = [side if side == -1 else int(side * _SMALLER) // _STEP * _STEP for side in sides]
    if min(side for side in smaller if side != -1) < _SMALLEST:
        return None
    return {**flags, "net_resolution": "x".join(map(str, smaller))}


def command_line(flags: Flags) -> list[str]:
    """The flags as a program takes them."""
    return [f"--{name}={str(value).lower() if isinstance(value, bool) else value}" for name, value in flags.items()]
