"""Text paired with 3D signing motion in eight sign languages: build it, publish it, load it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .loaders import Release, ReleaseClip, open_release

__version__ = "0.1.0.dev0"
__all__ = ["Release", "ReleaseClip", "__version__", "open_release"]


def __getattr__(name: str) -> Any:
    """Load on first use, so that `import prompt2sign` costs nothing."""
    if name in __all__:
        from . import loaders

        return getattr(loaders, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
