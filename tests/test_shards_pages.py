"""The long lists of a shard by the short way: as any Parquet reader reads them, or not at all."""

from __future__ import annotations

import resource
import struct
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt2sign.formats import shard_read
from prompt2sign.formats.layout import LAYOUTS
from prompt2sign.formats.shard_pages import read_lists
from prompt2sign.formats.shards import SHARD_SCHEMA, ShardInfo, ShardWriter, open_shard
from prompt2sign.loaders import open_release
from tests.making import make_row

NUMBERS, FLAGS = SHARD_SCHEMA.field("pose").type, SHARD_SCHEMA.field("observed").type
#: As `shards` writes them.
OPTIONS = {
    NUMBERS: {"column_encoding": {"a.list.element": "BYTE_STREAM_SPLIT"}},
    FLAGS: {"column_encoding": {"a.list.element": "PLAIN"}},
}
OURS = {
    "compression": "zstd", "use_dictionary": False, "write_statistics": False, "write_page_index": True,
    "write_page_checksum": True,
}  # fmt: skip


def write(path: Path, values: pa.Array, **options) -> Path:
    schema = pa.schema([pa.field("a", values.type, nullable=False)])
    pq.write_table(pa.table([values], schema), path, **{**OURS, **OPTIONS.get(values.type, {}), **options})
    return path


def short(path: Path) -> pa.ChunkedArray | None:
    with pq.ParquetFile(path) as file, pa.OSFile(str(path)) as raw:
        group = file.metadata.row_group(0)
        return read_lists(raw, group.column(0), group.num_rows, file.schema_arrow.field(0).type)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_lists_are_those_of_any_reader(tmp_path_factory, data):
    kind, element = data.draw(
        st.sampled_from([(NUMBERS, st.integers(-(2**31), 2**31 - 1)), (FLAGS, st.booleans())]), "kind"
    )
    lists = data.draw(st.lists(st.lists(element, min_size=2, max_size=70), min_size=1, max_size=20), "lists")
    path = write(tmp_path_factory.mktemp("lists") / "a.parquet", pa.array(lists, kind))
    found = short(path)
    assert found is not None
    found.validate(full=True)
    assert found.type == kind and found.to_pylist() == lists


@pytest.mark.parametrize("bound", [1, 2**7, 2**8, 2**15, 2**16, 2**23, 2**24, 2**31 - 1])
@pytest.mark.parametrize("lowest", [0, -1])
def test_numbers_of_any_size_keep_their_sign(tmp_path, bound, lowest):
    numbers = np.random.default_rng(0).integers(lowest * bound, bound, (4, 75), np.int32)
    found = short(write(tmp_path / "a.parquet", pa.array(list(numbers), NUMBERS)))
    assert found is not None
    np.testing.assert_array_equal(np.array(found.to_pylist()), numbers)


@pytest.mark.parametrize("kind", [NUMBERS, FLAGS])
def test_a_column_of_several_pages_is_read_page_by_page(tmp_path, kind):
    values = pa.array([[(row * i) % 3 == 0 for i in range(3_001)] for row in range(50)], FLAGS).cast(kind)
    found = short(write(tmp_path / "a.parquet", values, data_page_size=1_000, write_batch_size=8))
    assert found is not None
    assert found.num_chunks > 3 and found.combine_chunks().equals(values)


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "snappy"},
        {"compression": "none"},
        {"column_encoding": {"a.list.element": "PLAIN"}},
        {"column_encoding": {"a.list.element": "DELTA_BINARY_PACKED"}},
        {"use_dictionary": True, "column_encoding": None},
        {"data_page_version": "2.0"},
        {"write_statistics": True, "write_page_index": False},
        {"write_page_checksum": False},
    ],
)
def test_what_others_write_is_left_to_other_readers(tmp_path, options):
    assert short(write(tmp_path / "a.parquet", pa.array([[1, 2, 3]] * 40, NUMBERS), **options)) is None


@pytest.mark.parametrize(
    "values",
    [
        pa.array([[1, 2], [], [3]], NUMBERS),
        pa.array([[True, False], [], [True]], FLAGS),
        pa.array([[1]] * 40, NUMBERS),
        pa.array([[1, 2], *[[1]] * 40], NUMBERS),
        pa.array([[1, None]] * 40, pa.list_(pa.field("element", pa.int32()))),
    ],
)
def test_lists_that_no_clip_has_are_left_to_other_readers(tmp_path, values):
    options = OPTIONS[FLAGS if values.type == FLAGS else NUMBERS]
    assert short(write(tmp_path / "a.parquet", values, **options)) is None


def test_no_damage_in_a_page_goes_unseen(tmp_path):
    path = write(tmp_path / "a.parquet", pa.array([list(range(40)), [7] * 30], NUMBERS))
    data, whole = path.read_bytes(), short(path)
    with pq.ParquetFile(path) as file:
        column = file.metadata.row_group(0).column(0)
    for place in range(column.data_page_offset, column.data_page_offset + column.total_compressed_size):
        for flip in (1, 128, 255):
            path.write_bytes(data[:place] + bytes([data[place] ^ flip]) + data[place + 1 :])
            found = short(path)
            assert found is None or found.equals(whole)


