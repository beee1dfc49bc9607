"""Arrow views of a release: `open_release`. For trainers: `open_cache`, and batches of it in `loaders.torch`."""

from .cache import MotionCache, open_cache
from .clip import ReleaseClip
from .release import Release, open_release

__all__ = ["MotionCache", "Release", "ReleaseClip", "open_cache", "open_release"]
