"""Shards: what goes in comes out, for every reader; a broken one is never taken for a whole one."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from prompt2sign.errors import ClipRejected, FormatError
from prompt2sign.formats.layout import LAYOUTS, pack, unpack
from prompt2sign.formats.shard_schema import LARGEST
from prompt2sign.formats.shards import (
    BUILT,
    SHARD_SCHEMA,
    ShardInfo,
    ShardSetWriter,
    ShardWriter,
    dequantise,
    imported,
    open_shard,
    quantise,
)
from prompt2sign.loaders import ReleaseClip, open_release
from prompt2sign.release.inspect import inspect_release
from prompt2sign.release.skels_export import export_skels
from prompt2sign.release.skels_import import skels_rows
from prompt2sign.release.validate import validate_release
from prompt2sign.skeleton import SKELETON
from tests.golden.make import golden_observed, golden_xyz
from tests.made import run
from tests.making import make_row, no_file_larger_than

GOLDEN = Path(__file__).parent / "golden" / "shard-v1" / "train-00000.parquet"
COMPACT = ShardInfo(layout="compact")
INFOS = pytest.mark.parametrize("info", [BUILT, COMPACT], ids=lambda info: info.layout)


def write(path: Path, rows, info: ShardInfo = BUILT, row_group: int = 64) -> Path:
    with ShardWriter(path, info, row_group) as shard:
        for row in rows:
            shard.add(row)
    return path


def rows_of(n: int, **values):
    return [make_row(f"clip-{i}", seed=i, n_frames=1 + i % 3, **values) for i in range(n)]


def with_xyz(xyz, **values):
    row = make_row(n_frames=len(xyz))
    return replace(row, motion=replace(row.motion, xyz=np.asarray(xyz, np.float32), **values))


@pytest.mark.parametrize("info", [BUILT, COMPACT, imported("progressive"), imported("progressive", "compact")])
@settings(max_examples=20, deadline=None)
@given(
    xyz=st_numpy.arrays(
        np.float32, st.tuples(st.integers(1, 3), st.just(50), st.just(3)), elements=st.floats(-20, 20, width=32)
    )
)
def test_motion_comes_back_within_half_a_step(tmp_path_factory, info, xyz):
    path = write(tmp_path_factory.mktemp("shard") / "train-00000.parquet", [with_xyz(xyz)], info)
    clip = open_release(path)[0]
    assert clip.motion.dtype == np.float32
    # float32 itself is as coarse as 1e-6 at 20.
    assert np.abs(clip.motion.astype(np.float64) - xyz).max() <= info.step / 2 + 1e-6
    again = write(path.with_name("again.parquet"), [with_xyz(clip.motion)], info)
    np.testing.assert_array_equal(open_release(again)[0].motion, clip.motion)


@given(st.integers(-8_000_000, 8_000_000))
def test_a_decimal_number_comes_back_as_the_float32_nearest_to_it(number):
    steps = np.array([number], np.int32)
    values = dequantise(steps, 100_000)
    assert values[0] == np.float32(number / 100_000)
    np.testing.assert_array_equal(quantise(values, 100_000), steps)


@pytest.mark.parametrize("scale", [1, 7, 10_000, 100_000, 333_333_333, 10**9])
def test_numbers_come_back_as_the_nearest_float32_whatever_the_grid(scale):
    steps = np.random.default_rng(0).integers(-LARGEST, LARGEST, 20_000, np.int32)
    np.testing.assert_array_equal(dequantise(steps, scale), (steps / np.float64(scale)).astype(np.float32))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st_numpy.arrays(
            np.int32, st.tuples(st.integers(1, 4), st.just(50), st.just(3)), elements=st.integers(-LARGEST, LARGEST)
        ),
        max_size=4,
    )
)
def test_a_layout_is_undone_to_the_last_bit(poses):
    for layout in LAYOUTS:
        packed = [pack(pose, layout) for pose in poses]
        assert all(values.dtype == np.int32 for values in packed)
        for pose, values, back in zip(poses, packed, unpack(packed, layout), strict=True):
            np.testing.assert_array_equal(back, pose)
            alone = undone(values, ShardInfo(step=1.0, layout=layout))
            np.testing.assert_array_equal(alone, pose.astype(np.float32))


def test_ties_are_rounded_to_even():
    assert quantise(np.array([0.5, 1.5, -0.5, -1.5], np.float32), 1).tolist() == [0, 2, 0, -2]


def test_every_field_comes_back(tmp_path):
    row = make_row()
    clip = open_release(write(tmp_path / "train-00000.parquet", [row]))[0]
    expected = ReleaseClip(
        clip_id="clip-1", lang="GSL", sign_language="gsg", spoken_language="de-DE", corpus="test", split="train",
        unit="sentence", signer="signer 0", text="ein satz „mit“ 0", text_raw=" Ein Satz\n„mit“ 0", gloss="SATZ",
        prompts=("wie geht {}?", "zeig\nmir"), fps=25.0, motion=clip.motion, observed=clip.observed,
        quality={name: float(np.float32(value)) for name, value in row.motion.quality.items()},
        source=row.source, provenance=row.provenance, licence=row.licence,
    )  # fmt: skip
    for name in set(ReleaseClip.__slots__) - {"motion", "observed"}:
        assert getattr(clip, name) == getattr(expected, name)
    np.testing.assert_array_equal(clip.observed, row.motion.observed)
    assert "jitter" not in clip.quality


def undone(pose: np.ndarray, info: ShardInfo) -> np.ndarray:
    """(T, 50, 3) float32 from the numbers any reader gives."""
    if info.layout == "frame-major":
        return (pose / info.scale).astype("float32").reshape(-1, 50, 3)
    joints = (pose - 32896).cumsum().reshape(50, 3, -1)
    for joint, parent in enumerate(SKELETON.parents):
        joints[joint] += joints[parent] if parent >= 0 else 0
    return (joints.transpose(2, 0, 1) / info.scale).astype("float32")


@INFOS
def test_four_readers_see_the_same_numbers(tmp_path, monkeypatch, info):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets
    import duckdb
    import polars

    path = write(tmp_path / "train-00000.parquet", rows_of(3), info, row_group=2)
    clips = list(open_release(path))
    loaded = datasets.load_dataset("parquet", data_files=str(path), cache_dir=str(tmp_path / "cache"))["train"]
    tables = {
        "pyarrow": pq.read_table(path).to_pylist(),
        "polars": polars.read_parquet(path).to_dicts(),
        "duckdb": duckdb.sql(f"select * from '{path}'").to_arrow_table().to_pylist(),
        "datasets": loaded.to_list(),
    }
    for reader, table in tables.items():
        assert [row["clip_id"] for row in table] == [clip.clip_id for clip in clips], reader
        for row, clip in zip(table, clips, strict=True):
            np.testing.assert_array_equal(undone(np.array(row["pose"]), info), clip.motion, reader)
            np.testing.assert_array_equal(np.array(row["observed"]).reshape(-1, 50), clip.observed, reader)
            assert row["text_raw"] == clip.text_raw and row["prompts"] == list(clip.prompts), reader
            assert row["quality"]["jitter"] is None and row["source"]["video"] == "video.mp4", reader
            assert row["n_frames"] == clip.n_frames and row["fps"] == 25.0, reader


@pytest.mark.parametrize("info", [BUILT, COMPACT, imported("progressive", "compact")])
def test_the_lines_in_the_schema_read_it(tmp_path, monkeypatch, info):
    monkeypatch.chdir(tmp_path)
    (clip,) = open_release(write(tmp_path / "data" / "train-00000.parquet", [make_row(n_frames=6)], info))
    page = (Path(__file__).parents[1] / "schemas" / "shard-v1.md").read_text("utf-8")
    flat, packed = re.findall(r"\n\n((?:    .+\n)+)", page[page.index("## Read it") : page.index("## Facts")])
    lines = dedent(flat) + (dedent(packed) if info.layout == "compact" else "")
    values: dict = {}
    exec(lines.replace("10_000", str(info.scale)), values)
    np.testing.assert_array_equal(values["xyz"], clip.motion)


def test_encoding_is_what_the_schema_promises(tmp_path):
    path = write(tmp_path / "train-00000.parquet", rows_of(5), row_group=2)
    file = pq.ParquetFile(path)
    assert file.schema_arrow.equals(SHARD_SCHEMA)
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [2, 2, 1]
    columns = {
        column.path_in_schema: column
        for column in (file.metadata.row_group(0).column(i) for i in range(file.metadata.num_columns))
    }
    pose = columns["pose.list.element"]
    assert "BYTE_STREAM_SPLIT" in pose.encodings and pose.compression == "ZSTD" and not pose.is_stats_set
    assert columns["observed.list.element"].compression == "ZSTD"
    assert columns["clip_id"].is_stats_set and columns["clip_id"].has_column_index
    assert columns["clip_id"].compression == "SNAPPY"
    facts = {key: value for key, value in file.metadata.metadata.items() if key.startswith(b"prompt2sign.")}
    assert facts == {
        b"prompt2sign.version": b"1",
        b"prompt2sign.step": b"0.0001",
        b"prompt2sign.joints": b"50",
        b"prompt2sign.skeleton": b"prompt2sign-50",
        b"prompt2sign.unit": b"shoulder_width",
        b"prompt2sign.layout": b"frame-major",
    }
    file.close()


def test_same_rows_give_the_same_bytes_in_any_order_of_splits(tmp_path):
    train, dev = rows_of(3), [make_row(f"dev-{i}", seed=i, split="dev") for i in range(3)]
    for folder, order in (("a", train + dev), ("b", dev + train)):
        with ShardSetWriter(tmp_path / folder) as shards:
            for row in order:
                shards.add(row)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["dev-00000.parquet", "train-00000.parquet"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_new_file_begins_when_one_is_full_and_old_ones_go(tmp_path):
    for n_clips in (8, 4):
        with ShardSetWriter(tmp_path, shard_bytes=1, row_group=2) as shards:
            for row in rows_of(n_clips):
                shards.add(row)
        names = sorted(path.name for path in tmp_path.iterdir())
        assert names == [f"train-{i:05d}.parquet" for i in range(n_clips // 2)]
        assert [clip.clip_id for clip in open_release(tmp_path)] == [f"clip-{i}" for i in range(n_clips)]


def test_long_clips_end_a_row_group_early(tmp_path, monkeypatch):
    monkeypatch.setattr("prompt2sign.formats.shards.ROW_GROUP_FRAMES", 10)
    path = write(tmp_path / "train-00000.parquet", [make_row(f"{i}", n_frames=6) for i in range(4)])
    assert open_shard(path).row_groups == (2, 2)


@pytest.mark.parametrize("limit", [0, 2_000, 50_000])
def test_a_write_that_fails_leaves_nothing(tmp_path, limit):
    before = write(tmp_path / "train-00000.parquet", rows_of(2)).read_bytes()
    with pytest.raises(OSError), no_file_larger_than(limit), ShardSetWriter(tmp_path, row_group=8) as shards:
        for i in range(64):
            shards.add(make_row(f"{i}", seed=i, n_frames=8))
    assert [path.name for path in tmp_path.iterdir()] == ["train-00000.parquet"]
    assert (tmp_path / "train-00000.parquet").read_bytes() == before


def test_a_full_disk_at_the_end_leaves_nothing(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path / "train-00000.parquet", rows_of(1))
    assert not list(tmp_path.iterdir())


def test_an_error_between_rows_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), ShardSetWriter(tmp_path, shard_bytes=1, row_group=1) as shards:
        shards.add(make_row("a"))
        shards.add(make_row("b"))
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "row",
    [
        with_xyz(np.full((1, 50, 3), np.nan)),
        with_xyz(np.full((1, 50, 3), -np.inf)),
        with_xyz(np.full((1, 50, 3), 3e5)),
        with_xyz(np.full((1, 50, 3), 1678)),
        with_xyz(np.zeros((0, 50, 3)), observed=np.zeros((0, 50), bool)),
        with_xyz(np.zeros((2, 49, 3))),
        with_xyz(np.zeros((2, 50, 3)), observed=np.zeros((1, 50), bool)),
        with_xyz(np.zeros((2, 50, 3)), fps=float("nan")),
        with_xyz(np.zeros((2, 50, 3)), fps=0.0),
        make_row(split="valid"),
    ],
)
def test_a_clip_that_cannot_be_stored_is_refused_by_name_and_the_others_stay(tmp_path, row):
    row = replace(row, clip=replace(row.clip, clip_id="the bad one"))
    with ShardSetWriter(tmp_path) as shards:
        shards.add(make_row("before"))
        with pytest.raises(ClipRejected, match="the bad one"):
            shards.add(row)
        shards.add(make_row("after"))
    assert [clip.clip_id for clip in open_release(tmp_path)] == ["before", "after"]


def read_all(path: Path):
    return [(clip.clip_id, clip.text, clip.motion.tobytes(), clip.observed.tobytes()) for clip in open_release(path)]


def test_a_cut_off_shard_is_never_read_as_whole(tmp_path):
    data = write(tmp_path / "train-00000.parquet", rows_of(3)).read_bytes()
    cut = tmp_path / "cut.parquet"
    for size in [0, 3, 4, 8, *range(12, len(data), 701), len(data) - 1]:
        cut.write_bytes(data[:size])
        with pytest.raises(FormatError, match=r"cut\.parquet"):
            read_all(cut)


@INFOS
def test_a_damaged_shard_is_refused_or_reads_the_same(tmp_path, info):
    path = write(tmp_path / "train-00000.parquet", rows_of(3), info)
    data, whole = path.read_bytes(), read_all(path)
    random, n_refused = np.random.default_rng(0), 0
    for position in random.integers(0, len(data), 150):
        bad = bytearray(data)
        bad[position] ^= int(random.integers(1, 256))
        path.write_bytes(bad)
        try:
            assert read_all(path) == whole
        except FormatError:
            n_refused += 1
    assert n_refused > 75


def test_other_files_and_newer_versions_are_refused_with_the_remedy(tmp_path):
    path = tmp_path / "train-00000.parquet"
    path.write_text("not parquet")
    with pytest.raises(FormatError, match="cut off or damaged"):
        open_shard(path)
    pq.write_table(pa.table({"text": ["a"]}), path)
    with pytest.raises(FormatError, match="not a prompt2sign shard"):
        open_shard(path)
    write(path, rows_of(1), ShardInfo(layout="backwards"))
    with pytest.raises(FormatError, match=r"layout 'backwards'.*pip install -U"):
        open_shard(path)
    write(path, rows_of(1), ShardInfo(version=2))
    with pytest.raises(FormatError, match=r"version 2.*pip install -U"):
        open_shard(path)
    table = pq.read_table(write(path, rows_of(1)))
    pq.write_table(table.drop_columns(["observed"]), path)
    with pytest.raises(FormatError, match="its columns are"):
        open_shard(path)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"prompt2sign.step": b"0"}), path)
    with pytest.raises(FormatError, match="no grid"):
        open_shard(path)


def test_quality_may_grow(tmp_path):
    path = write(tmp_path / "train-00000.parquet", rows_of(1))
    table = pq.read_table(path)
    grown = [{**value, "new_measure": 1.5} for value in table.column("quality").to_pylist()]
    kind = pa.struct([*table.schema.field("quality").type, pa.field("new_measure", pa.float32())])
    index = table.schema.get_field_index("quality")
    field = pa.field("quality", kind, nullable=False)
    pq.write_table(table.set_column(index, field, pa.array(grown, kind)), path)
    assert open_release(path)[0].quality["new_measure"] == 1.5


@pytest.mark.shared
@pytest.mark.parametrize(("layout", "fine", "coarse"), [("frame-major", 306, 278), ("compact", 210, 178)])
def test_poses_cost_what_the_schema_says(tmp_path, shared_data, layout, fine, coarse):
    """On real data, bytes a frame: losslessly, and at the step of a build."""
    rows = list(skels_rows(shared_data / "skels", "gsl", "progressive"))
    assert pose_bytes_a_frame(tmp_path / "fine", rows, imported("progressive", layout)) <= fine
    rows = [replace(row, motion=replace(row.motion, xyz=row.motion.xyz * 3)) for row in rows]
    assert pose_bytes_a_frame(tmp_path / "coarse", rows, ShardInfo(layout=layout)) <= coarse


def pose_bytes_a_frame(folder: Path, rows, info: ShardInfo) -> float:
    with ShardSetWriter(folder, info) as shards:
        for row in rows:
            shards.add(row)
    n_bytes = 0
    for path in folder.iterdir():
        with pq.ParquetFile(path) as file:
            group = file.metadata.row_group(0)
            columns = [group.column(i) for i in range(group.num_columns)]
            n_bytes += sum(c.total_compressed_size for c in columns if c.path_in_schema.startswith("pose"))
    return n_bytes / sum(row.motion.n_frames for row in rows)


@pytest.mark.parametrize("path", [GOLDEN, GOLDEN.parent / "compact" / "train-00000.parquet"])
def test_version_1_stays_readable(path):
    release = open_release(path)
    assert [clip.clip_id for clip in release] == ["a", "b"]
    for clip, n_frames in zip(release, (2, 3), strict=True):
        np.testing.assert_array_equal(clip.motion, golden_xyz(n_frames))
        np.testing.assert_array_equal(clip.observed, golden_observed(n_frames))
        assert (clip.lang, clip.sign_language, clip.spoken_language) == ("LIS-CH", "slf", "it-CH")
        assert (clip.text, clip.prompts, clip.quality) == (f"Testo, {clip.clip_id}", ("«{}»?",), {"fit_error": 0.5})


@INFOS
def test_a_layout_makes_no_difference_to_what_is_read_checked_and_exported(tmp_path, info):
    rows = [
        make_row(f"{split}/{i}", split=split, seed=i, n_frames=2 + i) for split in ("train", "dev") for i in range(3)
    ]
    for name, one in (("a", BUILT), ("b", info)):
        with ShardSetWriter(tmp_path / name / "data", one, row_group=2) as shards:
            for row in rows:
                shards.add(row)
        export_skels(tmp_path / name, tmp_path / f"{name}-skels", "progressive")
    plain, other = open_release(tmp_path / "a"), open_release(tmp_path / "b")
    for one, two in zip(plain, other, strict=True):
        assert one.clip_id == two.clip_id and two.motion.flags.c_contiguous
        np.testing.assert_array_equal(one.motion, two.motion)
        np.testing.assert_array_equal(other[one.clip_id].motion, one.motion)
    for column in ("pose", "motion"):
        for one, two in zip(*(release.to_pandas([column])[column] for release in (plain, other)), strict=True):
            np.testing.assert_array_equal(one, two)
    assert inspect_release(tmp_path / "b")["shards"][0]["layout"] == info.layout
    assert not [fault for fault in validate_release(tmp_path / "b") if "bone" in str(fault) or "pose" in str(fault)]
    for path in (tmp_path / "a-skels").iterdir():
        assert path.read_bytes() == (tmp_path / "b-skels" / path.name).read_bytes()


@INFOS
def test_a_bone_that_changes_is_found_in_any_layout(tmp_path, info):
    row = make_row(n_frames=3)
    row.motion.xyz[1, 12] += 0.01
    write(tmp_path / "train-00000.parquet", [row], info)
    assert "bone lengths are not constant" in str(validate_release(tmp_path))


def test_the_command_line_writes_compact_shards(tmp_path):
    skels = GOLDEN.parents[1] / "skels" / "progressive"
    arguments = ["import", "skels", str(skels), "--lang", "gsl", "--convention", "progressive", "--compact"]
    assert run(*arguments, "--out", str(tmp_path / "release")).code == 0
    assert open_release(tmp_path / "release").infos[0].layout == "compact"
    assert "packed" in (tmp_path / "release" / "README.md").read_text("utf-8")
    assert '"layout": "compact"' in (tmp_path / "release" / "release.json").read_text("utf-8")
