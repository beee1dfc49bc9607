"""First pass over a clip: the body in every frame, and the fixed boxes in which hands and face are looked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ClipRejected
from ..media import Frames
from .depth import pixels_a_metre, world_metres

# MediaPipe Pose's numbering.
NOSE, LEFT_SHOULDER, RIGHT_SHOULDER = 0, 11, 12
SHOULDERS = (LEFT_SHOULDER, RIGHT_SHOULDER)
WRISTS = (15, 16)
HEAD = slice(0, 11)
_SIGNING = (NOSE, LEFT_SHOULDER, RIGHT_SHOULDER, 13, 14, *WRISTS)


@dataclass(frozen=True)
class Box:
    """A rectangle of whole pixels, right and bottom exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    def cut(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The part of (H, W, 3) in the box, contiguous as MediaPipe wants it."""
        return np.ascontiguousarray(picture[self.top : self.bottom, self.left : self.right])

    def points(self, landmarks: Any) -> NDArray[np.float32]:
        """(N, 2) picture pixels of landmarks found in the cut; they may lie outside the picture."""
        size = (self.right - self.left, self.bottom - self.top)
        relative = np.array([(point.x, point.y) for point in landmarks.landmark])
        return (relative * size + (self.left, self.top)).astype(np.float32)


@dataclass(frozen=True)
class BodyTrack:
    """The body through a clip.

    Attributes:
        xyv: (T, 33, 3) pixels x, y and visibility 0 to 1; zeros where nobody is seen.
        world: (T, 33, 3) metres, the middle of the hips at the origin, x right, y down, z towards the camera; NaN where
            nobody is seen.
        seen: (T,) is the body found?
        shoulder_px: Median shoulder width in pixels.
    """

    xyv: NDArray[np.float32]
    world: NDArray[np.float32]
    seen: NDArray[np.bool_]
    shoulder_px: float

    @property
    def pixels_a_metre(self) -> float:
        """Scale of the clip, by the shoulders."""
        return pixels_a_metre(self.xyv[self.seen][:, SHOULDERS, :2], self.world[self.seen][:, SHOULDERS])

    def nearest(self) -> NDArray[np.float32]:
        """(T, 33, 2) points in pixels; a frame without a body has those of the nearest frame with one."""
        found = np.flatnonzero(self.seen)
        rank = np.interp(np.arange(len(self.seen)), found, np.arange(len(found)))
        return self.xyv[found[np.rint(rank).astype(np.intp)], :, :2]

    def box(self, joints: Any, margin: float, width: int, height: int) -> Box:
        """A fixed box round joints, wide enough for 98 % of the clip.

        Args:
            joints: Index of the joints.
            margin: Added on each side, in shoulder widths.
            width: Of the picture in pixels.
            height: Of the picture in pixels.
        """
        points = self.xyv[self.seen][:, joints, :2].reshape(-1, 2)
        low, high = np.percentile(points, (1, 99), axis=0)
        return box_in_picture(low - margin * self.shoulder_px, high + margin * self.shoulder_px, width, height)

    def signing_box(self, width: int, height: int) -> Box:
        """The signing space: head, shoulders, elbows and wrists with a hand's room round them."""
        return self.box(_SIGNING, 0.9, width, height)

    def head_box(self, width: int, height: int) -> Box:
        """Where the face stays."""
        return self.box(HEAD, 0.5, width, height)


def box_in_picture(low: NDArray[np.floating[Any]], high: NDArray[np.floating[Any]], width: int, height: int) -> Box:
    """The box from `low` to `high` (x, y), shifted and cut to lie in the picture with at least one pixel."""
    left, top = (int(v) for v in np.clip(np.floor(low), 0, (width - 1, height - 1)))
    right, bottom = (int(v) for v in np.clip(np.ceil(high), (left + 1, top + 1), (width, height)))
    return Box(left, top, right, bottom)


def track_body(solutions: Any, video: Frames) -> BodyTrack:
    """Run MediaPipe Pose over the clip.

    Raises:
        ClipRejected: `nobody` is seen in any frame, or the video cannot be read to its end.
    """
    whole = Box(0, 0, video.info.width, video.info.height)
    xyv, world = [], []
    with solutions.pose.Pose(model_complexity=1) as pose:
        for picture in video.frames():
            found = pose.process(picture)
            xyv.append(_visible_points(whole, found.pose_landmarks))
            metres = found.pose_world_landmarks
            world.append(world_metres(metres) if metres else np.full((33, 3), np.nan, dtype=np.float32))
    return _track(video, np.stack(xyv), np.stack(world))


def _track(video: Frames, xyv: NDArray[np.float32], world: NDArray[np.float32]) -> BodyTrack:
    seen = xyv[:, :, 2].max(axis=1) > 0
    if not seen.any():
        raise ClipRejected(
            "nobody",
            f"{video.path}: no person is found in any of its {len(xyv)} frames; check that it shows the signer",
        )
    across = xyv[seen, LEFT_SHOULDER, :2] - xyv[seen, RIGHT_SHOULDER, :2]
    return BodyTrack(xyv, world, seen, float(np.median(np.linalg.norm(across, axis=1))))


def _visible_points(whole: Box, landmarks: Any) -> NDArray[np.float32]:
    if landmarks is None:
        return np.zeros((33, 3), dtype=np.float32)
    visibility = np.array([[point.visibility] for point in landmarks.landmark], dtype=np.float32)
    return np.hstack([whole.points(landmarks), visibility])
