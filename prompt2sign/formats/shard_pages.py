"""The long lists of a shard, read from their Parquet pages without a look at every number's levels.

With every number of a list Parquet keeps two levels, which say where a list begins and what is null. A reader for all
kinds of files unpacks and follows them one by one, and that costs more than the numbers themselves. Here they are a
few runs: a list begins where the one is 0, and nothing is null. What is not as `shards` writes it is left to such a
reader.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .layout import room

#: Of the Parquet format (parquet.thrift): a page of values, and how they and their levels are encoded.
_DATA_PAGE, _PLAIN, _RLE, _BYTE_STREAM_SPLIT = 0, 0, 3, 9
#: Types of fields in Thrift's compact protocol.
_INT32, _STRUCT = 5, 12
#: No page header of ours is longer.
_HEADER_BYTES = 64
#: More numbers or lists are in no row group of ours; a few forged bytes could say so, and cost hours and gigabytes.
_MOST_NUMBERS, _MOST_LISTS = 1 << 26, 1 << 16


def read_lists(
    file: pa.NativeFile, column: pq.ColumnChunkMetaData, n_lists: int, kind: pa.ListType
) -> pa.ChunkedArray | None:
    """The lists of a column in a row group, their checksums verified.

    Args:
        file: The Parquet file.
        column: What its footer says of the column there.
        n_lists: How many it says there are.
        kind: Lists of int32 or boolean; neither they nor what is in them is ever null.

    Returns:
        Lists of this kind, None where pages are damaged, or laid out in any other way.
    """
    start, n_bytes = column.data_page_offset, column.total_compressed_size
    if column.compression != "ZSTD" or column.has_dictionary_page or not 0 <= start <= start + n_bytes <= file.size():
        return None
    if column.num_values > _MOST_NUMBERS or n_lists > _MOST_LISTS:
        return None
    try:
        data = memoryview(file.read_at(n_bytes, start))
        lists = pa.chunked_array(_pages(data, column.num_values, n_lists, kind), kind)
        return lists if len(lists) == n_lists else None
    except (ValueError, TypeError, LookupError, OverflowError, OSError, pa.ArrowException):
        return None


def _pages(data: memoryview, most_numbers: int, most_lists: int, kind: pa.ListType) -> Iterator[pa.ListArray]:
    """Page by page; raises all kinds of errors where one is not as expected."""
    encoding, decode = _DECODERS[kind.value_type]
    while data:
        header, size = _fields(data[:_HEADER_BYTES])
        end = size + header[3]
        n_values, *encodings = (header[5][number] for number in (1, 2, 3, 4))
        if header[1] != _DATA_PAGE or encodings != [encoding, _RLE, _RLE] or n_values > most_numbers:
            raise ValueError("laid out in another way")
        if zlib.crc32(data[size:end]) != header[4] % 2**32:
            raise ValueError("damaged")
        page = pa.Codec("zstd").decompress(data[size:end], header[2])
        starts, at = _zeros(page, 0, n_values, most_lists)
        nulls, at = _zeros(page, at, n_values, 0)
        if len(nulls) or starts[0] != 0:
            raise ValueError("laid out in another way")
        offsets = pa.array([*starts, n_values], pa.int32())
        yield pa.ListArray.from_arrays(offsets, decode(page.slice(at), n_values), type=kind)
        data = data[end:]


def _fields(data: memoryview) -> tuple[dict[int, Any], int]:
    """A Thrift structure of numbers and of such structures, by the numbers of its fields; and its length."""
    fields: dict[int, Any] = {}
    number = at = 0
    while data[at]:
        number, kind, at = number + (data[at] >> 4), data[at] & 15, at + 1
        if kind == _STRUCT:
            fields[number], size = _fields(data[at:])
            at += size
        elif kind == _INT32:
            value, at = _varint(data, at)
            fields[number] = value >> 1 ^ -(value & 1)
        else:
            raise ValueError("laid out in another way")
    return fields, at + 1


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """A whole number of seven bits a byte, and where it ends."""
    value = shift = 0
    while data[at] & 128:
        value, shift, at = value | (data[at] & 127) << shift, shift + 7, at + 1
        if shift >= 32:  # of a number that large the arithmetic alone would take hours
            raise ValueError("damaged")
    return value | data[at] << shift, at + 1


def _zeros(page: pa.Buffer, at: int, n_values: int, most: int) -> tuple[list[int], int]:
    """Which of the levels that begin at `at` are 0, up to so many, and where they end.

    Each is 0 or 1. They stand in runs: so many times the same one, or one after another, eight to a byte.
    """
    end = at + 4 + int.from_bytes(page[at : at + 4], "little")
    runs, found = memoryview(page)[at + 4 : end], []
    place = at = 0
    while place < n_values:
        head, at = _varint(runs, at)
        count = head >> 1
        if head & 1:
            for byte in runs[at : at + count]:
                found += [place + bit for bit in range(8) if not byte >> bit & 1]
                place += 8
                if len(found) > most + 8:  # the last byte may have some beyond the end
                    raise ValueError("laid out in another way")
            at += count
        elif runs[at] == 1:
            place, at = place + count, at + 1
        else:  # list after list of a single number
            raise ValueError("laid out in another way")
    return [number for number in found if number < n_values], end


def _numbers(page: pa.Buffer, n_values: int) -> pa.Array:
    """Four bytes a number: first the lowest of all numbers, at last the highest of all."""
    planes = list(np.frombuffer(page, np.uint8).reshape(4, n_values))
    while len(planes) > 1 and not planes[-1].max():  # as a rule the upper two of a `compact` clip
        planes.pop()
    numbers = room(n_values)
    numbers[:] = planes.pop()
    for plane in reversed(planes):
        numbers *= 256
        numbers += plane
    return pa.array(numbers)


def _flags(page: pa.Buffer, n_values: int) -> pa.Array:
    """Eight to a byte, as Arrow itself keeps them."""
    if page.size != -(-n_values // 8):
        raise ValueError("damaged")
    return pa.Array.from_buffers(pa.bool_(), n_values, [None, page])


_DECODERS: dict[pa.DataType, tuple[int, Callable[[pa.Buffer, int], pa.Array]]] = {
    pa.int32(): (_BYTE_STREAM_SPLIT, _numbers),
    pa.bool_(): (_PLAIN, _flags),
}
