"""Motion -> pictures: a skeleton with flesh on it, before a camera that stands still; and 2D keypoints over a video.

for picture in draw(clip.motion, size=(512, 512)):          # (H, W, 3) uint8 RGB, one a frame
    ...
write_video(Path("clip.mp4"), draw(clip.motion), clip.fps)
write_video(Path("both.mp4"), draw_together([("generated", ours), ("reference", theirs)]), 25.0)
write_video(Path("found.mp4"), draw_keypoints(keypoints, Video(path).frames()), keypoints.fps)
"""

from .camera import VIEWS, Camera, Size, View, frame_motions
from .draw import draw, draw_together
from .overlay import draw_keypoints
from .styles_2d import STYLES
from .video import write_video

__all__ = [
    "STYLES",
    "VIEWS",
    "Camera",
    "Size",
    "View",
    "draw",
    "draw_keypoints",
    "draw_together",
    "frame_motions",
    "write_video",
]
