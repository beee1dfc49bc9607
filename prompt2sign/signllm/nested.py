"""Nested state, such as an optimiser's, as tensors by name and an outline that is JSON, and back without a bit lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ..errors import FormatError


def flatten(state: Any) -> tuple[dict[str, Tensor], Any]:
    """Take the tensors out of nested maps, lists and tuples.

    Example:
        >>> tensors, outline = flatten(optimiser.state_dict())            # doctest: +SKIP
        >>> optimiser.load_state_dict(restore(tensors, outline))          # doctest: +SKIP

    Returns:
        The tensors, named after the keys that lead to them (`state.0.exp_avg`), and the outline.

    Raises:
        TypeError: Something in it is neither a tensor nor what JSON can hold, or two tensors get the same name.
    """
    tensors: dict[str, Tensor] = {}
    return tensors, _outline(state, (), tensors)


def restore(tensors: Mapping[str, Tensor], outline: Any) -> Any:
    """What `flatten` took apart: keys that are numbers, tuples and all values as they were.

    Raises:
        FormatError: A tensor is missing, or the outline is none.
    """
    try:
        return _restored(tensors, outline)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise FormatError(f"tensors and outline of a saved state do not fit together: {error}") from error


def _outline(value: Any, keys: tuple[str, ...], tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, Tensor):
        name = ".".join(keys)
        if name in tensors:
            raise TypeError(f"two tensors would be called {name!r}")
        tensors[name] = value
        return {"tensor": name}
    if isinstance(value, Mapping):
        return {"map": [[key, _outline(item, (*keys, str(key)), tensors)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [_outline(item, (*keys, str(place)), tensors) for place, item in enumerate(value)]}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{'.'.join(keys)}: {type(value).__name__} is neither a tensor nor what JSON can hold")


def _restored(tensors: Mapping[str, Tensor], outline: Any) -> Any:
    if not isinstance(outline, dict):
        return outline
    ((kind, content),) = outline.items()
    match kind:
        case "tensor":
            return tensors[content]
        case "map":
            return {key: _restored(tensors, item) for key, item in content}
        case "list":
            return [_restored(tensors, item) for item in content]
        case "tuple":
            return tuple(_restored(tensors, item) for item in content)
    raise ValueError(f"{kind!r} is no kind of state")
