"""Pictures that lie in Parquet files, as in the data sets of Hugging Face."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from preprocessing.dataset.sources.archives import HEAD_BYTES
from preprocessing.dataset.sources.csv_lines import find_columns
from preprocessing.dataset.sources.files import is_system
from preprocessing.dataset.sources.stores import PackedPicture, PictureStore
from preprocessing.dataset.sources.unread import advice_for
from preprocessing.dataset.sources.vocabulary import LABEL_COLUMNS, SPLIT_OF, fold, split_of_file
from preprocessing.errors import DatasetError

PARQUET_SUFFIX = ".parquet"
_BATCH_ROWS = 256
_BYTES = "bytes"
# Names of a column of pictures, without spaces and signs.
_PICTURE_COLUMNS = (
    *("image", "img", "picture", "photo", "face", "jpg", "jpeg", "png", "webp", "imagebytes"),
    *("imgbytes", "imagedata", "bytes", "data", "content", "file"),
)


@dataclass(frozen=True)
class _File:
    """A Parquet file with pictures.

    Attributes:
        path: Of the file.
        column: That has the pictures, `image.bytes` where it has the bytes beside other values.
        rows: How many.
    """

    path: Path
    column: str
    rows: int


class ParquetStore(PictureStore):
    """Pictures in the rows of Parquet files.

    Their names are paths with a folder for the split that the file's name tells and one for the
    label, so that they are read as class folders are: `train/happy/train-00000-of-00001:12`.
    """

    def __init__(self, path: Path, files: Sequence[_File]) -> None:
        """Read the labels of all rows.

        Raises:
            DatasetError: A file is damaged.
        """
        self.path = path
        self.tables = ()
        self.others = Counter()
        self._files = files
        names, sizes = list[str](), list[int]()
        for file in files:
            folder = _folder_of(file.path, path)
            labels = _labels(file)
            names += [f"{folder}{label}{file.path.stem}:{row}" for row, label in enumerate(labels)]
            sizes += [file.path.stat().st_size] * file.rows
        self.names, self.sizes = names, sizes

    def head(self, _: str) -> bytes:
        """Return nothing: there are no tables beside the pictures."""
        return b""

    def contents(self, positions: Sequence[int]) -> Iterator[PackedPicture]:
        """Yield the contents of the pictures."""
        wanted = iter(positions)
        position = next(wanted, None)
        start = 0
        for file in self._files:
            if position is not None and position < start + file.rows:
                for at, data in enumerate(_pictures(file), start=start):
                    if at == position:
                        yield PackedPicture(data) if data else PackedPicture(b"", "There is none.")
                        position = next(wanted, None)
            start += file.rows


def open_parquet(path: Path) -> ParquetStore | None:
    """Open a Parquet file, or all in a folder; None where none of them holds pictures.

    Raises:
        DatasetError: One is damaged.
    """
    if path.is_dir():
        found = sorted(path.rglob(f"*{PARQUET_SUFFIX}"))
        paths = [each for each in found if not is_system(each.relative_to(path))]
    else:
        paths = [path] if path.suffix.lower() == PARQUET_SUFFIX else []
    files = [file for file in map(_look_into, paths) if file is not None]
    return ParquetStore(path, files) if files else None


def _look_into(path: Path) -> _File | None:
    """Find the column that has pictures."""
    with _opened(path) as file:
        schema = file.schema_arrow
        columns = {
            field.name: f"{field.name}.{_BYTES}" if pa.types.is_struct(field.type) else field.name
            for field in schema
            if _has_bytes(field.type)
        }
        found = find_columns(list(columns), {"picture": _PICTURE_COLUMNS}).get("picture")
        if found is None:
            return None
        return _File(path, list(columns.values())[found], file.metadata.num_rows)


def _has_bytes(kind: pa.DataType) -> bool:
    """Say whether a column holds bytes, alone or beside the name of their file."""
    if pa.types.is_struct(kind):
        return any(field.name == _BYTES and _has_bytes(field.type) for field in kind)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _opened(path: Path) -> pq.ParquetFile:
    """Open a file by Arrow itself, as `read_shard` does.

    Raises:
        DatasetError: It is damaged.
    """
    try:
        return pq.ParquetFile(pa.OSFile(os.fsencode(path)))
    except (pa.ArrowException, OSError) as error:
        with path.open("rb") as file:
            advice = advice_for((), file.read(HEAD_BYTES))
        reason = advice or f" {error}"
        raise DatasetError(f"{path.name} cannot be read as Parquet.{reason}") from error


def _pictures(file: _File) -> Iterator[bytes | None]:
    """Yield the bytes of all pictures."""
    with _opened(file.path) as opened:
        batches = opened.iter_batches(_BATCH_ROWS, columns=[file.column], use_threads=False)
        for batch in batches:
            (column,) = batch.columns
            yield from (column.field(0) if pa.types.is_struct(column.type) else column).to_pylist()


def _folder_of(path: Path, source: Path) -> str:
    """Return the folders of a file within the source, with that of the split its name tells."""
    folders = list(path.relative_to(source).parts[:-1]) if path != source else []
    split = split_of_file(path.name)
    if split is not None and not any(fold(folder) in SPLIT_OF for folder in folders):
        folders.append(split)
    return "".join(f"{folder}/" for folder in folders)


def _labels(file: _File) -> list[str]:
    """Return the label of each row as the name of a folder; empty where there is no label."""
    with _opened(file.path) as opened:
        schema = opened.schema_arrow
        place = find_columns(schema.names, {"label": LABEL_COLUMNS}).get("label")
        if place is None:
            return [""] * file.rows
        column = schema.names[place]
        values = opened.read([column], use_threads=False)[column].to_pylist()
    words = _words(schema.metadata or {}, column)
    return [f"{words.get(value, value)}".replace("/", "_") + "/" for value in values]


def _words(metadata: dict[bytes, bytes], column: str) -> dict[int, str]:
    """Return what the numbers in a column mean, where the file says it as Hugging Face does."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        return dict(enumerate(features[column]["names"]))
    except (KeyError, TypeError, ValueError):
        return {}
