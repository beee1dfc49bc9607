"""Thirty-odd made-up signs under German glosses.

None of them is a sign of German Sign Language or of any other: they were invented for this package, so that a
figure has something to move.

Directions and places of a hand are given from the signer's own point of view, outward (away from the middle, to the
hand's own side), up and forward (away from the body), so that one description serves either hand.
"""

from __future__ import annotations

from typing import NamedTuple

from .handshapes import Direction


class HandKey(NamedTuple):
    """Where one hand is at one moment.

    Attributes:
        wrist: Metres outward, up and forward of the neck joint, for a body of `figure.REFERENCE_REACH_M`.
        fingers: Direction from the wrist to the knuckles.
        palm: Direction the palm faces; only its part across `fingers` counts.
        shape: Name in `handshapes.SHAPES`.
    """

    wrist: Direction
    fingers: Direction
    palm: Direction
    shape: str


class SignKey(NamedTuple):
    """One key moment of a sign: the leading hand, and the other one or None where it stays idle."""

    leading: HandKey
    other: HandKey | None


class Sign(NamedTuple):
    """A made-up sign: key moments, evenly spread over a duration in seconds."""

    keys: tuple[SignKey, ...]
    duration_s: float


#: Arms down, hands before the hips and open to the camera's view.
REST = HandKey((0.17, -0.39, 0.20), (-0.45, -0.80, 0.30), (-0.25, 0.10, -1.0), "relaxed")

_UP: Direction = (-0.05, 1.0, 0.10)
_UP_INWARD: Direction = (-0.30, 1.0, 0.10)
_UP_FORWARD: Direction = (-0.05, 0.85, 0.45)
_ACROSS: Direction = (-0.90, 0.45, 0.15)
_FRONT: Direction = (-0.12, 0.0, 1.0)
_FRONT_DOWN: Direction = (-0.10, -0.45, 0.90)
_INWARD: Direction = (-0.85, 0.0, 0.50)
_BACK: Direction = (-0.60, 0.0, -0.80)
_SKYWARD: Direction = (-0.10, 0.75, 0.65)


def _one(duration_s: float, *keys: HandKey) -> Sign:
    return Sign(tuple(SignKey(key, None) for key in keys), duration_s)


def _same(duration_s: float, *keys: HandKey) -> Sign:
    return Sign(tuple(SignKey(key, key) for key in keys), duration_s)


def _held(duration_s: float, other: HandKey, *keys: HandKey) -> Sign:
    return Sign(tuple(SignKey(key, other) for key in keys), duration_s)


