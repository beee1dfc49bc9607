"""Keypoints and motion files: what goes in comes out, and damage is said."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from prompt2sign.errors import FormatError
from prompt2sign.formats.keypoints import Keypoints, read_keypoints, write_keypoints
from prompt2sign.formats.motion import read_motion, write_motion
from prompt2sign.lifting import lift
from prompt2sign.options import LiftOptions
from prompt2sign.skeleton import N_KEYPOINTS

from .made import made_keypoints

NUMBERS = st.floats(-1e6, 1e6, width=32)


@settings(max_examples=25, deadline=None)
@given(
    xyc=hnp.arrays(np.float32, st.tuples(st.integers(1, 80), st.just(N_KEYPOINTS), st.just(3)), elements=NUMBERS),
    with_world=st.booleans(),
    fps=st.floats(1, 240),
)
def test_keypoints_come_back(xyc: np.ndarray, with_world: bool, fps: float, tmp_path_factory: object) -> None:
    path = tmp_path_factory.mktemp("h5") / "k.h5"  # type: ignore[attr-defined]
    wrote = Keypoints(xyc, fps, 640, 480, "made 1", xyc / np.float32(1e4) if with_world else None)
    write_keypoints(path, wrote)
    read = read_keypoints(path)
    assert np.array_equal(read.xyc, wrote.xyc) and read.xyc.dtype == np.float32
    assert (read.world is None) == (not with_world) and (read.world is None or np.array_equal(read.world, wrote.world))
    assert (read.fps, read.width, read.height, read.estimator) == (fps, 640, 480, "made 1")


def test_motion_comes_back(tmp_path: Path) -> None:
    wrote = lift(made_keypoints(), LiftOptions())
    write_motion(tmp_path / "m.h5", wrote)
    read = read_motion(tmp_path / "m.h5")
    assert np.array_equal(read.xyz, wrote.xyz) and np.array_equal(read.observed, wrote.observed)
    assert (read.fps, read.scale_px, read.lifter, read.quality) == (25.0, wrote.scale_px, wrote.lifter, wrote.quality)


def test_the_same_values_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_keypoints(tmp_path / name, made_keypoints())
        write_motion(tmp_path / f"{name}.motion", lift(made_keypoints(), LiftOptions()))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a.motion").read_bytes() == (tmp_path / "b.motion").read_bytes()


def damaged(path: Path) -> dict[str, Path]:
    whole = path.read_bytes()
    kinds = {
        "cut": whole[: len(whole) // 2],
        "empty": b"",
        "text": b"hello " * 500,
        "hole": bytes(64).join((whole[:64], whole[128:])),
    }
    paths = {name: path.with_name(name) for name in kinds}
    for name, content in kinds.items():
        paths[name].write_bytes(content)
    return paths


@pytest.mark.parametrize("kind", ["cut", "empty", "text", "hole"])
def test_damage_is_said_with_the_file_and_the_remedy(kind: str, tmp_path: Path) -> None:
    write_keypoints(tmp_path / "k.h5", made_keypoints())
    write_motion(tmp_path / "m.h5", lift(made_keypoints(), LiftOptions()))
    with pytest.raises(FormatError, match=rf"{kind}.*prompt2sign pose"):
        read_keypoints(damaged(tmp_path / "k.h5")[kind])
    with pytest.raises(FormatError, match=rf"{kind}.*prompt2sign lift"):
        read_motion(damaged(tmp_path / "m.h5")[kind])


@pytest.mark.parametrize("how", [{"chunks": (64, 50, 3)}, {"chunks": (64, 50, 3), "compression": "gzip"}, {}])
def test_an_array_that_says_to_be_larger_than_its_file_is_refused(how: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    write_motion(path, lift(made_keypoints(), LiftOptions()))
    with h5py.File(path, "a") as file:
        del file["xyz"]
        file.create_dataset("xyz", (2_000_000_000, 50, 3), "<f4", **how)
    with pytest.raises(FormatError, match="the file cannot hold"):
        read_motion(path)


def test_an_array_that_gzip_made_as_small_as_it_can_is_read(tmp_path: Path) -> None:
    path, nothing = tmp_path / "k.h5", np.zeros((20_000, N_KEYPOINTS, 3), np.float32)
    write_keypoints(tmp_path / "one.h5", Keypoints(nothing[:1], 25.0, 640, 480, "made 1"))
    with h5py.File(tmp_path / "one.h5") as one, h5py.File(path, "w") as many:
        many.attrs.update(one.attrs)
        many.create_dataset("xyc", data=nothing, chunks=(512, N_KEYPOINTS, 3), compression="gzip", compression_opts=9)
    assert path.stat().st_size < nothing.nbytes / 500
    assert len(read_keypoints(path).xyc) == len(nothing)


def test_other_formats_versions_and_shapes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "k.h5"
    write_keypoints(path, made_keypoints())
    with pytest.raises(FormatError, match="prompt2sign-motion"):
        read_motion(path)
    with h5py.File(path, "a") as file:
        file.attrs["version"] = 99
    with pytest.raises(FormatError, match="99"):
        read_keypoints(path)
    motion = lift(made_keypoints(), LiftOptions())
    write_motion(path, motion)
    with h5py.File(path, "a") as file:
        del file["observed"]
        file["observed"] = np.ones((7, 50), np.uint8)
    with pytest.raises(FormatError, match="observed"):
        read_motion(path)
    with h5py.File(path, "a") as file:
        del file["xyz"]
    with pytest.raises(FormatError, match="xyz"):
        read_motion(path)
