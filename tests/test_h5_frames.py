"""The compression of h5 files: of any number of frames, and files of earlier releases stay readable."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from prompt2sign.errors import FormatError
from prompt2sign.formats.motion import read_motion, write_motion
from tests.making import make_motion


@pytest.mark.parametrize("n_frames", [1, 512, 513, 1500])
def test_motion_of_any_length_comes_back(tmp_path: Path, n_frames: int) -> None:
    wrote = make_motion(n_frames)
    write_motion(tmp_path / "m.h5", wrote)
    read = read_motion(tmp_path / "m.h5")
    np.testing.assert_array_equal(read.xyz, wrote.xyz)
    np.testing.assert_array_equal(read.observed, wrote.observed)


@pytest.mark.parametrize("compression", ["gzip", None])
def test_other_compression_is_read(tmp_path: Path, compression: str | None) -> None:
    """Version 1 began with gzip, by 64 frames."""
    path, wrote = tmp_path / "m.h5", replace(make_motion(100), quality={})
    write_motion(path, wrote)
    with h5py.File(path, "r+") as file:
        for name in ("xyz", "observed"):
            values = file[name][()]
            del file[name]
            file.create_dataset(name, data=values, chunks=(64, *values.shape[1:]), compression=compression)
    read = read_motion(path)
    np.testing.assert_array_equal(read.xyz, wrote.xyz)
    np.testing.assert_array_equal(read.observed, wrote.observed)


def test_attributes_of_another_kind_are_refused_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    for name, value in (
        ("fps", [25.0] * 1000),
        ("fps", "fast"),
        ("lifter", 3),
        ("lifter", ["a", "b"]),
        ("version", "x"),
    ):
        write_motion(path, make_motion(3))
        with h5py.File(path, "r+") as file:
            file.attrs[name] = value
        with pytest.raises(FormatError, match=r"m\.h5.*prompt2sign lift"):
            read_motion(path)


def test_arrays_of_another_number_type_are_converted(tmp_path: Path) -> None:
    path, wrote = tmp_path / "m.h5", make_motion(5)
    write_motion(path, wrote)
    with h5py.File(path, "r+") as file:
        for name, kind in (("xyz", "<f8"), ("observed", "?")):
            values = file[name][()].astype(kind)
            del file[name]
            file[name] = values
    read = read_motion(path)
    np.testing.assert_array_equal(read.xyz, wrote.xyz)
    np.testing.assert_array_equal(read.observed, wrote.observed)
