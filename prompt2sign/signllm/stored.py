"""Files that check themselves: tensors as safetensors with a checksum each, JSON with a checksum of itself."""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import FormatError, MissingError, UsageError

#: The one key of the header's metadata: the library writes several in any order, and the bytes would differ.
_KEY = "prompt2sign"
#: What reading a damaged header may raise beside the library's own error.
_UNREADABLE = (OSError, KeyError, ValueError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Header:
    """What a file of tensors says of itself, read without touching a tensor.

    Attributes:
        shapes: Type and shape of each tensor by name, in the words of safetensors: `F32`, `(704, 704)`.
        about: What `write_tensors` was told to keep beside them.
    """

    shapes: dict[str, tuple[str, tuple[int, ...]]]
    about: str


def write_tensors(path: Path, tensors: Mapping[str, Tensor], about: str = "") -> None:
    """Write a safetensors file and wait until it is on the disk; the same tensors give the same bytes.

    Args:
        path: The file.
        tensors: By name, any shape, type and device; tied ones are written twice, the format does not know ties.
        about: What else the header says.

    Raises:
        OSError: The disk is full and the like.
        MissingError: The package safetensors is not installed.
    """
    _, safetensors = _library()
    plain = _apart({name: tensor.detach().cpu().contiguous() for name, tensor in sorted(tensors.items())})
    checksums = {name: _checksum(tensor) for name, tensor in plain.items()}
    try:
        safetensors.torch.save_file(plain, path, metadata={_KEY: json.dumps({"about": about, "crc32": checksums})})
    except safetensors.SafetensorError as error:
        if number := re.search(r"os error (\d+)", str(error)):  # the library hides the disk's own error in its text
            raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error
        raise
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def read_tensors(path: Path, prefixes: Sequence[str] | None = None) -> dict[str, Tensor]:
    """Read tensors onto the CPU, compare each with its checksum.

    Args:
        path: What `write_tensors` wrote.
        prefixes: Read only those whose names begin with one of these; the others' bytes are not touched.

    Raises:
        UsageError: No tensor begins with one of the prefixes.
        FormatError: The file is cut off, damaged or missing.
        MissingError: The package safetensors is not installed.
    """
    safe_open, safetensors = _library()
    try:
        with safe_open(path, framework="pt") as file:
            checksums, names = _metadata(file)["crc32"], set(file.keys())
            if checksums.keys() != names:
                raise ValueError("its names do not fit its checksums")
            wanted = sorted(name for name in names if prefixes is None or name.startswith(tuple(prefixes)))
            tensors = {name: file.get_tensor(name) for name in wanted}
    except (safetensors.SafetensorError, *_UNREADABLE) as error:
        raise FormatError(f"{path}: cut off, damaged or missing ({error})") from error
    if missing := [prefix for prefix in prefixes or () if not any(name.startswith(prefix) for name in names)]:
        raise UsageError(f"{path}: it holds no tensor of {', '.join(missing)}")
    for name, tensor in tensors.items():
        if _checksum(tensor) != checksums[name]:
            raise FormatError(f"{path}: the tensor {name} is damaged")
    return tensors


def read_header(path: Path) -> Header:
    """The header of what `write_tensors` wrote.

    Raises:
        FormatError: The file is cut off, damaged or missing.
        MissingError: The package safetensors is not installed.
    """
    safe_open, safetensors = _library()
    try:
        with safe_open(path, framework="pt") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 (it is no dict)
            shapes = {name: (str(part.get_dtype()), tuple(part.get_shape())) for name, part in slices.items()}
            return Header(shapes, str(_metadata(file)["about"]))
    except (safetensors.SafetensorError, *_UNREADABLE) as error:
        raise FormatError(f"{path}: cut off, damaged or missing ({error})") from error


def checksum(content: Mapping[str, Any]) -> int:
    """CRC-32 of JSON."""
    return zlib.crc32(json.dumps(content, sort_keys=True).encode())


def write_json(path: Path, content: Mapping[str, Any], indent: int | None = None) -> None:
    """Write JSON and wait until it is on the disk; infinite numbers and NaN stand in it as Python writes them.

    Raises:
        OSError: The disk is full and the like.
        TypeError: Something in it is not JSON.
    """
    plain = json.loads(json.dumps(content))  # keys that are numbers become text: the checksum is that of what is read
    with path.open("w", encoding="utf-8") as file:
        json.dump(plain | {"crc32": checksum(plain)}, file, indent=indent)
        file.flush()
        os.fsync(file.fileno())


def read_json(path: Path) -> dict[str, Any]:
    """Read what `write_json` wrote.

    Raises:
        FormatError: The file is cut off, damaged, edited or missing.
    """
    try:
        if not path.is_file():  # a pipe would be waited for
            raise FileNotFoundError("no such file")
        content = json.loads(path.read_bytes())
        if not isinstance(content, dict) or content.pop("crc32", None) != checksum(content):
            raise ValueError("its checksum is wrong")
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(f"{path}: cut off, damaged or missing ({error})") from error
    return content


def _metadata(file: Any) -> Any:
    return json.loads((file.metadata() or {})[_KEY])


def _apart(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Copies where tensors share memory."""
    seen: set[int] = set()
    for name, tensor in tensors.items():
        memory = tensor.untyped_storage().data_ptr()
        if memory in seen:
            tensors[name] = tensor.clone()
        seen.add(memory)
    return tensors


def _checksum(tensor: Tensor) -> int:
    """Of the bytes, begun with type and shape, which a damaged header could change."""
    kind = zlib.crc32(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
    return zlib.crc32(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data, kind)


def _library() -> tuple[Any, Any]:
    try:
        import safetensors
        import safetensors.torch
    except ImportError as error:
        raise MissingError('checkpoints need the package safetensors: `pip install "prompt2sign[train]"`') from error
    return safetensors.safe_open, safetensors
