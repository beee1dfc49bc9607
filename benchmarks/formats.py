"""What formats cost: bytes a frame, and the time to parse, write, read and find a clip. Processor time of one core."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import h5py
import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from prompt2sign.estimators.importers import import_keypoints, list_members
from prompt2sign.formats.layout import LAYOUTS
from prompt2sign.formats.motion import Motion
from prompt2sign.formats.openpose_json import write_openpose_json
from prompt2sign.formats.shard_schema import ShardInfo, imported
from prompt2sign.formats.shards import ShardRow, ShardSetWriter
from prompt2sign.formats.skels import read_skels, write_skels
from prompt2sign.loaders import open_release
from prompt2sign.records import Clip

from . import clips
from .motions import IS_REAL, many_motions, motions
from .table import Row, at_least, at_most, cpu_seconds, ratio_at_most

Xyz = NDArray[np.float32]
_US = 1e6
#: Bytes a frame that were promised, by layout: on the grid of the source, and at the step of a build.
_SIZES = {"frame-major": (306, 278), "compact": (279, 246)}


def rows() -> list[Row]:
    """Parsing of JSON, skels text, shards: each beside what would be used without this package."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        return [
            *_json_rows(root / "json"),
            *_text_rows(root / "text"),
            *_size_rows(root / "sizes"),
            *_reading_rows(root / "reading"),
        ]


def _json_rows(folder: Path) -> list[Row]:
    source = clips.REAL if clips.REAL.is_dir() else _write_json(folder / "clips")
    files = [path.read_bytes() for path in sorted(source.rglob("*.json"))]
    plain = _US * cpu_seconds(lambda: [json.loads(data) for data in files], 5) / len(files)
    fast = _US * cpu_seconds(lambda: [orjson.loads(data) for data in files], 5) / len(files)
    rows = [Row("JSON, orjson alone", fast, "json.loads alone", plain, "us/frame")]
    for kind, path in _packed(source, folder):
        took = _US * cpu_seconds(lambda path=path: _import_all(path), 5) / len(files)
        rows.append(Row(f"JSON {kind} to keypoints", took, "json.loads alone", plain, "us/frame", ratio_at_most(1.5)))
        rows.append(Row(f"JSON {kind} to keypoints", took, "orjson alone", fast, "us/frame"))
    return rows


def _write_json(folder: Path) -> Path:
    for name, keypoints in clips.clips().items():
        write_openpose_json(folder / name, name, keypoints)
    return folder


def _packed(source: Path, folder: Path) -> Iterable[tuple[str, Path]]:
    folder.mkdir(exist_ok=True)
    yield "folder", source
    yield "tar", Path(shutil.make_archive(str(folder / "clips"), "tar", source))
    yield "zip", Path(shutil.make_archive(str(folder / "clips"), "zip", source))


def _import_all(path: Path) -> None:
    for name in list_members(path):
        import_keypoints(path, name, fps=clips.FPS, width=clips.WIDTH, height=clips.HEIGHT)


def _text_rows(folder: Path) -> list[Row]:
    folder.mkdir()
    path, n_frames = folder / "train.skels", sum(map(len, motions()))

    def us(action: Callable[[], object], repeat: int) -> float:
        return _US * cpu_seconds(action, repeat) / n_frames

    write = us(lambda: write_skels(path, motions(), "progressive"), 7)
    printed = us(lambda: [_python_line(xyz) for xyz in motions()], 2)
    read = us(lambda: list(read_skels(path, "progressive")), 7)
    lines = path.read_bytes().splitlines()
    loaded = us(lambda: [np.loadtxt(io.BytesIO(line)) for line in lines], 2)
    split = us(lambda: [np.array(line.split(), np.float64) for line in lines], 2)
    return [
        Row("skels text written", write, "Python formatting", printed, "us/frame"),
        Row("skels text read and checked", read, "numpy.loadtxt", loaded, "us/frame"),
        Row("skels text read and checked", read, "numpy.array(line.split())", split, "us/frame"),
    ]


def _python_line(xyz: Xyz) -> str:
    frames = enumerate(xyz.reshape(len(xyz), -1).tolist())
    words = (" ".join([*(f"{value:.5f}" for value in frame), f"{i / len(xyz):.4f}"]) for i, frame in frames)
    return " ".join(words) + "\n"


def _size_rows(folder: Path) -> list[Row]:
    """Bytes a frame of the poses: of a shard the column `pose` alone, for none of the others holds the words."""
    folder.mkdir()
    n_frames = sum(map(len, motions()))
    others = {kind: n_bytes / n_frames for kind, n_bytes in _other_sizes(folder)}
    rows = []
    for layout in LAYOUTS:
        fine = _pose_bytes(_write_shards(folder / f"{layout}-fine", motions(), imported("progressive", layout)))
        wide = [3 * xyz for xyz in motions()]
        coarse = _pose_bytes(_write_shards(folder / f"{layout}-coarse", wide, ShardInfo(layout=layout)))
        for what, n_bytes, bound in zip(("1e-5", "1e-4 widths"), (fine, coarse), _SIZES[layout], strict=True):
            figure = n_bytes / n_frames
            # The bounds were set for the real motion.
            held = at_most(bound) if IS_REAL else None
            rows.append(Row(f"shard, {layout}, step {what}", figure, "", None, "B/frame", held))
        rows += [Row(f"shard, {layout}, step 1e-5", fine / n_frames, *other, "B/frame") for other in others.items()]
    return rows


