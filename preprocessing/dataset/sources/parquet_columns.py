"""Read columns of Parquet files, whose values can be far larger than the files."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from preprocessing.dataset.sources.parquet_pages import parts_of
from preprocessing.errors import DatasetError

MOST_CELLS = 20_000_000
"""Cells of all records together: a million with twenty names. A small file can claim far more."""
MOST_BYTES = 400_000_000
"""Size of all values of a Parquet file. A small one can hold far more, too."""
# Read at a time: few where each can be long, many where texts that rows share are there once, for
# each time comes with all words of a row group.
_ROWS, _SHORT_ROWS = 32, 8_192


def read_columns(file: pq.ParquetFile, columns: Sequence[str], name: str) -> dict[str, list[Any]]:
    """Read columns of a Parquet file as Python's values.

    Args:
        file: The file, open and checked by `check_pages`, with its `texts` as dictionaries: of a
            text that many rows share, a small file can hold a very long one.
        columns: Their names.
        name: Of the file, for messages.

    Raises:
        DatasetError: They hold far too much, or times that Python does not know.
        ArrowException, OSError, ValueError: The file is damaged.
    """
    check_cells(file.metadata.num_rows, len(columns), name)
    # Those within a column are named after it. A page is unpacked as a whole.
    begins = tuple(f"{column}." for column in columns)
    parts = [
        part for part in parts_of(file.metadata) if f"{part.path_in_schema}.".startswith(begins)
    ]
    # A record can have a list of any length.
    check_cells(sum(part.num_values for part in parts), 1, name)
    _check_size(sum(part.total_uncompressed_size for part in parts), name)
    kinds = [field.type for field in file.schema_arrow if field.name in columns]
    are_short = all(pa.types.is_dictionary(kind) or pa.types.is_primitive(kind) for kind in kinds)
    values: dict[str, list[Any]] = {column: [] for column in columns}
    size = 0
    # By this thread alone, for bytes are Python's: see `read_shard`.
    rows = _SHORT_ROWS if are_short else _ROWS
    for batch in file.iter_batches(rows, columns=list(columns), use_threads=False):
        size += sum(map(_size, batch.columns))
        _check_size(size, name)
        for column, part in zip(batch.schema.names, batch.columns, strict=True):
            try:
                values[column] += _values(part)
            except (KeyError, OverflowError) as error:  # no such zone, no such year
                raise DatasetError(
                    f"{name}: the column {column!r} has a time that cannot be read: {error}. "
                    "Write the column as text, or leave it out."
                ) from error
    return values


def check_cells(records: int, columns: int, name: str) -> None:
    """Make sure that records have not far too many values.

    Args:
        records: How many.
        columns: How many names they have in all.
        name: Of their file, for messages.

    Raises:
        DatasetError: They have.
    """
    if records * columns > MOST_CELLS:
        raise DatasetError(
            f"{name} is too large: {records:,} records with {columns:,} names in all. Leave out "
            "what is neither path, label nor split, or write several files."
        )


def check_names(schema: pa.Schema, name: str) -> None:
    """Make sure that no two columns of a Parquet file have one name.

    Args:
        schema: Of the file.
        name: Of the file, for messages.

    Raises:
        DatasetError: Two have.
    """
    for column, times in Counter(schema.names).items():
        if times > 1:
            raise DatasetError(
                f"{name} has {times} columns with the name {column!r}. Rename or drop all but one."
            )


def texts(schema: pa.Schema) -> list[str]:
    """Return the names of the columns of texts."""
    return [each.name for each in schema if _is_text(each.type)]


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _size(part: pa.Array) -> int:
    """Return the size of all values of a column, each as often as it comes."""
    if not pa.types.is_dictionary(part.type):
        return int(part.nbytes)
    words = part.dictionary
    if not _is_text(words.type):
        return int(part.dictionary_decode().nbytes)
    used = part.indices.value_counts()
    lengths = pc.binary_length(words.take(used.field("values"))).cast(pa.int64())
    return int(pc.sum(pc.multiply(lengths, used.field("counts"))).as_py() or 0)


def _values(part: pa.Array) -> list[Any]:
    """Return the values of a column; rows that share a text share its memory."""
    if not pa.types.is_dictionary(part.type):
        return list(part.to_pylist())
    # Each batch comes with all words of its row group: only those that it uses are taken.
    used = part.indices.unique()
    words = dict(zip(used.to_pylist(), part.dictionary.take(used).to_pylist(), strict=True))
    return [words[place] for place in part.indices.to_pylist()]


def _check_size(size: int, name: str) -> None:
    if size > MOST_BYTES:
        raise DatasetError(
            f"{name} is too large: paths, labels and splits of more than {MOST_BYTES:,} bytes. "
            "Leave out what is none of these, or write several files."
        )


def holds_bytes(kind: pa.DataType) -> bool:
    """Say whether a column of a type holds bytes, alone or among other values."""
    if pa.types.is_struct(kind):
        return any(holds_bytes(field.type) for field in kind)
    return is_bytes(kind)


def is_bytes(kind: pa.DataType) -> bool:
    """Say whether a column of a type holds bytes alone."""
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))
