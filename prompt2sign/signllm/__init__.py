"""The reference SignLLM: text or a prompt in, signing motion out. Plain torch; needs the extra `train`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .signer import Asked, Signer

__all__ = ["Asked", "Signer"]


def __getattr__(name: str) -> Any:
    """Load on first use: the options of a run are read without torch."""
    if name in __all__:
        from . import signer

        return getattr(signer, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