def _other_sizes(folder: Path) -> Iterable[tuple[str, int]]:
    text = folder / "train.skels"
    write_skels(text, motions(), "progressive")
    yield "text", text.stat().st_size
    yield "text, gzip -6", len(gzip.compress(text.read_bytes(), 6))
    yield "h5, gzip + shuffle", _write_h5(folder / "train.h5", motions()).stat().st_size
    np.savez_compressed(folder / "train.npz", *motions())
    yield "npz, compressed", (folder / "train.npz").stat().st_size
    # Version 0.2 as its own library writes it: float32 coordinates and a confidence, uncompressed.
    yield ".pose", sum(xyz.nbytes + xyz.nbytes // 3 for xyz in motions())
    lists = pa.array([xyz.reshape(-1) for xyz in motions()], pa.list_(pa.float32()))
    pq.write_table(pa.table({"pose": lists}), folder / "train.parquet", compression="zstd")
    yield "Parquet, float32 zstd", (folder / "train.parquet").stat().st_size


def _write_h5(path: Path, xyzs: Sequence[Xyz]) -> Path:
    with h5py.File(path, "w") as file:
        for number, xyz in enumerate(xyzs):
            file.create_dataset(f"clip_{number}", data=xyz, shuffle=True, compression="gzip")
    return path


def _write_shards(folder: Path, xyzs: Sequence[Xyz], info: ShardInfo) -> Path:
    with ShardSetWriter(folder, info) as shards:
        for number, xyz in enumerate(xyzs):
            observed = np.ones(xyz.shape[:2], bool)
            shards.add(ShardRow(Clip(f"clip_{number}", "GSL", "made"), Motion(xyz, observed, 25.0, 0.0, "made")))
    return folder


def _pose_bytes(folder: Path) -> int:
    footers = [pq.read_metadata(path) for path in folder.iterdir()]
    groups = [footer.row_group(i) for footer in footers for i in range(footer.num_row_groups)]
    columns = [group.column(i) for group in groups for i in range(group.num_columns)]
    return sum(column.total_compressed_size for column in columns if column.path_in_schema.startswith("pose."))


def _reading_rows(folder: Path) -> list[Row]:
    folder.mkdir()
    xyzs = many_motions()
    n_frames, last = sum(map(len, xyzs)), f"clip_{len(xyzs) - 1}"
    shards = {layout: _write_shards(folder / layout, xyzs, ShardInfo(layout=layout)) for layout in LAYOUTS}
    h5, npz, text = _write_h5(folder / "train.h5", xyzs), folder / "train.npz", folder / "train.skels"
    np.savez_compressed(npz, **{f"clip_{number}": xyz for number, xyz in enumerate(xyzs)})
    write_skels(text, (xyz / 3 for xyz in xyzs), "progressive")

    def rate(action: Callable[[], Iterable[object]], repeat: int = 2) -> float:
        return n_frames / cpu_seconds(lambda: [None for _ in action()], repeat)

    others = {
        "npz, compressed": rate(lambda: np.load(npz).values()),
        "h5, gzip": rate(lambda: _all_h5(h5)),
        "skels text": rate(lambda: read_skels(text, "progressive")),
    }
    found = {
        "h5": 1e3 * cpu_seconds(lambda: _one_h5(h5, last), 5),
        "skels text": 1e3 * cpu_seconds(lambda: _one_line(text, len(xyzs) - 1), 5),
    }
    rows = []
    for layout, path in shards.items():
        speed = rate(lambda path=path: open_release(path), 25)
        rows.append(Row(f"shard, {layout}, read to float32", speed, "", None, "frames/s", at_least(500_000)))
        rows += [Row(f"shard, {layout}, read to float32", speed, *other, "frames/s") for other in others.items()]
        took = 1e3 * cpu_seconds(lambda path=path: open_release(path)[last].motion, 5)
        rows += [Row(f"shard, {layout}, opened and one clip read", took, *other, "ms") for other in found.items()]
    return rows


def _all_h5(path: Path) -> Iterable[Xyz]:
    with h5py.File(path) as file:
        yield from (dataset[()] for dataset in file.values())


def _one_h5(path: Path, name: str) -> Xyz:
    with h5py.File(path) as file:
        return np.asarray(file[name])


def _one_line(path: Path, number: int) -> Xyz:
    with path.open() as file:
        line = next(line for count, line in enumerate(file) if count == number)
    return np.array(line.split(), np.float32).reshape(-1, 151)[:, :150].reshape(-1, 50, 3)
