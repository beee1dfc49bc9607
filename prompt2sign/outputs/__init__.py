"""Motion a model made -> files: shards, skels, `.pose`, h5, video.

write_motions([Path("out.parquet"), Path("out.mp4")], clips)
"""

from .generated import Generated
from .write import SUFFIXES, check_targets, write_motions

__all__ = ["SUFFIXES", "Generated", "check_targets", "write_motions"]
