"""Colours on the surface: the face, hair, nails (compiled). Colours are linear light."""

from __future__ import annotations

import math

from .compiled import compiled
from .scene import Scene

Colour = tuple[float, float, float]

IRIS, PUPIL, EYE_WHITE = (0.12, 0.07, 0.04), (0.012, 0.012, 0.012), (0.80, 0.77, 0.74)
LASH, MOUTH, LIP = (0.03, 0.03, 0.03), (0.10, 0.03, 0.03), (0.46, 0.17, 0.15)
NAIL = (0.84, 0.60, 0.54)
#: How far an open mouth is open, metres.
MOUTH_GAP_M = 0.006


@compiled
def ramp(start: float, stop: float, value: float) -> float:
    """Smooth step from 0 at `start` to 1 at `stop`."""
    t = min(1.0, max(0.0, (value - start) / (stop - start)))
    return t * t * (3 - 2 * t)


@compiled
def over(base: Colour, coat: Colour, amount: float) -> Colour:
    """`base` under a coat of paint, 0 none and 1 opaque."""
    return (
        base[0] + (coat[0] - base[0]) * amount,
        base[1] + (coat[1] - base[1]) * amount,
        base[2] + (coat[2] - base[2]) * amount,
    )


@compiled
def scaled(colour: Colour, factor: float) -> Colour:
    """A colour made darker or lighter."""
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


@compiled
def face(skin: Colour, brow: Colour, x: float, y: float, z: float, eyes_shut: float, mouth_open: float) -> Colour:
    """Colour of a point of the head, given in the head's axes and metres."""
    if z < 0.02:
        return skin
    blush = (skin[0], 0.85 * skin[1], 0.85 * skin[2])
    colour = over(skin, blush, ramp(0.03, 0.0, math.hypot(abs(x) - 0.038, y + 0.03)))
    colour = brows(colour, brow, abs(x), y)
    colour = eye(colour, abs(x), y, eyes_shut)
    colour = lips(colour, x, y, mouth_open * MOUTH_GAP_M)
    return scaled(colour, 1 - 0.7 * ramp(0.005, 0.002, math.hypot(abs(x) - 0.0075, y + 0.043)))  # nostrils


@compiled
def brows(colour: Colour, brow: Colour, across: float, y: float) -> Colour:
    """Paint the eyebrows; `across` is the distance from the middle of the face."""
    middle = 0.0350 - 0.12 * max(0.0, across - 0.040) + 0.16 * min(0.0, across - 0.040)
    width = 0.0042 * (1 - 0.5 * ramp(0.03, 0.055, across))
    amount = ramp(width + 0.002, width - 0.001, abs(y - middle))
    return over(colour, brow, 0.85 * amount * ramp(0.010, 0.016, across) * ramp(0.057, 0.050, across))


@compiled
def eye(colour: Colour, across: float, y: float, eyes_shut: float) -> Colour:
    """Paint lids, eyeball and lashes."""
    u, y = (across - 0.031) / 0.0165, y - 0.011
    opening = 1 - u * u
    if opening <= 0:
        return colour
    upper, lower = 0.0072 * opening * (1 - eyes_shut), -0.0052 * opening * (1 - eyes_shut)
    colour = scaled(colour, 1 - 0.2 * ramp(0.014, 0.009, abs(y - 0.009)) * ramp(0.0, 0.3, opening))
    if lower < y < upper:
        from_pupil = math.hypot(across - 0.031, y - 0.0012)
        colour = over(EYE_WHITE, IRIS, ramp(0.0068, 0.0060, from_pupil))
        colour = over(colour, PUPIL, ramp(0.0032, 0.0028, from_pupil))
        colour = scaled(colour, 1 - 0.6 * ramp(0.003, 0.0, upper - y))
    edge = min(abs(y - upper) / 0.0017, abs(y - lower) / 0.0009)
    return over(colour, LASH, 0.9 * ramp(1.0, 0.5, edge))


@compiled
def lips(colour: Colour, x: float, y: float, gap: float) -> Colour:
    """Paint the lips, and what lies between them where they are `gap` metres apart."""
    u = x / 0.0245
    y += 0.0655 - 0.0035 * u * u  # the corners up: a friendly face
    if abs(u) >= 1:
        return colour
    taper = 1 - u * u
    upper = 0.0078 * taper * (1 - 0.35 * math.exp(-25 * u * u)) + 0.3 * gap * taper
    lower = -(0.0092 + gap) * taper
    lip = over(LIP, colour, 0.35)
    colour = over(colour, lip, ramp(0.001, 0.0, y - upper) * ramp(0.001, 0.0, lower - y))
    if gap < 0.002:
        return over(colour, MOUTH, 0.8 * ramp(0.0016, 0.0004, abs(y)))
    inside = ramp(0.001, 0.0, y - 0.3 * gap * taper) * ramp(0.001, 0.0, -0.9 * gap * taper - y)
    return over(colour, MOUTH, inside)


@compiled
def strands(x: float, y: float, z: float) -> float:
    """Brightness of hair at a point in the head's axes: fine streaks from the crown down."""
    angle = math.atan2(x, z + 0.02)
    streak = math.sin(90 * angle + 6 * math.sin(40 * y)) + math.sin(53 * angle + 9 * math.sin(23 * y))
    return 1.0 + 0.18 * streak


@compiled
def nail(scene: Scene, colour: Colour, x: float, y: float, z: float, nx: float, ny: float, nz: float) -> Colour:
    """Paint the finger nails onto skin that looks along (nx, ny, nz)."""
    for j in range(len(scene.nails)):
        dx, dy, dz = x - scene.nails[j, 0], y - scene.nails[j, 1], z - scene.nails[j, 2]
        facing = nx * scene.nails[j, 3] + ny * scene.nails[j, 4] + nz * scene.nails[j, 5]
        if dx * dx + dy * dy + dz * dz < scene.nails[j, 6] ** 2 and facing > 0.55:
            return over(colour, NAIL, 0.5)
    return colour
