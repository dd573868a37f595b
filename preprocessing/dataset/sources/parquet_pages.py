"""Tell before a Parquet file is read whether it holds far more than its size lets expect.

How much it holds stands in its footer, too. But Arrow makes room for each page as the head of the
page says, and a footer can say less: some programs write there the packed size, or none.
"""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

# What any file may hold, and how many times its own size: long paths of one folder are packed well.
_LEAST_BYTES, _MOST_TIMES = 100_000_000, 100
# Read at first of a head, and at most. A head can quote the least and the greatest value.
_HEAD_BYTES, _MOST_HEAD_BYTES = 1 << 10, 1 << 24
# How far Arrow reads beyond a column that ends too early, as those of one old writer do.
_PADDING_BYTES = 100
# Apache Thrift's compact protocol.
_INT8, _INT16, _INT32, _INT64, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 3, 4, 5, 6, 7, 8, 9, 10, 12
_BOOLEANS, _INTEGERS = (1, 2), (_INT16, _INT32, _INT64)
_DEEPEST = 8
# What a page is, and where in its head that is described: the number of its values comes first.
_TYPE, _UNPACKED, _PACKED, _VALUES = (1, _INT32), (2, _INT32), (3, _INT32), (1, _INT32)
_DESCRIBED = {0: (5, _STRUCT), 3: (8, _STRUCT)}


def check_pages(source: pa.NativeFile) -> None:
    """Make sure that a Parquet file holds no more values than it says, nor far too many bytes.

    Args:
        source: The file, open.

    Raises:
        ValueError: It does not, or is damaged.
        ArrowException, OSError: It cannot be read.
    """
    unpacked = 0
    for part in parts_of(pq.read_metadata(source)):
        left = part.num_values
        for size, values in _pages(source, part):
            unpacked, left = unpacked + size, left - values
            if left < 0:
                raise ValueError("it holds more values than its footer says")
            check_unpacked(unpacked, source)


def check_unpacked(size: int, source: pa.NativeFile) -> None:
    """Make sure that a Parquet file can hold so many bytes.

    Raises:
        ValueError: They are far too many for its size.
    """
    if size > _LEAST_BYTES + _MOST_TIMES * source.size():
        raise ValueError("it holds far more than its size lets expect")


def parts_of(metadata: pq.FileMetaData) -> Iterator[pq.ColumnChunkMetaData]:
    """Yield what a footer says of each column, for each group of rows."""
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        yield from map(group.column, range(group.num_columns))


def _pages(source: pa.NativeFile, part: pq.ColumnChunkMetaData) -> Iterator[tuple[int, int]]:
    """Yield the size of each page that Arrow reads of a column, unpacked, and its values."""
    at: int = part.data_page_offset
    if part.dictionary_page_offset:
        at = min(at, part.dictionary_page_offset)
    end = min(at + part.total_compressed_size + _PADDING_BYTES, source.size())
    values = 0
    while values < part.num_values and 0 <= at < end:
        head, length = _read_head(source, at)
        try:
            unpacked, packed, kind = head[_UNPACKED], head[_PACKED], head[_TYPE]
            page_values = head[_DESCRIBED[kind]][_VALUES] if kind in _DESCRIBED else 0
        except (KeyError, TypeError):
            raise ValueError("a page says nothing of what it holds") from None
        if min(unpacked, packed, page_values) < 0:
            raise ValueError("a page holds less than nothing")
        yield unpacked, page_values
        values += page_values
        at += length + packed


def _read_head(source: pa.NativeFile, at: int) -> tuple[dict[tuple[int, int], Any], int]:
    """Return what the head of a page says, and how long it is."""
    size = _HEAD_BYTES
    while True:
        compact = _Compact(source.read_at(size, at))
        try:
            return compact.read_struct(), compact.at
        except IndexError:
            if size >= _MOST_HEAD_BYTES:
                raise ValueError("a page has no head") from None
            size *= 8


class _Compact:
    """Reads what is written in Thrift's compact protocol as Arrow reads it."""

    def __init__(self, data: bytes) -> None:
        self.at = 0
        self._data = data

    def read_struct(self, depth: int = 0) -> dict[tuple[int, int], Any]:
        """Return the fields of a struct by their number and type.

        A field of another type than is expected is none to Arrow.

        Raises:
            IndexError: The data ends before.
            ValueError: It is malformed.
        """
        if depth > _DEEPEST:
            raise ValueError("a page's head is nested too deeply")
        fields: dict[tuple[int, int], Any] = {}
        number = 0
        while head := self._read_byte():
            kind = head & 0xF
            # Numbers have 16 bits, and start again beyond.
            number = (number + (head >> 4) if head >> 4 else _signed(self._read_number())) & 0xFFFF
            fields[number, kind] = None if kind in _BOOLEANS else self._read(kind, depth)
        return fields

    def _read(self, kind: int, depth: int) -> Any:
        if kind in _INTEGERS:
            # Of more than 32 bits the rest is left out, as there.
            return _signed(self._read_number() & 0xFFFFFFFF)
        if kind == _STRUCT:
            return self.read_struct(depth + 1)
        if kind in (_LIST, _SET):
            head = self._read_byte()
            count = head >> 4 if head >> 4 < 0xF else self._read_number()
            for _ in range(count):
                # In a list a truth takes a byte.
                self._read(_INT8 if head & 0xF in _BOOLEANS else head & 0xF, depth + 1)
        elif kind in (_INT8, _DOUBLE, _BINARY):
            self._pass({_INT8: 1, _DOUBLE: 8}.get(kind) or self._read_number())
        else:
            raise ValueError("a page's head has a field of no known type")
        return None

    def _read_byte(self) -> int:
        self.at += 1
        return self._data[self.at - 1]

    def _read_number(self) -> int:
        number = shift = 0
        while True:
            byte = self._read_byte()
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number
            if shift > 63:
                raise ValueError("a page's head has a number that is too long")

    def _pass(self, size: int) -> None:
        self.at += size
        if self.at > len(self._data):
            raise IndexError


def _signed(number: int) -> int:
    """Return the number that is written as one without sign."""
    return number >> 1 ^ -(number & 1)
