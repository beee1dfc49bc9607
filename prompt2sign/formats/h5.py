"""What the h5 files of this project have in common: a format, a version, and errors people understand.

Through h5py's low level: a clip's file is a few values and arrays, and looking up what is known takes most of the time.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from h5py import h5a, h5d, h5f, h5fd, h5i, h5p, h5s, h5t
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ..errors import FormatError

#: Most clips are one chunk; a chunk of keypoints stays below the megabyte that HDF5 keeps in memory.
_CHUNK_FRAMES = 512
#: The most that gzip, which earlier files have, makes of a byte (zlib's technical details give 1032).
_MOST_UNPACKED = 1032
_STRING, _SCALAR = h5py.string_dtype(), h5s.create(h5s.SCALAR)
#: Text as it lies in a file, and as h5py holds it in an array: Python's strings.
_TEXT, _TEXT_HERE = h5t.py_create(_STRING, logical=True), h5t.py_create(_STRING)


def _access() -> h5p.PropFAID:
    """A file that is closed is closed, whatever of it is still held; and any HDF5 reads it, as `h5py.File` has it."""
    access = h5p.create(h5p.FILE_ACCESS)
    access.set_fclose_degree(h5f.CLOSE_STRONG)
    access.set_libver_bounds(h5f.LIBVER_EARLIEST, h5f.LIBVER_LATEST)
    return access


_ON_DISK = _access()


@contextmanager
def open_h5(path: Path, format_name: str, version: int, maker: str) -> Iterator[h5f.FileID]:
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
        file = h5f.open(os.fsencode(path), h5f.ACC_RDONLY, fapl=_ON_DISK)
        try:
            found = _format_of(file)
            if found[0] != format_name or found[1] > version:
                raise FormatError(
                    f"{path}: not {format_name} version {version} (found {found[0]} {found[1]}); "
                    f"make it again with `{maker}`, or update prompt2sign"
                )
            yield file
        finally:
            file.close()
    except (OSError, KeyError, ValueError, TypeError, OverflowError, RuntimeError) as error:
        raise FormatError(
            f"{path}: cannot be read as {format_name}: {error}; run `{maker}` again, it makes a damaged file anew"
        ) from error


def _format_of(file: h5f.FileID) -> tuple[str | None, int]:
    if not (h5a.exists(file, b"format") and h5a.exists(file, b"version")):
        return None, 0
    return read_text(file, "format"), int(read_number(file, "version"))


@contextmanager
def new_h5(path: Path, format_name: str, version: int) -> Iterator[h5f.FileID]:
    """An h5 file to fill, written to `path` at the end.

    It is filled in memory, a few megabytes a clip: on a full disk HDF5 would complain from wherever the file is let go.

    Raises:
        OSError: The disk is full or read-only.
    """
    content, access = io.BytesIO(), _access()
    access.set_fileobj_driver(h5fd.fileobj_driver, content)
    file = h5f.create(os.fsencode(path), h5f.ACC_TRUNC, fapl=access)
    try:
        write_attributes(file, {"format": format_name, "version": version})
        yield file
    finally:
        file.close()
    path.write_bytes(content.getbuffer())


def write_attributes(where: h5py.h5g.GroupID, values: Mapping[str, str | float]) -> None:
    """Attributes of a file or group: strings, whole numbers and others, each of 64 bits."""
    for name, value in values.items():
        array = np.array(value, dtype=_STRING if isinstance(value, str) else None)
        here = _TEXT_HERE if isinstance(value, str) else h5t.py_create(array.dtype)
        there = _TEXT if isinstance(value, str) else here
        h5a.create(where, name.encode(), there, _SCALAR).write(array, mtype=here)


def read_text(where: h5py.h5g.GroupID, name: str) -> str:
    """The attribute `name`, a string; raises `KeyError`, `OSError`, `TypeError` or `ValueError` if there is no such."""
    text: bytes = _read_attribute(where, name, np.empty((), _STRING), _TEXT_HERE).item()
    return text.decode()


def read_number(where: h5py.h5g.GroupID, name: str) -> float:
    """The attribute `name`, a number; raises as `read_text` does."""
    return float(_read_attribute(where, name, np.empty((), np.float64), h5t.NATIVE_DOUBLE))


def _read_attribute(where: h5py.h5g.GroupID, name: str, array: NDArray[Any], kind: h5t.TypeID) -> NDArray[Any]:
    attribute = h5a.open(where, name.encode())
    if attribute.shape != ():  # HDF5 would write past the end of the array
        raise ValueError(f"its attribute {name} is not one value")
    attribute.read(array, mtype=kind)
    return array


def read_numbers(where: h5py.h5g.GroupID) -> dict[str, float]:
    """All attributes of a group, which are numbers, by name."""
    names: list[bytes] = []
    h5a.iterate(where, names.append)
    return {name.decode(): read_number(where, name.decode()) for name in names}


def add_array(where: h5py.h5g.GroupID, name: str, values: ArrayLike) -> None:
    """A dataset as it is."""
    _write(where, name, np.ascontiguousarray(values), _plan())


def add_frames(where: h5py.h5g.GroupID, name: str, values: ArrayLike, kind: DTypeLike) -> None:
    """A dataset with one row a frame and a checksum, so that damage is noticed.

    Not compressed: gzip makes such files a quarter smaller and takes five times as long as all the rest of writing
    them; h5py's lzf writes what depends on what lay in memory before.

    Args:
        where: Where it goes.
        name: Its name.
        values: (T, ...).
        kind: NumPy's type on disk: `<f4`.
    """
    rows = np.ascontiguousarray(values, dtype=kind)
    plan = _plan()
    plan.set_chunk((max(1, min(_CHUNK_FRAMES, len(rows))), *rows.shape[1:]))
    plan.set_fletcher32()
    _write(where, name, rows, plan)


def _plan() -> h5p.PropDCID:
    """How a dataset lies in a file: without the time of its making."""
    plan = h5p.create(h5p.DATASET_CREATE)
    plan.set_obj_track_times(False)
    return plan


def _write(where: h5py.h5g.GroupID, name: str, array: NDArray[Any], plan: h5p.PropDCID) -> None:
    kind = h5t.py_create(array.dtype)
    dataset = h5d.create(where, name.encode(), kind, h5s.create_simple(array.shape), plan)
    dataset.write(h5s.ALL, h5s.ALL, array, mtype=kind)


def read_array(where: h5py.h5g.GroupID, name: str, kind: DTypeLike) -> NDArray[Any]:
    """The dataset `name` as NumPy's type `kind`, converted where it lies in another; raises as `read_text` does.

    Of what it says to be large is believed only what the file can hold, before memory is taken for it.
    """
    dataset = h5d.open(where, name.encode())
    n_bytes = math.prod(dataset.shape) * np.dtype(kind).itemsize
    if n_bytes > _MOST_UNPACKED * h5i.get_file_id(dataset).get_filesize():
        raise ValueError(f"{name} is said to be {n_bytes:,} bytes large, which the file cannot hold")
    values = np.empty(dataset.shape, kind)
    dataset.read(h5s.ALL, h5s.ALL, values, mtype=h5t.py_create(values.dtype))
    return values
