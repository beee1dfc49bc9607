"""Arrow views of a release. `open_release` is the door."""

from .clip import ReleaseClip
from .release import Release, open_release

__all__ = ["Release", "ReleaseClip", "open_release"]
