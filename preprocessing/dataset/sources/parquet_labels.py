"""What the columns of Parquet files say of the pictures in them, written as lists."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from preprocessing.dataset.sources.csv_lines import find_columns
from preprocessing.dataset.sources.list_form import open_records
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.sources.parquet_columns import check_cells, read_columns
from preprocessing.dataset.sources.parquet_store import ParquetFile, ParquetStore, opened
from preprocessing.dataset.sources.records import write_records
from preprocessing.dataset.sources.vocabulary import PATH_COLUMNS, split_of_file
from preprocessing.runtime.typed_json import parse_json

_PATH, _SPLIT = "path", "split"


def labels_as_csv(store: ParquetStore, names: Names) -> dict[Path, bytes]:
    """Write what each Parquet file says of its pictures as a CSV file.

    Its column `path` has the names of the pictures in the store. Columns that say nothing of labels
    and splits are empty. Where neither a column nor the file's name has the split, its folder may
    tell it (`partial-train/0000.parquet`).

    Args:
        store: The pictures.
        names: How labels are to be read.

    Raises:
        DatasetError: A file is damaged.
    """
    return {file.path: _of_file(file, store, names) for file in store.files}


def _of_file(file: ParquetFile, store: ParquetStore, names: Names) -> bytes:
    with opened(file.path) as parquet:
        schema = parquet.schema_arrow
        header = [_PATH, *(each for each in schema.names if not _is_of_pictures(each, file))]
        check_cells(file.rows, len(header), file.path.name)
        head = write_records([dict.fromkeys(header)], file.path.name)
        _, form = open_records(head, file.path.name, names)
        needed = {*form.columns.values(), *form.votes.values()} - {0}
        wanted = [header[place] for place in sorted(needed)]
        read = read_columns(parquet, wanted, file.path.name)
    words = _words(schema.metadata or {})
    label = header[form.columns["label"]] if "label" in form.columns else None
    columns: dict[str, Sequence[Any]] = {_PATH: store.names_in(file)}
    for name in header[1:]:
        values = read.get(name, [None] * file.rows)
        is_number = name == label or name in words
        columns[name] = [_word(each, words.get(name)) for each in values] if is_number else values
    folder = file.path.parent
    if "split" not in form.columns and folder != store.path != file.path:
        columns[_SPLIT] = [split_of_file(file.path.name) or split_of_file(folder.name)] * file.rows
    rows = zip(*columns.values(), strict=True)
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    return write_records(records, file.path.name)


def _is_of_pictures(column: str, file: ParquetFile) -> bool:
    """Say whether a column holds the pictures, or what their files were called."""
    return column == file.column or bool(find_columns([column], {_PATH: PATH_COLUMNS}))


def _words(metadata: Mapping[bytes, bytes]) -> dict[str, Sequence[str]]:
    """Return what numbers mean by the columns, where a file says it as Hugging Face does."""
    try:
        features = parse_json(metadata[b"huggingface"])["info"]["features"]
        named = {name: feature.get("names") for name, feature in features.items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}
    return {name: words for name, words in named.items() if isinstance(words, list)}


def _word(value: Any, words: Sequence[str] | None) -> Any:
    """Return the word for a label's number; a number below 0 means that there is no label."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return value
    if value < 0:
        return None
    if words is None or value not in range(len(words)):
        return value
    return words[int(value)]
