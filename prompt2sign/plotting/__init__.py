"""Figures for a paper: vector PDF or SVG, the same bytes each time.

save(motion_strip(shown, n_pictures=6), Path("strip.pdf"))
"""

from .curves import training_curves
from .figures import save
from .motion import motion_strip, trajectories
from .qualities import quality_distributions
from .systems import systems

__all__ = ["motion_strip", "quality_distributions", "save", "systems", "training_curves", "trajectories"]
