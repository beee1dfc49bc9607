"""What the h5 files of this project have in common: a format, a version, and errors people understand."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from h5py import h5a, h5s, h5t
from numpy.typing import ArrayLike

from ..errors import FormatError

#: Most clips are one chunk; a chunk of keypoints stays below the megabyte that HDF5 keeps in memory.
_CHUNK_FRAMES = 512
_STRING, _SCALAR = h5py.string_dtype(), h5s.create(h5s.SCALAR)


@contextmanager
def open_h5(path: Path, format_name: str, version: int, maker: str) -> Iterator[tuple[h5py.File, dict[str, Any]]]:
    """Open an h5 file of ours for reading; gives its attributes as well.

    Args:
        path: The file.
        format_name: What its attribute `format` must say.
        version: The newest version this code reads.
        maker: The command that makes such a file again.

    Raises:
        FormatError: It is no h5 file, of another format, of a newer version, or lacks something that is read inside.
    """
    try:
        with h5py.File(path, "r") as file:
            attributes = read_attributes(file)
            found = (attributes.get("format"), int(attributes.get("version", 0)))
            if found[0] != format_name or found[1] > version:
                raise FormatError(
                    f"{path}: not {format_name} version {version} (found {found[0]} {found[1]}); "
                    f"make it again with `{maker}`, or update prompt2sign"
                )
            yield file, attributes
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise FormatError(
            f"{path}: cannot be read as {format_name}: {error}; run `{maker}` again, it makes a damaged file anew"
        ) from error


@contextmanager
def new_h5(path: Path, format_name: str, version: int) -> Iterator[h5py.File]:
    """An h5 file to fill, written to `path` at the end.

    It is filled in memory, a few megabytes a clip: on a full disk HDF5 would complain from wherever the file is let go.

    Raises:
        OSError: The disk is full or read-only.
    """
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        write_attributes(file, {"format": format_name, "version": version})
        yield file
    path.write_bytes(buffer.getvalue())


def write_attributes(where: h5py.Group, values: Mapping[str, str | float]) -> None:
    """Attributes of a file or group, as `where.attrs.update` writes them: there it takes twice as long."""
    for name, value in values.items():
        array = np.array(value, dtype=_STRING if isinstance(value, str) else None)
        attribute = h5a.create(where.id, name.encode(), h5t.py_create(array.dtype, logical=True), _SCALAR)
        attribute.write(array)


def read_attributes(where: h5py.Group) -> dict[str, Any]:
    """All attributes of a file or group by name: strings, and NumPy's numbers."""
    found: dict[str, Any] = {}
    for index in range(h5a.get_num_attrs(where.id)):
        attribute = h5a.open(where.id, index=index)
        array = np.empty(attribute.shape, attribute.dtype)
        attribute.read(array)
        value = array[()]
        found[attribute.name.decode()] = value.decode() if isinstance(value, bytes) else value
    return found


def add_frames(file: h5py.File, name: str, values: ArrayLike, kind: str) -> None:
    """A dataset with one row a frame and a checksum, so that damage is noticed.

    Not compressed: gzip makes such files a quarter smaller and takes five times as long as all the rest of writing
    them; h5py's lzf writes what depends on what lay in memory before.

    Args:
        file: Where it goes.
        name: Its name.
        values: (T, ...).
        kind: NumPy's name of the type on disk: `<f4`.
    """
    rows = np.asarray(values)
    chunk = (max(1, min(_CHUNK_FRAMES, len(rows))), *rows.shape[1:])
    file.create_dataset(name, data=rows, dtype=kind, chunks=chunk, fletcher32=True)