VOCABULARY = {
    "ICH": _one(
        0.45,
        HandKey((0.15, -0.18, 0.22), _ACROSS, _BACK, "flat"),
        HandKey((0.14, -0.20, 0.18), _ACROSS, _BACK, "flat"),
    ),
    "DU": _one(
        0.45,
        HandKey((0.16, -0.20, 0.26), _UP_FORWARD, _FRONT_DOWN, "point"),
        HandKey((0.15, -0.16, 0.34), _UP_FORWARD, _FRONT_DOWN, "point"),
    ),
    "WIR": _one(
        0.60,
        HandKey((0.22, -0.16, 0.24), _UP, _INWARD, "point"),
        HandKey((0.12, -0.14, 0.32), _UP_INWARD, _INWARD, "point"),
        HandKey((0.06, -0.17, 0.26), _UP_INWARD, _INWARD, "point"),
    ),
    "HEUTE": _same(
        0.55,
        HandKey((0.15, -0.20, 0.26), _UP_FORWARD, _SKYWARD, "flat"),
        HandKey((0.15, -0.27, 0.28), _UP_FORWARD, _SKYWARD, "flat"),
        HandKey((0.15, -0.24, 0.28), _UP_FORWARD, _SKYWARD, "flat"),
    ),
    "MORGEN": _one(
        0.60,
        HandKey((0.17, 0.02, 0.18), _UP, _INWARD, "thumb"),
        HandKey((0.19, -0.02, 0.30), _UP_FORWARD, _INWARD, "thumb"),
    ),
    "ABEND": _same(
        0.65,
        HandKey((0.22, -0.02, 0.25), _UP, _FRONT, "spread"),
        HandKey((0.13, -0.18, 0.28), _UP_INWARD, _FRONT, "spread"),
    ),
    "FREUND": _same(
        0.60,
        HandKey((0.18, -0.20, 0.26), _UP_INWARD, _INWARD, "angle"),
        HandKey((0.12, -0.18, 0.27), _UP_INWARD, _INWARD, "angle"),
        HandKey((0.16, -0.20, 0.26), _UP_INWARD, _INWARD, "angle"),
    ),
    "SUPPE": _held(
        0.65,
        HandKey((0.12, -0.30, 0.25), (-0.45, 0.75, 0.45), _SKYWARD, "cup"),
        HandKey((0.14, -0.20, 0.27), _UP_INWARD, _FRONT, "vee"),
        HandKey((0.16, -0.08, 0.22), _UP_INWARD, _FRONT, "vee"),
    ),
    "KOCHEN": _same(
        0.75,
        HandKey((0.15, -0.24, 0.28), _UP_FORWARD, _FRONT_DOWN, "claw"),
        HandKey((0.20, -0.18, 0.28), _UP_FORWARD, _FRONT_DOWN, "claw"),
        HandKey((0.15, -0.24, 0.28), _UP_FORWARD, _FRONT_DOWN, "claw"),
    ),
    "ZUG": _held(
        0.65,
        HandKey((0.16, -0.26, 0.26), _UP_INWARD, _FRONT, "flat"),
        HandKey((0.12, -0.12, 0.26), _UP, _FRONT, "vee"),
        HandKey((0.24, -0.10, 0.30), _UP, _FRONT, "vee"),
    ),
    "SPÄT": _one(
        0.55,
        HandKey((0.20, -0.08, 0.24), _UP, _FRONT, "angle"),
        HandKey((0.22, -0.16, 0.28), (0.25, 1.0, 0.20), _FRONT, "angle"),
    ),
    "KOMMEN": _same(
        0.60,
        HandKey((0.20, -0.16, 0.34), _UP_FORWARD, _INWARD, "point"),
        HandKey((0.15, -0.20, 0.24), _UP_INWARD, _INWARD, "point"),
    ),
    "REGEN": _same(
        0.75,
        HandKey((0.18, -0.04, 0.26), _UP, _FRONT, "spread"),
        HandKey((0.18, -0.17, 0.28), _UP_FORWARD, _FRONT_DOWN, "claw"),
        HandKey((0.20, -0.06, 0.26), _UP, _FRONT, "spread"),
        HandKey((0.20, -0.18, 0.28), _UP_FORWARD, _FRONT_DOWN, "claw"),
    ),
    "SCHIRM": _held(
        0.60,
        HandKey((0.09, -0.30, 0.25), _UP_INWARD, _INWARD, "fist"),
        HandKey((0.12, -0.16, 0.26), _UP_INWARD, _INWARD, "fist"),
        HandKey((0.13, -0.04, 0.25), _UP_INWARD, _FRONT, "fist"),
    ),
    "MITNEHMEN": _one(
        0.60,
        HandKey((0.25, -0.12, 0.30), _UP, _FRONT, "spread"),
        HandKey((0.14, -0.18, 0.24), _UP_INWARD, _FRONT, "fist"),
    ),
    "GARTEN": _same(
        0.70,
        HandKey((0.10, -0.24, 0.26), _UP_INWARD, _FRONT, "cup"),
        HandKey((0.16, -0.12, 0.28), _UP, _FRONT, "spread"),
        HandKey((0.23, -0.16, 0.27), _UP, _FRONT, "spread"),
    ),
    "BUCH": _same(
        0.55,
        HandKey((0.09, -0.22, 0.26), (-0.10, 1.0, 0.30), _INWARD, "flat"),
        HandKey((0.14, -0.22, 0.27), (0.05, 1.0, 0.30), _SKYWARD, "flat"),
    ),
    "LESEN": _held(
        0.70,
        HandKey((0.16, -0.22, 0.26), _UP_INWARD, _FRONT, "flat"),
        HandKey((0.14, -0.06, 0.28), _UP_INWARD, _FRONT, "vee"),
        HandKey((0.10, -0.14, 0.30), _UP_INWARD, _FRONT, "vee"),
        HandKey((0.17, -0.15, 0.30), _UP, _FRONT, "vee"),
    ),
    "GERN": _one(
        0.60,
        HandKey((0.12, -0.20, 0.22), _ACROSS, _BACK, "spread"),
        HandKey((0.12, -0.13, 0.22), _ACROSS, _BACK, "spread"),
        HandKey((0.12, -0.20, 0.22), _ACROSS, _BACK, "spread"),
    ),
    "KAFFEE": _held(
        0.65,
        HandKey((0.13, -0.30, 0.25), _UP_INWARD, _INWARD, "fist"),
        HandKey((0.12, -0.20, 0.27), _UP_INWARD, _INWARD, "fist"),
        HandKey((0.17, -0.18, 0.29), _UP, _INWARD, "fist"),
        HandKey((0.12, -0.20, 0.27), _UP_INWARD, _INWARD, "fist"),
    ),
    "TEE": _held(
        0.60,
        HandKey((0.13, -0.28, 0.25), _UP_INWARD, _INWARD, "cup"),
        HandKey((0.14, -0.08, 0.27), _UP_INWARD, _FRONT, "angle"),
        HandKey((0.14, -0.15, 0.27), _UP_INWARD, _FRONT, "angle"),
    ),
    "TRINKEN": _one(
        0.60,
        HandKey((0.15, -0.16, 0.26), _UP_INWARD, _INWARD, "cup"),
        HandKey((0.12, -0.04, 0.20), _UP_INWARD, _INWARD, "cup"),
    ),
    "HAUS": _same(
        0.70,
        HandKey((0.10, 0.00, 0.26), (-0.45, 1.0, 0.10), _INWARD, "flat"),
        HandKey((0.19, -0.08, 0.27), (-0.20, 1.0, 0.10), _INWARD, "flat"),
        HandKey((0.19, -0.22, 0.28), _UP, _INWARD, "flat"),
    ),
    "KIND": _one(
        0.55,
        HandKey((0.22, -0.24, 0.28), _UP_FORWARD, _FRONT_DOWN, "flat"),
        HandKey((0.22, -0.30, 0.28), _UP_FORWARD, _FRONT_DOWN, "flat"),
    ),
    "SPIELEN": _same(
        0.80,
        HandKey((0.16, -0.20, 0.27), _UP, _FRONT, "thumb"),
        HandKey((0.21, -0.12, 0.27), _UP, _INWARD, "thumb"),
        HandKey((0.16, -0.20, 0.27), _UP, _FRONT, "thumb"),
        HandKey((0.21, -0.14, 0.27), _UP, _INWARD, "thumb"),
    ),
    "OMA": _one(
        0.60,
        HandKey((0.16, -0.02, 0.20), _UP_INWARD, _FRONT, "claw"),
        HandKey((0.17, -0.08, 0.24), _UP_INWARD, _FRONT, "claw"),
    ),
    "BESUCHEN": _same(
        0.65,
        HandKey((0.12, -0.20, 0.24), _UP_INWARD, _FRONT, "vee"),
        HandKey((0.17, -0.14, 0.33), _UP_FORWARD, _FRONT, "vee"),
    ),
    "BROT": _held(
        0.70,
        HandKey((0.12, -0.26, 0.24), _UP_INWARD, _BACK, "flat"),
        HandKey((0.20, -0.14, 0.30), _UP, _INWARD, "flat"),
        HandKey((0.22, -0.22, 0.30), _UP_FORWARD, _INWARD, "flat"),
        HandKey((0.20, -0.14, 0.30), _UP, _INWARD, "flat"),
    ),
    "FRISCH": _same(
        0.60,
        HandKey((0.18, -0.18, 0.26), _UP, _FRONT, "cup"),
        HandKey((0.20, -0.12, 0.30), _UP, _FRONT, "spread"),
    ),
    "GUT": _one(
        0.50,
        HandKey((0.14, -0.06, 0.22), _UP_INWARD, _INWARD, "flat"),
        HandKey((0.18, -0.14, 0.31), _UP_FORWARD, _SKYWARD, "flat"),
    ),
    "SCHLÜSSEL": _one(
        0.60,
        HandKey((0.16, -0.18, 0.28), _UP, _FRONT, "angle"),
        HandKey((0.16, -0.18, 0.30), (-0.50, 0.85, 0.15), _FRONT, "angle"),
        HandKey((0.16, -0.18, 0.28), _UP, _FRONT, "angle"),
    ),
    "VERGESSEN": _one(
        0.65,
        HandKey((0.17, 0.04, 0.18), _UP_INWARD, _FRONT, "fist"),
        HandKey((0.26, -0.02, 0.24), _UP, _FRONT, "spread"),
    ),
    "DANKE": _one(
        0.55,
        HandKey((0.13, -0.10, 0.22), _UP_INWARD, _FRONT, "flat"),
        HandKey((0.16, -0.20, 0.30), _UP_FORWARD, _SKYWARD, "flat"),
    ),
    "GESCHENK": _same(
        0.65,
        HandKey((0.15, -0.26, 0.25), _UP_FORWARD, _SKYWARD, "cup"),
        HandKey((0.14, -0.18, 0.33), _UP_FORWARD, _SKYWARD, "cup"),
    ),
}
