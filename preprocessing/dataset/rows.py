"""Read the rows of a dataset out of its shards, which may come from anywhere.

A shard of a few kilobytes can say that each row has megabytes. So texts and bytes are read as the
few different values that they are, and become columns once they are known to be what rows have.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from preprocessing.dataset.labels import SPLITS
from preprocessing.dataset.manifest import Manifest
from preprocessing.dataset.shards import LONGEST_NAME, SCHEMA, VOTES
from preprocessing.dataset.sources.parquet_pages import check_pages, check_unpacked, parts_of
from preprocessing.errors import DatasetError

# The longest text of a row is its name; a letter may take four bytes.
MOST_TEXT_BYTES = 4 * LONGEST_NAME
# What a file has for each row beside its pictures and numbers, and once.
_MORE_BYTES, _HEAD_BYTES = 4 * MOST_TEXT_BYTES, 1_000_000
# Columns in which a row may have nothing.
_OPTIONAL = ("label", "split", "raw", "votes")


def read_rows(dataset: Path, manifest: Manifest, columns: Sequence[str]) -> pa.Table:
    """Read columns of a dataset, in the order of the source.

    Args:
        dataset: The dataset's folder.
        manifest: Its manifest.
        columns: Some of `SCHEMA`.

    Raises:
        DatasetError: A shard is missing or damaged, or has other rows than the manifest says.
    """
    schema = pa.schema([SCHEMA.field(name) for name in columns])
    tables = [schema.empty_table()]
    for shard in manifest.shards:
        try:
            tables.append(_read(dataset / shard, manifest, schema))
        except (OSError, pa.ArrowException, ValueError) as error:
            raise DatasetError(
                f"{dataset / shard} cannot be read: {error}. Align the source again with "
                "--overwrite."
            ) from error
    table = pa.concat_tables(tables)
    if len(table) != manifest.rows:
        raise DatasetError(
            f"{dataset} should have {manifest.rows} rows, its shards have {len(table)}. "
            "Align the source again with --overwrite."
        )
    return table


def _read(path: Path, manifest: Manifest, schema: pa.Schema) -> pa.Table:
    # As `read_shard` opens it.
    with pa.OSFile(os.fsencode(path)) as source:
        check_pages(source)
        _check_types(pq.read_schema(source), schema)
        with pq.ParquetFile(source, read_dictionary=_of_values(schema)) as file:
            _check_size(file.metadata, manifest)
            # Rows that are alike take no room in it.
            check_unpacked(file.metadata.num_rows * manifest.recipe.geometry.size_px**2, source)
            table = file.read(columns=schema.names).select(schema.names)
    columns = []
    for field in schema:
        column = table[field.name]
        if column.null_count and field.name not in _OPTIONAL:
            raise ValueError(f"a row has no {field.name}")
        _check_values(field, column, manifest)
        columns.append(column.cast(field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def _of_values(schema: pa.Schema) -> list[str]:
    """Return the columns of texts and bytes."""
    return [field.name for field in schema if field.type in (pa.string(), pa.binary())]


def _check_types(found: pa.Schema, schema: pa.Schema) -> None:
    """Make sure that a shard has each column once, and of the type that `align` writes.

    Raises:
        ValueError: It has not. Of another type, the values of all rows could be very long.
    """
    for field in schema:
        places = found.get_all_field_indices(field.name)
        if len(places) != 1:
            raise ValueError(f"it has not one column {field.name}")
        if found.field(places[0]).type != field.type:
            raise ValueError(f"{field.name} has the type {found.field(places[0]).type}")


def _check_size(metadata: pq.FileMetaData, manifest: Manifest) -> None:
    """Make sure that a shard says of itself no more than its rows can have.

    Raises:
        ValueError: It does, or has more rows than the dataset.
    """
    recipe = manifest.recipe
    # Of a row, in a column.
    most_numbers = 2 * max(recipe.scheme().count, VOTES)
    most_bytes = 2 * recipe.geometry.size_px**2 + 8 * most_numbers + _MORE_BYTES
    parts = list(parts_of(metadata))
    unpacked = sum(part.total_uncompressed_size for part in parts)
    if (
        metadata.num_rows > manifest.rows
        or any(part.num_values > metadata.num_rows * most_numbers for part in parts)
        or unpacked > metadata.num_rows * most_bytes + _HEAD_BYTES
    ):
        raise ValueError("it holds far more than its rows can have")


def _check_values(field: pa.Field, column: pa.ChunkedArray, manifest: Manifest) -> None:
    """Make sure that each value is as long as such a value is, and each split one that there is.

    Raises:
        ValueError: One is not.
    """
    recipe = manifest.recipe
    exact = {"chip": recipe.geometry.size_px**2, "landmarks": 2 * recipe.scheme().count}
    exact["raw"] = exact["chip"]
    is_list = pa.types.is_list(column.type)
    if not is_list and not pa.types.is_dictionary(column.type):
        return  # numbers, and lists and bytes that the type itself gives a length
    for part in column.chunks:
        lengths = pc.list_value_length(part) if is_list else pc.binary_length(part.dictionary)
        shortest, longest = pc.min_max(lengths).as_py().values()
        expected = exact.get(field.name)
        if longest is None:
            continue
        if expected is not None and not shortest == longest == expected:
            raise ValueError(f"a value of {field.name} has not the length {expected}")
        if expected is None and longest > MOST_TEXT_BYTES:
            raise ValueError(f"a value of {field.name} is longer than {MOST_TEXT_BYTES:,} bytes")
        if field.name == "split" and not {*part.dictionary.to_pylist()} <= {*SPLITS}:
            raise ValueError(f"a split is none of {', '.join(SPLITS)}")
