"""Clips of a release, of a motion file or of a model -> videos, animations, strips and conditioning pictures.

shown = find_motions(Path("releases/gsl"), ["clip-1"])
render(shown, Path("clip-1.mp4"), Look(style="avatar"))
"""

from .looks import STYLES, Look
from .render import Rendered, render
from .sources import Shown, beside, find_motions

__all__ = ["STYLES", "Look", "Rendered", "Shown", "beside", "find_motions", "render"]
