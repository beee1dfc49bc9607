"""A clip as a notebook shows it: its words, and a small skeleton that moves.

The animation is SVG alone (SMIL), so that it runs where scripts are stripped or not trusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..skeleton import LEFT_HAND, NOSE, RIGHT_HAND, SKELETON

if TYPE_CHECKING:
    from .clip import ReleaseClip

#: Pictures of an animation at most: a notebook keeps every cell's output.
_MOST_PICTURES = 75
_SIZE_PX, _SHOULDER_PX, _NECK_PX = 240, 72, (120, 96)
#: No joint is drawn farther outside than this.
_FAR_PX = 999
#: How far above the tip of the nose a head's middle is, and its half axes.
_HEAD_PX = (4, 15, 21)


def clip_html(clip: ReleaseClip) -> str:
    """HTML of a clip, self-contained, every word escaped; the same clip gives the same text."""
    words = [
        ("clip", clip.clip_id),
        ("language", f"{clip.lang} ({clip.sign_language}), text in {clip.spoken_language}"),
        ("text", clip.text),
        ("gloss", clip.gloss),
        ("corpus", f"{clip.corpus}, {clip.split}"),
        ("signer", clip.signer),
        ("length", f"{clip.n_frames} frames, {clip.duration_s:.2f} s at {clip.fps:g} frames per second"),
        ("quality", ", ".join(f"{name} {value:.3g}" for name, value in clip.quality.items())),
        ("licence", clip.licence.licence),
    ]
    rows = "".join(
        f'<tr><th style="text-align:left;vertical-align:top">{name}</th>'
        f'<td dir="auto" style="text-align:left">{escape(value)}</td></tr>'
        for name, value in words
        if value
    )
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start">'
        f"{motion_svg(clip.motion, clip.fps, f'skeleton signing: {clip.text}')}<table>{rows}</table></div>"
    )


def motion_svg(motion: NDArray[np.float32], fps: float, title: str) -> str:
    """An SVG of a skeleton that repeats its motion for ever.

    Args:
        motion: (T, 50, 3) shoulder widths around the neck.
        fps: Frames per second.
        title: Read out by screen readers.
    """
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{_SIZE_PX}" height="{_SIZE_PX}" role="img"'
    ground = f'<rect width="{_SIZE_PX}" height="{_SIZE_PX}" fill="#10131a"/>'
    shapes = "".join(_shapes(motion, fps)) if len(motion) and np.isfinite(motion).all() else ""
    return f"{head}><title>{escape(title)}</title>{ground}{shapes}</svg>"


def _shapes(motion: NDArray[np.float32], fps: float) -> list[str]:
    step = -(-len(motion) // _MOST_PICTURES)
    flat = motion[::step, :, :2] * _SHOULDER_PX + _NECK_PX
    places = np.rint(np.clip(flat, -_FAR_PX, _FAR_PX)).astype(int)
    duration = f'dur="{len(motion) / fps:.3f}s" repeatCount="indefinite" calcMode="discrete"'
    shapes = [_head(places[:, NOSE], duration)]
    for colour, width, bones in _PARTS:
        courses = [_course(picture, bones) for picture in places.tolist()]
        shapes.append(
            f'<path d="{courses[0]}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linecap="round">'
            f'<animate attributeName="d" values="{";".join(courses)}" {duration}/></path>'
        )
    return shapes


def _head(nose: NDArray[np.int_], duration: str) -> str:
    up, wide, high = _HEAD_PX
    moves = "".join(
        f'<animate attributeName="{name}" values="{";".join(map(str, values.tolist()))}" {duration}/>'
        for name, values in (("cx", nose[:, 0]), ("cy", nose[:, 1] - up))
    )
    place = f'cx="{nose[0, 0]}" cy="{nose[0, 1] - up}"'
    return f'<ellipse {place} rx="{wide}" ry="{high}" fill="none" stroke="#c4b2a0">{moves}</ellipse>'


def _course(picture: Sequence[Sequence[int]], bones: Sequence[tuple[int, int]]) -> str:
    """Lines from parent to child; every picture has the same commands, which SVG asks of what it animates."""
    return "".join(
        f"M{picture[parent][0]} {picture[parent][1]}L{picture[child][0]} {picture[child][1]}" for parent, child in bones
    )


def _side(hand: slice, side: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Bones of an arm, and of its hand."""
    bones = [(int(parent), int(child)) for parent, child in SKELETON.bones]
    arm = [bone for bone in bones if bone[1] < 8 and SKELETON.names[bone[1]].startswith(side)]
    return arm, [bone for bone in bones if hand.start <= bone[1] < hand.stop]


_RIGHT, _LEFT = _side(RIGHT_HAND, "right"), _side(LEFT_HAND, "left")
#: Colour, width and bones, painted in this order.
_PARTS = (("#ff8a4c", 5, _RIGHT[0]), ("#52a0ff", 5, _LEFT[0]), ("#ffd0a8", 2, _RIGHT[1]), ("#b8dcff", 2, _LEFT[1]))
