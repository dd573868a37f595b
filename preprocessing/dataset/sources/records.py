"""Read lists that are written as JSON, as JSON lines or as Parquet: records of named values."""

import csv
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from preprocessing.dataset.sources.csv_lines import find_columns, to_utf8
from preprocessing.dataset.sources.parquet_columns import (
    MOST_CELLS,
    check_cells,
    check_names,
    holds_bytes,
    read_columns,
    texts,
)
from preprocessing.dataset.sources.parquet_pages import check_pages
from preprocessing.dataset.sources.vocabulary import PATH_COLUMNS
from preprocessing.errors import DatasetError
from preprocessing.images.decode import PICTURE_SUFFIXES
from preprocessing.runtime.typed_json import parse_json

_PARQUET = b"PAR1"
_JSON = (b"{", b"[")
# What comes before each value; an object takes the room of four others.
_BEFORE_VALUES = {b"{": 4, b"[": 1, b",": 1, b"\n": 1}
# Values may stand on lines of their own.
_MOST_SIGNS = 2 * MOST_CELLS
_EXPECTED = (
    'Expected objects such as {"path": "a.png", "label": "happy"}, in a list or one a line, or '
    "one object of names and labels. Write it so, or as a CSV file with columns such as path, "
    "label and split."
)


def holds_records(head: bytes) -> bool:
    """Say by the first bytes of a file whether it is JSON or Parquet."""
    return head.startswith(_PARQUET) or to_utf8(head).lstrip().startswith(_JSON)


def first_keys(head: bytes) -> list[str]:
    """Return the names in the first JSON record of a file, by its first bytes; none without one."""
    text = to_utf8(head).decode("utf-8", "replace").lstrip()
    if text.startswith("["):
        return re.findall(r'"([^"]+)"\s*:', text.partition("}")[0])
    line = text.partition("\n")[0]
    return list(parse_json(line)) if _is_record(line) else []


def records_as_csv(data: bytes, name: str) -> bytes:
    """Write the records of a file as a CSV file: a header, then a line for each.

    Args:
        data: The content of a file that `holds_records`.
        name: Of the file, for messages.

    Raises:
        DatasetError: It is broken, holds something else than records, or far too many.
    """
    is_parquet = data.startswith(_PARQUET)
    records = _from_parquet(data, name) if is_parquet else _from_json(to_utf8(data), name)
    return write_records(records, name)


def write_records(records: Sequence[Mapping[str, Any]], name: str) -> bytes:
    """Write records as a CSV file: a header with all their names, then a line for each.

    Args:
        records: Whose names may differ.
        name: Of the file that they are from, for messages.

    Raises:
        DatasetError: They are far too many.
    """
    columns = dict.fromkeys(column for record in records for column in record)
    check_cells(len(records), len(columns), name)
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(map(_cell, columns))
    writer.writerows([_cell(record.get(column)) for column in columns] for record in records)
    return text.getvalue().encode("utf-8", "replace")


def _from_parquet(data: bytes, name: str) -> list[dict[str, Any]]:
    try:
        source = pa.BufferReader(data)
        check_pages(source)
        words = texts(pq.read_schema(source))
        with pq.ParquetFile(source, pre_buffer=False, read_dictionary=words) as file:
            schema = file.schema_arrow
            check_names(schema, name)
            if any(map(holds_bytes, schema.types)):
                raise DatasetError(
                    f"{name} holds the pictures themselves. Name it as the source, without --list."
                )
            check_cells(file.metadata.num_rows, file.metadata.num_columns, name)
            columns = read_columns(file, schema.names, name)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DatasetError(f"{name} cannot be read as Parquet: {error}") from error
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _from_json(data: bytes, name: str) -> list[Mapping[str, Any]]:
    # Most values take far more memory than their text.
    if sum(times * data.count(sign) for sign, times in _BEFORE_VALUES.items()) > _MOST_SIGNS:
        raise DatasetError(
            f"{name} is too large: it has far too many values. Leave out what is neither path, "
            "label nor split, or write several files."
        )
    try:
        read = _parse(data.decode("utf-8"))
    except ValueError as error:
        raise DatasetError(f"{name} cannot be read as JSON: {error}. {_EXPECTED}") from error
    if isinstance(read, dict) and read and not any(map(_is_nested, read.values())):
        if find_columns(list(read), {"path": PATH_COLUMNS}):
            return [read]
        return [{"path": path, "label": label} for path, label in read.items()]
    if isinstance(read, dict) and {"images", "annotations"} <= read.keys():
        raise DatasetError(
            f"{name} is written as COCO's annotations, which are not read. {_EXPECTED}"
        )
    records = _records_in(read, name) if isinstance(read, dict) else read
    if isinstance(records, list) and records and all(isinstance(each, dict) for each in records):
        if {"data", "annotations"} <= records[0].keys():
            raise DatasetError(
                f"{name} is Label Studio's whole export, which is not read. Export the labels as "
                "CSV or JSON-MIN."
            )
        return records
    raise DatasetError(f"{name} is JSON without records. {_EXPECTED}")


def _records_in(read: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Take apart an object of objects, such as pandas writes: one for each column, or each row.

    Of rows without a path, or all of whose names are those of pictures, the names are the paths.
    """
    values = list(read.values())
    if not all(isinstance(value, dict) for value in values):
        return []
    if find_columns(list(read), {"path": PATH_COLUMNS}):
        rows = dict.fromkeys(row for column in values for row in column)
        check_cells(len(rows), len(values), name)
        return [{name: column.get(row) for name, column in read.items()} for row in rows]
    are_pictures = all(PurePosixPath(row).suffix.lower() in PICTURE_SUFFIXES for row in read)
    if not are_pictures and any(
        find_columns(list(value), {"path": PATH_COLUMNS}) for value in values
    ):
        return values
    return [{"path": path, **value} for path, value in read.items()]


def _parse(text: str) -> Any:
    """Parse JSON, or JSON lines.

    Raises:
        ValueError: It is neither.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > 1 and _is_record(lines[0]):
        return [parse_json(line) for line in lines]
    return parse_json(text)


def _is_record(line: str) -> bool:
    try:
        return isinstance(parse_json(line), dict)
    except ValueError:
        return False


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict | list)


def _cell(value: Any) -> str:
    """Write a value as the cell of a table, on one line."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = json.dumps(value, default=str) if _is_nested(value) else str(value)
    return " ".join(text.splitlines())