#: Levels of 15 numbers in one list, none of them null: eight to a byte, or a run.
REPETITION, DEFINITION = b"\x05\xfe\x7f", b"\x1e\x01"


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([REPETITION, b"\x03\xfe\x0e\x01"]) | st.binary(max_size=6),
    st.sampled_from([DEFINITION, b"\x05\xff\x7f"]) | st.binary(max_size=6),
    st.binary(max_size=4) | st.binary(min_size=60, max_size=60),
    st.sampled_from([NUMBERS, FLAGS]),
)
def test_a_page_of_any_bytes_is_no_error(repetition, definition, values, kind):
    found = read_made(15, repetition, definition, values, kind)
    n_bytes = 2 if kind == FLAGS else 60
    assert found is None or (len(values) == n_bytes and sum(map(len, found.to_pylist())) == 15)
    assert read_made(15, REPETITION, DEFINITION, bytes(n_bytes), kind).to_pylist() == [[0] * 15]


@pytest.mark.parametrize("kind", [NUMBERS, FLAGS])
@pytest.mark.parametrize("n_values", [0, -1, 2**31, 2**64])
def test_a_page_that_says_it_holds_too_much_is_no_error(n_values, kind):
    definition = zigzag(n_values) + b"\x01" if n_values >= 0 else b""
    repetition = b"\x03\xfe" + definition
    assert read_made(n_values, repetition, definition, bytes(2), kind) is None


@pytest.mark.timeout(20)
@pytest.mark.parametrize("levels", [b"\xff" * 3_000_000 + b"\x01", b"\x81\x89\x7a" + bytes(8_000_000)])
def test_a_page_of_a_few_bytes_costs_little(levels):
    """A length without end, and a list for every number."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert read_made(60_000_000, levels, DEFINITION, b"", NUMBERS) is None
    assert read_made(60_000_000, REPETITION, levels, b"", NUMBERS) is None
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes


def read_made(
    n_values: int, repetition: bytes, definition: bytes, values: bytes, kind: pa.ListType
) -> pa.ChunkedArray | None:
    """Of a page made on purpose: its checksum is right."""
    page = b"".join(struct.pack("<I", len(levels)) + levels for levels in (repetition, definition)) + values
    packed = pa.Codec("zstd").compress(page, asbytes=True)
    (checksum,) = struct.unpack("<i", struct.pack("<I", zlib.crc32(packed)))
    encoding = 9 if kind == NUMBERS else 0
    about, counts = (0, len(page), len(packed), checksum), (n_values, encoding, 3, 3)
    header = b"".join(b"\x15" + zigzag(value) for value in about)
    header += b"\x1c" + b"".join(b"\x15" + zigzag(value) for value in counts) + b"\x00\x00"

    class Column:
        compression, has_dictionary_page, data_page_offset = "ZSTD", False, 0
        total_compressed_size, num_values = len(header) + len(packed), n_values

    return read_lists(pa.BufferReader(header + packed), Column(), 1, kind)


def zigzag(number: int) -> bytes:
    value, data = number << 1 if number >= 0 else (-number << 1) - 1, bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    return bytes([*data, value])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_shards_are_read_the_short_way(tmp_path, monkeypatch, layout):
    path = tmp_path / "train-00000.parquet"
    with ShardWriter(path, ShardInfo(layout=layout), row_group=2) as shard:
        for i in range(5):
            shard.add(make_row(f"clip-{i}", seed=i, n_frames=1 + i))
    shortly, seen = pa.concat_tables(open_shard(path).tables()), []
    motions = [clip.motion for clip in open_release(path)]
    monkeypatch.setattr(shard_read, "read_lists", lambda *arguments: seen.append(read_lists(*arguments)))
    assert shortly.equals(pa.concat_tables(open_shard(path).tables()), check_metadata=True)
    for columns in (["pose"], ["n_frames", "observed"], ["text", "observed", "pose", "quality"]):
        monkeypatch.setattr(shard_read, "read_lists", read_lists)
        one = open_shard(path).table(1, columns)
        monkeypatch.setattr(shard_read, "read_lists", lambda *arguments: seen.append(read_lists(*arguments)))
        assert one.equals(open_shard(path).table(1, columns), check_metadata=True)
        assert one.column_names == columns
    assert len(seen) == 10 and all(lists is not None for lists in seen)
    for motion, clip in zip(motions, open_release(path), strict=True):
        np.testing.assert_array_equal(motion, clip.motion)


def test_a_part_of_a_column_is_read_as_well(tmp_path):
    path = tmp_path / "train-00000.parquet"
    with ShardWriter(path) as shard:
        shard.add(make_row("a", n_frames=2))
        shard.add(make_row("b", n_frames=3))
    table = open_shard(path).table(0, ["source.video", "n_frames"])
    assert table.column("source").type.names == ["video"] and table.num_rows == 2
