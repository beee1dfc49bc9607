"""Text and motion brought together: offsets of videos, and clips that cannot be right."""

from .activity import Activity, signing_activity
from .fit import Fit, fit_offset
from .run import Alignment, AlignOptions, Offset, align, as_published
from .suspects import Measured, Suspect, find_suspects
from .tables import write_tables

__all__ = [
    "Activity",
    "AlignOptions",
    "Alignment",
    "Fit",
    "Measured",
    "Offset",
    "Suspect",
    "align",
    "as_published",
    "find_suspects",
    "fit_offset",
    "signing_activity",
    "write_tables",
]
