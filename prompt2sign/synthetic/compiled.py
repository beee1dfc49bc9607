"""Compiling the renderer's inner loops with numba, which only those need who draw the signer themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from ..errors import MissingError

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """The function as machine code; it lets other threads run meanwhile.

    No fast-math, so that pictures differ as little as possible between machines; and no parallel loops inside, one
    thread draws one frame (numba was seen to give wrong pictures silently when pixels were drawn in a `prange`).

    Raises:
        MissingError: numba is not installed.
    """
    try:
        import numba
    except ImportError as error:
        raise MissingError(
            "drawing the procedural signer needs numba: pip install 'prompt2sign[render]' "
            "(the embedded sample itself and `signing_motion` work without it)"
        ) from error
    return cast(Function, numba.njit(nogil=True, error_model="numpy")(function))
