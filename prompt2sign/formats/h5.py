"""What the h5 files of this project have in common: a format, a version, and errors people understand."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import ArrayLike

from ..errors import FormatError

#: Most clips are one chunk; a chunk of keypoints stays below the megabyte that HDF5 keeps in memory.
_CHUNK_FRAMES = 512


@contextmanager
def open_h5(path: Path, format_name: str, version: int, maker: str) -> Iterator[h5py.File]:
    """Open an h5 file of ours for reading.

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
            found = (file.attrs.get("format"), int(file.attrs.get("version", 0)))
            if found[0] != format_name or found[1] > version:
                raise FormatError(
                    f"{path}: not {format_name} version {version} (found {found[0]} {found[1]}); "
                    f"make it again with `{maker}`, or update prompt2sign"
                )
            yield file
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
        file.attrs.update(format=format_name, version=version)
        yield file
    path.write_bytes(buffer.getvalue())


def add_frames(file: h5py.File, name: str, values: ArrayLike, kind: str) -> None:
    """A dataset with one row a frame, compressed.

    By gzip at its fastest: h5py's lzf is faster, but what it writes depends on what lay in memory before.

    Args:
        file: Where it goes.
        name: Its name.
        values: (T, ...).
        kind: NumPy's name of the type on disk: `<f4`.
    """
    rows = np.asarray(values)
    chunk = (max(1, min(_CHUNK_FRAMES, len(rows))), *rows.shape[1:])
    file.create_dataset(name, data=rows, dtype=kind, chunks=chunk, shuffle=True, compression="gzip", compression_opts=1)
