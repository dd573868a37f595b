"""Pictures that lie in Parquet files, as in the data sets of Hugging Face."""

import itertools
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from preprocessing.dataset.sources.compressed import HEAD_BYTES, read_head
from preprocessing.dataset.sources.csv_lines import find_columns
from preprocessing.dataset.sources.files import PARQUET_SUFFIX
from preprocessing.dataset.sources.parquet_columns import check_names, is_bytes, texts
from preprocessing.dataset.sources.parquet_pages import check_pages
from preprocessing.dataset.sources.stores import TOO_LARGE, PackedPicture, PictureStore
from preprocessing.dataset.sources.unread import advice_for
from preprocessing.errors import DatasetError
from preprocessing.images.picture_file import MOST_BYTES
from preprocessing.runtime.terminal import readable

# Bytes of a file that are read at a time.
_BUFFER_BYTES = 1 << 20
MOST_PICTURES = 3_000_000
"""Their names take half a gigabyte. A small file can claim far more."""
_BYTES = "bytes"
# Names of a column of pictures, without spaces and signs.
_PICTURE_COLUMNS = (
    *("image", "img", "picture", "photo", "face", "jpg", "jpeg", "png", "webp", "imagebytes"),
    *("imgbytes", "imagedata", "bytes", "data", "content", "file"),
)


@dataclass(frozen=True)
class ParquetFile:
    """A Parquet file with pictures.

    Attributes:
        path: Of the file.
        column: That has the pictures.
        bytes_path: Where its bytes are: `image.bytes` if it has them beside other values.
        rows: How many.
    """

    path: Path
    column: str
    bytes_path: str
    rows: int


class ParquetStore(PictureStore):
    """Pictures in the rows of Parquet files.

    Their names are the paths of the files without suffix, and the numbers of the rows, from 0:
    `data/train-00000-of-00001:12`.

    Attributes:
        files: The Parquet files, in order.
    """

    def __init__(
        self, path: Path, files: Sequence[ParquetFile], others: Counter[str] | None = None
    ) -> None:
        """Name the pictures.

        Args:
            path: The folder, or the only file.
            files: Those in it that hold pictures.
            others: Number of other files by their suffix.

        Raises:
            DatasetError: They hold far too many.
        """
        rows = sum(file.rows for file in files)
        if rows > MOST_PICTURES:
            raise DatasetError(
                f"{path.name} holds {rows:,} pictures, more than {MOST_PICTURES:,}. Name fewer "
                "Parquet files at a time."
            )
        self.path = path
        self.tables = ()
        self.others = others or Counter()
        self.files = files
        self.names = [name for file in files for name in self.names_in(file)]
        self.sizes = [file.path.stat().st_size for file in files for _ in range(file.rows)]

    def names_in(self, file: ParquetFile) -> list[str]:
        """Return the names of the pictures in one of the files."""
        place = file.path.name if file.path == self.path else file.path.relative_to(self.path)
        stem = readable(Path(place).with_suffix("").as_posix())
        return [f"{stem}:{row}" for row in range(file.rows)]

    def head(self, _: str, *, limit: int = HEAD_BYTES) -> bytes:  # noqa: ARG002 - as of others
        """Return nothing: there are no tables beside the pictures."""
        return b""

    def contents(self, positions: Sequence[int]) -> Iterator[PackedPicture]:
        """Yield the contents of the pictures.

        Raises:
            DatasetError: A file is damaged.
        """
        start = 0
        for file in self.files:
            wanted = {each - start for each in positions if start <= each < start + file.rows}
            if wanted:
                yield from _pictures(file, wanted)
            start += file.rows


def open_parquet(path: Path, inside: Sequence[str], others: Counter[str]) -> ParquetStore | None:
    """Open those Parquet files of a folder that hold pictures; None where none does.

    Args:
        path: The folder.
        inside: Paths within it of its Parquet files.
        others: Number of all its files that are no pictures or tables by their suffix.

    Raises:
        DatasetError: A file is damaged.
    """
    found = map(find_pictures, (path / each for each in inside))
    files = [file for file in found if file is not None]
    rest = others - Counter({PARQUET_SUFFIX: len(files)})
    return ParquetStore(path, files, rest) if files else None


def find_pictures(path: Path) -> ParquetFile | None:
    """Find the column of a Parquet file that has pictures; None where there is none.

    Raises:
        DatasetError: The file is damaged.
    """
    with opened(path) as file:
        columns = {
            field.name: f"{field.name}.{_BYTES}" if pa.types.is_struct(field.type) else field.name
            for field in file.schema_arrow
            if _has_bytes(field.type)
        }
        found = find_columns(list(columns), {"picture": _PICTURE_COLUMNS}).get("picture")
        if found is None:
            return None
        column, bytes_path = list(columns.items())[found]
        return ParquetFile(path, column, bytes_path, file.metadata.num_rows)


@contextmanager
def opened(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file by Arrow itself, as `read_shard` does, and close it at the end.

    Raises:
        DatasetError: It is damaged, or names a column twice.
    """
    try:
        with pa.OSFile(os.fsencode(path)) as file:
            check_pages(file)
            with pq.ParquetFile(
                file, buffer_size=_BUFFER_BYTES, read_dictionary=texts(pq.read_schema(file))
            ) as parquet:
                check_names(parquet.schema_arrow, path.name)
                yield parquet
    except (pa.ArrowException, OSError, ValueError) as error:
        advice = advice_for((), read_head(path)) or " It is damaged: download it again."
        # What Arrow says is for programmers.
        reason = f": {error}" if type(error) is ValueError else ""
        raise DatasetError(f"{path.name} cannot be read as Parquet{reason}.{advice}") from error


def _has_bytes(kind: pa.DataType) -> bool:
    """Say whether a column holds bytes, alone or beside the name of their file."""
    if pa.types.is_struct(kind):
        return any(field.name == _BYTES and is_bytes(field.type) for field in kind)
    return is_bytes(kind)


def _pictures(file: ParquetFile, wanted: set[int]) -> Iterator[PackedPicture]:
    """Yield the contents of the pictures in some rows.

    One row is read at a time: a small file can have many rows of hundreds of megabytes each.
    """
    with opened(file.path) as parquet:
        batches = parquet.iter_batches(1, columns=[file.bytes_path], use_threads=False)
        for row, batch in enumerate(itertools.islice(batches, max(wanted) + 1)):
            if row in wanted:
                column = batch.column(file.column)
                yield _packed((column.field(0) if file.column != file.bytes_path else column)[0])


def _packed(value: pa.Scalar) -> PackedPicture:
    content = value.as_buffer() if value.is_valid else None
    if content is None or not content.size:
        return PackedPicture(b"", "There is none.")
    if content.size > MOST_BYTES:
        return TOO_LARGE
    return PackedPicture(content.to_pybytes())
