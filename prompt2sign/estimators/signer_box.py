"""Where the signer is in the picture, by a few looks of MediaPipe Pose, so that a clip can be cropped before it is cut.

MediaPipe Pose sees one person a picture, whoever stands out; `signer_choice`, which follows several, has nothing to
choose from here. A look that fell on somebody else is told by the shoulders: the signer's hardly move.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from ..media import Box, Span, find_cut
from .mediapipe_body import SHOULDERS
from .quiet import native_stderr_silenced

#: Pictures looked at in each clip.
N_LOOKS = 16
#: From head to hips in MediaPipe Pose's numbering: nothing below is signed with.
_UPPER_BODY = slice(0, 25)
_VISIBLE = 0.5
#: Shoulder widths: left on each side for what the hands did between the looks, and the farthest a signer sways.
_MARGIN, _SWAY = 0.7, 1.0


def find_signer_box(path: Path, span: Span) -> Box | None:
    """The box of a clip's signer: square in pixels, and in the picture as far as it fits.

    Args:
        path: Video file, or folder of numbered pictures.
        span: The clip.

    Returns:
        Left, top, right, bottom in shares of the picture; None where nobody is seen.

    Raises:
        ClipRejected: The clip cannot be cut or read (`media.trim`).
    """
    cut = find_cut(path, span)
    size = np.array([cut.info.width, cut.info.height])
    with native_stderr_silenced():
        looks = [_look(frame) for frame in cut.frames_at(cut.spread(N_LOOKS))]
    seen = [look * (*size, 1) for look in looks if look is not None]
    return _square_box(_signer(np.stack(seen)), size) if seen else None


def _look(frame: av.VideoFrame) -> NDArray[np.float64] | None:
    """(33, 3) x and y in shares of the picture and visibility, None where nobody is seen."""
    found = _pose().process(frame.to_ndarray(format="rgb24")).pose_landmarks
    return np.array([(point.x, point.y, point.visibility) for point in found.landmark]) if found else None


@lru_cache(maxsize=1)
def _pose() -> Any:
    """Kept by the process: on still pictures it remembers nothing from one to the next."""
    import mediapipe

    return mediapipe.solutions.pose.Pose(static_image_mode=True, model_complexity=1)


def _signer(people: NDArray[np.float64]) -> NDArray[np.float64]:
    """Those looks of (K, 33, 3) pixels that fell on the person who is where most looks saw one."""
    shoulders = people[:, SHOULDERS, :2]
    middles, widths = shoulders.mean(axis=1), np.linalg.norm(shoulders[:, 0] - shoulders[:, 1], axis=-1)
    apart = np.linalg.norm(middles - np.median(middles, axis=0), axis=-1)
    signer: NDArray[np.float64] = people[apart <= max(float(_SWAY * np.median(widths)), float(apart.min()))]
    return signer


def _square_box(signer: NDArray[np.float64], size: NDArray[np.int_]) -> Box:
    """The square round all that is visible, with the margin."""
    width_px = np.median(np.linalg.norm(np.diff(signer[:, SHOULDERS, :2], axis=1)[:, 0], axis=-1))
    points = signer[:, _UPPER_BODY]
    points = np.concatenate([points[points[..., 2] > _VISIBLE], signer[:, SHOULDERS].reshape(-1, 3)])[:, :2]
    low = np.clip(points.min(axis=0) - _MARGIN * width_px, 0, size)
    high = np.clip(points.max(axis=0) + _MARGIN * width_px, 0, size)
    side = float((high - low).max())
    room = np.maximum(size - side, 0)
    # Where the square is larger than the picture it lies about the middle of it.
    corner = np.where(side <= size, np.clip((low + high - side) / 2, 0, room), (size - side) / 2)
    left, top = (float(v) for v in corner / size)
    right, bottom = (float(v) for v in (corner + side) / size)
    return left, top, right, bottom
